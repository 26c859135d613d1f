"""Where a collection's shard lies in its folder, and how another one takes its place at once.

A small file names the folder of the live shard; without the file it is `shard`. Replacing that file
is the one step that makes a change: every other folder of a shard is a copy that was never finished
or a shard that was replaced, and goes when the collection is next opened.
Knows nothing of what is in a shard, but for the names of files that Edge never writes twice.
"""

import errno
import os
import shutil
import uuid
from pathlib import Path
from typing import Any, Final

import qdrant_edge as edge

from engine.errors import StoreError
from engine.store import edge_schema
from engine.store.disk import disk_errors, write_whole

SHARD_NAME: Final = "shard"
LIVE_NAME: Final = "shard.live"
# What Edge makes whole with a graph and from then on only reads or unlinks: vectors, their
# quantised form, and the graph's links. They are most of a collection, so a copy shares them.
SHARED_FILES: Final = frozenset({"matrix.dat", "quantized.data", "links_compressed.bin"})
CANT_LINK: Final = frozenset(
    {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM}
)
# Edge renames files of its log at any time, from a thread of its own.
ATTEMPTS: Final = 5


def live_folder(folder: Path) -> Path:
    """Return where the live shard of a collection's folder lies."""
    try:
        name = (folder / LIVE_NAME).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return folder / SHARD_NAME
    if name != SHARD_NAME and not name.startswith(f"{SHARD_NAME}-"):
        raise StoreError(f"{folder / LIVE_NAME} names no shard: restore it from a backup")
    return folder / name


def make_live(folder: Path, shard: Path) -> None:
    """Let a shard be the live one, durably: after a crash it is that or the one before."""
    write_whole(folder / LIVE_NAME, f"{shard.name}\n")


def new_place(folder: Path) -> Path:
    """Return the path of a folder for a further shard; no two calls return the same."""
    return folder / f"{SHARD_NAME}-{uuid.uuid4().hex[:12]}"


def remove_others(folder: Path) -> None:
    """Remove every shard but the live one.

    What can't be removed now is left to the next time.
    """
    live = live_folder(folder)
    places = (folder / SHARD_NAME, folder / f"{SHARD_NAME}.new", *folder.glob(f"{SHARD_NAME}-*"))
    for place in places:
        if place != live and place.is_dir():
            shutil.rmtree(place, ignore_errors=True)


def create_shard(folder: Path, dimension: int, regions: bool = False) -> None:
    """Make an empty live shard, in place of what a creation left that ended half-way.

    Raises StoreError where there is a shard with pins in it.
    """
    _remove_empty(folder)
    place, unfinished = folder / SHARD_NAME, folder / f"{SHARD_NAME}.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    shard = edge.EdgeShard.create(str(unfinished), edge_schema.config(dimension, regions))
    for operation in edge_schema.index_operations():
        shard.update(operation)
    shard.flush()
    shard.close()
    unfinished.rename(place)


def load_shard(place: Path) -> Any:
    """Open a shard; Edge keeps a second opener out.

    One of an earlier version gets the indexes that it lacks.
    """
    shard = edge.EdgeShard.load(str(place))
    for operation in edge_schema.index_operations(without=shard.info().payload_schema):
        shard.update(operation)
    return shard


def copy_shard(source: Path, target: Path) -> None:
    """Copy a shard that nobody writes to meanwhile; what never changes is shared, not copied."""
    with disk_errors(target):
        for left in reversed(range(ATTEMPTS)):
            try:
                _copy_all(source, target)
            except FileNotFoundError:
                shutil.rmtree(target, ignore_errors=True)
                if not left:
                    raise
            else:
                break


def _copy_all(source: Path, target: Path) -> None:
    target.mkdir()
    for place, folders, names in os.walk(source):
        here = target / Path(place).relative_to(source)
        for name in folders:
            (here / name).mkdir()
        for name in names:
            _copy(Path(place) / name, here / name)


def _copy(source: Path, target: Path) -> None:
    if source.name in SHARED_FILES:
        try:
            target.hardlink_to(source)
        except OSError as error:
            if error.errno not in CANT_LINK:
                raise
        else:
            return
    try:
        _copy_extents(source, target)
    except OSError as error:
        if error.errno not in CANT_LINK:
            raise
        shutil.copyfile(source, target)


def _copy_extents(source: Path, target: Path) -> None:
    """Copy what a sparse file holds: half of a shard's files are mostly holes."""
    with source.open("rb") as from_, target.open("wb") as to:
        old, new = from_.fileno(), to.fileno()
        size = os.fstat(old).st_size
        os.ftruncate(new, size)
        at = 0
        while at < size:
            try:
                at = os.lseek(old, at, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:  # nothing but a hole is left
                    return
                raise
            end = os.lseek(old, at, os.SEEK_HOLE)
            while at < end:
                done = os.copy_file_range(old, new, end - at, at, at)
                if done == 0:
                    raise StoreError(f"{source} became shorter while it was copied")
                at += done


def _remove_empty(folder: Path) -> None:
    """Remove what a creation left that ended before its description; never a shard with pins."""
    place = live_folder(folder)
    if place.exists():
        shard = load_shard(place)
        points = shard.info().points_count
        shard.close()
        if points:
            raise StoreError(
                f"{place} holds {points:,} pins but no description stands beside it: restore "
                "collection.json from a backup, or move the folder away and index again"
            )
        shutil.rmtree(place)
    (folder / LIVE_NAME).unlink(missing_ok=True)
