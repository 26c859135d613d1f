"""Pins that arrive get vectors for the things in their pictures, if their collection keeps them."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import engine.workspace
from engine.ingestion.arrivals import Arrival
from engine.pins import Pin
from engine.queries import Crop, Part, Query
from engine.retrieval.answers import answer_to_json
from engine.settings import RegionSettings, load_settings
from engine.store.plan import REGION_MARGIN
from engine.workspace import Workspace, open_workspace
from tests.tiny_encoder import COLOURS, TinyEncoder


def scene(*colours: str) -> Image.Image:
    """Return squares of some colours, side by side on white."""
    picture = Image.new("RGB", (240, 120), COLOURS["white"])
    pen = ImageDraw.Draw(picture)
    for number, colour in enumerate(colours):
        left = 20 + 110 * number
        pen.rectangle((left, 20, left + 80, 100), COLOURS[colour])
    return picture


def inline(picture: Image.Image) -> str:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def take(workspace: Workspace, *pins: Pin) -> list[str]:
    arrivals = [Arrival(pin, None, pin.id) for pin in pins]
    return [each.status for each in workspace.intake().run(arrivals)]


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.workspace, "load_encoder", lambda *_, **__: TinyEncoder())


def test_a_scene_is_found_by_a_thing_in_it(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path, regions=RegionSettings(keep=4))
    with open_workspace(settings, create=True) as workspace:
        pins = [
            Pin("both", inline(scene("red", "blue"))),
            Pin("greens", inline(scene("green", "green"))),
            Pin("pinks", inline(scene("pink", "pink"))),
        ]
        assert take(workspace, *pins) == ["added"] * 3
        kept = workspace.collection.get(["both"])["both"]
        assert 1 <= len(kept.region_boxes) <= 4
        for box, row in zip(kept.region_boxes, kept.region_vectors, strict=True):
            assert Crop.parse(box).width * Crop.parse(box).height < 0.8
            assert np.linalg.norm(row) == pytest.approx(1.0, abs=1e-5)
        stream = io.BytesIO()
        Image.new("RGB", (40, 40), COLOURS["blue"]).save(stream, "PNG")
        answer = workspace.search(Query((Part("image", stream.getvalue()),), explain=True))
        assert answer.hits[0].id == "both"
        # The explanation names the thing that matched, where one does better than the whole.
        why = answer.hits[0].why
        assert why is not None
        assert why.thing is not None
        blue = TinyEncoder().encode_texts(["blue"])[0]
        nearest = kept.region_boxes[int(np.argmax(kept.region_vectors @ blue))]
        assert why.thing.box == nearest
        assert why.thing.cosine == pytest.approx(why.cosine + REGION_MARGIN, abs=1e-5)
        told = answer_to_json(answer)["hits"][0]["why"]["image"]["region"]
        assert told["box"] == nearest
        assert set(told) == {"box", "label", "cosine"}
        # Words alone change no picture, and its things stay.
        words = Pin("both", inline(scene("red", "blue")), description="Two squares")
        assert take(workspace, words) == ["updated"]
        assert workspace.collection.get(["both"])["both"].region_boxes == kept.region_boxes
        assert workspace.info()["regions"] == 4


def test_by_default_none_are_kept(tmp_path: Path) -> None:
    with open_workspace(load_settings(data=tmp_path), create=True) as workspace:
        assert take(workspace, Pin("both", inline(scene("red", "blue")))) == ["added"]
        assert workspace.collection.get(["both"])["both"].region_boxes == ()
        assert workspace.collection.identity.regions == 0
        [hit] = workspace.search(Query((Part("text", "blue"),), explain=True)).hits
        assert hit.why is not None
        assert hit.why.thing is None
