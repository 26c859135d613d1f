"""The commands as one types them: their answers, their JSON, their exit status."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine import cli
from tests.commands import Commands
from tests.tiny_encoder import COLOURS


@pytest.fixture
def commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Commands:
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return Commands(monkeypatch, capsys)


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    lines: list[dict[str, Any]] = []
    for number, colour in enumerate(COLOURS):
        Image.new("RGB", (40, 30), COLOURS[colour]).save(tmp_path / f"{colour}.png")
        pin: dict[str, Any] = {"id": colour, "image": f"{colour}.png"}
        if number % 2 == 0:
            pin |= {"description": f"a {colour} dress", "board_title": "Dresses", "price": "10.00"}
        lines.append(pin)
    file = tmp_path / "pins.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def test_index_search_related_get_delete(commands: Commands, pins: Path) -> None:
    done = commands("index", str(pins), "--json")
    assert done.status == 0
    assert json.loads(done.out) == {
        "added": 8,
        "updated": 0,
        "unchanged": 0,
        "rejected": 0,
        "duplicates": 0,
    }
    again = commands("index", str(pins))
    assert again.out.strip().startswith("0 added, 0 updated, 8 unchanged")

    found = json.loads(commands("search", "red dress", "--json", "--limit", "3").out)
    assert found["hits"][0]["id"] == "red"
    assert "why" not in found["hits"][0]
    assert len(found["hits"]) == 3
    rest = commands("search", "red dress", "--json", "--limit", "3", "--cursor", found["next"])
    assert {hit["id"] for hit in json.loads(rest.out)["hits"]}.isdisjoint(
        hit["id"] for hit in found["hits"]
    )

    table = commands("search", "red dress", "--explain")
    assert "red" in table.out
    assert "found by text and image" in table.out
    assert "8 pins in" in table.err

    near = json.loads(commands("related", "red", "--json", "--explain").out)
    assert "red" not in {hit["id"] for hit in near["hits"]}
    assert "why" in near["hits"][0]

    assert json.loads(commands("get", "red", "--json").out)["description"] == "a red dress"
    assert json.loads(commands("info", "--json").out)["pins"] == 8
    assert "Dresses" in commands("boards").out
    images = Path("data/collections/pins/images")
    before = len(list(images.rglob("*.jpg")))
    assert commands("delete", "red").status == 0
    assert commands("get", "red").status == 1
    assert len(list(images.rglob("*.jpg"))) == before - 1


def test_pictures_crops_and_minus(commands: Commands, pins: Path) -> None:
    assert commands("index", str(pins)).status == 0
    halves = Image.new("RGB", (80, 40), COLOURS["blue"])
    halves.paste(COLOURS["red"], (0, 0, 40, 40))
    halves.save("halves.png")
    search = ("search", "--image", "halves.png", "--json", "--limit", "1")
    left = commands(*search, "--crop", "0,0,0.5,1")
    assert json.loads(left.out)["hits"][0]["id"] == "red"
    right = commands(*search, "--crop", "0.5,0,0.5,1")
    assert json.loads(right.out)["hits"][0]["id"] == "blue"

    def scores(*words: str) -> dict[str, float]:
        asked = ("search", "--image", "halves.png", "--crop", "0,0,0.5,1", "--json", *words)
        return {hit["id"]: hit["score"] for hit in json.loads(commands(*asked).out)["hits"]}

    plain, mixed, less = scores(), scores("but blue"), scores("but blue", "--minus", "pink")
    assert list(mixed).index("blue") < list(plain).index("blue")
    assert less["pink"] < mixed["pink"]


def test_copies_stand_behind_one_hit_unless_they_are_asked_for(
    commands: Commands, pins: Path
) -> None:
    again = [json.loads(line) | {"id": "again"} for line in pins.read_text().splitlines()[:1]]
    pins.write_text(pins.read_text() + json.dumps(again[0]) + "\n")
    assert "1 show what another pin shows" in commands("index", str(pins)).out
    search = ("search", "red dress", "--limit", "20", "--json")
    hits = json.loads(commands(*search).out)["hits"]
    [one] = [hit for hit in hits if "duplicates" in hit]
    assert {one["id"], *one["duplicates"]["ids"]} == {"red", "again"}
    assert len(hits) == 8
    assert len(json.loads(commands(*search, "--no-collapse").out)["hits"]) == 9
    said = " ".join(commands("search", "red dress").out.split())  # a narrow terminal breaks lines
    assert "(and 1 with nearly this picture)" in said


def test_answers_may_be_varied(commands: Commands, pins: Path) -> None:
    commands("index", str(pins))
    for words in (("search", "red dress"), ("related", "red")):
        plain = json.loads(commands(*words, "--json").out)["hits"]
        varied = json.loads(commands(*words, "--json", "--diversity", "0.8").out)["hits"]
        assert {hit["id"] for hit in plain} == {hit["id"] for hit in varied}
        ranks = [hit["rank_score"] for hit in varied]
        assert ranks == sorted(ranks, reverse=True)
        assert not any("rank_score" in hit for hit in plain)
        assert commands(*words, "--diversity", "2").status == 2


def test_a_sheet_shows_the_pictures(commands: Commands, pins: Path) -> None:
    commands("index", str(pins))
    assert commands("search", "red", "--sheet", "sheet.png").status == 0
    with Image.open("sheet.png") as sheet:
        colours = sheet.convert("RGB").getcolors(1 << 24)
    assert colours is not None
    red = np.array(COLOURS["red"])
    near = [count for count, colour in colours if np.abs(np.array(colour) - red).sum() < 12]
    assert sum(near) > 10_000


def test_bad_lines_are_named_counted_and_end_with_1(commands: Commands, pins: Path) -> None:
    text = pins.read_text().splitlines()
    pins.write_text("\n".join([text[0], "nonsense", '{"id": "x"}', text[1]]) + "\n")
    done = commands("index", str(pins))
    assert done.status == 1
    assert "2 added" in done.out
    assert "2 rejected" in done.out
    assert f"{pins}:2: not JSON" in done.err.replace("\n", "")
    strict = commands("index", str(pins), "--strict")
    assert strict.status == 1
    assert "stopped at the first bad pin" in strict.err


def test_unknown_keys_get_one_warning(commands: Commands, pins: Path) -> None:
    line = json.loads(pins.read_text().splitlines()[0]) | {"saves": 3}
    pins.write_text(json.dumps(line) + "\n")
    assert "ignored unknown keys: saves (1)" in commands("index", str(pins)).err
    assert commands("index", str(pins), "--extra", "keep").status == 0
    assert json.loads(commands("get", line["id"], "--json").out)["attributes"] == {"saves": "3"}


def test_json_is_one_document_on_stdout_and_nothing_else(commands: Commands, pins: Path) -> None:
    commands("index", str(pins))
    for words in (
        ("search", "red", "--json"),
        ("search", "red", "--json", "--explain"),
        ("related", "red", "--json"),
        ("get", "red", "--json"),
        ("boards", "--json"),
        ("info", "--json"),
        ("doctor", "--json"),
    ):
        result = commands(*words)
        assert result.out.count("\n") == 1, words
        assert isinstance(json.loads(result.out), dict)


def test_every_command_has_help_and_stands_in_the_readme() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    for command in cli.app.registered_commands:
        assert command.callback is not None
        assert command.callback.__doc__
        name = command.name or command.callback.__name__
        assert f"engine {name}" in readme, name


def test_no_command_is_bad_usage(commands: Commands) -> None:
    assert commands().status == 2
    assert commands("nonsense").status == 2
    assert commands("search", "red", "--limit", "many").status == 2


def test_searching_with_the_embedded_encoder_never_loads_torch(tmp_path: Path) -> None:
    """In a fresh interpreter, with everything that a search imports."""
    import subprocess

    code = (
        "import sys, engine.cli, engine.workspace\n"
        "from engine.features.factory import load_encoder\n"
        "load_encoder('embedded').encode_texts(['red dress'])\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'qdrant_client', 'fastapi'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "[]"
