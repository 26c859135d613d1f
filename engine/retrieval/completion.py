"""The words and board titles of a collection, ready to be found by how they begin.

Knows nothing of stores and analysis: whoever makes it says what there is.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.features.folding import clean, fold

# After every letter that a folded word can have.
_LAST = "\U0010ffff"


def folded(text: str) -> str:
    """Return a text as it is compared: without case, accents and odd spacing."""
    return " ".join(fold(word) for word in clean(text).casefold().split())


@dataclass(frozen=True)
class Beginnings:
    """Texts by how they begin, each with a number that says how common it is."""

    keys: Sequence[str]
    texts: Sequence[str]
    pins: npt.NDArray[np.int64]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, int]]) -> "Beginnings":
        """Take rows of (folded beginning, text, pins)."""
        ordered = sorted(rows)
        return cls(
            [key for key, _, _ in ordered],
            [text for _, text, _ in ordered],
            np.fromiter((pins for *_, pins in ordered), np.int64, len(ordered)),
        )

    def commonest(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """Return up to `limit` texts that begin so, commonest first; rarely more than once each."""
        start, stop = bisect_left(self.keys, prefix), bisect_right(self.keys, prefix + _LAST)
        pins = self.pins[start:stop]
        if len(pins) > limit:
            places = np.argpartition(-pins, limit - 1)[:limit]
        else:
            places = np.arange(len(pins))
        ordered = sorted(places.tolist(), key=lambda at: (-int(pins[at]), self.texts[start + at]))
        return [(self.texts[start + at], int(pins[at])) for at in ordered]


@dataclass(frozen=True)
class Completions:
    """What may be suggested: words by their beginning, titles by the beginning of each word."""

    words: Beginnings
    titles: Beginnings
    boards: Mapping[str, int]

    @classmethod
    def of(cls, words: Mapping[str, int], boards: Mapping[str, int]) -> "Completions":
        """Take words and board titles with their numbers of pins."""
        return cls(
            Beginnings.of((folded(word), word, pins) for word, pins in words.items()),
            Beginnings.of(
                (word, title, pins)
                for title, pins in boards.items()
                for word in set(folded(title).split())
            ),
            boards,
        )

    def titles_with(self, head: Sequence[str], last: str, limit: int) -> list[tuple[str, int]]:
        """Return the commonest titles with all folded words of `head` and one that begins so."""
        # The longest word is in the fewest titles.
        wanted = {*head}
        rare = max([*wanted, last], key=len)
        found = dict(self.titles.commonest(rare, limit if not wanted else len(self.boards)))
        return [
            (title, pins)
            for title, pins in found.items()
            if _fits(folded(title).split(), wanted, last)
        ][:limit]


def _fits(words: Sequence[str], head: set[str], last: str) -> bool:
    return head <= {*words} and any(word.startswith(last) for word in words)
