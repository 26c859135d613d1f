"""The queue for callers without an event loop: HTTP routes in their threads, and commands.

One thread with a loop serves all callers; it connects when the queue is first needed.
"""

import asyncio
import secrets
import threading
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from engine.features.images import ImageLimits, data_uri
from engine.ingestion import queue_dead
from engine.ingestion.dead import DeadLetter
from engine.ingestion.inbox import Inbox
from engine.ingestion.letters import holds
from engine.ingestion.queue import MAX_MESSAGE, Queue, QueueUnreachable, encoded, gathered
from engine.jsonl import BadLine
from engine.pins import Pin, pin_to_json
from engine.settings import QueueSettings

WAIT_S: Final = 30.0
# What a message takes beside its payload: the subject and the headers.
HEAD: Final = 4 * 1024
T = TypeVar("T")


@dataclass(frozen=True)
class Submission:
    """Pins that were published together; `ticket` names their status."""

    ticket: str
    sequences: Sequence[int]


class QueueClient:
    """A queue that is called, not awaited; QueueUnreachable comes from every call."""

    def __init__(self, settings: QueueSettings, inbox: Inbox) -> None:
        self._settings = settings
        self._inbox = inbox
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="queue", daemon=True)
        self._thread.start()
        self._queue: Queue | None = None
        self._connecting = threading.Lock()

    def publish(self, pins: Sequence[Pin | BadLine], limits: ImageLimits) -> Submission:
        """Publish pins, each with a status under `ticket`; bad ones only get their status.

        When the call returns the server has them all on disk; when it raises, some may be queued,
        and sending all of them again is safe.
        """
        ticket = secrets.token_urlsafe(12)
        return self._call(self._publish(ticket, pins, limits))

    def submission(self, ticket: str) -> list[dict[str, Any]] | None:
        """Return the status of each pin of a submission, None for an unknown ticket."""
        return self._call(self._submission(ticket))

    def dead_letters(self) -> dict[int, DeadLetter]:
        """Return the dead letters by sequence, oldest first."""
        found = self._call(queue_dead.letters(self._connected()))
        return {sequence: letter for sequence, (letter, _) in found.items()}

    def retry_dead(self, sequences: Sequence[int]) -> int:
        """Publish dead letters' pins anew and return how many there were."""
        return self._call(queue_dead.retry(self._connected(), sequences))

    def drop_dead(self, sequences: Sequence[int]) -> int:
        """Forget dead letters, with the pictures that wait for them; return how many."""
        queue = self._connected()
        known = self._call(queue_dead.letters(queue))
        for sequence in sequences:
            stored = known[sequence][1] if sequence in known else None
            if stored is not None:
                self._inbox.remove(stored)
        return self._call(queue_dead.drop(queue, sequences))

    def forget_dead(self, pin_ids: Collection[str]) -> None:
        """Forget all dead letters of pins, with the pictures that wait for them."""
        queue = self._connected()
        for pin_id in pin_ids:
            for stored in self._call(queue_dead.forget(queue, pin_id)):
                self._inbox.remove(stored)

    def forget_dead_picture(self, sha256: str) -> None:
        """Forget the dead letters that a picture lies in, or waits for."""
        queue = self._connected()
        known = self._call(queue_dead.letters(queue))
        gone = [
            sequence
            for sequence, (letter, stored) in known.items()
            if holds(letter, sha256)
            or (stored is not None and self._inbox.digest(stored) == sha256)
        ]
        self.drop_dead(gone)

    def close(self) -> None:
        """Hang up; a second call does nothing."""
        if self._loop.is_closed():
            return
        if self._queue is not None:
            self._call(self._queue.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    async def _publish(
        self, ticket: str, pins: Sequence[Pin | BadLine], limits: ImageLimits
    ) -> Submission:
        queue = await self._opened()
        first = [
            {"id": None, "status": "rejected", "reason": each.reason}
            if isinstance(each, BadLine)
            else {"id": each.id, "status": "queued"}
            for each in pins
        ]
        # The status comes first: a worker may be quicker than this thread.
        await queue.note(ticket, {"pins": first})
        calls = [
            self._publish_one(queue, pin, f"{ticket}.{number}", limits)
            for number, pin in enumerate(pins, 1)
            if not isinstance(pin, BadLine)
        ]
        return Submission(ticket, await gathered(calls))

    async def _publish_one(self, queue: Queue, pin: Pin, ticket: str, limits: ImageLimits) -> int:
        value = pin_to_json(pin)
        stored = None
        if len(encoded(value)) > MAX_MESSAGE - HEAD:
            stored = self._inbox.put(data_uri(pin.image, limits))
            value = pin_to_json(replace(pin, image=f"inbox:{stored}"))
        try:
            return await queue.publish(
                "upsert", value, ticket=ticket, stored=stored, message_id=ticket
            )
        except QueueUnreachable:
            if stored is not None:
                self._inbox.remove(stored)
            raise

    async def _submission(self, ticket: str) -> list[dict[str, Any]] | None:
        queue = await self._opened()
        known = await queue.status(ticket)
        if known is None:
            return None
        later = await queue.statuses(ticket)
        return [
            {"number": number, **each, **later.get(str(number), {})}
            for number, each in enumerate(known["pins"], 1)
        ]

    async def _opened(self) -> Queue:
        if self._queue is None:
            self._queue = await Queue.connect(self._settings)
        return self._queue

    def _connected(self) -> Queue:
        return self._call(self._opened())

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        # One caller at a time: two must not both connect, and pins keep the order of their calls.
        with self._connecting:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
            try:
                return future.result(WAIT_S)
            except TimeoutError:
                future.cancel()
                raise QueueUnreachable(
                    f"the queue took longer than {WAIT_S:.0f} s: look after nats-server"
                ) from None
