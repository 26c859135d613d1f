"""Unknown words read as known ones: what is found, and what is left alone."""

import string
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.retrieval.spelling import Speller, edits, numbers
from engine.store.vocabulary import Vocabulary
from tests.retrieval.conftest import Shelf

SAID = {
    "dress": 900,
    "dresses": 50,
    "handbag": 300,
    "sun": 40,
    "glass": 30,
    "sunglasses": 200,
    "knife": 20,
    "woman": 80,
    "black": 700,
    "blank": 3,
    "phone": 10,
    "case": 60,
    "платье": 5,
    "the": 2000,
}
words = st.text(alphabet="abcdehlnorst", min_size=1, max_size=9)


def speller(said: dict[str, int] | None = None, familiar: frozenset[str] = frozenset()) -> Speller:
    there = SAID if said is None else said
    return Speller(Vocabulary(there), there.__contains__, familiar.__contains__)


@cache
def distance(a: str, b: str) -> int:
    """Optimal string alignment by its recurrence, written down as in Damerau (1964)."""
    if not a or not b:
        return len(a) + len(b)
    options = [
        distance(a[:-1], b) + 1,
        distance(a, b[:-1]) + 1,
        distance(a[:-1], b[:-1]) + (a[-1] != b[-1]),
    ]
    if len(a) > 1 and len(b) > 1 and a[-1] == b[-2] and a[-2] == b[-1]:
        options.append(distance(a[:-2], b[:-2]) + 1)
    return min(options)


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("dres", "dress"),
        ("ddress", "dress"),
        ("drass", "dress"),
        ("rdess", "dress"),
        ("Handbga", "handbag"),
        ("andbag", "handbag"),
        ("blackk", "black"),
        ("blakc", "black"),
        ("bla", "bla"),
        ("knives", "knife"),
        ("women", "woman"),
        ("hand bag", "handbag"),
        ("sun glasses", "sunglasses"),
        ("phonecase", "phone case"),
        ("плтье", "платье"),
        ("xyzzy", "xyzzy"),
    ],
)
def test_a_word_that_no_pin_says_is_read_as_the_nearest_that_pins_say(
    asked: str, read: str
) -> None:
    reading = speller().read(f"a {asked}, please")
    assert reading.text == f"a {read}, please"
    assert dict(reading.readings) == ({} if asked == read else {asked: read})


def test_the_encoder_hears_two_words_for_one_beside_the_one() -> None:
    reading = speller().read("a phonecase")
    assert (reading.text, reading.spoken) == ("a phone case", "a phonecase phone case")
    assert speller().read("a dres").spoken == "a dress"


def test_what_the_encoder_knows_is_a_word_and_no_misspelling() -> None:
    assert speller({"speaker": 9}).read("sneaker").text == "speaker"
    told = speller({"speaker": 9}, frozenset({"sneaker"})).read("sneaker")
    assert (told.text, told.readings) == ("sneaker", {})
    # Another number of the same noun says the same.
    assert speller(familiar=frozenset({"knives"})).read("knives").text == "knife"


@pytest.mark.parametrize(
    "text", ["dres2", "#dres", "dres.com", "www.dres", "a-dres", "dres@b", "d's"]
)
def test_pieces_of_other_things_are_left_alone(text: str) -> None:
    assert speller().read(text).text == text


def test_plurals_are_english_only_where_the_language_is() -> None:
    only = Speller(Vocabulary(SAID), SAID.__contains__, lambda _: True, english=False)
    assert only.read("knives").text == "knives"


def test_a_word_that_the_store_no_longer_has_is_not_proposed() -> None:
    stale = Speller(Vocabulary(SAID), {"black"}.__contains__, lambda _: False)
    assert stale.read("blakc").text == "black"
    assert stale.read("dres").text == "dres"


@given(
    said=st.dictionaries(words, st.integers(1, 99), max_size=12), text=st.lists(words, max_size=6)
)
def test_a_known_word_is_never_changed_and_reading_twice_reads_the_same(
    said: dict[str, int], text: list[str]
) -> None:
    asked = " ".join(text)
    reading = speller(said).read(asked)
    kept = reading.text.split()
    for known in (word for word in text if word in said):
        # Alone it is there still; only beside an unknown word may it become a part of another.
        assert known in kept or any(known in asked for asked in reading.readings)
    if all(word in said for word in text):
        assert (reading.text, reading.spoken, reading.readings) == (asked, asked, {})
    assert speller(said).read(reading.text).text == reading.text
    assert all(part in said for read in reading.readings.values() for part in read.split())


@given(word=st.text(alphabet="abcd", min_size=1, max_size=6), other=st.text("abcd", max_size=7))
def test_edits_are_all_words_at_distance_one(word: str, other: str) -> None:
    made = set(edits(word, frozenset("abcd"))) - {word}
    assert all(distance(word, each) == 1 for each in made)
    assert (other in made) == (distance(word, other) == 1)


@given(
    place=st.integers(0, 7), letter=st.sampled_from(string.ascii_lowercase), kind=st.integers(0, 3)
)
def test_one_slip_in_a_word_is_found(place: int, letter: str, kind: int) -> None:
    word = "wardrobe"
    head, tail = word[:place], word[place:]
    slips = (
        head + letter + tail,
        head + tail[1:],
        head + letter + tail[1:],
        head[:-1] + tail[:1] + head[-1:] + tail[1:],
    )
    assert speller({"wardrobe": 1, "ward": 50}).read(slips[kind]).text == word


def test_numbers_lead_both_ways() -> None:
    for one, many in (
        ("knife", "knives"),
        ("shelf", "shelves"),
        ("woman", "women"),
        ("foot", "feet"),
    ):
        assert many in numbers(one)
        assert one in numbers(many)


@pytest.fixture
def filled(shelf: Shelf) -> Shelf:
    shelf.put(
        ("red-told", "red", "a red dress", "Dresses"),
        ("blue-told", "blue", "a blue handbag", "Bags"),
        ("green-silent", "green", None, None),
    )
    return shelf


def test_a_misspelt_query_is_answered_as_if_it_were_not(filled: Shelf) -> None:
    meant, vague = filled.ask("red dress"), filled.ask("red derss")
    assert vague.hits == meant.hits
    assert (dict(meant.corrections), dict(vague.corrections)) == ({}, {"derss": "dress"})
    assert filled.ask("blue hand bag").hits == filled.ask("blue handbag").hits


def test_a_word_that_pictures_show_and_no_pin_says_stays(filled: Shelf) -> None:
    answer = filled.ask("green")
    assert (answer.hits[0].id, dict(answer.corrections)) == ("green-silent", {})


def test_no_words_are_needed_to_search(filled: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    meant = filled.ask("red dress").hits
    monkeypatch.setattr(type(filled.reader.collection), "vocabulary", lambda _: Vocabulary())
    assert filled.ask("red dress").hits == meant
    assert dict(filled.ask("red derss").corrections) == {}


def test_a_deleted_word_is_no_longer_read(filled: Shelf) -> None:
    assert dict(filled.ask("derss").corrections) == {"derss": "dress"}
    filled.reader.collection.delete(["red-told"])
    assert dict(filled.ask("derss").corrections) == {}
