"""Which of a folder's shards is the live one, and how a copy of it is made."""

import mmap
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import StoreError
from engine.store.records import Record
from engine.store.shard_folder import LIVE_NAME, SHARD_NAME, copy_shard, live_folder
from tests.store.shards import open_, shards

MakeRecord = Callable[..., Record]


def test_an_opening_keeps_the_live_shard_alone(tmp_path: Path, make_record: MakeRecord) -> None:
    with closing(open_(tmp_path)) as collection:
        collection.upsert([make_record("a")])
    for name in (f"{SHARD_NAME}-00", f"{SHARD_NAME}.new"):
        (tmp_path / name / "segments").mkdir(parents=True)
    with closing(open_(tmp_path)) as collection:
        assert shards(tmp_path) == [tmp_path / SHARD_NAME]
        collection.start_optimizing(1)
        collection.finish_optimizing()
        [place] = shards(tmp_path)
        assert place == live_folder(tmp_path) != tmp_path / SHARD_NAME
    with closing(open_(tmp_path)) as collection:
        assert collection.count() == 1
        assert shards(tmp_path) == [place]


def test_a_live_shard_that_is_gone_takes_no_other_with_it(tmp_path: Path) -> None:
    open_(tmp_path).close()
    (tmp_path / LIVE_NAME).write_text(f"{SHARD_NAME}-00")
    with pytest.raises(StoreError, match="can't be used"):
        open_(tmp_path)
    assert tmp_path / SHARD_NAME in shards(tmp_path)


@pytest.mark.parametrize("text", ["", "..", "images", "shard/../..", "/"])
def test_a_name_that_is_no_shards_is_refused(tmp_path: Path, text: str) -> None:
    open_(tmp_path).close()
    (tmp_path / LIVE_NAME).write_text(text)
    with pytest.raises(StoreError, match="names no shard"):
        open_(tmp_path)
    assert shards(tmp_path) == [tmp_path / SHARD_NAME]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.binary(min_size=1, max_size=9_000)), max_size=4),
    st.integers(0, 300_000),
)
def test_a_copy_has_the_same_bytes_and_the_same_holes(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[int, bytes]], size: int
) -> None:
    folder = tmp_path_factory.mktemp("copy")
    (folder / "from" / "inner").mkdir(parents=True)
    sparse = folder / "from" / "inner" / "page_0.dat"
    with sparse.open("wb") as file:
        file.truncate(size)
        for at, data in pieces:
            file.seek(at * 4096)
            file.write(data)
    copy_shard(folder / "from", folder / "to")
    copy = folder / "to" / "inner" / "page_0.dat"
    assert copy.read_bytes() == sparse.read_bytes()
    assert copy.stat().st_blocks <= sparse.stat().st_blocks


def test_where_files_cant_be_linked_or_copied_by_the_kernel_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "from").mkdir()
    for name in ("matrix.dat", "page_0.dat"):
        (tmp_path / "from" / name).write_bytes(os.urandom(5_000))

    def refused(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    monkeypatch.setattr(os, "copy_file_range", refused)
    copy_shard(tmp_path / "from", tmp_path / "to")
    for name in ("matrix.dat", "page_0.dat"):
        assert (tmp_path / "to" / name).read_bytes() == (tmp_path / "from" / name).read_bytes()


def test_a_copy_has_what_was_written_through_memory_and_never_synced(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    page = tmp_path / "from" / "page_0.dat"
    page.touch()
    os.truncate(page, 1 << 20)
    with page.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        for at in (0, 70_000, 524_288, (1 << 20) - 1):
            memory[at] = 7
        copy_shard(tmp_path / "from", tmp_path / "to")
        assert (tmp_path / "to" / "page_0.dat").read_bytes() == memory[:]
