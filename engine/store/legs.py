"""The primitives that the query plan is written in: one leg is one ranked list.

Each adapter runs these on its engine; none of Qdrant's types pass this line.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import numpy as np
import numpy.typing as npt

from engine.queries import Filter

FloatArray = npt.NDArray[np.float32]
Key = UUID
Ranked = tuple[list[Key], list[float]]
# Cosines lie within 1 of 0, so those that were raised are told from the others, and a sum of this
# size still has the seventh digit of what was raised.
RAISE = 2.5


@dataclass(frozen=True)
class Scope:
    """Which points a leg may see: `filter` less `without`, and only `among` where given.

    blocked: also the pins that no answer has; for what is not an answer.
    """

    filter: Filter = field(default_factory=Filter)
    without: frozenset[Key] = frozenset()
    among: Collection[Key] | None = None
    blocked: bool = False


@dataclass(frozen=True)
class TextLeg:
    """BM25 over one indexed field, best first; Lucene's idf, and its (k1 + 1) factor.

    The statistics are the whole collection's, whatever the scope.
    """

    field: str
    terms: tuple[str, ...]
    k1: float
    b: float
    limit: int
    scope: Scope


@dataclass(frozen=True)
class VectorLeg:
    """Cosine to a unit vector, best first; `exact` skips the graph and quantised vectors.

    regions: the best cosine of any thing in a picture; pins without such vectors are left out.
    raised: the cosines of pins that have text come back raised by `RAISE`, and these pins first;
        only where `tells_text`.
    """

    vector: FloatArray
    limit: int
    scope: Scope
    exact: bool = False
    regions: bool = False
    raised: bool = False


Leg = TextLeg | VectorLeg


class Legs(Protocol):
    """An engine that runs legs.

    tells_text: whether a vector leg can say which of its pins have text.
    """

    tells_text: bool

    def run(self, legs: Sequence[Leg]) -> Sequence[Ranked | None]:
        """Run several legs in one go; one ranked list for each, in their order.

        None stands for a leg that a part of the store did not answer.
        """
        ...

    def frequency(self, term: str, points: int) -> int:
        """Return how many of the `points` in all have the term in either text field.

        Exact where the collection is small; where that costs too much, what was deleted of late
        may still count.
        """
        ...

    def count(self) -> int:
        """Return how many points there are."""
        ...
