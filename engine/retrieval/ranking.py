"""All candidates of one query, calibrated, fused and put in order."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.retrieval.fusion import Fused, fuse
from engine.retrieval.parameters import Kind, Parameters
from engine.store.plan import Candidates


@dataclass(frozen=True)
class Ranking:
    """All candidates of one query with what they scored; `order` lists their rows, best first."""

    candidates: Candidates
    visual: npt.NDArray[np.float64]
    fused: Fused
    weight: float
    order: npt.NDArray[np.intp]


def rank(candidates: Candidates, kind: Kind, parameters: Parameters) -> Ranking:
    """Calibrate both signals and mix them; ties stand in the order of the point ids."""
    visual = parameters.visual[kind](candidates.cosine)
    lexical = parameters.lexical(coverage(candidates, parameters))
    # Where no pin's text holds any word of the query, text says nothing about any pin.
    weight = parameters.lexical_weight[kind] if lexical.any() else 0.0
    fused = fuse(
        visual,
        lexical,
        candidates.has_text,
        candidates.vector_rank > 0,
        weight,
        prior=parameters.neighbour_prior,
        width=parameters.neighbour_width,
        optimism=parameters.neighbour_optimism,
    )
    order = np.lexsort((np.array(candidates.keys, dtype=np.str_), -fused.score))
    return Ranking(candidates, visual, fused, weight, order)


def coverage(candidates: Candidates, parameters: Parameters) -> npt.NDArray[np.float64]:
    """Return the weighted BM25 sum as a share of the query's idf mass.

    1 means about: every query term once, in a description of average length.
    """
    mass = sum(candidates.idf.values())
    if mass <= 0.0:
        return np.zeros(len(candidates))
    bm25 = parameters.bm25
    total = bm25.description_weight * candidates.description.astype(
        np.float64
    ) + bm25.board_weight * candidates.board.astype(np.float64)
    return np.asarray(total / mass)
