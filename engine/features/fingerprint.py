"""Short names for pictures: exact by their bytes, near by their light. Knows nothing of vectors."""

import hashlib

import numpy as np
from PIL import Image

_COLUMNS = 9
_ROWS = 8


def content_sha256(data: bytes) -> str:
    """Return the SHA-256 of `data` as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def dhash(image: Image.Image) -> str:
    """Return the 64-bit difference hash of a picture as 16 hex digits.

    The picture is reduced to 9x8 greys; each bit, row by row, says whether a grey is brighter than
    the one to its left (N. Krawetz, "Kind of Like That", 2013). Flat pictures all give zeros, so a
    small distance is a reason to look closer, never proof of a copy.
    """
    small = image.convert("L").resize((_COLUMNS, _ROWS), Image.Resampling.BOX)
    greys = np.asarray(small)
    return np.packbits(greys[:, 1:] > greys[:, :-1]).tobytes().hex()


def hamming(first: str, second: str) -> int:
    """Return in how many of 64 bits two difference hashes differ."""
    return (int(first, 16) ^ int(second, 16)).bit_count()
