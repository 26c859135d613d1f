"""A folder in which pins appear: what is new or changed in it, once it is whole.

Files of pins (JSON lines, CSV) and pictures count. A picture below a file of pins belongs to that
file's pins; any other is a pin of its own, as `engine index FOLDER` takes it. Knows nothing of
where pins go. What is removed from the folder stays in the collection.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UsageError
from engine.ingestion.arrivals import PICTURES, Arrival, Arrivals
from engine.jsonl import BadLine, Extra

PIN_FILES = {".jsonl", ".ndjson", ".csv", ".tsv"}
QUIET_S = 1.0
_Signature = tuple[int, int]


@dataclass(frozen=True)
class Change:
    """Files that are new or changed, and whole as far as one can tell.

    since: when the oldest of them was first seen as it is now, as time.time() counts.
    """

    pin_files: frozenset[Path]
    pictures: frozenset[Path]
    since: float


@dataclass(frozen=True)
class _Sight:
    signature: _Signature
    since: float


class WatchedFolder:
    """Looks at a folder again and again; a file that is still being written is waited for.

    quiet_s: how long a file's size and time must stay as they are. Copying under a name that is
    not looked at (`.part`) and renaming needs no such luck.
    without: a folder that is not looked into, such as the engine's own.
    """

    def __init__(
        self,
        folder: Path,
        extra: Extra = "ignore",
        quiet_s: float = QUIET_S,
        clock: Callable[[], float] = time.time,
        without: Path | None = None,
    ) -> None:
        if not folder.is_dir():
            raise UsageError(f"{str(folder)[:200]} is no folder that can be read: name another")
        self.folder = folder
        self._extra = extra
        self._quiet = quiet_s
        self._clock = clock
        self._without = None if without is None else without.resolve()
        self._seen: dict[Path, _Sight] = {}
        self._taken: dict[Path, _Signature] = {}

    def look(self) -> Change | None:
        """Return what has changed since it was last taken, None when nothing has."""
        now = self._clock()
        seen: dict[Path, _Sight] = {}
        ready: dict[Path, float] = {}
        for path, signature in self._files():
            sight = self._seen.get(path)
            if sight is None or sight.signature != signature:
                sight = _Sight(signature, now)
            seen[path] = sight
            if now - sight.since >= self._quiet and self._taken.get(path) != signature:
                ready[path] = sight.since
        self._seen = seen
        self._taken = {path: each for path, each in self._taken.items() if path in seen}
        if not ready:
            return None
        files = frozenset(path for path in ready if path.suffix.lower() in PIN_FILES)
        return Change(files, frozenset(ready) - files, min(ready.values()))

    def took(self, change: Change) -> None:
        """Remember that a change was dealt with."""
        for path in change.pin_files | change.pictures:
            if path in self._seen:
                self._taken[path] = self._seen[path].signature

    def arrivals(self, change: Change) -> Iterator[Arrival | BadLine]:
        """Yield the pins of a change: of whole files, of pictures, or those that show a picture."""
        for file in sorted(change.pin_files):
            yield from self._of_file(file)
        files = [path for path in self._seen if path.suffix.lower() in PIN_FILES]
        owned: dict[Path, set[Path]] = {}
        single: set[Path] = set()
        for picture in change.pictures:
            owners = [file for file in files if picture.is_relative_to(file.parent)]
            if not owners:
                single.add(picture)
            for file in owners:
                if file not in change.pin_files:
                    owned.setdefault(file, set()).add(picture)
        for file, pictures in sorted(owned.items()):
            for item in self._of_file(file):
                if isinstance(item, Arrival) and file.parent / item.pin.image in pictures:
                    yield item
        if single:
            yield from self._of_pictures(single)

    def _of_file(self, file: Path) -> Iterator[Arrival | BadLine]:
        try:
            yield from Arrivals(file, self._extra)
        except (OSError, UsageError) as error:
            yield BadLine(str(file), 0, f"the file can't be read: {error}")

    def _of_pictures(self, wanted: set[Path]) -> Iterator[Arrival]:
        for item in Arrivals(self.folder, self._extra):
            if isinstance(item, Arrival) and self.folder / item.pin.image in wanted:
                yield item

    def _files(self) -> Iterator[tuple[Path, _Signature]]:
        for place, folders, names in os.walk(self.folder):
            folders[:] = sorted(
                name
                for name in folders
                if not name.startswith(".") and (Path(place) / name).resolve() != self._without
            )
            for name in sorted(names):
                path = Path(place) / name
                if name.startswith(".") or path.suffix.lower() not in PIN_FILES | PICTURES:
                    continue
                try:
                    facts = path.stat()
                except OSError:
                    continue  # gone between the two looks
                yield path, (facts.st_mtime_ns, facts.st_size)
