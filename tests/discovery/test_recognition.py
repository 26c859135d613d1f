"""What neighbours say, how labels are chosen, and what is sure."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.discovery.candidates import Candidate, Voter, candidates, hear
from engine.discovery.confidence import CONFIDENCES, Confidence
from engine.discovery.neighbours import falling
from engine.discovery.recognition import Namer, recognise
from engine.discovery.sayings import Saying, kind_of, sayings
from engine.discovery.shades import shades, to_lab
from engine.discovery.sight import Sight, seen
from engine.discovery.tower import Tower
from engine.discovery.vocabulary import Facet, Labels, read_vocabulary
from engine.discovery.wording import Wording
from engine.features.text import Analyzer
from engine.pins import Pin
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.records import Record, StoredPin
from tests.tiny_encoder import COLOURS, TinyEncoder

ANALYZER = Analyzer()
WORDING = Wording(read_vocabulary(), ANALYZER)


def stored(pin: Pin) -> StoredPin:
    said, board = (ANALYZER.terms(text or "") for text in (pin.description, pin.board_title))
    return StoredPin(pin, " ".join(said), " ".join(board), "", None, "")


def told(pin: Pin) -> dict[str, set[str]]:
    out: dict[str, set[str]] = {}
    for each in sayings(stored(pin), WORDING):
        out.setdefault(each.facet, set()).add(each.label)
    return out


def test_words_of_a_title_are_labels_of_the_vocabulary() -> None:
    said = told(Pin("a", "a.png", "Red summer dress with white dots", "In the kitchens"))
    assert said["kind"] == {"dress"}
    assert said["colour"] == {"red", "white"}
    assert said["style"] == {"summery", "dotted"}
    assert said["place"] == {"kitchen"}


def test_an_attribute_outranks_the_words_of_its_facet_and_keeps_its_own() -> None:
    pin = Pin("a", "a.png", "Blue skirt", attributes={"articleType": "Gowns", "baseColour": "NA"})
    assert told(pin) == {"kind": {"Gowns"}, "colour": {"blue"}}


def test_a_label_names_a_product_where_it_is_sold_and_a_kind_elsewhere() -> None:
    label = {"label": "Royal Gala"}
    assert told(Pin("a", "a.png", attributes=label)) == {"kind": {"Royal Gala"}}
    sold = Pin("a", "a.png", price=Decimal(2), attributes=label)
    assert told(sold) == {"product": {"Royal Gala"}}
    linked = Pin("a", "a.png", link="https://shop.example/1", attributes=label)
    assert "product" not in told(linked)


def test_what_a_pin_shows_is_what_it_says_last() -> None:
    def kind(**said: Any) -> str | None:
        return kind_of(stored(Pin("p", "p.jpg", **said)), WORDING)

    assert kind(description="A short purple top") == "top"
    assert kind(description="White T-Shirts") == kind(description="printed tshirt") == "t-shirt"
    assert kind(description="A short purple top", attributes={"articleType": "Dresses"}) == "dress"
    assert kind(attributes={"holds": "bag; shoe"}) is None
    assert kind(description="something") is kind(board_title="Tops") is kind() is None


def voter(pin: str, weight: float, *labels: str, cosine: float = 0.9) -> Voter:
    said = [
        Saying("kind", each, WORDING.key(each), 1 / len(labels), WORDING.label("kind", each))
        for each in labels
    ]
    return Voter(pin, weight, cosine, said)


def test_votes_are_shares_of_those_that_say_something() -> None:
    found = candidates(
        [
            voter("a", 1.0, "dress"),
            voter("b", 0.5, "Dresses"),
            voter("c", 0.5, "hat"),
            voter("d", 9.0),
        ]
    )
    assert [(each.label, each.votes) for each in found] == [("dress", 0.75), ("hat", 0.25)]
    assert found[0].evidence == ["a", "b"]


def test_own_words_take_the_votes_of_the_vocabularys_word_for_the_same() -> None:
    found = candidates([voter("a", 1.0, "airplanes"), voter("b", 1.0, "aeroplane")])
    assert [(each.label, each.votes) for each in found] == [("airplanes", 1.0)]
    # Two that share such a word stay two: a brontosaurus is no stegosaurus.
    both = candidates([voter("a", 1.0, "brontosaurus"), voter("b", 1.0, "stegosaurus")])
    assert {each.label for each in both} == {"brontosaurus", "stegosaurus"}


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=20), st.floats(0.01, 0.5))
def test_the_nearest_counts_most_and_copies_share(cosines: list[float], width: float) -> None:
    counts = falling(cosines, [str(n) for n in range(len(cosines))], width)
    assert counts.max() == pytest.approx(1.0)
    assert counts == pytest.approx(np.exp((np.array(cosines) - max(cosines)) / width))
    shared = falling(cosines, ["one"] * len(cosines), width)
    assert shared * len(cosines) == pytest.approx(counts)


def test_of_a_facet_it_is_told_how_much_of_the_neighbours_say_anything() -> None:
    [one] = candidates(
        [voter("a", 1.0, "teapot"), Voter("b", 0.5, 0.8, []), Voter("c", 0.5, 0.8, [])]
    )
    assert (one.votes, one.spoken) == (1.0, 0.5)


def labelled(votes: float, cosine: float) -> Candidate:
    return Candidate(f"{votes}-{cosine}", (str(votes),), None, votes, 0.8, cosine)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(-1, 1)), min_size=1, max_size=8))
def test_confidences_are_probabilities_in_the_order_of_scores(
    each: list[tuple[float, float]],
) -> None:
    confidence = CONFIDENCES["kind"]
    total = sum(votes for votes, _ in each) or 1.0
    ranked = hear([labelled(votes / total, cosine) for votes, cosine in each], confidence.width)
    assert sum(one.heard for one in ranked) == pytest.approx(1.0)
    ranked.sort(key=confidence.score, reverse=True)
    told = confidence.of(ranked, 0.8)
    assert told == sorted(told, reverse=True)
    assert all(0.0 <= one <= 1.0 for one in told)
    assert sum(told) <= 1.0 + 1e-9


def test_the_first_confidence_is_the_logistic_of_its_traits() -> None:
    confidence = Confidence(0.05, 0.5, 0.0, (-2.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.5))
    first = Candidate("a", ("a",), None, 0.6, nearest=0.7, cosine=0.3, heard=0.2, spoken=0.4)
    raised = -2.0 + 1.0 * (0.7 - 0.3) + 2.0 * 0.6 + 3.0 * 0.2 + 4.0 * 0.7 + 5.0 * 0.75
    # The text tower would have said the same, or something else.
    for cosine, agreed in ((0.2, 0.5), (0.4, 0.0)):
        second = Candidate("b", ("b",), None, votes=0.1, cosine=cosine, heard=0.4)
        told = confidence.of([first, second], 0.75)[0]
        assert told == pytest.approx(1 / (1 + np.exp(-raised - agreed)))
        # Half of what it takes says anything of the facet.
        few = replace(confidence, told=0.8).of([first, second], 0.75)
        assert few[0] == pytest.approx(told / 2)
        assert replace(confidence, told=0.3).of([first, second], 0.75)[0] == told
    assert confidence.of([], 0.0) == []


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((200, 30, 40), "red"),
        ((20, 20, 22), "black"),
        ((30, 38, 75), "navy"),
        ((60, 150, 70), "green"),
        ((245, 245, 245), "white"),
    ],
)
def test_pixels_have_the_names_of_their_colours(rgb: tuple[int, int, int], name: str) -> None:
    assert shades(Image.new("RGB", (50, 40), rgb)) == {name: 1.0}


def test_a_plain_backdrop_is_no_colour_of_the_thing() -> None:
    picture = Image.new("RGB", (64, 64), "white")
    picture.paste((200, 30, 40), (20, 20, 44, 44))
    assert shades(picture)["red"] > 0.9


def test_lab_is_that_of_the_standard() -> None:
    # Known values of sRGB's primaries under D65.
    found = to_lab(np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [1.0, 1.0, 1.0]]))
    known = [[53.24, 80.09, 67.20], [87.73, -86.18, 83.18], [32.30, 79.19, -107.86], [100, 0, 0]]
    assert np.abs(found - np.array(known)).max() < 0.1


@pytest.fixture(scope="module")
def dresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeCollection]:
    encoder = TinyEncoder()
    folder: Path = tmp_path_factory.mktemp("dresses")
    identity = Identity(encoder.fingerprint, 8, ANALYZER.fingerprint)
    collection = EdgeCollection.open(folder, identity, create=True)
    records = []
    for colour, kind in (("red", "dress"), ("blue", "sofa"), ("green", "lamp")):
        for number in range(3):
            tone = tuple(min(255, part + 4 * number) for part in COLOURS[colour])
            [vector] = encoder.encode_images([Image.new("RGB", (9, 9), tone)])
            pin = Pin(f"{kind}-{number}", "a.png", attributes={"kind": kind, "colour": colour})
            records.append(Record(pin, vector, "", "", "0", None, "0", "0"))
    collection.upsert(records)
    yield collection
    collection.close()


@pytest.fixture(scope="module")
def namer() -> Namer:
    encoder = TinyEncoder()
    kept: dict[Facet, Labels] = {}

    def labels(facet: Facet) -> Labels:
        return kept.setdefault(facet, Labels.of(WORDING.vocabulary, facet, encoder))

    return Namer(WORDING, Tower(labels, lambda: encoder), CONFIDENCES)


def test_a_picture_is_what_its_neighbours_are(dresses: EdgeCollection, namer: Namer) -> None:
    picture = Image.new("RGB", (20, 20), COLOURS["red"])
    found = recognise(Sight(seen(picture, TinyEncoder()), picture), dresses, namer)
    first = {each.facet: each for each in reversed(found.labels)}
    assert (first["kind"].label, first["colour"].label) == ("dress", "red")
    assert found.sure
    assert set(first["kind"].evidence) == {"dress-0", "dress-1", "dress-2"}


def test_a_pin_does_not_speak_for_itself(dresses: EdgeCollection, namer: Namer) -> None:
    record = dresses.get(["dress-1"])["dress-1"]
    found = recognise(Sight(record.vector, None, "dress-1"), dresses, namer)
    assert all("dress-1" not in each.evidence for each in found.labels)


def test_nothing_is_sure_where_nothing_is_near(namer: Namer, tmp_path: Path) -> None:
    identity = Identity(TinyEncoder().fingerprint, 8, ANALYZER.fingerprint)
    empty = EdgeCollection.open(tmp_path, identity, create=True)
    try:
        vector = np.full(8, 8**-0.5, np.float32)
        found = recognise(Sight(vector, None), empty, namer)
    finally:
        empty.close()
    assert not found.sure
    assert all(not each.evidence for each in found.labels)
