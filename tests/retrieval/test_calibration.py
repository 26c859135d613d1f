"""Calibration and certainty: the curves themselves, and what they promise."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.errors import BadParameters
from engine.retrieval.calibration import Logistic, Saturation
from engine.retrieval.certainty import Certainty, Evidence, evidence_of

Array = npt.NDArray[np.float64]
shares = st.floats(0, 1)
CERTAINTY = Certainty(fits=(-2.0, 3.0, 4.0, 0.5), hit=(-3.0, 6.0, -1.0))


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


@pytest.mark.parametrize("slope", [0.0, -1.0, float("nan")])
def test_curves_that_do_not_rise_are_refused(slope: float) -> None:
    with pytest.raises(BadParameters, match="above 0"):
        Logistic(slope, 0.5)
    with pytest.raises(BadParameters, match="above 0"):
        Saturation(slope)
    with pytest.raises(BadParameters, match="above 0"):
        Certainty((0.0, 0.0, 0.0, 0.0), (0.0, slope, 0.0))


@given(hnp.arrays(np.float64, 9, elements=shares), shares, shares, shares)
def test_relevance_is_a_product_of_two_probabilities(
    mixed: Array, lexical: float, visual: float, length: float
) -> None:
    each = CERTAINTY.each(mixed, Evidence(lexical, visual, length))
    fits = 1 / (1 + math.exp(-(-2 + 3 * lexical + 4 * visual + 0.5 * length)))
    oracle = [fits / (1 + math.exp(-(-3 + 6 * score - lexical))) for score in mixed]
    np.testing.assert_allclose(each, oracle, atol=1e-12)
    order = np.argsort(mixed)
    assert np.all(np.diff(each[order]) >= 0)
    assert np.all((each >= 0) & (each <= 1))


def test_evidence_is_the_best_of_what_is_said_and_seen() -> None:
    lexical, visual = np.array([0.3, 0.9, 0.5]), np.array([0.2, 0.8, 0.4])
    told = np.array([True, False, True])
    assert evidence_of(lexical, visual, told, 2) == Evidence(0.5, 0.8, 0.25)
    assert evidence_of(lexical, visual, told, 40) == Evidence(0.5, 0.8, 1.0)
    none = np.array([])
    assert evidence_of(none, none, none.astype(np.bool_), 0) == Evidence(0.0, 0.0, 0.0)
