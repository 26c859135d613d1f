"""The worker of a queue, against a real nats-server: taken, acknowledged, buried, given back."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.errors import HostUnavailable, StoreFull
from engine.ingestion import queue_dead, worker_queue
from engine.ingestion.admission import Change
from engine.ingestion.arrivals import Arrival
from engine.ingestion.inbox import Inbox
from engine.ingestion.metrics import Metrics
from engine.ingestion.outcome import Outcome
from engine.ingestion.queue import (
    AGAIN,
    DURABLE,
    SEQUENCE,
    Queue,
    QueueUnreachable,
    encoded,
)
from engine.ingestion.worker import Sink
from engine.ingestion.worker_queue import QueueWorker
from engine.jsonl import BadLine
from engine.settings import QueueSettings
from engine.working import WorkspaceSink
from engine.workspace import Workspace
from tests.ingestion.conftest import drawn
from tests.ingestion.nats_server import NatsServer, queue_settings

WAIT_S = 30.0


@dataclass
class Rack:
    """A queue, a worker over a sink, and the figures of both."""

    settings: QueueSettings
    sink: Sink
    inbox: Inbox
    metrics: Metrics = field(default_factory=Metrics)

    async def until(self, done: Callable[[Queue], Awaitable[bool]]) -> None:
        """Run a worker until something is so; then stop it as SIGTERM does."""
        stop, queue = asyncio.Event(), await Queue.connect(self.settings)
        worker = QueueWorker(self.settings, self.sink, self.inbox, self.metrics)
        running = asyncio.create_task(worker.run(stop))
        try:
            async with asyncio.timeout(WAIT_S):
                while not await done(queue):
                    assert not running.done() or running.result() is None
                    await asyncio.sleep(0.05)
        finally:
            stop.set()
            await running
            await queue.close()


async def empty(queue: Queue) -> bool:
    return (await queue.backlog()).messages == 0


async def publish(settings: QueueSettings, kind: str, *values: dict[str, Any]) -> None:
    queue = await Queue.connect(settings)
    for value in values:
        await queue.publish(kind, value)
    await queue.close()


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker looks after what is stuck, and tries again, as ever but sooner."""
    monkeypatch.setattr(worker_queue, "SWEEP_S", 0.3)
    monkeypatch.setattr(worker_queue, "RETRY_S", 0.3)


@pytest.fixture
def rack(server: NatsServer, workspace: Workspace, tmp_path: Path) -> Rack:
    metrics = Metrics()
    sink = WorkspaceSink(workspace, metrics)
    return Rack(queue_settings(server), sink, Inbox(tmp_path / "inbox"), metrics)


def value_of(rack: Rack, name: str, **labels: str) -> float:
    return rack.metrics.registry.get_sample_value(name, labels) or 0.0


def test_pins_are_taken_changed_and_deleted_in_their_order(
    rack: Rack, workspace: Workspace
) -> None:
    async def run() -> None:
        await publish(rack.settings, "upsert", *(drawn(number) for number in range(40)))
        await publish(rack.settings, "patch", {"id": "pin-00001", "description": "teal chair"})
        await publish(rack.settings, "patch", {"id": "pin-00002", "board_title": None})
        await publish(rack.settings, "delete", {"id": "pin-00003"}, {"id": "never-there"})
        await rack.until(empty)

    asyncio.run(run())
    found = workspace.collection.get([f"pin-{number:05d}" for number in range(40)])
    assert len(found) == 39
    assert "pin-00003" not in found
    assert found["pin-00001"].pin.description == "teal chair"
    assert found["pin-00001"].description_terms == "teal chair"
    assert found["pin-00001"].pin.board_title is not None
    assert found["pin-00002"].pin.board_title is None
    assert value_of(rack, "engine_worker_pins_total", status="added") == 40
    assert value_of(rack, "engine_worker_pins_total", status="deleted") == 1
    assert value_of(rack, "engine_worker_accepted_to_searchable_seconds_count") == 44
    for stage in ("take", "encode", "write", "keep", "flush", "settle"):
        assert value_of(rack, "engine_worker_stage_seconds_count", stage=stage) > 0, stage
    assert rack.metrics.summary()["added"] == 40


BAD: tuple[tuple[str, bytes, str, str], ...] = (
    ("upsert", b"not JSON", "read", "bad-pin"),
    ("upsert", b"[1, 2]", "read", "bad-pin"),
    ("upsert", b'{"id": "a/b", "image": "x.png"}', "read", "bad-pin"),
    ("upsert", b'{"id": "path", "image": "secret.png"}', "take", "bad-image"),
    ("upsert", b'{"id": "broken", "image": "data:image/png;base64,AAAA"}', "take", "bad-image"),
    ("delete", b'{"id": 7}', "read", "bad-pin"),
    ("delete", b'{"id": "when", "updated_at": 3}', "read", "bad-pin"),
    ("patch", b"{}", "read", "bad-pin"),
)


def test_what_cant_be_taken_is_a_dead_letter_that_can_be_replayed(
    rack: Rack, workspace: Workspace
) -> None:
    good = drawn(1)

    async def run() -> None:
        queue = await Queue.connect(rack.settings)
        for kind, payload, _, _ in BAD:
            await queue.js.publish(f"pins.{kind}", payload)
        await queue.publish("upsert", good)
        await rack.until(empty)
        found = await queue_dead.letters(queue)
        assert [(each.stage, each.error) for each, _ in found.values()] == [
            (stage, error) for _, _, stage, error in BAD
        ]
        assert {each.attempts for each, _ in found.values()} == {1}
        assert (await queue.backlog()).dead == len(BAD)
        named = {each.pin_id: sequence for sequence, (each, _) in found.items()}
        assert "not read from here" in found[named["path"]][0].message

        # Replayed as it is it dies again, as one letter; mended it would be taken.
        assert await queue_dead.retry(queue, [named["broken"]]) == 1
        await rack.until(empty)
        again = await queue_dead.letters(queue)
        assert len(again) == len(BAD)
        assert named["broken"] not in again
        assert await queue_dead.drop(queue, [named["path"], 99_999]) == 1
        # A pin that is deleted leaves the dead letters.
        await queue.publish("delete", {"id": "broken"})
        await rack.until(empty)
        left = await queue_dead.letters(queue)
        assert {each.pin_id for each, _ in left.values()} & {"broken", "path"} == set()
        assert len(left) == len(BAD) - 2
        await queue.close()

    asyncio.run(run())
    assert workspace.collection.count() == 1
    assert value_of(rack, "engine_worker_dead_total") == len(BAD) + 1


class Stubborn:
    """A sink that fails as it is told to, and remembers what it was asked."""

    def __init__(self, fail: Callable[[int, list[str]], None]) -> None:
        self.calls: list[list[str]] = []
        self._fail = fail

    def take(self, items: Sequence[Change | BadLine]) -> list[Outcome]:
        ids = [each.pin.id for each in items if isinstance(each, Arrival)]
        self.calls.append(ids)
        self._fail(len(self.calls), ids)
        return [Outcome("", each, "added") for each in ids]

    def settle(self) -> None:
        pass


def stubborn(server: NatsServer, folder: Path, sink: Stubborn, **changes: object) -> Rack:
    return Rack(queue_settings(server, **changes), sink, Inbox(folder / "inbox"))


def test_one_that_breaks_the_unforeseen_is_tried_alone_and_then_buried(
    server: NatsServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_call: int, ids: list[str]) -> None:
        if "pin-00002" in ids:
            raise ValueError("no such thing")

    sink = Stubborn(fail)
    rack = stubborn(server, tmp_path, sink, attempts=2)

    async def run() -> None:
        await publish(rack.settings, "upsert", *(drawn(number) for number in range(4)))
        await rack.until(empty)
        queue = await Queue.connect(rack.settings)
        [(letter, _)] = (await queue_dead.letters(queue)).values()
        await queue.close()
        assert (letter.pin_id, letter.error) == ("pin-00002", "internal-error")
        assert letter.message == "no such thing"
        # On a busy machine the server may hand it out once more while its last try still runs.
        assert 2 <= letter.attempts <= 3

    asyncio.run(run())
    assert rack.metrics.tally["added"] == 3
    assert rack.metrics.tally["dead"] == 1
    assert "no such thing" in caplog.text


def test_a_full_store_pauses_intake_and_costs_no_pin(
    server: NatsServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(call: int, _ids: list[str]) -> None:
        if call <= 2:
            raise StoreFull("free some room")

    sink = Stubborn(fail)
    # The pause is longer than the wait for acknowledgement: the messages in hand are kept.
    rack = stubborn(server, tmp_path, sink, ack_wait_s=1, attempts=1)

    async def run() -> None:
        await publish(rack.settings, "upsert", *(drawn(number) for number in range(3)))
        await rack.until(empty)

    asyncio.run(run())
    assert rack.metrics.tally["added"] == 3
    assert rack.metrics.tally["redelivered"] == 0
    assert "free some room" in caplog.text


def test_a_stop_gives_back_what_is_not_done(server: NatsServer, tmp_path: Path) -> None:
    def fail(_call: int, _ids: list[str]) -> None:
        raise StoreFull("free some room")

    rack = stubborn(server, tmp_path, Stubborn(fail), ack_wait_s=60)
    sink = rack.sink
    assert isinstance(sink, Stubborn)

    async def called(_: Queue) -> bool:
        return bool(sink.calls)

    async def run() -> None:
        await publish(rack.settings, "upsert", *(drawn(number) for number in range(3)))
        await rack.until(called)
        # Nothing was acknowledged, and the next worker need not wait for a minute.
        rack.sink = Stubborn(lambda *_: None)
        await rack.until(empty)

    asyncio.run(run())
    assert rack.metrics.tally["added"] == 3


def test_what_killed_every_worker_gets_one_more_round_and_is_then_buried(
    server: NatsServer, tmp_path: Path
) -> None:
    sequences: list[int | None] = []

    class Reading(Stubborn):
        def take(self, items: Sequence[Change | BadLine]) -> list[Outcome]:
            sequences.extend(each.sequence for each in items if isinstance(each, Arrival))
            return super().take(items)

    rack = stubborn(server, tmp_path, Reading(lambda *_: None), ack_wait_s=1, max_deliver=2)

    async def run() -> None:
        queue = await Queue.connect(rack.settings)
        await queue.publish("upsert", drawn(5))
        await queue.send("upsert", encoded(drawn(6)), {AGAIN: "1", SEQUENCE: "1"})
        source = await queue.js.pull_subscribe_bind(DURABLE, queue.stream)
        for _ in range(2):  # as workers do that die over them
            given = 0
            while given < 2:
                given += len(await source.fetch(2 - given, timeout=10))
        await rack.until(empty)
        [(letter, _)] = (await queue_dead.letters(queue)).values()
        assert (letter.pin_id, letter.stage, letter.attempts) == ("pin-00006", "deliver", 4)
        assert (letter.value, letter.sequence) == (drawn(6), 1)
        await queue.close()

    asyncio.run(run())
    # The other was taken in the end, and is no newer than it was.
    assert (rack.metrics.tally["added"], rack.metrics.tally["dead"]) == (1, 1)
    assert sequences == [1]


def test_the_stream_refuses_rather_than_forgets(server: NatsServer) -> None:
    settings = queue_settings(server, max_bytes=1024 * 1024)

    async def run() -> None:
        queue = await Queue.connect(settings)
        bulky = {"id": "a", "image": "x" * 300_000}
        for _ in range(3):
            await queue.publish("upsert", bulky)
        with pytest.raises(QueueUnreachable, match="maximum bytes"):
            await queue.publish("upsert", bulky)
        assert (await queue.backlog()).messages == 3
        info = (await queue.js.consumer_info("PINS", DURABLE)).config
        assert (info.max_deliver, info.max_ack_pending, info.ack_wait) == (50, 512, 2)
        await queue.close()

    asyncio.run(run())


def test_an_unreachable_queue_is_told_without_its_password() -> None:
    settings = QueueSettings(url="nats://me:s3cret@127.0.0.1:9")
    with pytest.raises(QueueUnreachable, match=r"nats://127\.0\.0\.1:9") as caught:
        asyncio.run(Queue.connect(settings))
    assert "s3cret" not in str(caught.value)


def test_a_host_that_is_away_is_tried_again(server: NatsServer, tmp_path: Path) -> None:
    class Late(Stubborn):
        def take(self, items: Sequence[Change | BadLine]) -> list[Outcome]:
            first = not self.calls
            out = super().take(items)
            away = HostUnavailable("away")
            return [Outcome("", each.pin_id, "rejected", away) if first else each for each in out]

    rack = stubborn(server, tmp_path, Late(lambda *_: None))

    async def run() -> None:
        await publish(rack.settings, "upsert", drawn(1))
        await rack.until(empty)

    asyncio.run(run())
    assert (rack.metrics.tally["added"], rack.metrics.tally["failed"]) == (1, 1)
    assert rack.metrics.tally["dead"] == 0
