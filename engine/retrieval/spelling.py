"""What a word that no pin says was meant to be, among the words that pins do say.

Four readings: another number of the same noun ("knives"), two words for one ("hand bag"), one for
two, and a letter too many, too few, wrong, or swapped with its neighbour (Damerau 1964). Whether a
word is known is for the caller to say; a known one is never read otherwise. Knows nothing of
queries, terms or stores.
"""

import math
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from engine.store.vocabulary import LETTER, Vocabulary, script_of

SHORTEST: Final = 4
# Below that, what a word can be split into is found by chance in every longer word.
SHORTEST_HALF: Final = 3
LONGEST: Final = 48
# How many readings of one word are checked with the store, and of how many words of a text.
CHECKED: Final = 4
WORDS: Final = 32
# In natural logarithms of numbers of pins.
SPLIT: Final = 2.0
FIRST_LETTER: Final = 3.0
SWAP: Final = 2.0

# Whole words: not pieces of numbers, addresses, hashtags or compounds, which analysis takes apart.
_WORD = re.compile(rf"(?<![\w#@./'’-]){LETTER}{{2,}}(?![\w@]|[./'’-]\w)")
_GAP = re.compile(r"\s+")
_IRREGULAR: Final = {
    "children": "child",
    "feet": "foot",
    "geese": "goose",
    "men": "man",
    "mice": "mouse",
    "people": "person",
    "teeth": "tooth",
    "women": "woman",
}
_NUMBERS: Final = {**_IRREGULAR, **{one: many for many, one in _IRREGULAR.items()}}
_ENDINGS: Final = (("ves", "f"), ("ves", "fe"), ("ies", "y"), ("es", ""), ("s", ""), ("men", "man"))

Says = Callable[[str], bool]


@dataclass(frozen=True)
class Reading:
    """A text read as the collection would put it; `spoken` is the same for the encoder.

    readings: what was read as what, as it stood in the text; empty where nothing changed.
    """

    text: str
    spoken: str
    readings: Mapping[str, str]


@dataclass(frozen=True)
class Speller:
    """Reads words that no pin says as words that pins do say.

    known: whether some pin has a term of a word; `vocabulary` only proposes, and may be stale.
    familiar: whether a word means something to the encoder: then it is a word, however rare, and
        the pictures answer it.
    english: whether nouns form their plurals as in English.
    """

    vocabulary: Vocabulary
    known: Says
    familiar: Says
    english: bool = True

    def read(self, text: str) -> Reading:
        """Return the reading of a text; words that have none stay as they are."""
        written, spoken, readings = [], [], {}
        end = 0
        found = (each for each in _WORD.finditer(text) if len(each[0]) <= LONGEST)
        places = deque(islice(found, WORDS))
        while places:
            place = places.popleft()
            asked, read = place, None
            if places and _GAP.fullmatch(text, place.end(), places[0].start()):
                read = self._joined(place[0].casefold(), places[0][0].casefold())
            if read:
                stop = places.popleft().end()
            else:
                stop = place.end()
                read = self._other(asked[0].casefold())
            if read:
                was = text[place.start() : stop]
                # Two words for one are a guess that costs the pictures nothing if both are heard.
                heard = f"{was} {read}" if " " in read else read
                written += [text[end : place.start()], read]
                spoken += [text[end : place.start()], heard]
                readings[" ".join(was.split())] = read
                end = stop
        rest = text[end:]
        return Reading("".join([*written, rest]), "".join([*spoken, rest]), readings)

    def _joined(self, one: str, other: str) -> str | None:
        whole = one + other
        if whole not in self.vocabulary or (self.known(one) and self.known(other)):
            return None
        return whole if self.known(whole) else None

    def _other(self, word: str) -> str | None:
        """Return the likeliest reading of one word, in lower case; None for a known word."""
        if self.known(word):
            return None
        for other in numbers(word) if self.english else ():
            if other in self.vocabulary and self.known(other):
                return other
        if len(word) < SHORTEST or self.familiar(word):
            return None
        found = {near: self._score(word, near) for near in self._near(word)}
        for left, right in _halves(word):
            if left in self.vocabulary and right in self.vocabulary:
                rarer = min(self.vocabulary[left], self.vocabulary[right])
                found[f"{left} {right}"] = math.log(rarer) - SPLIT
        best = sorted(found, key=lambda each: (-found[each], each))[:CHECKED]
        sure = (each for each in best if all(self.known(part) for part in each.split()))
        return next(sure, None)

    def _near(self, word: str) -> list[str]:
        letters = self.vocabulary.letters(script_of(word[0])) | set(word)
        near = {each for each in edits(word, letters) if each in self.vocabulary}
        return [each for each in near if len(each) >= SHORTEST and each != word]

    def _score(self, word: str, near: str) -> float:
        """Return about the logarithm of how likely a word was meant (Kernighan et al. 1990)."""
        score = math.log(self.vocabulary[near])
        if word[0] != near[0]:
            score -= FIRST_LETTER
        if sorted(word) == sorted(near):
            score += SWAP
        return score


def numbers(word: str) -> list[str]:
    """Return the other number of an English noun where stemming does not lead from one to other."""
    found = [_NUMBERS[word]] if word in _NUMBERS else []
    if len(word) >= SHORTEST:
        for many, one in _ENDINGS:
            if word.endswith(many):
                found.append(word.removesuffix(many) + one)
            elif one and word.endswith(one):
                found.append(word.removesuffix(one) + many)
        found += [f"{word}s", f"{word}es"]
    return [each for each in dict.fromkeys(found) if each != word]


def edits(word: str, letters: frozenset[str]) -> Iterator[str]:
    """Yield what one insertion, deletion, substitution or swap of neighbours makes of a word."""
    for place in range(len(word) + 1):
        head, tail = word[:place], word[place:]
        for letter in letters:
            yield f"{head}{letter}{tail}"
        if tail:
            yield head + tail[1:]
            for letter in letters:
                yield f"{head}{letter}{tail[1:]}"
        if len(tail) > 1:
            yield f"{head}{tail[1]}{tail[0]}{tail[2:]}"


def _halves(word: str) -> Iterator[tuple[str, str]]:
    for place in range(SHORTEST_HALF, len(word) - SHORTEST_HALF + 1):
        yield word[:place], word[place:]
