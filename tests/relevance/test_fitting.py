"""Regressions against scikit-learn's, and what must hold of anything fitted."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from engine.errors import BadParameters
from engine.relevance.fitting import (
    CUT_OFFS,
    FREE,
    LEAST_SLOPE,
    Seen,
    fit_certainty,
    fit_cut_off,
    fit_learned,
    fit_logistic,
    untold,
)
from engine.retrieval.certainty import Certainty, Evidence
from engine.retrieval.fusion import Signals, pin_features
from engine.store.plan import Candidates

ROWS = 400


def drawn(seed: int, slopes: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, labels that follow them, and weights."""
    random = np.random.default_rng(seed)
    features = random.random((ROWS, len(slopes)))
    chance = 1.0 / (1.0 + np.exp(1.0 - features @ np.array(slopes)))
    labels = (random.random(ROWS) < chance).astype(np.float64)
    return features, labels, random.random(ROWS) + 0.1


@pytest.mark.parametrize("ridge", [0.01, 1.0, 30.0])
def test_equals_scikit_learn(ridge: float) -> None:
    features, labels, weights = drawn(3, (4.0, -2.0, 0.5))
    theirs = LogisticRegression(C=1.0 / ridge, tol=1e-10, max_iter=10_000)
    theirs.fit(features, labels, sample_weight=weights)
    bias, slopes = fit_logistic(features, labels, weights, [FREE] * 3, ridge, 1e-14)
    assert bias == pytest.approx(theirs.intercept_[0], abs=1e-4)
    assert slopes == pytest.approx(theirs.coef_[0], abs=1e-4)


def test_a_bound_that_binds_leaves_what_is_best_without_the_feature() -> None:
    features, labels, weights = drawn(5, (4.0, -3.0))
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000)
    theirs.fit(features[:, :1], labels, sample_weight=weights)
    bias, slopes = fit_logistic(features, labels, weights, [0.0, 0.0], 1.0, 1e-14)
    assert slopes[1] == 0.0
    assert (bias, slopes[0]) == pytest.approx((theirs.intercept_[0], theirs.coef_[0][0]), abs=1e-4)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), least=st.floats(0.0, 3.0))
def test_no_coefficient_is_below_its_bound(seed: int, least: float) -> None:
    features, labels, weights = drawn(seed, (-2.0, 1.0))
    _, slopes = fit_logistic(features, labels, weights, [least, least])
    assert slopes.min() >= least


def signals(random: np.random.Generator, count: int = 30) -> Signals:
    visual, lexical = random.random(count), random.random(count)
    order = np.argsort(-visual)
    rank = np.empty(count, dtype=np.int32)
    rank[order] = np.arange(1, count + 1)
    return Signals(
        visual,
        lexical,
        visual,
        lexical,
        rank,
        rank[::-1].copy(),
        worded=True,
        board=lexical / 2,
        has_text=random.random(count) < 0.5,
        length=0.25,
    )


def test_the_learned_fuser_ranks_by_what_decides_and_never_likes_a_pin_less_for_more() -> None:
    random = np.random.default_rng(1)
    queries = []
    for _ in range(20):
        each = signals(random)
        # Words decide against pictures: a high visual value is rather a bad sign here.
        queries.append((each, each.lexical - 0.5 * each.visual > 0.45))
    fitted = fit_learned(queries)
    assert min(fitted.pin) >= 0.0
    for each, relevant in queries:
        score = fitted(each, 0.5)
        assert np.corrcoef(score, relevant)[0, 1] > 0.3
        order = np.argsort(pin_features(each) @ np.array(fitted.pin))
        assert np.all(np.diff(score[order]) >= 0.0)


def test_nothing_to_learn_from_is_refused() -> None:
    one = signals(np.random.default_rng(1))
    none, every = np.zeros(30, np.bool_), np.ones(30, np.bool_)
    for queries in ([], [(one, none)], [(one, every)]):
        with pytest.raises(BadParameters, match="relevant candidates"):
            fit_learned(queries)
    with pytest.raises(BadParameters, match="no query"):
        fit_certainty([Seen(one.visual, none, Evidence(1, 1, 1), Evidence(1, 1, 1))])


def queries_of(random: np.random.Generator, count: int = 60) -> list[Seen]:
    """Queries whose relevant pins score high; without them the best is a poor one."""
    out = []
    for _ in range(count):
        mixed = random.random(25)
        relevant = mixed + 0.2 * random.standard_normal(25) > 0.8
        relevant[mixed.argmax()] = True
        best, left = float(mixed.max()), float(mixed[~relevant].max())
        length = float(random.integers(1, 8)) / 8
        out.append(Seen(mixed, relevant, Evidence(best, best, length), Evidence(0.2, left, length)))
    return out


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 1_000))
def test_certainty_never_falls_as_evidence_or_score_rises(seed: int) -> None:
    certainty = fit_certainty(queries_of(np.random.default_rng(seed)))
    assert certainty.hit[1] >= LEAST_SLOPE
    grid = np.linspace(0.0, 1.0, 20)
    each = certainty.each(grid, Evidence(0.7, 0.7, 0.5))
    assert np.all(np.diff(each) >= 0.0)
    by_words = [certainty.anything(Evidence(at, 0.5, 0.5)) for at in grid.tolist()]
    by_picture = [certainty.anything(Evidence(0.5, at, 0.5)) for at in grid.tolist()]
    assert np.all(np.diff([by_words, by_picture]) >= 0.0)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 1_000), weight=st.floats(0.0, 1.0))
def test_the_best_words_own_pin_never_becomes_less_likely_as_they_say_more(
    seed: int, weight: float
) -> None:
    """Its fused score gains the words' share; here queries with good words are mostly no hits."""
    random = np.random.default_rng(seed)
    queries = []
    for each in queries_of(random):
        better = replace(each.evidence, lexical=1.0 - each.evidence.lexical * random.random())
        queries.append(replace(each, evidence=better, weight=weight))
    _, slope, best = fit_certainty(queries).hit
    assert slope * weight + best >= -1e-9


def test_certainty_tells_what_fits_and_means_what_it_says() -> None:
    random = np.random.default_rng(7)
    certainty = fit_certainty(queries_of(random, 200))
    fresh = queries_of(random, 200)
    fits = np.mean([certainty.anything(each.evidence) for each in fresh])
    without = np.mean([certainty.anything(each.without) for each in fresh])
    assert fits > 0.8
    assert without < 0.2
    told = np.concatenate([certainty.each(each.mixed, each.evidence) for each in fresh])
    truth = np.concatenate([each.relevant for each in fresh])
    assert told.mean() == pytest.approx(truth.mean(), abs=0.03)


def test_foreign_queries_weigh_as_much_as_all_others_that_nothing_fits() -> None:
    queries = queries_of(np.random.default_rng(2))
    # Foreign ones that look just like answerable ones leave it unsure whether anything fits.
    plain = fit_certainty(queries)
    unsure = fit_certainty(queries, [each.evidence for each in queries] * 5)
    best = queries[0].evidence
    assert unsure.anything(best) < plain.anything(best) - 0.1


def test_the_cut_off_leaves_most_of_what_fits() -> None:
    queries = queries_of(np.random.default_rng(4))
    # Not sure of anything, so that the cut-off lies between its ends.
    certainty = Certainty((-3.0, 0.0, 3.0, 0.0), (-5.0, 10.0, 0.0))
    cut_off = fit_cut_off(certainty, queries)
    assert CUT_OFFS[0] <= cut_off <= CUT_OFFS[1]
    told = [certainty.anything(each.evidence) for each in queries]
    assert np.mean(np.array(told) < cut_off) <= 0.05
    sure = Certainty((9.0, 0.0, 0.0, 0.0), (-5.0, 10.0, 0.0))
    assert fit_cut_off(sure, queries) == CUT_OFFS[1]
    assert fit_cut_off(certainty, []) == CUT_OFFS[0]


def test_untold_candidates_are_those_of_pictures_alone() -> None:
    candidates = Candidates(
        ["a", "b", "c"],
        np.array([0.1, 0.2, 0.3], np.float32),
        np.ones(3, np.float32),
        np.ones(3, np.float32),
        np.array([True, False, True]),
        np.array([1, 0, 2], np.int32),
        np.array([2, 1, 0], np.int32),
        {"red": 1.0},
    )
    left = untold(candidates)
    assert left.keys == ["a", "b"]
    assert not left.has_text.any()
    assert not left.description.any()
    assert not left.lexical_rank.any()
    assert left.vector_rank.tolist() == [2, 1]
    assert left.idf == candidates.idf
