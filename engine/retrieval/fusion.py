"""One score from two signals: a convex mix in which absent text is unknown, not zero.

Rank fusion can't keep this product's promise: a pin without text stands in one list only, and
every pin in both lists outranks it. So scores are mixed, and a pin without text gets the lexical
value to be hoped of it, read per query off the pins that do have text and look equally fitting.
Pure functions over aligned arrays; knows nothing of stores, queries or pins.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fused:
    """Aligned columns: the score, and the lexical value that went into it (own or expected)."""

    score: Array
    lexical: Array


def fuse(
    visual: Array,
    lexical: Array,
    has_text: Mask,
    sample: Mask,
    weight: float,
    *,
    prior: float,
    width: float,
    optimism: float,
) -> Fused:
    """Mix calibrated signals: (1 - weight) visual + weight lexical.

    visual, lexical: in [0, 1]. sample: candidates that the vector leg brought in, the ones from
    which expectations are read: how they were found says nothing about their text.
    """
    seen = sample & has_text
    best = float(lexical.max(initial=0.0, where=has_text))
    expected = expected_lexical(
        visual,
        visual[seen],
        lexical[seen],
        best=best,
        prior=prior,
        width=width,
        optimism=optimism,
    )
    own = np.where(has_text, lexical, expected)
    return Fused((1.0 - weight) * visual + weight * own, own)


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
    on a grid and made monotone by isotonic regression. With nothing seen, the visual value itself
    is returned, and a mix becomes the visual value alone.
    """
    if len(seen_visual) == 0:
        return at.copy()
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


GRID = 65
