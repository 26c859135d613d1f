"""A collection's folder as it was at one moment, in a folder inside it that another process opens.

The shard is copied as a killed process would leave it, pictures are linked, small files copied. So
writes wait for milliseconds, whatever else is done with the snapshot. Whoever asked for one removes
it; what a killed process left behind goes with `remove_stale`.
"""

import os
import shutil
import sqlite3
import time
import uuid
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.store.disk import disk_errors, require_room
from engine.store.edge import EdgeCollection
from engine.store.ownership import owner_of
from engine.store.removals import NAME as REMOVALS_NAME
from engine.store.shard_folder import CANT_LINK

PREFIX: Final = "snapshot-"
PICTURES: Final = "images"
DATABASES: Final = frozenset({".db"})
# Between being asked for a snapshot and opening it nobody holds it.
STALE_S: Final = 600.0
# File systems count time in steps.
CLOCK_STEP_NS: Final = 2_000_000_000


@dataclass(frozen=True)
class Snapshot:
    """One snapshot: its folder, how many pins it has, and for how many ms writes waited for it."""

    folder: Path
    pins: int
    held_ms: float


def take_snapshot(
    collection: EdgeCollection,
    folder: Path,
    files: list[Path],
    pictures: Path,
    quiet: AbstractContextManager[object],
) -> Snapshot:
    """Make a snapshot of a collection and of what lies beside it.

    folder: the collection's, whichever of its generations answers.
    files: those to copy, of which some may not exist; SQLite's are known by their suffix `.db`.
    quiet: keeps all else from writing to the collection, its pictures and the files.
    """
    remove_stale(folder, STALE_S)
    place = folder / f"{PREFIX}{uuid.uuid4().hex[:12]}"
    try:
        with disk_errors(folder):
            place.mkdir()
            links = _Links(pictures, place / PICTURES)
            links.follow()
            with quiet:
                begun = time.monotonic()
                require_room(folder, collection.min_free_bytes)
                links.follow()
                for path in (folder / REMOVALS_NAME, *files):
                    _copy(path, place / path.name)
                pins = collection.count(blocked=True)
                collection.copy_to(place)
                held_ms = 1000 * (time.monotonic() - begun)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return Snapshot(place, pins, held_ms)


def remove_stale(folder: Path, older_s: float = 0.0) -> None:
    """Remove the snapshots that nobody has open and that are no younger than some seconds."""
    for place in folder.glob(f"{PREFIX}*"):
        try:
            age = time.time() - place.stat().st_mtime
        except FileNotFoundError:
            continue  # whoever asked for it is done
        if age >= older_s and owner_of(place) is None:
            shutil.rmtree(place, ignore_errors=True)


@dataclass
class _Links:
    """Kept pictures linked elsewhere; those that came since are linked by following again."""

    source: Path
    target: Path
    seen: dict[str, int] = field(default_factory=dict)

    def follow(self) -> None:
        """Link what is new, looking only into folders that have changed since the last time."""
        if not self.source.is_dir():
            return
        begun = time.time_ns()
        for place in self.source.iterdir():
            if len(place.name) != 2 or not place.is_dir():
                continue
            changed = place.stat().st_mtime_ns
            if self.seen.get(place.name) == changed:
                continue
            self._link(place)
            # What comes within the same step of the clock would not show.
            if changed < begun - CLOCK_STEP_NS:
                self.seen[place.name] = changed

    def _link(self, place: Path) -> None:
        here = self.target / place.name
        here.mkdir(parents=True, exist_ok=True)
        there = set(os.listdir(here))  # noqa: PTH208 - names alone, of many files
        for each in os.scandir(place):
            if each.name in there or not each.name.endswith(".jpg"):
                continue
            try:
                os.link(each.path, here / each.name)
            except FileNotFoundError:
                continue  # deleted meanwhile, with its last pin
            except OSError as error:
                if error.errno not in CANT_LINK:
                    raise
                shutil.copyfile(each.path, here / each.name)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.suffix in DATABASES and source.exists():
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
        target.chmod(0o600)
    elif source.exists():
        shutil.copy(source, target)
