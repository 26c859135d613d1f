"""The words of a collection as people wrote them, each with about how many pins it is in.

What a query can be corrected to, and completed with. The counts are of pins written: a pin that is
written twice or deleted still counts until the words are counted anew. Never the last word on
whether some pin has a term: the store knows that. Knows nothing of terms, files or stores.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from engine.errors import StoreError

VERSION: Final = 1
# At most so many words, which take some 30 MB; the rarest go first.
CAPACITY: Final = 200_000
LONGEST: Final = 48

# Scripts written without spaces have no words that could be told apart here.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u318f\u3400-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc"
)
LETTER: Final = rf"[^\W\d_{_UNSPACED}]"
_words = re.compile(f"{LETTER}{{2,}}").findall
_compounds = re.compile(f"{LETTER}+(?:-{LETTER}+)+").findall


def words_of(text: str) -> set[str]:
    """Return the distinct words of a text in lower case; of "T-shirts" that is shirts, tshirts."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = text.casefold()
    found = set(_words(text))
    if "-" in text:
        found.update(each.replace("-", "") for each in _compounds(text))
    return found


class Vocabulary(Mapping[str, int]):
    """Words and their numbers of pins; not safe to iterate over while another thread adds.

    pins: how many pins were counted.
    """

    def __init__(self, words: Mapping[str, int] | None = None, pins: int = 0) -> None:
        self._words = Counter(words or {})
        self.pins = pins
        self._lettered: tuple[int, Mapping[str, frozenset[str]]] = (0, {})

    def __getitem__(self, word: str) -> int:
        # Not the counter's own: it has a zero for everything.
        if word not in self._words:
            raise KeyError(word)
        return self._words[word]

    def __contains__(self, word: object) -> bool:
        return word in self._words

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)

    def add(self, texts: Iterable[str]) -> None:
        """Count pins by their whole texts; a pin without any counts as well."""
        for text in texts:
            self.pins += 1
            if text:
                self._words.update(words_of(text))
        self._prune()

    def merge(self, other: "Vocabulary") -> None:
        """Count what another has counted too."""
        self._words.update(other._words)
        self.pins += other.pins
        self._prune()

    def counts(self) -> dict[str, int]:
        """Return the words and their numbers of pins as they are now, safe to go through."""
        # In one step of the interpreter, so that no other thread adds meanwhile.
        return dict(self._words)

    def letters(self, script: str) -> frozenset[str]:
        """Return the letters of a script that its words are written in; see `script_of`."""
        # Up to date to a tenth, which spares to go through all words for every query.
        size = len(self._words)
        if size > self._lettered[0] * 1.1:
            letters: set[str] = set()
            letters.update(*list(self._words))
            self._lettered = size, _by_script(letters)
        return self._lettered[1].get(script, frozenset())

    def dumps(self) -> str:
        """Return the words as a text that `loads` reads."""
        head = json.dumps({"version": VERSION, "pins": self.pins})
        rows = [f"{word} {pins}" for word, pins in self._words.items() if len(word) <= LONGEST]
        return "\n".join([head, *rows, ""])

    @classmethod
    def loads(cls, text: str) -> "Vocabulary":
        """Return what `dumps` wrote; raises StoreError if that is not what the text is."""
        head, *rows = text.split("\n")
        try:
            facts = json.loads(head)
            if facts["version"] == VERSION and not rows.pop():
                pairs = (row.split(" ") for row in rows)
                return cls({word: int(pins) for word, pins in pairs}, int(facts["pins"]))
        except (IndexError, KeyError, TypeError, ValueError):
            pass
        raise StoreError("these are not the words of a collection, or not all of them")

    def _prune(self) -> None:
        """Forget the rarest words beyond the capacity (lossy counting, Manku & Motwani 2002)."""
        least = 1
        while len(self._words) > CAPACITY:
            kept = {word: pins for word, pins in self._words.items() if pins > least}
            self._words = Counter(kept)
            least *= 2


@lru_cache(maxsize=4096)
def script_of(letter: str) -> str:
    """Return the script of a letter as Unicode names it: LATIN, CYRILLIC, GREEK."""
    return unicodedata.name(letter, "").partition(" ")[0]


def _by_script(letters: Iterable[str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for letter in letters:
        found.setdefault(script_of(letter), set()).add(letter)
    return {script: frozenset(each) for script, each in found.items()}
