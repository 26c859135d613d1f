"""The one plan of a query, written over legs: what every engine runs, embedded or not.

1. BM25 over each text field and nearest by vector, all in one go.
2. What each leg found is scored by the others, in one go: an exact cosine for every pin, and both
   fields' BM25. A text leg that returned fewer pins than it was asked for has named every pin that
   it gives a score, so it is not asked again.
Knows nothing of calibration and fusion, nor of any engine's API.
"""

from collections.abc import Iterable

import numpy as np

from engine.store import schema
from engine.store.frequencies import Frequencies
from engine.store.legs import Key, Leg, Legs, Ranked, Scope, TextLeg, VectorLeg
from engine.store.plan import Candidates, Plan

Scores = dict[Key, float]


def candidates(
    legs: Legs, plan: Plan, without: frozenset[Key], frequencies: Frequencies
) -> Candidates:
    """Run a plan; `without` holds the points of `plan.exclude`."""
    scope = Scope(plan.filter, without)
    first = _first(plan, scope)
    answers = legs.run([leg for _, leg in first]) if first else []
    found = {name: ranked for (name, _), ranked in zip(first, answers, strict=True)}
    scores = {name: dict(zip(*ranked, strict=True)) for name, ranked in found.items()}
    union = set().union(*scores.values())
    second = _second(plan, found, scores, union)
    answers = legs.run([leg for _, leg in second]) if second else []
    for (name, _), ranked in zip(second, answers, strict=True):
        scores[name].update(zip(*ranked, strict=True))
    lexical = _lexical(plan, scores, found)
    nearest = found["cosine"][0] if "cosine" in found else []
    keys = list({*lexical, *nearest})
    worded = {key for name in ("description", "board") for key in scores.get(name, ())}
    unsure = [key for key in keys if key not in worded]
    worded |= legs.with_text(unsure) if unsure else set()
    return Candidates(
        keys=[str(key) for key in keys],
        cosine=_column(keys, scores.get("cosine")),
        description=_column(keys, scores.get("description")),
        board=_column(keys, scores.get("board")),
        has_text=np.fromiter((key in worded for key in keys), np.bool_, len(keys)),
        lexical_rank=_ranks(keys, lexical),
        vector_rank=_ranks(keys, nearest),
        idf=frequencies.idf(legs, plan.terms),
    )


def _first(plan: Plan, scope: Scope) -> list[tuple[str, Leg]]:
    legs: list[tuple[str, Leg]] = []
    if plan.terms and plan.lexical_depth > 0:
        legs.append(("description", _text(plan, schema.DESCRIPTION, plan.lexical_depth, scope)))
        legs.append(("board", _text(plan, schema.BOARD, plan.lexical_depth, scope)))
    if plan.vector is not None and plan.vector_depth > 0:
        legs.append(("cosine", VectorLeg(plan.vector, plan.vector_depth, scope, plan.exact)))
    return legs


def _second(
    plan: Plan, found: dict[str, Ranked], scores: dict[str, Scores], union: set[Key]
) -> list[tuple[str, Leg]]:
    legs: list[tuple[str, Leg]] = []
    for name, place in (("description", schema.DESCRIPTION), ("board", schema.BOARD)):
        if name in found and len(found[name][0]) == plan.lexical_depth:
            unknown = union.difference(scores[name])
            if unknown:
                scope = Scope(among=unknown)
                legs.append((name, _text(plan, place, len(unknown), scope)))
    if plan.vector is not None and "cosine" in found:
        unknown = union.difference(scores["cosine"])
        if unknown:
            scope = Scope(among=unknown)
            legs.append(("cosine", VectorLeg(plan.vector, len(unknown), scope, exact=True)))
    return legs


def _text(plan: Plan, place: str, limit: int, scope: Scope) -> TextLeg:
    return TextLeg(place, plan.terms, plan.bm25.k1, plan.bm25.b, limit, scope)


def _lexical(plan: Plan, scores: dict[str, Scores], found: dict[str, Ranked]) -> list[Key]:
    """Return the lexical leg: the best by the weighted sum of both fields, best first."""
    if "description" not in found:
        return []
    description, board = scores["description"], scores["board"]
    ours, theirs = plan.bm25.description_weight, plan.bm25.board_weight
    total = {
        key: ours * description.get(key, 0.0) + theirs * board.get(key, 0.0)
        for key in {*found["description"][0], *found["board"][0]}
    }
    return sorted(total, key=lambda key: (-total[key], key.int))[: plan.lexical_depth]


def _column(keys: list[Key], scores: Scores | None) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    if not scores:
        return np.zeros(len(keys), np.float32)
    return np.fromiter((scores.get(key, 0.0) for key in keys), np.float32, len(keys))


def _ranks(keys: list[Key], ranked: Iterable[Key]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    place = {key: rank for rank, key in enumerate(ranked, 1)}
    return np.fromiter((place.get(key, 0) for key in keys), np.int32, len(keys))
