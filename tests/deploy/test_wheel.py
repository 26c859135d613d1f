"""The package as its users get it: a wheel, installed beside its dependencies, with no network.

The dependencies come from wheels of what is installed here (`wheelhouse`), so that nothing is
downloaded; installing and running happen where there is no network to be had.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT, absent
from tests.deploy import wheelhouse

LARGEST = 30 * 2**20
FILES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE")

# Both ways to embed, from the installed package alone.
SCRIPT = """
import json, socket, sys
from pathlib import Path
import numpy as np
from PIL import Image
import engine
from engine.features.embedded import MODEL_FILE
from engine.features.factory import load_encoder

shirts = []
for shade in ((200, 20, 30), (25, 50, 190)):
    shirts.append(Image.new("RGB", (160, 160), "white"))
    shirts[-1].paste(shade, (35, 25, 125, 140))
words = ["red tshirt", "blue tshirt", "a bowl of soup"]
encoder = load_encoder()
texts, images = encoder.encode_texts(words), encoder.encode_images(shirts)
light = not {"torch", "transformers", "sentence_transformers", "onnx"} & set(sys.modules)

from sentence_transformers import SentenceTransformer

model = SentenceTransformer(str(MODEL_FILE.parent), trust_remote_code=True)
again = np.asarray(model.encode([*words, *shirts]))
both = np.concatenate([texts, images])
print(json.dumps({
    "package": str(Path(engine.__file__).parent),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "shapes": [texts.shape, images.shape],
    "lengths": np.linalg.norm(both, axis=1).tolist(),
    "scores": (images @ texts.T).tolist(),
    "light": light,
    "least_cosine": float((again * both).sum(axis=1).min()),
}))
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Return a folder that goes away at once: pytest would keep several gigabytes for later."""
    with tempfile.TemporaryDirectory(prefix="wheel-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def offline() -> list[str]:
    """Return the start of a command that sees no network."""
    for start in (["unshare", "-n"], ["unshare", "-rn"]):
        found = shutil.which("unshare") is not None
        if (
            found
            and subprocess.run([*start, "true"], capture_output=True, check=False).returncode == 0
        ):
            return start
    absent("a way to run without a network", "install util-linux and allow network namespaces")
    return []


@pytest.fixture(scope="module")
def wheel(place: Path) -> Path:
    """Return the wheel of the working tree, built from a copy of what makes it."""
    source, house = place / "source", place / "house"
    house.mkdir()
    shutil.copytree(ROOT / "engine", source / "engine", ignore=_bytecode)
    for name in FILES:
        shutil.copy(ROOT / name, source)
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(house), str(source))
    return next(house.glob("pin_engine-*.whl"))


@pytest.fixture(scope="module")
def report(place: Path, wheel: Path, offline: list[str]) -> dict[str, Any]:
    """Return what the installed package told of itself, where there is no network."""
    wheelhouse.fill(wheel.parent, _dependencies())
    venv = place / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = str(venv / "bin" / "python")
    # Bytecode of all of torch is not worth a minute here.
    _pip(
        *("--python", python, "install", "--no-compile"),
        *("--find-links", str(wheel.parent), str(wheel)),
        before=offline,
    )
    ran = subprocess.run(
        [*offline, python, "-I", "-W", "error::UserWarning", "-c", SCRIPT],
        cwd=place,
        env=_plain() | {"HOME": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    told["venv"] = str(venv)
    return told


def _bytecode(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__"]


def _plain() -> dict[str, str]:
    """Return the environment without what sends pip, or Python, elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON", "ENGINE_"))}
    return kept | {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _pip(*arguments: str, before: list[str] | None = None) -> None:
    if find_spec("pip") is None:
        absent("pip", "make the environment with `python -m venv`")
    start = [*(before or []), sys.executable, "-m", "pip"]
    ran = subprocess.run(
        [*start, *arguments, "--no-index", "--quiet"],
        env=_plain(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def _dependencies() -> list[str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        declared: list[str] = tomllib.load(file)["project"]["dependencies"]
    return declared


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel: Path) -> None:
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "engine").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    about = {name for name in inside if ".dist-info/" in name}
    assert inside - about == package
    weights = {"encoder.safetensors", "card.json", "modules.json", "README.md"}
    assert {f"engine/features/embedded_model/{name}" for name in weights} <= inside
    assert "engine/py.typed" in inside
    assert wheel.stat().st_size <= LARGEST


def test_the_wheel_brings_its_licences_and_names_its_dependencies(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        about = f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"
        for name in ("LICENSE", "NOTICE"):
            assert archive.read(f"{about}/licenses/{name}") == (ROOT / name).read_bytes()
        metadata = message_from_bytes(archive.read(f"{about}/METADATA"))
        commands = archive.read(f"{about}/entry_points.txt").decode()
    asked = {Requirement(line) for line in metadata.get_all("Requires-Dist", [])}
    assert {Requirement(line) for line in _dependencies()} == {
        requirement for requirement in asked if requirement.marker is None
    }
    assert "engine = engine.cli:main" in commands


def test_it_ran_installed_and_without_a_network(report: dict[str, Any]) -> None:
    assert report["package"].startswith(report["venv"])
    assert report["interfaces"] == ["lo"]


def test_it_embeds_texts_and_pictures(report: dict[str, Any]) -> None:
    assert report["shapes"] == [[3, 256], [2, 256]]
    assert report["lengths"] == pytest.approx([1.0] * 5, abs=1e-4)
    red, blue = report["scores"]
    # As a search ranks: for each colour's words, the picture of that colour comes first.
    assert red[0] > blue[0]
    assert blue[1] > red[1]
    assert report["light"]


def test_sentence_transformers_reads_the_installed_folder(report: dict[str, Any]) -> None:
    assert report["least_cosine"] >= 0.999


def test_the_command_is_there(report: dict[str, Any], offline: list[str]) -> None:
    command = Path(report["venv"]) / "bin" / "engine"
    ran = subprocess.run(
        [*offline, str(command), "--help"],
        env=_plain(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "search" in ran.stdout
