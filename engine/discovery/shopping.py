"""Where to buy what a picture or words ask for: offers, put together by product.

Reads like a search: candidates are drawn and scored as everywhere; those that are offers are kept
and grouped, and the groups put in order. Neither popularity nor the price decides the order of
groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.discovery.candidates import Candidate
from engine.discovery.confidence import EXACT, SAME_PRODUCT
from engine.discovery.neighbours import falling
from engine.discovery.offers import Offer, in_order, is_offer
from engine.discovery.products import Product, Reason, products
from engine.discovery.sayings import name_of, product_name
from engine.discovery.wording import Key, Wording
from engine.errors import BadQuery
from engine.queries import Filter
from engine.retrieval.parameters import Kind, Parameters
from engine.retrieval.ranking import rank
from engine.store.collection import Collection
from engine.store.plan import Plan
from engine.store.records import Record, point_id

MAX_GROUPS: Final = 50
# How many of the likeliest pins are looked at, with and without a price; offers shown of a group.
DEPTH: Final = 60
OFFERS: Final = 10
# An offer counts e times less for so much of a cosine less than the nearest has.
WIDTH: Final = 0.05
PRICED: Final = (Decimal(0), None)


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to buy: a vector, and terms where it was said in words.

    words: the whole of what was said, as a name's key; empty for a picture.
    without: pins that are no answer.
    """

    kind: Kind
    vector: npt.NDArray[np.float32]
    terms: tuple[str, ...] = ()
    words: Key = ()
    filter: Filter = field(default_factory=Filter)
    without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Group:
    """One product and where to get it.

    score: how likely it is what was asked for, in [0, 1]; the order of groups follows it.
    exact: whether it is the very thing, rather than one like it.
    reasons: by pin, why it is in this group; none for the pin that looks most like it.
    more: how many offers there are beside those shown.
    """

    exact: bool
    score: float
    title: str
    offers: tuple[Offer, ...]
    reasons: dict[str, Reason]
    more: int


def shop(
    wanted: Wanted,
    collection: Collection,
    parameters: Parameters,
    wording: Wording,
    *,
    limit: int = 10,
) -> list[Group]:
    """Return the products that are offered, the very thing first, then those like it."""
    if not 1 <= limit <= MAX_GROUPS:
        raise BadQuery(f"limit {limit} is out of range: 1 to {MAX_GROUPS} groups")
    found = products(offers(wanted, collection, parameters, wording))
    scored = _by_words(found, wanted) if wanted.kind == "text" else _sure(by_looks(found))
    return [_group(product, score, exact) for product, score, exact in scored[:limit]]


def offers(
    wanted: Wanted, collection: Collection, parameters: Parameters, wording: Wording
) -> list[Offer]:
    """Return the likeliest pins that are offers, in no particular order.

    Pins with a price are drawn for themselves too: where few pins are for sale they would be
    missed among the others.
    """
    filters = [wanted.filter]
    if wanted.filter.price is None:
        filters.append(replace(wanted.filter, price=PRICED))
    likely: dict[str, tuple[float, float]] = {}
    for each in filters:
        plan = Plan(
            terms=wanted.terms,
            vector=wanted.vector,
            filter=each,
            exclude=wanted.without,
            bm25=parameters.bm25,
            lexical_depth=DEPTH,
            vector_depth=DEPTH,
        )
        ranking = rank(collection.candidates(plan), wanted.kind, parameters)
        for row in ranking.order[:DEPTH].tolist():
            key = ranking.candidates.keys[row]
            score, cosine = float(ranking.relevance[row]), float(ranking.candidates.cosine[row])
            if key not in likely or score > likely[key][0]:
                likely[key] = score, cosine
    stored = collection.pins(list(likely))
    ids = [pin.pin.id for pin in stored.values() if is_offer(pin.pin)]
    return [
        _offer(record, *likely[point_id(record.pin.id)], wording)
        for record in collection.get(ids).values()
    ]


def _offer(record: Record, score: float, cosine: float, wording: Wording) -> Offer:
    name, named = product_name(record.pin, record.description_terms, wording)
    picture = record.duplicate_of or record.pin.id
    return Offer(record.pin, score, cosine, record.vector, picture, name, named)


def by_looks(found: Sequence[Product]) -> list[tuple[Product, Candidate]]:
    """Put products in the order of their pictures' votes, each with what speaks for it."""
    everything = [(each, number) for number, group in enumerate(found) for each in group.offers]
    counts = falling(
        [each.cosine for each, _ in everything], [each.picture for each, _ in everything], WIDTH
    )
    votes = np.bincount([number for _, number in everything], counts, len(found))
    shares = (votes / votes.sum()).tolist() if len(found) else []
    listed = [
        (
            group,
            Candidate(
                label=group.best.pin.id,
                key=(),
                known=None,
                votes=share,
                nearest=max(each.cosine for each in group.offers),
            ),
        )
        for group, share in zip(found, shares, strict=True)
    ]
    return sorted(listed, key=lambda each: (-each[1].votes, each[1].label))


def _sure(ranked: Sequence[tuple[Product, Candidate]]) -> list[tuple[Product, float, bool]]:
    """Say of each product how likely it is the very thing."""
    seen = [each for _, each in ranked]
    scores = SAME_PRODUCT.of(seen, max((each.nearest for each in seen), default=0.0))
    return [
        (group, score, score >= EXACT) for (group, _), score in zip(ranked, scores, strict=True)
    ]


def _by_words(found: Sequence[Product], wanted: Wanted) -> list[tuple[Product, float, bool]]:
    """Order products by their best offers; the very thing is what has the name that was said."""
    scored = [
        (each, each.best.score, bool(wanted.words) and each.best.name == wanted.words)
        for each in found
    ]
    return sorted(scored, key=lambda each: (not each[2], -each[1], each[0].best.pin.id))


def _group(product: Product, score: float, exact: bool) -> Group:
    listed = in_order(product.offers)
    reasons = {
        each.pin.id: reason
        for each, reason in zip(product.offers, product.reasons, strict=True)
        if reason is not None
    }
    more = max(0, len(listed) - OFFERS)
    return Group(exact, score, _title(product), tuple(listed[:OFFERS]), reasons, more)


def _title(product: Product) -> str:
    """Return what the offers call the product, the first that says it; "" where none does."""
    named = (name_of(each.pin) for each in product.offers)
    described = (each.pin.description for each in product.offers)
    boarded = (each.pin.board_title for each in product.offers)
    found = next(filter(None, (*named, *described, *boarded)), "")
    return " ".join(found.split())


def group_to_json(group: Group) -> dict[str, Any]:
    """Return the contract's JSON of a product and its offers."""
    return {
        "exact": group.exact,
        "score": round(group.score, 6),
        "title": group.title,
        "offers": [
            {
                "pin": each.pin.id,
                "title": each.pin.description,
                "price": None if each.pin.price is None else f"{each.pin.price:f}",
                "currency": each.pin.currency,
                "merchant": each.pin.merchant,
                "link": each.pin.link,
                "score": round(each.score, 6),
                "same_by": group.reasons.get(each.pin.id),
            }
            for each in group.offers
        ],
        "more": group.more,
    }
