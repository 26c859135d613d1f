"""Whom a creative speaks to: segments, boards and people, each with the pins that say so.

Pins like the creative are looked for as a search does, and speak for the segments and boards that
they are in; a person is spoken for by liked pins alone. Knows nothing of HTTP.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from engine.discovery.segments import Segment, Segments
from engine.errors import BadQuery
from engine.queries import Query
from engine.retrieval.answers import Hit
from engine.retrieval.parameters import Parameters
from engine.retrieval.search import search
from engine.retrieval.understand import Reader
from engine.store.legs import Scope, VectorLeg
from engine.store.records import point_id

EVIDENCE = 3
MAX_PEOPLE = 1_000
MAX_LIKED = 10_000


@dataclass(frozen=True)
class Addressed:
    """A segment, board or person; `evidence` are pins and their scores, best first.

    score: in [0, 1): the sum of the best three over one more than there are of them, so that one
    pin alone says less than three as close.
    """

    name: str
    score: float
    evidence: tuple[tuple[str, float], ...]
    segment: Segment | None = None


@dataclass(frozen=True)
class Audience:
    """Who is spoken to, each list best first."""

    segments: tuple[Addressed, ...]
    boards: tuple[Addressed, ...]
    people: tuple[Addressed, ...]


def audience(
    query: Query,
    people: Mapping[str, Sequence[str]],
    segments: Segments,
    reader: Reader,
    parameters: Parameters,
    limit: int,
) -> Audience:
    """Return up to `limit` of each kind; raises BadQuery for too many people or likes."""
    if len(people) > MAX_PEOPLE or sum(map(len, people.values())) > MAX_LIKED:
        raise BadQuery(
            f"people are over the limit: {MAX_PEOPLE:,} of them, {MAX_LIKED:,} liked pins in all"
        )
    hits = search(query, reader, parameters).hits
    stored = reader.collection.get([hit.pin.id for hit in hits])
    there = [hit for hit in hits if hit.pin.id in stored]
    found: tuple[Addressed, ...] = ()
    if there:
        placed = segments.of(np.stack([stored[hit.pin.id].vector for hit in there]))
        by_id = {each.id: each for each in placed}
        pairs = zip((each.id for each in placed), there, strict=True)
        found = tuple(
            Addressed(by_id[each.name].name, each.score, each.evidence, by_id[each.name])
            for each in _best(pairs, limit)
        )
    boards = ((hit.pin.board_title, hit) for hit in there if hit.pin.board_title is not None)
    return Audience(
        found,
        _best(boards, limit),
        _people(query, people, reader, parameters)[:limit],
    )


def _people(
    query: Query, people: Mapping[str, Sequence[str]], reader: Reader, parameters: Parameters
) -> tuple[Addressed, ...]:
    if not people:
        return ()
    asked = reader.understand(query)
    liked = list(dict.fromkeys(pin for pins in people.values() for pin in pins))
    named = {UUID(point_id(pin)): pin for pin in liked}
    # A leg tells the cosines of pins that are here and not blocked; to read them takes far longer.
    leg = VectorLeg(asked.vector, max(1, len(named)), Scope(among=list(named)), exact=True)
    [(keys, cosines)] = reader.collection.nearest([leg])
    visual = parameters.mixing(asked.kind).visual
    scores = visual(np.asarray(cosines, np.float32)).tolist() if len(keys) else []
    likely = {named[key]: score for key, score in zip(keys, scores, strict=True)}
    out = []
    for name, pins in people.items():
        scored = [(pin, likely[pin]) for pin in dict.fromkeys(pins) if pin in likely]
        if scored:
            out.append(_addressed(name, scored))
    return tuple(sorted(out, key=lambda each: (-each.score, each.name)))


def _best(pairs: Iterable[tuple[str | None, Hit]], limit: int) -> tuple[Addressed, ...]:
    groups: dict[str, list[tuple[str, float]]] = {}
    for name, hit in pairs:
        if name is not None:
            groups.setdefault(name, []).append((hit.pin.id, hit.score))
    found = [_addressed(name, scored) for name, scored in groups.items()]
    return tuple(sorted(found, key=lambda each: (-each.score, each.name))[:limit])


def _addressed(name: str, scored: list[tuple[str, float]]) -> Addressed:
    best = sorted(scored, key=lambda each: (-each[1], each[0]))[:EVIDENCE]
    return Addressed(name, sum(score for _, score in best) / (len(best) + 1), tuple(best))
