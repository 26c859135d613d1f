"""The stages on tiny data: they learn, they stop on time, and they can be taken up again."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.features import colour
from engine.features.wordpiece import tokenizer
from engine.training import run
from engine.training.backbone import FEATURE_WIDTH, Backbone, channels_last
from engine.training.crops import random_view
from engine.training.heads import Inputs, fit_heads, fit_text, refit_heads, start_table
from engine.training.mix import Mix
from engine.training.network import NetworkStage, Views
from engine.training.optimisers import Optimiser, backward
from engine.training.pins import TrainingPin
from engine.training.recipe import Recipe
from engine.training.schedule import cosine
from engine.training.supervision import Bank, ClassTexts, Supervision, class_odds
from engine.training.towers import CLASSES, INPUT_WIDTH, ImageHead, ImageTower, TextTower

VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "red",
    "blue",
    "men",
    "hat",
    "hats",
    "cat",
    "dog",
    "a",
    "photo",
    "of",
]
RECIPE = Recipe(
    dimension=16,
    hidden=24,
    image_side=64,
    train_side=32,
    head_steps=60,
    head_rows=16,
    head_rate=1e-2,
    text_steps=80,
    text_rows=8,
    text_rate=0.2,
    network_rows=14,
    network_minutes=0.01,
    again_steps=10,
    bank_rows=20,
    shares={"fashion": 1.0},
)


def pins() -> list[TrainingPin]:
    made = []
    for number in range(12):
        shade = ("Red", "Blue")[number % 2]
        attributes = {"articleType": "Hats", "baseColour": shade, "gender": "Men"}
        name = f"p{number}"
        made.append(TrainingPin("fashion", name, Path(name), name, "train", attributes=attributes))
    return made


def pictures() -> np.ndarray:
    made = np.full((12, 64, 64, 3), 255, np.uint8)
    made[::2, 16:48, 16:48] = (200, 20, 20)
    made[1::2, 16:48, 16:48] = (20, 30, 190)
    return made


@pytest.fixture
def supervision() -> Supervision:
    chance = np.random.default_rng(1)
    texts = ["red", "blue", "hat", "cat", "dog", "men"]
    targets = chance.normal(size=(6, 16)).astype(np.float32)
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    has_say = np.ones(CLASSES, bool)
    has_say[7] = False
    odds = class_odds(chance.normal(size=(12, CLASSES + 1)).astype(np.float16), has_say)
    odds[3] = 0
    names = [["cat", "a cat"], ["dog"], *[["a photo"]] * (CLASSES - 3)]
    classes = ClassTexts(names, {"dog": ["a dog of red"]}, seed=1)
    mix = Mix(pins(), RECIPE.shares, {}, 1)
    return Supervision(mix, RECIPE, odds, classes, has_say, texts, targets)


@pytest.fixture
def text() -> TextTower:
    torch.manual_seed(1)
    return TextTower(tokenizer(VOCABULARY), 16, sparse=True)


def silent(line: str) -> None:
    assert line


def test_the_table_learns_its_teacher(text: TextTower, supervision: Supervision) -> None:
    before = (text(supervision.corpus).detach().numpy() * supervision.targets).sum(1).mean()
    fit_text(text, supervision, silent)
    after = (text(supervision.corpus).detach().numpy() * supervision.targets).sum(1).mean()
    assert after > max(0.9, before)


def test_the_table_starts_from_tokens_with_frequent_ones_shorter(text: TextTower) -> None:
    tokens = np.eye(len(VOCABULARY), 16, dtype=np.float32)
    start_table(text, tokens, ["red red red red hat"])
    lengths = text.table.weight.detach().norm(dim=1)
    assert lengths[2] < lengths[5] < lengths[7]
    assert int(text.table.weight[7].argmax()) == 7


def test_heads_learn_colours(text: TextTower, supervision: Supervision) -> None:
    torch.manual_seed(2)
    head = ImageHead(24, 16, dropout=0.1)
    colours = torch.from_numpy(colour.histograms(pictures()))
    inputs = torch.cat([torch.rand(12, FEATURE_WIDTH), colours], 1).half()
    fit_heads(head, text, Inputs.single(inputs), supervision, silent)
    with torch.inference_mode():
        scores = head(inputs.float()) @ text(["red hat", "blue hat"]).T
    assert scores.argmax(1).tolist() == [0, 1] * 6


def test_a_table_whose_rate_is_zero_stays(supervision: Supervision, text: TextTower) -> None:
    before = text.table.weight.detach().clone()
    frozen = replace(supervision, recipe=replace(RECIPE, joint_text_rate=0.0))
    head = ImageHead(24, 16, dropout=0.0)
    inner = head.inner.weight.detach().clone()
    inputs = Inputs.single(torch.rand(12, INPUT_WIDTH).half())
    fit_heads(head, text, inputs, frozen, silent)
    assert torch.equal(text.table.weight, before)
    assert not torch.equal(head.inner.weight, inner)


def stage(supervision: Supervision, text: TextTower) -> NetworkStage:
    torch.manual_seed(5)
    image = ImageTower(channels_last(Backbone()), ImageHead(24, 16, dropout=0.1))
    where = np.array([(0, row) for row in range(12)])
    views = Views((pictures(),), where, colour.histograms(pictures()))
    return NetworkStage(image, text, views, supervision)


def test_a_share_of_the_way_is_taken_from_the_old_weights_to_the_new() -> None:
    torch.manual_seed(5)
    image = ImageTower(channels_last(Backbone()), ImageHead(24, 16, dropout=0.1))
    before = run.seeing(image)
    stem, outer = image.backbone.stem.weight.detach().clone(), image.head.outer.weight.clone()
    with torch.no_grad():
        for parameter in image.parameters():
            parameter.add_(1.0)
    run.meet_halfway(image, before, 0.25)
    torch.testing.assert_close(image.backbone.stem.weight, stem + 0.25)
    torch.testing.assert_close(image.head.classes.weight, before[-2] + 0.25)
    # What learns on the backbone, and is fitted to it again, is not held back.
    torch.testing.assert_close(image.head.outer.weight, outer + 1.0)


def test_every_layer_moves_and_the_run_can_go_on(
    supervision: Supervision, text: TextTower, tmp_path: Path
) -> None:
    running = stage(supervision, text)
    before = {name: p.detach().clone() for name, p in running.image.named_parameters()}
    checkpoint = tmp_path / "network.pt"
    running.fit(checkpoint, silent)
    assert running.spent >= 0.6
    assert running.steps >= 1
    again = stage(supervision, TextTower(tokenizer(VOCABULARY), 16, sparse=True))
    again.resume(checkpoint)
    assert again.steps == running.steps
    for name, parameter in again.image.named_parameters():
        assert torch.equal(parameter, running.image.get_parameter(name))
    moved = {
        name for name, p in running.image.named_parameters() if not torch.equal(p, before[name])
    }
    assert "head.outer.weight" in moved
    assert "head.classes.weight" in moved
    named = running.image.head.classes.weight
    assert torch.equal(named[7], before["head.classes.weight"][7])
    assert "backbone.blocks.16.project.weight" in moved
    running.take_average()
    assert all(torch.isfinite(p).all() for p in running.image.parameters())


def test_any_view_of_a_pin_is_drawn_and_no_other_pins() -> None:
    inputs = Inputs(torch.arange(6.0)[:, None], np.array([0, 1, 4, 6]))
    assert inputs.whole()[:, 0].tolist() == [0, 1, 4]
    drawn = inputs.draw(np.array([0, 1, 2] * 100), np.random.default_rng(1)).reshape(100, 3)
    assert [sorted(set(column.tolist())) for column in drawn.T] == [[0], [1, 2, 3], [4, 5]]


def test_a_sparse_table_moves_only_what_a_step_touches(text: TextTower) -> None:
    before = text.table.weight.detach().clone()
    optimiser = Optimiser((), text, 0.1)
    backward(text(["red hat", "red"]).sum())
    optimiser.step(1.0)
    moved = (text.table.weight.detach() != before).any(1).nonzero()[:, 0].tolist()
    assert moved == [2, 5]
    assert text.table.weight.grad is None


def test_the_bank_forgets_the_oldest() -> None:
    bank = Bank(3)
    bank.push(torch.tensor([[1.0], [2.0]]), np.array([1, 2]))
    bank.push(torch.tensor([[3.0], [4.0]]), np.array([3, 4]))
    assert bank.vectors is not None
    assert bank.vectors[:, 0].tolist() == [3, 4, 1]
    assert bank.rows.tolist() == [3, 4, 1]


def test_the_rate_climbs_then_falls() -> None:
    rates = [cosine(step / 100, 0.1) for step in range(101)]
    assert max(rates) == pytest.approx(1)
    assert rates.index(max(rates)) == 10
    assert rates[100] == pytest.approx(0.02)
    assert all(a >= b for a, b in pairwise(rates[10:]))


def test_views_keep_colours_and_size() -> None:
    pixels = np.broadcast_to(np.array([9, 100, 200], np.uint8), (64, 64, 3)).copy()
    for seed in range(10):
        view = random_view(pixels, 32, 0.5, random.Random(seed))
        assert view.shape == (32, 32, 3)
        assert (view == np.array([9, 100, 200])).all()


def test_heads_go_on_from_where_they_are(text: TextTower, supervision: Supervision) -> None:
    torch.manual_seed(2)
    head = ImageHead(24, 16, dropout=0.1)
    colours = torch.from_numpy(colour.histograms(pictures()))
    inputs = torch.cat([torch.rand(12, FEATURE_WIDTH), colours], 1).half()
    fit_heads(head, text, Inputs.single(inputs), supervision, silent)
    mean = head.mean.clone()
    weight = head.outer.weight.detach().clone()
    refit_heads(head, text, Inputs.single(inputs * 1.01), supervision, silent)
    assert torch.equal(head.mean, mean)
    moved = (head.outer.weight.detach() - weight).norm() / weight.norm()
    assert 0 < float(moved) < 0.5
    with torch.inference_mode():
        scores = head(inputs.float()) @ text(["red hat", "blue hat"]).T
    assert scores.argmax(1).tolist() == [0, 1] * 6
