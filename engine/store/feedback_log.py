"""What people did with answers, as JSON lines beside the collection: clicked, saved, hidden.

Knows nothing of what is made of it: scores do not, and no pin has a number here.
"""

import fcntl
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from engine.store.disk import disk_errors, write_whole

FEEDBACK_NAME = "feedback.jsonl"
# Above this a file becomes the older one of two; what was the older one goes.
MAX_BYTES = 16 * 1024 * 1024
Kind = Literal["click", "save", "hide", "view"]


@dataclass(frozen=True)
class Event:
    """One thing that somebody did with an answer.

    event: `view` says that the answer was looked at and nothing in it chosen.
    query: a search as JSON, without its paging. first: place of the first pin shown, from 1.
    shown: ids in their order; None where a pin has been removed since.
    answer: whatever tells one answer from another of the same query; events of one count as one
        look at it. at: RFC 3339.
    """

    event: Kind
    query: Mapping[str, Any]
    pin: str | None
    first: int
    shown: tuple[str | None, ...]
    answer: str
    at: str

    @property
    def pins(self) -> set[str]:
        """The pins without which there would be no event: the one chosen, and those asked with."""
        parts = [self.query, *self.query.get("parts", ())]
        asked = {part["pin"] for part in parts if part.get("pin")}
        return asked | ({self.pin} if self.pin else set())

    def without(self, gone: Collection[str]) -> "Event | None":
        """Return the event with pins removed; None where it was about one of them."""
        if not self.pins.isdisjoint(gone):
            return None
        shown = tuple(None if pin in gone else pin for pin in self.shown)
        return Event(**{**asdict(self), "shown": shown})


class FeedbackLog:
    """Events in a file; each append is on disk when the call returns.

    Several processes may use it at once. At most the last `max_bytes` and as many before them stay.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self._older = path.with_name(f"{path.stem}-older{path.suffix}")
        self._max_bytes = max_bytes

    def append(self, events: Iterable[Event]) -> int:
        """Keep events and return how many."""
        lines = [json.dumps(asdict(each), ensure_ascii=False) for each in events]
        if not lines:
            return 0
        with self._locked():
            if self.path.exists():
                if self.path.stat().st_size > self._max_bytes:
                    self.path.replace(self._older)
                else:
                    self._end_line()
            with self.path.open("a", encoding="utf-8") as file:
                file.write("".join(f"{line}\n" for line in lines))
                file.flush()
                os.fsync(file.fileno())
        return len(lines)

    def events(self) -> list[Event]:
        """Return all events, oldest first."""
        if not self.path.exists() and not self._older.exists():
            return []
        with self._locked():
            return [each for path in (self._older, self.path) for each in _read(path)]

    def forget(self, pin_ids: Iterable[str]) -> None:
        """Remove pins: events about them, and their ids from what was shown."""
        gone = frozenset(pin_ids)
        if not gone or not (self.path.exists() or self._older.exists()):
            return
        with self._locked():
            for path in (self._older, self.path):
                if not path.exists():
                    continue
                before = list(_read(path))
                after = [each.without(gone) for each in before]
                if after != before:
                    kept = (json.dumps(asdict(each), ensure_ascii=False) for each in after if each)
                    write_whole(path, "".join(f"{line}\n" for line in kept))

    def _end_line(self) -> None:
        """End a line that a crash left unfinished, so that the next one stands alone."""
        with self.path.open("rb+") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with disk_errors(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield


def _read(path: Path) -> Iterator[Event]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                value = json.loads(line)
                yield Event(**{**value, "shown": tuple(value["shown"])})
            except (ValueError, KeyError, TypeError):
                continue  # cut short by a crash
