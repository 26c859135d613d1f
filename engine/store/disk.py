"""The room left on a disk, and what to say when there is none."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import StoreError, StoreFull

MIB = 1024 * 1024
MIN_FREE = 256 * MIB


def require_room(folder: Path, min_free_bytes: int) -> None:
    """Raise StoreFull when less than `min_free_bytes` are left on the folder's disk."""
    free = shutil.disk_usage(folder).free
    if free < min_free_bytes:
        raise StoreFull(
            f"the disk of {folder} has {free // MIB} MiB free and {min_free_bytes // MIB} are kept "
            "in reserve: free some room, or move the data folder (ENGINE_DATA); "
            "nothing of this batch was written"
        )


def is_full(error: OSError) -> bool:
    """Tell whether the disk, or the user's share of it, has no room left."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def read_only(folder: Path) -> StoreError:
    """Return what to say when nothing can be written because of how the disk is mounted."""
    return StoreError(
        f"the disk of {folder} is read-only: mount it for writing and start again, or move the "
        "data folder (ENGINE_DATA); nothing that was acknowledged is lost"
    )


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn an operating system's refusal to write into the error that says what to do."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise StoreFull(
                f"the disk of {folder} is full: free some room, or move the data folder "
                "(ENGINE_DATA); nothing that was acknowledged is lost"
            ) from error
        if error.errno == errno.EROFS:
            raise read_only(folder) from error
        raise StoreError(f"{folder} can't be used: {error.strerror or error}") from error


def bytes_in(folder: Path) -> int:
    """Return the bytes that a folder's files take on disk; sparse files count what they hold."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_blocks * 512
            except FileNotFoundError:
                # The engine drops old segments while we look.
                continue
    return total


def write_whole(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Replace a small file at once: readers see the old text or the new, also after a crash.

    mode: the permissions of the file, less what the process's mask takes away.
    """
    beside = path.with_suffix(path.suffix + ".new")
    beside.unlink(missing_ok=True)  # one left by a crash has permissions of its own
    opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_files(folder: Path) -> None:
    """Have a folder and the files in it on disk, those written to through memory too."""
    for each in (*folder.iterdir(), folder):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
