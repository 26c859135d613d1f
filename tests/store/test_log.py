"""What a flush promises: writes outlast a power cut, and nobody else waits for the disk."""

import errno
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import StoreError
from engine.queries import Filter
from engine.store import disk, flushing, graph_building, live_shard, shard_folder
from engine.store.edge import EdgeCollection
from engine.store.live_shard import LOG_NAME, LiveShard
from engine.store.records import Record
from engine.store.shard_folder import SHARD_NAME, copy_shard, live_folder, load_shard
from tests.store.shards import open_, wait_until

MakeRecord = Callable[..., Record]
PAGE = 4_096


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EdgeCollection]:
    """Return a collection that is flushed wholly, and not again by itself."""
    monkeypatch.setattr(flushing, "IDLE_S", 1_000.0)
    with closing(open_(tmp_path / "pins")) as made:
        made._live.flush()
        yield made


@pytest.mark.parametrize(("share", "graph"), [(0.0, False), (0.5, False), (0.5, True)])
def test_a_power_cut_takes_nothing_that_was_flushed(
    collection: EdgeCollection,
    tmp_path: Path,
    make_record: MakeRecord,
    share: float,
    graph: bool,
) -> None:
    """Of all that was not synced, any page may be on disk or not, whenever it was written."""
    shard, before = tmp_path / "pins" / SHARD_NAME, tmp_path / "before"
    collection.upsert([make_record(f"p{n}", "old words", seed=n) for n in range(300)])
    if graph:
        collection.optimize()
    collection._live.flush()
    copy_shard(shard, before)
    for start in range(200, 400, 20):
        new = [make_record(f"p{n}", "new", seed=n + 500) for n in range(start, start + 20)]
        collection.upsert(new)
    collection.delete([f"p{n}" for n in (*range(50, 90), *range(250, 270))])
    collection.flush()

    folder = tmp_path / "saved"
    folder.mkdir()
    copy_shard(shard, folder / SHARD_NAME)
    (folder / "collection.json").write_text((tmp_path / "pins" / "collection.json").read_text())
    assert _lose(before, folder / SHARD_NAME, share, np.random.default_rng(7)) > 0
    with closing(open_(folder)) as saved:
        assert _all(saved) == _all(collection)
        assert saved.count() == 340
        for word in ("old", "words", "new"):
            assert saved.frequency(word, 340) == collection.frequency(word, 340) > 0
        wanted = Filter(fields={"board_title": ("",)})
        assert saved.count(wanted) == collection.count(wanted)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_power_cut_after_a_switch_takes_nothing_that_was_carried_over(
    collection: EdgeCollection,
    tmp_path: Path,
    make_record: MakeRecord,
    monkeypatch: pytest.MonkeyPatch,
    share: float,
) -> None:
    """Of the new shard, what the child left is on disk, and the log."""
    built, more = tmp_path / "built", [make_record(f"p{n}", "new", seed=n) for n in range(50, 90)]

    def load(place: Path) -> Any:
        copy_shard(place, built)
        collection.upsert(more)
        assert collection.delete(["p3", "p60"]) == 2
        return load_shard(place)

    monkeypatch.setattr(graph_building, "load_shard", load)
    collection.upsert([make_record(f"p{n}", "old words", seed=n) for n in range(60)])
    collection.start_optimizing(60)
    collection.finish_optimizing()
    folder, place = tmp_path / "saved", live_folder(tmp_path / "pins")
    assert place.name != SHARD_NAME
    assert collection._live.unflushed == 41
    folder.mkdir()
    copy_shard(place, folder / SHARD_NAME)
    (folder / "collection.json").write_text((tmp_path / "pins" / "collection.json").read_text())
    assert _lose(built, folder / SHARD_NAME, share, np.random.default_rng(7)) > 0
    with closing(open_(folder)) as saved:
        assert _all(saved) == _all(collection)
        assert saved.count() == 88
        for word in ("old", "words", "new"):
            assert saved.frequency(word, 88) == collection.frequency(word, 88) > 0


def _lose(before: Path, after: Path, share: float, rng: np.random.Generator) -> int:
    """Bring back pages of an earlier state but in the log; return how many.

    share: of the changed pages, those that stay.
    """
    lost = 0
    for path in sorted(after.rglob("*")):
        old = before / path.relative_to(after)
        if path.is_dir() or path.parent.name == LOG_NAME:
            continue
        assert old.stat().st_size == path.stat().st_size, "a file that grew is no use here"
        was, is_ = _pages(old), _pages(path)
        empty = bytes(PAGE)
        for place in sorted(was.keys() | is_.keys()):
            page = was.get(place, empty)
            if page != is_.get(place, empty) and rng.random() >= share:
                with path.open("r+b") as file:
                    file.seek(place)
                    file.write(page[: path.stat().st_size - place])
                lost += 1
    return lost


def _pages(path: Path) -> dict[int, bytes]:
    """Return the pages of a file by their places, without the holes."""
    found: dict[int, bytes] = {}
    with path.open("rb") as file:
        size, at = path.stat().st_size, 0
        while at < size:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                break
            end = os.lseek(file.fileno(), at, os.SEEK_HOLE)
            for place in range(at, end, PAGE):
                file.seek(place)
                found[place] = file.read(PAGE).ljust(PAGE, b"\0")
            at = end
    return found


def _all(collection: EdgeCollection) -> list[str]:
    return [repr(each) for page in collection.records() for each in page]


class Disk:
    """A log whose syncs wait until they may go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = 0
        self.free = threading.Event()
        monkeypatch.setattr(live_shard, "sync_files", self._sync)

    def _sync(self, _: Path) -> None:
        self.begun += 1
        assert self.free.wait(30)


def started(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_searches_and_writes_go_on_while_the_disk_is_slow(
    collection: EdgeCollection, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    collection.upsert([make_record("a", seed=1)])
    flush = started(collection.flush)
    wait_until(lambda: disk.begun == 1)
    done: list[object] = []

    def others() -> None:
        collection.upsert([make_record("b", seed=2)])
        done.extend([collection.count(), len(collection.facts(["a", "b"])), len(_all(collection))])

    started(others).join(30)
    assert done == [2, 2, 2]
    assert flush.is_alive()
    disk.free.set()
    flush.join()
    # What was written during a sync may not have been in it.
    collection.flush()
    assert disk.begun == 2
    collection.flush()
    assert disk.begun == 2


def test_who_waits_for_the_disk_waits_for_one_sync_together(
    collection: EdgeCollection, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    written: list[str] = []

    def write(name: str) -> None:
        collection.upsert([make_record(name)])
        written.append(name)
        collection.flush()

    threads = [started(lambda: write("first"))]
    wait_until(lambda: disk.begun == 1)
    threads += [started(lambda name=f"p{n}": write(name)) for n in range(8)]  # type: ignore[misc]
    wait_until(lambda: len(written) == 9)
    disk.free.set()
    for each in threads:
        each.join()
    assert disk.begun == 2


def test_a_write_that_is_going_on_is_left_to_the_next_sync(
    collection: EdgeCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    disk.free.set()
    with collection._live.writing(["a"]):
        collection.flush()
    before = disk.begun
    collection.flush()
    assert disk.begun == before + 1


def test_all_of_the_log_is_synced_also_what_a_killed_process_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flushing.Flushing, "ask", lambda _: None)
    synced: set[str] = set()
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.add(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real(descriptor)

    with closing(open_(tmp_path)) as collection:
        names = {each.name for each in (tmp_path / SHARD_NAME / LOG_NAME).iterdir()}
        monkeypatch.setattr(os, "fsync", fsync)
        collection.flush()
        assert synced == {LOG_NAME, *names}


def test_edge_may_rename_its_log_meanwhile(
    collection: EdgeCollection, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, gone = disk.sync_files, [FileNotFoundError(errno.ENOENT, "gone")]

    def sync(folder: Path) -> None:
        if gone:
            raise gone.pop()
        real(folder)

    monkeypatch.setattr(live_shard, "sync_files", sync)
    collection.upsert([make_record("a")])
    collection.flush()
    assert gone == []
    gone += [FileNotFoundError(errno.ENOENT, "gone")] * shard_folder.ATTEMPTS
    collection.upsert([make_record("a")])
    with pytest.raises(StoreError):
        collection.flush()


def test_a_sync_that_failed_is_made_good_by_a_whole_flush(
    collection: EdgeCollection, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    collection.upsert([make_record("a")])
    with monkeypatch.context() as patched:
        patched.setattr(live_shard, "sync_files", broken)
        with pytest.raises(StoreError, match="Input/output error"):
            collection.flush()
        assert collection._live.unflushed == 1
        collection.flush()
        assert collection._live.unflushed == 0
    disk = Disk(monkeypatch)
    disk.free.set()
    collection.upsert([make_record("b")])
    collection.flush()
    assert disk.begun == 1


def test_the_shard_is_flushed_when_nobody_uses_it_and_once_its_log_is_long(
    collection: EdgeCollection, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = collection._live
    collection.upsert([make_record("a"), make_record("b")])
    collection.flush()
    assert live.unflushed == 2
    monkeypatch.setattr(flushing, "LONGEST_LOG", 2)
    collection.delete(["a"])
    # The thread waits for its quiet moment already, and long.
    collection._flushing.stop()
    assert live.unflushed == 3
    collection._flushing = flushing.Flushing(live)
    collection.flush()
    wait_until(lambda: live.unflushed == 0)
    collection.upsert([make_record("c")])
    collection._flushing.stop()
    monkeypatch.setattr(flushing, "IDLE_S", 0.01)
    collection._flushing = flushing.Flushing(live)
    collection.flush()
    wait_until(lambda: live.unflushed == 0)


def test_a_flush_that_fails_is_told_and_tried_again(
    collection: EdgeCollection,
    make_record: MakeRecord,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    real, errors = LiveShard.flush, [StoreError("the disk is away")]

    def flush(live: LiveShard) -> None:
        if errors:
            raise errors.pop()
        real(live)

    monkeypatch.setattr(LiveShard, "flush", flush)
    monkeypatch.setattr(flushing, "IDLE_S", 0.0)
    monkeypatch.setattr(flushing, "RETRY_S", 0.01)
    caplog.set_level(logging.WARNING)
    collection.upsert([make_record("a")])
    collection.flush()
    wait_until(lambda: collection._live.unflushed == 0)
    assert "the disk is away" in caplog.text


def test_what_optimize_replaced_is_on_disk(
    collection: EdgeCollection, make_record: MakeRecord
) -> None:
    collection.upsert([make_record(f"p{n}", seed=n) for n in range(20)])
    collection.optimize()
    assert collection._live.unflushed == 0
