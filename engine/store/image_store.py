"""The pictures that the engine keeps: upright, without metadata, small, named by their content.

Knows nothing of pins: who refers to a picture is the caller's business.
"""

import errno
import hashlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from PIL import Image

from engine.errors import StoreError, StoreFull
from engine.store.disk import is_full, read_only, require_room
from engine.store.jpeg_size import jpeg_size
from engine.store.unsynced import Unsynced

LONGEST = {"keep": 512, "thumbnail": 192}
QUALITY = 88
# A file that comes may take so many pixels a byte to be kept as it is: about twice what QUALITY
# takes of a photo.
LEAST_PIXELS_A_BYTE = 2
PART = ".part"
FOLDER_DIGITS = 2
_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ImageStore:
    """JPEG files under `folder`, in 256 subfolders by the first two digits of their key.

    min_free_bytes: what of the disk new pictures leave free.
    """

    folder: Path
    mode: Literal["keep", "thumbnail", "reference"] = "keep"
    min_free_bytes: int = 0
    unsynced: Unsynced = field(default_factory=Unsynced, repr=False, compare=False)

    def put(self, image: Image.Image, jpeg: bytes | None = None) -> str | None:
        """Keep an upright RGB picture and return its key (SHA-256 of what is kept), or None.

        jpeg: a file of the same pixels without metadata; if small enough, it is kept as it is.
        The file appears whole or not at all, and is on disk after `sync`; a picture that is there
        already costs no write. Raises StoreFull when the disk has no room.
        """
        if self.mode == "reference":
            return None
        longest = LONGEST[self.mode]
        data = jpeg if jpeg is not None and _fits(image, jpeg, longest) else _jpeg(image, longest)
        key = hashlib.sha256(data).hexdigest()
        path = self._path(key)
        # A file of another length is what a power cut left.
        if not path.exists() or path.stat().st_size != len(data):
            _write_whole(path, data, self.min_free_bytes)
            self.unsynced.add(path)
        return key

    def restore(self, key: str, jpeg: bytes) -> bool:
        """Keep a file that was kept elsewhere under a key, and return whether it is that file.

        It is on disk after `sync`. Raises StoreFull when the disk has no room.
        """
        if hashlib.sha256(jpeg).hexdigest() != key:
            return False
        if not self.has(key):
            _write_whole(self._path(key), jpeg, self.min_free_bytes)
            self.unsynced.add(self._path(key))
        return True

    def sync(self) -> None:
        """Have on disk what this process kept before; raise StoreError where that fails.

        Pictures that can't be written down are forgotten, so that they are kept anew when they
        come again.
        """
        self.unsynced.sync()

    def get(self, key: str) -> bytes | None:
        """Return the JPEG bytes of a key, or None when it is not kept."""
        if not _KEY.fullmatch(key):
            return None
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            return None

    def size(self, key: str) -> tuple[int, int] | None:
        """Return width and height of a kept picture in pixels, or None when it is not kept."""
        return jpeg_size(self._path(key)) if _KEY.fullmatch(key) else None

    def has(self, key: str) -> bool:
        """Say whether a picture is kept under a key; an empty file is what a power cut left."""
        if not _KEY.fullmatch(key):
            return False
        try:
            return self._path(key).stat().st_size > 0
        except FileNotFoundError:
            return False

    def delete(self, key: str) -> bool:
        """Forget a picture; return whether it was there."""
        try:
            self._path(key).unlink()
        except FileNotFoundError:
            return False
        return True

    def written_since(self, moment: float) -> Iterator[str]:
        """Yield the keys of pictures whose files are no older, as time.time() counts.

        What a process that died had begun to write goes on the way.
        """
        if not self.folder.is_dir():
            return
        for place in sorted(self.folder.iterdir()):
            if len(place.name) != FOLDER_DIGITS or not place.is_dir():
                continue
            for path in sorted(place.iterdir()):
                if path.stat().st_mtime < moment:
                    continue
                if path.suffix == PART:
                    path.unlink(missing_ok=True)
                elif _KEY.fullmatch(path.stem):
                    yield path.stem

    def _path(self, key: str) -> Path:
        return self.folder / key[:FOLDER_DIGITS] / f"{key}.jpg"


def _fits(image: Image.Image, jpeg: bytes, longest: int) -> bool:
    pixels = image.width * image.height
    return max(image.size) <= longest and len(jpeg) * LEAST_PIXELS_A_BYTE <= pixels


def _jpeg(image: Image.Image, longest: int) -> bytes:
    small = image.copy()
    small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _write_whole(path: Path, data: bytes, min_free_bytes: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        require_room(path.parent, min_free_bytes)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=PART)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(name, path)  # noqa: PTH105 - atomic within one folder
        except BaseException:
            os.unlink(name)  # noqa: PTH108
            raise
    except OSError as error:
        if is_full(error):
            raise StoreFull(
                f"no room left for pictures in {path.parent.parent}: free some space, "
                "or set ENGINE_IMAGES__MODE=reference"
            ) from error
        if error.errno == errno.EROFS:
            raise read_only(path.parent.parent) from error
        raise StoreError(f"can't write pictures in {path.parent.parent}: {error}") from error
