"""The schema and the values of a query in Qdrant Edge's own types."""

from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Any

import qdrant_edge as edge

from engine.queries import Filter
from engine.store import schema
from engine.store.legs import RAISE, Leg, Scope, TextLeg, VectorLeg
from engine.store.versions import microseconds

# The graph: Qdrant's defaults for m and ef_construct reach the recall that is wanted.
GRAPH = edge.HnswIndexConfig(m=16, ef_construct=100, full_scan_threshold=10_000)


# With more, a query is handed to threads that call for work all the time, for as long as a search
# takes: they use up another third of a processor, and whoever asked waits for one of them to have
# it. With one, whoever asks does the work (docs/decisions/0056-one-search-thread.md).
SEARCH_THREADS = 1


def config(dimension: int, regions: bool = False) -> Any:
    """Return the configuration of a new shard; with `regions` things in pictures have vectors."""
    several = edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim)
    kinds: dict[str, Any] = {schema.VECTOR: None, **({schema.REGIONS: several} if regions else {})}
    return edge.EdgeConfig(
        vectors={
            name: edge.EdgeVectorParams(
                size=dimension,
                distance=edge.Distance.Cosine,
                multivector_config=kind,
                quantization_config=edge.ScalarQuantizationConfig(edge.ScalarType.Int8),
            )
            for name, kind in kinds.items()
        },
        hnsw_config=GRAPH,
        max_search_threads=SEARCH_THREADS,
    )


def index_operations(without: Container[str] = ()) -> list[Any]:
    """Return the operations that create every payload index but those that are there."""
    makers: dict[schema.IndexKind, Any] = {
        "text": edge.TextIndexParams(
            tokenizer=edge.TokenizerType.Whitespace, lowercase=False, scoring=True
        ),
        "keyword": edge.KeywordIndexParams(),
        # Asked at deletes alone, and as long as the collection: the disk is the place for it.
        "reference": edge.KeywordIndexParams(on_disk=True),
        "flag": edge.IntegerIndexParams(lookup=True, range=False),
        # In memory these two are trees that every opening grows anew, which takes longer than all
        # else of it, and keeps searches waiting when a new shard is opened.
        "float": edge.FloatIndexParams(on_disk=True),
        "moment": edge.IntegerIndexParams(lookup=False, range=True, on_disk=True),
    }
    return [
        edge.UpdateOperation.create_field_index(name, makers[kind])
        for name, kind in schema.INDEXES.items()
        if name not in without
    ]


def request(leg: Leg) -> Any:
    """Return one leg as a query of the shard."""
    query: Any
    if isinstance(leg, TextLeg):
        scoring = edge.Bm25Params(k=leg.k1, b=leg.b)
        query = edge.TextQuery(leg.field, " ".join(leg.terms), scoring)
        # Blocked pins have no terms, and any condition at all makes this twice as slow.
        wanted = scope_filter(replace(leg.scope, blocked=True))
        return edge.QueryRequest(leg.limit, query=query, filter=wanted)
    vector = _vector(leg)
    query = (
        edge.Query.Nearest([vector], schema.REGIONS)
        if leg.regions
        else edge.Query.Nearest(vector, schema.VECTOR)
    )
    wanted, parameters = scope_filter(leg.scope), _parameters(leg)
    if not leg.raised:
        return edge.QueryRequest(leg.limit, query=query, filter=wanted, params=parameters)
    nearest = edge.Prefetch(leg.limit, query=query, filter=wanted, params=parameters)
    return edge.QueryRequest(leg.limit, query=_raised(), prefetches=[nearest])


def _raised() -> Any:
    """Return the formula of a score that is raised where a pin has text."""
    [has_text] = conditions(Filter(has_text=True))
    raised = [edge.Expression.Constant(RAISE), edge.Expression.Condition(has_text)]
    score = edge.Expression.Variable("$score")
    return edge.Formula(edge.Expression.Sum([score, edge.Expression.Mult(raised)]))


def scope_filter(scope: Scope) -> Any:
    """Return a scope as a filter, None for everything."""
    must = conditions(scope.filter)
    if scope.among is not None:
        must.append(edge.HasIdCondition(set(scope.among)))
    without: list[Any] = [edge.HasIdCondition(set(scope.without))] if scope.without else []
    if not scope.blocked:
        without.append(is_blocked())
    if not must and not without:
        return None
    return edge.Filter(must=must or None, must_not=without or None)


def is_blocked() -> Any:
    """Return the condition that a pin is kept out of every answer."""
    return edge.FieldCondition(schema.BLOCKED, match=edge.MatchValue(schema.flag(True)))


def only(filter_: Filter, *, blocked: bool = False) -> Any:
    """Return a filter of pins, None for everything; without the blocked ones unless wanted."""
    return scope_filter(Scope(filter_, blocked=blocked))


def conditions(wanted: Filter) -> list[Any]:
    """Return the conditions that must all hold."""
    must: list[Any] = []
    for key, values in wanted.fields.items():
        must.append(edge.FieldCondition(key, match=edge.MatchAny(list(values))))
    for key, values in wanted.attributes.items():
        pairs = [schema.attribute(key, value) for value in values]
        must.append(edge.FieldCondition(schema.ATTRIBUTES, match=edge.MatchAny(pairs)))
    if wanted.price is not None:
        low, high = wanted.price
        bounds = edge.RangeFloat(
            gte=None if low is None else float(low), lte=None if high is None else float(high)
        )
        must.append(edge.FieldCondition(schema.PRICE, range=bounds))
    if wanted.created_at is not None:
        first, last = wanted.created_at
        moments = edge.RangeFloat(
            gte=None if first is None else microseconds(first),
            lte=None if last is None else microseconds(last),
        )
        must.append(edge.FieldCondition(schema.CREATED, range=moments))
    if wanted.has_text is not None:
        match = edge.MatchValue(schema.flag(wanted.has_text))
        must.append(edge.FieldCondition(schema.HAS_TEXT, match=match))
    return must


def keeps_picture(image_key: str) -> Any:
    """Return the filter for the points whose picture is kept under a key."""
    match = edge.MatchValue(schema.picture(image_key))
    return edge.Filter(must=[edge.FieldCondition(schema.PICTURE, match=match)])


def holds_term(term: str) -> tuple[Any, Any]:
    """Return the conditions that the description, and the board's title, have a term."""
    match = edge.MatchText(term)
    description, board = (
        edge.FieldCondition(place, match=match) for place in (schema.DESCRIPTION, schema.BOARD)
    )
    return description, board


def having(name: str, value: str, filter_: Filter) -> Any:
    """Return the filter for the pins of a filter that have a value in a keyword field."""
    there = edge.FieldCondition(name, match=edge.MatchValue(value))
    return edge.Filter(must=[there, only(filter_)])


def saying(terms: Sequence[str]) -> Any:
    """Return the filter for the pins that have all terms, each in either text."""
    must: list[Any] = [edge.Filter(should=list(holds_term(each))) for each in terms]
    return edge.Filter(must=[*must, only(Filter())])


def _vector(leg: VectorLeg) -> Any:
    # A list crosses into Edge several times faster than an array does.
    return leg.vector.tolist()


def _parameters(leg: VectorLeg) -> Any:
    if leg.exact:
        return edge.SearchParams(exact=True)
    return edge.SearchParams(
        quantization=edge.QuantizationSearchParams(rescore=True, oversampling=1.0)
    )
