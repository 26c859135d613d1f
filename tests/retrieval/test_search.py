"""Search over a real embedded collection: both legs, the absent-text rule, pages, explanations."""

import io
import random
from dataclasses import replace

import pytest
from PIL import Image

from engine.errors import BadImage, BadQuery, UnknownPin
from engine.queries import Crop, Part, parse_filter
from engine.retrieval.answers import answer_to_json
from engine.retrieval.certainty import Certainty
from tests.retrieval.conftest import Shelf, png
from tests.tiny_encoder import COLOURS


def ids(answer: object) -> list[str]:
    return [hit.id for hit in answer.hits]  # type: ignore[attr-defined]


@pytest.fixture
def filled(shelf: Shelf) -> Shelf:
    shelf.put(
        ("red-told", "red", "a red dress", "Dresses"),
        ("red-silent", "red", None, None),
        ("blue-told", "blue", "a blue dress", "Dresses"),
        ("blue-silent", "blue", None, None),
        ("liar", "green", "red red red", "Signs"),
        ("green-told", "green", "a green lamp", "Cosy rooms"),
    )
    return shelf


def test_words_find_pins_with_and_without_text(filled: Shelf) -> None:
    answer = filled.ask("red dress")
    assert ids(answer)[:2] == ["red-told", "red-silent"]
    assert answer.next_offset is None
    assert answer.took_ms > 0
    scores = [hit.score for hit in answer.hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_a_hit_says_which_leg_found_it_and_why(filled: Shelf) -> None:
    why = {hit.id: hit.why for hit in filled.ask("red dress").hits}
    told, silent = why["red-told"], why["red-silent"]
    assert told is not None
    assert silent is not None
    assert told.found_by == ("text", "image")
    assert told.lexical_rank == 1
    assert told.matched_terms == {"description": ["red", "dress"], "board_title": ["dress"]}
    assert told.lexical_from == "text"
    assert told.description_bm25 > 0
    assert told.board_bm25 > 0
    assert silent.found_by == ("image",)
    assert silent.lexical_rank is None
    assert silent.lexical_from == "neighbours"
    assert silent.matched_terms == {"description": [], "board_title": []}
    assert silent.cosine == pytest.approx(told.cosine, abs=0.01)


def test_an_explanation_adds_up_to_the_score(filled: Shelf) -> None:
    for hit in filled.ask("red dress").hits:
        assert hit.why is not None
        mixed = (1 - hit.why.lexical_weight) * hit.why.visual
        mixed += hit.why.lexical_weight * hit.why.lexical
        assert hit.why.mixed == pytest.approx(mixed)


def test_scores_do_not_depend_on_limit_or_offset(filled: Shelf) -> None:
    whole = [(hit.id, hit.score) for hit in filled.ask("red dress", limit=50).hits]
    pages = []
    for offset in range(len(whole)):
        answer = filled.ask("red dress", limit=1, offset=offset)
        pages += [(hit.id, hit.score) for hit in answer.hits]
        assert answer.next_offset == (offset + 1 if offset + 1 < len(whole) else None)
    assert pages == whole
    assert filled.ask("red dress", limit=5, offset=50).hits == ()


def test_scores_do_not_depend_on_the_page_in_random_corpora(shelf: Shelf) -> None:
    chance = random.Random(11)
    words = ("red", "dress", "blue", "lamp", "oak", "old", "large")
    for turn in range(5):
        said = [" ".join(chance.sample(words, chance.randrange(4))) or None for _ in range(16)]
        shelf.put(
            *(
                (f"p{turn}-{number}", chance.choice(list(COLOURS)), text, chance.choice(said))
                for number, text in enumerate(said)
            )
        )
        asked = " ".join(chance.sample(words, 2))
        lexical, vector = chance.randrange(3, 30), chance.randrange(3, 30)
        drawn = replace(shelf.parameters, lexical_depth=lexical, vector_depth=vector)
        narrow = replace(shelf, parameters=drawn)
        whole = {hit.id: hit.score for hit in narrow.ask(asked, limit=100).hits}
        assert len(whole) >= 3
        for _ in range(6):
            offset, limit = chance.randrange(len(whole)), chance.randrange(1, 9)
            page = narrow.ask(asked, limit=limit, offset=offset).hits
            assert [hit.id for hit in page] == list(whole)[offset : offset + limit]
            assert [hit.score for hit in page] == list(whole.values())[offset : offset + limit]


def test_candidates_are_not_drawn_by_the_page(shelf: Shelf) -> None:
    """With legs far shallower than the collection, deep pages must not bring in other pins."""
    colours = list(COLOURS)
    shelf.put(
        *(
            (f"p{number}", colours[number % 8], "red dress" if number % 3 else None, None)
            for number in range(40)
        )
    )
    narrow = replace(shelf, parameters=replace(shelf.parameters, lexical_depth=5, vector_depth=6))
    whole = [(hit.id, hit.score) for hit in narrow.ask("red dress", limit=50).hits]
    assert 6 <= len(whole) <= 11
    paged = [
        (hit.id, hit.score)
        for offset in range(0, len(whole) + 4, 2)
        for hit in narrow.ask("red dress", limit=2, offset=offset).hits
    ]
    assert paged == whole


def test_words_that_no_text_holds_leave_it_to_the_picture(filled: Shelf) -> None:
    answer = filled.ask("yellow zebra")
    assert {hit.why.lexical_from for hit in answer.hits if hit.why} == {"none"}
    assert all(hit.why.lexical_weight == 0 for hit in answer.hits if hit.why)


def test_a_picture_finds_its_like(filled: Shelf) -> None:
    assert set(ids(filled.ask(Part("image", png("blue")), limit=2))) == {"blue-told", "blue-silent"}


def test_a_crop_looks_at_its_part_alone(filled: Shelf) -> None:
    halves = Image.new("RGB", (64, 32), COLOURS["blue"])
    halves.paste(COLOURS["red"], (0, 0, 32, 32))
    buffer = io.BytesIO()
    halves.save(buffer, "PNG")
    left = filled.ask(Part("image", buffer.getvalue(), crop=Crop(0, 0, 0.5, 1)), limit=2)
    right = filled.ask(Part("image", buffer.getvalue(), crop=Crop(0.5, 0, 0.5, 1)), limit=2)
    assert set(ids(left)) == {"red-told", "red-silent"}
    assert set(ids(right)) == {"blue-told", "blue-silent"}


def test_a_pin_finds_its_like_but_not_itself(filled: Shelf) -> None:
    answer = filled.ask(Part("pin", "red-told"))
    assert ids(answer)[0] == "red-silent"
    assert "red-told" not in ids(answer)
    cropped = filled.ask(Part("pin", "red-told", crop=Crop(0, 0, 0.5, 0.5)))
    assert ids(cropped)[0] == "red-silent"


def test_plus_and_minus_move_the_answer(filled: Shelf) -> None:
    filled.put(("pink-silent", "pink", None, None))
    plain = ids(filled.ask(Part("image", png("red"))))
    assert plain.index("pink-silent") < plain.index("blue-silent")
    mixed = ids(filled.ask(Part("image", png("red"), 0.3), Part("text", "blue", 1.0)))
    assert mixed[0].startswith("blue")
    less = filled.ask(Part("text", "red"), Part("text", "pink", -0.5))
    more = filled.ask(Part("text", "red"))
    cosine = {hit.id: hit.why.cosine for hit in more.hits if hit.why}
    after = {hit.id: hit.why.cosine for hit in less.hits if hit.why}
    assert cosine["red-silent"] - cosine["pink-silent"] < after["red-silent"] - after["pink-silent"]


def test_what_is_subtracted_is_no_word_to_look_for(filled: Shelf) -> None:
    answer = filled.ask(Part("text", "dress"), Part("text", "lamp", -0.5))
    for hit in answer.hits:
        assert hit.why is not None
        assert "lamp" not in [term for terms in hit.why.matched_terms.values() for term in terms]


def test_filters_hold_for_both_legs(filled: Shelf) -> None:
    silent = filled.ask("red dress", filter=parse_filter({"has_text": "no"}))
    assert set(ids(silent)) == {"red-silent", "blue-silent"}
    board = filled.ask("red dress", filter=parse_filter({"board": "Dresses"}))
    assert set(ids(board)) == {"red-told", "blue-told"}
    assert filled.ask("red", filter=parse_filter({"merchant": "nobody"})).hits == ()


def test_what_can_not_be_asked_is_refused(filled: Shelf) -> None:
    with pytest.raises(UnknownPin, match="'nope'"):
        filled.ask(Part("pin", "nope"))
    with pytest.raises(BadImage):
        filled.ask(Part("image", b"not a picture"))
    with pytest.raises(BadQuery, match="cancel"):
        filled.ask(Part("text", "red", 1.0), Part("text", "red", -1.0))


def test_an_empty_collection_answers_with_nothing(shelf: Shelf) -> None:
    answer = shelf.ask("red dress")
    assert answer_to_json(answer)["hits"] == []
    assert answer.next_offset is None


def test_the_json_of_an_answer_is_the_contracts(filled: Shelf) -> None:
    body = answer_to_json(filled.ask("red dress", limit=1))
    assert set(body) == {"hits", "next", "nothing_relevant", "corrections", "took_ms"}
    assert body["next"] == "1"
    hit = body["hits"][0]
    assert set(hit) == {"id", "score", "pin", "why"}
    assert hit["pin"]["id"] == hit["id"]
    assert set(hit["why"]) == {"found_by", "text", "image", "calibrated", "mixed", "weights"}
    assert hit["why"]["weights"]["lexical"] + hit["why"]["weights"]["visual"] == pytest.approx(1)


def test_new_and_deleted_pins_show_at_once(filled: Shelf) -> None:
    filled.put(("red-new", "red", None, None))
    assert "red-new" in ids(filled.ask("red", limit=4))
    assert filled.reader.collection.delete(["red-new"]) == 1
    assert "red-new" not in ids(filled.ask("red"))


def test_pins_below_a_relevance_are_left_out_and_pages_follow(filled: Shelf) -> None:
    whole = filled.ask("red dress", limit=50).hits
    bar = whole[2].score
    kept = filled.ask("red dress", limit=50, min_relevance=bar)
    assert [hit.id for hit in kept.hits] == [hit.id for hit in whole if hit.score >= bar]
    assert 3 <= len(kept.hits) < len(whole)
    page = filled.ask("red dress", limit=2, min_relevance=bar)
    assert page.next_offset == 2
    assert filled.ask("red dress", limit=2, offset=2, min_relevance=bar).hits == kept.hits[2:4]


@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan")])
def test_a_relevance_is_a_probability(filled: Shelf, wrong: float) -> None:
    with pytest.raises(BadQuery, match="from 0 to 1"):
        filled.ask("red dress", min_relevance=wrong)


def test_nothing_relevant_is_said_also_under_a_narrow_filter(filled: Shelf) -> None:
    """The tiny encoder knows colours alone: among green pins, nothing is a red dress."""
    sure = Certainty(fits=(-10.0, 4.0, 16.0, 0.0), hit=(-3.0, 6.0, 0.0))
    told = replace(
        filled,
        parameters=filled.parameters.mixed_by(
            lambda mixing: replace(mixing, certainty=sure, certainty_unworded=sure)
        ),
    )
    assert not told.ask("red dress").nothing_relevant
    narrow = told.ask("red dress", filter=parse_filter({"board_title": "Cosy rooms"}))
    assert len(narrow.hits) == 1
    assert narrow.nothing_relevant
    assert answer_to_json(narrow)["nothing_relevant"] is True
