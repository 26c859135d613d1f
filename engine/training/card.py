"""What the card of a made encoder says, from the run that made it; knows nothing of weights.

`model_card.py` turns the same values into the README that lies beside the weights.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime

from engine.training.pins import TrainingPin
from engine.training.recipe import Recipe

_LICENCES = {
    "fashion": "Fashion Product Images (Kaggle), licence unverified",
    "grocery": "Grocery Store Dataset, MIT",
    "clothing": "Clothing dataset, CC0",
    "caltech": "Caltech-101, CC BY 4.0",
    "flickr": "subset of Flickr8k, research use",
    "imagenet": "ImageNet samples, research use",
    "drawn": "our own drawings, MIT",
}
TEXTS = (
    "captions of Multi30k and Flickr30k, research use; class descriptions of CuPL; names of "
    "ImageNet's classes"
)
BACKBONE = "MobileNetV2 1.0 224 (ImageNet), Coral test data, Apache-2.0"
TEACHER = "sentence-transformers/all-MiniLM-L6-v2, Apache-2.0"
LIMITS: Mapping[str, str] = {
    "texts": "no negation; order only in how clothes are asked for; English in earnest only",
    "pictures": "no text in pictures, no counting, no persons; squashed to a square",
    "scope": "good at what it was shown; far below a CLIP model on scenes",
}


def made(
    pins: Iterable[TrainingPin],
    recipe: Recipe,
    stages: Iterable[str],
    cost: Mapping[str, object],
    figures: Mapping[str, float],
    left_out: Mapping[str, object],
) -> dict[str, object]:
    """Return the card of an encoder made from the public sets.

    `pins` are those that trained; `figures` are of the development split at the end.
    """
    counts = Counter(pin.set_name for pin in pins)
    data = {
        name: {"pins": count, "licence": _LICENCES.get(name, "not known")}
        for name, count in sorted(counts.items())
    }
    numbers = asdict(replace(recipe, shares={}))
    return {
        "name": "embedded",
        "made": today(),
        "stages": list(stages),
        "starting_weights": BACKBONE,
        "text_teacher": TEACHER,
        "texts": TEXTS,
        "data": data,
        "left_out": dict(left_out) or {"sets": "none"},
        "cost": dict(cost),
        "development": {name: round(value, 4) for name, value in figures.items()},
        "recipe": numbers | {"shares": dict(recipe.shares)},
        "what_it_can_not_do": dict(LIMITS),
    }


def tuned(
    base: Mapping[str, object],
    pins: Mapping[str, int],
    chosen: Mapping[str, object],
    cost: Mapping[str, object],
    figures: Mapping[str, Mapping[str, object]],
) -> dict[str, object]:
    """Return the card of an encoder tuned on a user's own pins.

    `figures` maps what was measured to its value before and after.
    """
    return {
        "name": f"{base.get('name', 'embedded')}, tuned",
        "made": today(),
        "base": dict(base),
        "pins": dict(pins),
        "tuning": dict(chosen),
        "cost": dict(cost),
        "figures": {name: dict(values) for name, values in figures.items()},
        "what_it_can_not_do": {
            **LIMITS,
            "tuning": "head and words only: the layers that look at pictures are the base's; and "
            "pictures unlike the user's have the base's vectors",
        },
    }


def today() -> str:
    """Return the date in UTC."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
