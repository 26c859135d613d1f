"""Random views of a picture for training; knows nothing of models."""

from __future__ import annotations

import math
import random

import numpy as np
from PIL import Image

from engine.training.pictures import Pixels

_STRETCH = 0.15


def random_view(pixels: Pixels, side: int, least: float, chance: random.Random) -> Pixels:
    """Cut a random box of at least `least` of the area, mirror it half of the time, resize it.

    `pixels` is (n, n, 3); the view is (side, side, 3). Colours stay: they are what is asked for.
    """
    size = pixels.shape[0]
    area = chance.uniform(least, 1.0)
    stretch = math.exp(chance.uniform(-_STRETCH, _STRETCH))
    width = min(size, size * math.sqrt(area) * stretch)
    height = min(size, size * math.sqrt(area) / stretch)
    left, top = chance.uniform(0, size - width), chance.uniform(0, size - height)
    picture = Image.fromarray(pixels)
    box = (left, top, left + width, top + height)
    view = np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR, box=box), np.uint8)
    return view[:, ::-1] if chance.random() < 0.5 else view
