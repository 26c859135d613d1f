"""A folder of our own format: sentence-transformers and the engine have the same vectors of it."""

from __future__ import annotations

import copy
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sentence_transformers import SentenceTransformer

from engine.errors import UnknownEncoder
from engine.features.embedded import MODEL_FILE, EmbeddedEncoder
from engine.features.embedded_folder import CARD, CONFIG, MEMORY, MODULE, MODULES, README, WEIGHTS
from engine.features.encoder import FloatArray
from engine.features.factory import load_encoder
from engine.training import export
from engine.training.model_card import describe

FOLDER = MODEL_FILE.parent
TEXTS = ["a red dress", "", "x" * 500, "ⴰⴱⴲ", "Wooden chair, oak", "soup", "a cat on a mat"]


@pytest.fixture(scope="module")
def encoder() -> EmbeddedEncoder:
    return EmbeddedEncoder.load()


@pytest.fixture(scope="module")
def model() -> SentenceTransformer:
    return load(FOLDER)


def load(folder: Path) -> SentenceTransformer:
    return SentenceTransformer(str(folder), trust_remote_code=True, local_files_only=True)


def pictures(count: int = 5) -> list[Image.Image]:
    generator = np.random.default_rng(5)
    return [
        Image.fromarray(generator.integers(0, 256, (12 + 70 * n, 350 - 60 * n, 3), np.uint8))
        for n in range(count)
    ]


def encoded(model: SentenceTransformer, inputs: list[Any], **options: Any) -> FloatArray:
    return np.asarray(model.encode(inputs, **options))


def least_cosine(rows: FloatArray, wanted: FloatArray) -> float:
    assert rows.shape == wanted.shape
    return float((rows * wanted).sum(axis=1).min())


def test_texts_in_every_form_have_the_vectors_of_the_fast_path(
    model: SentenceTransformer, encoder: EmbeddedEncoder
) -> None:
    wanted = encoder.encode_texts(TEXTS)
    turns = [[{"role": "user", "content": text}] for text in TEXTS]
    pieces = [[{"role": "user", "content": [{"type": "text", "text": text}]}] for text in TEXTS]
    for inputs in (TEXTS, [{"text": text} for text in TEXTS], turns, pieces):
        rows = encoded(model, list(inputs))
        assert rows.dtype == np.float32
        assert least_cosine(rows, wanted) >= 0.99999
    for rows in (model.encode_query(TEXTS), model.encode_document(TEXTS)):
        assert least_cosine(np.asarray(rows), wanted) >= 0.99999


def test_pictures_in_every_form_have_the_vectors_of_the_fast_path(
    model: SentenceTransformer, encoder: EmbeddedEncoder
) -> None:
    images = pictures()
    wanted = encoder.encode_images(images)
    pieces = [
        [{"role": "user", "content": [{"type": "image", "image": image}]}] for image in images
    ]
    for inputs in (images, [{"image": image} for image in images], pieces):
        assert least_cosine(encoded(model, list(inputs)), wanted) >= 0.9999


def test_a_list_may_mix_texts_and_pictures(
    model: SentenceTransformer, encoder: EmbeddedEncoder
) -> None:
    images = pictures(3)
    wanted = np.concatenate([encoder.encode_texts(TEXTS[:3]), encoder.encode_images(images)])
    order = [4, 0, 3, 1, 5, 2]
    both: list[Any] = [*TEXTS[:3], *images]
    rows = encoded(model, [both[at] for at in order], batch_size=4)
    assert least_cosine(rows, wanted[order]) >= 0.9999


def test_parts_of_one_input_add_up(model: SentenceTransformer, encoder: EmbeddedEncoder) -> None:
    image = pictures(1)[0]
    total = encoder.encode_texts(["a red dress"]) + encoder.encode_images([image])
    wanted = total / np.linalg.norm(total)
    turn = [{"type": "image", "image": image}, {"type": "text", "text": "a red dress"}]
    for given in (
        {"text": "a red dress", "image": image},
        {"image": [image], "text": ["a red dress"]},
        [{"role": "user", "content": turn}],
    ):
        assert least_cosine(encoded(model, [given]), wanted) >= 0.9999


def test_a_prompt_stands_before_texts(model: SentenceTransformer, encoder: EmbeddedEncoder) -> None:
    image = pictures(1)[0]
    rows = encoded(model, ["dress", image], prompt="a red ")
    wanted = np.concatenate([encoder.encode_texts(["a red dress"]), encoder.encode_images([image])])
    assert least_cosine(rows, wanted) >= 0.9999


def test_the_model_says_what_it_is(model: SentenceTransformer, encoder: EmbeddedEncoder) -> None:
    assert model.get_embedding_dimension() == encoder.dimension
    assert {"text", "image"} <= set(model.modalities)
    assert model.supports("image")
    assert not model.supports("audio")
    assert model.similarity_fn_name == "cosine"
    rows = encoded(model, ["a red dress", "a blue car"])
    assert np.allclose(model.similarity(rows, rows).numpy(), rows @ rows.T, atol=1e-5)
    assert encoded(model, ["a"], truncate_dim=64).shape == (1, 64)


@pytest.mark.parametrize(
    "given", [("a", "b"), np.zeros((8, 8, 3)), {"image": "a.png"}, {"text": 3}, {"text": []}, 7]
)
def test_what_is_neither_text_nor_picture_is_refused(
    model: SentenceTransformer, given: object
) -> None:
    with pytest.raises(ValueError, match=r"text|picture"):
        encoded(model, [given])


def test_a_string_is_a_text_whatever_it_names(
    model: SentenceTransformer,
    encoder: EmbeddedEncoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = tmp_path / "a.png"
    Image.new("RGB", (32, 32), "red").save(place)
    names = [str(place), "http://127.0.0.1:9/a.png", "data:image/png;base64,iVBORw0KGgo="]
    wanted = encoder.encode_texts(names)

    def opened(*_: object, **__: object) -> None:
        raise AssertionError("something was opened")

    for target in ("socket.socket.connect", "PIL.Image.open", "builtins.open"):
        monkeypatch.setattr(target, opened)
    rows = encoded(model, list(names))
    monkeypatch.undo()
    assert least_cosine(rows, wanted) >= 0.99999


def test_a_saved_model_is_the_same_again(
    model: SentenceTransformer, encoder: EmbeddedEncoder, tmp_path: Path
) -> None:
    model.save_pretrained(str(tmp_path / "saved"))
    saved = {path.name for path in (tmp_path / "saved").iterdir()}
    assert saved == {
        WEIGHTS, CARD, CONFIG, MODULES, README, MEMORY,
    }  # fmt: skip
    assert (tmp_path / "saved" / README).read_text() == (FOLDER / README).read_text()
    inputs = ["a red dress", *pictures(2)]
    again = load(tmp_path / "saved")
    assert np.allclose(encoded(again, inputs), encoded(model, inputs), atol=1e-6)
    again.save_pretrained(str(tmp_path / "saved"))
    found = load_encoder(str(tmp_path / "saved"))
    assert isinstance(found, EmbeddedEncoder)
    assert found.fingerprint == encoder.fingerprint


def test_copies_and_other_processes_have_the_same_model(model: SentenceTransformer) -> None:
    wanted = encoded(model, ["a red dress"])
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(encoded(other, ["a red dress"]), wanted)


def test_weights_replaced_meanwhile_are_not_passed_on(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(FOLDER, folder)
    model = load(folder)
    data = bytearray((folder / WEIGHTS).read_bytes())
    # The vocabulary is plain text in the file: a word changed is other weights of the same shape.
    at = data.index(b"\nelephant\n")
    data[at + 1 : at + 9] = b"tnahpele"
    (folder / WEIGHTS).write_bytes(data)
    with pytest.raises(UnknownEncoder, match="replaced since it was loaded"):
        model.save_pretrained(str(tmp_path / "saved"))
    with pytest.raises(UnknownEncoder, match="replaced since it was loaded"):
        copy.deepcopy(model)


def test_a_folder_without_weights_says_so(tmp_path: Path) -> None:
    for name in (CONFIG, MODULES):
        shutil.copy(FOLDER / name, tmp_path)
    with pytest.raises(UnknownEncoder, match=WEIGHTS):
        load(tmp_path)


def test_the_weights_lie_in_the_folder_once() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {
        WEIGHTS, CARD, CONFIG, MODULES, README, MEMORY,
    }  # fmt: skip
    sizes = {path.name: path.stat().st_size for path in FOLDER.iterdir()}
    assert sum(sizes.values()) < 25_000_000
    assert sizes.pop(WEIGHTS) > 10 * sizes.pop(MEMORY)
    assert max(sizes.values()) < 100_000


def test_the_shipped_folder_is_described_by_its_own_card(tmp_path: Path) -> None:
    shutil.copy(FOLDER / CARD, tmp_path)
    describe(tmp_path)
    for name in (CONFIG, MODULES, README):
        wanted = (tmp_path / name).read_text()
        assert (FOLDER / name).read_text() == wanted, f"{name} is older than {CARD}"


def trained(folder: Path) -> Path:
    card: dict[str, object] = {
        "name": "mine | ours",
        "made": "2026-11-23",
        "recipe": {"rate": 0.0001, "shares": {"own": 0.5}},
        "epochs": [{"epoch": 1, "loss": 2.5}, {"epoch": 2, "loss": 1.25, "nDCG@10": 0.5}],
    }
    export.write(folder, MODEL_FILE.read_bytes(), card)
    return folder


def test_the_card_tells_what_the_run_told(tmp_path: Path) -> None:
    text = (trained(tmp_path / "mine") / README).read_text()
    assert text.startswith("---\nlibrary_name: sentence-transformers\n")
    for line in (
        "# mine | ours",
        "| name | mine \\| ours |",
        "| rate | 0.0001 |",
        "| shares: own | 0.5 |",
        "| epoch | loss | nDCG@10 |",
        "| 1 | 2.5 |  |",
        "| 2 | 1.25 | 0.5 |",
    ):
        assert f"\n{line}\n" in f"{text}\n", line


def test_a_trained_folder_is_used_by_its_name_without_torch(
    tmp_path: Path, encoder: EmbeddedEncoder
) -> None:
    folder = trained(tmp_path / "mine")
    code = (
        "import sys\n"
        "from PIL import Image\n"
        "from engine.features.factory import load_encoder\n"
        "from engine.settings import load_settings\n"
        "found = load_encoder(load_settings().encoder)\n"
        "found.encode_texts(['a']), found.encode_images([Image.new('RGB', (9, 9))])\n"
        "heavy = {'torch', 'sentence_transformers', 'engine.features.sentence_module'}\n"
        "print(found.fingerprint, sorted(heavy & set(sys.modules)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"ENGINE_ENCODER": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == f"{encoder.fingerprint} []"
    assert least_cosine(encoded(load(folder), TEXTS), encoder.encode_texts(TEXTS)) >= 0.99999


def test_a_folder_of_weights_alone_is_used_too(tmp_path: Path, encoder: EmbeddedEncoder) -> None:
    shutil.copy(MODEL_FILE, tmp_path)
    assert load_encoder(str(tmp_path)).fingerprint == encoder.fingerprint


def test_the_home_of_the_user_may_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: EmbeddedEncoder
) -> None:
    shutil.copytree(FOLDER, tmp_path / "mine")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_encoder("~/mine").fingerprint == encoder.fingerprint


@pytest.mark.parametrize("name", ["~nobody-here/mine", "x" * 5_000, "a\0b", ""])
def test_odd_names_are_refused(name: str) -> None:
    with pytest.raises(UnknownEncoder, match="no such folder"):
        load_encoder(name)


def test_damaged_weights_in_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "mine")
    (tmp_path / "mine" / WEIGHTS).write_bytes(b"not weights")
    with pytest.raises(UnknownEncoder, match="mine"):
        load_encoder(str(tmp_path / "mine"))


@pytest.mark.parametrize(
    "types", [["custom.Module"], [MODULE, "custom.Module"], ["custom.Module", MODULE]]
)
def test_the_engine_runs_no_code_of_a_folder(tmp_path: Path, types: list[str]) -> None:
    """With its own weights in it and its own class named, a folder is still no reason to trust."""
    folder, mark = tmp_path / "mine", tmp_path / "ran"
    shutil.copytree(FOLDER, folder)
    (folder / "custom.py").write_text(f"open({str(mark)!r}, 'w')\nclass Module: ...\n")
    listed = [
        {"idx": at, "name": str(at), "path": "", "type": kind} for at, kind in enumerate(types)
    ]
    (folder / MODULES).write_text(json.dumps(listed))
    with pytest.raises(UnknownEncoder, match="not part of Sentence"):
        load_encoder(str(folder))
    assert not mark.exists()


@pytest.mark.parametrize("listed", ["", "{", "7", '["x"]', "\udcff"])
def test_an_unreadable_list_of_modules_is_no_folder_of_ours(tmp_path: Path, listed: str) -> None:
    shutil.copytree(FOLDER, tmp_path / "mine")
    (tmp_path / "mine" / MODULES).write_bytes(listed.encode(errors="surrogateescape"))
    with pytest.raises(UnknownEncoder):
        load_encoder(str(tmp_path / "mine"))
