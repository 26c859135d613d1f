"""Fusion: each way to merge two signals against its formula, and what all of them promise."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.errors import BadParameters
from engine.retrieval.fusion import (
    PIN_FEATURES,
    QUERY_FEATURES,
    Convex,
    Distribution,
    Fusion,
    Learned,
    Reciprocal,
    Signals,
)

Array = npt.NDArray[np.float64]
SIZE = 12
LEARNED = Learned(-2.0, (2.0, 0.5, 3.0, 1.0, 1.5, 0.7, 0.6, 0.9, 0.8), (0.3, -0.4, 0.2, -0.1))
ALL: tuple[Fusion, ...] = (Convex(), Reciprocal(), Distribution(), LEARNED)
shares = st.floats(0, 1)


@st.composite
def signals(draw: st.DrawFn) -> Signals:
    """Candidates whose ranks follow their raw scores, some found by one leg alone."""
    cosine = draw(hnp.arrays(np.float64, SIZE, elements=st.floats(-1, 1)))
    coverage = draw(hnp.arrays(np.float64, SIZE, elements=st.floats(0, 3)))
    return Signals(
        visual=(cosine + 1) / 2,
        lexical=coverage / 3,
        cosine=cosine,
        coverage=coverage,
        visual_rank=_ranks(cosine, draw(hnp.arrays(np.bool_, SIZE))),
        lexical_rank=_ranks(coverage, draw(hnp.arrays(np.bool_, SIZE)) & (coverage > 0)),
        worded=bool(coverage.any()),
        board=draw(hnp.arrays(np.float64, SIZE, elements=shares)),
        has_text=draw(hnp.arrays(np.bool_, SIZE)) | (coverage > 0),
        length=draw(shares),
    )


def _ranks(scores: Array, found: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    ranks = np.zeros(SIZE, dtype=np.int32)
    order = [row for row in np.argsort(-scores, kind="stable") if found[row]]
    ranks[order] = np.arange(1, len(order) + 1)
    return ranks


@given(signals(), shares)
def test_a_convex_mix_is_one(given_: Signals, weight: float) -> None:
    oracle = [
        (1 - weight) * v + weight * t for v, t in zip(given_.visual, given_.lexical, strict=True)
    ]
    np.testing.assert_allclose(Convex()(given_, weight), oracle)


@given(signals(), shares, st.floats(0.5, 200))
def test_reciprocal_rank_fusion_is_its_sum(given_: Signals, weight: float, k: float) -> None:
    scores = Reciprocal(k)(given_, weight)
    for row in range(SIZE):
        oracle = 0.0
        legs = ((1 - weight, given_.visual_rank), (weight, given_.lexical_rank))
        for share, ranks in legs:
            if ranks[row]:
                oracle += share / (k + ranks[row])
        assert scores[row] == pytest.approx(oracle * (k + 1))


@given(signals(), shares)
def test_distribution_based_fusion_normalises_each_leg(given_: Signals, weight: float) -> None:
    oracle = np.zeros(SIZE)
    legs = (
        (1 - weight, given_.cosine, given_.visual_rank),
        (weight, given_.coverage, given_.lexical_rank),
    )
    for share, scores, ranks in legs:
        own = [scores[row] for row in range(SIZE) if ranks[row]]
        if not own:
            continue
        mean = sum(own) / len(own)
        spread = (sum((each - mean) ** 2 for each in own) / len(own)) ** 0.5
        for row in range(SIZE):
            if ranks[row]:
                place = (scores[row] - mean + 3 * spread) / (6 * spread) if spread > 1e-9 else 0.5
                oracle[row] += share * min(max(place, 0), 1)
    np.testing.assert_allclose(Distribution()(given_, weight), oracle, atol=1e-6)


@given(signals())
def test_a_learned_score_is_its_logistic(given_: Signals) -> None:
    best = max(given_.lexical) if given_.worded else 0.0
    top = sum(sorted(given_.visual)[-10:]) / 10
    for row, score in enumerate(LEARNED(given_, 0.5)):
        v, t, rank = given_.visual[row], given_.lexical[row], given_.visual_rank[row]
        raised = -2.0 + 2 * v + 0.5 * (1 / rank if rank else 0)
        raised += (3 * t + 1 * v * t) if given_.worded else 1.5 * v + v * t
        leg = given_.lexical_rank[row]
        raised += 0.7 / leg if leg else 0
        if given_.worded:
            raised += 0.6 * t * given_.has_text[row] + 0.9 * t * given_.length
        raised += 0.8 * given_.board[row]
        raised += 0.3 * best - 0.4 * top + 0.2 * given_.worded - 0.1 * given_.length
        assert score == pytest.approx(1 / (1 + np.exp(-raised)))


@pytest.mark.parametrize("fusion", ALL, ids=lambda each: each.method)
@given(given_=signals(), weight=shares)
def test_scores_are_in_range(fusion: Fusion, given_: Signals, weight: float) -> None:
    scores = fusion(given_, weight)
    assert np.all((scores >= 0) & (scores <= 1 + 1e-12))


@pytest.mark.parametrize("fusion", [Convex(), LEARNED], ids=lambda each: each.method)
@given(
    given_=signals(),
    weight=shares,
    row=st.integers(0, SIZE - 1),
    more=shares,
    signal=st.sampled_from(["visual", "lexical", "board"]),
)
def test_more_of_a_signal_never_lowers_a_score(
    fusion: Fusion, given_: Signals, weight: float, row: int, more: float, signal: str
) -> None:
    """All else equal: what the query's best pins are like is held fixed by leaving the row out."""
    values = getattr(given_, signal).copy()
    values[row] = min(values[row], 0.5)
    before = replace(given_, **{signal: values})
    after_values = values.copy()
    after_values[row] = values[row] + more * 0.5
    after = replace(given_, **{signal: after_values})
    if isinstance(fusion, Learned):
        fusion = replace(fusion, query=(0.0,) * QUERY_FEATURES)
    assert fusion(after, weight)[row] >= fusion(before, weight)[row] - 1e-12


@given(given_=signals(), row=st.integers(0, SIZE - 1), assumed=shares)
def test_a_learned_fuser_never_likes_a_pin_less_for_losing_empty_words_or_gaining_full_ones(
    given_: Signals, row: int, assumed: float
) -> None:
    """The query's own features are held fixed by leaving them out."""
    fusion = replace(LEARNED, query=(0.0,) * QUERY_FEATURES)

    def score(lexical: float, board: float, rank: int, *, told: bool) -> float:
        own = np.arange(SIZE) == row
        pins = replace(
            given_,
            lexical=np.where(own, lexical, given_.lexical),
            board=np.where(own, board, given_.board),
            has_text=np.where(own, told, given_.has_text),
            lexical_rank=np.where(own, rank, given_.lexical_rank).astype(np.int32),
        )
        return float(fusion(pins, 0.5)[row])

    silent = score(assumed, 0.0, 0, told=False)
    assert silent >= score(0.0, 0.0, 0, told=True) - 1e-12
    assert score(1.0, 1.0, 1, told=True) >= silent - 1e-12


def test_coefficients_that_would_punish_a_match_are_refused() -> None:
    with pytest.raises(BadParameters, match="must not be below 0"):
        Learned(0.0, (-0.1,) + (1.0,) * (PIN_FEATURES - 1), (0.0,) * QUERY_FEATURES)
    with pytest.raises(BadParameters, match="9 coefficients for a pin and 4 for a query"):
        Learned(0.0, (1.0,) * (PIN_FEATURES - 1), (0.0,) * QUERY_FEATURES)
    with pytest.raises(BadParameters, match="k must be above 0"):
        Reciprocal(0.0)
