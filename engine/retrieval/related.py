"""Related Pins: what is in the picture first, the pin's own words second, popularity never."""

import time
from collections.abc import Iterator

import numpy as np

from engine.errors import UnknownPin
from engine.features.fingerprint import hamming
from engine.queries import Filter, check_page
from engine.retrieval.answers import Answer, Hit
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import Ranking, rank
from engine.retrieval.search import drawn, show
from engine.store.collection import Collection, StoredPin
from engine.store.plan import Plan
from engine.store.records import Record

NEAR_BITS = 4
NEAR_COSINE = 0.97
WINDOW = 32


def related(
    pin_id: str,
    collection: Collection,
    parameters: Parameters,
    *,
    filter_: Filter | None = None,
    limit: int = 20,
    offset: int = 0,
    explain: bool = False,
) -> Answer:
    """Answer with pins like a pin: never itself, and of near-identical pictures only the first."""
    started = time.perf_counter()
    check_page(limit, offset)
    source = collection.get([pin_id]).get(pin_id)
    if source is None:
        raise UnknownPin(f"no pin {pin_id!r} is in this collection")
    terms = tuple(dict.fromkeys(f"{source.description_terms} {source.board_terms}".split()))
    plan = Plan(
        terms=terms,
        vector=source.vector,
        filter=filter_ or Filter(),
        exclude=frozenset({pin_id}),
        bm25=parameters.bm25,
        lexical_depth=parameters.lexical_depth,
        vector_depth=parameters.vector_depth,
    )
    ranking = rank(collection.candidates(plan), "image", parameters)
    kept: list[Hit] = []
    more = False
    for hit in _distinct(source, ranking, collection, terms if explain else None):
        if len(kept) == offset + limit:
            more = True
            break
        kept.append(hit)
    took = (time.perf_counter() - started) * 1000
    page = tuple(kept[offset:])
    return Answer(page, offset + limit if more else None, took, ranking.nothing_relevant)


def _distinct(
    source: Record, ranking: Ranking, collection: Collection, terms: tuple[str, ...] | None
) -> Iterator[Hit]:
    """Yield hits in order, leaving out those whose picture was shown already or is the source's."""
    seen: list[tuple[str, str, str]] = [(source.image_sha256, source.dhash, source.pin.id)]
    for start in range(0, len(ranking.order), WINDOW):
        rows = ranking.order[start : start + WINDOW]
        facts = drawn(rows, ranking, collection)
        by_id = {stored.pin.id: stored for stored in facts.values()}
        for hit in show(rows, ranking, facts, terms):
            stored = by_id[hit.id]
            if not _shown(stored, seen, collection):
                seen.append((stored.image_sha256, stored.dhash, hit.id))
                yield hit


def _shown(stored: StoredPin, seen: list[tuple[str, str, str]], collection: Collection) -> bool:
    alike = []
    for sha256, dhash, other in seen:
        if sha256 == stored.image_sha256:
            return True
        if hamming(dhash, stored.dhash) <= NEAR_BITS:
            alike.append(other)
    if not alike:
        return False
    # Flat pictures share a hash without being alike, so the vectors have the last word.
    records = collection.get([stored.pin.id, *alike])
    own = records.get(stored.pin.id)
    if own is None:
        return False
    others = [records[other].vector for other in alike if other in records]
    return any(float(np.dot(own.vector, other)) >= NEAR_COSINE for other in others)
