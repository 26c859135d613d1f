"""The worker put together: where its pins go, who counts, what stops it.

Its pins go straight into the collection, or through the process that owns it.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Final

from prometheus_client import start_http_server

from engine.access import Local, Remote, reach
from engine.errors import EngineError, StaleVersion, TakenDown, UnknownPin, UsageError
from engine.ingestion.admission import Change
from engine.ingestion.arrivals import Arrival
from engine.ingestion.changes import Deletion, Patch
from engine.ingestion.dead import DEAD_NAME, DeadFile
from engine.ingestion.inbox import INBOX_NAME, Inbox
from engine.ingestion.metrics import Metrics, timed
from engine.ingestion.outcome import Outcome
from engine.ingestion.watch import WatchedFolder
from engine.ingestion.worker import Sink
from engine.ingestion.worker_queue import QueueWorker
from engine.ingestion.worker_watch import FolderWorker
from engine.jsonl import BadLine, Extra
from engine.settings import Settings
from engine.store.disk import disk_errors, require_room
from engine.succession import Succession, taken_through
from engine.workspace import Workspace, collection_folder

# What the batch in hand may take once a stop is asked for. Messages that are not acknowledged by
# then come again, and what is written is in the store's log.
GRACE_S: Final = 8.0
log = logging.getLogger("engine.worker")
Told = Callable[[int], None]
_WHOLE = (Arrival, BadLine)
_PARTS = (Patch, Deletion)


class WorkspaceSink:
    """Takes pins into a collection of this process."""

    def __init__(self, workspace: Workspace, metrics: Metrics) -> None:
        self._metrics = metrics
        self._workspace = workspace
        self._intake = timed(workspace.intake(), metrics)
        self._succession = Succession()
        self._place = collection_folder(workspace.settings)
        with disk_errors(self._place):
            self._place.mkdir(parents=True, exist_ok=True)

    def _use(self, workspace: Workspace) -> None:
        """Take pins into another workspace from now on, if it is another."""
        if workspace is not self._workspace:
            self._workspace = workspace
            self._intake = timed(workspace.intake(), self._metrics)

    def take(self, items: Sequence[Change | BadLine]) -> list[Outcome]:
        self._require_room()
        outcomes = taken_through(items, self._run, self._move_on)
        with self._metrics.stage("flush"):
            self._workspace.settle()
        return outcomes

    def _run(self, items: Sequence[Change | BadLine]) -> Iterator[Outcome]:
        return self._intake.run(items)

    def _move_on(self) -> None:
        """Take pins into what answers by now; what did until then is left to its opener."""
        self._use(self._succession.take(self._workspace))

    def settle(self) -> None:
        self._require_room()
        self._workspace.settle()

    def _require_room(self) -> None:
        """Raise StoreFull before anything of a batch is read, encoded or written."""
        require_room(self._place, self._workspace.settings.store.min_free_bytes)


class OwnerSink:
    """Sends pins to the process that owns the collection; what it answered of is on disk."""

    def __init__(self, access: Remote, settings: Settings) -> None:
        self._access = access
        self._settings = settings

    def take(self, items: Sequence[Change | BadLine]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for whole, group in groupby(items, key=lambda each: isinstance(each, Arrival | BadLine)):
            if whole:
                outcomes += self._sent([each for each in group if isinstance(each, _WHOLE)])
            else:
                outcomes += [self._changed(each) for each in group if isinstance(each, _PARTS)]
        return outcomes

    def settle(self) -> None:
        """Leave it to the owner."""

    def _sent(self, items: list[Arrival | BadLine]) -> list[Outcome]:
        # The owner answers in batches, and those that are not sent are told of before.
        found = {outcome.origin: outcome for outcome in self._access.index(items)}
        return [found[_origin(each)] for each in items]

    def _changed(self, item: Patch | Deletion) -> Outcome:
        try:
            if isinstance(item, Patch):
                self._access.patch(item.pin_id, dict(item.changes), item.sequence)
                return Outcome(item.origin, item.pin_id, "updated")
            dead_file(self._settings).forget([item.pin_id])
            self._access.delete(item.pin_id, item.updated_at, item.sequence)
        except (StaleVersion, TakenDown) as error:
            return Outcome(item.origin, item.pin_id, "unchanged", ignored=error)
        except UnknownPin as error:
            if isinstance(item, Patch):
                return Outcome(item.origin, item.pin_id, "rejected", error)
            return Outcome(item.origin, item.pin_id, "unchanged")
        except UsageError as error:
            return Outcome(item.origin, item.pin_id, "rejected", error)
        return Outcome(item.origin, item.pin_id, "deleted")


def dead_file(settings: Settings) -> DeadFile:
    """Return the file of dead letters beside the collection."""
    return DeadFile(collection_folder(settings) / DEAD_NAME)


def inbox(settings: Settings) -> Inbox:
    """Return where large inline pictures of queued pins wait."""
    return Inbox(collection_folder(settings) / INBOX_NAME)


def work_queue(settings: Settings, metrics: Metrics, told: Told, ready: Callable[[], None]) -> None:
    """Work on the queue until SIGTERM or SIGINT."""
    with _sink(settings, metrics) as sink:
        worker = QueueWorker(settings.queue, sink, inbox(settings), metrics, told)

        async def run() -> None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            with _stopping(lambda: loop.call_soon_threadsafe(stop.set)):
                await worker.run(stop, ready)

        asyncio.run(run())


def work_folder(
    settings: Settings,
    folder: Path,
    extra: Extra,
    metrics: Metrics,
    told: Told,
    ready: Callable[[], None],
) -> None:
    """Work on a folder until SIGTERM or SIGINT."""
    watched = WatchedFolder(folder, extra, without=settings.data)
    with _sink(settings, metrics) as sink:
        attempts = settings.queue.attempts
        worker = FolderWorker(watched, sink, dead_file(settings), metrics, told, attempts)
        stop = threading.Event()
        with _stopping(stop.set):
            ready()
            worker.run(stop)


@contextmanager
def metrics_server(metrics: Metrics, port: int | None) -> Iterator[int | None]:
    """Serve /metrics on the loopback address; port 0 takes a free one, None serves nothing."""
    if port is None:
        yield None
        return
    try:
        server, thread = start_http_server(port, "127.0.0.1", metrics.registry)
    except OSError as error:
        raise EngineError(
            f"metrics can't be served on port {port}: {error.strerror}: choose another with "
            "--metrics-port"
        ) from None
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _sink(settings: Settings, metrics: Metrics) -> Iterator[Sink]:
    with reach(settings, create=True) as access:
        if isinstance(access, Local):
            yield WorkspaceSink(access.workspace, metrics)
        elif isinstance(access, Remote):
            yield OwnerSink(access, settings)
        else:
            raise TypeError(f"{access!r} takes no pins")


@contextmanager
def _stopping(stop: Callable[[], object]) -> Iterator[None]:
    """Call `stop` at the first SIGTERM or SIGINT; leave the process if that is not enough."""
    timers: list[threading.Timer] = []

    def asked(number: int, _frame: FrameType | None) -> None:
        stop()
        if not timers:
            timers.append(threading.Timer(GRACE_S, leave))
            timers[0].daemon = True
            timers[0].start()

    before = {name: signal.signal(name, asked) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
        for timer in timers:
            timer.cancel()


def leave() -> None:
    """End the process at once; what was not acknowledged comes again."""
    log.warning("the batch in hand takes too long: it is left to the next worker")
    os._exit(0)


def _origin(item: Arrival | BadLine) -> str:
    return item.origin if isinstance(item, Arrival) else f"{item.file}:{item.number}"
