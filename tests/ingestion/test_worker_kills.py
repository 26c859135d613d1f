"""Nothing is lost and nothing is there twice, whoever is killed: workers, and the server too."""

import asyncio
import json
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.access import reach
from engine.ingestion.arrivals import Arrivals
from engine.ingestion.queue import Backlog, Queue, QueueUnreachable
from engine.ingestion.queue_dead import letters
from engine.settings import load_settings
from engine.store.records import Record
from engine.workspace import open_workspace
from tests.ingestion.conftest import drawn
from tests.ingestion.nats_server import NatsServer, queue_settings
from tests.ingestion.worker_process import Worker

WAIT_S = 120.0


def records(data: Path) -> dict[str, Record]:
    """Return all that a collection holds, by pin; fail when a pin is there twice."""
    found: dict[str, Record] = {}
    with open_workspace(load_settings(data=data)) as workspace:
        for page in workspace.collection.records():
            for record in page:
                assert record.pin.id not in found
                found[record.pin.id] = record
        assert workspace.collection.count() == len(found)
    return found


def built_in_one_go(data: Path, pins: list[dict[str, Any]]) -> dict[str, Record]:
    """Return the records of a collection that `engine index` filled."""
    file = data.parent / "pins.jsonl"
    file.write_text("".join(json.dumps(pin) + "\n" for pin in pins))
    with reach(load_settings(data=data), create=True) as access:
        assert {each.status for each in access.index(Arrivals(file))} == {"added"}
    return records(data)


def equal(found: dict[str, Record], wanted: dict[str, Record]) -> None:
    """Check that two collections hold the same: everything but the order of arrival."""
    assert found.keys() == wanted.keys()
    for name, record in found.items():
        other = wanted[name]
        for part in ("pin", "description_terms", "board_terms", "image_sha256", "image_key"):
            assert getattr(record, part) == getattr(other, part), (name, part)
        assert (record.dhash, record.digest) == (other.dhash, other.digest)
        np.testing.assert_allclose(record.vector, other.vector, atol=1e-5)


async def publish(queue: Queue, pins: list[dict[str, Any]]) -> None:
    """Publish as a careful client does: once more, under the same id, when no answer came."""
    for pin in pins:
        while True:
            try:
                await queue.publish("upsert", pin, message_id=pin["id"])
                break
            except QueueUnreachable:
                await asyncio.sleep(0.2)


async def drained(queue: Queue) -> Backlog:
    """Wait until nothing is left in the queue."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                backlog = await queue.backlog()
            except QueueUnreachable:
                await asyncio.sleep(0.2)
                continue
            if not backlog.messages:
                return backlog
            await asyncio.sleep(0.1)


def stormy(
    server: NatsServer,
    data: Path,
    pins: list[dict[str, Any]],
    kills: int,
    batch: int,
    chance: random.Random,
) -> None:
    """Publish pins while workers are killed one after the other, and once the server."""
    words = ("--nats", server.url)
    quick = {"ENGINE_QUEUE__ACK_WAIT_S": "2", "ENGINE_QUEUE__BATCH": str(batch)}

    async def run() -> None:
        queue = await Queue.connect(queue_settings(server))
        publishing = asyncio.create_task(publish(queue, pins))
        worker = Worker(data, *words, **quick)
        outage = chance.randrange(kills) if kills > 1 else -1
        try:
            for turn in range(kills):
                await asyncio.to_thread(worker.ready)
                await asyncio.sleep(chance.uniform(0.05, 1.0))
                if turn == outage:
                    await asyncio.to_thread(server.stop, signal.SIGKILL)
                    await asyncio.to_thread(server.start)
                await asyncio.to_thread(worker.end, signal.SIGKILL)
                worker = Worker(data, *words, **quick)
            await asyncio.to_thread(worker.ready)
            await publishing
            await drained(queue)
            assert [each.message for each, _ in (await letters(queue)).values()] == []
            status, _, _ = await asyncio.to_thread(worker.end, signal.SIGTERM)
            assert status == 0
        finally:
            publishing.cancel()
            worker.close()
            await queue.close()

    asyncio.run(run())


# Large batches where there is much to do: each waits for the disk once.
@pytest.mark.parametrize(
    ("count", "kills", "batch", "seed"), [(300, 2, 64, 3), (5_000, 10, 256, 7)]
)
def test_killed_workers_lose_nothing(
    server: NatsServer, tmp_path: Path, tiny: None, count: int, kills: int, batch: int, seed: int
) -> None:
    pins = [drawn(number) for number in range(count)]
    with ThreadPoolExecutor(1) as meanwhile:
        whole = meanwhile.submit(built_in_one_go, tmp_path / "whole", pins)
        stormy(server, tmp_path / "data", pins, kills, batch, random.Random(seed))
        found = records(tmp_path / "data")
        assert len(found) == count
        equal(found, whole.result())


def test_a_stopped_worker_leaves_nothing_half_done(
    server: NatsServer, tmp_path: Path, tiny: None
) -> None:
    pins = [drawn(number) for number in range(600)]
    data = tmp_path / "data"

    async def run() -> int:
        queue = await Queue.connect(queue_settings(server, ack_wait_s=300))
        await publish(queue, pins)
        # So long a wait that only messages which were given back come again in time.
        worker = Worker(data, "--nats", server.url, "--json", ENGINE_QUEUE__ACK_WAIT_S="300")
        try:
            await asyncio.to_thread(worker.ready)
            async with asyncio.timeout(WAIT_S):
                while (await queue.backlog()).messages == len(pins):
                    await asyncio.sleep(0.01)
            begun = time.monotonic()
            status, out, err = await asyncio.to_thread(worker.end, signal.SIGTERM)
            assert (status, err) == (0, "")
            assert time.monotonic() - begun < 10
            left = await queue.backlog()
            done = json.loads(out)
            assert done["added"] == len(pins) - left.messages
            assert set(done["stages"]) >= {"take", "encode", "write", "flush", "settle"}
            return left.messages
        finally:
            worker.close()
            await queue.close()

    left = asyncio.run(run())
    # What is acknowledged is there, and it is all that is there.
    assert len(records(data)) == len(pins) - left

    async def rest() -> None:
        queue = await Queue.connect(queue_settings(server, ack_wait_s=300))
        worker = Worker(data, "--nats", server.url, ENGINE_QUEUE__ACK_WAIT_S="300")
        try:
            await drained(queue)
            assert (await asyncio.to_thread(worker.end, signal.SIGTERM))[0] == 0
        finally:
            worker.close()
            await queue.close()

    asyncio.run(rest())
    assert len(records(data)) == len(pins)
