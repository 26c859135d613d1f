"""Text analysis: what meets what, what survives, and that nothing breaks it."""

import re
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.stem.snowball import SnowballStemmer

from engine.errors import BadSetting
from engine.features import folding, words
from engine.features.stopwords import STOP_WORDS
from engine.features.text import Analyzer

ENGLISH = Analyzer()
TERM = re.compile(r"[a-z0-9]+")
ANY_TEXT = st.text(max_size=300)
# Half of a surrogate pair is no text, but must not break anything either.
ANY_STRING = st.text(st.characters(), max_size=300) | st.text(
    st.sampled_from("aA1.,#@'’-_& \n\u200d\ufe0f\u0301👩🚀🇫🇷猫のนжéßİ½™①ـ\ud800"), max_size=60
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dress", "Dresses"),
        ("café décor", "CAFE DECOR"),
        ("women's", "women"),
        ("women’s", "womens"),
        ("t-shirt", "T shirt"),
        ("tshirt", "t-shirts"),
        ("v neck", "V-NECK"),
        ("midcentury", "mid-century"),
        ("iphone 13", "iPhone13"),
        ("hm", "H&M"),
        ("usa", "U.S.A."),
        ("homedecor", "#HomeDecor"),
        ("home decor", "#HomeDecor"),
        ("home decor", "#home_decor"),
        ("#homedecor", "#Home_Decor"),
        ("zarahome", "@zara_home"),
        ("zara home", "@zara_home"),
        ("etsy", "https://www.etsy.com/listing"),
        ("10.5", "size 10½"),
        ("10,5", "10.50"),
        ("1299", "$1,299.00"),
        ("1.299", "1,299"),
        ("10", "10cm"),
        ("1920", "1920s style"),
        ("covid19", "covid-19"),
        ("fine", "ﬁne"),
        ("45", "４５"),
        ("34", "٣٤"),
        ("strasse", "Straße"),
        ("łódź", "Lodz"),
        ("rocknroll", "rock'n'roll"),
        ("nike", "Nike™"),
        ("猫", "黒猫のシャツ"),
        ("黒猫", "かわいい黒猫"),
        ("シャツ", "Tシャツ"),
        ("ｼｬﾂ", "シャツ"),
        ("한국", "한국어"),
        ("กางเกง", "กางเกงยีนส์"),
        ("ёлка", "Елка"),
        ("فُسْتَان", "فستان"),
        ("ΔΆΣΟΣ", "δασος"),
        ("👍", "👍🏽"),
        ("❤", "❤️"),
        ("🚀", "👩\u200d🚀"),
        ("🏃", "🏃\u200d♀️"),
        ("🏴", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"),
    ],
)
def test_meets(one: str, other: str) -> None:
    sought = set(ENGLISH.query_terms(one))
    assert sought & set(ENGLISH.terms(other))
    # What is sought in the shorter way is found whole, up to the parts that the longer one adds.
    assert set(ENGLISH.query_terms(other)) & set(ENGLISH.terms(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10.5", "105"),
        ("йод", "иод"),
        ("мир", "мар"),
        ("🇫🇷", "🇫🇮"),
        ("👩", "👨"),
        ("猫", "犬"),
        ("नमक", "नमकीन"),
        ("#dress", "#shirt"),
    ],
)
def test_stays_apart(one: str, other: str) -> None:
    assert not set(ENGLISH.terms(one)) & set(ENGLISH.terms(other))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Women's Leather Handbags, $1,299.00", ["women", "leather", "handbag", "1299"]),
        ("#HomeDecor", ["hashtaghomedecor", "homedecor", "home", "decor"]),
        ("#dresses", ["hashtagdresses", "dress"]),
        ("#DIYHome", ["hashtagdiyhome", "diyhom", "diy", "home"]),
        ("#1", ["1"]),
        ("😀", ["emojiu1f600"]),
        ("🇫🇷🇩🇪", ["emojiu1f1ebu1f1f7", "emojiu1f1e9u1f1ea"]),
        ("👩\u200d🚀", ["emojiu1f469", "emojiu1f680"]),
        ("1️⃣", ["1"]),
        ("t-shirt", ["tshirt", "t", "shirt"]),
        ("t shirt", ["tshirt", "t", "shirt"]),
        ("a shirt", ["a", "shirt"]),
        ("iphone13", ["iphone13", "iphon", "13"]),
        ("a4 3d", ["a4", "3d"]),
        ("10-12", ["10", "12"]),
        ("01.02.2024", ["01", "02", "2024"]),
        ("0.125", ["0p125"]),
        ("1,234,567.50", ["1234567p5"]),
        ("Привет", ["u43fu440u438u432u435u442"]),
        ("東京", ["u6771", "u6771u4eac", "u4eac"]),
        ("ひと", ["u3072u3068"]),
        ("", []),
        ("... ?! -- ''", []),
        ("a/b_c-d-e-f", ["a", "b", "c", "d", "e", "f"]),
    ],
)
def test_terms(text: str, terms: list[str]) -> None:
    assert ENGLISH.terms(text) == terms


def test_stop_words_are_sought_only_where_nothing_else_is() -> None:
    assert ENGLISH.query_terms("the house of the rising sun") == ("hous", "rise", "sun")
    assert ENGLISH.query_terms("The Who") == ("the", "who")
    assert set(ENGLISH.query_terms("the who")) <= set(ENGLISH.terms("The Who live poster"))
    assert ENGLISH.query_terms("don't") == ("dont",)
    assert ENGLISH.query_terms("dress without sleeves") == ("dress", "without", "sleev")


def test_query_terms_are_distinct_and_in_order() -> None:
    assert ENGLISH.query_terms("red Red dress reds blue") == ("red", "dress", "blue")


@pytest.mark.parametrize(
    ("language", "text", "terms"),
    [
        ("french", "L'été d'une robe", ["ete", "une", "rob"]),
        ("german", "Die schönen Äpfel", ["die", "schon", "apfel"]),
        ("spanish", "decoración", ["decor"]),
        ("italian", "dell'arte", ["arte"]),
        ("russian", "платья", ["u43fu43bu430u442"]),
    ],
)
def test_languages(language: str, text: str, terms: list[str]) -> None:
    assert Analyzer(language).terms(text) == [
        term if term != "arte" else folding.fold(SnowballStemmer("italian").stem("arte"))
        for term in terms
    ]


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_plain_words_are_stemmed_as_snowball_does(language: str) -> None:
    oracle = SnowballStemmer(language)
    for word in ("house", "running", "casa", "huset", "kleider", "maison", "lampa"):
        assert Analyzer(language).terms(word) == [folding.fold(oracle.stem(word))]


@pytest.mark.parametrize("language", ["klingon", "porter", "", "English"])
def test_a_language_without_a_stemmer_is_refused(language: str) -> None:
    with pytest.raises(BadSetting, match=r"use one of .*english"):
        Analyzer(language)


def test_stop_words_are_folded_words_of_known_languages() -> None:
    assert set(STOP_WORDS) <= set(words.LANGUAGES)
    assert len(STOP_WORDS) >= 7
    for language, listed in STOP_WORDS.items():
        assert listed
        assert all(re.fullmatch(r"[a-z]+", word) for word in listed), language


def test_fingerprint_names_all_that_decides() -> None:
    prints = {Analyzer(language).fingerprint for language in words.LANGUAGES}
    assert len(prints) == len(words.LANGUAGES)
    assert Analyzer().fingerprint == Analyzer("english").fingerprint
    assert re.fullmatch(r"text-\d+:snowball-english:stop-[0-9a-f]{12}", Analyzer().fingerprint)


@given(ANY_STRING, st.sampled_from(words.LANGUAGES))
def test_any_text_gives_short_ascii_terms(text: str, language: str) -> None:
    analyzer = Analyzer(language)
    terms = analyzer.terms(text)
    assert all(TERM.fullmatch(term) for term in terms)
    assert all(len(term) <= len("hashtag") + 6 * words.MAX_WORD for term in terms)
    sought = analyzer.query_terms(text)
    assert len(set(sought)) == len(sought)
    assert set(sought) <= set(terms)
    assert bool(sought) == bool(terms)


# An elongation and two voicing marks pass for letters, but write nothing by themselves.
LETTERS = st.characters(categories=["L", "Nd"], exclude_characters="ـﾞﾟ")


@given(st.text(LETTERS, min_size=1, max_size=40))
def test_no_word_of_any_script_vanishes(word: str) -> None:
    assert ENGLISH.terms(word)


@given(ANY_TEXT)
def test_one_spelling_in_every_normal_form(text: str) -> None:
    # Marks over the bound are cut, and where the cut falls depends on the form.
    if not re.search(r"[^\x00-\u02ff]{5}", text):
        decomposed = unicodedata.normalize("NFD", text)
        composed = unicodedata.normalize("NFC", text)
        assert ENGLISH.terms(decomposed) == ENGLISH.terms(composed)


@given(st.text("abcdeé1 .,'-", max_size=80))
def test_case_does_not_matter(text: str) -> None:
    assert ENGLISH.terms(text.upper()) == ENGLISH.terms(text.lower())


@given(ANY_TEXT, ANY_TEXT)
def test_lines_are_analysed_apart(first: str, second: str) -> None:
    assert ENGLISH.terms(f"{first}\n{second}") == ENGLISH.terms(first) + ENGLISH.terms(second)


@given(st.text(st.characters(min_codepoint=0x80, categories=["Lo", "Ll"]), min_size=1, max_size=8))
def test_spelling_in_ascii_can_be_undone(word: str) -> None:
    spelled = folding.to_ascii(word)
    assert "".join(chr(int(part, 16)) for part in spelled.split("u")[1:]) == word


def test_long_runs_of_marks_are_cut_before_they_are_put_in_order() -> None:
    marks = "\u0301\u0316\uff9e\u0f73" * 2_500
    assert len(folding.clean("a" + marks)) <= 2 * folding.MAX_MARKS + 1
    assert ENGLISH.terms("a" + marks)[0][0] == "a"


def test_every_character_that_decomposes_to_a_bare_mark_is_counted_as_one() -> None:
    # A character whose decomposition begins with a mark could lengthen a run unseen.
    for point in range(sys.maxunicode + 1):
        first = unicodedata.normalize("NFKD", chr(point))[:1]
        if first and unicodedata.combining(first) and point > 0x2FF:
            assert folding.clean("a" + chr(point) * 400).count(first) <= folding.MAX_MARKS


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000,
        "x-" * 5_000,
        "1." * 5_000,
        "1a" * 5_000,
        "#" * 10_000,
        "#" + "1" * 9_999,
        "#" + "Aa" * 5_000,
        "a'" * 5_000,
        "t " * 5_000,
        "https://" * 1_250,
        "猫" * 10_000,
        "\ufdfa" * 10_000,
    ],
)
def test_terms_grow_no_faster_than_the_text(text: str) -> None:
    assert sum(map(len, ENGLISH.terms(text))) <= 40 * len(unicodedata.normalize("NFKC", text))
    assert len(ENGLISH.terms(text)) <= 2 * len(unicodedata.normalize("NFKC", text))


def test_long_tokens_are_not_kept_in_memory() -> None:
    before = words._cached_terms.cache_info().currsize
    ENGLISH.terms(" ".join(f"{number:x<100}" for number in range(50)))
    assert words._cached_terms.cache_info().currsize == before


def test_nltk_is_loaded_in_part_and_left_whole_for_others() -> None:
    script = (
        "import sys, engine.features.text as t; t.Analyzer().terms('running dresses');"
        "assert not {'scipy', 'sklearn', 'numpy', 'nltk'} & set(sys.modules), 'too much';"
        "import nltk; assert nltk.PorterStemmer().stem('dresses') == 'dress'"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
