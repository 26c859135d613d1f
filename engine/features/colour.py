"""The colours of a picture as one short histogram; knows nothing of models or files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

WIDTH = 301
"""Length of a histogram: twice 6 x 5 x 5 bins, and the share of foreground."""

SIDE = 32
"""Pixels a side of the thumbnail that is counted."""

_LUMA = np.array([16, 61, 106, 150, 195, 240], np.float32)
_CHROMA = np.array([-80, -28, 0, 28, 80], np.float32)
# A pixel this close to the border's median colour (largest channel difference) is background.
_NEAR = 20
_UNIFORM_BORDER = 0.6
_LEAST_FOREGROUND = 0.02
# Pictures counted together: enough to spread the cost of each call, few enough for the cache.
_TOGETHER = 8
# Full-range BT.601, as JPEG uses it.
_TO_LUMA_CHROMA = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)


def thumbnails(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Box-average square pictures (n, s, s, 3), s a multiple of `SIDE`, to (n, 3, `SIDE`, `SIDE`).

    Channels come first, so that all that follows runs along whole rows.
    """
    side = pixels.shape[1]
    if pixels.shape[1:] != (side, side, 3) or side % SIDE:
        raise ValueError(
            f"a colour histogram needs a square RGB picture whose side is a multiple of {SIDE}, "
            f"got {pixels.shape[1:]}; resize it first"
        )
    # Slices added one by one: several times as quick as a mean over two inner axes.
    step = side // SIDE
    rows = pixels.reshape(-1, SIDE, step, side * 3)
    bands = rows[:, :, 0].astype(np.float32)
    for row in range(1, step):
        bands += rows[:, :, row]
    columns = bands.reshape(-1, SIDE, SIDE, step, 3)
    boxes = columns[:, :, :, 0].copy()
    for column in range(1, step):
        boxes += columns[:, :, :, column]
    boxes /= np.float32(step * step)
    return np.ascontiguousarray(boxes.transpose(0, 3, 1, 2))


def foregrounds(small: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Tell which pixels of thumbnails (n, 3, `SIDE`, `SIDE`) are not a plain backdrop.

    Without a plain backdrop, or with nothing before it, every pixel counts.
    """
    edges = (small[:, :, 0], small[:, :, -1], small[:, :, 1:-1, 0], small[:, :, 1:-1, -1])
    border = np.concatenate(edges, axis=2)
    middle = border.shape[2] // 2
    backdrop = np.sort(border, axis=2)[:, :, middle - 1 : middle + 1].mean(axis=2, keepdims=True)
    plain = (np.abs(border - backdrop).max(axis=1) <= _NEAR).mean(axis=1) >= _UNIFORM_BORDER
    mask = np.abs(small - backdrop[:, :, None]).max(axis=1) > _NEAR
    kept = plain & (mask.mean(axis=(1, 2)) >= _LEAST_FOREGROUND)
    return np.asarray(mask | ~kept[:, None, None], np.bool_)


def histogram(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Describe the colours of a square RGB picture as `WIDTH` numbers in [0, 1].

    Square roots of the shares of 6 luma by 5 x 5 chroma bins, over the foreground and over
    its middle quarter, then the share of foreground. A pixel is shared linearly between the
    neighbouring bins, so that a small change of colour is a small change of the histogram.
    """
    return np.asarray(_count(pixels[None])[0], np.float32)


def histograms(
    pictures: npt.NDArray[np.uint8] | Sequence[npt.NDArray[np.uint8]],
) -> npt.NDArray[np.float32]:
    """Stack the histograms of several pictures as (n, `WIDTH`)."""
    if not len(pictures):
        return np.zeros((0, WIDTH), np.float32)
    starts = range(0, len(pictures), _TOGETHER)
    return np.concatenate([_count(np.asarray(pictures[s : s + _TOGETHER])) for s in starts])


def _count(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    small = thumbnails(pixels)
    mask = foregrounds(small)
    values = _TO_LUMA_CHROMA @ small.reshape(-1, 3, SIDE * SIDE)
    luma, blue, red = _hats(values[:, 0], _LUMA), *(_hats(values[:, i], _CHROMA) for i in (1, 2))
    pairs = (luma[:, :, None] * blue[:, None]).reshape(len(small), -1, SIDE, SIDE)
    red = red.reshape(len(small), -1, SIDE, SIDE)
    quarter = slice(SIDE // 4, -SIDE // 4)
    centre = mask[:, quarter, quarter]
    centre = centre | ~centre.any(axis=(1, 2), keepdims=True)
    whole = _shares(pairs, red, mask)
    middle = _shares(pairs[:, :, quarter, quarter], red[:, :, quarter, quarter], centre)
    share = mask.mean(axis=(1, 2), dtype=np.float32)[:, None]
    return np.concatenate([whole, middle, share], axis=1)


def _hats(
    values: npt.NDArray[np.float32], centres: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Share values (n, pixels) between the bins: (n, bins, pixels), each pixel's sum 1."""
    rises = (values[:, None] - centres[:-1, None]) / np.diff(centres)[:, None]
    np.clip(rises, 0, 1, out=rises)
    hats = np.empty((len(values), len(centres), values.shape[1]), np.float32)
    hats[:, 0] = 1 - rises[:, 0]
    hats[:, 1:-1] = rises[:, :-1] - rises[:, 1:]
    hats[:, -1] = rises[:, -1]
    return hats


def _shares(
    pairs: npt.NDArray[np.float32], red: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """Return the square roots of the bins' shares of the masked pixels, (n, bins)."""
    count = len(mask)
    counted = (red * mask[:, None]).reshape(count, red.shape[1], -1)
    sums = pairs.reshape(count, pairs.shape[1], -1) @ counted.transpose(0, 2, 1)
    return np.asarray(np.sqrt(sums.reshape(count, -1) / mask.sum(axis=(1, 2))[:, None]), np.float32)
