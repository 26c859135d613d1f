"""What the tests of the command share: a judged collection of coloured squares, indexed."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.commands import Commands
from tests.tiny_encoder import COLOURS

# Said in the words of a query, and of a pin.
HOSTILE = "<script>alert('red')</script> & $x_1$ red"


@pytest.fixture
def commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Commands:
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return Commands(monkeypatch, capsys)


@pytest.fixture
def judged(commands: Commands, tmp_path: Path) -> Path:
    """A folder with queries.jsonl and qrels.txt beside an indexed collection.

    Three pins a colour: one says it, one says something else, one says nothing.
    """
    pins: list[dict[str, Any]] = []
    grades = []
    for at, (colour, rgb) in enumerate(COLOURS.items()):
        for kind in ("told", "odd", "silent"):
            name = f"{colour}-{kind}"
            picture = Image.new("RGB", (48, 48), rgb)
            picture.putpixel((len(pins) % 48, at), (128, 128, 128))
            picture.save(tmp_path / f"{name}.png")
            pin: dict[str, Any] = {"id": name, "image": f"{name}.png"}
            if kind != "silent":
                said = f"a {colour} dress" if kind == "told" else HOSTILE
                pin |= {"description": said, "price": f"{at}.00"}
            pins.append(pin)
            grades.append(f"q-{colour} 0 {name} {2 if kind == 'told' else 1}")
    write_lines(tmp_path / "pins.jsonl", pins)
    queries: list[dict[str, Any]] = [
        {"id": f"q-{colour}", "text": f"{colour} dress"} for colour in COLOURS
    ]
    queries += [
        {"id": "q-pin", "pin": "red-told"},
        {"id": "q-mixed", "pin": "red-told", "text": "blue", "minus": "red"},
        {"id": "q-cheap", "text": "dress", "filter": {"price": "0..1"}},
        {"id": "q-hostile", "text": HOSTILE},
        {"id": "q-unjudged", "text": "a chair"},
    ]
    write_lines(tmp_path / "queries.jsonl", queries)
    grades += [
        "q-pin 0 red-told 2",
        "q-pin 0 red-silent 2",
        "q-mixed 0 blue-told 2",
        "q-cheap 0 red-told 1",
        "q-cheap 0 blue-told 1",
        "q-hostile 0 red-odd 1",
        "q-unjudged 0 not-here 1",
        "q-nobody-asks 0 red-told 1",
    ]
    (tmp_path / "qrels.txt").write_text("\n".join(grades) + "\n")
    assert commands("index", "pins.jsonl").status == 0
    return tmp_path


def write_lines(file: Path, values: list[dict[str, Any]]) -> None:
    """Write one JSON object a line."""
    file.write_text("".join(json.dumps(value) + "\n" for value in values))
