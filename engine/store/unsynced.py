"""Files that are written and may not be on disk yet: synced together, by one for all who wait.

Knows nothing of what is in them.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from engine.store.disk import disk_errors

# So many files are left for later at most; one more, and whoever wrote it syncs them all.
MOST: Final = 1_024
# One commit of the file system's journal serves all that ask for it at a time.
TOGETHER: Final = 8


class Unsynced:
    """The files of one place that were written since the last sync."""

    def __init__(self) -> None:
        self._files: set[Path] = set()
        self._adding = threading.Lock()
        self._syncing = threading.Lock()

    def add(self, path: Path) -> None:
        """Have a file, which is in its place, synced by the next `sync`."""
        with self._adding:
            self._files.add(path)
            many = len(self._files) > MOST
        if many:
            self.sync()

    def sync(self) -> None:
        """Have every file on disk that was added before; wait for others that are at it.

        Files that are gone are no one's concern. Raises StoreError or StoreFull where the system
        could not write, having removed what it was asked to.
        """
        with self._syncing:
            with self._adding:
                files, self._files = self._files, set()
            if files:
                _sync(files)


def _sync(files: set[Path]) -> None:
    folders = {path.parent for path in files}
    try:
        with disk_errors(next(iter(folders)).parent), ThreadPoolExecutor(TOGETHER) as pool:
            # A new file's name is in its folder, which is a file of its own.
            list(pool.map(_fsync, files))
            list(pool.map(_fsync, folders))
    except BaseException:
        # The system forgets what it could not write: a later sync would say that all is well.
        for path in files:
            path.unlink(missing_ok=True)
        raise


def _fsync(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
