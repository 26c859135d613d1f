"""The reader of words: torch is the oracle of its arithmetic, and order is what it adds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.features.embedded import EmbeddedEncoder
from engine.features.reading import LEAST, MOST, WordReader
from engine.features.wordpiece import tokenizer
from engine.training import export
from engine.training.backbone import Backbone
from engine.training.reader import Reader, ReadingTower, turned
from engine.training.towers import ImageHead, ImageTower, TextTower
from engine.training.unpack import unpack

WORDS = [
    "[PAD]",
    "[UNK]",
    "red",
    "blue",
    "dog",
    "man",
    "bites",
    "for",
    "my",
    "a",
    "wear",
    "to",
    "##a",
]
MORE = [*WORDS, *"abcdefghijklmnop"]
LONG = "dog bites man " * MOST


def random_reader(seed: int = 1) -> Reader:
    torch.manual_seed(seed)
    reader = Reader(16, 24, 2, 4)
    with torch.no_grad():
        for part in reader.parameters():
            part.normal_(0, 0.3)
        reader.places.normal_(0, 3)
        reader.scale.fill_(2.5)
    return reader.eval()


def text_tower() -> TextTower:
    torch.manual_seed(2)
    return TextTower(tokenizer(WORDS), 16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(4)
    image = ImageTower(Backbone(), ImageHead(8, 16, 0.1)).eval()
    packed = export.pack(image, text_tower(), 64)
    (tmp_path / "plain.safetensors").write_bytes(packed)
    (tmp_path / "reading.safetensors").write_bytes(export.with_reader(packed, random_reader()))
    return tmp_path


@pytest.mark.parametrize("length", [1, 3, 11, MOST])
def test_numpy_computes_what_torch_does(length: int) -> None:
    reader = random_reader()
    rows = np.random.default_rng(length).normal(size=(5, length, 16)).astype(np.float32)
    packed = WordReader(reader.tensors(), reader.heads)(rows)
    packed /= np.linalg.norm(packed, axis=1, keepdims=True)
    rebuilt = Reader.of(reader.tensors(), reader.heads)
    with torch.inference_mode():
        exact = rebuilt(torch.from_numpy(rows), torch.ones(5, length, dtype=torch.bool)).numpy()
        before = reader(torch.from_numpy(rows), torch.ones(5, length, dtype=torch.bool)).numpy()
    assert np.allclose(packed, exact, atol=1e-4)
    assert np.allclose(exact, before, atol=2e-2)  # half precision


def test_an_untrained_reader_is_the_plain_mean() -> None:
    text = text_tower()
    tower = ReadingTower(text, Reader(16, 24, 2, 4))
    texts = ["dog bites man", "red", "something blue to wear for my dog"]
    with torch.inference_mode():
        assert torch.allclose(tower(texts), text(texts), atol=1e-6)


def test_the_order_of_words_tells(folder: Path) -> None:
    texts = ["dog bites man", "man bites dog"]
    plain = EmbeddedEncoder.load(folder / "plain.safetensors").encode_texts(texts)
    reading = EmbeddedEncoder.load(folder / "reading.safetensors").encode_texts(texts)
    assert np.allclose(plain[0], plain[1], atol=1e-6)
    assert float(reading[0] @ reading[1]) < 0.999


def test_the_tower_of_training_reads_as_the_packed_encoder(folder: Path) -> None:
    texts = ["dog bites man", "red dog", "", "a dog for my man to wear something", LONG, "zz zz zz"]
    encoder = EmbeddedEncoder.load(folder / "reading.safetensors")
    tower = unpack(folder / "reading.safetensors").text
    assert isinstance(tower, ReadingTower)
    with torch.inference_mode():
        assert np.allclose(encoder.encode_texts(texts), tower(texts).numpy(), atol=1e-4)


def test_what_is_too_short_or_too_long_is_the_mean_of_its_words(folder: Path) -> None:
    plain = EmbeddedEncoder.load(folder / "plain.safetensors")
    reading = EmbeddedEncoder.load(folder / "reading.safetensors")
    rare = "a" * LEAST  # one word, in as many tokens
    same = ["red", " ".join(["dog"] * (LEAST - 1)), rare, f"{rare} dog", LONG, ""]
    tokens = plain._tokenizer.encode(rare, add_special_tokens=False).tokens
    assert len(tokens) == LEAST
    assert np.array_equal(plain.encode_texts(same), reading.encode_texts(same))


def test_what_reading_hardly_moves_stays_to_the_bit(folder: Path) -> None:
    texts = ["dog bites man", "something to wear for my dog", "a red dog"]
    gentle = Reader(16, 24, 2, 4)
    with torch.no_grad():
        gentle.adds.bias.fill_(0.02)
    path = folder / "gentle.safetensors"
    path.write_bytes(export.with_reader((folder / "plain.safetensors").read_bytes(), gentle))
    plain = EmbeddedEncoder.load(folder / "plain.safetensors").encode_texts(texts)
    assert np.array_equal(EmbeddedEncoder.load(path).encode_texts(texts), plain)
    with torch.inference_mode():
        assert np.allclose(unpack(path).text(texts).numpy(), plain, atol=1e-5)
    reading = EmbeddedEncoder.load(folder / "reading.safetensors").encode_texts(texts)
    assert ((reading * plain).sum(1) < 0.97).all()


def test_a_text_does_not_depend_on_its_company(folder: Path) -> None:
    encoder = EmbeddedEncoder.load(folder / "reading.safetensors")
    texts = ["dog bites man", "red", "something blue to wear", "a man for my dog", "man bites dog"]
    alone = np.concatenate([encoder.encode_texts([text]) for text in texts])
    together = encoder.encode_texts(texts * 40)
    assert np.allclose(together, np.concatenate([alone] * 40), atol=1e-5)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_the_format_says_whether_there_is_a_reader(folder: Path) -> None:
    plain = EmbeddedEncoder.load(folder / "plain.safetensors")
    reading = EmbeddedEncoder.load(folder / "reading.safetensors")
    assert plain.fingerprint.startswith("embedded/1:")
    assert reading.fingerprint.startswith("embedded/2:")
    again = export.with_reader((folder / "reading.safetensors").read_bytes(), random_reader(9))
    once = export.with_reader((folder / "plain.safetensors").read_bytes(), random_reader(9))
    assert again == once


def test_a_reader_turned_to_another_space_says_the_same_there() -> None:
    chance = np.random.default_rng(8)
    turn = torch.from_numpy(np.linalg.qr(chance.normal(size=(16, 16)))[0].astype(np.float32))
    # As many words as numbers at least: fewer leave some of the turn open.
    old, new = (TextTower(tokenizer(list(dict.fromkeys(MORE))), 16) for _ in range(2))
    with torch.no_grad():
        new.table.weight.copy_(old.table.weight @ turn)
    reader = random_reader()
    texts = ["dog bites man", "something to wear for my dog"]
    other = turned(reader, old.table.weight.detach(), new.table.weight.detach())
    with torch.inference_mode():
        before, after = ReadingTower(old, reader)(texts), ReadingTower(new, other)(texts)
    assert torch.allclose(before @ turn, after, atol=1e-4)
