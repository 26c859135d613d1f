"""What known people like and hide, in an SQLite file beside the collection; off by default.

It holds ids alone: a name that the caller gives, pins, and when. Every change is on disk when its
call returns. Knows nothing of what is made of it.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from engine.errors import BadQuery, StoreError, StoreFull, UsageError
from engine.store.transaction import transaction

NAME: Final = "people.db"
# Of each feeling the newest of a person; as many as a request may tell.
MOST_KEPT: Final = 1_000
WAIT_S: Final = 30.0
ID_PATTERN: Final = re.compile(r"[A-Za-z0-9._:@-]{1,128}")

Feeling = Literal["like", "hide"]

SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS feelings (
        number INTEGER PRIMARY KEY AUTOINCREMENT, person TEXT NOT NULL, pin TEXT NOT NULL,
        feeling TEXT NOT NULL, since TEXT NOT NULL, UNIQUE (person, pin));
    CREATE INDEX IF NOT EXISTS by_pin ON feelings (pin);
"""


class PeopleNotKept(UsageError):
    """Nothing is kept of people unless a setting says so."""

    slug = "people-not-kept"


class UnknownPerson(UsageError):
    """Nothing is kept of a person of that id."""

    slug = "unknown-person"


@dataclass(frozen=True)
class Felt:
    """One pin that a person likes or hides; `since` is RFC 3339."""

    pin: str
    feeling: Feeling
    since: str


def person_id(text: str) -> str:
    """Return a person's id if it can be one; raise BadQuery."""
    if not ID_PATTERN.fullmatch(text) or text in {".", ".."}:
        raise BadQuery(
            f"person {text[:60]!r} is not an id: 1 to 128 letters, digits and . _ : @ -, "
            "not . or .. alone"
        )
    return text


class PeopleFile:
    """The people of one collection; the first feeling makes the file.

    Opened anew for each call, so that threads and processes may share it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, person: str) -> list[Felt]:
        """Return what a person likes and hides, oldest first; nothing of one who isn't known."""
        if not self._path.exists():
            return []
        with self._using() as database:
            rows = database.execute(
                "SELECT pin, feeling, since FROM feelings WHERE person = ? ORDER BY number",
                (person,),
            )
            return [Felt(*row) for row in rows.fetchall()]

    def feel(self, person: str, pin: str, feeling: Feeling) -> None:
        """Keep that a person likes or hides a pin, from now on and instead of the contrary.

        What is felt again becomes the newest; beyond MOST_KEPT the oldest is forgotten.
        """
        since = datetime.now(UTC).isoformat(timespec="seconds")
        with self._using() as database:
            database.execute("DELETE FROM feelings WHERE person = ? AND pin = ?", (person, pin))
            database.execute(
                "INSERT INTO feelings (person, pin, feeling, since) VALUES (?, ?, ?, ?)",
                (person, pin, feeling, since),
            )
            database.execute(
                "DELETE FROM feelings WHERE number IN (SELECT number FROM feelings WHERE "
                "person = ? AND feeling = ? ORDER BY number DESC LIMIT -1 OFFSET ?)",
                (person, feeling, MOST_KEPT),
            )

    def unfeel(self, person: str, pin: str, feeling: Feeling) -> bool:
        """Forget that a person likes, or hides, a pin; return whether that was known."""
        if not self._path.exists():
            return False
        with self._using() as database:
            gone = database.execute(
                "DELETE FROM feelings WHERE person = ? AND pin = ? AND feeling = ?",
                (person, pin, feeling),
            )
            return gone.rowcount > 0

    def forget(self, person: str) -> int:
        """Forget all of a person; return of how many pins."""
        if not self._path.exists():
            return 0
        with self._using() as database:
            return database.execute("DELETE FROM feelings WHERE person = ?", (person,)).rowcount

    def forget_pins(self, pins: Iterable[str]) -> None:
        """Forget what anybody felt about pins that are gone."""
        gone = [(pin,) for pin in pins]
        if not gone or not self._path.exists():
            return
        with self._using() as database:
            database.executemany("DELETE FROM feelings WHERE pin = ?", gone)

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        """Run statements as one transaction, which is on disk at the end."""
        with (
            self._errors(),
            closing(self._opened()) as database,
            transaction(database),
        ):
            yield database

    def _opened(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # What somebody likes is nobody else's business.
        self._path.touch(0o600)
        made = sqlite3.connect(self._path, timeout=WAIT_S, isolation_level=None)
        try:
            made.execute("PRAGMA synchronous = FULL")
            # What was deleted isn't left behind in free pages, nor in a log of changes.
            made.execute("PRAGMA secure_delete = ON")
            made.executescript(SCHEMA)
        except BaseException:
            made.close()
            raise
        return made

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if "disk is full" in str(error):
                raise StoreFull(
                    f"the disk of {self._path} is full: free some room, or move the data folder "
                    "(ENGINE_DATA); nothing of this was kept"
                ) from error
            raise StoreError(f"what people like in {self._path} can't be used: {error}") from error
