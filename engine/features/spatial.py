"""What an encoder sees where: maps of a picture, whole from its own layers or patched from crops.

Knows nothing of boxes and objects.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.features.encoder import Encoder

FloatArray = npt.NDArray[np.float32]

CROPS = 6
"""Crops a side where an encoder has no map of its own."""
CROP_SHARE = 0.3
"""Side of such a crop as a share of the picture's."""
_LEAST = 1e-9


@runtime_checkable
class SpatialEncoder(Protocol):
    """An encoder that can say what it sees where."""

    def maps(self, image: Image.Image) -> Sequence[FloatArray]:
        """Return maps (height, width, channels) of the picture, the finest first.

        Each covers the whole picture, squashed to a square; empty where the model has none.
        """
        ...


def maps_of(encoder: Encoder, image: Image.Image) -> Sequence[FloatArray]:
    """Return an encoder's own maps, or one made of the vectors of a grid of crops."""
    own = encoder.maps(image) if isinstance(encoder, SpatialEncoder) else ()
    return own or (_patched(encoder, image),)


def described(maps: Sequence[FloatArray], side: int) -> tuple[FloatArray, list[slice]]:
    """Return a description (side, side, channels) of every cell of a grid, and its three parts.

    Each map is centred and weighs as much as any other. The parts hold the maps finer than the
    grid, as fine, and coarser; one may be empty.
    """
    parts: list[list[FloatArray]] = [[], [], []]
    for each in maps:
        cells = _on_grid(each, side)
        cells = cells - cells.mean(axis=(0, 1))
        spread = np.sqrt(np.mean(np.sum(cells**2, axis=-1)))
        place = 1 - int(np.sign(each.shape[0] - side))
        parts[place].append(cells / max(float(spread), _LEAST))
    widths = [sum(cells.shape[-1] for cells in part) for part in parts]
    ends = np.cumsum(widths)
    slices = [slice(int(end - width), int(end)) for end, width in zip(ends, widths, strict=True)]
    return np.concatenate([cells for part in parts for cells in part], axis=-1), slices


def _on_grid(each: FloatArray, side: int) -> FloatArray:
    """Bring a map to (side, side): means of blocks where that divides, else by interpolation."""
    if each.shape[0] == each.shape[1] == side:
        return each
    rows = _axis(each.shape[0], side)
    columns = _axis(each.shape[1], side)
    return np.asarray(np.einsum("ay,yxc,bx->abc", rows, each, columns, optimize=True), np.float32)


def _axis(length: int, side: int) -> FloatArray:
    """Return the weights (side, length) that bring one axis to another length."""
    weights = np.zeros((side, length), np.float32)
    if length % side == 0:
        step = length // side
        for place in range(side):
            weights[place, place * step : (place + 1) * step] = 1 / step
        return weights
    at = np.clip((np.arange(side) + 0.5) * length / side - 0.5, 0, length - 1)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, length - 1)
    weights[np.arange(side), low] += 1 - (at - low)
    weights[np.arange(side), high] += at - low
    return weights


def _patched(encoder: Encoder, image: Image.Image) -> FloatArray:
    width, height = image.size
    wide, high = (max(1, round(CROP_SHARE * length)) for length in (width, height))
    lefts = np.linspace(0, width - wide, CROPS).round().astype(int)
    tops = np.linspace(0, height - high, CROPS).round().astype(int)
    crops = [
        image.crop((int(left), int(top), int(left) + wide, int(top) + high))
        for top in tops
        for left in lefts
    ]
    return encoder.encode_images(crops).reshape(CROPS, CROPS, -1)
