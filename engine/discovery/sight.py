"""A picture that is asked about: its vector, and its pixels where there are any."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from engine.features.encoder import Encoder
from engine.queries import Part
from engine.retrieval.understand import Reader

FloatArray = npt.NDArray[np.float32]
CENTRE = 0.85


@dataclass(frozen=True)
class Sight:
    """What is looked at.

    vector: unit row. picture: None for a pin whose picture is not kept.
    pin: the pin that shows it, None for a picture from outside.
    """

    vector: FloatArray
    picture: Image.Image | None
    pin: str | None = None

    @property
    def known(self) -> frozenset[str]:
        """The pins that must not speak for themselves."""
        return frozenset() if self.pin is None else frozenset({self.pin})


def look(part: Part, reader: Reader) -> Sight:
    """Return what a picture or a pin shows; raise BadQuery, BadImage, BadCrop or UnknownPin."""
    if part.kind != "pin":
        picture = reader.picture(part)
        return Sight(seen(picture, reader.load_encoder()), picture)
    record = reader.record(str(part.value))
    kept = record.image_key is not None and reader.images.has(record.image_key)
    if not kept and part.crop is None:
        return Sight(record.vector, None, record.pin.id)
    picture = reader.picture(part)
    return Sight(seen(picture, reader.load_encoder()), picture, record.pin.id)


def seen(picture: Image.Image, encoder: Encoder) -> FloatArray:
    """Return the direction of the mean of a picture's vector, its mirror image's and its middle's.

    Three looks tell more than one: on development they are right half as often again where one is
    wrong by a hair, at three times the cost of encoding.
    """
    width, height = picture.size
    left, top = (round(side * (1 - CENTRE) / 2) for side in (width, height))
    middle = picture.crop((left, top, max(left + 1, width - left), max(top + 1, height - top)))
    rows = encoder.encode_images([picture, ImageOps.mirror(picture), middle])
    mean = rows.sum(axis=0)
    length = float(np.linalg.norm(mean))
    return np.asarray(mean / length if length > 1e-6 else rows[0], np.float32)
