"""Related Pins: what is in the picture first, the pin's own words second, popularity never."""

import time
from typing import Final

from engine.queries import MINUS, Filter, Part, Query, check_diversity, check_page
from engine.retrieval.answers import Answer
from engine.retrieval.asked_with import asked_with
from engine.retrieval.collapse import collapsed
from engine.retrieval.diversity import diversified
from engine.retrieval.listing import Pins
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import rank
from engine.retrieval.search import answered, read_ahead
from engine.retrieval.understand import Reader, Understood
from engine.store.plan import Plan
from engine.store.records import Record

# What the words of "but …" weigh. On the development split of fashion, of ten pins related "but" in
# another colour .47 had the kind and that colour at 1, .65 at 2, .68 at 3; and .84, .83 and .78 the
# kind alone.
BUT: Final = 2.0


def related(
    pin_id: str,
    reader: Reader,
    parameters: Parameters,
    *,
    but: str | None = None,
    minus: str | None = None,
    filter_: Filter | None = None,
    limit: int = 20,
    offset: int = 0,
    diversity: float = 0.0,
    explain: bool = False,
    seen: frozenset[int] = frozenset(),
) -> Answer:
    """Answer with pins like a pin: neither itself nor its copies, and of other copies one.

    but, minus: words for what should be different, and for what to move away from. With them the
    answer is that of a search for the pin and these words, and the pin's own words say nothing:
    they tell what it is, not what is wanted instead.
    """
    started = time.perf_counter()
    check_page(limit, offset)
    check_diversity(diversity)
    collection = reader.collection
    [source] = asked_with(collection, [pin_id])
    asked = _asked(source, reader, but, minus)
    plan = Plan(
        terms=asked.terms,
        vector=asked.vector,
        filter=filter_ or Filter(),
        exclude=frozenset({pin_id}),
        bm25=parameters.bm25,
        lexical_depth=parameters.lexical_depth,
        vector_depth=parameters.vector_depth,
    )
    ranking = rank(collection.candidates(plan), asked.kind, parameters)
    pins = Pins(ranking, collection)
    first = read_ahead(offset, limit, diversity > 0)
    distinct = collapsed(ranking.order, pins, asked.vector, first, shown=source)
    varied = diversified(distinct, pins, diversity)
    return answered(
        started,
        asked,
        pins,
        varied,
        reader,
        offset=offset,
        limit=limit,
        seen=seen,
        explain=explain,
    )


def _asked(source: Record, reader: Reader, but: str | None, minus: str | None) -> Understood:
    """Return what is looked for beside a pin."""
    if but is None and minus is None:
        terms = dict.fromkeys(f"{source.description_terms} {source.board_terms}".split())
        return Understood("image", tuple(terms), source.vector, frozenset({source.pin.id}))
    words = ((but, BUT), (minus, MINUS))
    parts = [Part("text", text, weight) for text, weight in words if text is not None]
    return reader.understand(Query((Part("pin", source.pin.id), *parts)))
