"""The things in a picture: boxes worth searching, each with its vector and, where sure, a label.

Boxes come from the encoder's own maps, or from a detector; what a person has cropped is a region as
it is. Knows nothing of pins and collections.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.discovery.vocabulary import Labels
from engine.features.encoder import Encoder
from engine.features.images import crop
from engine.features.regions import Proposal, proposals
from engine.features.spatial import maps_of
from engine.queries import Crop

FloatArray = npt.NDArray[np.float32]
Detector = Callable[[Image.Image], Sequence[Proposal]]

SURE: Final = 5.0
"""Deviations by which the best label must stand above all labels, see docs/discovery.md."""
MOST: Final = 50


@dataclass(frozen=True)
class Region:
    """A box with the unit vector of what is in it; `label` is None where nothing fits surely.

    score: in [0, 1], how likely the box fits one thing; 1 for a person's own crop.
    """

    box: Crop
    label: str | None
    score: float
    vector: FloatArray


@dataclass(frozen=True)
class Finder:
    """Finds the things in pictures.

    detector: proposes boxes, with labels of its own, in place of the encoder.
    """

    encoder: Encoder
    labels: Labels
    detector: Detector | None = None

    def find(self, image: Image.Image, most: int = 10, own: Crop | None = None) -> list[Region]:
        """Return the things in an upright picture, best first; with `own` that crop alone."""
        found: Sequence[Proposal]
        if own is not None:
            found = [Proposal(own, 1.0)]
        elif self.detector is not None:
            found = self.detector(image)[:most]
        else:
            found = proposals(maps_of(self.encoder, image), most)
        rows = crop_vectors(image, found, self.encoder)
        names = named(rows, self.labels)
        return [
            Region(each.box, each.label or name, each.score, row)
            for each, name, row in zip(found, names, rows, strict=True)
        ]


def crop_vectors(image: Image.Image, found: Sequence[Proposal], encoder: Encoder) -> FloatArray:
    """Return the unit row of what is in each box."""
    return encoder.encode_images([crop(image, each.box) for each in found])


def named(rows: FloatArray, labels: Labels) -> list[str | None]:
    """Return the label of each vector, None where none stands out from all others."""
    if len(labels.terms) < 2 or not len(rows):
        return [None] * len(rows)
    cosines = rows @ labels.rows.T
    best = cosines.argmax(axis=1)
    spread = np.maximum(cosines.std(axis=1), 1e-9)
    above = (cosines.max(axis=1) - cosines.mean(axis=1)) / spread
    return [
        labels.terms[place].label if far >= SURE else None
        for place, far in zip(best.tolist(), above.tolist(), strict=True)
    ]
