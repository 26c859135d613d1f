"""JSON merge patch, by the examples of RFC 7396 and by what it promises of every patch."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadPin
from engine.pins import Pin, merge_patch, patched

# Appendix A of the RFC: what was there, the patch, the result.
EXAMPLES = """
    {"a":"b"}            {"a":"c"}                     {"a":"c"}
    {"a":"b"}            {"b":"c"}                     {"a":"b","b":"c"}
    {"a":"b"}            {"a":null}                    {}
    {"a":"b","b":"c"}    {"a":null}                    {"b":"c"}
    {"a":["b"]}          {"a":"c"}                     {"a":"c"}
    {"a":"c"}            {"a":["b"]}                   {"a":["b"]}
    {"a":{"b":"c"}}      {"a":{"b":"d","c":null}}      {"a":{"b":"d"}}
    {"a":[{"b":"c"}]}    {"a":[1]}                     {"a":[1]}
    ["a","b"]            ["c","d"]                     ["c","d"]
    {"a":"b"}            ["c"]                         ["c"]
    {"a":"foo"}          null                          null
    {"a":"foo"}          "bar"                         "bar"
    {"e":null}           {"a":1}                       {"e":null,"a":1}
    [1,2]                {"a":"b","c":null}            {"a":"b"}
    {}                   {"a":{"bb":{"ccc":null}}}     {"a":{"bb":{}}}
"""
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
values = st.recursive(
    scalars, lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=8
)


@pytest.mark.parametrize("line", EXAMPLES.strip().splitlines())
def test_examples_of_the_rfc(line: str) -> None:
    target, patch, result = (json.loads(cell) for cell in line.split())
    assert merge_patch(target, patch) == result


@given(values, values)
def test_a_patch_applied_twice_is_a_patch_applied_once(target: Any, patch: Any) -> None:
    before = json.dumps([target, patch])
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once
    assert json.dumps([target, patch]) == before


def test_a_patched_pin_keeps_what_the_patch_does_not_name() -> None:
    pin = Pin("a", "a.jpg", description="one", board_title="Board", attributes={"x": "1"})
    changed = patched(pin, {"description": "two", "attributes": {"y": "2"}, "colour": "unknown"})
    assert changed == Pin(
        "a", "a.jpg", description="two", board_title="Board", attributes={"x": "1", "y": "2"}
    )
    assert patched(pin, {}) == pin
    assert patched(pin, {"id": "a", "attributes": None}) == Pin("a", "a.jpg", "one", "Board")


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ([], "a patch is a JSON object"),
        ({"id": "b"}, "not 'a'"),
        ({"id": None}, "not 'a'"),
        ({"image": None}, "image is missing"),
        ({"attributes": "x"}, "flat object"),
    ],
)
def test_a_patch_must_leave_a_pin(patch: object, why: str) -> None:
    with pytest.raises(BadPin, match=why):
        patched(Pin("a", "a.jpg"), patch)
