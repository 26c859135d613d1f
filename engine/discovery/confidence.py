"""How likely a label is right: one score to choose by, one logistic curve to say how sure.

Every number was fitted, by regressions such as `--fit` of `benchmarks/shop.py` makes, on
pictures that are not judged, with an encoder that has not seen them, some of them of classes that
neither it nor the collection knows, so that there is something to be unsure of. They belong to the
embedded encoder, whose cosines they read.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from engine.discovery.candidates import Candidate
from engine.discovery.sayings import Facet

SURE: Final = 0.5


@dataclass(frozen=True)
class Confidence:
    """The weights of one facet.

    width: by how much of a cosine labels are told apart by the text tower.
    heard, shown: what the text tower, and the pixels, count beside the neighbours' votes.
    curve: bias, then a slope each for `traits`.
    """

    width: float
    heard: float
    shown: float
    curve: tuple[float, float, float, float, float, float]

    def score(self, each: Candidate) -> float:
        """Return what labels are put in order by, at least 0."""
        return each.votes + self.heard * each.heard + self.shown * each.shown

    def of(self, ranked: Sequence[Candidate], closest: float) -> list[float]:
        """Return the probability of each label, the best by score first; they sum to at most 1.

        That of the first is fitted; what it leaves is shared by the others as their scores are.
        """
        if not ranked:
            return []
        seen = (1.0, *traits(self, ranked, closest))
        raised = sum(slope * each for slope, each in zip(self.curve, seen, strict=True))
        first = 0.5 * (1.0 + math.tanh(0.5 * raised))
        others = [self.score(each) for each in ranked[1:]]
        total = sum(others)
        # No label is likelier than one that scores higher.
        return [first, *(min(first, (1.0 - first) * s / total) if total else 0.0 for s in others)]


def traits(
    confidence: Confidence, ranked: Sequence[Candidate], closest: float
) -> tuple[float, float, float, float, float]:
    """Return what decides how sure the first of ranked labels is.

    Its lead over the second; its votes; what the text tower says of it; the cosine of the nearest
    pin that says it; and `closest`, that of the nearest pin of all.
    """
    first = ranked[0]
    second = confidence.score(ranked[1]) if len(ranked) > 1 else 0.0
    return (
        confidence.score(first) - second,
        first.votes,
        first.heard,
        first.nearest,
        closest,
    )


CONFIDENCES: Final[Mapping[Facet, Confidence]] = MappingProxyType(
    {
        "kind": Confidence(0.05, 0.5, 0.0, (-4.68, 1.97, -0.8, 2.8, 1.77, 2.69)),
        "product": Confidence(0.03, 0.0, 0.0, (-11.49, 0.72, 2.95, 1.95, 4.61, 4.47)),
        "place": Confidence(0.03, 0.1, 0.0, (-1.7, 1.64, 0.59, 0.48, 1.66, 1.27)),
        "style": Confidence(0.03, 0.1, 0.0, (-1.7, 1.64, 0.59, 0.48, 1.66, 1.27)),
        "colour": Confidence(0.03, 0.5, 0.7, (-3.27, 1.2, 1.76, 0.45, 1.47, 0.56)),
    }
)
SAME_PRODUCT: Final = Confidence(0.05, 0.0, 0.0, (-5.59, 2.83, 3.89, 0.0, 1.24, 1.2))
