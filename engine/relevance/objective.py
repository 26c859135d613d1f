"""What tuning maximises: a measure of the first pins, computed for many rankings at once.

The same figures as ir-measures gives, which takes too long to be asked thousands of times. Pure
functions over arrays of grades.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from engine.errors import UsageError
from engine.relevance.measures import parse_measures

Array = npt.NDArray[np.float64]
Name = Literal["nDCG", "P", "R", "RR"]
MAX_CUTOFF = 100


@dataclass(frozen=True)
class Objective:
    """A measure by its name and how many pins it looks at; relevant is a grade above 0."""

    name: Name
    cutoff: int

    def __str__(self) -> str:
        return f"{self.name}@{self.cutoff}"

    def __call__(self, gains: Array, judged: Sequence[Array]) -> Array:
        """Return the value for each query.

        gains: (queries, cutoff), grades of the first pins, best first, 0 where nobody judged.
        judged: each query's grades of all its relevant pins, highest first.
        """
        found = gains > 0
        if self.name == "P":
            return np.asarray(found.mean(axis=1))
        if self.name == "R":
            return np.asarray(found.sum(axis=1) / np.array([len(each) for each in judged]))
        if self.name == "RR":
            first = np.where(found.any(axis=1), found.argmax(axis=1) + 1.0, np.inf)
            return np.asarray(1.0 / first)
        discounts = 1.0 / np.log2(np.arange(2.0, self.cutoff + 2.0))
        best = np.zeros_like(gains)
        for row, each in enumerate(judged):
            top = each[: self.cutoff]
            best[row, : len(top)] = top
        return np.asarray((gains @ discounts) / (best @ discounts))


def parse_objective(text: str) -> Objective:
    """Return an objective from ir-measures' name of it; raise UsageError."""
    [measure] = parse_measures([text], MAX_CUTOFF)
    plain = {key: value for key, value in measure.params.items() if key != "cutoff"}
    cutoff = measure.params.get("cutoff")
    if measure.NAME not in get_args(Name) or plain or not isinstance(cutoff, int):
        raise UsageError(
            f"--objective {text[:60]!r} can't be tuned for: take nDCG@k, P@k, R@k or RR@k, "
            "such as nDCG@10"
        )
    return Objective(cast(Name, measure.NAME), cutoff)
