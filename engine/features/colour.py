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
_AXES = (_LUMA, _CHROMA, _CHROMA)
_CELLS = len(_LUMA) * len(_CHROMA) ** 2
# A pixel this close to the border's median colour (largest channel difference) is background.
_NEAR = 20
_UNIFORM_BORDER = 0.6
_LEAST_FOREGROUND = 0.02
# Full-range BT.601, as JPEG uses it.
_TO_LUMA_CHROMA = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)


def thumbnail(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Box-average a square picture down to `SIDE` pixels a side.

    `pixels` is (n, n, 3), n a multiple of `SIDE`.
    """
    side = pixels.shape[0]
    if pixels.shape != (side, side, 3) or side % SIDE:
        raise ValueError(
            f"a colour histogram needs a square RGB picture whose side is a multiple of {SIDE}, "
            f"got {pixels.shape}; resize it first"
        )
    step = side // SIDE
    boxes = pixels.reshape(SIDE, step, SIDE, step, 3).astype(np.float32)
    return np.asarray(boxes.mean(axis=(1, 3)), np.float32)


def foreground(small: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Tell which pixels of a thumbnail are not its plain backdrop, as (side, side).

    Without a plain backdrop, or with nothing before it, every pixel counts.
    """
    border = np.concatenate([small[0], small[-1], small[1:-1, 0], small[1:-1, -1]])
    backdrop = np.median(border, axis=0)
    if float((np.abs(border - backdrop).max(axis=1) <= _NEAR).mean()) < _UNIFORM_BORDER:
        return np.ones(small.shape[:2], np.bool_)
    mask = np.abs(small - backdrop).max(axis=2) > _NEAR
    return mask if float(mask.mean()) >= _LEAST_FOREGROUND else np.ones_like(mask)


def histogram(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Describe the colours of a square RGB picture as `WIDTH` numbers in [0, 1].

    Square roots of the shares of 6 luma by 5 x 5 chroma bins, over the foreground and over
    its middle quarter, then the share of foreground. A pixel is shared linearly between the
    neighbouring bins, so that a small change of colour is a small change of the histogram.
    """
    small = thumbnail(pixels)
    mask = foreground(small)
    cells, weights = _cells(small.reshape(-1, 3))
    centre = np.zeros_like(mask)
    quarter = SIDE // 4
    centre[quarter:-quarter, quarter:-quarter] = mask[quarter:-quarter, quarter:-quarter]
    if not centre.any():
        centre[quarter:-quarter, quarter:-quarter] = True
    parts = [np.sqrt(_shares(cells, weights, m.reshape(-1))) for m in (mask, centre)]
    return np.concatenate([*parts, [mask.mean()]]).astype(np.float32)


def histograms(
    pictures: npt.NDArray[np.uint8] | Sequence[npt.NDArray[np.uint8]],
) -> npt.NDArray[np.float32]:
    """Stack the histograms of several pictures as (n, `WIDTH`)."""
    if not len(pictures):
        return np.zeros((0, WIDTH), np.float32)
    return np.stack([histogram(picture) for picture in pictures])


def _cells(rgb: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Give each pixel its eight surrounding cells and their weights, both (8, pixels)."""
    luma, blue, red = (_ends(v, c) for v, c in zip((rgb @ _TO_LUMA_CHROMA.T).T, _AXES, strict=True))
    rows, columns = len(_CHROMA) ** 2, len(_CHROMA)
    cells = luma[0][:, None, None] * rows + blue[0][:, None] * columns + red[0]
    weights = luma[1][:, None, None] * blue[1][:, None] * red[1]
    return cells.reshape(8, -1), weights.reshape(8, -1)


def _ends(
    values: npt.NDArray[np.float32], centres: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Give each value the two bins around it and its share of each, both (2, values)."""
    place = np.interp(values, centres, np.arange(len(centres))).astype(np.float32)
    low = np.minimum(place.astype(np.intp), len(centres) - 2)
    share = place - low.astype(np.float32)
    return np.stack([low, low + 1]), np.stack([1 - share, share])


def _shares(
    cells: npt.NDArray[np.intp], weights: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    counted = np.bincount(
        cells[:, mask].ravel(), weights=weights[:, mask].ravel(), minlength=_CELLS
    )
    return np.asarray(counted / max(int(mask.sum()), 1), np.float64)
