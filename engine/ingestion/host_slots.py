"""How many fetches one host bears at a time. Knows nothing of what is fetched."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class HostSlots:
    """At most `limit` holders a host; hosts that nobody holds take no memory."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: Counter[str] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def slot(self, host: str, wait: float | None = None) -> Iterator[None]:
        """Hold a place at a host; raise TimeoutError when none came free in `wait` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._held[host] < self._limit, wait):
                raise TimeoutError(f"all {self._limit} places at {host} stayed taken")
            self._held[host] += 1
        try:
            yield
        finally:
            with self._changed:
                self._held[host] -= 1
                if not self._held[host]:
                    del self._held[host]
                self._changed.notify_all()
