"""The text tower of two blocks, against sums by hand; and the classifier that follows features."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.features.wordpiece import tokenizer
from engine.training.alignment import aligned
from engine.training.blocks import BlockTower, naming_axes
from engine.training.optimisers import Optimiser, backward
from engine.training.towers import TextTower

VOCABULARY = ["[PAD]", "[UNK]", "red", "dress", "crocodile", "a"]
RED, DRESS, CROCODILE = 2, 3, 4


@pytest.fixture
def teacher() -> TextTower:
    torch.manual_seed(2)
    return TextTower(tokenizer(VOCABULARY), 8, sparse=True)


@pytest.fixture
def tower(teacher: TextTower) -> BlockTower:
    axes = torch.linalg.qr(torch.randn(8, 3))[0]
    made = BlockTower(teacher, 5, axes, length=3.0, pace=10.0)
    made.weigh(["red dress", "a red dress", "red"], doubt=1.0, name_doubt=3.0)
    with torch.no_grad():
        made.lengths.weight.normal_()
    return made


def by_hand(tower: BlockTower, ids: list[int]) -> np.ndarray:
    rows = []
    for token in ids:
        mentions = {RED: 3, DRESS: 2, 5: 1}.get(token, 0)
        grown = float(tower.lengths.weight[token, 0].detach()) * mentions / (mentions + 3)
        learnt = tower.table.weight[token].detach().numpy() * mentions / (mentions + 1)
        rows.append(np.concatenate([learnt, np.exp(grown) * tower.names[token].numpy()]))
    total = np.sum(rows, 0)
    return np.asarray(total / np.linalg.norm(total))


def test_a_text_is_the_sum_of_its_tokens_by_block(tower: BlockTower) -> None:
    with torch.inference_mode():
        found = tower(["a red dress", "crocodile", "red red"]).numpy()
    expected = [by_hand(tower, ids) for ids in ([5, RED, DRESS], [CROCODILE], [RED, RED])]
    assert np.allclose(found, expected, atol=1e-6)


def test_a_word_that_no_pin_says_is_its_name_alone(teacher: TextTower, tower: BlockTower) -> None:
    with torch.inference_mode():
        found = tower(["crocodile"])[0]
        name = tower.names[CROCODILE]
    assert not found[:5].any()
    assert torch.allclose(found[5:], name / name.norm(), atol=1e-6)
    assert name.norm() <= 3 * teacher.table.weight[CROCODILE].detach().norm() + 1e-5


def test_the_folded_table_gives_the_same_vectors(tower: BlockTower) -> None:
    texts = ["a red dress", "crocodile dress", "red", "zebra"]
    with torch.inference_mode():
        assert torch.allclose(tower.folded()(texts), tower(texts), atol=1e-6)


def test_names_keep_their_directions_while_lengths_learn_faster(tower: BlockTower) -> None:
    names, table = tower.names.clone(), tower.table.weight.detach().clone()
    lengths = tower.lengths.weight.detach().clone()
    optimiser = Optimiser((), tower, 1e-3)
    backward((tower(["red dress", "crocodile"]) * torch.randn(8)).sum())
    optimiser.step(1.0)
    assert torch.equal(tower.names, names)
    moved = (tower.table.weight.detach() - table).abs().amax(1)
    grown = (tower.lengths.weight.detach() - lengths).abs()[:, 0]
    # The first step of Adam is as long as its rate.
    assert moved[[RED, DRESS]] == pytest.approx(1e-3, rel=1e-2)
    assert grown[[RED, DRESS]] == pytest.approx(1e-2, rel=1e-2)
    # No pin says this word, so nothing of it moves.
    assert moved[CROCODILE] == grown[CROCODILE] == 0


def test_only_the_learnt_block_follows_the_teacher(tower: BlockTower) -> None:
    with torch.inference_mode():
        learnt = tower.learnt(["a red dress"])[0]
        whole = tower(["a red dress"])[0, :5]
    assert float(learnt.norm()) == pytest.approx(1)
    assert torch.allclose(learnt, whole / whole.norm(), atol=1e-6)


def test_axes_are_those_along_which_names_differ() -> None:
    chance = np.random.default_rng(1)
    flat = chance.normal(size=(40, 2)) @ chance.normal(size=(2, 6)) + 7
    classes = torch.from_numpy(flat.astype(np.float32))
    axes = naming_axes(classes, 2)
    spread = classes - classes.mean(0)
    assert torch.allclose(axes.T @ axes, torch.eye(2), atol=1e-5)
    assert torch.allclose(spread @ axes @ axes.T, spread, atol=1e-4)


def test_a_classifier_follows_features_that_were_turned() -> None:
    torch.manual_seed(1)
    before = torch.randn(400, 12)
    turn = torch.eye(12) + 0.3 * torch.randn(12, 12)
    after = before @ turn + 2
    classifier = nn.Linear(12, 7)
    fresh = aligned(classifier, before, after)
    with torch.inference_mode():
        wanted = classifier(before)
        gap = (fresh(after) - wanted).pow(2).mean()
        lost = (classifier(after) - wanted).pow(2).mean()
    assert gap < 0.02 * lost


def test_a_classifier_stays_when_features_stay() -> None:
    torch.manual_seed(1)
    seen = torch.randn(50, 12)
    classifier = nn.Linear(12, 7)
    assert torch.allclose(aligned(classifier, seen, seen).weight, classifier.weight, atol=1e-6)
