"""Suggestions from a real collection's words and boards."""

import time

import pytest

from engine.errors import BadQuery
from engine.retrieval.suggest import Suggester, Suggestion
from tests.retrieval.conftest import Shelf

PINS = (
    ("a", "red", "Red dress with dots", "Dreamy summer"),
    ("b", "blue", "Blue dress", "Dreamy summer"),
    ("c", "red", "Red dresses for the evening", None),
    ("d", "green", "Green drawer", "Drawing rooms"),
    ("e", "pink", "Red sofa", None),
)


@pytest.fixture
def suggester(shelf: Shelf) -> Suggester:
    shelf.put(*PINS)
    reader = shelf.reader
    return Suggester(reader.collection, reader.analyzer, lambda _word: False)


def texts(suggester: Suggester, typed: str, limit: int = 8) -> list[tuple[str, int]]:
    return [(each.text, each.pins) for each in suggester.suggest(typed, limit).found]


def test_words_and_boards_commonest_first(suggester: Suggester) -> None:
    # Dress and dresses lead to the same pins, so that one of them is enough.
    found = suggester.suggest("dre")
    assert found.found == (
        Suggestion("dress", "words", 3),
        Suggestion("Dreamy summer", "board", 2),
        Suggestion("dreamy", "words", 2),
    )
    assert found.did_you_mean is None
    assert texts(suggester, "dre", 1) == [("dress", 3)]


def test_the_words_before_count(suggester: Suggester) -> None:
    assert texts(suggester, "red d") == [
        ("red dress", 2),
        ("red dots", 1),
        ("red dreamy", 1),
    ]
    assert texts(suggester, "red s") == [("red sofa", 1), ("red summer", 1)]
    # No pin says both, though each is said.
    assert texts(suggester, "blue so") == []


def test_a_blank_asks_for_the_next_word(suggester: Suggester) -> None:
    assert texts(suggester, "red ", 2) == [("red dress", 2), ("red dots", 1)]


def test_stop_words_are_no_suggestion(suggester: Suggester) -> None:
    assert texts(suggester, "th") == []
    assert texts(suggester, "wit") == []


@pytest.mark.parametrize("typed", ["", " "])
def test_nothing_typed(suggester: Suggester, typed: str) -> None:
    assert texts(suggester, typed) == []


def test_what_may_have_been_meant(suggester: Suggester) -> None:
    assert suggester.suggest("red drses").did_you_mean == "red dress"
    assert suggester.suggest("xyzzy").did_you_mean is None


def test_it_follows_the_collection(shelf: Shelf, suggester: Suggester) -> None:
    assert texts(suggester, "lam") == []
    shelf.put(("f", "brown", "Brass lamp", "Lamps"))
    deadline = time.monotonic() + 30
    # Where the list is long in the making, it is the old one for a moment.
    while not (found := texts(suggester, "lam")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found == [("Lamps", 1), ("lamp", 1)]
    shelf.reader.collection.delete(["f"])
    # A word of no pin has no pins, whatever the list says.
    fresh = Suggester(shelf.reader.collection, shelf.reader.analyzer, lambda _: False)
    assert texts(fresh, "lam") == []


def test_bounds(suggester: Suggester) -> None:
    for limit in (0, 21):
        with pytest.raises(BadQuery, match="limit"):
            suggester.suggest("a", limit)
    with pytest.raises(BadQuery, match="shorten"):
        suggester.suggest("a" * 1_001)
    with pytest.raises(BadQuery):
        suggester.suggest("\ud800")
