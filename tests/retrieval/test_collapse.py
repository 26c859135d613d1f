"""Copies of a picture in one hit: which pin it is, what it stands for, and that pages fit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.queries import Part, parse_filter
from engine.retrieval.answers import Answer, Hit, answer_to_json
from engine.retrieval.collapse import MANY
from engine.store.records import Record
from tests.retrieval.conftest import Shelf
from tests.retrieval.written import at_angle, in_order, written

PROBE = Part("pin", "probe")


def fill(shelf: Shelf, *records: Record) -> None:
    """Put records into the emptied collection, with the probe that queries begin from."""
    collection = shelf.reader.collection
    collection.delete([pin.pin.id for _, pin in collection.scroll(limit=1_000)])
    collection.upsert([written("probe", at_angle(0.0)), *records])


def stood_for(answer: Answer) -> dict[str, tuple[str, ...]]:
    return {hit.id: hit.duplicates.ids if hit.duplicates else () for hit in answer.hits}


def pages(shelf: Shelf, limit: int, **options: object) -> list[Hit]:
    """Return the hits of all pages, one after the other."""
    hits: list[Hit] = []
    offset: int | None = 0
    while offset is not None:
        answer = shelf.ask(PROBE, limit=limit, offset=offset, **options)
        assert len(answer.hits) == limit or answer.next_offset is None
        hits += answer.hits
        offset = answer.next_offset
    return hits


def test_the_best_of_a_group_is_the_hit_and_names_the_others(shelf: Shelf) -> None:
    a, b, c, d, e = in_order(["a", "b", "c", "d", "e"])
    # The first pin of a group may stand anywhere in it, or not answer at all.
    fill(
        shelf,
        a,
        replace(b, duplicate_of="d"),
        replace(c, duplicate_of="gone"),
        d,
        replace(e, duplicate_of="gone"),
    )
    answer = shelf.ask(PROBE)
    assert stood_for(answer) == {"a": (), "b": ("d",), "c": ("e",)}
    plain = shelf.ask(PROBE, collapse=False)
    assert [hit.id for hit in plain.hits] == ["a", "b", "c", "d", "e"]
    assert {hit.duplicates for hit in plain.hits} == {None}
    score = {hit.id: hit.score for hit in plain.hits}
    assert all(hit.score == score[hit.id] for hit in answer.hits)


def test_the_same_bytes_are_one_picture_however_they_are_recorded(shelf: Shelf) -> None:
    a, b, c, d = in_order(["a", "b", "c", "d"])
    b, c = (replace(each, image_sha256="5" * 64, image_key="6" * 64) for each in (b, c))
    # The bytes of b and c join the groups of a and of d.
    fill(
        shelf,
        a,
        replace(b, duplicate_of="a"),
        replace(c, duplicate_of="d"),
        d,
    )
    assert stood_for(shelf.ask(PROBE)) == {"a": ("b", "c", "d")}
    assert stood_for(shelf.ask(PROBE, limit=1)) == {"a": ("b", "c", "d")}


def test_the_same_bytes_stand_once_where_no_pictures_are_kept(shelf: Shelf) -> None:
    records = in_order([f"p{number}" for number in range(6)])
    same = [replace(each, image_sha256="5" * 64, image_key=None) for each in records]
    fill(shelf, *same)
    assert [hit.id for hit in pages(shelf, 2)] == ["p0"]


def test_of_many_copies_ten_are_named_and_all_are_counted(shelf: Shelf) -> None:
    names = [f"p{number:02d}" for number in range(40)]
    fill(shelf, *(replace(each, duplicate_of="p00") for each in in_order(names)))
    answer = shelf.ask(PROBE, limit=3)
    [hit] = answer.hits
    assert hit.duplicates is not None
    assert hit.duplicates.count == 39
    assert list(hit.duplicates.ids) == names[1:11]
    assert answer.next_offset is None
    body = answer_to_json(answer)["hits"][0]
    assert body["duplicates"] == {"count": 39, "ids": names[1:11]}


def test_only_copies_that_answer_are_counted(shelf: Shelf) -> None:
    a, b, c, d = in_order(["a", "b", "c", "d"])
    told = replace(c, description_terms="sofa", duplicate_of="a")
    fill(shelf, a, replace(b, duplicate_of="a"), told, replace(d, duplicate_of="a"))
    silent = shelf.ask(PROBE, filter=parse_filter({"has_text": "no"}))
    assert stood_for(silent) == {"a": ("b", "d")}
    bar = next(hit.score for hit in shelf.ask(PROBE, collapse=False).hits if hit.id == "b")
    assert stood_for(shelf.ask(PROBE, min_relevance=bar)) == {"a": ("b",)}


def test_copies_are_found_behind_any_number_that_do_not_answer(shelf: Shelf) -> None:
    names = [f"p{number:03d}" for number in range(2 * MANY)]
    told = [
        replace(each, description_terms="sofa", duplicate_of="gone") for each in in_order(names)
    ]
    # The two that answer are the last that any other order than by name would come to.
    x, y = (written(*each, first="gone") for each in (("x", at_angle(1.0)), ("y", at_angle(3.0))))
    between = [written(name, at_angle(angle)) for name, angle in (("a", 1.5), ("b", 2.0))]
    fill(shelf, *told, x, *between, y)
    answer = shelf.ask(PROBE, limit=1, filter=parse_filter({"has_text": "no"}))
    assert stood_for(answer) == {"x": ("y",)}


@st.composite
def groupings(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Draw for each pin the number of its group's first pin and that of its bytes."""
    # No group is larger than what a hit names.
    count = draw(st.integers(1, 11))
    near = st.one_of(st.integers(0, count - 1), st.integers(100, 102), st.just(-1))
    pairs = st.tuples(near, st.integers(0, 3 * count))
    return draw(st.lists(pairs, min_size=count, max_size=count))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(groupings(), st.integers(1, 6))
def test_pages_of_groups_neither_repeat_nor_lose_a_pin(
    shelf: Shelf, drawn: list[tuple[int, int]], limit: int
) -> None:
    records = [
        written(
            f"p{number}",
            at_angle((number + 1) * 0.15),
            first=None if first in {-1, number} else f"p{first}",
            picture=f"bytes{picture}",
        )
        for number, (first, picture) in enumerate(drawn)
    ]
    fill(shelf, *records)
    groups: list[set[int]] = []
    for number, (first, picture) in enumerate(drawn):
        name = number if first == -1 else first
        alike = {
            other
            for other, (their_first, their_picture) in enumerate(drawn)
            if picture == their_picture or name == (other if their_first == -1 else their_first)
        }
        touched = [group for group in groups if group & (alike | {number})]
        groups = [group for group in groups if group not in touched]
        groups.append({number, *alike}.union(*touched))
    expected = sorted([f"p{number}" for number in sorted(group)] for group in groups)
    hits = pages(shelf, limit)
    found = [[hit.id, *(hit.duplicates.ids if hit.duplicates else ())] for hit in hits]
    # Pins stand in the order of their numbers, so the first of each group is its best.
    assert sorted(sorted(each, key=lambda name: int(name[1:])) for each in found) == expected
    assert [each[0] for each in found] == sorted(
        (group[0] for group in expected), key=lambda name: int(name[1:])
    )
    assert [hit.duplicates and hit.duplicates.count for hit in hits] == [
        (len(each) - 1) or None for each in found
    ]


def test_no_more_pins_are_read_than_a_page_needs(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shelf, *in_order([f"p{number:02d}" for number in range(90)]))
    collection = shelf.reader.collection
    read: list[str] = []
    pins = type(collection).pins

    def counted(self: object, keys: list[str]) -> object:
        read.extend(keys)
        return pins(self, keys)  # type: ignore[arg-type]

    monkeypatch.setattr(type(collection), "pins", counted)
    assert len(shelf.ask(PROBE, limit=5).hits) == 5
    assert len(read) == len(set(read)) == 6
    read.clear()
    assert len(shelf.ask(PROBE, limit=5, offset=20).hits) == 5
    assert len(read) == len(set(read)) == 26
    read.clear()
    shelf.ask(PROBE, limit=5, offset=20, collapse=False)
    assert len(read) == 5


def test_related_pins_leave_out_the_whole_group_of_the_source(shelf: Shelf) -> None:
    a, b, c, d, e = in_order(["a", "b", "c", "d", "e"])
    copies = [replace(a, duplicate_of="probe"), replace(b, image_sha256="5" * 64)]
    others = [c, d, replace(e, duplicate_of="c")]
    fill(shelf, *copies, *others)
    assert stood_for(shelf.related("probe")) == {"b": (), "c": ("e",), "d": ()}
    # What is only like a copy of the source is like the source.
    joined = replace(copies[0], image_sha256="5" * 64, image_key=b.image_key)
    shelf.reader.collection.upsert([joined])
    assert stood_for(shelf.related("probe")) == {"c": ("e",), "d": ()}
    # The source may itself be a copy, of a pin that is there or one that is not.
    assert stood_for(shelf.related("a")) == {"c": ("e",), "d": ()}
    assert stood_for(shelf.related("e")) == {"d": (), "b": ("a", "probe")}
    bare = replace(d, image_sha256=c.image_sha256, image_key=None)
    shelf.reader.collection.upsert([bare])
    assert stood_for(shelf.related("c")) == {"b": ("a", "probe")}


def test_a_pin_deleted_meanwhile_is_passed_over(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shelf, *in_order([f"p{number}" for number in range(6)]))
    collection = shelf.reader.collection
    drawing = type(collection).candidates

    def then_deleted(self: object, plan: object) -> object:
        found = drawing(self, plan)  # type: ignore[arg-type]
        collection.delete(["p1"])
        return found

    monkeypatch.setattr(type(collection), "candidates", then_deleted)
    assert [hit.id for hit in shelf.ask(PROBE, limit=3).hits] == ["p0", "p2", "p3"]
    assert np.all([hit.duplicates is None for hit in shelf.ask(PROBE).hits])
