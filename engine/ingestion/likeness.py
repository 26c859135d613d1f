"""Kept pictures held against each other. Knows nothing of pins."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageFile, JpegImagePlugin

from engine.features.sameness import FINE, Compared, Small, compared
from engine.store.image_store import ImageStore


@dataclass(frozen=True)
class Likeness:
    """Compares the pictures of one image store."""

    images: ImageStore

    def of(self, key: str | None, others: Sequence[str | None]) -> list[Compared | None]:
        """Compare a picture with others, by their keys.

        None stands where that says nothing: a picture is not kept, or is of one colour.
        """
        one = self._small(key)
        if one is None:
            return [None] * len(others)
        found = [self._small(each) for each in others]
        told = iter(compared(one, [each for each in found if each is not None]))
        return [None if each is None else next(told) for each in found]

    def _small(self, key: str | None) -> Small | None:
        data = self.images.get(key) if key is not None else None
        if data is None:
            return None
        # Written by the store itself: a JPEG, which opens at a fraction of its size in less time.
        with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as picture:
            opened: ImageFile.ImageFile = picture
            opened.draft("RGB", (FINE, FINE))
            small = Small.of(_rgb(opened))
        return None if small.plain else small


def _rgb(picture: Image.Image) -> Image.Image:
    return picture.convert("RGB")
