"""What a store is asked for and what it returns: one plan in, one table of candidates out.

Knows nothing of scoring beyond what a single leg computes: calibration and fusion are retrieval's.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.queries import Filter

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]


# The best of several boxes is higher by chance alone (`benchmarks/results/regions.md`).
REGION_MARGIN = 0.05


@dataclass(frozen=True)
class Bm25:
    """BM25's knobs (Robertson & Zaragoza 2009) and the weight of each field in the lexical sum."""

    k1: float = 1.2
    b: float = 0.75
    description_weight: float = 1.0
    board_weight: float = 0.6


@dataclass(frozen=True)
class Plan:
    """One query for candidates. Two legs run, and each scores what the other found.

    terms: analysed, distinct query terms; empty means no lexical leg.
    vector: unit row of the collection's dimension; None means no vector leg.
    lexical_depth, vector_depth: how many pins each leg brings in; at a million pins the defaults
        give 97 % of the first ten of 400 and 400, in half of the time (`benchmarks/results/`); of
        lexical pins 80 give as many as 120 did.
    region_margin: what the best cosine of any thing in a picture loses before it is compared with
        that of the whole picture; matters to collections that keep such vectors.
    exact: skip the graph and quantisation (the yardstick for recall).
    """

    terms: tuple[str, ...] = ()
    vector: FloatArray | None = None
    filter: Filter = field(default_factory=Filter)
    exclude: frozenset[str] = frozenset()
    bm25: Bm25 = field(default_factory=Bm25)
    lexical_depth: int = 80
    vector_depth: int = 120
    exact: bool = False
    region_margin: float = REGION_MARGIN


@dataclass(frozen=True)
class Candidates:
    """The union of both legs as aligned columns; every pin in it has every score.

    keys: point ids (UUID text), in no particular order.
    cosine: exact similarity to the query vector (not of quantised vectors); 0 without a vector leg.
        Where things in pictures have vectors: the better of the whole picture's and theirs, less
        `region_margin`.
    description, board: BM25 of each field, unweighted, 0 where no term matches.
    has_text: whether the pin has any analysed text in either field.
    lexical_rank, vector_rank: 1-based place in each leg, 0 where that leg did not bring the pin in.
    idf: Lucene's ln(1 + (N - df + 0.5) / (df + 0.5)) of each query term over the whole collection,
        by field-independent document frequency (a pin counts once if either field has the term).
    missing: what the store could not answer, such as "nearest by vector"; scores that it would have
        given are 0.
    """

    keys: list[str]
    cosine: FloatArray
    description: FloatArray
    board: FloatArray
    has_text: BoolArray
    lexical_rank: IntArray
    vector_rank: IntArray
    idf: dict[str, float]
    missing: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.keys)
