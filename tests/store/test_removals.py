"""The list of what was removed: it outlives processes, forgets in time, and is asked in batches."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import StoreError
from engine.store.removals import RemovalsFile
from engine.store.versions import Version


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "removals.db"


@pytest.fixture
def removals(place: Path) -> Iterator[RemovalsFile]:
    with closing(RemovalsFile(place)) as made:
        yield made


def again(place: Path, kept: timedelta = timedelta(days=7)) -> RemovalsFile:
    return RemovalsFile(place, kept)


def test_who_removes_nothing_has_no_file(removals: RemovalsFile, place: Path) -> None:
    assert removals.tombstones(["a"]) == {}
    assert removals.taken_down("pin", ["a"]) == set()
    assert removals.takedowns() == []
    assert not removals.reinstate("pin", "a")
    assert not removals.unfinished().tombstones
    assert not place.parent.exists()


def test_tombstones_outlive_the_process(removals: RemovalsFile, place: Path) -> None:
    graves = {"a": Version(5, None), "b": Version(None, 7), "c": Version()}
    removals.bury(graves)
    removals.bury({"a": Version(6, 1)})
    with closing(again(place)) as other:
        assert other.tombstones(["a", "b", "c", "d"]) == graves | {"a": Version(6, 1)}
    removals.lift(["a", "d"])
    with closing(again(place)) as other:
        assert set(other.tombstones(["a", "b", "c"])) == {"b", "c"}


def test_many_are_asked_at_once(removals: RemovalsFile) -> None:
    graves = {f"p{number}": Version(number) for number in range(2_500)}
    removals.bury(graves)
    assert removals.tombstones([*graves, "none"]) == graves
    assert removals.tombstones([]) == {}


def test_a_tombstone_is_forgotten_in_time(removals: RemovalsFile, place: Path) -> None:
    removals.bury({"old": Version(1)})
    removals.finish(["old"])
    with closing(again(place, timedelta(0))) as other:
        assert other.tombstones(["old"]) == {}
        other.bury({"new": Version(2)})
    assert set(removals.tombstones(["old", "new"])) == {"new"}


def test_what_was_not_finished_is_told(removals: RemovalsFile, place: Path) -> None:
    removals.bury({"a": Version(1), "b": Version(2)}, ["k1", "k2"])
    removals.take_down("pin", "x")
    removals.finish(["a"], ["k1"])
    with closing(again(place)) as other:
        left = other.unfinished()
        assert left.tombstones == {"b": Version(2)}
        assert left.pictures == {"k2"}
        assert [each.value for each in left.takedowns] == ["x"]
        other.finish(["b"], ["k2"])
        other.finish_takedown("pin", "x")
    left = removals.unfinished()
    assert (left.tombstones, left.pictures, left.takedowns) == ({}, frozenset(), ())


def test_an_unfinished_tombstone_is_kept_past_its_time(place: Path) -> None:
    with closing(again(place, timedelta(0))) as removals:
        removals.bury({"a": Version(1)})
        removals.bury({"b": Version(1)})
        assert set(removals.unfinished().tombstones) == {"a", "b"}


def test_takedowns_are_listed_until_reinstated(removals: RemovalsFile, place: Path) -> None:
    removals.take_down("pin", "a", "court order")
    removals.take_down("picture", "ab" * 32)
    removals.take_down("pin", "a")
    assert removals.taken_down("pin", ["a", "b"]) == {"a"}
    assert removals.taken_down("picture", ["a"]) == set()
    with closing(again(place)) as other:
        assert [(each.kind, each.value, each.reason) for each in other.takedowns()] == [
            ("picture", "ab" * 32, ""),
            ("pin", "a", "court order"),
        ]
        assert other.reinstate("pin", "a")
        assert not other.reinstate("pin", "a")
    assert removals.taken_down("pin", ["a"]) == set()


def test_a_failed_write_changes_nothing(removals: RemovalsFile) -> None:
    with pytest.raises(StoreError, match="can't be used"):
        removals.bury({"a": Version(1), "b": Version(2**70)})
    assert removals.tombstones(["a", "b"]) == {}
    removals.bury({"a": Version(1)})
    assert removals.tombstones(["a"]) == {"a": Version(1)}


def test_a_damaged_file_is_named(place: Path) -> None:
    place.parent.mkdir()
    place.write_bytes(b"no database" * 100)
    with (
        closing(again(place)) as removals,
        pytest.raises(StoreError, match=r"removals\.db can't be used"),
    ):
        removals.tombstones(["a"])


def test_every_change_is_synced(removals: RemovalsFile, place: Path) -> None:
    removals.bury({"a": Version(1)})
    # 2 is FULL: a commit waits for the disk (sqlite.org/pragma.html#pragma_synchronous).
    assert removals._open is not None
    assert removals._open.execute("PRAGMA synchronous").fetchone() == (2,)
    with closing(sqlite3.connect(place)) as reader:
        assert reader.execute("SELECT pin FROM tombstones").fetchall() == [("a",)]
