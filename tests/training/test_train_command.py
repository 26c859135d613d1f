"""`engine train`: what it refuses, and a making from end to end that a kill only interrupts."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import zlib
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from PIL import Image
from rich.console import Console
from safetensors.torch import save_file

from engine.features.embedded import EmbeddedEncoder
from engine.training import heads, materials, tune
from engine.training.__main__ import read_anew
from engine.training.backbone import HEAD_WIDTH, Backbone, Block
from engine.training.finetune import Tuning
from engine.training.materials import PUBLIC_SETS
from engine.training.network import NetworkStage
from engine.training.options import MakeOptions, OtherRun, claim
from engine.training.progress import Log, Progress, Step
from engine.training.recipe import Recipe
from engine.training.run import make
from tests.commands import Commands

SHADES = {"red": (210, 30, 30), "blue": (30, 40, 200), "green": (20, 150, 50)}
RECIPE = Recipe(
    dimension=8, naming=3, hidden=16, image_side=64, train_side=32, caption_limit=40, text_steps=2,
    text_rows=8, head_steps=2, head_rows=16, network_minutes=0.02, network_rows=12,
    again_steps=1, again_views=(), bank_rows=12,
    reader_steps=2, reader_rows=8, reader_width=8, reader_heads=2,
)  # fmt: skip


class Teacher:
    """Gives each text a vector of its own, and knows a few words."""

    vocabulary = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "photo", "of", "class", *SHADES)

    def sentences(self, texts: Sequence[str]) -> np.ndarray:
        rows = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=24) for text in texts]
        return np.array([row / np.linalg.norm(row) for row in rows], np.float32)

    def tokens(self) -> np.ndarray:
        return self.sentences(self.vocabulary)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the shared one: every set, three classes each, and a backbone of noise."""
    folder = tmp_path_factory.mktemp("shared")
    for number, name in enumerate(PUBLIC_SETS):
        write_set(folder / "data" / name, name, number)
    texts = folder / "data" / "text"
    texts.mkdir()
    with gzip.open(texts / "captions.txt.gz", "wt") as file:
        file.write("a red photo\na blue photo\n")
    told = json.dumps({"red": ["a red thing"], "blue": ["a blue thing"]})
    (texts / "caltech_descriptions.json").write_text(told)
    for name in ("imagenet", "food", "sun"):
        (texts / f"{name}_descriptions.json.gz").write_bytes(gzip.compress(told.encode()))
    weights = folder / "weights"
    weights.mkdir()
    names = ["background", *(f"class {number}" for number in range(1000))]
    (weights / "imagenet_labels.txt").write_text("\n".join(names) + "\n")
    save_file(public_weights(), weights / "mobilenet_v2_imagenet.safetensors")
    return folder


def write_set(folder: Path, name: str, seed: int) -> None:
    (folder / "images").mkdir(parents=True)
    chance = np.random.default_rng(seed)
    pins, grades = [], []
    for number in range(36):
        shade = list(SHADES)[number % 3]
        # Coarse blocks, so that no picture looks like another.
        blocks = np.clip(SHADES[shade] + chance.integers(-90, 90, (4, 4, 3)), 0, 255)
        pixels = blocks.astype(np.uint8).repeat(16, 0).repeat(16, 1)
        identity = f"{name}-{number}"
        Image.fromarray(pixels).save(folder / "images" / f"{identity}.png")
        told = {"label": shade, "articleType": shade, "baseColour": shade.title()}
        pin = {"id": identity, "image": f"images/{identity}.png", "attributes": told}
        pins.append(pin | {"description": f"a {shade} photo", "captions": [f"{shade} photo"]})
        grades.append(f"q-{shade} 0 {identity} 1")
    (folder / "pins.jsonl").write_text("\n".join(map(json.dumps, pins)) + "\n")
    queries = [json.dumps({"id": f"q-{shade}", "text": shade}) for shade in SHADES]
    (folder / "queries.jsonl").write_text("\n".join(queries) + "\n")
    (folder / "qrels.txt").write_text("\n".join(grades) + "\n")


def public_weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    backbone = Backbone()
    layers = [("stem.conv", backbone.stem), ("head.conv", backbone.head)]
    for number, module in enumerate(backbone.blocks):
        block = cast(Block, module)
        parts = [part for part in (block.expand, block.depthwise, block.project) if part]
        layers += [(f"blocks.{number}.seq.{i}.conv", part) for i, part in enumerate(parts)]
    found = {"fc.weight": torch.randn(1001, HEAD_WIDTH) * 0.01, "fc.bias": torch.zeros(1001)}
    for name, layer in layers:
        found[f"{name}.weight"] = layer.weight.detach().contiguous()
        assert layer.bias is not None
        found[f"{name}.bias"] = layer.bias.detach()
    return found


@pytest.fixture
def options(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeOptions:
    monkeypatch.setattr(materials, "TextTeacher", Teacher)
    monkeypatch.setattr(heads, "_EVERY", 1)
    return MakeOptions(data, tmp_path / "target", tmp_path / "work", without=("clothing",))


def test_a_making_that_is_killed_goes_on_and_finishes(
    options: MakeOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = NetworkStage.save

    def killed(stage: NetworkStage, path: Path) -> None:
        save(stage, path)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(NetworkStage, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            make(options, RECIPE)
    assert not options.target.exists()
    (folder,) = (options.work / "runs").iterdir()
    saved = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.pt")}
    assert set(saved) == {"text.pt", "heads.pt", "network.pt"}

    weights = make(options, RECIPE)
    assert {n: (folder / n).stat().st_mtime_ns for n in ("text.pt", "heads.pt")} == {
        n: saved[n] for n in ("text.pt", "heads.pt")
    }
    encoder = EmbeddedEncoder.load(weights)
    assert encoder.dimension == 8
    assert encoder.fingerprint.startswith("embedded/2:")
    assert json.loads((options.target / "card.json").read_text())["stages"][-1] == "reader"
    assert np.isfinite(encoder.encode_texts(["red photo"])).all()
    assert {"encoder.safetensors", "memory.safetensors", "card.json", "README.md"} <= {
        path.name for path in options.target.iterdir()
    }

    card = json.loads((options.target / "card.json").read_text())
    assert set(card["data"]) == set(PUBLIC_SETS) - {"clothing"}
    assert card["data"]["caltech"]["licence"].endswith("CC BY 4.0")
    assert card["data"]["caltech"]["pins"] > 0
    assert card["left_out"] == {"sets": "clothing"}
    assert card["recipe"]["head_steps"] == RECIPE.head_steps
    assert card["cost"]["cores"] >= 1
    assert any("nDCG" in name for name in card["development"])
    assert "what_it_can_not_do" in card

    lines = Log(folder / "log.jsonl").read()
    assert [line["stage"] for line in lines].count("begun") == 2
    assert {"text", "heads", "network", "end"} <= {str(line["stage"]) for line in lines}
    losses = [line["losses"] for line in lines if line["stage"] == "network"]
    assert all(isinstance(loss, dict) and loss["match"] > 0 for loss in losses)
    figures = [line["figures"] for line in lines if "figures" in line]
    assert figures
    epochs = [line for line in lines if "epoch" in line]
    assert all({"figures", "losses", "seconds"} <= set(line) for line in epochs)


def test_a_reader_is_taught_anew_by_another_recipe_and_else_found(
    options: MakeOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = replace(RECIPE, reader_steps=0, network_minutes=0.001)
    plain = make(options, quick).parent
    readers = options.work / "readers"

    def read(steps: int) -> EmbeddedEncoder:
        recipe = replace(RECIPE, reader_steps=steps, shares=dict(RECIPE.shares))
        monkeypatch.setattr(MakeOptions, "recipe", lambda self: recipe)
        target = options.target.with_name(f"read {steps}")
        weights = read_anew(replace(options, target=target), plain)
        assert json.loads((target / "card.json").read_text())["recipe"]["reader_steps"] == steps
        return EmbeddedEncoder.load(weights)

    first = read(2)
    assert len(list(readers.iterdir())) == 1
    assert read(2).fingerprint == first.fingerprint
    assert len(list(readers.iterdir())) == 1
    assert read(3).fingerprint != first.fingerprint
    assert len(list(readers.iterdir())) == 2


def test_another_recipe_is_refused_and_other_arguments_have_their_own_folder(
    options: MakeOptions,
) -> None:
    first = options.claim(options.recipe(RECIPE))
    assert options.claim(options.recipe(RECIPE)) == first
    assert replace(options, target=Path("elsewhere")).claim(options.recipe(RECIPE)) == first
    other = replace(options, seed=8)
    assert other.claim(other.recipe(RECIPE)) != first
    with pytest.raises(OtherRun, match=r"other recipe\.head_steps.*remove that folder"):
        options.claim(options.recipe(replace(RECIPE, head_steps=3)))


def test_a_stamp_knows_what_it_was_begun_with(tmp_path: Path) -> None:
    folder = claim(tmp_path, {"a": 1}, {"b": {"c": (1, 2)}})
    assert claim(tmp_path, {"a": 1}, {"b": {"c": [1, 2]}}) == folder
    with pytest.raises(OtherRun, match=r"b\.c"):
        claim(tmp_path, {"a": 1}, {"b": {"c": [1, 3]}})


def test_a_line_of_a_stage_is_a_step() -> None:
    step = Step.read("heads again 51/200 loss 1.2345 12s")
    assert step == Step("heads again", 51, 200, {"loss": 1.2345})
    step = Step.read("network 1.50/60.00 step 31 match 0.250 classes 1.5e-3")
    assert step == Step("network", 1.5, 60, {"step": 31, "match": 0.25, "classes": 0.0015})
    assert Step.read("18535 pins train") is None
    assert Step.read("public: 26153 pictures") is None


def test_progress_is_plain_lines_or_a_bar_and_always_logged(tmp_path: Path) -> None:
    for watched in (False, True):
        log = Log(tmp_path / f"{watched}.jsonl")
        shown = io.StringIO()
        console = Console(file=shown, force_terminal=watched, width=120, _environ={"TERM": "xterm"})
        with Progress(log, console) as report:
            report("heads 1/2 loss 4.0 1s")
            report("[red] news")
            report("heads 2/2 loss 3.0 2s")
            report.figures("heads", {"fashion nDCG@10": 0.61234})
        assert "[red] news" in shown.getvalue()
        assert "fashion nDCG@10 0.612" in shown.getvalue()
        assert ("100%" in shown.getvalue()) is watched
        assert ("heads 2/2 loss 3.0 2s" in shown.getvalue()) is not watched
        lines = log.read()
        assert [line.get("losses") for line in lines] == [{"loss": 4.0}, {"loss": 3.0}, None]
        assert lines[2]["figures"] == {"fashion nDCG@10": 0.6123}


def test_a_log_adds_up_the_time_of_all_attempts(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl")
    lines = [{"stage": "a", "seconds": second} for second in (0, 30, 90, 0, 60)]
    log.path.write_text("\n".join(map(json.dumps, lines)) + '\n{"stage": "cut')
    assert log.minutes() == 2.5


@pytest.fixture
def commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Commands:
    monkeypatch.chdir(tmp_path)
    return Commands(monkeypatch, capsys)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say what to train from"),
        (("--from", "embedded"), "say what to train from"),
        (("--shared", ".", "--pins", "p.jsonl"), "say what to train from"),
        (("--from", "embedded", "--pins", ".", "--minutes", "3"), "belong to making"),
        (("--from", "nothing", "--pins", "."), r"holds no encoder.safetensors"),
        (("--from", "embedded", "--pins", "none.jsonl"), "does not exist"),
        (("--from", "embedded", "--pins", ".", "--extra", "x"), "--extra 'x' is unknown"),
        (("--from", "embedded", "--pins", "."), "0 pins can be used, 60 are needed"),
        (("--shared", "."), "data does not exist"),
        (("--shared", ".", "--without", "cars"), "--without 'cars' is no set"),
    ],
)
def test_what_is_refused(commands: Commands, words: tuple[str, ...], said: str) -> None:
    result = commands("train", "--target", "out", *words)
    assert result.status == 2
    assert said in " ".join(result.err.split())
    assert not Path("out").exists()


def test_a_missing_extra_is_named_with_its_remedy(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "engine.commands.train.find_spec", lambda name: None if name == "scipy" else find_spec(name)
    )
    result = commands("train", "--target", "out", "--from", "embedded", "--pins", ".")
    assert result.status == 1
    assert "pip install 'pin-engine[train]'" in result.err
    assert "scipy" in result.err


def test_tuning_by_command_tells_gain_and_guard(
    commands: Commands, monkeypatch: pytest.MonkeyPatch, samples: Path, tmp_path: Path
) -> None:
    lines = (samples / "pins.jsonl").read_text().splitlines()[80:180]
    (tmp_path / "images").mkdir()
    for line in lines:
        image = json.loads(line)["image"]
        (tmp_path / image).write_bytes((samples / image).read_bytes())
    (tmp_path / "mine.jsonl").write_text("\n".join(lines) + "\n")
    small = Tuning(steps=2, rows=8, memory_rows=8, mixes=(0.0, 1.0))
    monkeypatch.setattr(tune, "Tuning", lambda: small)
    result = commands("train", "--from", "embedded", "--pins", "mine.jsonl", "--target", "out")
    assert result.status == 0, result.err
    said = " ".join(result.out.split())
    assert "held-out pins, nDCG@10" in said
    assert "before" in said
    assert "first ten that" in said
    assert "stays" in said
    assert "within its noise" in " ".join(result.err.split())  # two steps teach nothing
    assert EmbeddedEncoder.load(Path("out/encoder.safetensors")).dimension > 0


def test_the_command_line_alone_loads_no_torch() -> None:
    code = "import sys, engine.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
