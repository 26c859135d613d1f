"""Rounding to int8: exact where it must be, near where it can't, and the same in every runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from PIL import Image
from torch import nn

from engine.features import colour
from engine.features.embedded import MODEL_FILE, EmbeddedEncoder, prepare
from engine.features.wordpiece import tokenizer
from engine.training import export, quantise, unpack
from engine.training.backbone import to_input
from engine.training.onnx_graph import image_graph
from engine.training.quantise import Step, best_step, quantise_backbone, round_weight
from engine.training.towers import ImageTower, TextTower

SIDE = 96
SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "images"


@pytest.fixture(scope="module")
def tower() -> ImageTower:
    """The trained network, off the grid that it was rounded to.

    What rounding costs a random network says nothing, and a rounded one loses nothing more.
    """
    found = unpack.unpack(MODEL_FILE).image
    torch.manual_seed(3)
    with torch.no_grad():
        for weight in found.backbone.parameters():
            if weight.dim() == 4:
                step = weight.abs().amax((1, 2, 3), keepdim=True) / 127
                weight.add_(step * (torch.rand_like(weight) - 0.5))
    return found


@pytest.fixture(scope="module")
def calibration() -> np.ndarray:
    return pictures(16, start=0)


def pictures(count: int, start: int) -> np.ndarray:
    found = sorted(SAMPLES.iterdir())[start::20][:count]
    return np.stack([prepare(Image.open(path), SIDE) for path in found])


def text() -> TextTower:
    torch.manual_seed(4)
    return TextTower(tokenizer(["[PAD]", "[UNK]", "red", "dress"]), 256)


def vectors(tower: ImageTower, pixels: np.ndarray) -> np.ndarray:
    colours = torch.from_numpy(colour.histograms(pixels))
    with torch.inference_mode():
        return np.asarray(tower(to_input(torch.from_numpy(pixels)), colours))


def test_int8_vectors_are_near_and_need_less_room(
    tower: ImageTower, calibration: np.ndarray
) -> None:
    pixels = pictures(12, start=7)
    plain = export.pack(tower, text(), SIDE)
    rounded = export.pack(tower, text(), SIDE, calibration)
    # A byte less for each of the backbone's weights but those of stem and head.
    assert len(plain) - len(rounded) > 1_700_000
    found = EmbeddedEncoder(rounded, threads=1).encode_pixels(pixels)
    near = (found * vectors(tower, pixels)).sum(1)
    # Names have one length however sure the classifier is, so where this random one hesitates,
    # rounding turns them; a single picture may lie further off.
    assert near.min() > 0.95
    assert np.median(near) > 0.99


def test_biases_take_back_what_rounding_shifts(
    tower: ImageTower, calibration: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = pictures(12, start=7)

    def loss() -> float:
        weights = export.pack(tower, text(), SIDE, calibration)
        found = EmbeddedEncoder(weights, threads=1).encode_pixels(pixels)
        return float(1 - (found * vectors(tower, pixels)).sum(1).mean())

    kept = loss()
    monkeypatch.setattr(quantise, "_ROUNDS", 0)
    assert kept < loss() / 2


def test_the_graph_means_the_same_to_another_runtime(
    tower: ImageTower, calibration: np.ndarray
) -> None:
    pixels = pictures(2, start=7)
    graph = image_graph(tower, SIDE, quantise_backbone(tower.backbone, calibration[:4]))
    feeds = {"pixels": pixels, "colours": colour.histograms(pixels)}
    reference = ReferenceEvaluator(onnx.load_from_string(graph))
    expected = np.asarray(next(iter(reference.run(None, feeds))))
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    found = np.asarray(session.run(None, feeds)[0])
    # Sums close to the middle between two bytes may fall either way.
    assert ((found * expected).sum(1) > 0.998).all()


def test_neighbouring_products_fit_sixteen_bits() -> None:
    torch.manual_seed(1)
    layer = nn.Conv2d(96, 64, 1)
    weight, scale = round_weight(layer)
    pairs = weight.numpy().reshape(64, 48, 2)
    worst = 255 * np.maximum(np.clip(pairs, 0, None).sum(2), np.clip(-pairs, 0, None).sum(2))
    assert worst.max() <= 2**15 - 1
    assert np.abs(weight.numpy()).max() <= 127
    back = weight * scale[:, None, None, None]
    assert bool(((back - layer.weight).abs() <= scale[:, None, None, None] / 2 + 1e-6).all())


def test_depthwise_weights_use_the_whole_byte() -> None:
    weight, _ = round_weight(nn.Conv2d(8, 8, 3, groups=8))
    assert (np.abs(weight.numpy()).reshape(8, -1).max(1) == 127).all()


def test_a_dead_channel_has_a_scale_all_the_same() -> None:
    layer = nn.Conv2d(4, 4, 1)
    with torch.no_grad():
        layer.weight[2] = 0
    weight, scale = round_weight(layer)
    assert not weight[2].any()
    assert float(scale.min()) > 0


def test_the_best_step_cuts_a_far_value_off_and_keeps_zero_exact() -> None:
    values = torch.cat([torch.linspace(-1, 1, 5000), torch.tensor([1.9])])
    step = best_step(values)
    assert step.scale < 2.9 / 255
    assert float(step.rounded(torch.zeros(1))) == 0
    stored = step.rounded(values[:-1])
    assert float((stored - values[:-1]).square().mean()) <= float(
        (Step(2.9 / 255, 88).rounded(values[:-1]) - values[:-1]).square().mean()
    )


def test_no_pictures_are_refused(tower: ImageTower) -> None:
    with pytest.raises(ValueError, match="needs pictures"):
        quantise_backbone(tower.backbone, np.zeros((0, SIDE, SIDE, 3), np.uint8))


def test_training_can_go_on_from_int8(
    tower: ImageTower, calibration: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "encoder.safetensors"
    path.write_bytes(export.pack(tower, text(), SIDE, calibration))
    pixels = pictures(6, start=7)
    found = vectors(unpack.unpack(path).image, pixels)
    near = (found * vectors(tower, pixels)).sum(1)
    # Names have one length however sure the classifier is, so where this random one hesitates,
    # rounding turns them; a single picture may lie further off.
    assert near.min() > 0.95
    assert np.median(near) > 0.99
