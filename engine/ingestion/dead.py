"""Dead letters: pins that could not be taken, each with its reason, until somebody looks at them.

`DeadFile` keeps those that came by file, folder or standard input, as JSON lines beside the
collection. Knows nothing of queues: `queue_dead.py` keeps the letters of a queue in a stream.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from engine.errors import StoreError, UnknownPin
from engine.store.disk import disk_errors, write_whole

DEAD_NAME = "dead.jsonl"
MAX_REASON = 2_000


@dataclass(frozen=True)
class DeadLetter:
    """A pin that could not be taken.

    key: what the letter is called; a later one of the same key replaces it.
    kind: upsert, patch or delete.
    value: what arrived: a pin as JSON, or what of it could be read.
    base: folder below which its picture's path lies; None where no path is allowed.
    stage: where it failed: read (the line), take (picture, encoder, store) or deliver (each worker
        that had it died).
    error: the error's slug.
    at: RFC 3339.
    sequence: its version's place in the queue's stream, which it keeps when it is tried again.
    """

    key: str
    kind: str
    pin_id: str | None
    value: Mapping[str, Any]
    base: str | None
    origin: str
    stage: str
    error: str
    message: str
    attempts: int
    at: str
    sequence: int | None = None

    @classmethod
    def of(
        cls,
        *,
        key: str,
        kind: str,
        pin_id: str | None,
        value: Mapping[str, Any],
        origin: str,
        stage: str,
        error: str,
        message: str,
        attempts: int,
        base: Path | None = None,
        sequence: int | None = None,
    ) -> Self:
        """Return the letter of something that failed just now."""
        at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        place = None if base is None else str(base.resolve())
        reason = message[:MAX_REASON]
        return cls(
            key, kind, pin_id, value, place, origin, stage, error, reason, attempts, at, sequence
        )

    def to_json(self) -> dict[str, Any]:
        """Return the letter as JSON; the inverse of `letter_from_json`."""
        return asdict(self) | {"value": dict(self.value)}


def letter_from_json(value: Mapping[str, Any]) -> DeadLetter:
    """Return the letter in a decoded JSON object; raise StoreError when it is none."""
    try:
        return DeadLetter(**value)
    except TypeError:
        raise StoreError(
            "a dead letter has other fields than this version writes: move the file away"
        ) from None


class DeadFile:
    """Dead letters in a file; each change is on disk when the call returns.

    Lines are appended; the last of a key counts. The file is written anew when letters leave it.
    Several processes may use it at once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, letters: Iterable[DeadLetter]) -> int:
        """Keep letters, each in the place of an older one of its key; return how many."""
        lines = [json.dumps(each.to_json(), ensure_ascii=False) for each in letters]
        if not lines:
            return 0
        with self._locked(), self.path.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        return len(lines)

    def letters(self) -> list[DeadLetter]:
        """Return the letters, oldest first."""
        with self._locked():
            return list(self._read().values())

    def remove(self, keys: Iterable[str]) -> int:
        """Forget letters by key and return how many there were."""
        return self._keep(lambda each, gone=frozenset(keys): each.key not in gone)

    def forget(self, pin_ids: Iterable[str]) -> int:
        """Forget all letters of pins, as when these are deleted or were taken after all."""
        return self._keep(lambda each, gone=frozenset(pin_ids): each.pin_id not in gone)

    def _keep(self, wanted: Any) -> int:
        if not self.path.exists():
            return 0
        with self._locked():
            before = self._read()
            after = {key: each for key, each in before.items() if wanted(each)}
            if len(after) < len(before):
                lines = (json.dumps(each.to_json(), ensure_ascii=False) for each in after.values())
                write_whole(self.path, "".join(f"{line}\n" for line in lines))
            return len(before) - len(after)

    def _read(self) -> dict[str, DeadLetter]:
        found: dict[str, DeadLetter] = {}
        if not self.path.exists():
            return found
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break  # the process that wrote it died before it was whole
                try:
                    letter = letter_from_json(json.loads(line))
                except ValueError:
                    continue  # two halves on one line, for the same reason
                found.pop(letter.key, None)
                found[letter.key] = letter
        return found

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with disk_errors(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield


def chosen(letters: list[DeadLetter], ids: Iterable[str]) -> list[DeadLetter]:
    """Return the letters of these pins or keys, all without any; raise UnknownPin for no such."""
    wanted = list(ids)
    if not wanted:
        return letters
    known = {name for each in letters for name in (each.key, each.pin_id)}
    for name in wanted:
        if name not in known:
            raise UnknownPin(f"no dead letter is called {name[:128]!r}: see 'engine dead list'")
    return [each for each in letters if each.key in wanted or each.pin_id in wanted]
