"""Offers of one product put together, each with the reason why it belongs there.

Three reasons, none of them a guess about words: two offers show one picture; they give the product
the same name and look alike enough; or one of them gives no name and they look all but the same.
An offer is compared with the best of a group alone, so that groups do not grow by chains. The
thresholds are cosines of the embedded encoder, measured by `benchmarks/shop.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from engine.discovery.offers import Offer

Reason = Literal["picture", "name", "title", "likeness"]


@dataclass(frozen=True)
class Sameness:
    """From which cosine on two offers are of one product.

    named: both give the product this name. titled: both have this title, which is weaker, since a
    title may only say what a thing is. alike: at most one of them has a name or a title.
    """

    named: float = 0.3
    titled: float = 0.9
    alike: float = 0.985


SAMENESS: Final = Sameness()


@dataclass(frozen=True)
class Product:
    """Offers of one product, the likeliest first; `reasons` say what put the others with it."""

    offers: tuple[Offer, ...]
    reasons: tuple[Reason | None, ...]

    @property
    def best(self) -> Offer:
        return self.offers[0]


def products(offers: Iterable[Offer], sameness: Sameness = SAMENESS) -> list[Product]:
    """Group offers; groups stand in the order of their best offers."""
    ranked = sorted(offers, key=lambda each: (-each.score, -each.cosine, each.pin.id))
    if not ranked:
        return []
    rows = np.stack([each.vector for each in ranked])
    # All at once: to multiply pair by pair took most of an answer's time.
    cosines = (rows @ rows.T).tolist()
    groups: list[_Group] = []
    for at, offer in enumerate(ranked):
        for group in groups:
            if (reason := _same(group, offer, cosines[group.first][at], sameness)) is not None:
                group.add(offer, reason)
                break
        else:
            groups.append(_Group(at, offer))
    return [Product(tuple(each.offers), tuple(each.reasons)) for each in groups]


class _Group:
    """Offers of one product so far; `first` is the place of the best among all."""

    def __init__(self, first: int, best: Offer) -> None:
        self.first = first
        self.offers: list[Offer] = []
        self.reasons: list[Reason | None] = []
        self.pictures: set[str] = set()
        self.add(best, None)

    def add(self, offer: Offer, reason: Reason | None) -> None:
        self.offers.append(offer)
        self.reasons.append(reason)
        self.pictures.add(offer.picture)


def _same(group: _Group, offer: Offer, alike: float, sameness: Sameness) -> Reason | None:
    """Return why an offer is of the product of a group, None where nothing says that it is.

    alike: its cosine to the best of the group.
    """
    if offer.picture in group.pictures:
        return "picture"
    best = group.offers[0]
    if best.name and offer.name:
        if best.name != offer.name or best.named != offer.named:
            return None
        if offer.named == "attribute":
            return "name" if alike >= sameness.named else None
        return "title" if alike >= sameness.titled else None
    return "likeness" if alike >= sameness.alike else None
