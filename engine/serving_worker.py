"""A worker inside `engine serve`: pins arrive in the process that answers, by a folder or a queue.

It works in a thread beside the service, writes when no request does, and is stopped with it.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from engine.ingestion.admission import Change
from engine.ingestion.metrics import Metrics
from engine.ingestion.outcome import Outcome
from engine.ingestion.watch import WatchedFolder
from engine.ingestion.worker_queue import QueueWorker
from engine.ingestion.worker_watch import FolderWorker
from engine.jsonl import BadLine
from engine.serving.service import Service
from engine.working import GRACE_S, WorkspaceSink, dead_file, inbox, leave

log = logging.getLogger("engine.worker")
Work = Callable[[threading.Event, Callable[[], None]], None]


class ServiceSink(WorkspaceSink):
    """Takes pins into the collection that a service answers from."""

    def __init__(self, service: Service, metrics: Metrics) -> None:
        super().__init__(service.workspace, metrics)
        self._service = service

    def take(self, items: Sequence[Change | BadLine]) -> list[Outcome]:
        with self._service.writing():
            self._use(self._service.workspace)
            return super().take(items)

    def _move_on(self) -> None:
        self._service.move_on()
        self._use(self._service.workspace)

    def settle(self) -> None:
        """Leave the search graph as it is: to build it here would stop all requests."""


@contextmanager
def watching(
    folder: Path, service: Service, failed: Callable[[], None]
) -> Iterator[CollectorRegistry]:
    """Take pins from a folder while the block runs; see `_beside`."""
    settings, metrics = service.workspace.settings, Metrics()
    watched = WatchedFolder(folder, without=settings.data)
    attempts = settings.queue.attempts

    def work(stop: threading.Event, ready: Callable[[], None]) -> None:
        sink = ServiceSink(service, metrics)
        worker = FolderWorker(watched, sink, dead_file(settings), metrics, attempts=attempts)
        ready()
        worker.run(stop)

    with _beside(work, failed):
        yield metrics.registry


@contextmanager
def consuming(service: Service, failed: Callable[[], None]) -> Iterator[CollectorRegistry]:
    """Take pins from the settings' queue while the block runs; see `_beside`."""
    settings, metrics = service.workspace.settings, Metrics()

    async def consume(asked: threading.Event, ready: Callable[[], None]) -> None:
        sink = ServiceSink(service, metrics)
        worker = QueueWorker(settings.queue, sink, inbox(settings), metrics)
        stop = asyncio.Event()

        async def heed() -> None:
            await asyncio.to_thread(asked.wait)
            stop.set()

        heeding = asyncio.create_task(heed())
        try:
            await worker.run(stop, ready)
        finally:
            asked.set()
            await heeding

    with _beside(lambda stop, ready: asyncio.run(consume(stop, ready)), failed):
        yield metrics.registry


@contextmanager
def _beside(work: Work, failed: Callable[[], None]) -> Iterator[None]:
    """Run work in a thread while the block runs; what it raises is raised here.

    failed: called when it ends by itself, so that the block may end as well. What is still at work
    some seconds after the block leaves the process, which loses nothing: see decision 14.
    """
    stop, ready = threading.Event(), threading.Event()
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work(stop, ready.set)
        # Whatever it is belongs to the thread that started this one.
        except BaseException as error:
            errors.append(error)
            failed()
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="worker", daemon=True)
    thread.start()
    ready.wait()
    try:
        if not errors:
            yield
    finally:
        stop.set()
        thread.join(GRACE_S)
        if thread.is_alive():
            leave()
    if errors:
        raise errors[0]
