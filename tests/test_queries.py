"""Queries and filters as values: what is understood, and what is refused with which words."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadCrop, BadFilter, BadQuery
from engine.queries import Crop, Filter, Part, Query, parse_filter, split_filter

shares = st.floats(0, 1)


@given(shares, shares, shares, shares)
def test_a_crop_is_taken_exactly_if_it_is_a_box_inside_the_picture(
    x: float, y: float, w: float, h: float
) -> None:
    inside = w > 0 and h > 0 and x + w <= 1 + 1e-6 and y + h <= 1 + 1e-6
    if inside:
        assert Crop.parse(f"{x!r},{y!r},{w!r},{h!r}") == Crop(x, y, w, h)
    else:
        with pytest.raises(BadCrop, match="not inside the picture"):
            Crop(x, y, w, h)


@pytest.mark.parametrize("text", ["", "1,2,3", "a,b,c,d", "0,0,1,1,1"])
def test_a_crop_that_is_no_box_is_refused(text: str) -> None:
    with pytest.raises(BadCrop, match="x,y,w,h"):
        Crop.parse(text)


@pytest.mark.parametrize("text", ["nan,0,1,1", "0,0,inf,1", "-0.1,0,1,1", "0.6,0,0.5,1"])
def test_a_crop_outside_is_refused(text: str) -> None:
    with pytest.raises(BadCrop, match="fractions from 0 to 1"):
        Crop.parse(text)


def test_every_filter_key_is_read() -> None:
    found = parse_filter(
        {
            "board": "Cosy, warm,  Places ",
            "merchant": ["A, Inc."],
            "price": "10..50.5",
            "created_at": "2026-01-01..",
            "has_text": "no",
            "attributes.kind": "lamp,chair",
        }
    )
    assert found == Filter(
        fields={"board_title": ("Cosy", "warm", "Places"), "merchant": ("A, Inc.",)},
        attributes={"kind": ("lamp", "chair")},
        price=(Decimal(10), Decimal("50.5")),
        created_at=(datetime(2026, 1, 1, tzinfo=UTC), None),
        has_text=False,
    )
    assert found
    assert not Filter()
    assert parse_filter({"price": 7}).price == (Decimal(7), Decimal(7))
    assert parse_filter({"price": [None, 3]}).price == (None, Decimal(3))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("colour", "red", "unknown; known keys"),
        ("attributes.", "red", "unknown"),
        ("price", "cheap", "not a decimal"),
        ("price", True, "write a range"),
        ("price", "a..b", "not a decimal"),
        ("price", "..", "open on both sides"),
        ("price", "9..1", "above the upper"),
        ("created_at", "x..y", "is not a time"),
        ("has_text", "perhaps", "yes or no"),
        ("merchant", " , ", "at least one value"),
        ("merchant", {"a": 1}, "give text"),
        ("merchant", ",".join("x" * 101), "the limit is 100"),
    ],
)
def test_bad_filters_say_what_is_wrong(key: str, value: object, message: str) -> None:
    with pytest.raises(BadFilter, match=message):
        parse_filter({key: value})


@pytest.mark.parametrize("text", ["price", "=1", "price="])
def test_a_filter_is_key_and_value(text: str) -> None:
    with pytest.raises(BadFilter, match="key=value"):
        split_filter(text)
    assert split_filter("a=b=c") == ("a", "b=c")


def test_queries_over_a_limit_are_refused() -> None:
    word = Part("text", "red")
    with pytest.raises(BadQuery, match="empty"):
        Query(())
    with pytest.raises(BadQuery, match="only subtracts"):
        Query((Part("text", "red", -1.0),))
    with pytest.raises(BadQuery, match="the limit is 16"):
        Query((word,) * 17)
    with pytest.raises(BadQuery, match="limit 0"):
        Query((word,), limit=0)
    with pytest.raises(BadQuery, match="offset -1"):
        Query((word,), offset=-1)
    with pytest.raises(BadQuery, match="empty: give at least one word"):
        Part("text", "  ")
    with pytest.raises(BadQuery, match="1,001 characters"):
        Part("text", "x" * 1001)
    with pytest.raises(BadQuery, match="crop belongs"):
        Part("text", "x", crop=Crop(0, 0, 1, 1))


@pytest.mark.parametrize("weight", [0.0, float("nan"), float("inf"), 11.0, -11.0])
def test_weights_are_finite_and_not_zero(weight: float) -> None:
    with pytest.raises(BadQuery, match="weight"):
        Part("text", "red", weight)
