"""What the tests of the worker share: a server, drawn pins, a collection to take them."""

import base64
import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import engine.workspace
from engine.settings import Settings, load_settings
from engine.workspace import Workspace, open_workspace
from tests.ingestion.nats_server import NatsServer, nats_server
from tests.tiny_encoder import COLOURS, TinyEncoder


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with nats_server(tmp_path / "nats") as running:
        yield running


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Collections of this process are made with the tiny encoder."""
    monkeypatch.setattr(engine.workspace, "load_encoder", lambda *_, **__: TinyEncoder())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data")


@pytest.fixture
def workspace(settings: Settings, tiny: None) -> Iterator[Workspace]:
    with open_workspace(settings, create=True) as opened:
        yield opened


def drawn(number: int) -> dict[str, Any]:
    """Return a pin as JSON, with a small drawn picture inside that no other number has."""
    chance = random.Random(number)
    names = list(COLOURS)
    canvas = Image.new("RGB", (12, 12), COLOURS[chance.choice(names)])
    for _ in range(6):
        colour = tuple(chance.randrange(256) for _ in range(3))
        canvas.putpixel((chance.randrange(12), chance.randrange(12)), colour)
    pin: dict[str, Any] = {"id": f"pin-{number:05d}", "image": inline(canvas)}
    if number % 3:
        words = [chance.choice(names) for _ in range(3)]
        pin |= {"description": f"{' '.join(words)} thing {number}", "board_title": words[0]}
    if number % 5 == 0:
        pin |= {"price": f"{number}.50", "currency": "EUR", "attributes": {"n": str(number % 7)}}
    return pin


def inline(picture: Image.Image) -> str:
    """Return a picture as a data: URI."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
