"""Offers, products and their order."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pytest

from engine.discovery.offers import Offer, in_order, is_offer
from engine.discovery.products import products
from engine.discovery.shopping import by_looks
from engine.pins import Pin

Row = npt.NDArray[np.float32]


def at(angle: float) -> Row:
    return np.array([np.cos(angle), np.sin(angle)], np.float32)


def offer(
    name: str,
    angle: float = 0.0,
    *,
    price: str | None = None,
    currency: str | None = "EUR",
    picture: str | None = None,
    called: str = "",
    named: str | None = None,
    link: str | None = None,
    score: float | None = None,
) -> Offer:
    pin = Pin(
        name,
        "a.png",
        link=link or f"https://shop.example/{name}",
        price=Decimal(price) if price else None,
        currency=currency,
    )
    cosine = float(np.cos(angle))
    return Offer(
        pin,
        max(0.0, cosine) if score is None else score,
        cosine,
        at(angle),
        picture or name,
        tuple(called.split()),
        named or ("attribute" if called else None),
    )


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("https://shop.example/1", True),
        ("HTTP://shop.example", True),
        ("javascript:alert(1)", False),
        ("ftp://shop.example/1", False),
        ("https://", False),
        ("https://[bad", False),
        (None, False),
    ],
)
def test_only_web_links_are_offers(link: str | None, leads: bool) -> None:
    assert is_offer(Pin("a", "a.png", link=link, price=Decimal(1))) is leads


def test_the_cheapest_comes_first_within_the_currency_of_most() -> None:
    offers = [
        offer("free", score=0.2),
        offer("dear", price="20"),
        offer("cheap", price="9.50"),
        offer("dollars", price="1", currency="USD"),
        offer("likelier", score=0.9),
    ]
    listed = [each.pin.id for each in in_order(offers)]
    assert listed == ["cheap", "dear", "dollars", "likelier", "free"]


def test_one_link_is_one_offer() -> None:
    link = "https://shop.example/same"
    offers = [offer("a", link=link, score=0.5), offer("b", link=link, score=0.6)]
    assert [each.pin.id for each in in_order(offers)] == ["b"]


def grouped(*offers: Offer) -> list[dict[str, str | None]]:
    return [
        {each.pin.id: reason for each, reason in zip(group.offers, group.reasons, strict=True)}
        for group in products(offers)
    ]


def test_offers_of_one_picture_one_name_or_one_look_are_of_one_product() -> None:
    assert grouped(offer("a", picture="p"), offer("b", 0.0001, picture="p")) == [
        {"a": None, "b": "picture"}
    ]
    named = offer("a", called="royal gala"), offer("b", 0.8, called="royal gala")
    assert grouped(*named) == [{"a": None, "b": "name"}]
    assert grouped(offer("a"), offer("b", 0.1)) == [{"a": None, "b": "likeness"}]


def test_names_that_differ_part_even_what_looks_the_same() -> None:
    assert len(grouped(offer("a", called="royal gala"), offer("b", called="pink lady"))) == 2


def test_a_shared_title_alone_makes_no_product() -> None:
    titled = offer("a", called="blue dress", named="title")
    other = offer("b", 0.6, called="blue dress", named="title")
    assert len(grouped(titled, other)) == 2
    close = offer("b", 0.2, called="blue dress", named="title")
    assert grouped(titled, close) == [{"a": None, "b": "title"}]


def test_groups_do_not_grow_by_chains() -> None:
    # Each is like the one before, the last unlike the first.
    row = [offer(str(number), number * 0.15) for number in range(4)]
    assert [set(group) for group in grouped(*row)] == [{"0", "1"}, {"2", "3"}]


def test_many_like_offers_outvote_one_that_is_hardly_nearer() -> None:
    lone = offer("lone", 0.30, called="pink lady")
    many = [offer(f"m{number}", 0.31, called="royal gala") for number in range(5)]
    first = by_looks(products([lone, *many]))[0]
    assert first[0].best.pin.id.startswith("m")
    assert first[1].votes > 0.7
    # But not one that shows the very picture.
    exact = offer("lone", 0.0, called="pink lady")
    far = [offer(f"m{number}", 0.8, called="royal gala") for number in range(5)]
    assert by_looks(products([exact, *far]))[0][0].best.pin.id == "lone"
