"""The worker of a folder: takes what appears in it; what can't be taken is a dead letter.

Nothing of its state is kept: started again, it goes through the folder once more, and a pin that
did not change costs one hash.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from engine.errors import StoreFull, StoreUnreachable
from engine.ingestion.arrivals import Arrival
from engine.ingestion.dead import DeadFile
from engine.ingestion.metrics import Metrics
from engine.ingestion.watch import Change, WatchedFolder
from engine.ingestion.worker import Job, Settled, Sink, job_of, work
from engine.jsonl import BadLine

TICK_S: Final = 0.5
BATCH: Final = 64
ATTEMPTS: Final = 5
LONGEST_PAUSE_S: Final = 30.0
log = logging.getLogger("engine.worker")


@dataclass(frozen=True)
class _Later:
    """A job that failed `attempts` times and is due again at `due` (time.monotonic)."""

    job: Job
    attempts: int
    due: float


class FolderWorker:
    """Takes pins from a folder into a sink until it is asked to stop."""

    def __init__(
        self,
        folder: WatchedFolder,
        sink: Sink,
        dead: DeadFile,
        metrics: Metrics,
        told: Callable[[int], None] = lambda _: None,
        attempts: int = ATTEMPTS,
    ) -> None:
        self._folder = folder
        self._sink = sink
        self._dead = dead
        self._metrics = metrics
        self._told = told
        self._attempts = attempts
        self._later: list[_Later] = []
        self._buried = {letter.key for letter in dead.letters()}
        self._metrics.letters.set(len(self._buried))

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`; raises StoreError when the store is broken, not full or away."""
        restless = False
        try:
            while not stop.is_set():
                begun = time.monotonic()
                change = self._folder.look()
                if change is not None:
                    restless = True
                    self._oldest(change)
                    if self._take(self._folder.arrivals(change), stop, change.since):
                        self._folder.took(change)
                        self._metrics.oldest.set(0)
                elif restless and not self._later:
                    restless = False
                    self._settle_sink()
                self._try_again(stop)
                # A large folder takes a while to look through: most of the time is to be idle.
                stop.wait(max(TICK_S, 4 * (time.monotonic() - begun) if change is None else 0))
        finally:
            self._bury([(later.job, later.attempts) for later in self._later])

    def _settle_sink(self) -> None:
        try:
            self._sink.settle()
        except (StoreFull, StoreUnreachable) as error:
            log.warning("the index stays as it is until pins arrive again: %s", error)

    def _oldest(self, change: Change) -> None:
        self._metrics.oldest.set(max(time.time() - change.since, 0.0))

    def _take(
        self, items: Iterable[Arrival | BadLine], stop: threading.Event, since: float | None
    ) -> bool:
        """Take a stream of pins; return False when it was left before its end."""
        jobs = (job_of(item) for item in items)
        while batch := list(islice(jobs, BATCH)):
            if not self._batch([(job, 1) for job in batch], stop, since):
                return False
        return True

    def _try_again(self, stop: threading.Event) -> None:
        now = time.monotonic()
        due = [later for later in self._later if later.due <= now]
        self._later = [later for later in self._later if later.due > now]
        for start in range(0, len(due), BATCH):
            part = [(later.job, later.attempts + 1) for later in due[start : start + BATCH]]
            if not self._batch(part, stop, None):
                self._later += [_Later(job, attempts - 1, now) for job, attempts in part]

    def _batch(
        self, tries: list[tuple[Job, int]], stop: threading.Event, since: float | None
    ) -> bool:
        pause = 1.0
        while not stop.is_set():
            try:
                with self._metrics.stage("take"):
                    settled = work([job for job, _ in tries], self._sink)
            except (StoreFull, StoreUnreachable) as error:
                self._metrics.paused.set(1)
                log.warning("intake pauses for %.0f s: %s", pause, error)
                stop.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
                continue
            self._metrics.paused.set(0)
            self._settle(settled, [attempts for _, attempts in tries], since)
            self._told(len(tries))
            return True
        return False

    def _settle(self, settled: list[Settled], attempts: list[int], since: float | None) -> None:
        lost: list[tuple[Settled, int]] = []
        taken: set[str] = set()
        for each, times in zip(settled, attempts, strict=True):
            if each.ok:
                age = None if since is None else time.time() - since
                self._metrics.settled(each.status, age)
                taken |= {each.job.origin} | {each.job.pin_id or ""}
            elif each.status == "failed" and times < self._attempts:
                self._metrics.settled("failed")
                self._later.append(_Later(each.job, times, time.monotonic() + 2.0**times))
            else:
                self._metrics.settled("rejected")
                lost.append((each, times))
        self._keep_letters(lost)
        if gone := taken & self._buried:
            self._dead.remove(gone)
            self._buried -= gone
            self._metrics.letters.set(len(self._buried))

    def _bury(self, jobs: list[tuple[Job, int]]) -> None:
        error = StoreUnreachable("the worker was stopped before the next attempt: retry the letter")
        self._keep_letters([(Settled(job, "failed", error), times) for job, times in jobs])

    def _keep_letters(self, lost: list[tuple[Settled, int]]) -> None:
        letters = [each.letter(each.job.pin_id or each.job.origin, times) for each, times in lost]
        self._dead.add(letters)
        for letter in letters:
            self._metrics.buried()
            log.warning("%s: %s", letter.origin, letter.message)
        self._buried |= {letter.key for letter in letters}
        self._metrics.letters.set(len(self._buried))
