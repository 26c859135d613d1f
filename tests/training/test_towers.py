"""Towers, their packing and their gradients on several cores: each against a plainer way."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor

from engine.features import colour
from engine.features.embedded import EmbeddedEncoder
from engine.features.wordpiece import tokenizer
from engine.training import export
from engine.training.backbone import FEATURE_WIDTH, HEAD_WIDTH, Backbone, pad_same, to_input
from engine.training.features import frozen_features
from engine.training.replicas import Replicas
from engine.training.towers import CLASSES, ImageHead, ImageTower, TextTower

VOCABULARY = ["[PAD]", "[UNK]", "red", "blue", "dress", "##es", "a"]
SIDE = 64


@pytest.fixture
def image() -> ImageTower:
    torch.manual_seed(3)
    backbone = Backbone()
    for parameter in backbone.parameters():
        if parameter.dim() > 1:
            torch.nn.init.kaiming_normal_(parameter)
        else:
            torch.nn.init.normal_(parameter, 0, 0.05)
    head = ImageHead(32, 16, dropout=0.0, strength=0.6, naming=6)
    head.standardise(torch.randn(50, FEATURE_WIDTH + colour.WIDTH).abs() * 3)
    tower = ImageTower(backbone, head)
    named(tower)
    return tower.eval()


@pytest.fixture
def pieces() -> Tokenizer:
    return tokenizer(VOCABULARY)


@pytest.fixture
def text(pieces: Tokenizer) -> TextTower:
    torch.manual_seed(4)
    return TextTower(pieces, 16)


def pictures(count: int) -> np.ndarray:
    chance = np.random.default_rng(9)
    small = chance.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return np.kron(small, np.ones((1, SIDE // 4, SIDE // 4, 1), np.uint8))


def test_the_packed_towers_give_the_same_vectors(image: ImageTower, text: TextTower) -> None:
    pixels = pictures(5)
    # The file keeps half precision, and weights by chance turn small gaps into other classes.
    image.half().float()
    with torch.inference_mode():
        colours = torch.from_numpy(colour.histograms(list(pixels)))
        expected = image(to_input(torch.from_numpy(pixels)), colours).numpy()
        words = text(["red dresses", "blue", ""]).numpy()
    encoder = EmbeddedEncoder(export.pack(image, text, SIDE), threads=1)
    assert encoder.dimension == 16
    assert ((encoder.encode_pixels(pixels) * expected).sum(1) > 0.9999).all()
    found = encoder.encode_texts(["red dresses", "blue", ""])
    assert ((found * words).sum(1) > 0.999).all()


def named(image: ImageTower) -> ImageHead:
    head = image.head
    names = torch.nn.functional.normalize(torch.randn(CLASSES, 6), dim=1)
    classifier = torch.nn.Linear(HEAD_WIDTH, CLASSES + 1)
    torch.nn.init.normal_(classifier.weight)
    head.name(classifier, names, [True] * CLASSES)
    return head


def test_a_picture_is_what_was_learnt_then_the_names_of_what_is_seen(image: ImageTower) -> None:
    rows = torch.randn(4, FEATURE_WIDTH + colour.WIDTH).abs()
    plain = ImageHead(32, 10, dropout=0.0)
    head = image.head
    held = head.state_dict()
    own = {n: held[n] for n in ("mean", "spread", "inner.weight", "inner.bias", "outer.weight")}
    plain.load_state_dict(own | {"outer.bias": held["outer.bias"]}, strict=False)
    with torch.inference_mode():
        whole = head(rows).double()
        odds = torch.softmax(head.classes(rows[:, :HEAD_WIDTH]).double() / 2, 1)
        seen = odds @ head.names.double()
        named = 0.6 * seen / seen.norm(dim=1, keepdim=True)
        expected = torch.cat([plain(rows).double(), named], 1)
    expected = expected / expected.norm(dim=1, keepdim=True)
    assert whole.shape == (4, 16)
    assert torch.allclose(whole, expected, atol=1e-5)
    assert torch.allclose(head.names.mean(0), torch.zeros(6), atol=1e-6)


def test_a_class_without_a_say_names_nothing(image: ImageTower) -> None:
    rows = torch.randn(2, FEATURE_WIDTH + colour.WIDTH).abs()
    head = named(image)
    with torch.no_grad():
        seen = int(head.scores(rows)[0].argmax())
        head.give_say([number != seen for number in range(CLASSES)])
        before = head(rows)
        head.names[seen] += 5
        assert torch.allclose(head(rows), before, atol=1e-6)
        head.give_say([True] * CLASSES)
        assert not torch.allclose(head(rows), before, atol=1e-3)


def test_quantised_rows_come_back_within_half_a_step() -> None:
    table = np.random.default_rng(1).normal(size=(40, 8)).astype(np.float32)
    table[3] = 0
    values, scale = export.quantise(table)
    assert values.dtype == np.int8
    assert (np.abs(values * scale[:, None] - table) <= scale[:, None] / 2 + 1e-7).all()


def test_too_large_an_encoder_is_refused(
    image: ImageTower, text: TextTower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "LARGEST", 1000)
    with pytest.raises(export.WeightsTooLarge, match="limit is 1,000"):
        export.pack(image, text, SIDE)


def test_the_weight_file_comes_with_its_card(
    image: ImageTower, text: TextTower, tmp_path: Path
) -> None:
    path = export.write(tmp_path / "model", export.pack(image, text, SIDE), {"seed": 1})
    assert EmbeddedEncoder.load(path, threads=1).dimension == 16
    assert '"seed": 1' in (tmp_path / "model" / "card.json").read_text()


def test_an_unknown_token_is_neutral_and_light(text: TextTower) -> None:
    export.neutral_unknown(text)
    row = text.table.weight[text.unknown].detach()
    others = text.table.weight.detach()
    assert float(row.norm()) < 0.1 * float(others.norm(dim=1).median())
    alone, empty = text(["zzz"]).detach(), text([""]).detach()
    assert torch.allclose(alone, empty)


def test_frozen_blocks_get_no_gradient(image: ImageTower) -> None:
    x = to_input(torch.from_numpy(pictures(2)))
    image.backbone(x, 5).sum().backward()
    assert image.backbone.stem.weight.grad is None
    assert all(p.grad is None for p in image.backbone.blocks[4].parameters())
    assert all(p.grad is not None for p in image.backbone.blocks[5].parameters())


def test_same_padding_is_right_and_bottom() -> None:
    padded = pad_same(torch.ones(1, 1, 2, 2))
    assert padded[0, 0].tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_replicas_add_up_to_one_backward(image: ImageTower) -> None:
    plain = copy.deepcopy(image)
    x = to_input(torch.from_numpy(pictures(6)))
    colours = torch.from_numpy(colour.histograms(list(pictures(6))))
    goal = torch.randn(6, 16)
    (plain(x, colours) * goal).sum().backward()

    def chunk(start: int) -> Callable[[ImageTower], Tensor]:
        return lambda tower: tower(x[start : start + 2], colours[start : start + 2])

    replicas = Replicas(image, 2)
    try:
        outputs = replicas.forward([chunk(0), chunk(2), chunk(4)])
        assert torch.allclose(torch.cat(outputs), plain(x, colours).detach(), atol=1e-4)
        replicas.backward(torch.split(goal, 2))
    finally:
        replicas.close()
    for mine, theirs in zip(image.parameters(), plain.parameters(), strict=True):
        assert mine.grad is not None
        assert theirs.grad is not None
        gap = (mine.grad - theirs.grad).norm() / theirs.grad.norm().clamp(min=1e-6)
        assert float(gap) < 1e-2


def test_replicas_follow_the_original(image: ImageTower) -> None:
    replicas = Replicas(image, 1)
    try:
        with torch.no_grad():
            image.head.outer.bias.add_(1.0)
        (bias,) = replicas.forward([lambda tower: tower.head.outer.bias.clone()])
        assert torch.equal(bias, image.head.outer.bias)
    finally:
        replicas.close()


def test_frozen_features_equal_the_backbone_and_keep_their_order(image: ImageTower) -> None:
    pixels = pictures(40)
    rows = np.array([7, 39, 0, *range(33)])
    found = frozen_features(image.backbone, pixels, rows)
    with torch.inference_mode():
        expected = image.backbone(to_input(torch.from_numpy(pixels[rows]))).numpy()
    gaps = np.linalg.norm(found - expected, axis=1)
    others = np.linalg.norm(found - np.roll(expected, 1, axis=0), axis=1)
    # Half precision inside: near its own row, far from any other.
    assert (gaps < 0.1 * np.linalg.norm(expected, axis=1)).all()
    assert np.median(gaps) < 0.5 * np.median(others)
