"""The opened workspace as the routes share it: many readers, one writer, few pictures at a time.

Whoever waits here for a turn waits no longer than the request's deadline (`deadlines.py`).
"""

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from functools import partial
from typing import Annotated, Any, cast

from fastapi import Depends, Request

from engine.errors import EncoderChanged, EngineError, UnknownPin, UsageError
from engine.features.encoder import warm
from engine.ingestion.admission import Change
from engine.ingestion.gathering import Gathering
from engine.ingestion.outcome import Outcome
from engine.ingestion.queue_client import QueueClient
from engine.ingestion.reencoding import Brought
from engine.jsonl import BadLine
from engine.queries import Query
from engine.retrieval.answers import Answer
from engine.retrieval.probe import recall
from engine.serving.answer_cache import AnswerCache
from engine.serving.asking import Asking
from engine.serving.deadlines import Turn
from engine.serving.figures import RequestMetrics
from engine.serving.probing import Prober
from engine.serving.thumbnails import Thumbnails
from engine.serving.underway import UnderWay
from engine.serving.writers import Writers
from engine.store.feedback_log import Event
from engine.store.people_file import Feeling, person_id
from engine.store.removals import Kind
from engine.store.snapshot import Snapshot
from engine.succession import Succession, again, taken_through
from engine.switching import switch
from engine.workspace import Workspace

# Searches at once in an embedded store: they hold the interpreter's lock nearly all the time, so
# that more of them would only take it from each other, and all be done when the last is.
SEARCHING = 1
# Requests that may decode pictures at once: one large picture takes some 150 MB while it is open.
DECODING = 2
# What requests that began before a switch may take at the end of the process.
GRACE_S = 5.0
log = logging.getLogger("engine.serving")


class Service:
    """One workspace behind HTTP; `warm` once it has answered in earnest.

    behind: whether another collection of the server answers by now, and this is not there yet.

    queue: where pins of a batch go instead of into the collection; None without a queue.
    """

    def __init__(
        self,
        workspace: Workspace,
        queue: QueueClient | None = None,
        figures: RequestMetrics | None = None,
    ) -> None:
        self.workspace = workspace
        self.queue = queue
        self.figures = figures or RequestMetrics()
        serve = workspace.settings.serve
        self.cache = AnswerCache(serve.cache_s, self.figures.looked)
        self._prober = Prober(serve.recall_probe, self._recall, self.figures.recall.observe)
        self.thumbnails = Thumbnails()
        self.writers = Writers(workspace.settings.serve.waiting)
        self.warm = False
        self.under_way = UnderWay()
        self._retiring: threading.Thread | None = None
        self._switching = threading.Lock()
        self.succession = Succession()
        self.behind = False
        # Two writes of one pin must not both read the state before either.
        self._writes = Turn()
        self._decoding = Turn(DECODING)
        self._searching: AbstractContextManager[Any] = (
            Turn(SEARCHING) if workspace.settings.store.url is None else nullcontext()
        )
        self._gathering = Gathering(self._taken, self.writing, Turn())

    def close(self) -> None:
        """Wait for what goes on without a request."""
        self._prober.close()
        self.succession.close()

    def warm_up(self) -> None:
        """Load both sides of the encoder; FingerprintMismatch if the collection has another."""
        if self.warm:
            return
        warm(self.workspace.encoder)
        if self.workspace.settings.vocabulary or self.workspace.settings.detector:
            # What can't be used keeps the service from starting.
            _ = self.workspace.knowledge.finder
        self.warm = True

    def search(self, query: Query) -> Answer:
        """Answer a query, once there is room for its pictures if it has some."""
        answer = self.cache.answer(query, self.workspace.parameters, lambda: self._searched(query))
        self._prober.answered(query)
        return answer

    def _searched(self, query: Query) -> Answer:
        with self._turn(query):
            return self.workspace.search(query)

    def _recall(self, query: Query) -> float:
        # As a request: what it asks is not closed meanwhile, should another answer from now on.
        under_way = self.under_way.enter()
        try:
            workspace = self.workspace
            parameters = workspace.parameters
            with self._turn(query):
                return recall(query, workspace.reader(parameters), parameters)
        finally:
            self.under_way.leave(under_way)

    def _turn(self, query: Query) -> AbstractContextManager[Any]:
        looks = any(part.kind == "image" or part.crop is not None for part in query.parts)
        return self._decoding if looks else self._searching

    def ask(self, request: Asking) -> dict[str, Any]:
        """Answer a request, once there is room for its pictures if it has some."""
        with self._decoding if request.looks else nullcontext():
            return request.answer(self.workspace)

    def take_in(self, arrivals: Iterable[Change | BadLine]) -> list[Outcome]:
        """Write pins and return what became of each, in their order, once it is on disk."""
        outcomes = self._gathering.take(list(arrivals))
        # Others write meanwhile, and share a sync of the disk. What is unchanged needs it as well:
        # the one who wrote it may be waiting for his.
        self.workspace.settle()
        return outcomes

    def _taken(self, items: Sequence[Change | BadLine]) -> list[Outcome]:
        return taken_through(items, lambda left: self.workspace.intake().run(left), self.move_on)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep others from writing, and take one of the places for pictures."""
        # The lock first: writers that wait for each other must not keep searches from decoding.
        with self._changing(), self._decoding:
            yield

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Keep others from writing; no answer of before is given any more."""
        with self._writes:
            try:
                yield
            finally:
                self.cache.clear()

    def delete(
        self, pin_id: str, updated_at: datetime | None = None, sequence: int | None = None
    ) -> None:
        """Delete a pin and its picture, see `Workspace.delete`; raise UnknownPin, StaleVersion."""

        def gone() -> None:
            self.workspace.delete(pin_id, updated_at=updated_at, sequence=sequence)

        with self._changing():
            try:
                gone()
            except EncoderChanged:
                self.move_on()
                # Whoever changed the encoder may have seen to it already.
                with suppress(UnknownPin):
                    again(gone, self.move_on)

    def take_down(self, kind: Kind, value: str, reason: str) -> list[str]:
        """Remove a pin or a picture for good; see `Eraser.take_down`."""
        with self._changing():
            return again(lambda: self.workspace.eraser.take_down(kind, value, reason), self.move_on)

    def snapshot(self) -> Snapshot:
        """Copy all as it is between two writes; see `Workspace.snapshot`."""
        return self.workspace.snapshot(self._writes)

    def switch(self, folder: str, *, leave_out: bool) -> Brought:
        """Answer from another generation from now on; see `switching.switch`."""
        if not self._switching.acquire(blocking=False):
            raise UsageError("another switch of the encoder is under way: wait for it")
        try:
            # What answered before the last switch may be what answers next.
            if self._retiring is not None:
                self._retiring.join()
            return switch(
                self.workspace, folder, self._changing(), self._adopt, leave_out=leave_out
            )
        finally:
            self._switching.release()

    def follow(self) -> None:
        """Answer from another collection of the server if it is said to answer by now.

        What is to answer next is opened before. Raises EngineError where that can't be done.
        """
        if self.succession.look(self.workspace):
            self.behind = True
            with self._changing():
                self.move_on()
        self.behind = False

    def move_on(self) -> None:
        """Do so between two writes; raise EngineError."""
        answers = self.succession.take(self.workspace)
        if answers is not self.workspace:
            self._adopt(answers)
            log.info("answers by encoder %r from now on", answers.settings.encoder)

    def _adopt(self, workspace: Workspace) -> None:
        before, self.workspace = self.workspace, workspace
        self._retiring = self.under_way.change(partial(_close, before))

    def close_adopted(self) -> None:
        """Close what came in the place of the first workspace, which its opener closes."""
        if self._retiring is not None:
            self._retiring.join(GRACE_S)
            _close(self.workspace)

    def feel(self, person: str, pin: str, feeling: Feeling) -> None:
        """Keep that a person likes or hides a pin; raise UnknownPin, PeopleNotKept, BadQuery."""
        people = self.workspace.belongings.kept_people
        # As with feedback: between the look and the line no pin is removed.
        with self._writes:
            if pin not in self.workspace.collection.facts([pin]):
                raise UnknownPin(f"no pin {pin!r} is in this collection")
            people.feel(person_id(person), pin, feeling)

    def keep_feedback(self, events: Sequence[Event]) -> int:
        """Keep events about pins that are here; return how many."""
        # So that no pin is removed, with its events, between the look and the line.
        with self._writes:
            return self.workspace.keep_feedback(events)


def _close(workspace: Workspace) -> None:
    try:
        workspace.close()
        workspace.collection.close()
    except EngineError as error:
        log.warning("what answered before is not closed well, and loses nothing by it: %s", error)


def service_in(request: Request) -> Service:
    """Return the service that the request's app was made for."""
    return cast(Service, request.app.state.service)


async def service_of(request: Request) -> Service:
    """Return the same as a dependency: a coroutine, which takes no thread."""
    return service_in(request)


Serving = Annotated[Service, Depends(service_of)]
