"""Labels come from a file that anyone may replace, and a file that is none is refused."""

from pathlib import Path

import numpy as np
import pytest

from engine.discovery.vocabulary import FACETS, SHIPPED, Labels, read_vocabulary
from engine.errors import BadSetting
from engine.features.factory import load_encoder
from tests.tiny_encoder import TinyEncoder


def written(folder: Path, text: str) -> Path:
    path = folder / "words.ini"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_one_has_every_facet_and_one_line_a_label() -> None:
    vocabulary = read_vocabulary()
    lines = [line for line in SHIPPED.read_text().splitlines() if line and line[0] not in "#["]
    assert [term.label for term in vocabulary.terms] == [line.split(":")[0] for line in lines]
    assert all(vocabulary.of(facet) for facet in FACETS)
    names = {term.label for term in vocabulary.of("kind")}
    assert {"jacket", "handbag", "shoes", "lamp", "chair"} <= names


def test_a_label_has_its_other_words_and_keeps_its_capitals(tmp_path: Path) -> None:
    path = written(tmp_path, "[kind]\n# clothes\nT-Shirt: tee , a  top\nhat\n[colour]\nred: red\n")
    vocabulary = read_vocabulary(path)
    assert [(term.facet, term.wordings) for term in vocabulary.terms] == [
        ("kind", ("T-Shirt", "tee", "a top")),
        ("kind", ("hat",)),
        ("colour", ("red",)),
    ]
    assert vocabulary.digest != read_vocabulary().digest


def test_a_row_is_the_direction_of_the_mean_of_the_wordings(tmp_path: Path) -> None:
    path = written(tmp_path, "[colour]\nwarm: red, yellow\nblue\n")
    encoder = TinyEncoder()
    labels = Labels.of(read_vocabulary(path), "colour", encoder)
    mean = encoder.encode_texts(["warm", "red", "yellow"]).mean(axis=0)
    assert labels.rows[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert labels.rows[1] == pytest.approx(encoder.encode_texts(["blue"])[0], abs=1e-6)
    assert Labels.of(read_vocabulary(path), "kind", encoder).rows.shape == (0, 8)


def test_the_shipped_encoder_tells_the_labels_apart() -> None:
    labels = Labels.of(read_vocabulary(), "kind", load_encoder())
    alike = labels.rows @ labels.rows.T
    np.fill_diagonal(alike, 0.0)
    assert np.linalg.norm(labels.rows, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert alike.max() < 0.995


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "0 labels"),
        ("red\n", "no INI file"),
        ("[kind]\nhat\nhat\n", "no INI file"),
        ("[mood]\nhappy\n", r"\[mood\]"),
        (f"[kind]\n{'x' * 121}\n", "over 120 characters"),
    ],
)
def test_what_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        read_vocabulary(written(tmp_path, text))


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="can't be read"):
        read_vocabulary(tmp_path / "none.ini")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\xff\xfe")
    with pytest.raises(BadSetting, match="no INI file"):
        read_vocabulary(tmp_path / "picture.png")
