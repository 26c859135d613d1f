"""From a query to one page of its answer: understand, draw candidates, fuse, cut."""

import time
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from engine.queries import Query
from engine.retrieval.answers import Answer, Hit
from engine.retrieval.explain import explain
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import Ranking, rank
from engine.retrieval.understand import Reader
from engine.store.collection import Collection, StoredPin
from engine.store.plan import Plan


def search(query: Query, reader: Reader, parameters: Parameters) -> Answer:
    """Answer a query; a pin's score depends on neither `limit` nor `offset`."""
    started = time.perf_counter()
    asked = reader.understand(query)
    plan = Plan(
        terms=asked.terms,
        vector=asked.vector,
        filter=query.filter,
        exclude=asked.pins,
        bm25=parameters.bm25,
        lexical_depth=parameters.lexical_depth,
        vector_depth=parameters.vector_depth,
    )
    ranking = rank(reader.collection.candidates(plan), asked.kind, parameters)
    order = ranking.at_least(query.min_relevance)
    page = order[query.offset : query.offset + query.limit]
    stored = drawn(page, ranking, reader.collection)
    hits = show(page, ranking, stored, asked.terms if query.explain else None)
    end = query.offset + len(page)
    more = end if end < len(order) else None
    took = (time.perf_counter() - started) * 1000
    return Answer(hits, more, took, ranking.nothing_relevant, asked.corrections)


def show(
    rows: npt.NDArray[np.intp],
    ranking: Ranking,
    stored: Mapping[str, StoredPin],
    explained_terms: tuple[str, ...] | None,
) -> tuple[Hit, ...]:
    """Return the hits of some rows of a ranking, explained when terms are given.

    `stored` holds the pins by point id; one that was deleted since the candidates were drawn is
    left out.
    """
    hits = []
    for row in rows.tolist():
        if (pin := stored.get(ranking.candidates.keys[row])) is None:
            continue
        why = None
        if explained_terms is not None:
            why = explain(row, ranking, pin, explained_terms)
        hits.append(Hit(pin.pin.id, float(ranking.relevance[row]), pin.pin, pin.image_key, why))
    return tuple(hits)


def drawn(
    rows: npt.NDArray[np.intp], ranking: Ranking, collection: Collection
) -> Mapping[str, StoredPin]:
    """Fetch the pins of some rows of a ranking, by point id."""
    return collection.pins([ranking.candidates.keys[row] for row in rows.tolist()])
