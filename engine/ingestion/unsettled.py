"""A mark on disk while pictures are written whose pins are not written yet.

A process that is killed leaves it behind: what was written since may belong to no pin, and the next
owner of the collection looks (`Eraser.sweep_unsettled`). Several processes must not share a mark.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from engine.store.disk import disk_errors

NAME = "unsettled"


@dataclass(frozen=True)
class Unsettled:
    """The mark in the folder of pictures; its file's time is what it says."""

    folder: Path

    @property
    def since(self) -> float | None:
        """The time, as time.time() counts, since which pictures may lack their pins."""
        try:
            return self._path.stat().st_mtime
        except FileNotFoundError:
            return None

    def begin(self, moment: float) -> "Progress":
        """Lay the mark; one that lies there already is older, and stays as it is."""
        if self.since is not None:
            return Progress(None)
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._path.touch()
        progress = Progress(self._path)
        progress.reached(moment)
        return progress

    def clear(self) -> None:
        """Take the mark away: all pictures have been looked at."""
        self._path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return self.folder / NAME


@dataclass(frozen=True)
class Progress:
    """The mark of one stream of pins; without a path it is another's, and left alone."""

    path: Path | None = field(repr=False)

    def reached(self, moment: float) -> None:
        """Say that all pictures written before a moment have their pins."""
        if self.path is not None:
            with disk_errors(self.path.parent):
                os.utime(self.path, (moment, moment))

    def end(self) -> None:
        """Say that all have."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
