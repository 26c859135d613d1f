"""The words of a collection from opening to closing: read when needed, counted on, written at last.

They are a convenience that nothing waits for: a large collection without them is gone through in
the background, and an error only leaves queries as they were asked. Knows nothing of any engine.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from engine.errors import EngineError
from engine.pins import Pin
from engine.store.disk import write_whole
from engine.store.vocabulary import Vocabulary

NAME: Final = "words.txt"
# So many pins are gone through while a query waits: half a second.
AT_ONCE: Final = 20_000
# How far the count of a large collection may be off: pins of a process that was killed are missing,
# and those written twice or deleted are too many.
LEAST, MOST = 0.9, 1.5
PAUSE_S: Final = 0.01
log = logging.getLogger("engine.store")


class KeptWords:
    """The words of one open collection; threads may share it.

    path: where they are kept; None keeps none.
    pages: goes through the whole texts of all pins, see `text_of`.
    points: how many pins there are.
    sample: how many pins are gone through at most.
    at_once: how many pins are gone through while a query waits; more, and it does not wait.
    renew_s: after so many seconds they are gone through anew, for a store that others write to.
    """

    def __init__(
        self,
        path: Path | None,
        pages: Callable[[], Iterator[list[str]]],
        points: Callable[[], int],
        *,
        sample: int | None = None,
        renew_s: float = math.inf,
        at_once: int = AT_ONCE,
    ) -> None:
        self._path = path
        self._pages = pages
        self._points = points
        self._sample = sample
        self._renew_s = renew_s
        self._at_once = at_once
        self._words: Vocabulary | None = None
        self._made = -math.inf
        self._new = Vocabulary()
        self._changed = False
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._scan: threading.Thread | None = None

    def wrote(self, pins: Iterable[Pin]) -> None:
        """Count pins that were written."""
        texts = [text_of(pin) for pin in pins]
        with self._lock:
            (self._new if self._words is None else self._words).add(texts)
            self._changed = True

    def current(self) -> Vocabulary:
        """Return the words as far as they are known; has them counted if they never were."""
        with self._lock:
            stale = time.monotonic() - self._made > self._renew_s
            if (self._words is None or stale) and self._scan is None:
                self._take()
            return self._new if self._words is None else self._words

    def close(self) -> None:
        """Stop counting, and keep the words if they changed."""
        self._stopping.set()
        if self._scan is not None:
            self._scan.join()
        with self._lock:
            if self._path is None or not self._changed:
                return
            self._changed = False
            words = self._kept() if self._words is None else self._words
            try:
                if self._fits(words):
                    write_whole(self._path, words.dumps())
            except (EngineError, OSError) as error:
                # No loss: the next opening counts them again.
                log.info("the collection's words are not kept: %s", error)

    def _take(self) -> None:
        try:
            kept = self._kept()
            if self._path is not None and self._fits(kept):
                self._found(kept)
                return
            # What was written until now lies in the store.
            self._new = Vocabulary()
            if self._points() <= self._at_once:
                self._count(0.0)
            else:
                self._scan = threading.Thread(target=self._count_aside, name="words", daemon=True)
                self._scan.start()
        except EngineError as error:
            log.warning("the collection's words can't be counted: %s", error)

    def _kept(self) -> Vocabulary:
        """Return the words of the file, if there is one, and those written since the opening."""
        words = Vocabulary()
        if self._path is not None:
            try:
                words = Vocabulary.loads(self._path.read_text(encoding="utf-8"))
            except FileNotFoundError:
                pass
            except (EngineError, OSError, UnicodeDecodeError) as error:
                log.warning("%s can't be read, and is made anew: %s", self._path, error)
        words.merge(self._new)
        return words

    def _fits(self, words: Vocabulary) -> bool:
        points = self._points()
        if points <= AT_ONCE:
            return words.pins == points
        return LEAST * points <= words.pins <= MOST * points

    def _count_aside(self) -> None:
        try:
            self._count(PAUSE_S)
        except EngineError as error:
            log.warning("the collection's words can't be counted: %s", error)

    def _count(self, pause_s: float) -> None:
        found = Vocabulary()
        for page in self._pages():
            found.add(page)
            if self._stopping.wait(pause_s):
                return
            if self._sample is not None and found.pins >= self._sample:
                break
        with self._lock:
            found.merge(self._new)
            self._found(found)
            self._changed = True

    def _found(self, words: Vocabulary) -> None:
        self._words, self._new = words, Vocabulary()
        self._made = time.monotonic()
        self._scan = None


def text_of(pin: Pin) -> str:
    """Return all that a pin says, as one text."""
    return f"{pin.description or ''} {pin.board_title or ''}".strip()
