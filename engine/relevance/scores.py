"""One table of numbers: what each measure says of each system's answer to each query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.relevance.judgments import Judgments
from engine.relevance.measures import Measure, measured
from engine.relevance.runs import Run
from engine.retrieval.parameters import Kind

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Asking:
    """What is remembered of a query: its id, what was said, its kind, its number of terms."""

    id: str
    said: str
    kind: Kind
    terms: int


@dataclass(frozen=True)
class Scores:
    """values: shape (systems, queries, measures); the first measure is what is compared."""

    systems: tuple[str, ...]
    queries: tuple[Asking, ...]
    measures: tuple[str, ...]
    values: Array

    def means(self) -> Array:
        """Return the mean over queries, shape (systems, measures); NaN without queries."""
        if not self.queries:
            return np.full((len(self.systems), len(self.measures)), np.nan)
        return np.asarray(self.values.mean(axis=1))

    def compared(self) -> list[float]:
        """Return each system's mean of the first measure."""
        return [float(mean) for mean in self.means()[:, 0]]

    def of(self, system: str, measure: int = 0) -> Array:
        """Return one system's value for every query."""
        return np.asarray(self.values[self.systems.index(system), :, measure])

    def better(self, systems: Iterable[str]) -> str:
        """Return which of some systems has the highest mean of the first measure."""
        means = dict(zip(self.systems, self.compared(), strict=True))
        return max(systems, key=lambda name: means[name])

    def only(self, rows: Iterable[int]) -> "Scores":
        """Return the table of some queries alone."""
        kept = list(rows)
        queries = tuple(self.queries[row] for row in kept)
        return Scores(self.systems, queries, self.measures, self.values[:, kept])

    def means_to_json(self) -> dict[str, dict[str, float | None]]:
        """Return the means by system and measure."""
        return {
            system: dict(zip(self.measures, map(number, row), strict=True))
            for system, row in zip(self.systems, self.means().tolist(), strict=True)
        }


def score(
    measures: Sequence[Measure], judgments: Judgments, runs: Sequence[Run], asked: Sequence[Asking]
) -> Scores:
    """Measure all runs on those queries that have judgments, in the order of `asked`."""
    queries = tuple(each for each in asked if judgments.get(each.id))
    ordered = {each.id: judgments[each.id] for each in queries}
    values = measured(measures, ordered, (run.answers for run in runs))
    return Scores(tuple(run.name for run in runs), queries, tuple(map(str, measures)), values)


def number(value: Any) -> float | None:
    """Return a number as JSON has it: six digits, and null for what is no number."""
    return round(float(value), 6) if value is not None and np.isfinite(value) else None
