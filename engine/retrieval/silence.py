"""What the text of a pin without text is assumed to say: absent text is unknown, not zero.

Rank fusion can't keep this product's promise: a pin without text stands in one list only, and
every pin in both lists outranks it. So scores are mixed, and a pin without text gets a lexical
value all the same. `Expected` is the rule that ships; the others are there to be compared with.
Pure functions over aligned arrays; knows nothing of stores, queries or pins.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.errors import BadParameters

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
GRID = 65


@dataclass(frozen=True)
class Expected:
    """The lexical value to be hoped of a pin, read per query off pins that have text.

    prior: how many pseudo-observations pull it towards the pin's visual value.
    width: width of the neighbourhood in calibrated visual units.
    optimism: standard deviations above the neighbours' mean that a silent pin is given.
    """

    prior: float = 2.0
    width: float = 0.05
    optimism: float = 0.6
    rule: Literal["expected"] = "expected"

    def __post_init__(self) -> None:
        if not (self.prior > 0 and self.width > 0 and self.optimism >= 0):
            raise BadParameters("silence: prior and width must be above 0, optimism at least 0")

    def __call__(self, visual: Array, lexical: Array, has_text: Mask, sample: Mask) -> Array:
        """Return what each pin's text would be assumed to say, for all pins.

        sample: candidates that the vector leg brought in, the ones from which expectations are
        read: how they were found says nothing about their text.
        """
        seen = sample & has_text
        return expected_lexical(
            visual,
            visual[seen],
            lexical[seen],
            best=float(lexical.max(initial=0.0, where=has_text)),
            prior=self.prior,
            width=self.width,
            optimism=self.optimism,
        )


@dataclass(frozen=True)
class Renormalised:
    """The lexical share goes to the picture: the same as assuming the visual value itself."""

    rule: Literal["renormalised"] = "renormalised"

    def __call__(self, visual: Array, lexical: Array, has_text: Mask, sample: Mask) -> Array:
        """Return the visual values."""
        return visual.copy()


@dataclass(frozen=True)
class Zero:
    """Silence counts as a text that matches nothing: what a plain mix does."""

    rule: Literal["zero"] = "zero"

    def __call__(self, visual: Array, lexical: Array, has_text: Mask, sample: Mask) -> Array:
        """Return zeros."""
        return np.zeros_like(visual)


Silence = Expected | Renormalised | Zero


def expected_lexical(
    at: Array,
    seen_visual: Array,
    seen_lexical: Array,
    *,
    best: float,
    prior: float,
    width: float,
    optimism: float,
) -> Array:
    """Return the lexical value to assume at each visual value, never falling as that rises.

    The mean plus `optimism` standard deviations of what is seen nearby: with the mean alone, where
    many pins say exactly what was asked, none that is silent would ever stand among them. Both
    moments are Nadaraya-Watson estimates (1964) with a Gaussian kernel of `width`, shrunk by
    `prior` pseudo-observations towards the visual value's share of `best`, the highest lexical
    value of any candidate: no pin is assumed to say more than the one that says it best. Evaluated
    on a grid and made monotone by isotonic regression.
    """
    grid = np.linspace(0.0, 1.0, GRID)
    kernel = np.exp(-0.5 * ((grid[:, None] - seen_visual[None, :]) / width) ** 2)
    mass = kernel.sum(axis=1)
    assumed = best * grid
    mean = (kernel @ seen_lexical + prior * assumed) / (mass + prior)
    square = (kernel @ seen_lexical**2 + prior * assumed**2) / (mass + prior)
    deviation = np.sqrt(np.maximum(square - mean**2, 0.0))
    estimate = np.minimum(mean + optimism * deviation, best)
    return np.interp(at, grid, isotonic(estimate, mass + prior))


def isotonic(values: Array, weights: Array) -> Array:
    """Return the closest non-decreasing sequence in weighted squares (PAVA, Ayer et al. 1955)."""
    means: list[float] = []
    masses: list[float] = []
    sizes: list[int] = []
    for value, mass in zip(values.tolist(), weights.tolist(), strict=True):
        means.append(value)
        masses.append(mass)
        sizes.append(1)
        while len(means) > 1 and means[-2] > means[-1]:
            last, weight, size = means.pop(), masses.pop(), sizes.pop()
            total = masses[-1] + weight
            means[-1] = (means[-1] * masses[-1] + last * weight) / total
            masses[-1] = total
            sizes[-1] += size
    return np.repeat(np.array(means), sizes)
