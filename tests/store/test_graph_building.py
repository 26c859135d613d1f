"""The graph is built while the collection is used, and nothing is lost however that ends."""

import errno
import hashlib
import logging
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from engine.pins import Pin
from engine.store import graph_building, graph_child
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.plan import Plan
from engine.store.records import Record, point_id
from engine.store.shard_folder import (
    SHARD_NAME,
    SHARED_FILES,
    copy_shard,
    live_folder,
    load_shard,
    make_live,
)
from tests.store.shards import alive, child_of, digests, open_, shards, wait_until

MakeRecord = Callable[..., Record]
WIDE = Identity("encoder-b", 512, "english-a")
# Edge builds a graph over ten megabytes of vectors or more.
WIDE_PINS = 5_500


class Gate(NamedTuple):
    """Keeps the child from its work until it is opened."""

    path: Path

    def open(self) -> None:
        self.path.touch()


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Have the children of this test wait."""
    path, script = tmp_path / "open", tmp_path / "waiting.py"
    script.write_text(
        "import os, sys, time\n"
        f"while not os.path.exists({str(path)!r}):\n"
        "    time.sleep(0.005)\n"
        f"os.execv(sys.executable, [sys.executable, '-P', {graph_child.__file__!r}, sys.argv[1]])\n"
    )
    monkeypatch.setattr(graph_child, "__file__", str(script))
    return Gate(path)


def same(one: EdgeCollection, other: EdgeCollection) -> None:
    ours = [each for page in one.records() for each in page]
    theirs = [each for page in other.records() for each in page]
    nothing = np.empty(0, np.float32)
    bare = [[replace(each, vector=nothing) for each in side] for side in (ours, theirs)]
    assert [repr(each) for each in bare[0]] == [repr(each) for each in bare[1]]
    np.testing.assert_allclose(
        [each.vector for each in ours], [each.vector for each in theirs], atol=1e-6
    )


@pytest.fixture(scope="module")
def wide() -> list[Record]:
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((WIDE_PINS, WIDE.dimension)).astype(np.float32)
    return [
        Record(
            Pin(id=f"p{row}", image="x.jpg", attributes={"colour": ("red", "blue")[row % 2]}),
            vectors[row],
            f"word{row % 7} all",
            "",
            f"{row:064x}",
            None,
            f"{row:016x}",
            f"{row:064x}",
        )
        for row in range(WIDE_PINS)
    ]


def fill(collection: EdgeCollection, records: list[Record]) -> None:
    for start in range(0, len(records), 1_000):
        collection.upsert(records[start : start + 1_000])


def test_what_was_built_beside_equals_what_is_built_in_place(
    tmp_path: Path, wide: list[Record], gate: Gate
) -> None:
    changed = [replace(each, description_terms="fresh", digest="1" * 64) for each in wide[:300]]
    new = [replace(each, pin=replace(each.pin, id=f"n{each.pin.id}")) for each in wide[:700]]
    gone = [each.pin.id for each in wide[200:900]]
    with closing(open_(tmp_path / "a", WIDE)) as one, closing(open_(tmp_path / "b", WIDE)) as other:
        fill(one, wide)
        fill(other, wide)
        # In a graph Edge counts deleted pins among its words until they are a fifth of it, so the
        # scores are those of a graph that was built when this one's building began.
        other.optimize()
        one.start_optimizing(1_000)
        child_of(one)
        for each in (one, other):
            each.upsert(changed)
            each.upsert(new)
            assert each.delete(gone) == len(gone)
            each.upsert([wide[250]])
        same(one, other)
        gate.open()
        one.finish_optimizing()
        same(one, other)
        assert one.info().indexed >= WIDE_PINS
        assert one.info().building is False
        # Deep enough for all that have the word: none is left out for a tie.
        plan = Plan(("fresh",), wide[5].vector, lexical_depth=400, exact=True)
        mine, theirs = one.candidates(plan), other.candidates(plan)
        assert mine.idf == theirs.idf
        scores, others = (
            dict(
                zip(
                    each.keys,
                    zip(each.cosine.tolist(), each.description.tolist(), strict=True),
                    strict=True,
                )
            )
            for each in (mine, theirs)
        )
        assert len(scores) > 200
        assert scores.keys() == others.keys()
        for key, pair in scores.items():
            assert pair == pytest.approx(others[key], abs=1e-5)
        files = [each for each in live_folder(tmp_path / "a").rglob("*") if each.is_file()]
        before = {each: hashlib.sha256(each.read_bytes()).digest() for each in files}
        one.upsert(wide[1_000:1_500])
        one.delete([each.pin.id for each in wide[1_500:2_500]])
        one.flush()
        copy = tmp_path / "copy"
        copy_shard(live_folder(tmp_path / "a"), copy)
    shared = {each for each in files if each.name in SHARED_FILES}
    # What a copy shares must never be written to, and is most of what there is to copy.
    assert {each.name for each in shared} == SHARED_FILES
    for file in shared:
        assert hashlib.sha256(file.read_bytes()).digest() == before[file]
        twin = copy / file.relative_to(live_folder(tmp_path / "a"))
        assert twin.stat().st_ino == file.stat().st_ino
    linked = {each.name for each in copy.rglob("*") if each.stat().st_nlink > 1 and each.is_file()}
    assert linked == SHARED_FILES
    with closing(open_(tmp_path / "a", WIDE)) as one:
        assert one.info().indexed >= WIDE_PINS
        assert one.get(["p1600"]) == {}


def test_searches_and_writes_go_on_while_the_child_stands_still(
    tmp_path: Path, make_record: MakeRecord, gate: Gate
) -> None:
    with closing(open_(tmp_path / "pins")) as collection:
        collection.upsert([make_record(f"p{n}", "word", seed=n) for n in range(100)])
        collection.start_optimizing(100)
        os.kill(child_of(collection), signal.SIGSTOP)
        collection.start_optimizing(1)  # one at a time
        collection.upsert([make_record("new", "fresh", seed=200)])
        collection.delete(["p3"])
        found: list[str] = []
        searcher = threading.Thread(
            target=lambda: found.extend(
                collection.candidates(Plan(("fresh",), make_record("q", seed=5).vector)).keys
            )
        )
        searcher.start()
        searcher.join(60)
        assert {point_id("new"), point_id("p5")} <= set(found)
        assert point_id("p3") not in found
        assert collection.info().building
        assert len(shards(tmp_path / "pins")) == 2
        gate.open()
        os.kill(child_of(collection), signal.SIGCONT)
        collection.finish_optimizing()
        assert len(shards(tmp_path / "pins")) == 1
        assert set(digests(collection)) == {f"p{n}" for n in range(100) if n != 3} | {"new"}


def test_a_writer_that_never_pauses_loses_nothing(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_building, "FEW", 3)
    stop = threading.Event()
    expected: dict[str, str] = {}
    with closing(open_(tmp_path)) as collection:

        def write() -> None:
            rng = np.random.default_rng(1)
            while not stop.is_set():
                names = [f"p{n}" for n in rng.integers(0, 400, 3)]
                if rng.random() < 0.3:
                    collection.delete(names)
                    for name in names:
                        expected.pop(name, None)
                else:
                    made = [make_record(n, "word", seed=int(rng.integers(9_999))) for n in names]
                    collection.upsert(made)
                    expected.update({each.pin.id: each.digest for each in made})

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(2):
                wait_until(lambda: collection._live.written >= 100)
                collection.start_optimizing(100)
                place = live_folder(tmp_path)
                wait_until(lambda place=place: live_folder(tmp_path) != place)  # type: ignore[misc]
        finally:
            stop.set()
            writer.join()
        collection.finish_optimizing()
        assert digests(collection) == expected
    with closing(open_(tmp_path)) as collection:
        assert digests(collection) == expected


def test_a_child_that_dies_leaves_all_as_it_was_and_is_followed_by_another(
    tmp_path: Path,
    make_record: MakeRecord,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with closing(open_(tmp_path / "pins")) as collection:
        collection.upsert([make_record(f"p{n}", seed=n) for n in range(50)])
        collection.start_optimizing(50)
        os.kill(child_of(collection), signal.SIGKILL)
        collection.finish_optimizing()
        assert "ended by signal 9" in caplog.text
        assert "the next attempt waits 60 s" in caplog.text
        assert shards(tmp_path / "pins") == [tmp_path / "pins" / SHARD_NAME]
        collection.upsert([make_record(f"p{n}", seed=n) for n in range(50, 110)])
        gate.open()
        collection.start_optimizing(50)
        assert not collection.info().building  # not so soon
        later = time.monotonic() + 61
        monkeypatch.setattr(time, "monotonic", lambda: later)
        collection.start_optimizing(50)
        collection.finish_optimizing()
        assert shards(tmp_path / "pins") != [tmp_path / "pins" / SHARD_NAME]
        assert collection.count() == 110


def test_what_the_child_leaves_is_in_memory(
    tmp_path: Path, wide: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the opening reads it bit by bit, and searches wait for as long."""
    cold: list[str] = []
    looked_at: list[str] = []
    load = load_shard

    def looking(place: Path) -> object:
        for each in place.rglob("*"):
            if each.is_file() and each.stat().st_size:
                looked_at.append(each.name)
                cold.extend([each.name] * (not _in_memory(each)))
        return load(place)

    monkeypatch.setattr(graph_building, "load_shard", looking)
    with closing(open_(tmp_path / "a", WIDE)) as collection:
        fill(collection, wide)
        collection.start_optimizing(1_000)
        collection.finish_optimizing()
    assert set(looked_at) >= SHARED_FILES
    assert cold == []


def _in_memory(place: Path) -> bool:
    """Whether the kernel gives a file's first bytes at once, without the disk."""
    with place.open("rb") as file:
        try:
            return os.preadv(file.fileno(), [bytearray(1)], 0, os.RWF_NOWAIT) == 1
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
            return True  # a file system that lies in memory


def test_a_child_says_why_it_failed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    make_record: MakeRecord,
) -> None:
    script = tmp_path / "failing.py"
    script.write_text("raise SystemExit('out of luck')")
    monkeypatch.setattr(graph_child, "__file__", str(script))
    with closing(open_(tmp_path / "pins")) as collection:
        collection.upsert([make_record("a")])
        collection.start_optimizing(1)
        collection.finish_optimizing()
    assert "failed (1): out of luck" in caplog.text


def test_closing_ends_the_child_and_removes_its_copy(
    tmp_path: Path, make_record: MakeRecord, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    collection = open_(tmp_path / "pins")
    collection.upsert([make_record("a")])
    collection.start_optimizing(1)
    child = child_of(collection)
    collection.close()
    assert not alive(child)
    assert shards(tmp_path / "pins") == [tmp_path / "pins" / SHARD_NAME]
    assert not caplog.records
    assert not gate.path.exists()


def test_a_disk_without_room_for_a_copy_goes_without_a_graph(
    tmp_path: Path,
    make_record: MakeRecord,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with closing(open_(tmp_path)) as collection:
        collection.upsert([make_record("a")])
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1))
        collection.start_optimizing(1)
        collection.finish_optimizing()
        assert "too little room for a copy" in caplog.text
        assert shards(tmp_path) == [tmp_path / SHARD_NAME]
        collection.upsert([make_record("b")])
        assert collection.count() == 2


def test_what_counts_is_what_was_written_since_the_last_build(
    tmp_path: Path, make_record: MakeRecord, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "engine.store")

    def built() -> int:
        return sum("graph built" in each.message for each in caplog.records)

    with closing(open_(tmp_path)) as collection:
        pins = [make_record(f"p{n}", seed=n) for n in range(60)]
        collection.upsert(pins)
        for outside, builds in ((61, 0), (60, 1), (60, 1)):
            collection.start_optimizing(outside)
            collection.finish_optimizing()
            assert built() == builds
        # Too few for a graph, they stay outside, which is no reason to try again and again; but
        # what replaces others counts.
        collection.upsert(pins)
        collection.start_optimizing(60)
        collection.finish_optimizing()
        assert built() == 2


def test_a_large_collection_waits_for_a_share_of_it(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_building, "SHARE", 4)
    with closing(open_(tmp_path)) as collection:
        collection.upsert([make_record(f"p{n}", seed=n) for n in range(60)])
        collection.start_optimizing(10)
        collection.finish_optimizing()
        first = live_folder(tmp_path)
        assert first.name != SHARD_NAME
        collection.upsert([make_record(f"n{n}", seed=n) for n in range(18)])
        collection.start_optimizing(10)
        collection.finish_optimizing()
        assert live_folder(tmp_path) == first
        collection.upsert([make_record(f"m{n}", seed=n) for n in range(2)])
        collection.start_optimizing(10)
        collection.finish_optimizing()
        assert live_folder(tmp_path) != first


def test_pins_that_gather_during_a_build_get_one_of_their_own(
    tmp_path: Path, make_record: MakeRecord, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "engine.store")
    with closing(open_(tmp_path / "pins")) as collection:
        collection.upsert([make_record(f"p{n}", seed=n) for n in range(60)])
        collection.start_optimizing(60)
        child_of(collection)
        collection.upsert([make_record(f"n{n}", seed=n) for n in range(60)])
        gate.open()
        collection.finish_optimizing()
        assert collection.count() == 120
    assert sum("graph built" in each.message for each in caplog.records) == 2


def test_a_switch_whose_last_flush_fails_is_made_all_the_same(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:

    def failing(folder: Path, shard: Path) -> None:
        make_live(folder, shard)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(graph_building, "make_live", failing)
    with closing(open_(tmp_path)) as collection:
        collection.upsert([make_record("a")])
        collection.start_optimizing(1)
        collection.finish_optimizing()
        collection.upsert([make_record("b")])
    with closing(open_(tmp_path)) as collection:
        assert set(digests(collection)) == {"a", "b"}
