"""Decoded pictures in one memory-mapped array; knows nothing of texts or models."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.features.embedded import prepare

Pixels = npt.NDArray[np.uint8]

_TWIN_SIDE = 16
_TWIN_DISTANCE = 3.0


def decode(path: Path, side: int) -> Pixels:
    """Read a picture and bring it to (side, side, 3) as the encoder does when it runs."""
    with Image.open(path) as picture:
        return prepare(picture, side)


def decode_all(paths: Sequence[Path], side: int, cache: Path) -> Pixels:
    """Return every picture as (n, side, side, 3), decoding only what `cache` lacks.

    The list of paths stands beside the array, so that another list makes a new array.
    """
    listing = "\n".join(str(path) for path in paths)
    stamp = cache.with_suffix(".txt")
    shape = (len(paths), side, side, 3)
    if cache.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == listing:
        return _mapped(cache)
    pictures = np.lib.format.open_memmap(cache, mode="w+", dtype=np.uint8, shape=shape)

    def fill(row: int) -> None:
        pictures[row] = decode(paths[row], side)

    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(fill, range(len(paths)), chunksize=64):
            pass
    pictures.flush()
    stamp.write_text(listing, encoding="utf-8")
    return _mapped(cache)


def near_twins(pictures: Pixels, judged: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Mark the unjudged pictures that look like a judged one, as (n,).

    Two pictures are twins when their 16 x 16 thumbnails differ by less than 3 of 255 on average
    (root mean square); hashes of flat product photos collide too often to decide this.
    """
    side = pictures.shape[1]
    step = side // _TWIN_SIDE
    small = np.stack(
        [
            picture.reshape(_TWIN_SIDE, step, _TWIN_SIDE, step, 3).mean((1, 3)).ravel()
            for picture in pictures
        ]
    ).astype(np.float32)
    known = small[judged]
    squares = (known**2).sum(1)
    limit = _TWIN_DISTANCE**2 * small.shape[1]
    twins = np.zeros(len(small), np.bool_)
    for start in range(0, len(small), 1024):
        rows = small[start : start + 1024]
        gaps = (rows**2).sum(1)[:, None] + squares[None] - 2 * rows @ known.T
        twins[start : start + 1024] = (gaps < limit).any(1)
    return twins & ~judged


def _mapped(cache: Path) -> Pixels:
    loaded: Pixels = np.load(cache, mmap_mode="r")
    return loaded
