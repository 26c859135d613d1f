"""The worker of a queue: takes messages in batches and settles each only once its pin is on disk.

A worker that dies leaves its messages to the next; one that is asked to stop finishes the batch in
hand and gives back the one that it had fetched ahead.
"""

import asyncio
import base64
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, cast

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg

from engine.errors import BadPin, StoreFull, StoreUnreachable, UsageError
from engine.ingestion import queue_dead
from engine.ingestion.admission import Change
from engine.ingestion.arrivals import Arrival
from engine.ingestion.changes import Deletion, Patch
from engine.ingestion.inbox import Inbox
from engine.ingestion.metrics import Metrics
from engine.ingestion.queue import (
    AGAIN,
    DURABLE,
    SEQUENCE,
    STORED,
    TICKET,
    Queue,
    QueueUnreachable,
    errors,
    gathered,
    shown,
)
from engine.ingestion.worker import KINDS, Job, Kind, Settled, Sink, work
from engine.jsonl import BadLine
from engine.pins import moment, pin_from_json, pin_id
from engine.settings import QueueSettings

FETCH_S: Final = 0.5
MEASURE_S: Final = 5.0
SWEEP_S: Final = 5.0
SLOW_S, QUICK_S = 2.0, 0.7
FEWEST: Final = 8
LONGEST_PAUSE_S: Final = 30.0
RETRY_S, LONGEST_RETRY_S = 2.0, 60.0
log = logging.getLogger("engine.worker")


class Undeliverable(Exception):
    """A message was given out as often as may be, and no worker lived to settle it."""


class QueueWorker:
    """Takes pins from a queue into a sink until it is asked to stop."""

    def __init__(
        self,
        settings: QueueSettings,
        sink: Sink,
        inbox: Inbox,
        metrics: Metrics,
        told: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._sink = sink
        self._inbox = inbox
        self._metrics = metrics
        self._told = told
        self._size = min(settings.batch, 2 * FEWEST)
        self._held: dict[int, Msg] = {}
        self._restless = False
        self._swept = 0.0
        # One thread: the store has one writer.
        self._thread = ThreadPoolExecutor(1, "intake")

    async def run(self, stop: asyncio.Event, ready: Callable[[], None] = lambda: None) -> None:
        """Work until `stop`; `ready` is called once messages are waited for.

        Raises QueueUnreachable when the queue can't be reached at first or refuses us later, and
        StoreError when the store is broken rather than full or away.
        """
        queue = await Queue.connect(self._settings, reconnected=self._reconnected)
        others: list[asyncio.Task[None]] = []
        try:
            async with errors(self._settings):
                source = await queue.js.pull_subscribe_bind(DURABLE, queue.stream)
            others = [asyncio.create_task(each(queue)) for each in (self._keep, self._measure)]
            ready()
            await self._loop(queue, source, stop)
        finally:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            self._thread.shutdown()
            await queue.close()

    async def _loop(
        self, queue: Queue, source: JetStreamContext.PullSubscription, stop: asyncio.Event
    ) -> None:
        stopping = asyncio.create_task(stop.wait())
        ahead = asyncio.create_task(self._fetch(queue, source))
        try:
            while True:
                await asyncio.wait({ahead, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if stop.is_set():
                    return
                messages = ahead.result()
                ahead = asyncio.create_task(self._fetch(queue, source))
                if messages:
                    await self._batch(queue, messages, stop)
                else:
                    await self._idle(queue)
        finally:
            stopping.cancel()
            with suppress(QueueUnreachable):  # raised above, or of no more interest
                await self._give_back(await ahead)
                # What came when the fetch had just ended lies in the client: it comes out first.
                self._size = 1
                await self._give_back(await self._fetch(queue, source))

    async def _fetch(
        self, queue: Queue, source: JetStreamContext.PullSubscription
    ) -> Sequence[Msg]:
        """Return the next messages, none when none came for a moment."""
        if queue.client.is_closed:
            raise QueueUnreachable(
                f"the queue at {shown(self._settings.url)} closed the connection for good: check "
                "the user and password in ENGINE_QUEUE__URL"
            )
        try:
            messages = await source.fetch(self._size, timeout=FETCH_S)
        except TimeoutError:
            return []
        except (nats.errors.Error, nats.js.errors.Error) as error:
            log.info("nothing can be fetched: %s", error)
            await asyncio.sleep(FETCH_S)
            return []
        for message in messages:
            self._held[message.metadata.sequence.stream] = message
            self._metrics.delivered(message.metadata.num_delivered)
        return list(messages)

    async def _batch(self, queue: Queue, messages: Sequence[Msg], stop: asyncio.Event) -> None:
        """Take a batch, waiting for a store that is full or away, and settle its messages."""
        pause = 1.0
        begun = time.monotonic()
        while True:
            try:
                settled = await asyncio.get_running_loop().run_in_executor(
                    self._thread, self._work, messages
                )
                break
            except (StoreFull, StoreUnreachable) as error:
                self._metrics.paused.set(1)
                log.warning("intake pauses for %.0f s: %s", pause, error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)
                if stop.is_set():
                    await self._give_back(messages)
                    return
                pause = min(2 * pause, LONGEST_PAUSE_S)
            except BaseException:
                await self._give_back(messages)
                raise
        self._metrics.paused.set(0)
        self._restless = True
        with self._metrics.stage("settle"):
            pairs = zip(messages, settled, strict=True)
            await gathered([self._settle(queue, *pair) for pair in pairs])
        self._told(len(messages))
        spent = time.monotonic() - begun
        if spent > SLOW_S:
            self._size = max(self._size // 2, min(FEWEST, self._settings.batch))
        elif spent < QUICK_S:
            self._size = min(2 * self._size, self._settings.batch)

    def _work(self, messages: Sequence[Msg]) -> list[Settled]:
        with self._metrics.stage("take"):
            return work([self._job(message) for message in messages], self._sink)

    def _job(self, message: Msg) -> Job:
        meta = message.metadata
        return read_job(
            message.subject,
            message.data,
            f"{meta.stream}:{meta.sequence.stream}",
            meta.sequence.stream,
            message.headers or {},
            self._inbox,
        )

    async def _settle(self, queue: Queue, message: Msg, settled: Settled) -> None:
        """Acknowledge a message, bury it, or give it back for another attempt."""
        meta = message.metadata
        sequence, attempts = meta.sequence.stream, meta.num_delivered
        try:
            if settled.status == "failed" and attempts < self._settings.attempts:
                self._metrics.settled("failed")
                await message.nak(delay=min(RETRY_S * 2.0 ** (attempts - 1), LONGEST_RETRY_S))
                return
            if not settled.ok:
                letter = settled.letter(f"{meta.stream}-{sequence}", attempts)
                stored = (message.headers or {}).get(STORED)
                await queue_dead.bury(queue, letter, stored, f"dead-{meta.stream}-{sequence}")
                self._metrics.buried()
                log.warning("%s: %s", settled.job.origin, letter.message)
            elif settled.job.kind == "delete" and settled.job.pin_id is not None:
                for name in await queue_dead.forget(queue, settled.job.pin_id):
                    self._inbox.remove(name)
            await self._note(queue, message, settled)
            await message.ack()
            if settled.ok:
                self._discard(message)
            age = (datetime.now(UTC) - meta.timestamp).total_seconds() if settled.ok else None
            self._metrics.settled("rejected" if not settled.ok else settled.status, age)
        except (QueueUnreachable, nats.errors.Error) as error:
            # Not acknowledged, so it comes again; its pin is then found unchanged.
            log.info("message %d is not settled: %s", sequence, error)
        finally:
            self._held.pop(sequence, None)

    async def _note(self, queue: Queue, message: Msg, settled: Settled) -> None:
        ticket = (message.headers or {}).get(TICKET)
        if ticket is None:
            return
        status: dict[str, Any] = {"status": settled.status if settled.ok else "rejected"}
        if settled.error is not None:
            status["reason"] = " ".join(str(settled.error).split())[:500]
        try:
            await queue.note(ticket, status)
        except QueueUnreachable as error:
            log.info("the status of %s is not kept: %s", ticket, error)

    def _discard(self, message: Msg) -> None:
        stored = (message.headers or {}).get(STORED)
        if stored is not None:
            self._inbox.remove(stored)

    async def _give_back(self, messages: Sequence[Msg]) -> None:
        for message in messages:
            self._held.pop(message.metadata.sequence.stream, None)
            with suppress(nats.errors.Error):  # it comes again later in any case
                await message.nak()

    async def _idle(self, queue: Queue) -> None:
        if self._restless:
            self._restless = False
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._sink.settle)
            except (StoreFull, StoreUnreachable) as error:
                log.warning("the index stays as it is until pins arrive again: %s", error)
        if time.monotonic() - self._swept >= SWEEP_S:
            self._swept = time.monotonic()
            try:
                await self._sweep(queue)
            except QueueUnreachable as error:
                log.info("nothing can be swept: %s", error)

    async def _sweep(self, queue: Queue) -> None:
        """Look after messages that the server gives out no more, though nobody settled them.

        They were given out as often as may be; or they were settled and came back when the server
        was killed before it wrote that down. Each is published once more, in its old place among
        the versions, and buried when that is of no use either.
        """
        async with errors(self._settings):
            # In this order: what arrives between the two calls lies behind `given`.
            consumer = await queue.js.consumer_info(queue.stream, DURABLE)
            state = (await queue.js.stream_info(queue.stream)).state
            given = consumer.delivered.stream_seq if consumer.delivered is not None else 0
            if consumer.num_ack_pending or not state.messages:
                return
            for sequence in range(state.first_seq, min(given, state.last_seq) + 1):
                try:
                    message = await queue.js.get_msg(queue.stream, seq=sequence)
                except nats.js.errors.NotFoundError:
                    continue
                await self._once_more(queue, sequence, message)
                await queue.js.delete_msg(queue.stream, sequence)

    async def _once_more(self, queue: Queue, sequence: int, message: RawStreamMsg) -> None:
        headers, subject = dict(message.headers or {}), str(message.subject)
        data, name = message.data or b"", f"{queue.stream}-{sequence}"
        if AGAIN not in headers:
            headers |= {AGAIN: "1", "Nats-Msg-Id": f"again-{name}"}
            headers.setdefault(SEQUENCE, str(sequence))
            await queue.send(subject.rpartition(".")[2], data, headers)
            return
        job = read_job(subject, data, f"{queue.stream}:{sequence}", sequence, headers, self._inbox)
        times = 2 * self._settings.max_deliver
        error = Undeliverable(f"each worker that was given this pin died or hung, {times} times")
        letter = Settled(job, "failed", error, "deliver").letter(name, times)
        await queue_dead.bury(queue, letter, headers.get(STORED), f"dead-{name}")
        self._metrics.buried()
        log.warning("%s: %s", job.origin, letter.message)

    async def _keep(self, queue: Queue) -> None:
        """Tell the server of the messages in hand, so that it gives them to nobody else."""
        while True:
            await asyncio.sleep(self._settings.ack_wait_s / 3)
            for message in list(self._held.values()):
                try:
                    await message.in_progress()
                except nats.errors.Error as error:
                    log.info("%s: %s", queue.stream, error)

    async def _measure(self, queue: Queue) -> None:
        while True:
            try:
                backlog = await queue.backlog()
            except QueueUnreachable as error:
                log.info("nothing can be measured: %s", error)
            else:
                self._metrics.waiting.set(backlog.waiting)
                self._metrics.held.set(backlog.held)
                self._metrics.oldest.set(backlog.oldest_s)
                self._metrics.letters.set(backlog.dead)
            await asyncio.sleep(MEASURE_S)

    async def _reconnected(self) -> None:
        self._metrics.reconnects.inc()
        log.warning("the queue at %s is back", shown(self._settings.url))


def read_job(
    subject: str,
    data: bytes,
    origin: str,
    sequence: int,
    headers: Mapping[str, str],
    inbox: Inbox,
) -> Job:
    """Return the job in a message; what can't be read becomes a job that is rejected."""
    kind = cast(Kind, subject.rpartition(".")[2])
    value: dict[str, Any] = {}
    named: str | None = None
    item: Change | BadLine
    try:
        if kind not in KINDS:
            raise BadPin(f"subject {subject!r} is unknown: publish to one of {', '.join(KINDS)}")
        decoded = _decoded(data)
        if not isinstance(decoded, dict):
            raise BadPin("a message is one JSON object")
        value = decoded
        named = pin_id(value.get("id"))
        stored, first = headers.get(STORED), headers.get(SEQUENCE, "")
        place = int(first) if first.isascii() and first.isdecimal() else sequence
        item = _change(kind, named, value, origin, place)
        if stored is not None and isinstance(item, Arrival):
            inline = base64.b64encode(inbox.get(stored)).decode()
            item = replace(item, pin=replace(item.pin, image=f"data:image/any;base64,{inline}"))
    except UsageError as error:
        item = BadLine(origin, 1, str(error))
    return Job(kind, named, origin, value, item)


def _change(kind: Kind, named: str, value: dict[str, Any], origin: str, sequence: int) -> Change:
    if kind == "delete":
        given = value.get("updated_at")
        if given is not None and not isinstance(given, str):
            raise BadPin("updated_at must be a string such as 2026-01-31T12:00:00Z")
        return Deletion(named, origin, moment(given) if given else None, sequence)
    if kind == "patch":
        changes = {key: item for key, item in value.items() if key != "id"}
        return Patch(named, changes, None, origin, sequence)
    # Paths are not read: whoever can publish is not whoever may read this machine's files.
    return Arrival(pin_from_json(value)[0], None, origin, sequence)


def _decoded(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise BadPin("a message is one JSON object, and this is not JSON") from None
