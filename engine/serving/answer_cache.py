"""Answers that are kept for some seconds, for when many ask the same.

Only what this process writes is known here: where others write to the same server, an answer may be
as old as it is kept.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from cachetools import TTLCache

from engine.queries import Query
from engine.retrieval.answers import Answer
from engine.retrieval.cursors import binding

# A page of twenty takes some 50 kB.
MOST: Final = 500


class AnswerCache:
    """Answers by their questions, for `life_s` seconds; 0 keeps none.

    looked: told whether there was an answer.
    """

    def __init__(
        self,
        life_s: float,
        looked: Callable[[bool], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._life_s = life_s
        self._looked = looked
        self._answers: TTLCache[bytes, Answer] = TTLCache(MOST, life_s, clock)
        self._lock = threading.Lock()
        self._under: object = None
        self._writes = 0

    def answer(self, query: Query, under: object, ask: Callable[[], Answer]) -> Answer:
        """Return what is kept, or what `ask` returns.

        under: what else decides the answer; another object than before, and nothing counts any
        more. A person's own answers are never kept, nor are those that lack something.
        """
        if not self._life_s or query.person is not None:
            return ask()
        begun, question = time.perf_counter(), binding("search", query)
        with self._lock:
            if under is not self._under:
                self._answers.clear()
                self._under = under
            kept, writes = self._answers.get(question), self._writes
        self._looked(kept is not None)
        if kept is not None:
            return replace(kept, took_ms=(time.perf_counter() - begun) * 1000)
        found = ask()
        with self._lock:
            # What was asked before a write may not know of it.
            if writes == self._writes and under is self._under and not found.degraded:
                self._answers[question] = found
        return found

    def clear(self) -> None:
        """Forget everything, as something was written."""
        with self._lock:
            self._writes += 1
            self._answers.clear()
