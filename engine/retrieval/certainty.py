"""How likely it is that a pin is what was asked for, and that any pin is.

Two questions, each answered by a logistic regression: does anything in the collection fit this
query, judged by the best words and the best picture among its candidates; and if so, does this hit.
A hit's relevance is the product. Neither looks at how many candidates there are, so a narrow filter
under which nothing fits is told apart from one under which something does.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.errors import BadParameters

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
LONG = 8


@dataclass(frozen=True)
class Evidence:
    """What a query's candidates amount to.

    lexical, visual: highest calibrated value of each signal; what is assumed of a pin without text
        does not count.
    length: number of the query's terms as a share of LONG, at most 1: of many words a pin that
        fits repeats but a few.
    """

    lexical: float
    visual: float
    length: float


@dataclass(frozen=True)
class Certainty:
    """Coefficients of both regressions, over calibrated signals and fused scores.

    fits: bias, lexical, visual, length: whether anything fits, from the evidence.
    hit: bias, slope, best: whether a hit fits if anything does, from its fused score and the
        evidence's best lexical value. The slope is above 0: relevance never falls as scores rise.
    """

    fits: tuple[float, float, float, float]
    hit: tuple[float, float, float]

    def __post_init__(self) -> None:
        if not self.hit[1] > 0:
            raise BadParameters("certainty: the slope over the fused score must be above 0")

    def anything(self, evidence: Evidence) -> float:
        """Return the probability that anything fits."""
        bias, lexical, visual, length = self.fits
        raised = bias + lexical * evidence.lexical + visual * evidence.visual
        return 0.5 * (1.0 + math.tanh(0.5 * (raised + length * evidence.length)))

    def each(self, mixed: Array, evidence: Evidence) -> Array:
        """Return the probability that each hit fits, by its fused score; in [0, 1]."""
        bias, slope, best = self.hit
        raised = bias + slope * mixed + best * evidence.lexical
        return np.asarray(self.anything(evidence) * 0.5 * (1.0 + np.tanh(0.5 * raised)))


def evidence_of(lexical: Array, visual: Array, has_text: Mask, terms: int) -> Evidence:
    """Return what all candidates of a query of so many terms amount to."""
    return Evidence(
        float(lexical.max(initial=0.0, where=has_text)),
        float(visual.max(initial=0.0)),
        length_of(terms),
    )


def length_of(terms: int) -> float:
    """Return a query's number of terms as a share of LONG, at most 1."""
    return min(terms, LONG) / LONG
