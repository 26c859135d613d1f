"""Words that tell nothing about a picture, by language, folded: lower case, without accents.

Words that turn a meaning round ("not", "without", "under") are not among them, nor words that
name a thing once their accent is gone (French "été" is summer). Languages without a list here
have none: rare words then still outweigh common ones by BM25's idf. Knows nothing of stemming.
"""

from collections.abc import Mapping
from types import MappingProxyType


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


STOP_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "english": _words(
            "a an the this that these those some any each every either such",
            "i me my mine myself we us our ours ourselves you your yours yourself yourselves",
            "he him his himself she her hers herself it its itself they them their theirs",
            "themselves who whom whose which what when where why how",
            "am is are was were be been being do does did doing have has had having",
            "can could will would shall should may might must",
            "im ive id ill youre youve youd youll hes shes weve theyre theyve thats theres whats",
            "dont doesnt didnt isnt arent wasnt werent cant couldnt wont wouldnt shouldnt",
            "and or but if then than so as because while until",
            "of at by for with about into onto to from in on up out",
            "there here just too very also only own same again once both all",
        ),
        "german": _words(
            "der die das den dem des ein eine einen einem einer eines kein",
            "dieser diese dieses diesen diesem jener jene jenes jeder jede jedes",
            "ich mich mir mein meine meinen meinem meiner du dich dir dein deine deinen deinem",
            "er ihn ihm sein seine seinen seinem seiner sie ihr ihre ihren ihrem ihrer es",
            "wir uns unser unsere unseren ihnen euch euer eure man sich",
            "wer wen wem was wann wo warum wie welche welcher welches",
            "bin bist ist sind seid war warst waren gewesen sei",
            "habe hast hat haben hatte hatten werde wirst wird werden wurde wurden worden",
            "kann kannst konnen konnte muss mussen soll sollen will wollen darf mag",
            "und oder aber denn weil wenn dann als ob dass daher sondern",
            "von vom zu zum zur mit bei beim in im an am auf aus fur um nach uber durch",
            "da hier dort so sehr auch nur noch schon doch mal ja",
        ),
        "french": _words(
            "le la les l un une des du de d au aux ce cet cette ces",
            "je j me m moi mon ma mes tu te t toi ton ta tes il elle on se s soi son sa ses",
            "nous notre nos vous votre vos ils elles eux leur leurs lui y en",
            "qui que qu quoi dont ou quand comment pourquoi quel quelle quels quelles",
            "suis es est sommes etes sont etais etait etaient etant sera seront serait",
            "ai as a avons avez ont avais avait avaient ayant aura auront aurait",
            "fait faire peut peuvent doit",
            "et mais donc or car si comme lorsque puisque",
            "avec pour par dans chez vers entre",
            "c ca cela ceci la ici tres tout toute tous toutes aussi meme ne n",
        ),
        "spanish": _words(
            "el la los las lo un una unos unas al del de",
            "este esta estos estas ese esa esos esas aquel aquella aquellos aquellas esto eso",
            "yo me mi mis mio mia tu te ti tus tuyo tuya ella ellos ellas le les se su sus suyo",
            "nosotros nos nuestro nuestra nuestros nuestras vosotros os vuestro vuestra usted",
            "ustedes que quien quienes cual cuales cuando donde como cuyo",
            "soy eres es somos son era eran fue fueron ser sido siendo estoy estan estar estaba",
            "he has ha hemos han habia haber hay tengo tiene tienen",
            "puede pueden debe",
            "y e o u pero si porque pues aunque",
            "a en con por para desde hasta hacia",
            "aqui alli ahi asi muy tambien ya mas cada todo toda todos todas mismo misma",
        ),
        "italian": _words(
            "il lo la i gli le l un uno una dei degli delle",
            "di del dello della dell al allo alla ai agli alle all dal dallo dalla dai dagli",
            "dalle nel nello nella nei negli nelle sul sullo sulla sui sugli sulle col coi",
            "questo questa questi queste quello quella quelli quelle quel quei",
            "io me mi mio mia miei mie tu te ti tuo tua tuoi tue lui lei si suo sua suoi sue",
            "noi ci nostro nostra nostri nostre voi vi vostro vostra vostri vostre loro ne",
            "chi che cui quale quali quando dove come perche",
            "sono sei e siamo siete era erano essere stato stata stati state sia",
            "ho hai ha abbiamo avete hanno aveva avevano avere",
            "puo possono deve",
            "ed o od ma se anche quindi pero",
            "a ad da in con su per tra fra",
            "qui qua li cosi molto piu gia ogni tutto tutta tutti tutte stesso stessa",
        ),
        "portuguese": _words(
            "o a os as um uma uns umas ao aos do da dos das no na nos nas num numa",
            "pelo pela pelos pelas de dum duma",
            "este esta estes estas esse essa esses essas aquele aquela aqueles aquelas isto isso",
            "eu me mim meu minha meus minhas tu te ti teu tua teus tuas ele ela eles elas lhe",
            "lhes se si seu sua seus suas nosso nossa nossos nossas voce voces vos dele dela",
            "que quem qual quais quando onde como cujo porque",
            "sou es e somos sao era eram foi foram ser sido sendo estou esta estao estar estava",
            "tenho tem temos tinha tinham ter ha havia",
            "pode podem deve",
            "ou mas se pois embora",
            "em com por para desde ate",
            "aqui ali la assim muito tambem ja mais cada todo toda todos todas mesmo mesma",
        ),
        "dutch": _words(
            "de het een der den des",
            "dit dat deze die zulke elk elke ieder iedere",
            "ik me mij mijn jij je jou jouw u uw hij hem zijn zij ze haar het wij we ons onze",
            "jullie hun hen zich men",
            "wie wat wanneer waar waarom hoe welk welke",
            "ben bent is was waren geweest wordt worden werd werden",
            "heb hebt heeft hebben had hadden",
            "kan kunnen kon moet moeten mag mogen zal zullen zou zouden wil willen",
            "en of maar want als dan dus omdat toen",
            "van te tot met bij in aan op uit voor om naar over door",
            "er hier daar zo zeer ook nog al wel toch heel",
        ),
    }
)
