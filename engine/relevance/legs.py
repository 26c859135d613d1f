"""Both legs of one query, remade for any setting of BM25 and any depths without asking the store.

The store's formula over the pool's own texts (Robertson & Zaragoza 2009, Lucene's idf, by k1 + 1;
statistics over the pins that have the field), and exact cosines. Tests hold it against the store.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.relevance.pool import Pool
from engine.relevance.systems import Asked
from engine.store.plan import Bm25, Candidates

FloatArray = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Posting:
    """Where a term stands in a field. rows: of the pool; counts: how often; lengths: of the field's
    text there, as shares of the mean."""

    idf: float
    rows: Rows
    counts: FloatArray
    lengths: FloatArray

    def scores(self, bm25: Bm25) -> FloatArray:
        """Return the term's share of each text's score."""
        norm = bm25.k1 * (1.0 - bm25.b + bm25.b * self.lengths)
        return self.idf * self.counts * (bm25.k1 + 1.0) / (self.counts + norm)


class Index:
    """The postings of some terms in both fields of a pool."""

    def __init__(self, pool: Pool, terms: Iterable[str]) -> None:
        self.pool = pool
        self.keys = list(pool.by_key)
        self.told = np.array([bool(text) for text in pool.texts], dtype=np.bool_)
        wanted = frozenset(terms)
        boards = pool.boards or ("",) * len(pool)
        descriptions = [
            text[: len(text) - len(board)] for text, board in zip(pool.texts, boards, strict=True)
        ]
        self.description = _postings(descriptions, wanted)
        self.board = _postings(boards, wanted)


@dataclass(frozen=True)
class Legs:
    """What either leg of a query could bring in.

    rows: of the pool, ascending, which is the order of ties. vector_rank: 1-based, over all that
    the query's filter admits.
    """

    rows: Rows
    keys: list[str]
    cosine: npt.NDArray[np.float32]
    vector_rank: npt.NDArray[np.int32]
    has_text: npt.NDArray[np.bool_]
    description: tuple[Posting, ...]
    board: tuple[Posting, ...]
    idf: dict[str, float]

    def draw(self, bm25: Bm25, lexical_depth: int, vector_depth: int) -> Candidates:
        """Return the candidates, in the order of their keys."""
        described, boarded = self._sum(self.description, bm25), self._sum(self.board, bm25)
        total = bm25.description_weight * described + bm25.board_weight * boarded
        matching = np.flatnonzero((described > 0.0) | (boarded > 0.0))
        first = matching[np.argsort(-total[matching], kind="stable")][:lexical_depth]
        lexical_rank = np.zeros(len(self.rows), dtype=np.int32)
        lexical_rank[first] = np.arange(1, len(first) + 1)
        vector_rank = np.where(self.vector_rank <= vector_depth, self.vector_rank, 0)
        kept = np.flatnonzero((lexical_rank > 0) | (vector_rank > 0))
        return Candidates(
            keys=[self.keys[at] for at in kept.tolist()],
            cosine=self.cosine[kept],
            description=described[kept].astype(np.float32),
            board=boarded[kept].astype(np.float32),
            has_text=self.has_text[kept],
            lexical_rank=lexical_rank[kept],
            vector_rank=vector_rank[kept].astype(np.int32),
            idf=self.idf,
        )

    def _sum(self, postings: Sequence[Posting], bm25: Bm25) -> FloatArray:
        out = np.zeros(len(self.rows))
        for each in postings:
            out[each.rows] += each.scores(bm25)
        return out


def legs_of(asked: Asked, index: Index, deepest: int) -> Legs:
    """Return the legs of a query; no draw may look at more than `deepest` nearest pictures."""
    pool = index.pool
    cosine = (pool.vectors @ asked.meaning.vector).astype(np.float32)
    admitted = np.flatnonzero(asked.admitted)
    nearest = admitted[np.argsort(-cosine[admitted], kind="stable")][:deepest]
    rank = np.zeros(len(pool), dtype=np.int32)
    rank[nearest] = np.arange(1, len(nearest) + 1)
    found = rank > 0
    terms = asked.meaning.terms
    for field in (index.description, index.board):
        for term in terms:
            if term in field:
                found[field[term].rows] = True
    rows = np.flatnonzero(found & asked.admitted)
    return Legs(
        rows=rows,
        keys=[index.keys[row] for row in rows.tolist()],
        cosine=cosine[rows],
        vector_rank=rank[rows],
        has_text=index.told[rows],
        description=_among(index.description, terms, rows),
        board=_among(index.board, terms, rows),
        idf=asked.candidates.idf,
    )


def _among(
    postings: Mapping[str, Posting], terms: Iterable[str], rows: Rows
) -> tuple[Posting, ...]:
    """Return the postings of terms, as places among some rows."""
    out = []
    for term in terms:
        if (each := postings.get(term)) is not None:
            here = np.isin(each.rows, rows)
            at = np.searchsorted(rows, each.rows[here])
            out.append(Posting(each.idf, at, each.counts[here], each.lengths[here]))
    return tuple(out)


def _postings(texts: Sequence[str], wanted: frozenset[str]) -> dict[str, Posting]:
    rows: dict[str, list[int]] = defaultdict(list)
    counts: dict[str, list[int]] = defaultdict(list)
    lengths = np.zeros(len(texts))
    for row, text in enumerate(texts):
        words = text.split()
        lengths[row] = len(words)
        for term, count in Counter(word for word in words if word in wanted).items():
            rows[term].append(row)
            counts[term].append(count)
    filled = lengths[lengths > 0]
    mean = float(filled.mean()) if len(filled) else 1.0
    out = {}
    for term, places in rows.items():
        at = np.array(places, dtype=np.intp)
        idf = float(np.log1p((len(filled) - len(at) + 0.5) / (len(at) + 0.5)))
        own = lengths[at] / mean
        out[term] = Posting(idf, at, np.array(counts[term], dtype=np.float64), own)
    return out
