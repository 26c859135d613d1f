"""The packed encoder: unit rows, the rules for odd texts and pictures, and honest errors."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import UnknownEncoder
from engine.features.embedded import MODEL_FILE, EmbeddedEncoder, prepare


@pytest.fixture(scope="module")
def encoder() -> EmbeddedEncoder:
    return EmbeddedEncoder.load(threads=1)


def picture(width: int, height: int, seed: int = 1) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def is_unit(rows: np.ndarray) -> bool:
    return bool(np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5))


def test_dimension_and_fingerprint_name_the_weights(encoder: EmbeddedEncoder) -> None:
    assert encoder.dimension == 256
    kind, _, digest = encoder.fingerprint.partition(":")
    assert kind == "embedded/2"
    assert len(digest) == 12
    assert EmbeddedEncoder.load(threads=1).fingerprint == encoder.fingerprint


def test_weight_file_keeps_its_limit() -> None:
    assert MODEL_FILE.stat().st_size <= 20_000_000


def test_texts_are_unit_rows_in_order(encoder: EmbeddedEncoder) -> None:
    texts = ["red dress", "a bowl of soup", "Red  DRESS", "zebra"]
    rows = encoder.encode_texts(texts)
    assert rows.shape == (4, 256)
    assert rows.dtype == np.float32
    assert is_unit(rows)
    assert np.allclose(rows[0], rows[2], atol=1e-6)
    alone = np.concatenate([encoder.encode_texts([text]) for text in texts])
    assert np.allclose(rows, alone, atol=1e-6)


def test_a_word_is_known_if_it_is_one_token(encoder: EmbeddedEncoder) -> None:
    assert all(encoder.knows_word(word) for word in ("dress", "Sneakers", "red"))
    assert not any(encoder.knows_word(word) for word in ("derss", "red dress", "", "\u2603\u2603"))


def test_more_texts_than_one_batch_stay_in_order(encoder: EmbeddedEncoder) -> None:
    rows = encoder.encode_texts(["cat"] * 1500 + ["piano"])
    assert np.allclose(rows[0], rows[1499], atol=1e-6)
    assert np.allclose(rows[-1], encoder.encode_texts(["piano"])[0], atol=1e-6)


@pytest.mark.parametrize("text", ["", "   ", "\u0001", "ⴰⴱⴲ", "🦜" * 3, "x" * 5000])
def test_a_text_without_known_tokens_is_finite(encoder: EmbeddedEncoder, text: str) -> None:
    row = encoder.encode_texts([text])
    assert np.isfinite(row).all()
    assert is_unit(row)


def test_empty_and_unknown_texts_share_the_neutral_vector(encoder: EmbeddedEncoder) -> None:
    rows = encoder.encode_texts(["", "ⴰⴱⴲ"])
    assert np.allclose(rows[0], rows[1], atol=1e-6)


def test_nothing_in_gives_nothing_out(encoder: EmbeddedEncoder) -> None:
    assert encoder.encode_texts([]).shape == (0, 256)
    assert encoder.encode_images([]).shape == (0, 256)


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (192, 192), (640, 480), (31, 47)])
def test_pictures_of_any_size_are_unit_rows(
    encoder: EmbeddedEncoder, size: tuple[int, int]
) -> None:
    rows = encoder.encode_images([picture(*size)])
    assert rows.shape == (1, 256)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    assert is_unit(rows)


def test_a_picture_does_not_depend_on_its_batch(encoder: EmbeddedEncoder) -> None:
    pictures = [picture(80, 60, seed) for seed in range(40)]
    together = encoder.encode_images(pictures)
    alone = np.concatenate([encoder.encode_images([one]) for one in pictures])
    assert np.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize(("threads", "count"), [(2, 2), (2, 5), (3, 19), (4, 40)])
def test_threads_share_a_batch_and_keep_its_order(
    encoder: EmbeddedEncoder, threads: int, count: int
) -> None:
    pictures = [picture(80, 60, seed) for seed in range(count)]
    shared = EmbeddedEncoder.load(threads=threads).encode_images(pictures)
    assert np.allclose(shared, encoder.encode_images(pictures), atol=1e-5)


def test_several_callers_at_once_get_their_own_pictures(encoder: EmbeddedEncoder) -> None:
    shared = EmbeddedEncoder.load(threads=2)
    batches = [[picture(50, 50, 10 * caller + n) for n in range(9)] for caller in range(4)]
    with ThreadPoolExecutor(4) as callers:
        found = list(callers.map(shared.encode_images, batches))
    for rows, batch in zip(found, batches, strict=True):
        assert np.allclose(rows, encoder.encode_images(batch), atol=1e-5)


def test_prepared_pixels_give_the_same_vectors(encoder: EmbeddedEncoder) -> None:
    pictures = [picture(300, 200, seed) for seed in range(11)]
    pixels = np.stack([prepare(one, 192) for one in pictures])
    assert np.array_equal(encoder.encode_pixels(pixels), encoder.encode_images(pictures))
    assert encoder.encode_pixels(pixels[:0]).shape == (0, 256)


def test_what_goes_wrong_with_a_picture_reaches_the_caller() -> None:
    shared = EmbeddedEncoder.load(threads=2)
    with pytest.raises(ValueError, match="square RGB picture"):
        shared.encode_pixels(np.zeros((20, 64, 32, 3), np.uint8))


def test_words_find_their_colour(encoder: EmbeddedEncoder) -> None:
    colours = {"red": (200, 20, 30), "blue": (25, 50, 190), "green": (30, 140, 40)}
    pictures = []
    for shade in colours.values():
        canvas = Image.new("RGB", (160, 160), "white")
        canvas.paste(shade, (35, 25, 125, 140))
        pictures.append(canvas)
    texts = encoder.encode_texts([f"{name} tshirt" for name in colours])
    scores = encoder.encode_images(pictures) @ texts.T
    assert scores.argmax(axis=0).tolist() == [0, 1, 2]


def test_prepare_squashes_to_a_square_of_bytes() -> None:
    pixels = prepare(picture(500, 100), 192)
    assert pixels.shape == (192, 192, 3)
    assert pixels.dtype == np.uint8
    flat = prepare(Image.new("RGB", (1000, 300), (10, 200, 30)), 192)
    assert (flat == np.array([10, 200, 30])).all()


@pytest.mark.parametrize("size", [(400, 300), (640, 900), (1024, 1024)])
def test_prepare_shrinks_as_one_bicubic_filter_would(size: tuple[int, int]) -> None:
    blots = picture(12, 9, seed=4).resize(size, Image.Resampling.BICUBIC)
    scale = 192 / max(size)
    small = blots.resize((round(size[0] * scale), round(size[1] * scale)), Image.Resampling.BICUBIC)
    expected = np.asarray(small.resize((192, 192), Image.Resampling.BICUBIC), int)
    assert np.abs(prepare(blots, 192) - expected).mean() < 1


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UnknownEncoder, match="reinstall"):
        EmbeddedEncoder.load(tmp_path / "none.safetensors")


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "encoder.safetensors"
    path.write_bytes(b"not weights at all, only words")
    with pytest.raises(UnknownEncoder, match="format 1"):
        EmbeddedEncoder.load(path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "encoder.safetensors"
    path.write_bytes(MODEL_FILE.read_bytes()[:-1000])
    with pytest.raises(UnknownEncoder, match="format 1"):
        EmbeddedEncoder.load(path)


def test_loading_and_encoding_import_no_training_library() -> None:
    code = (
        "import sys; from PIL import Image; from engine.features.embedded import EmbeddedEncoder;"
        "e = EmbeddedEncoder.load(); e.encode_texts(['a']);"
        "e.encode_images([Image.new('RGB', (9, 9))]);"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'onnx', 'scipy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
