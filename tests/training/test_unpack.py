"""A packed encoder comes back as towers that answer as it does, and takes another head."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from PIL import Image
from safetensors.numpy import load_file

from engine.errors import UnknownEncoder
from engine.features import colour
from engine.features.embedded import MODEL_FILE, EmbeddedEncoder, prepare
from engine.features.wordpiece import tokenizer
from engine.training import export
from engine.training.backbone import Backbone, to_input
from engine.training.own_units import Likeness, OwnUnits
from engine.training.towers import CLASSES, INPUT_WIDTH, ImageHead, ImageTower, TextTower
from engine.training.unpack import Looker, Unpacked, find, repack, unpack

TEXTS = ["red dress", "a photo of a dog", "zzzz"]
SIDE = 64


@dataclass(frozen=True)
class Small:
    """Towers made here, and the file that they are packed in."""

    image: ImageTower
    text: TextTower
    path: Path


def towers(naming: int) -> tuple[ImageTower, TextTower]:
    torch.manual_seed(3)
    head = ImageHead(24, 16, 0.1, 0.6, naming)
    head.standardise(torch.rand(50, head.inner.in_features))
    if naming:
        head.names.copy_(torch.randn(CLASSES, naming))
        with torch.no_grad():
            head.classes.bias.normal_(0, 8)  # so sure that its temperature matters
        head.give_say([number % 3 > 0 for number in range(CLASSES)])
    words = ["[PAD]", "[UNK]", "red", "dress", "dog", "a", "photo", "of"]
    text = TextTower(tokenizer(words), 16)
    return ImageTower(Backbone(), head).eval(), text


@pytest.fixture(params=["plain", "with names", "int8"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    image, text = towers(6 if request.param == "with names" else 0)
    shown = pictures(SIDE) if request.param == "int8" else None
    path = tmp_path / "encoder.safetensors"
    path.write_bytes(export.pack(image, text, SIDE, shown))
    return Small(image, text, path)


def pictures(side: int) -> np.ndarray:
    chance = np.random.default_rng(1)
    small = chance.integers(0, 256, (4, 8, 8, 3), np.uint8)
    return np.stack([prepare(Image.fromarray(picture), side) for picture in small])


def answers(towers: Unpacked, pixels: np.ndarray) -> np.ndarray:
    colours = torch.from_numpy(colour.histograms(pixels))
    with torch.inference_mode():
        return np.asarray(towers.image(to_input(torch.from_numpy(pixels)), colours))


def test_the_towers_answer_as_the_packed_encoder(small: Small) -> None:
    packed, rebuilt = EmbeddedEncoder.load(small.path, threads=1), unpack(small.path)
    assert rebuilt.side == SIDE
    rows = packed.encode_pixels(pictures(SIDE)), answers(rebuilt, pictures(SIDE))
    # Activations in int8 are rounded in the file alone.
    assert (rows[0] * rows[1]).sum(1) == pytest.approx(1, abs=2e-2)
    with torch.inference_mode():
        texts = rebuilt.text(TEXTS).numpy()
    assert np.allclose(packed.encode_texts(TEXTS), texts, atol=1e-5)
    Looker(small.path).check(rebuilt)


def test_what_the_head_reads_is_what_the_file_computes(small: Small) -> None:
    packed, rebuilt = EmbeddedEncoder.load(small.path, threads=1), unpack(small.path)
    seen = torch.from_numpy(Looker(small.path).look(pictures(SIDE))).float()
    with torch.inference_mode():
        rows = rebuilt.image.head(seen).numpy()
    assert (rows * packed.encode_pixels(pictures(SIDE))).sum(1) == pytest.approx(1, abs=1e-3)


def test_another_head_and_other_words_leave_the_rest_bit_for_bit(small: Small) -> None:
    base = unpack(small.path)
    with torch.no_grad():
        base.image.head.outer.weight.mul_(-1)
        base.image.head.outer.bias.mul_(-1)
        base.text.table.weight[2] *= -1
    other = small.path.with_name("other.safetensors")
    other.write_bytes(repack(small.path, base.image.head, base.text))
    old, new = constants(small.path), constants(other)
    assert {name for name in old if not np.array_equal(old[name], new[name])} == {
        "outer.weight",
        "outer.bias",
    }
    before, after = EmbeddedEncoder.load(small.path), EmbeddedEncoder.load(other)
    assert np.allclose(after.encode_texts(["red"]), -before.encode_texts(["red"]), atol=1e-6)
    assert np.array_equal(after.encode_texts(["dog"]), before.encode_texts(["dog"]))
    Looker(other).check(unpack(other))


def test_a_head_with_more_units_is_packed_and_can_be_tuned_again(small: Small) -> None:
    base = unpack(small.path)
    chance = torch.Generator().manual_seed(1)
    likeness = Likeness(torch.zeros(INPUT_WIDTH), torch.full((1,), 3.0))
    units = OwnUnits(base.image.head, likeness, pairs=4, steep=1.0).eval()
    with torch.no_grad():
        units.outer.weight.normal_(0, 0.1, generator=chance)
    other = small.path.with_name("wider.safetensors")
    other.write_bytes(repack(small.path, units.merged(1.0), base.text))
    again = unpack(other)
    assert again.image.head.inner.out_features == base.image.head.inner.out_features + 8
    Looker(other).check(again)
    pixels = pictures(SIDE)
    before = EmbeddedEncoder.load(small.path, threads=1).encode_pixels(pixels)
    after = EmbeddedEncoder.load(other, threads=1).encode_pixels(pixels)
    with torch.inference_mode():
        told = units(torch.from_numpy(Looker(small.path).look(pixels)).float()).numpy()
    assert (told * after).sum(1) == pytest.approx(1, abs=1e-3)
    assert (before * after).sum(1).max() < 0.999


def constants(path: Path) -> dict[str, np.ndarray]:
    graph = onnx.load_from_string(load_file(path)["image.onnx"].tobytes()).graph
    return {each.name: numpy_helper.to_array(each) for each in graph.initializer}


def test_a_file_that_was_packed_otherwise_is_refused(small: Small) -> None:
    rebuilt = unpack(small.path)
    with torch.no_grad():
        rebuilt.image.head.outer.weight.normal_()
    with pytest.raises(UnknownEncoder, match="differ"):
        Looker(small.path).check(rebuilt)


def test_names_of_a_base(small: Small, tmp_path: Path) -> None:
    assert find("embedded") == MODEL_FILE
    assert find(str(small.path)) == small.path
    assert find(str(small.path.parent)) == small.path
    with pytest.raises(UnknownEncoder, match=r"holds no encoder\.safetensors"):
        find(str(tmp_path / "nothing"))
    with pytest.raises(UnknownEncoder, match="holds no"):
        find("sentence-transformers/clip-ViT-B-32")


@pytest.mark.parametrize("content", [b"", b"not a weight file", b"\x08\0\0\0\0\0\0\0{}      "])
def test_other_files_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "encoder.safetensors"
    path.write_bytes(content)
    with pytest.raises(UnknownEncoder, match="can train on"):
        unpack(path)


def test_the_packages_own_encoder_can_be_trained_on() -> None:
    base = unpack(MODEL_FILE)
    head = base.image.head
    assert head.outer.out_features + head.naming == EmbeddedEncoder.load().dimension
    assert head.naming > 0
    Looker(MODEL_FILE).check(base)
