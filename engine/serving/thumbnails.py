"""Kept pictures made small for a grid; those asked for last stay at hand."""

import io
import threading
from collections import OrderedDict
from typing import Final

from PIL import Image

LONGEST: Final = 320
QUALITY: Final = 82
# Some two thousand of them.
ROOM_BYTES: Final = 32 * 1024 * 1024


class Thumbnails:
    """Small JPEGs by the key of the picture that they show; threads may share it."""

    def __init__(self, room_bytes: int = ROOM_BYTES) -> None:
        self._room = room_bytes
        self._taken = 0
        self._made: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: str, picture: bytes) -> bytes:
        """Return the thumbnail of a kept JPEG; one that is small already is returned as it is."""
        with self._lock:
            if (known := self._made.get(key)) is not None:
                self._made.move_to_end(key)
                return known
        made = smaller(picture)
        with self._lock:
            if key not in self._made:
                self._made[key] = made
                self._taken += len(made)
            while self._taken > self._room:
                _, oldest = self._made.popitem(last=False)
                self._taken -= len(oldest)
        return made


def smaller(picture: bytes) -> bytes:
    """Return a kept JPEG with a longest side of at most LONGEST, without metadata."""
    with Image.open(io.BytesIO(picture)) as image:
        if max(image.size) <= LONGEST:
            return picture
        image.draft("RGB", (LONGEST, LONGEST))
        image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
        image.info.clear()
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=QUALITY)
        return buffer.getvalue()
