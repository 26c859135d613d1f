"""How many pins have a term: counted by the engine, remembered while it can't have changed much.

Counting a common term of a million pins takes ten times as long as the rest of a query that asks
for it. A count is kept until so many pins were written since that it may be off by a hundredth, so
what is rare, and everything in a small collection, is counted afresh after any write.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from engine.store.legs import Legs

CAPACITY = 50_000
TOLERANCE = 100


@dataclass(frozen=True)
class Count:
    """A count, how many points had been written when it was made, and the time."""

    value: int
    writes: int
    made: float


@dataclass
class Frequencies:
    """Counts of one collection, for one process.

    max_age_s: how long a count may be believed when other processes write too.
    """

    max_age_s: float = math.inf
    _writes: int = 0
    _total: Count | None = None
    _terms: dict[str, Count] = field(default_factory=dict)

    def wrote(self, points: int) -> None:
        """Say that so many points were written or deleted."""
        self._writes += points

    def idf(self, legs: Legs, terms: tuple[str, ...]) -> dict[str, float]:
        """Return Lucene's ln(1 + (N - df + 0.5) / (df + 0.5)) for each term."""
        total = self._points(legs) if terms else 0
        counts = self.counts(legs, terms)
        # The two may be a few writes apart, and no term is in more pins than there are.
        return {
            term: math.log(1 + (max(total, count) - count + 0.5) / (count + 0.5))
            for term, count in counts.items()
        }

    def counts(self, legs: Legs, terms: Iterable[str]) -> dict[str, int]:
        """Return how many pins have each term; 0 is never remembered past a write."""
        out: dict[str, int] = {}
        for term in terms:
            if len(self._terms) >= CAPACITY:
                self._terms.clear()
            count = self._fresh(
                self._terms.get(term), partial(legs.frequency, term, self._points(legs))
            )
            self._terms[term] = count
            out[term] = count.value
        return out

    def _points(self, legs: Legs) -> int:
        self._total = self._fresh(self._total, legs.count)
        return self._total.value

    def _fresh(self, known: Count | None, count: Callable[[], int]) -> Count:
        if (
            known is not None
            and (self._writes - known.writes) * TOLERANCE <= known.value
            and time.monotonic() - known.made <= self.max_age_s
        ):
            return known
        return Count(count(), self._writes, time.monotonic())
