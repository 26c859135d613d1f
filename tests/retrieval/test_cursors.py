"""Cursors carry what was seen, and nothing else is one."""

import base64
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadQuery, StoreError
from engine.queries import Part, Query, parse_filter
from engine.retrieval.cursors import NAME, Cursors, binding, mark
from engine.store.records import point_id

CURSORS = Cursors(b"a secret of this test")
QUERY = binding("a query")
MARKS = st.frozensets(st.integers(0, 2**32 - 1), max_size=50)


@given(MARKS)
def test_what_was_seen_comes_back(seen: frozenset[int]) -> None:
    text = CURSORS.write(QUERY, seen)
    assert CURSORS.read(text, QUERY) == CURSORS.read(text, None) == seen
    assert text == CURSORS.write(QUERY, sorted(seen, reverse=True))
    assert text.isascii()
    assert "=" not in text


@given(MARKS, st.data())
def test_a_changed_one_is_none(seen: frozenset[int], data: st.DataObject) -> None:
    text = CURSORS.write(QUERY, seen)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("AbC_-9"))
    changed = text[:at] + other + text[at + 1 :]
    raw, was = (base64.urlsafe_b64decode(each + "==") for each in (changed, text))
    if raw != was:
        with pytest.raises(BadQuery, match="is not the `next` of an answer"):
            CURSORS.read(changed, None)


@pytest.mark.parametrize("text", ["", "3", "x", "²", "a b", "A" * 100_000, "AAAA", "\x00"])
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(BadQuery, match="ask for the first page"):
        CURSORS.read(text, QUERY)


def test_it_belongs_to_its_query_and_its_secret() -> None:
    text = CURSORS.write(QUERY, [1, 2])
    with pytest.raises(BadQuery, match="another query"):
        CURSORS.read(text, binding("another"))
    with pytest.raises(BadQuery, match="is not the `next`"):
        Cursors(b"another secret").read(text, QUERY)


def test_the_secret_is_kept_and_private(tmp_path: Path) -> None:
    first = Cursors.of(tmp_path / "new")
    text = first.write(QUERY, [7])
    assert Cursors.of(tmp_path / "new").read(text, QUERY) == {7}
    [kept] = (tmp_path / "new").iterdir()
    assert kept.name == NAME
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.write_text("nonsense")
    with pytest.raises(StoreError, match="remove it"):
        Cursors.of(tmp_path / "new")


def test_equal_queries_have_one_binding() -> None:
    parts = (Part("text", "red"), Part("image", b"\xff\xd8", 2.0))
    one = Query(parts, parse_filter({"price": "1..2", "board": "a,b", "attributes.k": "v"}))
    same = Query(parts, parse_filter({"attributes.k": "v", "board": "a,b", "price": "1..2"}))
    assert binding(one) == binding(same)
    others = [
        replace(one, parts=parts[:1]),
        replace(one, parts=(parts[0], replace(parts[1], value=b"\xff\xd9"))),
        replace(one, parts=(parts[0], replace(parts[1], weight=2.5))),
        replace(one, filter=parse_filter({"price": "1..3", "board": "a,b"})),
        replace(one, min_relevance=0.1),
        replace(one, diversity=0.1),
        replace(one, collapse=False),
    ]
    assert len({binding(each) for each in (one, *others)}) == 8


def test_pins_have_marks_of_their_own() -> None:
    marks = {mark(point_id(f"pin-{number}")) for number in range(2_000)}
    assert len(marks) == 2_000
    assert max(marks) < 2**32
