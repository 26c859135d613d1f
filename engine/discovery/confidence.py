"""How likely a label is right: one score to choose by, one logistic curve to say how sure.

Every number is what `--fit` of `benchmarks/recognition.py`, and of `benchmarks/shop.py`, prints: on
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

# From what probability on a name is sure, and a product the very one. The first is the least at
# which half of the wrong names of each pool of development pictures are not sure: what no
# collection and no encoder has known claims more than it is worth.
SURE: Final = 0.7
EXACT: Final = 0.5


@dataclass(frozen=True)
class Confidence:
    """The weights of one facet.

    width: by how much of a cosine labels are told apart by the text tower.
    heard, shown: what the text tower, and the pixels, count beside the neighbours' votes.
    curve: bias, then a slope each for `traits`.
    told: where less than this share of the neighbours says anything of the facet, the picture may
        have none, and all is less likely in proportion.
    """

    width: float
    heard: float
    shown: float
    curve: tuple[float, float, float, float, float, float, float]
    told: float = 0.0

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
        told = [first, *(min(first, (1.0 - first) * s / total) if total else 0.0 for s in others)]
        spoken = max(each.spoken for each in ranked)
        there = min(1.0, spoken / self.told) if self.told else 1.0
        return [there * each for each in told]


def traits(
    confidence: Confidence, ranked: Sequence[Candidate], closest: float
) -> tuple[float, float, float, float, float, float]:
    """Return what decides how sure the first of ranked labels is.

    Its lead over the second; its votes; what the text tower says of it; the cosine of the nearest
    pin that says it; `closest`, that of the nearest pin of all; and 1 where the text tower alone
    would have chosen it too, 0 where neighbours and words disagree.
    """
    first = ranked[0]
    second = confidence.score(ranked[1]) if len(ranked) > 1 else 0.0
    return (
        confidence.score(first) - second,
        first.votes,
        first.heard,
        first.nearest,
        closest,
        float(first.cosine >= max(each.cosine for each in ranked)),
    )


# Style: an apple has none because one pin in twenty says party. In each of the 1,396 development
# questions at least .36 of the neighbours say some.
CONFIDENCES: Final[Mapping[Facet, Confidence]] = MappingProxyType(
    {
        "kind": Confidence(0.03, 0.5, 0.0, (-6.29, 0.67, 1.41, 2.2, 2.58, 2.6, 0.07)),
        "product": Confidence(0.03, 0.0, 0.0, (-9.89, 1.64, 2.95, 2.76, 3.73, 3.62, -1.04)),
        "place": Confidence(0.03, 0.35, 0.0, (-2.62, -0.34, 0.01, -0.55, 2.01, 0.17, 1.11)),
        "style": Confidence(0.03, 0.0, 0.0, (-1.75, 1.36, 0.94, 1.0, 1.3, 0.93, 0.39), told=0.36),
        "colour": Confidence(0.05, 0.5, 0.2, (-3.62, 1.45, 0.95, 1.04, 1.33, 1.39, -0.43)),
    }
)
SAME_PRODUCT: Final = Confidence(0.05, 0.0, 0.0, (-6.4, 2.95, 4.39, 0.0, 1.42, 1.34, 0.0))
