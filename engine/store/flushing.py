"""Flushing a shard beside the requests: when its log gets long, else while nobody uses it.

A write lasts once the log is synced; a flush only spares the next opening to go through the log. It
stops all else in the process for a moment, so it waits for a quiet one as long as it can.
Knows nothing of pins, nor of when writes are acknowledged.
"""

import logging
import threading
import time
from typing import Final

from engine.errors import EngineError
from engine.store.live_shard import LiveShard

# Points in the log before the flush waits no longer: to open them again takes a second.
LONGEST_LOG: Final = 10_000
IDLE_S: Final = 2.0
RETRY_S: Final = 60.0
log = logging.getLogger("engine.store")


class Flushing:
    """A thread that flushes one live shard; it starts when it is first asked for."""

    def __init__(self, live: LiveShard) -> None:
        self._live = live
        self._starting = threading.Lock()
        self._asked = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Have what was written flushed at a good moment; returns at once."""
        with self._starting:
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._run, name="flush", daemon=True)
                self._thread.start()
        self._asked.set()

    def stop(self) -> None:
        """Flush no more; a flush that runs is waited for."""
        with self._starting:
            self._stopping.set()
        self._asked.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._asked.wait() and not self._stopping.is_set():
            self._asked.clear()
            while self._live.unflushed and not self._stopping.wait(self._pause()):
                if self._pause() <= 0:
                    self._flush()

    def _pause(self) -> float:
        """Return for how many seconds the shard should be left alone yet."""
        if self._live.unflushed > LONGEST_LOG:
            return 0.0
        return max(0.0, self._live.used + IDLE_S - time.monotonic())

    def _flush(self) -> None:
        try:
            self._live.flush()
        except EngineError as error:
            log.warning(
                "the shard is not flushed, and the next opening takes longer for it; the next "
                "attempt waits %.0f s: %s",
                RETRY_S,
                error,
            )
            self._stopping.wait(RETRY_S)
