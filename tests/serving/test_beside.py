"""`engine serve` that takes pins in by itself: from a folder, or from a queue."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.ingestion.nats_server import NatsServer, nats_server
from tests.serving.conftest import inline, picture
from tests.serving.process import WAIT_S, command, served


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    with nats_server(tmp_path / "nats") as running:
        yield running


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def pins(http: httpx2.Client) -> int:
    count: int = http.get("/v1/info").json()["pins"]
    return count


def test_a_watched_folder_is_taken_into_the_service(tmp_path: Path) -> None:
    folder = tmp_path / "pins"
    folder.mkdir()
    (folder / "red.png").write_bytes(picture("red"))
    with (
        served(tmp_path / "data", "--allow-write", "--watch", str(folder)) as server,
        httpx2.Client(base_url=server.address) as http,
    ):
        until(lambda: pins(http) == 1)
        (folder / "late.png").write_bytes(picture("blue"))
        (folder / "broken.png").write_bytes(b"no picture")
        assert http.put("/v1/pins/own", json={"image": inline(picture("green"))}).status_code == 201
        until(lambda: pins(http) == 3)
        found = http.post("/v1/search", json={"image": inline(picture("blue"))}).json()
        assert found["hits"][0]["id"] == "late.png"
        until(lambda: 'engine_worker_pins_total{status="rejected"} 1.0' in metrics(http))
        assert "engine_pins" in metrics(http)
        code, errors = server.stop(signal.SIGTERM)
    assert code == 0
    assert "broken.png" in errors
    assert "Traceback" not in errors
    letters = (tmp_path / "data/collections/pins/dead.jsonl").read_text().splitlines()
    assert [json.loads(line)["pin_id"] for line in letters] == ["broken.png"]


def metrics(http: httpx2.Client) -> str:
    return http.get("/metrics").text


def test_what_is_posted_goes_through_the_queue_into_the_same_process(
    tmp_path: Path, nats: NatsServer
) -> None:
    with (
        served(
            tmp_path / "data", "--allow-write", "--nats", nats.url, ENGINE_QUEUE__ACK_WAIT_S="2"
        ) as server,
        httpx2.Client(base_url=server.address) as http,
    ):
        body = [{"id": "a", "image": inline(picture("red"))}, {"id": "b", "image": "x.png"}]
        answer = http.post("/v1/pins", json=body)
        assert answer.status_code == 202
        status = answer.json()["status"]

        def settled() -> bool:
            results = http.get(status).json()["results"]
            return [each["status"] for each in results] == ["added", "rejected"]

        until(settled)
        assert http.get("/v1/pins/a").status_code == 200
        assert server.stop(signal.SIGTERM) == (0, "")


def test_a_stop_in_the_middle_loses_nothing(tmp_path: Path, nats: NatsServer) -> None:
    body = [
        {"id": f"p{number}", "image": inline(picture("red", size=8 + number % 40))}
        for number in range(400)
    ]
    for number in (signal.SIGTERM, signal.SIGKILL):
        with (
            served(
                tmp_path / "data", "--allow-write", "--nats", nats.url, ENGINE_QUEUE__ACK_WAIT_S="2"
            ) as server,
            httpx2.Client(base_url=server.address) as http,
        ):
            if body:
                assert http.post("/v1/pins", json=body, timeout=WAIT_S).status_code == 202
                body = []
            until(lambda: pins(http) > 0)
            code, errors = server.stop(number)
        assert code == (0 if number != signal.SIGKILL else -signal.SIGKILL), errors
    with (
        served(
            tmp_path / "data", "--allow-write", "--nats", nats.url, ENGINE_QUEUE__ACK_WAIT_S="2"
        ) as server,
        httpx2.Client(base_url=server.address) as http,
    ):
        until(lambda: pins(http) == 400)


def test_a_queue_that_is_away_is_one_clear_line(tmp_path: Path) -> None:
    with command(tmp_path, "--nats", "nats://127.0.0.1:1") as process:
        _, errors = process.communicate(timeout=WAIT_S)
    assert process.returncode == 1
    assert errors.startswith("engine: the queue at nats://127.0.0.1:1 can't be used")
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize(
    "words", [("--watch", "nowhere"), ("--watch", ".", "--nats", "nats://127.0.0.1:1")]
)
def test_bad_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    with command(tmp_path, *words) as process:
        _, errors = process.communicate(timeout=WAIT_S)
    assert process.returncode == 2
    assert len(errors.splitlines()) == 1
