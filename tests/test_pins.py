"""The pin's contract: what is taken, what is refused, and that nothing is lost on the way."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadPin
from engine.jsonl import BadLine, PinReader, write_pins
from engine.pins import ID_PATTERN, MAX_TEXT, Pin, pin_as_kept, pin_from_json, pin_id, pin_to_json

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40).map(str.strip)
maybe = st.none() | texts.map(lambda text: text or None)
moments = st.datetimes(timezones=st.just(UTC))
pins = st.builds(
    Pin,
    id=st.from_regex(ID_PATTERN, fullmatch=True).filter(lambda text: text not in {".", ".."}),
    image=texts.filter(bool),
    description=maybe,
    board_title=maybe,
    link=st.none() | st.just("https://example.com/a"),
    price=st.none() | st.decimals(0, 10**9, allow_nan=False, places=2),
    currency=st.none() | st.just("EUR"),
    merchant=maybe,
    created_at=st.none() | moments,
    updated_at=st.none() | moments,
    language=st.none() | st.just("de"),
    attributes=st.dictionaries(
        texts.filter(lambda text: bool(text) and "=" not in text), texts.filter(bool), max_size=4
    ),
)


def read(*lines: bytes, **options: Any) -> list[Pin | BadLine]:
    return list(PinReader(io.BytesIO(b"\n".join(lines)), "pins.jsonl", **options))


@given(pins)
def test_a_pin_survives_the_way_out_and_in(pin: Pin) -> None:
    back, unknown = pin_from_json(json.loads(json.dumps(pin_to_json(pin))))
    assert back == pin == pin_as_kept(json.loads(json.dumps(pin_to_json(pin))))
    assert unknown == {}


@given(st.lists(pins, max_size=5))
def test_written_pins_are_read_again_in_order(many: list[Pin]) -> None:
    stream = io.BytesIO()
    assert write_pins(many, stream) == len(many)
    stream.seek(0)
    assert list(PinReader(stream, "pins.jsonl")) == many


@given(st.binary(max_size=200))
def test_no_bytes_end_the_reader(data: bytes) -> None:
    for item in PinReader(io.BytesIO(data), "pins.jsonl"):
        assert isinstance(item, Pin | BadLine)


def test_only_id_and_image_are_needed_and_blank_is_absent() -> None:
    pin, _ = pin_from_json({"id": "a", "image": "a.jpg", "description": "  ", "price": ""})
    assert pin == Pin("a", "a.jpg")


def test_each_field_is_read() -> None:
    pin, unknown = pin_from_json(
        {
            "id": "a:1",
            "image": "https://example.com/a.jpg",
            "description": "Red dress",
            "price": "19.90",
            "created_at": "2026-02-03T04:05:06+01:00",
            "attributes": {"colour": "red", "rank": 3, "new": True, "gone": None},
            "saves": 7,
        }
    )
    assert pin.price == Decimal("19.90")
    assert pin.created_at == datetime(2026, 2, 3, 3, 5, 6, tzinfo=UTC)
    assert pin.attributes == {"colour": "red", "rank": "3", "new": "true"}
    assert unknown == {"saves": 7}


@pytest.mark.parametrize("bad", ["", ".", "..", "a b", "a/b", "ä", "x" * 129, 7, None])
def test_bad_ids_are_refused(bad: object) -> None:
    with pytest.raises(BadPin, match=r"id .* is not valid"):
        pin_id(bad)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": None}, "image is missing"),
        ({"image": 7}, "image must be a string"),
        ({"image": "x" * 3000}, "3,000 characters"),
        ({"description": "x" * (MAX_TEXT + 1)}, "the limit is 10,000"),
        ({"description": ["a"]}, "description must be a string, this is a list"),
        ({"description": "\ud800"}, "surrogate"),
        ({"link": "javascript:alert(1)"}, "must begin with http"),
        ({"price": "cheap"}, "not a decimal"),
        ({"price": "NaN"}, "not a decimal"),
        ({"price": "-1"}, "not a decimal"),
        ({"price": "1e-9000000"}, "at most 12 digits"),
        ({"price": "1_000"}, "not a decimal"),
        ({"attributes": {"k": "\ud800"}}, "attributes.k holds half"),
        ({"attributes": {"\ud800": "v"}}, "surrogate"),
        ({"price": True}, "price must be"),
        ({"created_at": "yesterday"}, "created_at 'yesterday' is not a time"),
        ({"attributes": ["a"]}, "attributes must be a flat object"),
        ({"attributes": {"a": {"b": "c"}}}, "attributes.a must be a string"),
        ({"attributes": {"a=b": "c"}}, "no '='"),
    ],
)
def test_bad_fields_say_what_is_wrong(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadPin, match=message):
        pin_from_json({"id": "a", "image": "a.jpg"} | change)


def test_a_bad_line_is_named_and_the_rest_goes_on() -> None:
    good = b'{"id": "a", "image": "a.jpg"}'
    items = read(good, b"{", b"", b'{"id": "b"}', b"[1]", b"\xff\xfe", good)
    assert [type(item).__name__ for item in items] == ["Pin", *["BadLine"] * 4, "Pin"]
    bad = [item for item in items if isinstance(item, BadLine)]
    assert [item.number for item in bad] == [2, 4, 5, 6]
    assert str(bad[0]).startswith("pins.jsonl:2: not JSON")
    assert "image is missing" in bad[1].reason
    assert "this is a list" in bad[2].reason


def test_an_endless_line_is_passed_over_without_being_kept() -> None:
    good = b'{"id": "a", "image": "a.jpg"}'
    items = read(b"x" * 5000, good, max_line=1000)
    assert isinstance(items[0], BadLine)
    assert "longer than 1,000 bytes" in items[0].reason
    assert items[1] == Pin("a", "a.jpg")


def test_deep_nesting_is_a_bad_line() -> None:
    items = read(b'{"id": ' + b"[" * 100_000)
    assert isinstance(items[0], BadLine)


def test_unknown_keys_are_counted_or_kept() -> None:
    line = b'{"id": "a", "image": "a.jpg", "captions": ["x", "y"], "n": 3, "deep": {"a": 1}}'
    reader = PinReader(io.BytesIO(line), "pins.jsonl")
    list(reader)
    assert reader.unknown == {"captions": 1, "n": 1, "deep": 1}
    reader = PinReader(io.BytesIO(line), "pins.jsonl", extra="keep")
    assert [pin.attributes for pin in reader if isinstance(pin, Pin)] == [
        {"captions": "x; y", "n": "3"}
    ]
    assert reader.unknown == {"deep": 1}


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert read(b'\xef\xbb\xbf{"id": "a", "image": "a.jpg"}') == [Pin("a", "a.jpg")]
