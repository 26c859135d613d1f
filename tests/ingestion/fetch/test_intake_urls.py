"""Pins whose pictures are elsewhere, taken into a collection."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine.workspace
from engine.errors import HostUnavailable, ImageTooLarge, UnfetchableImage
from engine.ingestion.arrivals import Arrivals
from engine.settings import load_settings
from engine.workspace import Workspace, open_workspace
from tests.ingestion.fetch.conftest import hang, says, to
from tests.ingestion.fetch.odd_host import OddHost, png
from tests.ingestion.fetch.test_fetch_again import cut_short
from tests.tiny_encoder import TinyEncoder


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setattr(engine.workspace, "load_encoder", lambda *_, **__: TinyEncoder())
    for name, value in (
        ("ALLOW", "127.0.0.1"),
        ("PORTS", "any"),
        ("ATTEMPTS", "1"),
        ("TIMEOUT_S", "0.5"),
        ("PER_HOST", "2"),
    ):
        monkeypatch.setenv(f"ENGINE_FETCH__{name}", value)
    monkeypatch.setenv("ENGINE_IMAGES__MAX_BYTES", "50000")
    with open_workspace(load_settings(data=tmp_path / "data"), create=True) as opened:
        yield opened


def taken(workspace: Workspace, folder: Path, pins: dict[str, str]) -> dict[str | None, object]:
    lines = [json.dumps({"id": name, "image": image}) for name, image in pins.items()]
    (folder / "pins.jsonl").write_text("\n".join(lines))
    outcomes = workspace.intake().run(Arrivals(folder / "pins.jsonl"))
    return {each.pin_id: type(each.error) if each.error else each.status for each in outcomes}


def test_good_pins_go_in_beside_bad_hosts(
    workspace: Workspace, host: OddHost, tmp_path: Path
) -> None:
    host.answers |= {
        "/page": says(b"<html>"),
        "/empty": says(b""),
        "/gone": says(b"", 404),
        "/busy": says(b"", 503),
        "/large": says(b"\x89PNG\r\n\x1a\n" + b"\0" * 60_000),
        "/inside": to("http://10.0.0.1/"),
        "/cut": cut_short,
        "/slow": hang,
    } | {f"/{number}.png": says(png(size=8 + number)) for number in range(60)}
    here = f"http://127.0.0.1:{host.port}"
    bad = {path: f"{here}/{path}" for path in ("page", "empty", "gone", "busy", "large", "inside")}
    bad |= {"cut": f"{here}/cut", "slow": f"{here}/slow", "private": "http://192.168.1.1/a.png"}
    good = {f"good{number}": f"{here}/{number}.png" for number in range(60)}
    (tmp_path / "file.png").write_bytes(png("blue"))
    outcomes = taken(workspace, tmp_path, bad | good | {"file": "file.png"})
    assert {name: outcomes.pop(name) for name in bad} == {
        "page": UnfetchableImage,
        "empty": UnfetchableImage,
        "gone": UnfetchableImage,
        "busy": HostUnavailable,
        "large": ImageTooLarge,
        "inside": UnfetchableImage,
        "cut": HostUnavailable,
        "slow": HostUnavailable,
        "private": UnfetchableImage,
    }
    assert set(outcomes) == {*good, "file"}
    assert set(outcomes.values()) == {"added"}
    assert workspace.collection.count() == 61
    assert workspace.collection.get(["good7"])["good7"].pin.image == f"{here}/7.png"
    assert host.most_at_once <= 2


def test_what_did_not_change_is_not_encoded_again(
    workspace: Workspace, host: OddHost, tmp_path: Path
) -> None:
    host.answers |= {"/a.png": says(png()), "/moved.png": says(png())}
    here = f"http://127.0.0.1:{host.port}"
    assert taken(workspace, tmp_path, {"a": f"{here}/a.png"}) == {"a": "added"}
    assert taken(workspace, tmp_path, {"a": f"{here}/moved.png"}) == {"a": "unchanged"}
    assert host.paths() == ["/a.png", "/moved.png"]
    encoder = workspace.encoder
    assert isinstance(encoder, TinyEncoder)
    assert encoder.images_seen == 1
