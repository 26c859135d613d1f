"""Things are found, named when sure, and a person's own crop is taken as it is."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.discovery.objects import Finder, named
from engine.discovery.vocabulary import Labels, Vocabulary, read_vocabulary
from engine.features.encoder import Encoder
from engine.features.factory import load_encoder
from engine.features.images import crop
from engine.features.regions import Proposal, intersection_over_union
from engine.queries import Crop
from tests.tiny_encoder import COLOURS, TinyEncoder

PLACED = {"red": (30, 30, 130, 110), "blue": (180, 140, 290, 280)}


def collage() -> Image.Image:
    picture = Image.new("RGB", (320, 320), (225, 222, 214))
    pen = ImageDraw.Draw(picture)
    for colour, box in PLACED.items():
        pen.rectangle(box, COLOURS[colour])
    return picture


def truth() -> np.ndarray:
    return (
        np.array([(x, y, right - x, bottom - y) for x, y, right, bottom in PLACED.values()]) / 320
    )


def finder(encoder: Encoder) -> Finder:
    return Finder(encoder, Labels.of(read_vocabulary(), "kind", encoder))


@pytest.mark.parametrize("encoder", [TinyEncoder(), load_encoder()], ids=["crops", "maps"])
def test_both_things_are_among_the_first(encoder: Encoder) -> None:
    found = finder(encoder).find(collage(), 5)
    held = np.array([(r.box.x, r.box.y, r.box.width, r.box.height) for r in found])
    least = 0.7 if hasattr(encoder, "maps") else 0.4  # a grid of crops sees less finely
    assert (intersection_over_union(held, truth()).max(axis=0) >= least).all()
    for region in found:
        expected = encoder.encode_images([crop(collage(), region.box)])[0]
        assert region.vector == pytest.approx(expected, abs=1e-5)


def test_the_own_crop_is_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Crop(0.1, 0.2, 0.3, 0.4)
    asked = finder(TinyEncoder())
    [region] = Finder(asked.encoder, asked.labels, lambda _: []).find(collage(), 5, own)
    assert (region.box, region.score) == (own, 1.0)


def test_a_detector_takes_the_place_of_the_maps_and_its_labels_win() -> None:
    boxes = [Proposal(Crop(0, 0, 0.5, 0.5), 0.9, "lamp"), Proposal(Crop(0.5, 0, 0.5, 1), 0.5)]
    asked = finder(TinyEncoder())
    found = Finder(asked.encoder, asked.labels, lambda _: boxes).find(collage(), 1)
    assert [(each.box, each.label, each.score) for each in found] == [(boxes[0].box, "lamp", 0.9)]


def test_a_label_is_given_only_where_it_stands_out() -> None:
    terms = read_vocabulary().of("kind")[:40]
    rows = np.eye(40, dtype=np.float32)
    labels = Labels(terms, rows)
    sure = rows[7]
    unsure = np.full(40, 1 / np.sqrt(40), dtype=np.float32)
    assert named(np.stack([sure, unsure]), labels) == [terms[7].label, None]
    nothing = Labels.of(Vocabulary((), ""), "kind", TinyEncoder())
    assert named(np.ones((2, 8), np.float32), nothing) == [None, None]
