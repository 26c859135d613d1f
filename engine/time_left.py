"""Until when a request may take: set by whoever took it, asked by whoever waits on its behalf."""

import math
import time
from contextvars import ContextVar

_END: ContextVar[float] = ContextVar("deadline", default=math.inf)


def ends_in(seconds: float) -> None:
    """Let what goes on in this context take so long from now; infinity for any time."""
    _END.set(time.monotonic() + seconds)


def time_left() -> float:
    """Return how many seconds are left, infinity for any; not above 0 once time is over."""
    return _END.get() - time.monotonic()
