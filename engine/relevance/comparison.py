"""What a mean is worth, and a difference of two: intervals and a test over the same queries.

Intervals are percentiles of a bootstrap over queries (Efron & Tibshirani 1993, chapter 13; Sakai,
SIGIR 2006, for differences in retrieval). The test is Fisher's randomisation test of paired
differences: were both systems equal, each query's difference could as well have the other sign
(Smucker, Allan & Carterette, CIKM 2007). Pure functions over arrays; everything random is seeded.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

RESAMPLES = 10_000
CONFIDENCE = 0.95
# As many draws are held at a time.
_BLOCK = 1_000_000
_EQUAL = 1e-12


@dataclass(frozen=True)
class Comparison:
    """One system less another in a measure, over the same queries.

    low, high: the interval of the mean difference. p: how often chance alone makes a mean
    difference so large, in either direction. wins, ties, losses: queries, from the first's side.
    """

    ours: str
    other: str
    measure: str
    difference: float
    low: float
    high: float
    p: float
    wins: int
    ties: int
    losses: int


def intervals(
    values: Array,
    seed: int,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Array:
    """Return the interval of each column's mean, shape (2, columns): low, high.

    values: shape (queries, columns). All columns see the same resampled queries, so that the
    interval of a difference is that of a column of differences.
    """
    count, columns = values.shape
    if not count:
        return np.full((2, columns), np.nan)
    random = np.random.default_rng(seed)
    means = np.empty((resamples, columns))
    for block in _blocks(resamples, count):
        rows = block.stop - block.start
        drawn = random.integers(0, count, size=(rows, count)) + count * np.arange(rows)[:, None]
        # How often each query was drawn: the means of resamples are then one product of matrices.
        often = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count)
        means[block] = often @ values / count
    tail = (1.0 - confidence) / 2.0
    return np.asarray(np.quantile(means, (tail, 1.0 - tail), axis=0))


def sign_flip_p(differences: Array, seed: int, *, resamples: int = RESAMPLES) -> float:
    """Return the two-sided p value of paired differences, never 0 (Phipson & Smyth 2010)."""
    count = len(differences)
    if not count:
        return float("nan")
    random = np.random.default_rng(seed)
    seen = abs(float(differences.sum())) - _EQUAL * count
    as_large = 0
    for block in _blocks(resamples, count):
        rows = block.stop - block.start
        signs = random.integers(0, 2, size=(rows, count), dtype=np.int8) * 2 - 1
        as_large += int(np.count_nonzero(np.abs(signs @ differences) >= seen))
    return (as_large + 1) / (resamples + 1)


def compare(
    ours: tuple[str, Array],
    other: tuple[str, Array],
    measure: str,
    seed: int,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Comparison:
    """Compare two systems, each given by its name and its values of the same queries."""
    differences = ours[1] - other[1]
    low, high = intervals(differences[:, None], seed, resamples=resamples, confidence=confidence)[
        :, 0
    ].tolist()
    return Comparison(
        ours=ours[0],
        other=other[0],
        measure=measure,
        difference=float(differences.mean()) if len(differences) else float("nan"),
        low=low,
        high=high,
        p=sign_flip_p(differences, seed, resamples=resamples),
        wins=int(np.count_nonzero(differences > _EQUAL)),
        ties=int(np.count_nonzero(np.abs(differences) <= _EQUAL)),
        losses=int(np.count_nonzero(differences < -_EQUAL)),
    )


def _blocks(total: int, width: int) -> Iterator[slice]:
    step = max(1, _BLOCK // width)
    return (slice(start, min(start + step, total)) for start in range(0, total, step))
