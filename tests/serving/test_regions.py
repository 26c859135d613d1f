"""Regions over HTTP and on the command line."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

from engine.errors import BadSetting
from engine.queries import Crop
from engine.workspace import Workspace
from tests.commands import Commands
from tests.serving.conftest import client_of, inline, problem


def scene() -> bytes:
    picture = Image.new("RGB", (120, 90), (240, 238, 230))
    ImageDraw.Draw(picture).rectangle((20, 20, 60, 70), (210, 20, 30))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def test_a_box_can_be_sent_back_as_a_crop(reader: TestClient) -> None:
    image = inline(scene())
    found = reader.post("/v1/regions", json={"image": image, "limit": 3}).json()
    assert 1 <= len(found["regions"]) <= 3
    assert found["took_ms"] >= 0
    for each in found["regions"]:
        assert set(each) == {"box", "label", "score"}
        Crop.parse(each["box"])
    box = found["regions"][0]["box"]
    hits = reader.post("/v1/search", json={"image": image, "crop": box, "limit": 3})
    assert hits.status_code == 200
    again = reader.post("/v1/regions", json={"image": image, "crop": box, "vectors": True}).json()
    [own] = again["regions"]
    assert (own["box"], own["score"]) == (box, 1.0)
    assert sum(part**2 for part in own["vector"]) == pytest.approx(1.0, abs=1e-3)


def test_a_pin_is_looked_at(reader: TestClient) -> None:
    answer = reader.post("/v1/regions", json={"pin": "dress-001"})
    assert answer.status_code == 200
    assert len(answer.json()["regions"]) <= 10


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({}, 400, "bad-query"),
        ({"image": inline(b"no picture")}, 422, "bad-image"),
        ({"pin": "dress-001", "image": inline(scene())}, 400, "bad-query"),
        ({"pin": "dress-001", "limit": 0}, 400, "bad-query"),
        ({"pin": "dress-001", "limit": 51}, 400, "bad-query"),
        ({"pin": "dress-001", "crop": "0.5,0,0.6,1"}, 400, "bad-crop"),
        ({"pin": "nobody"}, 404, "unknown-pin"),
    ],
)
def test_what_is_wrong_is_said(
    reader: TestClient, body: dict[str, object], status: int, slug: str
) -> None:
    problem(reader.post("/v1/regions", json=body), status, slug)


@pytest.mark.parametrize("name", ["vocabulary", "detector"])
def test_a_service_does_not_start_with_a_file_that_is_none(library: Workspace, name: str) -> None:
    changes: dict[str, Any] = {name: Path("none")}
    with pytest.raises(BadSetting), client_of(library, **changes):
        pass


def test_the_command_needs_no_collection_for_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    (tmp_path / "scene.png").write_bytes(scene())
    run = Commands(monkeypatch, capsys)
    sheet = tmp_path / "drawn.png"
    result = run("regions", str(tmp_path / "scene.png"), "--json", "--sheet", str(sheet))
    assert result.status == 0, result.err
    regions = json.loads(result.out)["regions"]
    assert regions
    with Image.open(sheet) as drawn:
        assert drawn.size == (480, 360)
        assert len(drawn.convert("RGB").getcolors(1 << 20) or ()) > 3
    table = run("regions", str(tmp_path / "scene.png"), "--crop", "0.1,0.1,0.5,0.5")
    assert "0.1,0.1,0.5,0.5" in table.out
    assert run("regions").status == 2
    monkeypatch.setenv("ENGINE_VOCABULARY", str(tmp_path / "none.ini"))
    assert run("regions", str(tmp_path / "scene.png")).status == 2
    monkeypatch.delenv("ENGINE_VOCABULARY")
    assert run("regions", "--pin", "a-1").status == 1
    assert run("regions", str(tmp_path / "none.png")).status == 1
