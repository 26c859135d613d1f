"""Which colours the foreground of a picture has, by name; knows nothing of vectors or labels."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.features.colour import SIDE, foregrounds, thumbnails

FloatArray = npt.NDArray[np.float64]

# Typical sRGB values of what people call so, lights and darks of it; a name has several.
SHADES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "black": ("0b0b0b", "232325", "2e2c30"),
        "white": ("ffffff", "f1f1ef", "e4e5e8"),
        "grey": ("6e6e70", "8e8e90", "b0b0b2", "4c4d50"),
        "silver": ("c3c5c9",),
        "beige": ("e3d5ba", "d2bf9f", "efe3cf", "c6b08e"),
        "brown": ("6b4a2f", "8a5f3c", "4a3323", "a67c52"),
        "red": ("c81e28", "e0383e", "a8161f"),
        "maroon": ("6a1b2a", "50161f", "7c2636"),
        "pink": ("f1a7bd", "e0709a", "d63d7e", "f6cdd8"),
        "orange": ("ee7a25", "d9622b", "f59a4a"),
        "yellow": ("f2d33c", "d8b12c", "f6e486"),
        "gold": ("b8954a", "cda85a"),
        "green": ("2f7d3d", "5fa04e", "6b7a3a", "1f5230", "98b86a"),
        "turquoise": ("2fa5a0", "5cc6c2", "1f7f85"),
        "blue": ("2f62c0", "4f8fd6", "8db4dc", "3f6490"),
        "navy": ("1b2548", "27325c", "20283c"),
        "purple": ("6b3f92", "4c2c66", "a98ac6"),
    }
)
# CIE 15:2004, sRGB (IEC 61966-2-1) to XYZ under D65.
_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float64
)
_WHITE = np.array([0.9505, 1.0, 1.089])


def shades(picture: Image.Image) -> dict[str, float]:
    """Return the share of the foreground's pixels whose nearest shade has each name; they sum to 1.

    Nearest by CIE 1976 distance in L*a*b*, over a thumbnail of 32 x 32; names without a pixel are
    left out.
    """
    square = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    small = thumbnails(np.asarray(square, np.uint8)[None])
    mask = foregrounds(small)[0]
    pixels = small[0][:, mask].T / 255.0
    lab = to_lab(pixels)
    nearest = ((lab[:, None] - _PALETTE[None]) ** 2).sum(axis=2).argmin(axis=1)
    counts = np.bincount(_OWNERS[nearest], minlength=len(_NAMES)) / len(pixels)
    return {_NAMES[number]: float(counts[number]) for number in np.flatnonzero(counts)}


def to_lab(colours: npt.NDArray[np.floating]) -> FloatArray:
    """Return CIE L*a*b* (D65) of sRGB rows in [0, 1]."""
    values = np.asarray(colours, np.float64)
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    ratio = (linear @ _TO_XYZ.T) / _WHITE
    cubed = (6 / 29) ** 3
    bent = np.where(ratio > cubed, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = bent[:, 0], bent[:, 1], bent[:, 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


_NAMES = tuple(SHADES)
_OWNERS = np.array([number for number, each in enumerate(SHADES.values()) for _ in each])
_PALETTE = to_lab(
    np.array([list(bytes.fromhex(code)) for each in SHADES.values() for code in each]) / 255.0
)
