"""The queue: pins in a NATS JetStream stream, and what became of them in a key-value bucket.

Whoever comes first makes what is missing. The stream keeps a message until a worker has settled it
and refuses new ones when it is full, so that nothing which was accepted is lost. Knows nothing of
pins beyond their JSON: `worker_queue.py` takes them out.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self
from urllib.parse import urlsplit

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext, api
from nats.js.kv import KeyValue

from engine.errors import BadSetting, EngineError
from engine.ingestion.worker import KINDS
from engine.settings import QueueSettings

DURABLE: Final = "engine"
TICKET: Final = "Engine-Ticket"
STORED: Final = "Engine-Image"
SEQUENCE: Final = "Engine-Sequence"
AGAIN: Final = "Engine-Again"
MAX_MESSAGE: Final = 1024 * 1024
STATUS_S: Final = 24 * 3600
STATUS_BYTES: Final = 256 * 1024 * 1024
TIMEOUT_S: Final = 5.0
log = logging.getLogger("engine.queue")


class QueueUnreachable(EngineError):
    """The NATS server does not answer, has no JetStream, or refuses what it is asked."""

    slug = "queue-unreachable"


@dataclass(frozen=True)
class Backlog:
    """What waits in the queue.

    waiting: messages that no worker was given; held: given and not settled yet.
    oldest_s: age of the oldest message that is not settled, 0 without one.
    dead: letters in the dead-letter stream.
    """

    waiting: int
    held: int
    messages: int
    oldest_s: float
    dead: int


class Queue:
    """A connection to the streams of one queue; all of it runs on one event loop."""

    def __init__(self, client: Client, settings: QueueSettings, statuses: KeyValue) -> None:
        self.client = client
        self.settings = settings
        self.js: JetStreamContext = client.jetstream(timeout=TIMEOUT_S)
        self._statuses = statuses

    @property
    def stream(self) -> str:
        """Name of the stream of pins."""
        return stream_of(self.settings.name)

    @property
    def dead_stream(self) -> str:
        """Name of the stream of dead letters."""
        return dead_stream_of(self.settings.name)

    @classmethod
    async def connect(
        cls,
        settings: QueueSettings,
        *,
        reconnected: Callable[[], Awaitable[None]] | None = None,
    ) -> Self:
        """Connect and make the streams that are missing; raise QueueUnreachable or BadSetting.

        Once connected, a server that goes away is waited for without end.
        """
        if settings.url is None:
            raise BadSetting("no queue is configured: set ENGINE_QUEUE__URL=nats://HOST:4222")
        async with errors(settings):
            client = await nats.connect(
                settings.url,
                name="pin-engine",
                connect_timeout=2,
                reconnect_time_wait=1,
                max_reconnect_attempts=2,
                error_cb=_tell,
                reconnected_cb=reconnected,
            )
            client.options["max_reconnect_attempts"] = -1
            try:
                js = client.jetstream(timeout=TIMEOUT_S)
                await _make(js, settings)
                bucket = await js.key_value(f"{settings.name}_status")
            except BaseException:
                await client.close()
                raise
        return cls(client, settings, bucket)

    async def publish(
        self,
        kind: str,
        value: Mapping[str, Any],
        *,
        ticket: str | None = None,
        stored: str | None = None,
        message_id: str | None = None,
        sequence: int | None = None,
    ) -> int:
        """Publish one job and return its sequence once the server has it on disk.

        ticket: name under which its status is kept. stored: name of its picture in the inbox.
        message_id: a second message of that id within two minutes is dropped by the server.
        sequence: the place that the job had when it was first published, if this is not now.
        """
        first = None if sequence is None else str(sequence)
        named = {TICKET: ticket, STORED: stored, "Nats-Msg-Id": message_id, SEQUENCE: first}
        headers = {name: text for name, text in named.items() if text is not None}
        return await self.send(kind, encoded(value), headers)

    async def send(self, kind: str, payload: bytes, headers: Mapping[str, str]) -> int:
        """Publish a message as it is and return its sequence once the server has it on disk."""
        async with errors(self.settings):
            ack = await self.js.publish(
                f"{self.settings.name}.{kind}",
                payload,
                timeout=TIMEOUT_S,
                stream=self.stream,
                headers=dict(headers) or None,
            )
        return ack.seq

    async def note(self, ticket: str, status: Mapping[str, Any]) -> None:
        """Keep a status for a day."""
        async with errors(self.settings):
            await self._statuses.put(ticket, json.dumps(status, ensure_ascii=False).encode())

    async def status(self, ticket: str) -> dict[str, Any] | None:
        """Return the status under a ticket, None for an unknown one."""
        async with errors(self.settings):
            try:
                entry = await self._statuses.get(ticket)
            except nats.js.errors.KeyNotFoundError:
                return None
        return dict(json.loads(entry.value or b"{}"))

    async def statuses(self, ticket: str) -> dict[str, dict[str, Any]]:
        """Return the statuses one level below a ticket, by the last part of their name."""
        found: dict[str, dict[str, Any]] = {}
        async with errors(self.settings):
            # The package leaves its watcher's methods untyped.
            watcher: Any = await self._statuses.watch(f"{ticket}.*", ignore_deletes=True)
            try:
                # The watcher answers None once it has passed on all that is there.
                while (entry := await watcher.updates(timeout=TIMEOUT_S)) is not None:
                    found[entry.key.rpartition(".")[2]] = json.loads(entry.value or b"{}")
            finally:
                await watcher.stop()
        return found

    async def backlog(self) -> Backlog:
        """Say what waits."""
        async with errors(self.settings):
            consumer = await self.js.consumer_info(self.stream, DURABLE)
            state = (await self.js.stream_info(self.stream)).state
            dead = (await self.js.stream_info(self.dead_stream)).state.messages
            oldest_s = 0.0
            if state.messages:
                try:
                    first = await self.js.get_msg(self.stream, seq=state.first_seq)
                except nats.js.errors.NotFoundError:
                    first = None  # settled meanwhile
                if first is not None and first.time is not None:
                    oldest_s = (datetime.now(UTC) - first.time).total_seconds()
        return Backlog(
            waiting=consumer.num_pending or 0,
            held=consumer.num_ack_pending or 0,
            messages=state.messages,
            oldest_s=max(oldest_s, 0.0),
            dead=dead,
        )

    async def close(self) -> None:
        """Send what is still to be sent, and hang up."""
        if self.client.is_connected:
            try:
                await self.client.flush(timeout=2)
            except (nats.errors.Error, TimeoutError, OSError) as error:
                log.info("the queue went away at the end: %s", error)
        await self.client.close()


@asynccontextmanager
async def errors(settings: QueueSettings) -> AsyncIterator[None]:
    """Turn what goes wrong with the server into the engine's own error."""
    try:
        yield
    except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError, ValueError) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise QueueUnreachable(
            f"the queue at {shown(settings.url)} can't be used: {said[:200]}: check that "
            "nats-server runs there with JetStream (-js), and ENGINE_QUEUE__URL"
        ) from error


def encoded(value: Mapping[str, Any]) -> bytes:
    """Return the payload of a message."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def shown(url: str | None) -> str:
    """Return a server's URL as it may be told: without user and password."""
    try:
        parts = urlsplit(url or "")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(not a URL)"
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


def stream_of(name: str) -> str:
    """Return the name of the stream of pins."""
    return name.upper()


def dead_stream_of(name: str) -> str:
    """Return the name of the stream of dead letters."""
    return f"{name.upper()}_DEAD"


async def _make(js: JetStreamContext, settings: QueueSettings) -> None:
    """Make the streams, the consumer and the bucket; what is there stays as it is."""
    name = settings.name
    await _stream(
        js,
        api.StreamConfig(
            name=stream_of(name),
            subjects=[f"{name}.{kind}" for kind in KINDS],
            retention=api.RetentionPolicy.WORK_QUEUE,
            storage=api.StorageType.FILE,
            discard=api.DiscardPolicy.NEW,
            max_bytes=settings.max_bytes,
            num_replicas=settings.replicas,
            max_msg_size=MAX_MESSAGE,
            duplicate_window=120,
        ),
    )
    await _stream(
        js,
        api.StreamConfig(
            name=dead_stream_of(name),
            subjects=[f"{name}.dead", f"{name}.dead.>"],
            retention=api.RetentionPolicy.LIMITS,
            storage=api.StorageType.FILE,
            discard=api.DiscardPolicy.NEW,
            max_bytes=settings.max_bytes,
            num_replicas=settings.replicas,
            duplicate_window=120,
        ),
    )
    try:
        await js.key_value(f"{name}_status")
    except nats.js.errors.NotFoundError:
        await js.create_key_value(
            bucket=f"{name}_status",
            ttl=STATUS_S,
            history=1,
            max_bytes=STATUS_BYTES,
            replicas=settings.replicas,
        )
    # Asked for with other settings, a consumer that is there takes them on.
    await js.add_consumer(
        stream_of(name),
        api.ConsumerConfig(
            durable_name=DURABLE,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=settings.ack_wait_s,
            max_deliver=settings.max_deliver,
            max_ack_pending=settings.max_ack_pending,
        ),
    )


async def _stream(js: JetStreamContext, config: api.StreamConfig) -> None:
    try:
        await js.stream_info(str(config.name))
    except nats.js.errors.NotFoundError:
        await js.add_stream(config)


async def _tell(error: Exception) -> None:
    log.info("nats: %s", error)


async def gathered(calls: Sequence[Awaitable[Any]]) -> list[Any]:
    """Await all; the first error is raised after the others are done."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return list(answers)
