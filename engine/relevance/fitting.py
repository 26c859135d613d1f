"""Logistic regressions fitted on judgments: the learned fuser, and how sure a score is.

Maximum likelihood with a ridge, by L-BFGS-B (Byrd, Lu, Nocedal & Zhu 1995), so that coefficients
which must not fall below a bound do not. Every query weighs alike, however many candidates it has.
Pure functions over arrays; knows nothing of stores, files or trials.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from engine.errors import BadParameters
from engine.retrieval.certainty import Certainty, Evidence, evidence_of
from engine.retrieval.fusion import (
    PIN_FEATURES,
    QUERY_FEATURES,
    Learned,
    Ranks,
    Signals,
    pin_features,
    query_features,
)
from engine.retrieval.parameters import Mixing
from engine.retrieval.ranking import read_signals
from engine.store.plan import Bm25, Candidates

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

RIDGE = 1e-3
TOLERANCE = 1e-9
TAUGHT = 60
# A slope over fused scores, which lie in [0, 1]: the flattest that still orders them.
LEAST_SLOPE = 0.1
FREE = -np.inf
# So many of all queries are taken to ask for what is not there.
UNANSWERED = 0.2
# At most this share of the queries that something fits may be told that nothing does.
WRONGLY_NOTHING = 0.05
CUT_OFFS = (0.02, 0.5)


@dataclass(frozen=True)
class Seen:
    """A query whose answer is known: what its candidates scored, and which of them are relevant.

    without: the evidence once its relevant pins are out of the candidates.
    weight: share of the lexical signal in `mixed`.
    """

    mixed: Array
    relevant: Mask
    evidence: Evidence
    without: Evidence
    weight: float = 0.0


def fit_logistic(
    features: Array,
    labels: Array,
    weights: Array,
    lower: Sequence[float],
    ridge: float = RIDGE,
    tolerance: float = TOLERANCE,
) -> tuple[float, Array]:
    """Return the bias and the coefficients of a weighted logistic regression.

    features: (n, p); labels: (n,), in [0, 1]; weights: (n,), at least 0; lower: (p,), the least
    each coefficient may be. Minimises the weighted log loss plus ridge / 2 times the coefficients'
    squares, until a step gains less than `tolerance` of it; the bias is neither bounded nor shrunk.
    """

    def loss(point: Array) -> tuple[float, Array]:
        bias, slopes = point[0], point[1:]
        raised = bias + features @ slopes
        # log(1 + e^z) - y z, which never overflows.
        each = np.logaddexp(0.0, raised) - labels * raised
        excess = weights * (0.5 * (1.0 + np.tanh(0.5 * raised)) - labels)
        gradient = np.concatenate([[excess.sum()], features.T @ excess + ridge * slopes])
        return float(weights @ each + 0.5 * ridge * slopes @ slopes), gradient

    start = np.array([0.0, *(max(each, 0.0) for each in lower)])
    bounds = [(None, None), *((None if each == FREE else each, None) for each in lower)]
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 2_000, "maxfun": 4_000, "ftol": tolerance, "gtol": 1e-7},
    )
    return float(found.x[0]), np.asarray(found.x[1:])


def fit_learned(queries: Sequence[tuple[Signals, Mask]], ridge: float = RIDGE) -> Learned:
    """Return the learned fuser that tells the relevant candidates of queries from the others.

    Of others those teach that stand among the first `TAUGHT` of a leg: the rest is far from any
    first page. Raises BadParameters unless there are both.
    """
    features, labels, weights = [], [], []
    for signals, relevant in queries:
        near = relevant | _among(signals.visual_rank, TAUGHT) | _among(signals.lexical_rank, TAUGHT)
        count = int(near.sum())
        asked = np.broadcast_to(query_features(signals), (count, QUERY_FEATURES))
        features.append(np.hstack([pin_features(signals)[near], asked]))
        labels.append(relevant[near].astype(np.float64))
        weights.append(np.full(count, 1.0 / max(count, 1)))
    truth = np.concatenate(labels) if labels else np.empty(0)
    if not 0.0 < truth.sum() < len(truth):
        raise BadParameters("a fuser needs relevant candidates and others to learn from")
    lower = [0.0] * PIN_FEATURES + [FREE] * QUERY_FEATURES
    bias, slopes = fit_logistic(
        np.concatenate(features), truth, np.concatenate(weights), lower, ridge
    )
    told = slopes.tolist()
    return Learned(bias, tuple(told[:PIN_FEATURES]), tuple(told[PIN_FEATURES:]))


def fit_certainty(
    queries: Sequence[Seen], foreign: Sequence[Evidence] = (), ridge: float = RIDGE
) -> Certainty:
    """Return both regressions of `Certainty`.

    `fits` tells queries with a relevant candidate from the same queries once those are taken out,
    and from `foreign` ones that nothing in the collection answers; these sides weigh as
    `UNANSWERED` says.
    `hit` tells their relevant candidates from the others. Raises BadParameters where no query has
    a relevant candidate.
    """
    answered = [each for each in queries if each.relevant.any()]
    if not answered:
        raise BadParameters("no query has a relevant candidate to learn from")
    present = [_of(each.evidence) for each in answered]
    absent = [_of(each.without) for each in answered] + [_of(each) for each in foreign]
    features = np.array(present + absent)
    labels = np.repeat([1.0, 0.0], [len(present), len(absent)])
    share = UNANSWERED / (1.0 - UNANSWERED) * len(present) / len(absent)
    weights = np.repeat([1.0, share], [len(present), len(absent)])
    bias, slopes = fit_logistic(features, labels, weights, (0.0, 0.0, FREE), ridge)
    lexical, visual, length = slopes.tolist()
    return Certainty((bias, lexical, visual, length), _fit_hit(answered, ridge))


def fit_cut_off(certainty: Certainty, queries: Sequence[Seen]) -> float:
    """Return the probability below which nothing fits: few queries that something fits are below.

    `WRONGLY_NOTHING` of those with a relevant candidate, and within `CUT_OFFS`.
    """
    told = [certainty.anything(each.evidence) for each in queries if each.relevant.any()]
    low, high = CUT_OFFS
    return float(np.clip(np.quantile(told, WRONGLY_NOTHING), low, high)) if told else low


def seen(candidates: Candidates, relevant: Mask, mixing: Mixing, bm25: Bm25) -> Seen:
    """Return what a query's candidates score under a mixing, with and without the relevant."""
    signals = read_signals(candidates, mixing, bm25)
    weight = mixing.lexical_weight if signals.worded else 0.0
    others = only(candidates, ~relevant)
    less = read_signals(others, mixing, bm25)
    terms = len(candidates.idf)
    return Seen(
        mixing.fusion(signals, weight),
        relevant,
        evidence_of(signals.lexical, signals.visual, candidates.has_text, terms),
        evidence_of(less.lexical, less.visual, others.has_text, terms),
        weight,
    )


def only(candidates: Candidates, rows: Mask) -> Candidates:
    """Return some candidates alone; ranks stay what they were."""
    return replace(
        candidates,
        keys=[key for key, kept in zip(candidates.keys, rows.tolist(), strict=True) if kept],
        cosine=candidates.cosine[rows],
        description=candidates.description[rows],
        board=candidates.board[rows],
        has_text=candidates.has_text[rows],
        lexical_rank=candidates.lexical_rank[rows],
        vector_rank=candidates.vector_rank[rows],
    )


def untold(candidates: Candidates) -> Candidates:
    """Return the candidates as if no pin had a word of text: what the vector leg brought alone."""
    left = only(candidates, candidates.vector_rank > 0)
    nothing = np.zeros_like(left.description)
    return replace(
        left,
        description=nothing,
        board=nothing,
        has_text=np.zeros_like(left.has_text),
        lexical_rank=np.zeros_like(left.lexical_rank),
    )


def _fit_hit(answered: Sequence[Seen], ridge: float) -> tuple[float, float, float]:
    """Return bias, slope and best, with slope times weight + best at least 0.

    So the best words' own pin never becomes less likely as these say more. To have that as a bound
    of one coefficient, what the best words add is taken off the score.
    """
    weight = max(each.weight for each in answered)
    features = np.concatenate(
        [
            np.stack([each.mixed - weight * best, np.full(len(each.mixed), best)], axis=1)
            for each in answered
            for best in [each.evidence.lexical]
        ]
    )
    labels = np.concatenate([each.relevant.astype(np.float64) for each in answered])
    weights = np.concatenate([np.full(len(each.mixed), 1.0 / len(each.mixed)) for each in answered])
    bias, slopes = fit_logistic(features, labels, weights, (LEAST_SLOPE, 0.0), ridge)
    slope, added = slopes.tolist()
    return bias, slope, added - slope * weight


def _among(ranks: Ranks, first: int) -> Mask:
    return (ranks > 0) & (ranks <= first)


def _of(evidence: Evidence) -> tuple[float, float, float]:
    return evidence.lexical, evidence.visual, evidence.length
