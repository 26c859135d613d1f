"""CLIP and SigLIP models behind the encoder protocol, on tiny ones made here, without a network."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import BertConfig, BertModel

from engine.errors import BadVector, UnknownEncoder
from engine.features.encoder import Encoder, FloatArray
from engine.features.factory import load_encoder
from engine.features.sentence_encoder import SentenceTransformerEncoder
from tests.features.tiny_models import CONTEXT, KINDS, Kind, build, tiny_tokenizer

TEXTS = ["red", "a long green dress", "x", "blue t-shirt", "lamp of brass, 1920"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, Path]:
    return {kind: build(kind, tmp_path_factory.mktemp(kind)) for kind in KINDS}


@pytest.fixture(scope="module")
def loaded(folders: dict[Kind, Path]) -> dict[Kind, SentenceTransformerEncoder]:
    return {kind: SentenceTransformerEncoder.load(str(folders[kind])) for kind in KINDS}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def encoder(
    kind: Kind, loaded: dict[Kind, SentenceTransformerEncoder]
) -> SentenceTransformerEncoder:
    return loaded[kind]


def pictures(count: int = 5) -> list[Image.Image]:
    generator = np.random.default_rng(3)
    return [
        Image.fromarray(generator.integers(0, 256, (12 + 9 * n, 50 - 7 * n, 3), np.uint8))
        for n in range(count)
    ]


def assert_unit(rows: FloatArray, count: int, dimension: int) -> None:
    assert rows.shape == (count, dimension)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows.astype(np.float64), axis=1), 1, atol=1e-5)


def test_rows_are_unit_and_in_order(encoder: SentenceTransformerEncoder) -> None:
    assert encoder.dimension == 24
    images = pictures()
    for rows, again in (
        (encoder.encode_texts(TEXTS), encoder.encode_texts(TEXTS[::-1])),
        (encoder.encode_images(images), encoder.encode_images(images[::-1])),
    ):
        assert_unit(rows, 5, 24)
        assert np.allclose(rows, again[::-1], atol=1e-5)
        assert len(np.unique(rows.round(3), axis=0)) == 5
    assert_unit(encoder.encode_texts([]), 0, 24)
    assert_unit(encoder.encode_images([]), 0, 24)


def test_it_keeps_to_the_protocol(encoder: SentenceTransformerEncoder) -> None:
    kept: Encoder = encoder
    assert kept.fingerprint.endswith(":d24")


def test_a_word_is_known_if_it_is_one_token(encoder: SentenceTransformerEncoder) -> None:
    first: Any = encoder._model[0]
    tokens = first.tokenizer.tokenize(TEXTS[0])
    assert not encoder.knows_word(f"{TEXTS[0]} {TEXTS[0]}")
    assert encoder.knows_word(TEXTS[0]) == (len(tokens) == 1)


def test_a_vector_does_not_depend_on_its_batch(encoder: SentenceTransformerEncoder) -> None:
    together = encoder.encode_texts(TEXTS)
    alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    assert (together * alone).sum(axis=1).min() >= 0.99999
    many = encoder.encode_texts(TEXTS * 20)
    assert (many[-5:] * alone).sum(axis=1).min() >= 0.99999
    images = pictures()
    alone = np.concatenate([encoder.encode_images([image]) for image in images])
    assert (encoder.encode_images(images) * alone).sum(axis=1).min() >= 0.99999


def test_a_text_that_names_a_picture_is_a_text(
    kind: Kind, encoder: SentenceTransformerEncoder, folders: dict[Kind, Path], tmp_path: Path
) -> None:
    picture = tmp_path / "a.png"
    image = Image.new("RGB", (32, 32), "red")
    image.save(picture)
    row = encoder.encode_texts([str(picture)])
    assert_unit(row, 1, 24)
    assert np.allclose(row, model_text(kind, folders[kind], str(picture)), atol=1e-4)
    assert (row @ encoder.encode_images([image]).T).item() < 0.99


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:9/a.png",
        "https://localhost/x.jpg",
        "data:image/png;base64,iVBORw0KGgo=",
        "/etc/passwd.png",
        "a.mp4",
    ],
)
def test_a_text_that_looks_like_an_address_is_never_opened(
    encoder: SentenceTransformerEncoder, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*_: object, **__: object) -> None:
        raise AssertionError("something was opened")

    for target in ("socket.socket.connect", "PIL.Image.open", "builtins.open"):
        monkeypatch.setattr(target, opened)
    row = encoder.encode_texts([text])
    monkeypatch.undo()
    assert_unit(row, 1, 24)


def test_odd_texts(encoder: SentenceTransformerEncoder) -> None:
    texts = ["", " ", "x" * 5_000, "a " * 5_000, "猫😀é", "\ud800", "\0"]
    assert_unit(encoder.encode_texts(texts), len(texts), 24)


def test_what_is_over_the_context_is_cut(encoder: SentenceTransformerEncoder) -> None:
    start = "abcdefgh " * CONTEXT
    rows = encoder.encode_texts([start + "red", start + "blue"])
    assert (rows[0] @ rows[1]).item() >= 0.99999


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_odd_modes(encoder: SentenceTransformerEncoder, mode: str) -> None:
    image = Image.new("RGB", (40, 30), "gray").convert("L" if mode == "I;16" else mode)
    assert_unit(encoder.encode_images([image.convert(mode)]), 1, 24)


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (1, 3), (3, 50), (20_000, 1), (1, 20_000)])
def test_odd_sizes(encoder: SentenceTransformerEncoder, size: tuple[int, int]) -> None:
    flat = encoder.encode_images([Image.new("RGB", size, "red")])
    assert_unit(flat, 1, 24)
    # A flat colour is the same picture in every size: nothing took its rows for colour channels.
    square = encoder.encode_images([Image.new("RGB", (16, 16), "red")])
    if max(size) <= 3:
        assert (flat @ square.T).item() >= 0.999


def model_text(kind: Kind, folder: Path, text: str) -> FloatArray:
    """Embed one text by transformers alone: the model's own text features, made unit."""
    from transformers import AutoModel, AutoProcessor

    model = AutoModel.from_pretrained(folder)
    processor = AutoProcessor.from_pretrained(folder)  # type: ignore[no-untyped-call]
    tokens = processor.tokenizer(
        text,
        return_tensors="pt",
        truncation=True,
        max_length=CONTEXT,
        padding=True if kind == "clip" else "max_length",
    )
    with torch.no_grad():
        found = model.get_text_features(**tokens)
    row = getattr(found, "pooler_output", found).numpy()
    unit: FloatArray = row / np.linalg.norm(row)
    return unit


def test_texts_agree_with_the_model_itself(
    kind: Kind, encoder: SentenceTransformerEncoder, folders: dict[Kind, Path]
) -> None:
    for text in TEXTS:
        row = encoder.encode_texts([text])
        assert np.allclose(row, model_text(kind, folders[kind], text), atol=1e-4)


def test_fingerprints_follow_content_not_place(
    kind: Kind, encoder: SentenceTransformerEncoder, folders: dict[Kind, Path], tmp_path: Path
) -> None:
    copied = tmp_path / "elsewhere"
    shutil.copytree(folders[kind], copied)
    (copied / "NOTES.md").write_text("not a part of the model")
    encoder.encode_texts(TEXTS)
    copy = SentenceTransformerEncoder.load(str(copied))
    assert copy.fingerprint == encoder.fingerprint
    assert np.array_equal(copy.encode_texts(TEXTS), encoder.encode_texts(TEXTS))
    other = SentenceTransformerEncoder.load(str(build(kind, tmp_path / "other", seed=1)))
    assert other.fingerprint != encoder.fingerprint


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: rewrite(folder / "processor_config.json", "0.0039215", "0.0039216"),
        lambda folder: rewrite(folder / "tokenizer.json", '"a": 4', '"a": 5'),
    ],
)
def test_fingerprints_cover_the_preprocessing(
    loaded: dict[Kind, SentenceTransformerEncoder],
    folders: dict[Kind, Path],
    tmp_path: Path,
    change: Callable[[Path], None],
) -> None:
    copied = tmp_path / "changed"
    shutil.copytree(folders["clip"], copied)
    change(copied)
    changed = SentenceTransformerEncoder.load(str(copied))
    assert changed.fingerprint != loaded["clip"].fingerprint


def test_a_sentence_transformers_folder_is_the_same_model(
    loaded: dict[Kind, SentenceTransformerEncoder], folders: dict[Kind, Path], tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    SentenceTransformer(str(folders["clip"])).save(str(tmp_path / "st"), create_model_card=False)
    assert (tmp_path / "st" / "modules.json").exists()
    encoder = SentenceTransformerEncoder.load(str(tmp_path / "st"))
    wanted = loaded["clip"].encode_texts(TEXTS)
    assert np.allclose(encoder.encode_texts(TEXTS), wanted, atol=1e-6)
    assert encoder.fingerprint == loaded["clip"].fingerprint


def test_a_model_of_texts_alone_is_refused(tmp_path: Path) -> None:
    config = BertConfig(
        vocab_size=64,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
    )
    BertModel(config).save_pretrained(tmp_path)
    tiny_tokenizer("clip").save_pretrained(tmp_path)
    with pytest.raises(UnknownEncoder, match="does not embed both texts and pictures"):
        SentenceTransformerEncoder.load(str(tmp_path))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownEncoder, match="can't be loaded"):
        SentenceTransformerEncoder.load(str(tmp_path))


@pytest.mark.parametrize("name", ["./absent", "/absent/model", "", "a/b/c", "a b", "../x"])
def test_a_name_that_can_be_no_model_is_refused_at_once(name: str) -> None:
    with pytest.raises(UnknownEncoder, match="no such folder"):
        SentenceTransformerEncoder.load(name)


def test_an_unreachable_hub_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuse(_: object, name: str, **__: object) -> None:
        asked.append(name)
        raise ConnectionError("no route to the hub")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", refuse)
    with pytest.raises(UnknownEncoder, match=r"no route to the hub.*or use 'embedded'"):
        load_encoder("nobody-here/no-such-model")
    assert asked == ["nobody-here/no-such-model"]


def test_code_in_a_folder_is_never_run(tmp_path: Path, folders: dict[Kind, Path]) -> None:
    folder = tmp_path / "custom"
    shutil.copytree(folders["clip"], folder)
    mark = tmp_path / "ran"
    (folder / "custom.py").write_text(f"open({str(mark)!r}, 'w')\n")
    rewrite(
        folder / "config.json",
        '"model_type": "clip",',
        '"model_type": "unheard", "auto_map": {"AutoConfig": "custom.C", "AutoModel": "custom.M"},',
    )
    with pytest.raises(UnknownEncoder):
        SentenceTransformerEncoder.load(str(folder))
    assert not mark.exists()


def test_vectors_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    encoder = SentenceTransformerEncoder.load(str(build("clip", tmp_path)))
    with torch.no_grad():
        for parameter in encoder._model.parameters():
            parameter.fill_(float("nan"))
    with pytest.raises(BadVector):
        encoder.encode_texts(["red"])


def test_the_factory_takes_a_folder(kind: Kind, folders: dict[Kind, Path]) -> None:
    assert load_encoder(str(folders[kind])).dimension == 24


def test_nothing_loads_torch_before_a_model_is_asked_for() -> None:
    script = (
        "import sys, engine.features.factory, engine.features.sentence_encoder;"
        "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
