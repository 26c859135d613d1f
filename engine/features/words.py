"""Tokens of a clean text, and the terms that each token stands for.

Every pattern here runs in linear time on any input: what may repeat is possessive. Knows nothing of
queries or pins.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from engine.features.folding import ascii_digits, fold, to_ascii
from engine.features.nltk_parts import RegexpTokenizer, SnowballStemmer, Stemmer
from engine.features.stopwords import STOP_WORDS

LANGUAGES = tuple(name for name in SnowballStemmer.languages if name != "porter")

# Longer words are cut here, in characters before they are spelled in ASCII.
MAX_WORD = 48
# Longer compounds are addresses and file names: their parts count, their whole does not.
MAX_COMPOUND = 4

_LONGEST_CACHED = 64
_HASHTAG = "hashtag"
_EMOJI = "emoji"

_FLAG = r"[\U0001F1E6-\U0001F1FF]{1,2}"
_PICTURE = r"\p{Extended_Pictographic}"
_WORD = r"[\p{L}\p{N}][\p{L}\p{N}\p{M}]*+(?:'\p{L}[\p{L}\p{N}\p{M}]*+)*+"
_TOKENS = RegexpTokenizer(
    r"(?x) (?i:https?://(?:www\.)?+|\bwww\.)"  # of an address, only what it names
    rf"| {_FLAG} | {_PICTURE}"
    r"| \#[\p{N}\p{M}_]*+\p{L}[\p{L}\p{N}\p{M}_]*+"  # a hashtag
    r"| (?<![\p{L}\p{N}\p{M}])\p{Nd}++(?:[.,]\p{Nd}++)++"  # a number with a point
    # A word or a compound of words, and with it a lone consonant before it: the t of "t shirt".
    rf"| (?:(?<![\p{{L}}\p{{N}}\p{{M}}'&_.-])(?i:[b-df-hj-np-tv-xz])\x20(?=\p{{L}}))?+"
    rf"{_WORD}(?:[&_.-]{_WORD})*+"
)
_PICTURES = RegexpTokenizer(rf"{_FLAG}|{_PICTURE}")
_PARTS = RegexpTokenizer(_WORD)
_CAMEL = RegexpTokenizer(
    r"\p{Lu}?+\p{Ll}[\p{Ll}\p{M}]*+|\p{Lu}+(?!\p{Ll})|[^\p{Lu}\p{Ll}]++|\p{Lu}"
)
_DIGITS = RegexpTokenizer(r"\p{Nd}++|[^\p{Nd}]++")
# Scripts that are written without spaces, or (Korean) with endings glued to every word.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u30fc"
_SCRIPTS = RegexpTokenizer(rf"[{_UNSPACED}]++|[^{_UNSPACED}]++")
_IS_UNSPACED = RegexpTokenizer(rf"^[{_UNSPACED}]")
_HAN = RegexpTokenizer(r"\p{Han}")

# This stemmer knows no accents, so they are best gone before it looks.
_FOLD_FIRST = frozenset({"english"})
_ELISIONS = {
    "french": ("c", "d", "j", "l", "m", "n", "qu", "s", "t", "jusqu", "lorsqu", "puisqu"),
    "italian": ("c", "d", "l", "m", "s", "un", "all", "coll", "dall", "dell", "nell", "sull"),
}

_stemming = threading.Lock()


@dataclass(frozen=True, slots=True)
class Term:
    """One term, and whether it is a stop word of the language."""

    text: str
    is_stop: bool = False


def tokens_of(text: str) -> list[str]:
    """Return the tokens of a clean text: words and compounds, numbers, hashtags, emoji."""
    return _TOKENS.tokenize(text)


def word_terms(language: str, token: str) -> tuple[Term, ...]:
    """Return the terms of one token, the most exact first; empty for the start of an address."""
    if len(token) > _LONGEST_CACHED:
        return _kept_terms(language, token)
    return _cached_terms(language, token)


@lru_cache(maxsize=1 << 16)
def _cached_terms(language: str, token: str) -> tuple[Term, ...]:
    return _kept_terms(language, token)


def _kept_terms(language: str, token: str) -> tuple[Term, ...]:
    # Nothing is left of an elongation mark that stands alone.
    return tuple(term for term in _terms(language, token) if term.text)


def _terms(language: str, token: str) -> Iterator[Term]:
    if token.isascii() and token.isalpha():
        yield from _word(language, token)
    elif token.endswith("://") or token[-4:].lower() == "www.":
        return
    elif token.startswith("#"):
        yield from _hashtag(language, token[1:])
    elif _PICTURES.tokenize(token[0]):
        # A flag is two characters and one term; every other emoji is one character.
        yield Term(_EMOJI + to_ascii(token))
    elif token[0].isdecimal() and ("." in token or "," in token) and _is_number(token):
        yield from _number(token)
    else:
        yield from _compound(language, token)


def _hashtag(language: str, name: str) -> Iterator[Term]:
    whole = name.replace("_", "")[:MAX_WORD]
    yield Term(_HASHTAG + to_ascii(fold(whole.casefold())))
    yield from _word(language, whole)
    pieces = [piece for part in name.split("_") for piece in _CAMEL.tokenize(part)]
    if len(pieces) > 1:
        for piece in pieces:
            yield from _word(language, piece)


def _is_number(token: str) -> bool:
    return token.replace(".", "").replace(",", "").isdecimal()


def _number(token: str) -> Iterator[Term]:
    """Read "1,299.00" as 1299, "10.50" and "10,5" as 10p5, a date as its three numbers.

    A separator before exactly three digits groups thousands, whichever it is: prices write both.
    """
    *groups, last = ascii_digits(token).replace(",", ".").split(".")
    grouped = 0 < len(groups[0]) <= 3 and groups[0][0] != "0"
    grouped = grouped and all(len(group) == 3 for group in groups[1:])
    if grouped and len(last) == 3:
        yield Term("".join([*groups, last])[:MAX_WORD])
    elif len(groups) == 1 or (grouped and _new_separator(token, last)):
        whole = "".join(groups)[:MAX_WORD]
        fraction = last.rstrip("0")[:MAX_WORD]
        yield Term(f"{whole}p{fraction}" if fraction else whole)
    else:
        yield from (Term(group[:MAX_WORD]) for group in [*groups, last])


def _new_separator(token: str, last: str) -> bool:
    """Whether the separator before the last group is not the one between the others."""
    end = len(token) - len(last) - 1
    return token[end] not in token[:end]


def _compound(language: str, token: str) -> Iterator[Term]:
    parts = _PARTS.tokenize(token)
    if len(parts) == 1:
        yield from _word(language, parts[0])
        return
    # "t-shirt" is tshirt, t and shirt; "u.s.a" is usa; "amazon.com" and "10-12" are their parts.
    dotted = "." in token and any(len(part) > 1 for part in parts)
    if len(parts) <= MAX_COMPOUND and not dotted:
        whole = "".join(parts)
        if not whole.isdecimal() and not _IS_UNSPACED.tokenize(whole):
            yield _term(language, _plain(language, whole))
    for part in parts:
        yield from _word(language, part)


def _word(language: str, word: str) -> Iterator[Term]:
    word = _plain(language, word)
    if word.isascii() and word.isalpha():
        yield _term(language, word)
        return
    for run in _SCRIPTS.tokenize(word):
        if _IS_UNSPACED.tokenize(run):
            yield from _grams(run)
        else:
            yield _term(language, run)
            yield from (_term(language, piece) for piece in _pieces(run))


def _plain(language: str, word: str) -> str:
    """Return the word in lower case, without possessive 's, elided article or apostrophe."""
    word = word.casefold()
    if "'" in word:
        head, _, rest = word.partition("'")
        word = rest if head in _ELISIONS.get(language, ()) else word
        word = word.removesuffix("'s").replace("'", "")
    return fold(word) if language in _FOLD_FIRST else word


def _pieces(word: str) -> list[str]:
    """Return the letters and the digits of "iphone13" apart; nothing for "a4" or "3d"."""
    pieces = _DIGITS.tokenize(word)
    if not 1 < len(pieces) <= MAX_COMPOUND:
        return []
    spelled = any(len(piece) > 1 and not piece[0].isdecimal() for piece in pieces)
    return [p for p in pieces if len(p) > 1 or (spelled and p[0].isdecimal())]


def _grams(run: str) -> Iterator[Term]:
    """Every pair of neighbours, and every Chinese character: each of those is half a word."""
    han = frozenset(_HAN.tokenize(run))
    for place, character in enumerate(run):
        if len(run) == 1 or character in han:
            yield Term(to_ascii(character))
        if place + 1 < len(run):
            yield Term(to_ascii(run[place : place + 2]))


def _term(language: str, word: str) -> Term:
    word = word[:MAX_WORD]
    plain = fold(word)
    if any(character.isdecimal() for character in word):
        return Term(to_ascii(plain))
    return Term(
        to_ascii(fold(_stem(language, word)) or plain),
        plain in STOP_WORDS.get(language, ()),
    )


def _stem(language: str, word: str) -> str:
    # Some stemmers keep the word that they work on in themselves, so one thread at a time.
    with _stemming:
        return _stemmer(language).stem(word)


@lru_cache(maxsize=len(LANGUAGES))
def _stemmer(language: str) -> Stemmer:
    return SnowballStemmer(language)
