"""What the documents say is so: links lead somewhere, commands exist, each bad input does that."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from PIL import Image

import engine.workspace
from engine import cli
from engine.access import reach
from engine.errors import EngineError
from engine.ingestion.arrivals import Arrivals
from engine.serving.problems import Problem
from engine.settings import load_settings
from engine.workspace import Workspace, open_workspace
from tests.bad_input_cases import CASES
from tests.commands import Commands
from tests.conftest import ROOT
from tests.serving.conftest import client_of, problem
from tests.tiny_encoder import COLOURS, TinyEncoder

DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|`|/bin/|\$ )engine ([a-z]+)", re.MULTILINE)
SCRIPT = re.compile(r"(?<![\w/])[\w./-]+\.(?:py|sh|yml|toml|txt)\b")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for link in LINK.findall(document.read_text()):
        if not re.match(r"[a-z]+:|#", link):
            target = (document.parent / link.partition("#")[0]).resolve()
            assert target.is_relative_to(ROOT), link
            assert target.exists(), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_exist(document: Path) -> None:
    known = {
        each.name or each.callback.__name__ for each in cli.app.registered_commands if each.callback
    }
    known |= {
        str(each.typer_instance.info.name)
        for each in cli.app.registered_groups
        if each.typer_instance is not None
    }
    named = set(COMMAND.findall(document.read_text()))
    assert named <= known
    assert named or document.name != "README.md"


def test_scripts_of_the_makefile_exist() -> None:
    named = SCRIPT.findall((ROOT / "Makefile").read_text())
    assert "data/samples/demo.py" in named
    for script in named:
        assert (ROOT / script).is_file(), script


@dataclass(frozen=True)
class Row:
    """A row of docs/errors.md; `exit` and `status` are None where there is no such way in."""

    what: str
    exit: int | None
    status: int | None
    starts: bool
    slug: str


def table() -> list[Row]:
    rows = []
    for line in (ROOT / "docs" / "errors.md").read_text().splitlines():
        if not line.startswith("| ") or line.startswith("| bad input"):
            continue
        what, code, status, slug = (cell.strip() for cell in line.strip("|").split("|"))
        rows.append(
            Row(
                what=what,
                exit=None if code == "–" else int(code),
                status=int(status) if status.isdecimal() else None,
                starts=status != "does not start",
                slug=slug.strip("`"),
            )
        )
    return rows


ROWS = table()
NAMES = [row.what for row in ROWS]


@dataclass(frozen=True)
class Shop:
    """A folder of files, a collection for commands, and one behind the service."""

    files: Path
    data: Path
    workspace: Workspace


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    files, data, served = (tmp_path_factory.mktemp(name) for name in ("files", "data", "served"))
    for name in ("red", "blue", "unkept"):
        Image.new("RGB", (40, 30), COLOURS.get(name, "teal")).save(files / f"{name}.png")
    pins = [{"id": name, "image": f"{name}.png"} for name in ("red", "blue", "unkept")]
    (files / "pins.jsonl").write_text("".join(json.dumps(pin) + "\n" for pin in pins))
    (files / "new.jsonl").write_text('{"id": "new", "image": "red.png"}\n')
    (files / "bad.jsonl").write_text(f'{{"id": "x", "image": "{"x" * 3_000}"}}\nnonsense\n')
    (files / "corrupt.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF then nothing")
    (files / "truncated.png").write_bytes((files / "red.png").read_bytes()[:60])
    (files / "page.jpg").write_text("<html>not a picture</html>")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.workspace, "load_encoder", lambda *_, **__: TinyEncoder())
        for place in (data, served):
            with reach(load_settings(data=place), create=True) as access:
                outcomes = list(access.index(Arrivals(files / "pins.jsonl")))
                assert {each.status for each in outcomes} == {"added"}
        with open_workspace(load_settings(data=served)) as workspace:
            key = workspace.collection.get(["unkept"])["unkept"].image_key
            assert key is not None
            assert workspace.images.delete(key)
            yield Shop(files, data, workspace)


@pytest.fixture
def commands(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    monkeypatch.setenv("ENGINE_DATA", str(shop.data))
    monkeypatch.chdir(shop.files)
    return Commands(monkeypatch, capsys)


def test_every_row_has_a_case() -> None:
    assert sorted(NAMES) == sorted(CASES)


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_each_row_on_the_command_line(
    row: Row, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: Any, **__: Any) -> None:
        pytest.fail("it started")

    monkeypatch.setattr(uvicorn.Server, "run", start)
    case = CASES[row.what]
    assert bool(case.commands) == (row.exit is not None)
    tried = [*case.commands] if row.starts else [*case.commands, ("serve", "--port", "0")]
    with ExitStack() as stack:
        case.prepare(monkeypatch, commands, stack)
        for words in tried:
            result = commands(*words)
            assert result.status == row.exit, (words, result.err)
            assert result.err.strip()
            assert "Traceback" not in result.err


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_each_row_over_http(
    row: Row, shop: Shop, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[row.what]
    assert bool(case.requests) == (row.status is not None)
    if row.status is None:
        return
    with client_of(shop.workspace, **case.settings) as client, ExitStack() as stack:
        case.prepare(monkeypatch, commands, stack)
        for method, path, given in case.requests:
            problem(client.request(method, path, **given), row.status, row.slug)


def family(root: type[EngineError]) -> Iterator[type[EngineError]]:
    yield root
    for child in root.__subclasses__():
        yield from family(child)


CLASSES = {kind.slug: kind for kind in family(EngineError)}
# Typed as an argument it is bad usage; in a file or a body it is a bad pin.
TYPED = "an id that can't be one (`a/b`, `..`)"


@pytest.mark.parametrize("row", [row for row in ROWS if row.slug in CLASSES], ids=lambda r: r.what)
def test_each_row_says_what_its_class_means(
    row: Row, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = CLASSES[row.slug]("what, limit, remedy")
    if row.status is not None:
        assert (Problem.of(error).status, Problem.of(error).slug) == (row.status, row.slug)

    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    result = commands()
    assert result.err == "engine: what, limit, remedy\n"
    if row.exit is not None and row.what != TYPED:
        assert result.status == row.exit


def test_every_class_has_a_row() -> None:
    """But for those that name a family, and what no input leads to."""
    inside = {"engine-error", "bad-request", "store-error", "bad-vector"}
    # No pin or query leads to these; the tests of `engine train` do.
    training = {"other-run", "too-few-pins"}
    # These come with what is left as it was, and right so: "unchanged", and the reason.
    unchanged = {"stale-version", "taken-down"}
    told = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert all(f"`{slug}`" in told for slug in training)
    assert set(CLASSES) - inside - training - unchanged <= {row.slug for row in ROWS}
