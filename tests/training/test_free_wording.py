"""Queries in free wording: well formed, truly reworded, and graded as the set grades its own."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from engine.errors import BadQuery
from engine.training import judge
from engine.training.free_wording import (
    KEYS,
    QUERIES,
    FreeQuery,
    judged_wordings,
    read_free_queries,
)
from engine.training.pins import JUDGED, JudgedQuery, TrainingPin, read_queries, read_set

FREE = read_free_queries()
RED_HEELS = {"gender": "Women", "baseColour": "Red", "articleType": "Heels"}


@pytest.fixture(scope="module")
def fashion(shared: Path) -> Path:
    return shared / "data" / "fashion"


@pytest.fixture(scope="module")
def pins(fashion: Path) -> list[TrainingPin]:
    return read_set(fashion, "fashion")


@pytest.fixture(scope="module")
def wordings(pins: list[TrainingPin]) -> tuple[list[JudgedQuery], list[JudgedQuery]]:
    return judged_wordings(FREE, pins)


def pin(name: str, set_name: str = "fashion", **attributes: str) -> TrainingPin:
    return TrainingPin(set_name, name, Path(name), name, "test", attributes=attributes)


def words(text: str) -> set[str]:
    """Return the words, with one form for the plural and for the spellings of t-shirt and grey."""
    plain = re.sub(r"\bt[- ]?shirt", "tshirt", text.lower()).replace("gray", "grey")
    return {word.removesuffix("s") for word in re.findall(r"[a-z]+", plain)}


def test_the_file_is_well_formed() -> None:
    rows = [json.loads(line) for line in QUERIES.read_text(encoding="utf-8").splitlines()]
    ids = [row["id"] for row in rows]
    assert len(rows) == 200
    assert ids == sorted(set(ids))
    for row in rows:
        assert list(row) == ["id", "text", "template", "facts"]
        assert row["text"] == row["text"].strip() != ""
        assert row["facts"].keys() <= KEYS
        for values in row["facts"].values():
            assert len(set(values)) == len(values) >= 1
            assert all(isinstance(value, str) and value for value in values)


def test_a_template_names_its_facts_and_nothing_else() -> None:
    order = ("gender", "usage", "season", "baseColour", "articleType", "subCategory")
    for query in FREE:
        parts = [" or ".join(query.facts[key]) for key in order if key in query.facts]
        assert query.template == " ".join(parts).lower()


def test_the_texts_are_all_different_and_none_is_a_template() -> None:
    texts = {query.text.lower() for query in FREE}
    assert len(texts) == len(FREE)
    assert not texts & {query.template for query in FREE}


def test_the_words_are_not_those_of_the_template() -> None:
    shares = [
        len(words(query.template) & words(query.text)) / len(words(query.template))
        for query in FREE
    ]
    assert sum(shares) / len(shares) < 0.4
    assert sum(share == 1 for share in shares) <= 0.05 * len(shares)
    reordered = [query.text for query in FREE if words(query.text) <= words(query.template)]
    assert not reordered


def test_the_queries_spread_over_kinds_colours_and_people() -> None:
    def named(key: str) -> Counter[str]:
        return Counter(value for query in FREE for value in query.facts.get(key, ()))

    assert len(named("articleType")) >= 40
    assert max(named("articleType").values()) <= 0.15 * len(FREE)
    assert len(named("baseColour")) >= 15
    assert set(named("gender")) == {"Men", "Women", "Boys", "Girls", "Unisex"}
    assert set(named("usage")) == {"Casual", "Sports", "Formal", "Ethnic"}


def test_grades_by_hand() -> None:
    facts = {
        "gender": ("Women", "Girls"),
        "baseColour": ("Red",),
        "articleType": ("Heels", "Flats"),
    }
    query = FreeQuery("q", "something red for her feet", "red", facts)
    given = [
        pin("all", **RED_HEELS),
        pin("other value", **{**RED_HEELS, "gender": "Girls", "articleType": "Flats"}),
        pin("other gender", **{**RED_HEELS, "gender": "Men"}),
        pin("other colour", **{**RED_HEELS, "baseColour": "Blue"}),
        pin("colour unknown", gender="Women", articleType="Heels"),
        pin("other set", "drawn", **RED_HEELS),
    ]
    free, templates = judged_wordings([query], given)
    assert free[0].grades == {"all": 2, "other value": 2, "other gender": 1}
    assert templates == [JudgedQuery("q", "red", free[0].grades)]
    assert free[0].text == query.text


def test_without_a_gender_there_is_no_half_right() -> None:
    query = FreeQuery("q", "stilettos", "heels", {"articleType": ("Heels",)})
    assert {query.grade(pin(who, gender=who, articleType="Heels")) for who in ("Men", "Women")} == {
        2
    }
    assert query.grade(pin("flat", articleType="Flats")) == 0


@pytest.mark.parametrize(
    ("facts", "complaint"),
    [
        ({"colour": ["Red"]}, "unknown attribute colour"),
        ({}, "no facts"),
        ({"gender": ["Men"]}, "no facts"),
        ({"baseColour": []}, "no facts"),
    ],
)
def test_a_line_that_judges_nothing_is_refused(
    tmp_path: Path, facts: dict[str, list[str]], complaint: str
) -> None:
    path = tmp_path / "free.jsonl"
    path.write_text(json.dumps({"id": "q", "text": "a", "template": "b", "facts": facts}) + "\n")
    with pytest.raises(BadQuery, match=rf"free\.jsonl, line 1: {complaint}"):
        read_free_queries(path)


def test_every_query_has_three_right_pins_in_both_judged_parts(
    pins: list[TrainingPin], wordings: tuple[list[JudgedQuery], list[JudgedQuery]]
) -> None:
    free, templates = wordings
    for split in JUDGED:
        rows = [row for row, one in enumerate(pins) if one.split == split]
        asked = judge.text_question("fashion", pins, rows, free, least=3)
        plain = judge.text_question("fashion", pins, rows, templates, least=3)
        assert asked.texts == tuple(query.text for query in FREE)
        assert plain.texts == tuple(query.template for query in FREE)
        assert (asked.grades == plain.grades).all()
        assert (asked.grades == 2).any(1).all()


def test_every_value_is_one_of_the_set(pins: list[TrainingPin]) -> None:
    known = {key: {one.attribute(key) for one in pins} for key in KEYS}
    for query in FREE:
        for key, values in query.facts.items():
            assert set(values) <= known[key]


def test_no_text_is_a_query_of_the_set(fashion: Path) -> None:
    own = {query.text.lower() for query in read_queries(fashion)}
    assert own
    assert not own & {query.text.lower() for query in FREE}


def test_templates_that_the_set_asks_too_have_its_own_grades(
    fashion: Path, wordings: tuple[list[JudgedQuery], list[JudgedQuery]]
) -> None:
    own = {query.text: query.grades for query in read_queries(fashion)}
    shared = [query for query in wordings[1] if query.text in own]
    assert len(shared) >= 80
    for query in shared:
        assert query.grades == own[query.text]
