"""Now and then a search is made again, exactly, to see what the quick one leaves out."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from engine.errors import EngineError
from engine.queries import Query

log = logging.getLogger("engine.serving")


class Prober:
    """Measures a share of the searches, one at a time, after they were answered.

    share: 0 for none, 1 for all that come while none is measured.
    measure: returns the recall of a query; told: is told of it.
    """

    def __init__(
        self, share: float, measure: Callable[[Query], float], told: Callable[[float], None]
    ) -> None:
        self._share = share
        self._measure = measure
        self._told = told
        self._due = 0.0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, "probe") if share else None
        self._idle = True

    def answered(self, query: Query) -> None:
        """Take note of a search; every so-and-so-many-th one is measured."""
        if self._pool is None:
            return
        with self._lock:
            self._due = min(self._due + self._share, 1.0)
            if self._due < 1.0 or not self._idle:
                return
            self._due, self._idle = 0.0, False
        self._pool.submit(self._probe, query)

    def _probe(self, query: Query) -> None:
        try:
            self._told(self._measure(query))
        except EngineError as error:
            log.warning("a search could not be measured: %s", error)
        finally:
            with self._lock:
                self._idle = True

    def close(self) -> None:
        """Wait for what is being measured."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
