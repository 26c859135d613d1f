"""All candidates of one query, calibrated, fused and put in order."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.retrieval.certainty import Evidence, evidence_of, length_of
from engine.retrieval.fusion import Convex, Signals
from engine.retrieval.parameters import Kind, Mixing, Parameters
from engine.store.plan import Bm25, Candidates

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """All candidates of one query with what they scored; `order` lists their rows, best first.

    mixed: the fused score. relevance: the probability that a pin is what was asked for, which
    never falls as `mixed` rises. weight: share of the lexical signal. fits: the probability that
    any candidate is what was asked for; nothing_relevant: that this is too low.
    """

    candidates: Candidates
    signals: Signals
    mixed: Array
    relevance: Array
    weight: float
    fits: float
    nothing_relevant: bool
    order: npt.NDArray[np.intp]

    def at_least(self, relevance: float) -> npt.NDArray[np.intp]:
        """Return the rows of at least so much relevance, best first."""
        return self.order[self.relevance[self.order] >= relevance]


def rank(candidates: Candidates, kind: Kind, parameters: Parameters) -> Ranking:
    """Calibrate both signals and mix them; ties stand in the order of the point ids."""
    mixing = parameters.mixing(kind)
    signals = read_signals(candidates, mixing, parameters.bm25)
    # Where no pin's text holds any word of the query, text says nothing about any pin.
    weight = mixing.lexical_weight if signals.worded else 0.0
    mixed = mixing.fusion(signals, weight)
    order = np.argsort(-mixed, kind="stable")
    if not np.diff(mixed[order]).all():
        order = np.lexsort((np.array(candidates.keys, dtype=np.str_), -mixed))
    certainty = mixing.certainty if signals.worded else mixing.certainty_unworded
    evidence = evidence_of(
        signals.lexical, signals.visual, candidates.has_text, len(candidates.idf)
    )
    fits = certainty.anything(evidence) if len(order) else 0.0
    return Ranking(
        candidates=candidates,
        signals=signals,
        mixed=mixed,
        relevance=relevance_of(mixed, evidence, mixing, weight, worded=signals.worded),
        weight=weight,
        fits=fits,
        nothing_relevant=fits < mixing.cut_off or not len(order),
        order=order,
    )


def relevance_of(
    mixed: Array, evidence: Evidence, mixing: Mixing, weight: float, *, worded: bool
) -> Array:
    """Return how likely each hit is what was asked, by its fused score.

    Where words match, both regressions may say less than they would of the picture alone, were
    there no words. A pin that says all that any says is never worse off for it: the least is what
    pictures alone say at the visual value which such a pin of this fused score has.
    """
    if not worded:
        return mixing.certainty_unworded.each(mixed, evidence)
    told = mixing.certainty.each(mixed, evidence)
    if not isinstance(mixing.fusion, Convex) or weight >= 1.0:
        return told
    visual = np.clip((mixed - weight * evidence.lexical) / (1.0 - weight), 0.0, 1.0)
    alone = replace(evidence, lexical=0.0)
    return np.maximum(told, mixing.certainty_unworded.each(visual, alone))


def read_signals(candidates: Candidates, mixing: Mixing, bm25: Bm25) -> Signals:
    """Calibrate both signals, and assume of pins without text what their like say."""
    visual = mixing.visual(candidates.cosine)
    covered = coverage(candidates, bm25)
    lexical = mixing.lexical(covered)
    silent = ~candidates.has_text
    if silent.any():
        sample = candidates.vector_rank > 0
        assumed = mixing.silence(visual, lexical, candidates.has_text, sample)
        lexical = np.where(silent, assumed, lexical)
    return Signals(
        visual,
        lexical,
        candidates.cosine.astype(np.float64),
        covered,
        candidates.vector_rank,
        candidates.lexical_rank,
        worded=bool(covered.any()),
        board=mixing.lexical(coverage(candidates, replace(bm25, description_weight=0.0))),
        has_text=candidates.has_text,
        length=length_of(len(candidates.idf)),
    )


def coverage(candidates: Candidates, bm25: Bm25) -> Array:
    """Return the weighted BM25 sum as a share of the query's idf mass.

    1 means about: every query term once, in a description of average length.
    """
    mass = sum(candidates.idf.values())
    if mass <= 0.0:
        return np.zeros(len(candidates))
    total = bm25.description_weight * candidates.description.astype(
        np.float64
    ) + bm25.board_weight * candidates.board.astype(np.float64)
    return np.asarray(total / mass)
