"""A worker on a disk that fills up or turns read-only: it says so, and nothing is lost or torn."""

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.errors import StoreError, StoreFull
from engine.ingestion.arrivals import Arrival
from engine.ingestion.dead import DeadFile
from engine.ingestion.metrics import Metrics
from engine.ingestion.watch import WatchedFolder
from engine.ingestion.worker_watch import FolderWorker
from engine.pins import pin_from_json
from engine.settings import load_settings
from engine.working import WorkspaceSink
from engine.workspace import Workspace, open_workspace
from tests.ingestion.conftest import drawn
from tests.ingestion.small_disk import MIB, SmallDisk, small_disk
from tests.ingestion.test_worker_kills import built_in_one_go, equal, records
from tests.ingestion.test_worker_watch import lines, picture, until
from tests.ingestion.worker_process import Worker
from tests.tiny_encoder import TinyEncoder

RESERVE = 64 * MIB
FIRST, ALL = range(60), range(150)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path, 300) as mounted:
        yield mounted


def started(disk: SmallDisk, watched: Path) -> tuple[Worker, str]:
    """Return a worker on the disk that is ready, and where its figures are."""
    watched.mkdir(exist_ok=True)
    reserve = {"ENGINE_STORE__MIN_FREE_BYTES": str(RESERVE)}
    words = ("--watch", str(watched), "--metrics-port", "0", "--json")
    worker = Worker(disk.place / "data", *words, **reserve)
    return worker, worker.ready().split("metrics on ")[1].strip()


def at_work(disk: SmallDisk, watched: Path) -> tuple[Worker, str]:
    """Return a worker that has taken the first pins, and where its figures are."""
    worker, address = started(disk, watched)
    try:
        lines(watched / "first.jsonl", *map(drawn, FIRST))
        until(lambda: figure(address, ADDED) == len(FIRST))
    except BaseException:
        worker.close()
        raise
    return worker, address


def figure(address: str, name: str) -> float:
    for line in httpx.get(address, trust_env=False).text.splitlines():
        if line.startswith(f"{name} "):
            return float(line.split()[1])
    return 0.0


def kept(disk: SmallDisk) -> int:
    return len(list((disk.place / "data").rglob("images/*/*")))


ADDED = 'engine_worker_pins_total{status="added"}'


def test_a_full_disk_stops_intake_until_there_is_room(
    disk: SmallDisk, tmp_path: Path, tiny: None
) -> None:
    watched = tmp_path / "watched"
    worker, address = at_work(disk, watched)
    try:
        pictures = kept(disk)
        disk.fill(leave=RESERVE - 4 * MIB)
        lines(watched / "second.jsonl", *map(drawn, ALL))
        # It may tell first that the index stays as it is.
        while "intake pauses for 1 s: the disk of" not in (said := worker.says()):
            assert "the index stays as it is" in said
        assert "MiB free and 64 are kept in reserve: free some room" in said
        assert figure(address, "engine_worker_paused") == 1
        # Not even a picture of the batch that waits was written.
        assert (figure(address, ADDED), kept(disk)) == (len(FIRST), pictures)
        disk.empty()
        until(lambda: figure(address, ADDED) == len(ALL))
        assert figure(address, "engine_worker_paused") == 0
        status, out, _ = worker.end(signal.SIGTERM)
        assert status == 0
        assert json.loads(out)["added"] == len(ALL)
        equal(records(disk.place / "data"), built_in_one_go(tmp_path / "x", [*map(drawn, ALL)]))
    finally:
        worker.close()


def test_a_worker_stops_on_a_disk_that_turns_read_only(
    disk: SmallDisk, tmp_path: Path, tiny: None
) -> None:
    watched = tmp_path / "watched"
    worker, address = at_work(disk, watched)
    try:
        disk.break_down()
        lines(watched / "second.jsonl", *map(drawn, ALL))
        status, _, err = worker.ended()
        assert status == 1
        assert "read-only: mount it for writing and start again" in err
        assert err.count("\n") == 1
        # The disk is mended: nothing that was written before is lost, and the rest is taken.
        disk.unmount()
        disk.mount()
        before = records(disk.place / "data")
        assert {each["id"] for each in map(drawn, FIRST)} <= before.keys()
        worker, address = started(disk, watched)
        until(lambda: figure(address, ADDED) == len(ALL) - len(before))
        assert worker.end(signal.SIGTERM)[0] == 0
        equal(records(disk.place / "data"), built_in_one_go(tmp_path / "x", [*map(drawn, ALL)]))
    finally:
        worker.close()


def test_a_disk_that_is_read_only_from_the_start(
    disk: SmallDisk, tmp_path: Path, tiny: None
) -> None:
    settings = load_settings(data=disk.place / "data")
    with open_workspace(settings, create=True):
        pass
    disk.unmount()
    disk.mount("ro")
    refused = pytest.raises(StoreError, match=r"read-only: mount it.*ENGINE_DATA")
    with refused, open_workspace(settings, create=True):
        pass
    other = load_settings(data=disk.place / "other")
    with refused, open_workspace(other, create=True):
        pass


def test_no_work_is_begun_on_a_disk_below_its_reserve(tmp_path: Path, tiny: None) -> None:
    settings = load_settings(data=tmp_path / "data")
    with open_workspace(settings, create=True) as workspace:
        sink = WorkspaceSink(workspace, Metrics())
    scarce = load_settings(data=tmp_path / "data", store={"min_free_bytes": 2**60})
    with open_workspace(scarce) as workspace:
        sink = WorkspaceSink(workspace, Metrics())
        pin, _ = pin_from_json(drawn(1))
        with pytest.raises(StoreFull, match="nothing of this batch was written"):
            sink.take([Arrival(pin, None, "x")])
        with pytest.raises(StoreFull):
            sink.settle()
        encoder = workspace.encoder
        assert isinstance(encoder, TinyEncoder)
        assert encoder.images_seen == 0
        assert not workspace.images.folder.exists()


def test_a_graph_that_finds_no_room_does_not_end_the_worker(
    workspace: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched = tmp_path / "watched"
    picture(watched / "a.png", "red")
    stop = threading.Event()

    class Cramped(WorkspaceSink):
        settled = 0

        def settle(self) -> None:
            self.settled += 1
            if self.settled == 1:
                picture(watched / "b.png", "blue")
                raise StoreFull("free some room")
            stop.set()

    metrics = Metrics()
    sink: Any = Cramped(workspace, metrics)
    dead = DeadFile(tmp_path / "dead.jsonl")
    FolderWorker(WatchedFolder(watched, quiet_s=0.0), sink, dead, metrics).run(stop)
    assert workspace.collection.count() == 2
    assert "until pins arrive again: free some room" in caplog.text
