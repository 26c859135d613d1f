"""Judging a packed encoder on a set laid out on disk, and what the materials show a backbone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.features.embedded import EmbeddedEncoder
from engine.features.wordpiece import tokenizer
from engine.training import assess, baselines, judge
from engine.training.backbone import FEATURE_WIDTH, Backbone
from engine.training.features import frozen_features
from engine.training.left_out import LeftOut
from engine.training.materials import Materials
from engine.training.mix import Mix
from engine.training.pins import TrainingPin
from engine.training.recipe import Recipe
from engine.training.supervision import ClassTexts, Supervision

SHADES = {"red": (200, 25, 30), "blue": (25, 45, 190), "green": (30, 140, 45)}


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    folder = tmp_path / "samples"
    (folder / "images").mkdir(parents=True)
    pins: list[dict[str, object]] = []
    judged: list[str] = []
    chance = np.random.default_rng(1)
    for colour, shade in SHADES.items():
        for number in range(4):
            name = f"{colour}-{number}"
            canvas = Image.new("RGB", (120, 120), "white")
            left, top = chance.integers(15, 35, 2).tolist()
            canvas.paste(shade, (left, top, left + 70, top + 70))
            canvas.save(folder / "images" / f"{name}.png")
            attributes = {"kind": "tshirt", "colour": colour}
            pins.append({"id": name, "image": f"images/{name}.png", "attributes": attributes})
            judged.append(f"{colour} 0 {name} 1")
    queries: list[dict[str, object]] = [
        {"id": colour, "text": f"{colour} tshirt"} for colour in SHADES
    ]
    queries.append({"id": "mixed", "parts": [{"text": "not a text query"}]})
    for name, rows in (("pins.jsonl", pins), ("queries.jsonl", queries)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "qrels.txt").write_text("\n".join(judged) + "\n")
    return folder


def test_the_shipped_encoder_beats_luck_on_colours(samples: Path, tmp_path: Path) -> None:
    encoder = EmbeddedEncoder.load(threads=1)
    board = assess.lay_out_samples(samples, 192, tmp_path)
    vectors = assess.encode(encoder, board.pixels)
    found = judge.figures(board.questions, vectors, encoder.encode_texts)
    luck = baselines.chance(len(board.pins), 256, seed=1)
    lucky = judge.figures(board.questions, luck, encoder.encode_texts)
    assert found["samples nDCG@10"] > 0.85 > lucky["samples nDCG@10"]
    pairs = assess.pairs(board, vectors, encoder)
    assert [len(part.cosines) for part in pairs] == [3 * 12, 12 * 11]
    curve = assess.calibrate(pairs[:1])
    assert curve.slope > 0
    told = assess.calibration_table(pairs)
    assert len({line.count("|") for line in told.splitlines()}) == 1
    assert "samples by kind and colour" in told


def test_figures_print_as_one_table() -> None:
    told = assess.table([("chance", {"a": 0.1}), ("ours", {"a": 0.5, "b": 0.25})])
    assert told.splitlines()[2:] == ["| a | 0.100 | 0.500 |", "| b | – | 0.250 |"]


def test_materials_show_training_pins_in_their_order() -> None:
    torch.manual_seed(1)
    backbone = Backbone().eval()
    chance = np.random.default_rng(2)
    first, second = (chance.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8) for n in (3, 2))
    pins = [
        TrainingPin("flickr", name, Path(name), name, "train", captions=(name,)) for name in "abcde"
    ]
    train = np.array([4, 0, 2])
    mix = Mix([pins[row] for row in train], {"flickr": 1.0}, {}, 1)
    none = np.zeros((3, 0), np.float16)
    empty = np.zeros((0, 256), np.float32)
    silent = np.zeros(0, bool)
    supervision = Supervision(mix, Recipe(), none, ClassTexts([], {}, 1), silent, [], empty)
    where = np.array([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)])
    pieces = tokenizer(["[UNK]"])
    colours = np.zeros((5, 301), np.float32)
    materials = Materials(
        pins, (first, second), where, train, none, none, colours, {}, supervision, [], LeftOut(),
        pieces, empty,
    )  # fmt: skip
    inputs = materials.see(backbone, {"flickr": 2}, seed=1)
    assert inputs.rows.shape == (9, FEATURE_WIDTH + 301)
    assert inputs.starts.tolist() == [0, 3, 6, 9]
    again = materials.see(backbone, {"flickr": 2}, seed=1)
    assert torch.equal(inputs.rows, again.rows)
    assert not torch.allclose(inputs.rows[0], inputs.rows[1])
    seen = inputs.whole()[:, :FEATURE_WIDTH].numpy()
    every = np.concatenate([first, second])
    expected = frozen_features(backbone, every, train)
    assert np.allclose(seen, expected, atol=1e-2)
