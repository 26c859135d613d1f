"""The schema and the values of a query in qdrant-client's types: what a Qdrant server takes."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace

from qdrant_client import models

from engine.queries import Filter
from engine.store import schema
from engine.store.cluster import Quantization, ReadConsistency
from engine.store.legs import Key, Leg, Scope, TextLeg, VectorLeg
from engine.store.versions import microseconds

Index = (
    models.PayloadSchemaType
    | models.TextIndexParams
    | models.IntegerIndexParams
    | models.KeywordIndexParams
)


def vectors(
    dimension: int, *, on_disk: bool = False, regions: bool = False
) -> dict[str, models.VectorParams]:
    """Return the vectors of a new collection; with `regions` things in pictures have theirs."""
    several = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    kinds = {schema.VECTOR: None, **({schema.REGIONS: several} if regions else {})}
    return {
        name: models.VectorParams(
            size=dimension,
            distance=models.Distance.COSINE,
            on_disk=on_disk or None,
            multivector_config=kind,
        )
        for name, kind in kinds.items()
    }


def quantization(kind: Quantization = "int8") -> models.ScalarQuantization | None:
    """Return how vectors are packed for the graph's walk."""
    if kind == "none":
        return None
    return models.ScalarQuantization(
        scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
    )


def consistency(wanted: ReadConsistency) -> models.ReadConsistency | None:
    """Return how many copies must agree on a read, None where the nearest is asked alone."""
    return None if wanted == "one" else models.ReadConsistencyType(wanted)


def indexes(tokenizer: models.TokenizerType) -> dict[str, Index]:
    """Return every payload index by its field."""
    text = models.TextIndexParams(type=models.TextIndexType.TEXT, tokenizer=tokenizer, scoring=True)
    makers: dict[schema.IndexKind, Index] = {
        "text": text,
        "keyword": models.PayloadSchemaType.KEYWORD,
        "reference": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, on_disk=True),
        "flag": models.IntegerIndexParams(
            type=models.IntegerIndexType.INTEGER, lookup=True, range=False
        ),
        "float": models.PayloadSchemaType.FLOAT,
        "moment": models.IntegerIndexParams(
            type=models.IntegerIndexType.INTEGER, lookup=False, range=True
        ),
    }
    return {name: makers[kind] for name, kind in schema.INDEXES.items()}


def request(leg: Leg) -> models.QueryRequest:
    """Return one leg as a query."""
    if isinstance(leg, TextLeg):
        scoring = models.TextQueryScoring(bm25=models.Bm25Params(k=leg.k1, b=leg.b))
        words = models.TextQueryInput(query=" ".join(leg.terms), scoring=scoring)
        return models.QueryRequest(
            query=models.TextQuery(text=words),
            using=leg.field,
            limit=leg.limit,
            # Blocked pins have no terms.
            filter=scope_filter(replace(leg.scope, blocked=True)),
            with_payload=False,
        )
    vector = leg.vector.tolist()
    return models.QueryRequest(
        query=models.NearestQuery(nearest=[vector] if leg.regions else vector),
        using=schema.REGIONS if leg.regions else schema.VECTOR,
        limit=leg.limit,
        filter=scope_filter(leg.scope),
        params=_parameters(leg),
        with_payload=False,
    )


def keeps_picture(image_key: str) -> models.Filter:
    """Return the filter for the points whose picture is kept under a key."""
    return models.Filter(must=[_any(schema.PICTURE, [schema.picture(image_key)])])


def scope_filter(scope: Scope) -> models.Filter | None:
    """Return a scope as a filter, None for everything."""
    must = conditions(scope.filter)
    if scope.among is not None:
        must.append(_has_id(scope.among))
    without: list[models.Condition] = [_has_id(scope.without)] if scope.without else []
    if not scope.blocked:
        without.append(_flagged(schema.BLOCKED, True))
    if not must and not without:
        return None
    return models.Filter(must=must or None, must_not=without or None)


def only(filter_: Filter, *, blocked: bool = False) -> models.Filter | None:
    """Return a filter of pins, None for everything; without the blocked ones unless wanted."""
    return scope_filter(Scope(filter_, blocked=blocked))


def conditions(wanted: Filter) -> list[models.Condition]:
    """Return the conditions that must all hold."""
    must: list[models.Condition] = []
    for key, values in wanted.fields.items():
        must.append(_any(key, list(values)))
    for key, values in wanted.attributes.items():
        must.append(_any(schema.ATTRIBUTES, [schema.attribute(key, value) for value in values]))
    if wanted.price is not None:
        low, high = wanted.price
        bounds = models.Range(
            gte=None if low is None else float(low), lte=None if high is None else float(high)
        )
        must.append(models.FieldCondition(key=schema.PRICE, range=bounds))
    if wanted.created_at is not None:
        first, last = wanted.created_at
        moments = models.Range(
            gte=None if first is None else microseconds(first),
            lte=None if last is None else microseconds(last),
        )
        must.append(models.FieldCondition(key=schema.CREATED, range=moments))
    if wanted.has_text is not None:
        must.append(_flagged(schema.HAS_TEXT, wanted.has_text))
    return must


def holds_term(term: str) -> models.Filter:
    """Return the filter for the points that have a term in either text field."""
    return models.Filter(
        should=[
            models.FieldCondition(key=place, match=models.MatchText(text=term))
            for place in (schema.DESCRIPTION, schema.BOARD)
        ]
    )


def saying(terms: Sequence[str]) -> models.Filter:
    """Return the filter for the pins that have all terms, each in either text."""
    must: list[models.Condition] = [holds_term(each) for each in terms]
    if (wanted := only(Filter())) is not None:
        must.append(wanted)
    return models.Filter(must=must)


def key_of(point: object) -> Key:
    """Return a point's id as a key."""
    return uuid.UUID(str(point))


def _has_id(keys: Collection[Key]) -> models.HasIdCondition:
    return models.HasIdCondition(has_id=[str(key) for key in keys])


def _flagged(key: str, value: bool) -> models.FieldCondition:
    match = models.MatchValue(value=schema.flag(value))
    return models.FieldCondition(key=key, match=match)


def _any(key: str, values: list[str]) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchAny(any=values))


def _parameters(leg: VectorLeg) -> models.SearchParams:
    if leg.exact:
        return models.SearchParams(exact=True)
    return models.SearchParams(
        quantization=models.QuantizationSearchParams(rescore=True, oversampling=1.0)
    )
