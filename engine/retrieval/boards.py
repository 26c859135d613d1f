"""Boards like a board: those whose pins come close to what its pins have in common."""

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import BadQuery, UsageError
from engine.queries import Filter
from engine.retrieval.answers import Hit, hit_to_json
from engine.retrieval.listing import Entry, Pins, show
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import rank
from engine.store.collection import Collection
from engine.store.plan import Plan
from engine.store.records import StoredPin

SAMPLE = 64
OWN = 1_000
BEST = 3
MAX_BOARDS = 100


class UnknownBoard(UsageError):
    """No pin of the collection is on a board of that title."""

    slug = "unknown-board"


@dataclass(frozen=True)
class BoardMatch:
    """A board like another; `score` is in [0, 1), `hits` are its pins that say so, best first."""

    title: str
    score: float
    hits: tuple[Hit, ...]


@dataclass(frozen=True)
class BoardAnswer:
    """Boards, best first."""

    boards: tuple[BoardMatch, ...]
    took_ms: float


def related_boards(
    title: str, collection: Collection, parameters: Parameters, *, limit: int = 10
) -> BoardAnswer:
    """Return the boards most like the one of that title, never itself.

    The mean vector of up to SAMPLE of its pins and its title's terms draw candidates from
    everywhere else, and each board has the scores of its best pins among those. The board's own
    pins make no room for others beyond the first OWN of them.
    """
    started = time.perf_counter()
    if not 1 <= limit <= MAX_BOARDS:
        raise BadQuery(f"limit {limit} is out of range: 1 to {MAX_BOARDS}")
    # Keys are digests of pin ids, so the first of them are a sample that no order of arrival bends.
    own = [pin for _, pin in collection.scroll(Filter(fields={"board_title": (title,)}), OWN)]
    if not own:
        raise UnknownBoard(f"no pin is on a board called {title[:80]!r}")
    plan = Plan(
        terms=tuple(dict.fromkeys(own[0].board_terms.split())),
        vector=_centre(own[:SAMPLE], collection),
        exclude=frozenset(pin.pin.id for pin in own),
        bm25=parameters.bm25,
        lexical_depth=parameters.lexical_depth,
        vector_depth=parameters.vector_depth,
    )
    ranking = rank(collection.candidates(plan), "image", parameters)
    boards: dict[str, list[Hit]] = defaultdict(list)
    for hit in show(map(Entry, ranking.order.tolist()), Pins(ranking, collection), None):
        if hit.pin.board_title is not None and hit.pin.board_title != title:
            boards[hit.pin.board_title].append(hit)
    matches = [_match(name, hits[:BEST]) for name, hits in boards.items()]
    matches.sort(key=lambda match: (-match.score, match.title))
    return BoardAnswer(tuple(matches[:limit]), (time.perf_counter() - started) * 1000)


def board_answer_to_json(answer: BoardAnswer) -> dict[str, Any]:
    """Return the contract's JSON of boards like a board."""
    return {
        "boards": [
            {
                "title": board.title,
                "score": round(board.score, 6),
                "hits": [hit_to_json(hit) for hit in board.hits],
            }
            for board in answer.boards
        ],
        "took_ms": round(answer.took_ms, 3),
    }


def _match(title: str, best: list[Hit]) -> BoardMatch:
    # One pin more in the divisor than there are: a board that three pins speak for is surer than
    # one with a single pin as close, while a large board gains nothing from its fourth.
    score = sum(hit.score for hit in best) / (len(best) + 1)
    return BoardMatch(title, score, tuple(best))


def _centre(sample: list[StoredPin], collection: Collection) -> npt.NDArray[np.float32] | None:
    """Return the direction of the mean of the pins' vectors, None where they cancel out."""
    records = collection.get([pin.pin.id for pin in sample])
    if not records:
        return None
    mean = np.mean([record.vector for record in records.values()], axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    return None if length < 1e-6 else np.asarray(mean / length, dtype=np.float32)
