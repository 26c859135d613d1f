"""Files of queries: each line is a query or says what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BadQuery
from engine.jsonl import BadLine
from engine.queries import Part, Query
from engine.relevance.topics import Topic, read_topics


def to_query(given: dict[str, Any]) -> Query:
    if set(given) != {"text"}:
        raise BadQuery("no text")
    return Query((Part("text", given["text"]),))


def test_good_lines_go_on_after_bad_ones(tmp_path: Path) -> None:
    file = tmp_path / "queries.jsonl"
    lines = [
        b'\xef\xbb\xbf{"id": "q1", "text": "a lamp"}',
        b"",
        b"nonsense",
        b"[1]",
        b'{"text": "no id"}',
        b'{"id": 7, "text": "a number"}',
        b'{"id": "q 1", "text": "a blank"}',
        b'{"id": "q2"}',
        b'{"id": "q1", "text": "again"}',
        b'{"id": "q3", "text": NaN}',
        b'{"id": "q4", "text": "\xff"}',
        b"[" * 5000,
        b'{"id": "q5", "text": "\\ud800"}',
        b'{"id": "q6", "text": "a sofa"}',
    ]
    file.write_bytes(b"\n".join(lines))
    items = list(read_topics(file, to_query))
    good = [item for item in items if isinstance(item, Topic)]
    assert [(each.id, each.number) for each in good] == [("q1", 1), ("q6", 14)]
    bad = {item.number: str(item) for item in items if isinstance(item, BadLine)}
    assert sorted(bad) == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    assert all(told.startswith(f"{file}:{number}: ") for number, told in bad.items())
    assert "that of line 1 too" in bad[9]
    assert "no text" in bad[8]
    assert "not JSON" in bad[3]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((Part("text", "red"),), "“red”"),
        ((Part("pin", "p-1"), Part("text", "dots", -0.5)), "pin p-1 − “dots”"),
        ((Part("image", b"x"), Part("text", "blue")), "a picture + “blue”"),
        ((Part("text", "x" * 900),), "“" + "x" * 158 + "…"),
    ],
)
def test_what_was_asked_is_said(parts: tuple[Part, ...], said: str) -> None:
    assert Topic("q", 1, Query(parts)).said == said


def test_pins_of_a_query_never_answer_it() -> None:
    query = Query((Part("pin", "a"), Part("pin", "b", -1.0), Part("text", "c")))
    assert Topic("q", 1, query).pins == {"a", "b"}


def test_the_samples_are_read_whole(samples: Path) -> None:
    def any_query(given: dict[str, Any]) -> Query:
        return Query((Part("text", json.dumps(given)),))

    items = list(read_topics(samples / "queries.jsonl", any_query))
    assert len(items) == 92
    assert all(isinstance(item, Topic) for item in items)
