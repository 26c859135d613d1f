"""Every number that decides relevance, as one value with sensible defaults.

The defaults were chosen on the development split of `benchmarks/fusion.py` and, for queries that
mix words with a pin, on drawn pins of another seed than the samples; never on what is reported.
The visual calibrations belong to an encoder: `for_encoder` picks them by the encoder's family.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from engine.retrieval.calibration import Logistic, Saturation
from engine.store.plan import Bm25

Kind = Literal["text", "image", "mixed"]


def _by_kind(text: Logistic, image: Logistic, mixed: Logistic) -> Mapping[Kind, Logistic]:
    return MappingProxyType({"text": text, "image": image, "mixed": mixed})


EMBEDDED = _by_kind(Logistic(6.0, 0.38), Logistic(9.0, 0.55), Logistic(8.0, 0.50))
CLIP = _by_kind(Logistic(60.0, 0.26), Logistic(12.0, 0.75), Logistic(14.0, 0.60))


@dataclass(frozen=True)
class Parameters:
    """How candidates are drawn, calibrated and mixed.

    lexical_weight: share of the lexical signal in the score, by kind of query.
    text_gain: length of a text's vector beside a picture's when both are added. Words that go with
        a picture ("but blue") change it; at full length they would replace it.
    neighbour_prior: how many pseudo-observations pull the lexical value of a pin without text
        towards its visual one (see `fusion.py`).
    neighbour_width: width of the neighbourhood in calibrated visual units.
    neighbour_optimism: standard deviations above the neighbours' mean that a silent pin is given.
    """

    bm25: Bm25 = field(default_factory=Bm25)
    lexical_depth: int = 120
    vector_depth: int = 120
    visual: Mapping[Kind, Logistic] = field(default_factory=lambda: EMBEDDED)
    lexical: Saturation = field(default_factory=lambda: Saturation(1.0))
    lexical_weight: Mapping[Kind, float] = field(
        default_factory=lambda: MappingProxyType({"text": 0.55, "image": 0.2, "mixed": 0.1})
    )
    text_gain: float = 0.5
    neighbour_prior: float = 2.0
    neighbour_width: float = 0.05
    neighbour_optimism: float = 0.6


def for_encoder(fingerprint: str) -> Parameters:
    """Return the defaults that fit an encoder, by the family that its fingerprint begins with."""
    if fingerprint.startswith("embedded/"):
        return Parameters()
    return replace(Parameters(), visual=CLIP)
