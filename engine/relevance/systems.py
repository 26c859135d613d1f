"""The contenders: what each answers to a query whose meaning and candidates are frozen.

All see the same vector and the same analysed terms. The engine and the two ways to merge that it is
compared with get the same candidates; the single legs look at every pin there is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
from rank_bm25 import BM25Okapi

from engine.relevance.pool import BoolArray, Pool
from engine.relevance.runs import Answered, Run, answered, cut
from engine.relevance.topics import Topic
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import rank
from engine.retrieval.understand import Understood
from engine.store.plan import Bm25, Candidates

OURS = "this engine"
WORDS = "BM25 alone"
PICTURES = "vectors alone"
LEGS = (WORDS, PICTURES)


@dataclass(frozen=True)
class Asked:
    """A topic as every system gets it; `admitted` says which rows of the pool may answer."""

    topic: Topic
    meaning: Understood
    candidates: Candidates
    admitted: BoolArray


class System(Protocol):
    """Something that answers queries. `account` says in a sentence how, for people."""

    @property
    def name(self) -> str: ...
    @property
    def account(self) -> str: ...
    def answer(self, asked: Asked, depth: int) -> Answered:
        """Return at most `depth` pins, best first."""
        ...


@dataclass(frozen=True)
class ThisEngine:
    """What `engine search` answers."""

    pool: Pool
    parameters: Parameters
    name: str = OURS
    account: str = "calibrated scores of both signals, fused; absent text is unknown, not zero"

    def answer(self, asked: Asked, depth: int) -> Answered:
        order = rank(asked.candidates, asked.meaning.kind, self.parameters).order
        # Only the order is judged; its scores say as much and no more.
        score = np.empty(len(order))
        score[order] = 1.0 / np.arange(1.0, len(order) + 1.0)
        return _best(self.pool, asked.candidates, order, score, depth)


@dataclass(frozen=True)
class Bm25Alone:
    """rank-bm25's Okapi BM25 over all pins that have text, each one's fields as one text.

    One text and not weighted fields: it is what a person gets who reaches for that package. Pins
    without text are no documents to it; they would only lower the average length.
    """

    pool: Pool
    bm25: Bm25
    name: str = WORDS
    account: str = (
        "rank-bm25 (Okapi) over all pins, description and board title as one text; "
        "answers nothing to a query without words"
    )

    @cached_property
    def _told(self) -> npt.NDArray[np.intp]:
        return np.flatnonzero([bool(text) for text in self.pool.texts])

    @cached_property
    def _index(self) -> BM25Okapi:
        corpus = [self.pool.texts[row].split() for row in self._told.tolist()]
        return BM25Okapi(corpus, k1=self.bm25.k1, b=self.bm25.b)

    def answer(self, asked: Asked, depth: int) -> Answered:
        if not asked.meaning.terms or not len(self._told):
            return {}
        terms = list(asked.meaning.terms)
        # Not "score > 0": rank-bm25 gives 0 or less to words of half of the texts or more.
        holding = [
            not frequencies.keys().isdisjoint(terms) for frequencies in self._index.doc_freqs
        ]
        found = asked.admitted[self._told] & np.array(holding)
        scores = np.asarray(self._index.get_scores(terms))
        return _first(self.pool, self._told[found], scores[found], depth)


@dataclass(frozen=True)
class VectorsAlone:
    """Every pin by its exact cosine to the query's vector."""

    pool: Pool
    name: str = PICTURES
    account: str = "exact cosine of the picture's vector, over all pins"

    def answer(self, asked: Asked, depth: int) -> Answered:
        rows = np.flatnonzero(asked.admitted)
        cosine = self.pool.vectors @ asked.meaning.vector
        return _first(self.pool, rows, cosine[rows], depth)


@dataclass(frozen=True)
class ReciprocalRanks:
    """The sum of 1 / (k + rank) over both legs (Cormack, Clarke & Büttcher, SIGIR 2009)."""

    pool: Pool
    k: int = 60

    @property
    def name(self) -> str:
        return f"RRF k={self.k}"

    @property
    def account(self) -> str:
        return f"reciprocal rank fusion of the engine's two legs, k = {self.k}"

    def answer(self, asked: Asked, depth: int) -> Answered:
        legs = (asked.candidates.lexical_rank, asked.candidates.vector_rank)
        score = sum(np.where(leg > 0, 1.0 / (self.k + leg.astype(np.float64)), 0.0) for leg in legs)
        order = _order(score, asked.candidates.keys)
        return _best(self.pool, asked.candidates, order, np.asarray(score), depth)


@dataclass(frozen=True)
class NaiveRerank:
    """What BM25 found, by cosine alone; a pin without text is never among it."""

    pool: Pool
    name: str = "naive rerank"
    account: str = (
        "the engine's candidates of BM25, put in the order of their cosine; "
        "answers nothing to a query without words"
    )

    def answer(self, asked: Asked, depth: int) -> Answered:
        candidates = asked.candidates
        order = _order(candidates.cosine, candidates.keys)
        found = order[candidates.lexical_rank[order] > 0]
        return _best(self.pool, candidates, found, candidates.cosine, depth)


@dataclass(frozen=True)
class Listed:
    """Another system's run, read from a file; pins that the query shows are left out of it."""

    run: Run

    @property
    def name(self) -> str:
        return self.run.name

    @property
    def account(self) -> str:
        return f"a run file of {len(self.run.answers):,} queries"

    def answer(self, asked: Asked, depth: int) -> Answered:
        return cut(self.run.answers.get(asked.topic.id, {}), depth, asked.topic.pins)


def contenders(pool: Pool, parameters: Parameters, runs: Iterable[Run] = ()) -> tuple[System, ...]:
    """Return this engine, the single legs, the usual ways to merge them, and other runs."""
    return (
        ThisEngine(pool, parameters),
        Bm25Alone(pool, parameters.bm25),
        VectorsAlone(pool),
        ReciprocalRanks(pool),
        NaiveRerank(pool),
        *(Listed(run) for run in runs),
    )


def _first(
    pool: Pool, rows: npt.NDArray[np.intp], scores: npt.NDArray[np.floating], depth: int
) -> Answered:
    """Return some rows of the pool by their scores, ties in the pool's order."""
    order = np.argsort(-scores, kind="stable")[:depth]
    pins = (pool.ids[row] for row in rows[order].tolist())
    return answered(zip(pins, scores[order].tolist(), strict=True))


def _best(
    pool: Pool,
    candidates: Candidates,
    order: npt.NDArray[np.intp],
    scores: npt.NDArray[np.floating],
    depth: int,
) -> Answered:
    """Return candidates in an order; those written since the pool was read are left out."""
    known = ((pool.by_key.get(candidates.keys[row]), row) for row in order[:depth].tolist())
    return answered((pool.ids[at], float(scores[row])) for at, row in known if at is not None)


def _order(scores: npt.ArrayLike, keys: list[str]) -> npt.NDArray[np.intp]:
    return np.lexsort((np.array(keys, dtype=np.str_), -np.asarray(scores, dtype=np.float64)))
