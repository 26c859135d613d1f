"""A small disk of its own, that can be filled, emptied and turned read-only under its users."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import absent

MIB = 1024 * 1024


class SmallDisk:
    """A file system in a file, mounted at `place`."""

    def __init__(self, folder: Path, mib: int) -> None:
        self._image = folder / "disk.img"
        self._ballast = folder / "disk" / "ballast"
        self.place = folder / "disk"
        self.place.mkdir()
        with self._image.open("wb") as file:
            file.truncate(mib * MIB)
        # Nothing is set aside for the superuser, who may be running this.
        _run("mkfs.ext4", "-q", "-F", "-m", "0", str(self._image))

    def mount(self, *options: str) -> None:
        _run("mount", "-o", ",".join(("loop", *options)), str(self._image), str(self.place))

    def unmount(self) -> None:
        _run("umount", str(self.place))

    def free(self) -> int:
        return shutil.disk_usage(self.place).free

    def fill(self, leave: int) -> None:
        """Leave so many bytes free."""
        with self._ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, self.free() - leave)

    def empty(self) -> None:
        """Make room again."""
        self._ballast.unlink()

    def break_down(self) -> None:
        """Turn read-only as after an error of the disk: at once, whatever is open for writing."""
        _run("mount", "-o", "remount,abort", str(self.place))


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[SmallDisk]:
    """Mount a disk while the block runs; where that can't be done the test lacks a part."""
    remedy = "run as root with loop devices and mkfs.ext4"
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        absent("a small disk", remedy)
    disk = SmallDisk(folder, mib)
    try:
        disk.mount()
    except subprocess.CalledProcessError as error:
        absent("a small disk", f"{remedy}: {error.stderr.strip()}")
    try:
        yield disk
    finally:
        disk.unmount()


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, text=True)
