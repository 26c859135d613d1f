"""Intervals and the test, against closed forms, scipy, and every sign that there is."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engine.relevance.comparison import compare, intervals, sign_flip_p


def test_the_interval_of_a_share_is_that_of_a_binomial() -> None:
    """A resample of zeros and ones has a binomial sum, whose quantiles are known exactly."""
    values = np.repeat([1.0, 0.0], [60, 140])
    low, high = intervals(values[:, None], seed=1, resamples=40_000)[:, 0]
    exact = stats.binom.ppf([0.025, 0.975], 200, 0.3) / 200
    assert [low, high] == pytest.approx(exact, abs=1 / 200)


def test_the_interval_is_scipys() -> None:
    values = np.random.default_rng(2).beta(2, 1, 80)
    ours = intervals(values[:, None], seed=5, resamples=20_000, confidence=0.9)[:, 0]
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, confidence_level=0.9, method="percentile", rng=6
    ).confidence_interval
    spread = values.std() / np.sqrt(len(values))
    assert ours == pytest.approx([theirs.low, theirs.high], abs=0.05 * spread)


def test_columns_share_their_resamples() -> None:
    """So the interval of a constant shift of a column is that interval, shifted."""
    values = np.random.default_rng(3).random(50)
    both = intervals(np.stack([values, values + 0.25], axis=1), seed=4)
    assert both[:, 1] == pytest.approx(both[:, 0] + 0.25)


def test_blocks_cover_all_resamples() -> None:
    """With more queries than a block holds, each resample is a block of its own."""
    values = np.random.default_rng(3).random((1_500_000, 1))
    bounds = intervals(values, seed=1, resamples=3)
    assert bounds[:, 0] == pytest.approx([0.5, 0.5], abs=0.01)


def test_p_is_that_of_all_signs() -> None:
    differences = np.array([0.3, 0.1, -0.05, 0.2, 0.4, -0.1, 0.25, 0.0, 0.15])
    sums = [abs(np.dot(signs, differences)) for signs in product((-1, 1), repeat=9)]
    exact = np.mean(np.array(sums) >= abs(differences.sum()) - 1e-12)
    assert sign_flip_p(differences, seed=1, resamples=100_000) == pytest.approx(exact, abs=0.003)


def test_p_is_scipys() -> None:
    random = np.random.default_rng(8)
    ours, other = random.random(30) + 0.12, random.random(30)
    theirs = stats.permutation_test(
        (ours, other),
        lambda a, b, axis: np.mean(a - b, axis=axis),
        permutation_type="samples",
        n_resamples=50_000,
        vectorized=True,
        rng=9,
    ).pvalue
    assert sign_flip_p(ours - other, seed=1, resamples=50_000) == pytest.approx(theirs, abs=0.01)


def test_equal_systems_differ_by_chance_alone() -> None:
    values = np.random.default_rng(1).random(20)
    same = compare(("a", values), ("b", values), "RR", seed=1, resamples=500)
    assert (same.difference, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)
    assert (same.wins, same.ties, same.losses) == (0, 20, 0)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40))
def test_a_comparison_turned_round(pairs: list[tuple[float, float]]) -> None:
    ours, other = (np.array(column) for column in zip(*pairs, strict=True))
    there = compare(("a", ours), ("b", other), "RR", seed=3, resamples=300)
    back = compare(("b", other), ("a", ours), "RR", seed=3, resamples=300)
    assert back.difference == pytest.approx(-there.difference)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))
    assert back.p == there.p
    assert (back.wins, back.ties, back.losses) == (there.losses, there.ties, there.wins)
    assert 0 < there.p <= 1
    assert there == compare(("a", ours), ("b", other), "RR", seed=3, resamples=300)


def test_a_certain_difference_is_told_from_chance() -> None:
    ours = np.random.default_rng(4).random(60) + 0.3
    found = compare(("a", ours), ("b", ours - 0.2), "RR", seed=1)
    assert found.low == pytest.approx(0.2)
    assert found.p == pytest.approx(1 / 10_001)


def test_nothing_to_compare_is_no_number() -> None:
    nothing = compare(("a", np.array([])), ("b", np.array([])), "RR", seed=1)
    assert np.isnan([nothing.difference, nothing.low, nothing.high, nothing.p]).all()
