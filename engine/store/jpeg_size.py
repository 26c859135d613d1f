"""How large a kept JPEG is, from the start of its file."""

from functools import lru_cache
from pathlib import Path

from PIL import Image

# The frame follows a few tables; Pillow looks for it in the files where it lies further on.
_HEAD_BYTES = 1_024
_START_OF_FRAME = frozenset({0xC0, 0xC1, 0xC2})
_REMEMBERED = 65_536


def jpeg_size(path: Path) -> tuple[int, int] | None:
    """Return width and height in pixels, or None where there is no such picture, or no whole one.

    What was read is remembered: a file is taken never to get another content.
    """
    try:
        return _size(path)
    except OSError:  # also Pillow's errors
        return None


@lru_cache(maxsize=_REMEMBERED)
def _size(path: Path) -> tuple[int, int]:
    # A page of an answer has forty pictures, for which Pillow alone would take ten times as long.
    with path.open("rb", buffering=0) as file:
        head = file.read(_HEAD_BYTES)
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        if head[at + 1] in _START_OF_FRAME:
            return int.from_bytes(head[at + 7 : at + 9]), int.from_bytes(head[at + 5 : at + 7])
        at += 2 + int.from_bytes(head[at + 2 : at + 4])
    with Image.open(path, formats=("JPEG",)) as picture:
        return picture.size
