"""From cosines to the probability of being relevant; knows nothing of models or files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_ROUNDS = 100
_RIDGE = 1e-6
_LONGEST_STEP = 20.0
PERCENTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True, slots=True)
class Logistic:
    """P(relevant | cosine) = 1 / (1 + exp(-(slope x cosine + offset)))."""

    slope: float
    offset: float

    @property
    def half(self) -> float:
        """The cosine at which both answers are as likely."""
        return -self.offset / self.slope if self.slope else float("nan")


def fit(
    cosines: npt.NDArray[np.float32],
    relevant: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64] | None = None,
) -> Logistic:
    """Fit by weighted maximum likelihood (Newton's method with halved steps).

    All of one kind can't be fitted: `ValueError`.
    """
    if relevant.all() or not relevant.any():
        raise ValueError("a calibration needs relevant and irrelevant pairs, got only one kind")
    design = np.stack([cosines.astype(np.float64), np.ones(len(cosines))], 1)
    target = relevant.astype(np.float64)
    share = np.full(len(cosines), 1.0) if weights is None else weights
    share = share / share.sum()
    prior = float((target * share).sum())
    chosen = np.array([0.0, np.log(prior / (1 - prior))])
    lost = _loss(design, target, share, chosen)
    for _ in range(_ROUNDS):
        odds = 1 / (1 + np.exp(-(design @ chosen)))
        slope = design.T @ (share * (odds - target))
        curve = (design * (share * odds * (1 - odds))[:, None]).T @ design
        step = np.linalg.solve(curve + _RIDGE * np.eye(2) * np.trace(curve), slope)
        step *= min(1.0, _LONGEST_STEP / max(float(np.abs(step).max()), 1e-12))
        while (fresh := _loss(design, target, share, chosen - step)) > lost:
            step = step / 2
            if np.abs(step).max() < 1e-9:
                break
        chosen, gained, lost = chosen - step, lost - fresh, fresh
        if gained < 1e-12:
            break
    return Logistic(float(chosen[0]), float(chosen[1]))


def percentiles(cosines: npt.NDArray[np.float32]) -> tuple[float, ...]:
    """Return the cosines at `PERCENTILES`."""
    return tuple(float(value) for value in np.percentile(cosines, PERCENTILES))


def _loss(
    design: npt.NDArray[np.float64],
    target: npt.NDArray[np.float64],
    share: npt.NDArray[np.float64],
    chosen: npt.NDArray[np.float64],
) -> float:
    scores = design @ chosen
    return float((share * (np.logaddexp(0, scores) - target * scores)).sum())
