"""`engine serve`, `engine worker` and `engine index` while a search graph is built beside them."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import numpy as np
import pytest
from PIL import Image

from engine.features.text import Analyzer
from engine.pins import Pin
from engine.settings import load_settings
from engine.store.edge import EdgeCollection
from engine.store.records import Record
from engine.store.shard_folder import SHARD_NAME, live_folder
from engine.workspace import collection_folder, identity_of
from tests.ingestion.taking_in import opened, uri
from tests.ingestion.worker_process import FreshWorker
from tests.serving.process import served
from tests.tiny_encoder import TinyEncoder

# The fewest that a graph can be asked for.
THRESHOLD = 1_000
# Has the child wait for good before its work, and say who it is.
WAITING = """
import os, sys, time
if any(word.endswith("graph_child.py") for word in sys.orig_argv):
    with open({name!r}, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(1_000)
"""


def records(count: int) -> list[Record]:
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((count, TinyEncoder().dimension)).astype(np.float32)
    return [
        Record(Pin(id=f"p{n}", image="x"), row, "word", "", f"{n:064x}", None, "0" * 16, str(n))
        for n, row in enumerate(vectors)
    ]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder whose collection wants a graph."""
    place = collection_folder(load_settings(data=tmp_path / "data"))
    identity = identity_of(TinyEncoder(), Analyzer("english"))
    with EdgeCollection.open(place, identity, create=True) as collection:
        collection.upsert(records(THRESHOLD))
    return tmp_path / "data"


@pytest.fixture
def waiting(tmp_path: Path) -> Callable[[], int]:
    """Return what waits for the child and names it; PYTHONPATH must lead to this test's folder."""
    told = tmp_path / "child"
    (tmp_path / "sitecustomize.py").write_text(WAITING.format(name=str(told)))

    def child() -> int:
        for _ in range(6_000):
            if told.exists() and (text := told.read_text()):
                return int(text)
            time.sleep(0.01)
        raise AssertionError("no child was started")

    return child


@contextmanager
def ended_and_cleared(data: Path, child: Callable[[], int]) -> Iterator[None]:
    """Within, a process that builds is asked to stop; after that nothing of the build is left."""
    pid = child()
    assert Path(f"/proc/{pid}").exists()
    yield
    assert not Path(f"/proc/{pid}").exists()
    place = collection_folder(load_settings(data=data))
    assert [each.name for each in place.glob(f"{SHARD_NAME}*")] == [SHARD_NAME]


def test_the_service_builds_answers_and_stops(
    tmp_path: Path, data: Path, waiting: Callable[[], int]
) -> None:
    environment = {"ENGINE_STORE__GRAPH_THRESHOLD": str(THRESHOLD), "PYTHONPATH": str(tmp_path)}
    with (
        served(data, "--allow-write", **environment) as server,
        httpx2.Client(base_url=server.address) as http,
        ended_and_cleared(data, waiting),
    ):
        assert "engine_graph_building 1.0" in http.get("/metrics").text
        assert http.put("/v1/pins/new", json={"image": uri("red")}).status_code == 201
        found = http.post("/v1/search", json={"image": uri("red"), "limit": 1}).json()
        assert [hit["id"] for hit in found["hits"]] == ["new"]
        assert server.stop(signal.SIGTERM) == (0, "")
    with EdgeCollection.open(collection_folder(load_settings(data=data)), None) as collection:
        assert collection.count() == THRESHOLD + 1


def test_an_idle_worker_builds_takes_pins_and_stops(
    tmp_path: Path, data: Path, waiting: Callable[[], int]
) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    Image.new("RGB", (16, 16), "red").save(watched / "a.png")
    environment = {"ENGINE_STORE__GRAPH_THRESHOLD": str(THRESHOLD), "PYTHONPATH": str(tmp_path)}
    worker = FreshWorker(data, "--watch", str(watched), "--json", **environment)
    try:
        worker.ready()
        with ended_and_cleared(data, waiting):
            status, out, err = worker.end(signal.SIGTERM)
        assert (status, err) == (0, "")
        assert json.loads(out)["added"] == 1
    finally:
        worker.close()


def test_settling_asks_for_a_graph_and_waits_if_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as workspace:
        collection, place = workspace.collection, collection_folder(workspace.settings)
        collection.upsert(records(THRESHOLD))
        workspace.settle(wait=True)
        assert live_folder(place) == place / SHARD_NAME  # too few
        stores = workspace.settings.store.model_copy(update={"graph_threshold": THRESHOLD})
        settings = workspace.settings.model_copy(update={"store": stores})
        replace(workspace, settings=settings).settle(wait=True)
        assert live_folder(place) != place / SHARD_NAME
        assert collection.count() == THRESHOLD
