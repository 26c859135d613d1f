"""The logistic fit recovers what made its data."""

from __future__ import annotations

import numpy as np
import pytest

from engine.training import calibration


def test_finds_the_curve_that_drew_the_pairs() -> None:
    chance = np.random.default_rng(1)
    cosines = chance.uniform(-0.2, 0.9, 60_000).astype(np.float32)
    odds = 1 / (1 + np.exp(-(14.0 * cosines - 7.0)))
    found = calibration.fit(cosines, chance.random(len(cosines)) < odds)
    assert found.slope == pytest.approx(14, rel=0.05)
    assert found.half == pytest.approx(0.5, abs=0.01)


def test_weights_count_as_repetitions() -> None:
    chance = np.random.default_rng(2)
    cosines = chance.uniform(0, 1, 2_000).astype(np.float32)
    relevant = chance.random(2_000) < cosines
    times = chance.integers(1, 4, 2_000)
    weighted = calibration.fit(cosines, relevant, times.astype(np.float64))
    repeated = calibration.fit(np.repeat(cosines, times), np.repeat(relevant, times))
    assert weighted.slope == pytest.approx(repeated.slope, rel=1e-3)
    assert weighted.offset == pytest.approx(repeated.offset, rel=1e-3)


def test_separable_pairs_end_in_finite_numbers() -> None:
    cosines = np.array([0.1, 0.2, 0.7, 0.8], np.float32)
    found = calibration.fit(cosines, cosines > 0.5)
    assert np.isfinite([found.slope, found.offset]).all()
    assert 0.2 < found.half < 0.7


def test_one_kind_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="only one kind"):
        calibration.fit(np.ones(3, np.float32), np.ones(3, np.bool_))
