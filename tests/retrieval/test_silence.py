"""Silent pins: what their text is assumed to say, against independent oracles."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import isotonic_regression

from engine.errors import BadParameters
from engine.retrieval.silence import Expected, Renormalised, Zero, expected_lexical, isotonic

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
shares = st.floats(0, 1)


def arrays(size: int) -> st.SearchStrategy[Array]:
    return hnp.arrays(np.float64, size, elements=shares)


masks = hnp.arrays(np.bool_, 12)


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


@given(hnp.arrays(np.float64, st.integers(1, 40), elements=shares), st.randoms())
def test_isotonic_regression_is_scipys(values: Array, random: object) -> None:
    weights = np.random.default_rng(len(values)).uniform(0.1, 3.0, len(values))
    oracle = isotonic_regression(values, weights=weights).x
    np.testing.assert_allclose(isotonic(values, weights), oracle, atol=1e-9)


@given(arrays(12), arrays(12), masks)
def test_with_nothing_to_learn_from_the_visual_share_of_the_best_is_assumed(
    visual: Array, lexical: Array, has_text: Mask
) -> None:
    """Only the lexical leg's pins have text, and how they were found tells of their text."""
    nobody = np.zeros(12, dtype=np.bool_)
    best = max([0.0, *lexical[has_text]])
    assumed = Expected()(visual, lexical, has_text, nobody)
    np.testing.assert_allclose(assumed, best * visual, atol=1e-12)


@given(arrays(12), arrays(12), masks, masks)
def test_no_pin_is_assumed_to_say_more_than_the_best(
    visual: Array, lexical: Array, has_text: Mask, sample: Mask
) -> None:
    assumed = Expected()(visual, lexical, has_text, sample)
    assert np.all(assumed <= max([0.0, *lexical[has_text]]) + 1e-12)
    assert np.all(assumed >= -1e-12)


@given(arrays(12), arrays(12), masks, masks)
def test_the_plain_rules(visual: Array, lexical: Array, has_text: Mask, sample: Mask) -> None:
    np.testing.assert_array_equal(Renormalised()(visual, lexical, has_text, sample), visual)
    assert not Zero()(visual, lexical, has_text, sample).any()


@pytest.mark.parametrize("wrong", [(0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, float("nan"))])
def test_rules_out_of_range_are_refused(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(BadParameters, match="prior and width must be above 0"):
        Expected(*wrong)
