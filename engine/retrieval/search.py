"""From a query to one page of its answer: understand, draw candidates, fuse, vary, cut."""

import time
from collections.abc import Callable, Iterator

from engine.queries import Query
from engine.retrieval.answers import Answer
from engine.retrieval.collapse import collapsed
from engine.retrieval.diversity import POOL, diversified
from engine.retrieval.listing import Entry, Pins, page_of, show
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import Ranking, rank
from engine.retrieval.things import with_things
from engine.retrieval.understand import Reader, Understood
from engine.stages import stage
from engine.store.plan import Plan

Reorder = Callable[[Iterator[Entry], Pins], Iterator[Entry]]


def search(
    query: Query, reader: Reader, parameters: Parameters, personal: Reorder | None = None
) -> Answer:
    """Answer a query; a pin's place and score depend on neither `limit` nor `offset`.

    personal: what puts the entries in another order before they are varied.
    """
    started = time.perf_counter()
    asked, ranking = ranked(query, reader, parameters)
    pins = Pins(ranking, reader.collection)
    order = ranking.at_least(query.min_relevance)
    entries: Iterator[Entry] = map(Entry, order.tolist())
    if query.collapse:
        deep = query.diversity > 0 or personal is not None
        first = read_ahead(query.offset, query.limit, deep)
        entries = collapsed(order, pins, asked.vector, first)
    if personal is not None:
        entries = personal(entries, pins)
    entries = diversified(entries, pins, query.diversity)
    return answered(
        started,
        asked,
        pins,
        entries,
        reader,
        offset=query.offset,
        limit=query.limit,
        seen=query.seen,
        explain=query.explain,
    )


def answered(
    started: float,
    asked: Understood,
    pins: Pins,
    entries: Iterator[Entry],
    reader: Reader,
    *,
    offset: int,
    limit: int,
    seen: frozenset[int],
    explain: bool,
) -> Answer:
    """Cut a page out of all entries and show it.

    started: when the query came, as time.perf_counter() counts.
    """
    ranking = pins.ranking
    with stage("page"):
        page = page_of(entries, ranking.candidates.keys, offset, limit, seen)
        hits = show(page.entries, pins, asked.terms if explain else None)
        hits = with_things(hits, asked.vector, reader.collection, reader.labelled)
    took = (time.perf_counter() - started) * 1000
    return Answer(
        hits,
        page.next_offset,
        took,
        ranking.nothing_relevant,
        asked.corrections,
        ranking.candidates.missing,
        page.seen,
    )


def ranked(
    query: Query, reader: Reader, parameters: Parameters, *, exact: bool = False
) -> tuple[Understood, Ranking]:
    """Return what a query means, and all its candidates in order; see `Plan.exact`."""
    with stage("encode"):
        asked = reader.understand(query)
    plan = Plan(
        terms=asked.terms,
        vector=asked.vector,
        filter=query.filter,
        exclude=asked.pins,
        bm25=parameters.bm25,
        lexical_depth=parameters.lexical_depth,
        vector_depth=parameters.vector_depth,
        exact=exact,
    )
    with stage("candidates"):
        found = reader.collection.candidates(plan)
    with stage("fuse"):
        return asked, rank(found, asked.kind, parameters)


def read_ahead(offset: int, limit: int, deep: bool) -> int:
    """Return how many rows of a ranking a page looks at where none shows what another shows."""
    return max(offset + limit + 1, POOL if deep else 0)
