"""Fusion: the absent-text rule and its properties, against independent oracles."""

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import isotonic_regression

from engine.retrieval.calibration import Logistic, Saturation
from engine.retrieval.fusion import expected_lexical, fuse, isotonic

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
shares = st.floats(0, 1)


def arrays(size: int) -> st.SearchStrategy[Array]:
    return hnp.arrays(np.float64, size, elements=shares)


masks = hnp.arrays(np.bool_, 12)


@given(arrays(12), arrays(12), masks, masks, shares)
def test_scores_stay_in_range_and_text_is_mixed_by_weight(
    visual: Array, lexical: Array, has_text: Mask, sample: Mask, weight: float
) -> None:
    fused = fuse(visual, lexical, has_text, sample, weight, prior=2.0, width=0.05, optimism=0.5)
    assert np.all((fused.score >= 0) & (fused.score <= 1 + 1e-12))
    expected = (1 - weight) * visual + weight * lexical
    np.testing.assert_allclose(fused.score[has_text], expected[has_text])
    np.testing.assert_allclose(fused.lexical[has_text], lexical[has_text])


@given(arrays(12), arrays(12), masks, shares)
def test_without_any_text_to_learn_from_the_picture_decides_alone(
    visual: Array, lexical: Array, sample: Mask, weight: float
) -> None:
    none = np.zeros(12, dtype=np.bool_)
    fused = fuse(visual, lexical, none, sample, weight, prior=2.0, width=0.05, optimism=0.5)
    np.testing.assert_allclose(fused.score, visual, atol=1e-12)


@given(arrays(10), arrays(10), arrays(30), st.floats(0.1, 5), st.floats(0.02, 0.5))
def test_more_similar_pictures_are_never_expected_to_say_less(
    seen_visual: Array, seen_lexical: Array, at: Array, prior: float, width: float
) -> None:
    at = np.sort(at)
    best = float(seen_lexical.max())
    expected = expected_lexical(
        at, seen_visual, seen_lexical, best=best, prior=prior, width=width, optimism=0.6
    )
    assert np.all(np.diff(expected) >= -1e-12)
    assert np.all((expected >= -1e-12) & (expected <= best + 1e-12))


def test_the_expectation_is_the_neighbours_mean() -> None:
    seen_visual = np.array([0.8] * 50 + [0.2] * 50)
    seen_lexical = np.array([0.9] * 50 + [0.1] * 50)
    at = np.array([0.8, 0.2])
    expected = expected_lexical(
        at, seen_visual, seen_lexical, best=0.9, prior=2.0, width=0.05, optimism=0.0
    )
    own = [(50 * 0.9 + 2 * 0.9 * 0.8) / 52, (50 * 0.1 + 2 * 0.9 * 0.2) / 52]
    np.testing.assert_allclose(expected, own, atol=0.01)


def test_silent_pins_get_the_benefit_of_the_doubt_but_no_more_than_the_best() -> None:
    """Half of the look-alikes say it all and half say nothing: mean .45, deviation .45."""
    seen_visual, seen_lexical = np.full(400, 0.8), np.array([0.9, 0.0] * 200)
    at = np.array([0.8])

    def assumed(optimism: float) -> float:
        return float(
            expected_lexical(
                at, seen_visual, seen_lexical, best=0.9, prior=1e-9, width=0.05, optimism=optimism
            )[0]
        )

    np.testing.assert_allclose([assumed(0.0), assumed(0.5), assumed(3.0)], [0.45, 0.675, 0.9])


@given(arrays(12), arrays(12), shares, st.integers(0, 11))
def test_a_matching_text_never_lowers_and_an_empty_match_never_raises(
    visual: Array, lexical: Array, weight: float, row: int
) -> None:
    """With what is expected of textless pins held fixed by a sample that leaves the pin out."""
    sample = np.arange(12) != row
    without = np.arange(12) != row
    bare = fuse(
        visual, lexical, without, sample, weight, prior=2.0, width=0.05, optimism=0.5
    ).score[row]
    everyone = np.ones(12, dtype=np.bool_)
    for own, better in ((1.0, True), (0.0, False)):
        lexical = lexical.copy()
        lexical[row] = own
        told = fuse(
            visual, lexical, everyone, sample, weight, prior=2.0, width=0.05, optimism=0.5
        ).score[row]
        assert told >= bare - 1e-9 if better else told <= bare + 1e-9


@given(hnp.arrays(np.float64, st.integers(1, 40), elements=shares), st.randoms())
def test_isotonic_regression_is_scipys(values: Array, random: object) -> None:
    weights = np.random.default_rng(len(values)).uniform(0.1, 3.0, len(values))
    oracle = isotonic_regression(values, weights=weights).x
    np.testing.assert_allclose(isotonic(values, weights), oracle, atol=1e-9)


@given(st.floats(0.1, 100), st.floats(-1, 1), hnp.arrays(np.float64, 8, elements=st.floats(-1, 1)))
def test_the_logistic_is_the_logistic(slope: float, middle: float, values: Array) -> None:
    oracle = [1 / (1 + np.exp(np.clip(-slope * (value - middle), -700, 700))) for value in values]
    np.testing.assert_allclose(Logistic(slope, middle)(values), oracle, atol=1e-12)


@given(st.floats(0.1, 10), hnp.arrays(np.float64, 8, elements=st.floats(0, 50)))
def test_saturation_keeps_order_and_range(rate: float, values: Array) -> None:
    ranked = Saturation(rate)(np.sort(values))
    assert np.all((ranked >= 0) & (ranked <= 1))
    assert np.all(np.diff(ranked) >= 0)
    assert Saturation(rate)(np.array([0.0, -1.0])).tolist() == [0.0, 0.0]


def test_an_unlabelled_pin_can_stand_first() -> None:
    """The promise that rank fusion breaks: the best picture wins although it says nothing."""
    rng = np.random.default_rng(0)
    visual = np.concatenate([[0.95], rng.uniform(0.1, 0.6, 60)])
    lexical = np.concatenate([[0.0], visual[1:] * 0.9])
    has_text = np.arange(61) > 0
    fused = fuse(
        visual, lexical, has_text, np.ones_like(has_text), 0.5, prior=2.0, width=0.05, optimism=0.5
    )
    assert int(np.argmax(fused.score)) == 0
    assert fused.score[0] > fused.score[1:].max() + 0.1
