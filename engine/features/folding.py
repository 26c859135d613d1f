"""Unicode made plain: one spelling for what looks alike, and ASCII for every word.

Knows nothing of tokens, languages or stop words.
"""

import re
import unicodedata

# More marks than this on one letter are not writing; without a bound, putting long runs of marks
# into canonical order takes quadratic time.
MAX_MARKS = 8

_APOSTROPHES = "\u2018\u2019\u201b\u02bc\u02b9\u2032\uff07\u00b4"
_INVISIBLE = (
    *range(0x200C, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10),
    *range(0xE0000, 0xE01F0),
    *(0xAD, 0x34F, 0x61C, 0x180B, 0x180C, 0x180D, 0x180E, 0x180F, 0xFEFF, 0x20E3),
)
_CLEAN: dict[int, str | None] = {
    **dict.fromkeys(_INVISIBLE, None),
    **dict.fromkeys(map(ord, _APOSTROPHES), "'"),
    # Trade marks would otherwise be spelled out and glued to the name before them.
    **dict.fromkeys(map(ord, "\u00a9\u00ae\u2117\u2120\u2122"), " "),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212"), "-"),
    0x200B: " ",
}
_FRACTION = re.compile("(?<=[0-9])[\u00bc-\u00be]")
_DECIMALS = {"\u00bc": ".25", "\u00bd": ".5", "\u00be": ".75"}
# Letters that no decomposition leads to ASCII.
_PLAIN_LETTERS = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "\u0131": "i",
        "ĸ": "k",
        "ł": "l",
        "ŋ": "n",
        "þ": "th",
        "ŧ": "t",
        "\u0451": "\u0435",  # Cyrillic: yo, commonly written ye
    }
)


def clean(text: str) -> str:
    """Return `text` in NFKC, apostrophes and hyphens of one kind, invisible characters gone.

    Variation selectors and joiners go too, as does the sex sign of a joined emoji. Linear in the
    length of `text`. Case is kept.
    """
    if text.isascii():
        return text
    text = _FRACTION.sub(lambda found: _DECIMALS[found[0]], text)
    text = text.replace("\u200d\u2640", "").replace("\u200d\u2642", "")
    return unicodedata.normalize("NFKC", _bounded_marks(text.translate(_CLEAN)))


def _bounded_marks(text: str) -> str:
    kept = []
    run = 0
    for character in text:
        # The two half-width Japanese voicing marks count as letters but decompose to marks.
        if character > "\u02ff" and (
            unicodedata.category(character)[0] == "M" or character in "\uff9e\uff9f"
        ):
            run += 1
            if run > MAX_MARKS:
                continue
        else:
            run = 0
        kept.append(character)
    return "".join(kept)


def fold(word: str) -> str:
    """Return a lower-case word without the accents that people leave out, not yet in ASCII.

    Accents of Latin and Greek, vowel points of Arabic and Hebrew, the elongation mark of Arabic
    go; marks that make another letter in their script (Cyrillic, Indic, Japanese) stay.
    """
    if word.isascii():
        return word
    kept: list[str] = []
    base = ""
    for character in unicodedata.normalize("NFD", word):
        if "\u0300" <= character <= "\u036f":
            if not "\u0400" <= base <= "\u052f":
                continue
        elif _is_pointing(character):
            continue
        else:
            base = character
        kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept)).translate(_PLAIN_LETTERS)


def _is_pointing(character: str) -> bool:
    """Whether it is a vowel point of Hebrew or Arabic, or Arabic's elongation."""
    return (
        "\u0591" <= character <= "\u05c7"
        or "\u064b" <= character <= "\u065f"
        or character in "\u0640\u0670"
    )


def ascii_digits(number: str) -> str:
    """Return a number with its digits, of whatever script, in ASCII."""
    return "".join(str(int(c)) if c.isdecimal() else c for c in number)


def to_ascii(word: str) -> str:
    """Return a folded word in `a-z0-9` only; a character beyond ASCII is written `u` + its hex.

    Distinct words of one script stay distinct. Digits of any script become ASCII digits.
    """
    if word.isascii() and word.isalnum():
        return word
    return "".join(_spelled(character) for character in word)


def _spelled(character: str) -> str:
    if character.isascii():
        return character if character.isalnum() else ""
    digit = unicodedata.decimal(character, None)
    return f"u{ord(character):x}" if digit is None else str(digit)
