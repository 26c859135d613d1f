"""The service in front of a queue: pins are accepted, their status is told, a worker takes them."""

import asyncio
import base64
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.ingestion.inbox import INBOX_NAME
from engine.ingestion.metrics import Metrics
from engine.ingestion.worker_queue import QueueWorker
from engine.working import WorkspaceSink, inbox
from engine.workspace import Workspace, collection_folder
from tests.ingestion.nats_server import NatsServer, nats_server, queue_settings
from tests.serving.conftest import PINS, client_of, fill, pin_body, problem

WAIT_S = 30


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with nats_server(tmp_path / "nats") as running:
        yield running


@contextmanager
def working(desk: Workspace, server: NatsServer) -> Iterator[None]:
    """Run a worker in a thread while the block runs."""
    loop, stop, metrics = asyncio.new_event_loop(), asyncio.Event(), Metrics()
    sink = WorkspaceSink(desk, metrics)
    worker = QueueWorker(queue_settings(server), sink, inbox(desk.settings), metrics)
    thread = threading.Thread(target=loop.run_until_complete, args=(worker.run(stop),))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(WAIT_S)
        loop.close()


def test_pins_go_through_the_queue_and_their_status_is_told(
    desk: Workspace, server: NatsServer
) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (700, 700, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    large = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    broken = {"id": "broken", "image": "data:image/png;base64,AAAA"}
    bodies = [pin_body(PINS[0]), {"id": "a/b"}, {"id": "large", "image": large}, broken]
    waiting = collection_folder(desk.settings) / INBOX_NAME
    with client_of(desk, queue=queue_settings(server)) as client:
        answer = client.post("/v1/pins", json=bodies)
        assert answer.status_code == 202, answer.text
        body = answer.json()
        assert answer.headers["location"] == body["status"]
        queued = ["queued", "rejected", "queued", "queued"]
        assert [each["status"] for each in body["results"]] == queued
        assert body["queued"] == 3
        told = client.get(body["status"]).json()
        assert [each["status"] for each in told["results"]] == queued
        # A picture that is too large for a message waits beside the collection.
        assert [file.read_bytes() for file in waiting.iterdir()] == [buffer.getvalue()]
        with working(desk, server):
            done = ["added", "rejected", "added", "rejected"]
            for _ in range(WAIT_S * 10):
                told = client.get(body["status"]).json()
                if [each["status"] for each in told["results"]] == done:
                    break
                threading.Event().wait(0.1)
        assert [each["status"] for each in told["results"]] == done
        assert "reason" in told["results"][3]
        assert set(desk.collection.get(["dress-001", "large"])) == {"dress-001", "large"}
        assert list(waiting.iterdir()) == []
        problem(client.get("/v1/submissions/AAAAAAAAAAAAAAAA"), 404, "not-found")
        # Whoever prefers to wait does, and whoever sends one pin has it written.
        at_once = client.post("/v1/pins", json=[pin_body(PINS[1])], headers={"Prefer": "wait=120"})
        assert at_once.json()["results"][0]["status"] == "added"


def test_the_service_counts_its_requests(desk: Workspace) -> None:
    with client_of(desk) as client:
        fill(client)
        client.get("/v1/pins/dress-001")
        client.get("/v1/pins/nobody")
        client.get("/nowhere/at/all")
        told = client.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    lines = told.text.splitlines()
    assert f"engine_pins {len(PINS)}.0" in lines
    route = [line for line in lines if line.startswith("engine_http_requests_total")]
    assert any('method="POST"' in line and 'status="200"' in line for line in route)
    assert any('route="/v1/pins/{id}",status="404"' in line for line in route)
    assert not any("nobody" in line or "nowhere" in line for line in route)


def test_a_pin_is_patched(client: object, desk: Workspace) -> None:
    with client_of(desk) as http:
        changed = http.patch("/v1/pins/dress-001", json={"price": None, "description": "teal"})
        assert changed.status_code == 200, changed.text
        assert changed.json()["description"] == "teal"
        assert "price" not in changed.json()
        assert changed.json()["board_title"] == "Summer dresses"
        problem(http.patch("/v1/pins/nobody", json={}), 404, "unknown-pin")
        problem(http.patch("/v1/pins/dress-001", json={"id": "other"}), 400, "bad-pin")
        problem(http.patch("/v1/pins/dress-001", json=[]), 422, "invalid-request")
