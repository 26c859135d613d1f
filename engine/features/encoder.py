"""The encoder as the rest of the engine sees it: texts and pictures in one vector space."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

FloatArray = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Maps texts and pictures to unit vectors whose dot product says how well they fit."""

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """Names model, revision, preprocessing and dimension; equal only if vectors are equal."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Return (n, dimension) float32 unit rows in the order of `texts`."""
        ...

    def encode_images(self, images: Sequence[Image.Image]) -> FloatArray:
        """Return (n, dimension) float32 unit rows; pictures are upright RGB of any size."""
        ...

    def knows_word(self, word: str) -> bool:
        """Say whether a word means something by itself, rather than by the pieces it falls into."""
        ...


def warm(encoder: Encoder) -> None:
    """Have both sides do what is slow the first time."""
    encoder.encode_texts(["a pin"])
    encoder.encode_images([Image.new("RGB", (64, 64), "white")])
