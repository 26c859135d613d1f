"""The shard that a collection serves from: who may use it when, and what was written since a mark.

Two locks. The outer one is for writes, so that they can be held back while searches go on; the
inner one is held by whoever calls Edge. A third keeps all but one from syncing the log, and nobody
from using the shard. Knows nothing of pins and queries.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import qdrant_edge as edge

from engine.errors import StoreError, StoreFull
from engine.store.disk import disk_errors, read_only, sync_files
from engine.store.shard_folder import ATTEMPTS

LOG_NAME: Final = "wal"
# What a process that was killed may have left in the log: more than any that goes on working does.
UNKNOWN: Final = 1_000_000_000


class Followed:
    """The keys written or deleted since one began to follow a shard, or last took them."""

    def __init__(self, live: LiveShard) -> None:
        self._live = live
        self.keys: set[str] = set()

    def take(self) -> list[str]:
        """Return the keys in their order, and begin anew."""
        with self._live.still():
            found, self.keys = sorted(self.keys), set()
        return found

    def close(self) -> None:
        """Follow no longer."""
        self._live.let_go(self)


class LiveShard:
    """A shard of Edge that can be replaced by another while it is in use.

    place: the folder that the shard lies in.
    written: points that were written since the mark, or since the opening.
    unflushed: points that the next opening would take from the log, or more.
    used: when somebody last let go of the shard, as time.monotonic() counts.
    """

    def __init__(self, folder: Path, place: Path, shard: Any) -> None:
        self._folder = folder
        self._shard = shard
        self.place = place
        self.written = 0
        self.unflushed = UNKNOWN
        self.used = time.monotonic()
        # Calls that wrote, and how many of them are on disk. A process before this one may have
        # been killed between a write and its sync.
        self._writes_made = 1
        self._writes_synced = 0
        self._syncing = threading.Lock()
        self._log_failed = False
        self._touched: set[str] | None = None
        self._followed: list[Followed] = []
        self._writes = threading.RLock()
        # Edge's calls hold the interpreter's lock anyway: this one keeps a query's two rounds from
        # straddling a write, and from seeing the shard half-way through `optimize`.
        self._lock = threading.RLock()

    @contextmanager
    def using(self) -> Iterator[Any]:
        """Hold the shard, and turn what goes wrong inside into the engine's own errors."""
        with self._lock, edge_errors(self._folder):
            try:
                yield self.shard
            finally:
                self.used = time.monotonic()

    @contextmanager
    def writing(self, keys: Collection[str] = (), points: int = 0) -> Iterator[Any]:
        """Hold the shard to write `points` to it, or to delete those under the keys."""
        with self._writes, self.using() as shard:
            if self._touched is not None:
                # Before the write: one that fails may have been done in part.
                self._touched.update(keys)
            for each in self._followed:
                each.keys.update(keys)
            self.written += points
            self.unflushed += len(keys)
            try:
                yield shard
            finally:
                # Only now: a sync that begins during the write may miss it.
                self._writes_made += 1

    @contextmanager
    def still(self) -> Iterator[None]:
        """Keep writes waiting; searches go on."""
        with self._writes:
            yield

    @property
    def shard(self) -> Any:
        """The shard itself; raises StoreError once it is closed."""
        if self._shard is None:
            raise StoreError(f"the collection in {self._folder} is closed")
        return self._shard

    @property
    def closed(self) -> bool:
        """Whether the shard is closed."""
        return self._shard is None

    def retrieve(self, keys: Sequence[str], payload: bool | list[str], vector: bool) -> list[Any]:
        """Return the points that exist under the keys."""
        if not keys:
            return []
        with self.using() as shard:
            found: list[Any] = shard.retrieve(list(keys), payload, vector)
        return found

    def flush(self) -> None:
        """Have the whole shard on disk, so that an opening needs nothing of the log.

        Takes Edge some hundred syncs, and it keeps the interpreter to itself until they are done.
        """
        with self._writes, self.using() as shard:
            made = self._writes_made
            shard.flush()
            self.unflushed = 0
            self._writes_synced = made
            self._log_failed = False

    def sync(self) -> None:
        """Have the log of all that was written before on disk; searches and writes go on meanwhile.

        Who comes while a sync runs shares the next with all others that do.
        """
        wanted = self._writes_made
        with self._syncing, edge_errors(self._folder):
            if self._writes_synced >= wanted:
                return
            if self._log_failed:
                # A sync that failed is not made good by one that works: the kernel forgets what it
                # could not write. The points are in the shard as well.
                self.flush()
                return
            made = self._writes_made
            try:
                sync_log(self._present)
            except OSError:
                self._log_failed = True
                raise
            self._writes_synced = max(made, self._writes_synced)

    def _present(self) -> Path:
        _ = self.shard  # raises once it is closed
        return self.place

    def mark(self) -> None:
        """Begin to remember what is written and deleted."""
        with self._writes:
            self._touched = set()
            self.written = 0

    def touched(self) -> list[str]:
        """Return the keys written or deleted since the mark or the last call, in their order."""
        with self._writes:
            found, self._touched = sorted(self._touched or ()), set()
        return found

    def forget(self) -> None:
        """Remember no longer what is written."""
        with self._writes:
            self._touched = None

    def follow(self) -> Followed:
        """Begin to remember what is written and deleted, whatever shard takes this one's place."""
        with self._writes:
            self._followed.append(made := Followed(self))
        return made

    def let_go(self, followed: Followed) -> None:
        """Remember it no longer."""
        with self._writes:
            self._followed.remove(followed)

    def replace(self, shard: Any, place: Path, unflushed: int) -> tuple[Any, Path]:
        """Serve from another shard from now on, and return the one before and its folder.

        The other must hold all that was written, and have it on disk, if only in its log.
        unflushed: how many points only the log has.
        """
        with self._writes, self._lock:
            before = self.shard, self.place
            self._shard, self.place = shard, place
            self._touched = None
            self.unflushed = unflushed
            self._writes_synced = self._writes_made
            self._log_failed = False
        return before

    def close(self) -> bool:
        """Flush and close the shard; return False if it was closed already."""
        with self._writes, self._lock, edge_errors(self._folder):
            if self._shard is None:
                return False
            if self.unflushed:
                self._shard.flush()
            self._shard.close()
            self._shard = None
            return True


@contextmanager
def edge_errors(folder: Path) -> Iterator[None]:
    """Turn errors of the disk and of Edge, which raises bare `Exception`, into the engine's own."""
    try:
        with disk_errors(folder):
            yield
    except Exception as error:
        if type(error) is not Exception:
            raise
        text = " ".join(str(error).split())[:300]
        if "No space left" in text or "os error 28" in text:
            raise StoreFull(
                f"the disk of {folder} is full: free some room, or move the data folder "
                "(ENGINE_DATA); nothing that was acknowledged is lost"
            ) from error
        if "Read-only file system" in text or "os error 30" in text:
            raise read_only(folder) from error
        raise StoreError(f"the collection in {folder} can't be used: {text}") from error


def sync_log(place: Callable[[], Path]) -> None:
    """Have a shard's log on disk.

    place: the shard's folder, asked for at each attempt: another shard may have taken its place,
    with all its writes.
    """
    for left in reversed(range(ATTEMPTS)):
        try:
            sync_files(place() / LOG_NAME)
        except FileNotFoundError:
            if not left:
                raise
        else:
            break


def write_points(shard: Any, found: Sequence[Any], gone: Sequence[Any]) -> None:
    """Write points as another shard answered them, and delete others."""
    if found:
        points = [edge.Point(each.id, each.vector, each.payload) for each in found]
        shard.update(edge.UpdateOperation.upsert_points(points))
    if gone:
        shard.update(edge.UpdateOperation.delete_points(list(gone)))
