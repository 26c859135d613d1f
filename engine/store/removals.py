"""What was removed and must stay out: tombstones of deleted pins, and the list of takedowns.

Lies beside the collection rather than in it, so that no search, count, export or term statistic
ever meets it. Every change is on disk when its call returns. Knows nothing of how pins are removed.
"""

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from engine.errors import StoreError, StoreFull
from engine.store.transaction import transaction
from engine.store.versions import Version

NAME: Final = "removals.db"
KEPT: Final = timedelta(days=7)
# SQLite takes at most 999 values in one statement in its oldest builds.
CHUNK = 900
WAIT_S = 30.0

Kind = Literal["pin", "picture"]

SCHEMA = """
    CREATE TABLE IF NOT EXISTS tombstones (
        pin TEXT PRIMARY KEY, updated_us INTEGER, sequence INTEGER, buried REAL NOT NULL,
        unfinished INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS by_age ON tombstones (buried);
    CREATE INDEX IF NOT EXISTS by_state ON tombstones (unfinished) WHERE unfinished = 1;
    CREATE TABLE IF NOT EXISTS pictures (key TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS takedowns (
        kind TEXT NOT NULL, value TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL,
        unfinished INTEGER NOT NULL, PRIMARY KEY (kind, value)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Takedown:
    """One thing that must not come back, whatever its version.

    value: a pin's id, or the SHA-256 of a picture as it arrived or as it is kept.
    since: RFC 3339.
    """

    kind: Kind
    value: str
    reason: str
    since: str


@dataclass(frozen=True)
class Unfinished:
    """What a removal that was cut short may have left behind."""

    tombstones: Mapping[str, Version]
    pictures: frozenset[str]
    takedowns: tuple[Takedown, ...]


class Removals(Protocol):
    """The removals of one collection, wherever they are written down."""

    def tombstones(self, pin_ids: Collection[str]) -> dict[str, Version]:
        """Return the versions as of which pins were deleted, of those that were of late."""
        ...

    def graves(self) -> dict[str, Version]:
        """Return the tombstones of all pins that were deleted of late."""
        ...

    def taken_down(self, kind: Kind, values: Collection[str]) -> set[str]:
        """Return those of some pin ids, or of some pictures' digests, that were taken down."""
        ...

    def bury(self, graves: Mapping[str, Version], pictures: Iterable[str] = ()) -> None:
        """Lay tombstones, and note pictures that may have to go, before anything is removed.

        Both count as unfinished until `finish`. Tombstones that have served their time go.
        """
        ...

    def finish(self, pin_ids: Iterable[str], pictures: Iterable[str] = ()) -> None:
        """Say that pins, and pictures that no pin shows, are gone for good."""
        ...

    def lift(self, pin_ids: Iterable[str]) -> None:
        """Forget the tombstones of pins that came back in a newer version."""
        ...

    def take_down(self, kind: Kind, value: str, reason: str = "") -> None:
        """Put a pin id or a picture on the list; unfinished until `finish_takedown`."""
        ...

    def finish_takedown(self, kind: Kind, value: str) -> None:
        """Say that all that was taken down is gone."""
        ...

    def reinstate(self, kind: Kind, value: str) -> bool:
        """Take something off the list and return whether it was there; it may then come again."""
        ...

    def takedowns(self) -> list[Takedown]:
        """Return the list, oldest first."""
        ...

    def unfinished(self) -> Unfinished:
        """Return what has to be done again because it was not finished."""
        ...

    def close(self) -> None:
        """Give it free; a later call may open it again."""
        ...


class RemovalsFile:
    """The removals of one collection, in an SQLite file that the first of them makes.

    Threads may share it. Without a path nothing outlives the value.
    """

    def __init__(self, path: Path | None = None, kept: timedelta = KEPT) -> None:
        self._path = path
        self._kept = kept
        self._open: sqlite3.Connection | None = None
        self._lock = threading.RLock()

    def tombstones(self, pin_ids: Collection[str]) -> dict[str, Version]:
        since = self._horizon()
        rows = self._among(
            "SELECT pin, updated_us, sequence FROM tombstones WHERE buried >= ? AND pin IN",
            pin_ids,
            since,
        )
        return {pin: Version(updated, sequence) for pin, updated, sequence in rows}

    def graves(self) -> dict[str, Version]:
        query = "SELECT pin, updated_us, sequence FROM tombstones WHERE buried >= ? ORDER BY pin"
        return {pin: Version(*version) for pin, *version in self._rows(query, self._horizon())}

    def taken_down(self, kind: Kind, values: Collection[str]) -> set[str]:
        rows = self._among("SELECT value FROM takedowns WHERE kind = ? AND value IN", values, kind)
        return {value for (value,) in rows}

    def bury(self, graves: Mapping[str, Version], pictures: Iterable[str] = ()) -> None:
        now = datetime.now(UTC).timestamp()
        with self._writing() as database:
            database.execute(
                "DELETE FROM tombstones WHERE buried < ? AND unfinished = 0", (self._horizon(),)
            )
            database.executemany(
                "INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?, 1)",
                [(pin, *version, now) for pin, version in graves.items()],
            )
            database.executemany(
                "INSERT OR IGNORE INTO pictures VALUES (?)", [(key,) for key in pictures]
            )

    def finish(self, pin_ids: Iterable[str], pictures: Iterable[str] = ()) -> None:
        with self._writing() as database:
            database.executemany(
                "UPDATE tombstones SET unfinished = 0 WHERE pin = ?", [(pin,) for pin in pin_ids]
            )
            database.executemany("DELETE FROM pictures WHERE key = ?", [(key,) for key in pictures])

    def lift(self, pin_ids: Iterable[str]) -> None:
        with self._writing() as database:
            database.executemany("DELETE FROM tombstones WHERE pin = ?", [(p,) for p in pin_ids])

    def take_down(self, kind: Kind, value: str, reason: str = "") -> None:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        with self._writing() as database:
            database.execute(
                "INSERT INTO takedowns VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET "
                "unfinished = 1, reason = CASE excluded.reason WHEN '' THEN reason "
                "ELSE excluded.reason END",
                (kind, value, reason, since),
            )

    def finish_takedown(self, kind: Kind, value: str) -> None:
        with self._writing() as database:
            database.execute(
                "UPDATE takedowns SET unfinished = 0 WHERE kind = ? AND value = ?", (kind, value)
            )

    def reinstate(self, kind: Kind, value: str) -> bool:
        if not self._exists():
            return False
        with self._writing() as database:
            done = database.execute(
                "DELETE FROM takedowns WHERE kind = ? AND value = ?", (kind, value)
            )
            return done.rowcount > 0

    def takedowns(self) -> list[Takedown]:
        query = "SELECT kind, value, reason, since FROM takedowns ORDER BY since, kind, value"
        return [Takedown(*row) for row in self._rows(query)]

    def unfinished(self) -> Unfinished:
        graves = self._rows("SELECT pin, updated_us, sequence FROM tombstones WHERE unfinished = 1")
        pictures = self._rows("SELECT key FROM pictures")
        takedowns = self._rows(
            "SELECT kind, value, reason, since FROM takedowns WHERE unfinished = 1"
        )
        return Unfinished(
            {pin: Version(updated, sequence) for pin, updated, sequence in graves},
            frozenset(key for (key,) in pictures),
            tuple(Takedown(*row) for row in takedowns),
        )

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _horizon(self) -> float:
        return (datetime.now(UTC) - self._kept).timestamp()

    def _exists(self) -> bool:
        return self._open is not None or (self._path is not None and self._path.exists())

    def _among(self, query: str, values: Collection[str], first: object) -> list[tuple[Any, ...]]:
        wanted = list(values)
        out: list[tuple[Any, ...]] = []
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            places = ", ".join("?" * len(part))
            out += self._rows(f"{query} ({places})", first, *part)
        return out

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        # Most collections remove nothing: they pay one look for a file.
        if not self._exists():
            return []
        with self._lock, self._errors():
            return self._database().execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Run statements as one transaction, which is on disk at the end."""
        with self._lock, self._errors(), transaction(self._database()) as database:
            yield database

    def _database(self) -> sqlite3.Connection:
        if self._open is None:
            place = ":memory:"
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                place = str(self._path)
            made = sqlite3.connect(
                place, timeout=WAIT_S, isolation_level=None, check_same_thread=False
            )
            try:
                made.execute("PRAGMA journal_mode = WAL")
                made.execute("PRAGMA synchronous = FULL")
                made.executescript(SCHEMA)
            except BaseException:
                made.close()
                raise
            self._open = made
        return self._open

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, OverflowError) as error:
            where = self._path or "memory"
            if "disk is full" in str(error):
                raise StoreFull(
                    f"the disk of {where} is full: free some room, or move the data folder "
                    "(ENGINE_DATA); what was to be removed is still there"
                ) from error
            raise StoreError(f"the list of removals in {where} can't be used: {error}") from error
