"""What the tests of the command share: a judged collection of coloured squares, indexed once."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import engine.workspace
from engine.access import reach
from engine.ingestion.arrivals import Arrivals
from engine.settings import load_settings
from tests.commands import Commands
from tests.tiny_encoder import COLOURS, TinyEncoder

# Said in the words of a query, and of a pin.
HOSTILE = "<script>alert('red')</script> & $x_1$ red"
KINDS = ("told", "odd", "silent")


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with three pins a colour: one says it, one says something else, one nothing."""
    folder = tmp_path_factory.mktemp("judged")
    pins: list[dict[str, Any]] = []
    for at, (colour, rgb) in enumerate(COLOURS.items()):
        for kind in KINDS:
            name = f"{colour}-{kind}"
            picture = Image.new("RGB", (48, 48), rgb)
            picture.putpixel((len(pins), at), (128, 128, 128))
            picture.save(folder / f"{name}.png")
            pin: dict[str, Any] = {"id": name, "image": f"{name}.png"}
            if kind != "silent":
                said = f"a {colour} dress" if kind == "told" else HOSTILE
                pin |= {"description": said, "price": f"{at}.00"}
            pins.append(pin)
    write_lines(folder / "pins.jsonl", pins)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.workspace, "load_encoder", lambda *_, **__: TinyEncoder())
        with reach(load_settings(data=folder / "data"), create=True) as access:
            outcomes = list(access.index(Arrivals(folder / "pins.jsonl")))
    assert {each.status for each in outcomes} == {"added"}
    return folder / "data"


@pytest.fixture
def commands(
    indexed: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Commands:
    monkeypatch.setenv("ENGINE_DATA", str(indexed))
    monkeypatch.chdir(tmp_path)
    return Commands(monkeypatch, capsys)


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """A folder with queries.jsonl and qrels.txt of its own for each test."""
    grades = [
        f"q-{colour} 0 {colour}-{kind} {2 if kind == 'told' else 1}"
        for colour in COLOURS
        for kind in KINDS
    ]
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
    return tmp_path


def write_lines(file: Path, values: list[dict[str, Any]]) -> None:
    """Write one JSON object a line."""
    file.write_text("".join(json.dumps(value) + "\n" for value in values))
