"""How much one caller may ask: a bucket of tokens each, and so many requests at a time.

Knows nothing of requests: a caller is a name.
"""

import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

# Of callers that were not heard of for longest the bucket is forgotten, and full when they return.
CALLERS: Final = 10_000


@dataclass(frozen=True)
class Over:
    """A limit was met; try again after so many seconds."""

    what: str
    retry_after_s: int


class Limits:
    """Counts what callers ask; belongs to one event loop.

    rate: requests a second that a caller may go on with, 0 for any number.
    burst: how many at once after a pause.
    parallel: how many at a time, 0 for any number.
    """

    def __init__(
        self,
        rate: float,
        burst: float,
        parallel: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate, self.burst, self.parallel = rate, max(burst, 1.0), parallel
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._running: Counter[str] = Counter()

    def enter(self, caller: str) -> Over | None:
        """Count a request in, or say which limit it meets; `leave` follows where none is met."""
        if self.parallel and self._running[caller] >= self.parallel:
            return Over(f"{self.parallel} requests at a time", 1)
        if self.rate and (wait := self._drawn(caller)):
            return Over(f"{self.rate:g} requests a second", math.ceil(wait))
        self._running[caller] += 1
        return None

    def leave(self, caller: str) -> None:
        """Count a request out."""
        self._running[caller] -= 1
        if not self._running[caller]:
            del self._running[caller]

    def _drawn(self, caller: str) -> float:
        """Take a token of a caller; return after how many seconds there is one, 0 if it was."""
        now = self._clock()
        tokens, then = self._buckets.pop(caller, (self.burst, now))
        tokens = min(self.burst, tokens + (now - then) * self.rate)
        enough = tokens >= 1.0
        self._buckets[caller] = (tokens - 1.0 if enough else tokens, now)
        while len(self._buckets) > CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if enough else (1.0 - tokens) / self.rate
