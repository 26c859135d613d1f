"""What fits what: facts, unknown pairs, shares; and the split and the clean-up before it."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.training.corpus import read_captions
from engine.training.mix import Mix
from engine.training.phrases import Phrase, facts_of, phrase_for, words
from engine.training.pictures import near_twins
from engine.training.pins import FIFTHS, TrainingPin, read_set, split_of, without_twins


def fashion(name: str, kind: str, colour: str, gender: str = "Women") -> TrainingPin:
    attributes = {"articleType": kind, "baseColour": colour, "gender": gender}
    return TrainingPin("fashion", name, Path(name), name, "train", attributes=attributes)


def labelled(set_name: str, name: str, label: str) -> TrainingPin:
    return TrainingPin(set_name, name, Path(name), name, "train", attributes={"label": label})


PINS = [
    fashion("a", "Handbags", "Black"),
    fashion("b", "Handbags", "Red"),
    labelled("clothing", "c", "Hat"),
    labelled("caltech", "d", "watch"),
    fashion("e", "Watches", "Black"),
    labelled("grocery", "f", "Kiwi"),
]
ALL = np.arange(len(PINS))


def mix(shares: dict[str, float] | None = None) -> Mix:
    even = {"fashion": 0.4, "clothing": 0.2, "caltech": 0.2, "grocery": 0.2}
    return Mix(PINS, shares or even, {}, seed=1)


def test_a_phrase_fits_every_pin_with_all_of_its_facts() -> None:
    black = Phrase("black handbag", "fashion", facts_of(PINS[0])[:2])
    bag = Phrase("handbag", "fashion", ("fashion:articleType=Handbags",))
    fit, _ = mix().fits([black, bag], ALL)
    assert np.flatnonzero(fit[0]).tolist() == [0]
    assert np.flatnonzero(fit[1]).tolist() == [0, 1]


def test_an_unheard_fact_fits_nothing() -> None:
    fit, _ = mix().fits([Phrase("x", "fashion", ("fashion:articleType=Zeppelins",))], ALL)
    assert not fit.any()


def test_other_sets_are_unknown_where_kinds_overlap() -> None:
    bag = Phrase("black handbag", "fashion", facts_of(PINS[0])[:2])
    watch = Phrase("a watch", "caltech", ("caltech:label=watch",))
    _, unknown = mix().fits([bag, watch], ALL)
    assert np.flatnonzero(unknown[0]).tolist() == [2]
    assert np.flatnonzero(unknown[1]).tolist() == [4]


def test_every_drawn_phrase_fits_its_own_pin() -> None:
    built = mix()
    draw = built.draw(200)
    fit, unknown = built.fits(draw.phrases, draw.rows)
    own = np.repeat(np.arange(200), 2)
    assert fit[np.arange(400), own].all()
    assert not (fit & unknown).any()


def test_shares_are_kept() -> None:
    draw = mix({"fashion": 0.7, "grocery": 0.3}).draw(4_000)
    sets = np.array([PINS[row].set_name for row in draw.rows])
    assert set(sets) == {"fashion", "grocery"}
    assert np.mean(sets == "fashion") == pytest.approx(0.7, abs=0.04)


def test_every_kind_of_pin_is_called_something() -> None:
    drawn = TrainingPin(
        "drawn", "g", Path("g"), "g", "train", "Striped red scarf", "Warm things",
        {"kind": "scarf", "colour": "red", "pattern": "striped", "setting": "on a table"},
    )  # fmt: skip
    scene = TrainingPin("flickr", "h", Path("h"), "h", "train", captions=("A dog runs .",))
    chance = random.Random(3)
    for pin in [*PINS, drawn, scene]:
        facts = set(facts_of(pin))
        for _ in range(60):
            phrase = phrase_for(pin, {"watch": ["A watch tells the time."]}, chance)
            assert phrase.text.strip()
            assert phrase.facts
            assert set(phrase.facts) <= facts


def test_words_are_singular_and_plain() -> None:
    assert words("The T-Shirts, watches and dresses of a fairy") == {
        "tshirt", "watch", "dress", "fairy",
    }  # fmt: skip


def test_the_split_follows_the_hash_of_set_and_bytes() -> None:
    for number in range(30):
        picture = bytes([number, 7])
        rest = int.from_bytes(hashlib.sha256(b"flickr:" + picture).digest(), "big") % 5
        for fifth in FIFTHS:
            expected = {fifth: "test", 1: "development"}.get(rest, "train")
            assert split_of("flickr", picture, fifth) == expected
        assert split_of("flickr", picture) == split_of("flickr", picture, 0)


def test_a_set_is_read_with_its_split(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    Image.new("RGB", (8, 8), "red").save(tmp_path / "images" / "a.png")
    row = {"id": "a", "image": "images/a.png", "attributes": {"label": "x"}, "captions": ["one"]}
    (tmp_path / "pins.jsonl").write_text(json.dumps(row) + "\n")
    (pin,) = read_set(tmp_path, "flickr")
    assert pin.split == split_of("flickr", (tmp_path / "images" / "a.png").read_bytes())
    picture = (tmp_path / "images" / "a.png").read_bytes()
    for fifth in FIFTHS:
        [pin] = read_set(tmp_path, "flickr", fifth=fifth)
        assert pin.split == split_of("flickr", picture, fifth)
    assert pin.captions == ("one",)
    assert read_set(tmp_path, "drawn", judged=False)[0].split == "train"


def test_training_pins_that_repeat_or_copy_judged_ones_go() -> None:
    def one(name: str, digest: str, split: str) -> TrainingPin:
        return TrainingPin("fashion", name, Path(name), digest, split)

    pins = [
        one("judged", "1", "test"),
        one("copy", "1", "train"),
        one("first", "2", "train"),
        one("again", "2", "train"),
        one("alike", "3", "train"),
        one("kept", "4", "development"),
        one("also kept", "4", "development"),
    ]
    kept = [pin.pin_id for pin in without_twins(pins, frozenset({"3"}))]
    assert kept == ["judged", "first", "kept", "also kept"]


def test_near_twins_are_found_by_looks() -> None:
    chance = np.random.default_rng(1)
    pictures = chance.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    pictures[2] = np.clip(pictures[0].astype(int) + 1, 0, 255)
    judged = np.array([True, True, False, False])
    assert near_twins(pictures, judged).tolist() == [False, False, True, False]


def test_captions_of_judged_pictures_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "captions.txt.gz"
    path.write_bytes(gzip.compress(b"A dog runs.\nA cat sleeps .\nA dog runs.\n"))
    judged = TrainingPin("flickr", "a", Path("a"), "a", "test", captions=("a cat sleeps .",))
    trained = TrainingPin("flickr", "b", Path("b"), "b", "train", captions=("A dog runs .",))
    assert read_captions(path, [judged, trained]) == ["A dog runs."]


def test_drawings_that_differ_in_pattern_are_not_the_same_thing() -> None:
    pins = [
        TrainingPin(
            "drawn", name, Path(name), name, "train", "", "",
            {"kind": "sofa", "colour": "blue", "pattern": pattern},
        )
        for name, pattern in (("a", "striped"), ("b", "checked"), ("c", "striped"))
    ]  # fmt: skip
    mix = Mix(pins, {"drawn": 1.0}, {}, seed=3)
    pairs = mix.pairs(np.array([0, 1, 2]))
    assert pairs.same.tolist() == [[True, False, True], [False, True, False], [True, False, True]]


def test_pairs_show_the_same_thing_and_only_a_set_of_its_own_can_tell() -> None:
    pins = [
        *PINS,
        fashion("g", "Handbags", "Black", gender="Men"),
        labelled("caltech", "h", "watch"),
        TrainingPin("flickr", "i", Path("i"), "two dogs", "train"),
    ]
    mix = Mix(pins, {"fashion": 0.4, "caltech": 0.4, "flickr": 0.2}, {}, seed=3)
    rows = np.array([0, 8, 3, 1, 0])
    things = {0: {0, 6}, 3: {3, 7}, 1: {1}}
    seen: dict[int, set[int]] = {row: set() for row in things}
    for _ in range(40):
        pairs = mix.pairs(rows)
        assert rows[pairs.first].tolist() == [0, 3, 1, 0]
        for row, partner in zip(rows[pairs.first].tolist(), pairs.second.tolist(), strict=True):
            seen[row].add(partner)
    assert seen == things
    x, o = True, False
    assert pairs.same.tolist() == [[x, o, o, x], [o, x, o, o], [o, o, x, o], [x, o, o, x]]
    assert pairs.unknown.tolist() == [[o, x, o, o], [x, o, x, x], [o, x, o, o], [o, x, o, o]]
