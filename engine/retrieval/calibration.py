"""Turns raw scores into comparable values in [0, 1], monotonically."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.errors import BadParameters

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Logistic:
    """Platt scaling (Platt 1999): 1 / (1 + exp(-slope (x - middle))), slope above 0."""

    slope: float
    middle: float
    curve: Literal["logistic"] = "logistic"

    def __post_init__(self) -> None:
        if not self.slope > 0:
            raise BadParameters("logistic: the slope must be above 0")

    def __call__(self, values: npt.NDArray[np.floating]) -> Array:
        raised = self.slope * (np.asarray(values, dtype=np.float64) - self.middle)
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * raised)))  # the same curve, never overflows


@dataclass(frozen=True)
class Saturation:
    """1 - exp(-rate x) for x >= 0: 0 stays 0, a full match of the query comes close to 1.

    x is a BM25 sum divided by the query's summed idf, so that 1 means: every query term, once,
    in a text of average length.
    """

    rate: float
    curve: Literal["saturation"] = "saturation"

    def __post_init__(self) -> None:
        if not self.rate > 0:
            raise BadParameters("saturation: the rate must be above 0")

    def __call__(self, values: npt.NDArray[np.floating]) -> Array:
        raw = np.maximum(np.asarray(values, dtype=np.float64), 0.0)
        return np.asarray(-np.expm1(-self.rate * raw))
