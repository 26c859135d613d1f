"""Pins as offers: where something can be had. Knows nothing of pictures, groups and queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from engine.pins import Pin

SCHEMES = frozenset({"http", "https"})


@dataclass(frozen=True)
class Offer:
    """A pin that says where something can be had.

    score: how likely it is what was asked for, in [0, 1]. cosine: to what was asked.
    vector: unit row. picture: names what it shows; the same for copies of one picture.
    name, named: the terms of what the thing is called, and where that stands: "attribute" for the
        name of a product, "title" for a description, which many products may share.
    """

    pin: Pin
    score: float
    cosine: float
    vector: npt.NDArray[np.float32]
    picture: str
    name: tuple[str, ...] = ()
    named: str | None = None


def is_offer(pin: Pin) -> bool:
    """Say whether a pin leads to where its thing can be had: by a link to a host on the web."""
    if pin.link is None:
        return False
    try:
        parts = urlsplit(pin.link)
    except ValueError:
        return False
    return parts.scheme.lower() in SCHEMES and bool(parts.hostname)


def in_order(offers: Iterable[Offer]) -> list[Offer]:
    """Return the offers of one thing as a buyer reads them: the cheapest first.

    Prices compare within one currency alone, so that of most offers comes first; then those
    without a price, the likeliest first. One link is one offer.
    """
    listed = sorted(offers, key=lambda each: (-each.score, each.pin.id))
    once = {each.pin.link: each for each in reversed(listed)}
    kept = [each for each in listed if once[each.pin.link] is each]
    counts: dict[str, int] = {}
    for each in kept:
        if each.pin.price is not None:
            currency = each.pin.currency or ""
            counts[currency] = counts.get(currency, 0) + 1

    def place(offer: Offer) -> tuple[bool, int, str, Decimal, float, str]:
        price = offer.pin.price
        if price is None:
            return True, 0, "", Decimal(0), -offer.score, offer.pin.id
        currency = offer.pin.currency or ""
        return False, -counts[currency], currency, price, -offer.score, offer.pin.id

    return sorted(kept, key=place)
