"""A detector's folder made here, of a few hundred weights, is read, run, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import BadSetting
from engine.features.detector import FolderDetector

LABELS = {0: "lamp", 1: "chair"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import YolosConfig, YolosForObjectDetection

    place = tmp_path_factory.mktemp("yolos")
    torch.manual_seed(3)
    config = YolosConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=[64, 64],
        patch_size=16,
        num_detection_tokens=5,
        id2label=LABELS,
        label2id={name: number for number, name in LABELS.items()},
    )
    YolosForObjectDetection(config).save_pretrained(place, safe_serialization=True)
    processor = {
        "image_processor_type": "YolosImageProcessor",
        "do_resize": True,
        "size": {"shortest_edge": 64, "longest_edge": 128},
        "do_normalize": True,
        "do_rescale": True,
        "do_pad": True,
    }
    (place / "preprocessor_config.json").write_text(json.dumps(processor))
    return place


def photo(width: int = 96, height: int = 64) -> Image.Image:
    values = np.random.default_rng(2).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def test_boxes_are_those_of_the_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import YolosForObjectDetection

    monkeypatch.setattr("engine.features.detector.LEAST", 0.0)
    detector = FolderDetector.load(folder)
    found = detector(photo())
    assert found
    assert all(each.label in LABELS.values() for each in found)
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    # The same by hand: centre and size in fractions, the best class but "nothing".
    model: Any = YolosForObjectDetection.from_pretrained(folder)
    model.eval()
    inputs = detector._processor(images=photo(), return_tensors="pt")
    with torch.inference_mode():
        said = model(**inputs)
    odds = said.logits[0].softmax(-1)[:, :-1].max(-1)
    best = int(odds.values.argmax())
    x, y, wide, high = said.pred_boxes[0, best].tolist()
    assert found[0].score == pytest.approx(float(odds.values[best]), abs=1e-4)
    assert found[0].label == LABELS[int(odds.indices[best])]
    left, top = max(x - wide / 2, 0), max(y - high / 2, 0)
    assert (found[0].box.x, found[0].box.y) == pytest.approx((left, top), abs=1e-3)
    right, bottom = min(x + wide / 2, 1), min(y + high / 2, 1)
    assert found[0].box.x + found[0].box.width == pytest.approx(right, abs=1e-3)
    assert found[0].box.y + found[0].box.height == pytest.approx(bottom, abs=1e-3)


def test_what_is_hardly_sure_and_what_is_no_picture_gives_no_box(folder: Path) -> None:
    detector = FolderDetector.load(folder)
    assert all(each.score >= 0.3 for each in detector(photo()))
    assert detector(photo(400, 4)) == []


def test_a_folder_that_holds_none_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"no config\.json"):
        FolderDetector.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(BadSetting, match="can't be loaded"):
        FolderDetector.load(tmp_path)


def test_pickled_weights_and_code_of_a_model_are_never_run(folder: Path, tmp_path: Path) -> None:
    for name in ("config.json", "preprocessor_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(BadSetting, match="safetensors"):
        FolderDetector.load(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "theirs"
    config["auto_map"] = {"AutoConfig": "code.C", "AutoModelForObjectDetection": "code.M"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "code.py").write_text("open('ran', 'w').close()\n")
    with pytest.raises(BadSetting, match="can't be loaded"):
        FolderDetector.load(tmp_path)
    assert not Path("ran").exists()
