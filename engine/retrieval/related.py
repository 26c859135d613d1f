"""Related Pins: what is in the picture first, the pin's own words second, popularity never."""

import time

from engine.queries import Filter, check_diversity, check_page
from engine.retrieval.answers import Answer
from engine.retrieval.asked_with import asked_with
from engine.retrieval.collapse import collapsed
from engine.retrieval.diversity import diversified
from engine.retrieval.listing import Pins, page_of, show
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import rank
from engine.retrieval.search import read_ahead
from engine.store.collection import Collection
from engine.store.plan import Plan


def related(
    pin_id: str,
    collection: Collection,
    parameters: Parameters,
    *,
    filter_: Filter | None = None,
    limit: int = 20,
    offset: int = 0,
    diversity: float = 0.0,
    explain: bool = False,
) -> Answer:
    """Answer with pins like a pin: neither itself nor its copies, and of other copies one."""
    started = time.perf_counter()
    check_page(limit, offset)
    check_diversity(diversity)
    [source] = asked_with(collection, [pin_id])
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
    pins = Pins(ranking, collection)
    first = read_ahead(offset, limit, diversity > 0)
    distinct = collapsed(ranking.order, pins, source.vector, first, shown=source)
    page, more = page_of(diversified(distinct, pins, diversity), offset, limit)
    hits = show(page, pins, terms if explain else None)
    took = (time.perf_counter() - started) * 1000
    missing = ranking.candidates.missing
    return Answer(hits, more, took, ranking.nothing_relevant, degraded=missing)
