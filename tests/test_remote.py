"""Commands on a collection that `engine serve` owns: through the owner, as if there were none."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

import engine.access
import engine.workspace
from engine.access import BATCH_BYTES, BATCH_PINS, Local, Remote, reach
from engine.errors import StoreUnreachable, UnknownPin
from engine.ingestion.arrivals import Arrivals
from engine.pins import MAX_ATTRIBUTE, MAX_ATTRIBUTES, MAX_FIELD, MAX_TEXT
from engine.settings import Settings, load_settings
from engine.store.ownership import owner_of
from engine.workspace import collection_folder
from tests.commands import Commands, Result
from tests.serving.process import served
from tests.tiny_encoder import COLOURS, TinyEncoder


@dataclass(frozen=True)
class Twins:
    """The same pins twice: in a folder that a server owns, and in one that nobody owns."""

    source: Path
    held: Path
    free: Path


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    folder = tmp_path_factory.mktemp("twins")
    source = folder / "source"
    source.mkdir()
    made = Twins(source, folder / "held", folder / "free")
    pins: list[dict[str, Any]] = []
    for number, (name, colour) in enumerate(COLOURS.items()):
        Image.new("RGB", (40, 30), colour).save(source / f"{name}.png")
        pin: dict[str, Any] = {"id": name, "image": f"{name}.png", "attributes": {"hue": name}}
        if number % 2 == 0:
            pin |= {"description": f"a {name} dress", "board_title": "Dresses", "price": "10.00"}
        pins.append(pin)
    (source / "pins.jsonl").write_text("".join(json.dumps(pin) + "\n" for pin in pins))
    halves = Image.new("RGB", (80, 40), COLOURS["blue"])
    halves.paste(COLOURS["red"], (0, 0, 40, 40))
    halves.save(source / "halves.png")
    (source / "page.jpg").write_text("<html>not a picture</html>")
    with pytest.MonkeyPatch.context() as patch, served(made.held):
        patch.setattr(engine.workspace, "load_encoder", lambda *_, **__: TinyEncoder())
        for data, kind in ((made.held, Remote), (made.free, Local)):
            with reach(load_settings(data=data), create=True) as access:
                assert isinstance(access, kind)
                outcomes = list(access.index(Arrivals(source / "pins.jsonl")))
                assert {each.status for each in outcomes} == {"added"}
        yield made


@pytest.fixture
def commands(
    twins: Twins, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """Commands on the collection that the server owns."""
    monkeypatch.setenv("ENGINE_DATA", str(twins.held))
    monkeypatch.chdir(twins.source)
    return Commands(monkeypatch, capsys)


@pytest.fixture
def settings(twins: Twins) -> Settings:
    return load_settings(data=twins.held)


def told(result: Result) -> tuple[int, str, str]:
    """Return what a command left, but for what rightly differs: times, and where pictures were."""
    out = re.sub(r'"took_ms": [0-9.e-]+', "", result.out)
    out = re.sub(r'"image": "[^"]+"', "", out)
    # Signed with the secret of each folder.
    out = re.sub(r'"next": "[^"]+"', '"next": ""', out)
    return result.status, out, re.sub(r"[0-9.]+ ms", "", result.err)


@pytest.mark.parametrize(
    "words",
    [
        ("search", "red dress", "--json"),
        ("search", "red dress", "--explain"),
        ("search", "--image", "halves.png", "--crop", "0,0,0.5,1", "--json"),
        ("search", "but blue", "--image", "halves.png", "--minus", "red", "--json", "--explain"),
        ("search", "--pin", "red", "--json"),
        ("search", "--pin", "red", "--crop", "0,0,0.5,0.5", "--json"),
        ("search", "dress", "--minus", "red", "--json"),
        ("search", "red", "--filter", "price=5..20", "--filter", "attributes.hue=red,blue"),
        ("search", "red", "--no-collapse", "--diversity", "0.4", "--json"),
        ("related", "red", "--json", "--explain"),
        ("related", "red", "--diversity", "0.4", "--json"),
        ("related", "red", "--filter", "has_text=no", "--limit", "2", "--json"),
        ("get", "red", "--json"),
        ("boards",),
        ("boards", "--limit", "1", "--json"),
    ],
)
def test_answers_are_the_local_ones(
    commands: Commands, twins: Twins, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    remote = commands(*words)
    assert remote.status == 0, remote.err
    monkeypatch.setenv("ENGINE_DATA", str(twins.free))
    assert told(commands(*words)) == told(remote)


@pytest.mark.parametrize("words", [("search", "red"), ("related", "red")])
def test_pages_are_the_local_ones(
    commands: Commands, twins: Twins, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    pages = []
    for data in (twins.held, twins.free):
        monkeypatch.setenv("ENGINE_DATA", str(data))
        first = json.loads(commands(*words, "--limit", "2", "--json").out)
        more = commands(*words, "--limit", "3", "--json", "--cursor", first["next"])
        assert more.status == 0, more.err
        pages.append([hit["id"] for each in (first, json.loads(more.out)) for hit in each["hits"]])
    assert pages[0] == pages[1]
    assert len({*pages[0]}) == 5


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (1, ("get", "nobody")),
        (1, ("related", "nobody")),
        (1, ("delete", "nobody")),
        (1, ("search", "--pin", "nobody")),
        (1, ("search", "--image", "page.jpg")),
        (1, ("search", "--image", "nothing.jpg")),
        (2, ("search", "  ")),
        (2, ("search", "--minus", "red")),
        (2, ("search", "red", "--limit", "201")),
        (2, ("search", "red", "--filter", "colour=red")),
        (2, ("search", "--pin", "red", "--crop", "0.5,0,0.6,1")),
        (2, ("related", "red", "--limit", "0")),
        (2, ("related", "red", "--cursor", "x")),
        (2, ("related", "red", "--diversity", "1.5")),
        (2, ("related", "red", "--filter", "price=9..1")),
        (2, ("get", "a/b")),
        (2, ("delete", "red", "..")),
        (2, ("boards", "--limit", "0")),
        (2, ("boards", "--limit", "1001")),
    ],
)
def test_errors_are_the_local_ones(
    commands: Commands,
    twins: Twins,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    words: tuple[str, ...],
) -> None:
    remote = commands(*words)
    assert remote.status == status, remote.err
    assert len(remote.err.splitlines()) == 1
    monkeypatch.setenv("ENGINE_DATA", str(twins.free))
    assert told(commands(*words)) == told(remote)


def test_the_owner_is_who_answers(commands: Commands, twins: Twins, settings: Settings) -> None:
    owner = owner_of(collection_folder(settings))
    assert owner is not None
    assert owner.address is not None
    facts = json.loads(commands("info", "--json").out)
    assert facts["pins"] == len(COLOURS)
    assert facts["data"] == str(twins.held.resolve())
    # The pictures of a search travel as well, for the sheet.
    assert commands("search", "red", "--sheet", str(twins.held / "sheet.png")).status == 0
    with Image.open(twins.held / "sheet.png") as sheet:
        colours = sheet.convert("RGB").getcolors(1 << 24) or []
    red = np.array(COLOURS["red"])
    near = [count for count, colour in colours if np.abs(np.array(colour) - red).sum() < 12]
    assert sum(near) > 10_000


def test_pins_go_in_and_away_through_the_owner(commands: Commands, tmp_path: Path) -> None:
    Image.new("RGB", (30, 30), "teal").save(tmp_path / "teal.png")
    lines = [
        {"id": "new-1", "image": "teal.png", "description": "teal curtain", "saves": 3},
        {"id": "new-2", "image": "nothing.png"},
        {"id": "new-3", "image": "teal.png", "board_title": "Curtains"},
    ]
    file = tmp_path / "pins.jsonl"
    texts = [json.dumps(line) for line in lines]
    file.write_text("\n".join([texts[0], "nonsense", *texts[1:]]) + "\n")

    done = commands("index", str(file), "--json")
    assert done.status == 1
    # Flat pictures have no hash, and to the encoder of colours teal is a green.
    counts = {"added": 2, "updated": 0, "unchanged": 0, "rejected": 2, "duplicates": 2}
    assert json.loads(done.out) == counts
    warned = done.err.replace("\n", "")
    assert f"{file}:2: not JSON" in warned
    assert f"{file}:3: image 'nothing.png' does not exist" in warned
    assert "saves (1)" in warned

    again = commands("index", str(file), "--json")
    assert json.loads(again.out) == counts | {"added": 0, "unchanged": 2, "duplicates": 0}
    found = json.loads(commands("search", "teal curtain", "--json", "--limit", "1").out)
    assert [hit["id"] for hit in found["hits"]] == ["new-1"]
    strict = commands("index", str(file), "--strict")
    assert strict.status == 1
    assert "stopped at the first bad pin" in strict.err

    assert commands("delete", "new-1", "new-3").status == 0
    assert commands("get", "new-1").status == 1
    assert json.loads(commands("info", "--json").out)["pins"] == len(COLOURS)


def test_the_picture_of_no_pin_is_an_error_and_a_lost_one_is_none(
    commands: Commands, settings: Settings, tmp_path: Path
) -> None:
    Image.new("RGB", (30, 30), "purple").save(tmp_path / "purple.png")
    (tmp_path / "pins.jsonl").write_text('{"id": "lost", "image": "purple.png"}\n')
    before = set(settings.data.rglob("*.jpg"))
    assert commands("index", str(tmp_path / "pins.jsonl")).status == 0
    [kept] = set(settings.data.rglob("*.jpg")) - before
    with reach(settings) as access:
        assert access.picture("lost") == kept.read_bytes()
        kept.unlink()
        assert access.picture("lost") is None
        with pytest.raises(UnknownPin, match="no pin 'nobody'"):
            access.picture("nobody")
        access.delete("lost")


def bodies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that the sizes of bodies are put into, as they are sent."""
    sizes: list[int] = []
    send = httpx.Client.send

    def measured(client: httpx.Client, request: httpx.Request, **given: Any) -> httpx.Response:
        sizes.append(len(request.read()))
        return send(client, request, **given)

    monkeypatch.setattr(httpx.Client, "send", measured)
    return sizes


def test_batches_stay_within_the_body_limit(
    commands: Commands, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many small pins with long texts, then pictures of which two fit into one request."""
    chance = np.random.default_rng(7)
    for number in range(5):
        noise = chance.integers(0, 256, (300, 300, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / f"large{number}.png")
    Image.new("RGB", (8, 8), "teal").save(tmp_path / "small.png")
    small = [
        {"id": f"s{number}", "image": "small.png", "description": "ü" * 9_000}
        for number in range(BATCH_PINS + 5)
    ]
    large = [{"id": f"l{number}", "image": f"large{number}.png"} for number in range(5)]
    file = tmp_path / "pins.jsonl"
    file.write_text("".join(json.dumps(pin) + "\n" for pin in [*small, *large]))
    sizes = bodies(monkeypatch)
    monkeypatch.setattr(engine.access, "BATCH_BYTES", 800_000)
    done = commands("index", str(file), "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out)["added"] == len(small) + len(large)
    assert 4 <= len(sizes) <= 6, sizes
    assert max(sizes) <= 800_000
    monkeypatch.setenv("ENGINE_SERVE__MAX_BODY_BYTES", "300000")
    refused = commands("index", str(file), "--json")
    assert refused.status == 1
    assert json.loads(refused.out) == {
        "added": 0,
        "updated": 0,
        "unchanged": len(small),
        "rejected": len(large),
        "duplicates": 0,
    }
    assert "ENGINE_SERVE__MAX_BODY_BYTES" in refused.err
    monkeypatch.delenv("ENGINE_SERVE__MAX_BODY_BYTES")
    assert commands("delete", *(pin["id"] for pin in [*small, *large])).status == 0


def test_the_largest_request_fits_into_a_body() -> None:
    """One picture as large as may be, or a full batch of smaller ones, each with all its words."""
    settings = Settings()
    picture = settings.images.max_bytes * 4 // 3 + 100
    fields = MAX_TEXT + 3 * MAX_FIELD + 2 * MAX_ATTRIBUTES * MAX_ATTRIBUTE + 1_000
    assert picture + 4 * fields <= settings.serve.max_body_bytes
    assert BATCH_BYTES + BATCH_PINS * 4 * fields <= settings.serve.max_body_bytes


def test_an_owner_that_takes_too_long_says_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> None:
        raise httpx.ReadTimeout("timed out")

    remote = Remote("http://127.0.0.1:1", load_settings())
    monkeypatch.setattr(httpx.Client, "request", slow)
    with pytest.raises(StoreUnreachable, match="over 120 s, the limit for one request"):
        remote.info()
    remote.close()
