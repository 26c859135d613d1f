"""How many pins have a term: counted by the engine, remembered while it can't have changed much.

Counting a common term costs more than a whole leg, and every query asks for it; so a count is kept
until the collection has changed by a thousandth. Below a thousand pins that is after any write.
"""

import math
import time
from dataclasses import dataclass, field

from engine.store.legs import Legs

CAPACITY = 20_000
TOLERANCE = 1_000


@dataclass
class Frequencies:
    """Counts of one collection, for one process.

    max_age_s: how long a count may be believed when other processes write too.
    """

    max_age_s: float = math.inf
    _points: int = -1
    _writes: int = 0
    _since: float = 0.0
    _counts: dict[str, int] = field(default_factory=dict)

    def wrote(self, points: int) -> None:
        """Say that so many points were written or deleted."""
        self._writes += points

    def idf(self, legs: Legs, terms: tuple[str, ...]) -> dict[str, float]:
        """Return Lucene's ln(1 + (N - df + 0.5) / (df + 0.5)) for each term."""
        if not terms:
            return {}
        expired = time.monotonic() - self._since > self.max_age_s
        if self._points < 0 or expired or self._writes * TOLERANCE > self._points:
            self._points, self._writes, self._since = legs.count(), 0, time.monotonic()
            self._counts.clear()
        out: dict[str, float] = {}
        for term in terms:
            count = self._counts.get(term)
            if count is None:
                if len(self._counts) >= CAPACITY:
                    self._counts.clear()
                count = self._counts[term] = legs.frequency(term)
            # A count made after some writes may pass a total made before them.
            total = max(self._points, count)
            out[term] = math.log(1 + (total - count + 0.5) / (count + 0.5))
        return out
