"""What `engine index` refuses is kept with its reason until it is taken, dropped or tried again."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.ingestion import refusals
from tests.commands import Commands
from tests.tiny_encoder import COLOURS


@pytest.fixture
def engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    (tmp_path / "pins").mkdir()
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path / "pins")
    for name in ("red", "blue"):
        Image.new("RGB", (20, 20), COLOURS[name]).save(f"{name}.png")
    return Commands(monkeypatch, capsys)


def write(*lines: dict[str, Any] | str) -> None:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    Path("pins.jsonl").write_text("".join(f"{text}\n" for text in texts))


def index(engine: Commands, status: int = 0) -> dict[str, int]:
    done = engine("index", "pins.jsonl", "--json")
    assert done.status == status, done.err
    counts: dict[str, int] = json.loads(done.out)
    return counts


def letters(engine: Commands) -> dict[str, dict[str, Any]]:
    found = json.loads(engine("dead", "list", "--json").out)["letters"]
    return {letter["key"]: letter for letter in found}


GOOD = {"id": "good", "image": "red.png"}
LATE = {"id": "late", "image": "late.png", "description": "comes later"}


def test_what_is_refused_can_be_listed_and_tried_again(
    engine: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(GOOD, "nonsense", LATE)
    assert index(engine, 1)["rejected"] == 2
    found = letters(engine)
    assert set(found) == {"pins.jsonl:2", "late"}
    late = found["late"]
    assert (late["stage"], late["error"], late["attempts"]) == ("take", "bad-image", 1)
    assert late["value"] == LATE
    assert "does not exist" in late["message"]
    assert found["pins.jsonl:2"]["stage"] == "read"
    shutil.copy("blue.png", "late.png")
    # From elsewhere too: the letter knows the folder of its file.
    monkeypatch.chdir(tmp_path)
    retried = engine("dead", "retry", "late", "--json")
    assert json.loads(retried.out) == {"added": 1}
    assert engine("get", "late").status == 0
    assert set(letters(engine)) == {"pins.jsonl:2"}


def test_a_letter_goes_when_its_file_is_mended_and_read_again(engine: Commands) -> None:
    write(GOOD, "nonsense", LATE)
    index(engine, 1)
    shutil.copy("blue.png", "late.png")
    write(GOOD, {"id": "was-nonsense", "image": "red.png"}, LATE)
    assert index(engine) == {
        "added": 2,
        "updated": 0,
        "unchanged": 1,
        "rejected": 0,
        "duplicates": 1,
    }
    assert letters(engine) == {}


def test_of_a_pin_that_comes_twice_the_later_counts(engine: Commands) -> None:
    write(GOOD, GOOD | {"image": "none.png"})
    index(engine, 1)
    assert set(letters(engine)) == {"good"}
    write(GOOD | {"image": "none.png"}, GOOD)
    index(engine, 1)
    assert letters(engine) == {}


def test_stopping_at_the_first_bad_pin_keeps_its_letter(engine: Commands) -> None:
    write(LATE, GOOD)
    assert engine("index", "pins.jsonl", "--strict").status == 1
    assert set(letters(engine)) == {"late"}


def test_a_file_of_nothing_but_faults_does_not_fill_the_disk(
    engine: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "MOST", 7)
    monkeypatch.setattr(refusals, "AT_ONCE", 3)
    write(*["nonsense"] * 20)
    assert index(engine, 1)["rejected"] == 20
    assert set(letters(engine)) == {f"pins.jsonl:{number}" for number in range(1, 8)}


def test_copies_are_counted_and_told(engine: Commands) -> None:
    write(GOOD, {"id": "copy", "image": "red.png"}, {"id": "other", "image": "blue.png"})
    assert index(engine)["duplicates"] == 1
    write({"id": "third", "image": "red.png"})
    assert "1 show what another pin shows" in engine("index", "pins.jsonl").out
    shown = json.loads(engine("get", "third", "--json").out)
    assert shown["duplicate_of"] == "good"
