"""What a query is answered with, as values and as the JSON of the contract."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.pins import Pin, pin_to_json


@dataclass(frozen=True)
class Thing:
    """A thing in a picture that matched better than the whole: its box `x,y,w,h` and cosine.

    label: None where no label fits surely.
    """

    box: str
    label: str | None
    cosine: float


@dataclass(frozen=True)
class Why:
    """Why a hit stands where it stands; all values are of the moment of the query.

    description_bm25, board_bm25: each field's own BM25, before weights.
    lexical, visual: the calibrated signals in [0, 1] that were mixed.
    mixed: the fused score, which `score` follows.
    lexical_weight: share of `lexical` in `mixed`; `visual` has the rest.
    lexical_from: "text" when the pin's own words were scored, "neighbours" when it has none and
        the value is what pins of like similarity with text have, "none" without a lexical signal.
    lexical_rank, vector_rank: 1-based place in each leg, None where that leg did not find it.
    thing: what in the picture matched, where that is a part of it.
    """

    found_by: tuple[str, ...]
    description_bm25: float
    board_bm25: float
    matched_terms: dict[str, list[str]]
    cosine: float
    lexical: float
    visual: float
    mixed: float
    lexical_weight: float
    lexical_from: str
    lexical_rank: int | None
    vector_rank: int | None
    thing: Thing | None = None


@dataclass(frozen=True)
class Duplicates:
    """Pins with nearly a hit's picture that answer too; `ids` are the first few, best first."""

    count: int
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Hit:
    """A pin that answers; `score` in [0, 1] is how likely it is what was asked for.

    rank_score: in [0, 1], what put the hit in its place where diversity did; the order follows it.
        The first has 1.
    duplicates: the pins that the hit stands for, None if there are none.
    size: width and height of the kept picture in pixels, None where none is kept.
    interest: id of the liked pin that tells the interest which brought the hit.
    """

    id: str
    score: float
    pin: Pin
    image_key: str | None = None
    why: Why | None = None
    rank_score: float | None = None
    duplicates: Duplicates | None = None
    size: tuple[int, int] | None = None
    interest: str | None = None


@dataclass(frozen=True)
class Answer:
    """One page of hits, best first; `next_offset` is None on the last page.

    nothing_relevant: whether it is unlikely that anything here is what was asked for.
    corrections: words that no pin says, as asked, and what they were read as.
    degraded: what a part of the store could not answer; hits and scores are without it.
    seen: marks of all pins up to the end of the page; cursor: what the next page is asked for by.
    """

    hits: tuple[Hit, ...]
    next_offset: int | None
    took_ms: float
    nothing_relevant: bool = False
    corrections: Mapping[str, str] = field(default_factory=dict)
    degraded: tuple[str, ...] = ()
    seen: frozenset[int] = frozenset()
    cursor: str | None = None


def hit_to_json(hit: Hit) -> dict[str, Any]:
    """Return the contract's JSON of a hit."""
    out: dict[str, Any] = {"id": hit.id, "score": _round(hit.score)}
    if hit.rank_score is not None:
        out["rank_score"] = _round(hit.rank_score)
    if hit.interest is not None:
        out["interest"] = hit.interest
    if hit.duplicates is not None:
        out["duplicates"] = {"count": hit.duplicates.count, "ids": list(hit.duplicates.ids)}
    if hit.size is not None:
        out["picture"] = {"width": hit.size[0], "height": hit.size[1]}
    out["pin"] = pin_to_json(hit.pin)
    if hit.why is not None:
        out["why"] = why_to_json(hit.why)
    return out


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """Return the contract's JSON of an answer.

    The cursor of the next page is its offset where nobody made another.
    """
    following = None if answer.next_offset is None else str(answer.next_offset)
    out: dict[str, Any] = {
        "hits": [hit_to_json(hit) for hit in answer.hits],
        "next": answer.cursor or following,
        "nothing_relevant": answer.nothing_relevant,
        "corrections": dict(answer.corrections),
        "took_ms": round(answer.took_ms, 3),
    }
    if answer.degraded:
        out["degraded"] = list(answer.degraded)
    return out


def why_to_json(why: Why) -> dict[str, Any]:
    """Return an explanation as JSON, numbers rounded to six digits."""
    return {
        "found_by": list(why.found_by),
        "text": {
            "description_bm25": _round(why.description_bm25),
            "board_bm25": _round(why.board_bm25),
            "matched_terms": why.matched_terms,
            "rank": why.lexical_rank,
        },
        "image": {"cosine": _round(why.cosine), "rank": why.vector_rank} | _thing(why.thing),
        "calibrated": {
            "lexical": _round(why.lexical),
            "lexical_from": why.lexical_from,
            "visual": _round(why.visual),
        },
        "mixed": _round(why.mixed),
        "weights": {
            "lexical": _round(why.lexical_weight),
            "visual": _round(1.0 - why.lexical_weight),
        },
    }


def _thing(thing: Thing | None) -> dict[str, Any]:
    if thing is None:
        return {}
    told = {"box": thing.box, "label": thing.label, "cosine": _round(thing.cosine)}
    return {"region": told}


def _round(value: float) -> float:
    return round(float(value), 6)
