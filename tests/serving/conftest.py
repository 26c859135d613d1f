"""A small collection of dresses and rooms behind a real app; the encoder sees colours."""

import base64
import io
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image, ImageChops
from starlette.testclient import TestClient

import engine.workspace
from engine.serving.app import create_app
from engine.settings import PeopleSettings, ServeSettings, load_settings
from engine.workspace import Workspace, open_workspace
from tests.tiny_encoder import COLOURS, TinyEncoder

BASE = "http://localhost"
PINS: tuple[dict[str, Any], ...] = (
    {
        "id": "dress-001",
        "colour": "red",
        "description": "Red summer dress with white dots",
        "board_title": "Summer dresses",
        "price": "39.90",
        "currency": "EUR",
        "attributes": {"kind": "dress", "colour": "red"},
    },
    {
        "id": "dress-010",
        "colour": "blue",
        "description": "Blue dress",
        "board_title": "Summer dresses",
        "price": "55",
        "attributes": {"kind": "dress", "colour": "blue"},
    },
    {"id": "gown-1", "colour": "red", "description": "Evening gown", "board_title": "Evening, red"},
    {"id": "gown-2", "colour": "pink", "board_title": "Evening, red"},
    {
        "id": "skirt-1",
        "colour": "red",
        "description": "Short red skirt",
        "board_title": "Skirts",
        "price": "20",
        "attributes": {"kind": "skirt"},
    },
    {"id": "room-1", "colour": "green", "description": "Green sofa", "board_title": "Living room"},
    {"id": "room-2", "colour": "brown", "description": "Oak table", "board_title": "Living room"},
    {"id": "plain-1", "colour": "yellow"},
)


def picture(colour: str, *, size: int = 24) -> bytes:
    """Return a PNG of one colour in light and shade, which fall otherwise for another size."""
    chance = random.Random(size)
    shade = Image.new("L", (9, 8))
    shade.putdata([chance.randint(215, 255) for _ in range(72)])
    plain = Image.new("RGB", (size, size), COLOURS[colour])
    shades = shade.resize(plain.size, Image.Resampling.NEAREST).convert("RGB")
    buffer = io.BytesIO()
    ImageChops.multiply(plain, shades).save(buffer, "PNG")
    return buffer.getvalue()


def inline(data: bytes) -> str:
    """Return image bytes as a data: URI."""
    return "data:image/png;base64," + base64.b64encode(data).decode()


def pin_body(pin: dict[str, Any], size: int = 24) -> dict[str, Any]:
    """Return what a client sends for one of PINS."""
    body = {key: value for key, value in pin.items() if key != "colour"}
    return body | {"image": inline(picture(pin["colour"], size=size))}


@pytest.fixture(scope="session", autouse=True)
def _colours_only() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.workspace, "load_encoder", lambda *_, **__: TinyEncoder())
        yield


@contextmanager
def client_of(workspace: Workspace, *, loud: bool = True, **changes: Any) -> Iterator[TestClient]:
    """Serve a workspace, with some of its settings changed."""
    # To make a collection takes a second, so tests of settings share one. Most are not about keys.
    usual = {"serve": ServeSettings(anonymous="admin"), "people": PeopleSettings(keep=True)}
    changes = usual | changes
    other = replace(workspace, settings=workspace.settings.model_copy(update=changes))
    app = create_app(other)
    with TestClient(app, base_url=BASE, raise_server_exceptions=loud) as client:
        yield client


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace that holds PINS, for tests that only read."""
    settings = load_settings(data=tmp_path_factory.mktemp("library"))
    with open_workspace(settings, create=True) as workspace:
        with client_of(workspace) as client:
            fill(client)
        yield workspace


@pytest.fixture(scope="session")
def reader(library: Workspace) -> Iterator[TestClient]:
    """A client of a collection that holds PINS, for tests that only read."""
    with client_of(library) as client:
        yield client


@pytest.fixture(scope="session")
def _desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    settings = load_settings(data=tmp_path_factory.mktemp("desk"))
    with open_workspace(settings, create=True) as workspace:
        yield workspace


@pytest.fixture
def desk(_desk: Workspace) -> Workspace:
    """An empty workspace, for tests that write."""
    collection = _desk.collection
    collection.delete([stored.pin.id for _, stored in collection.scroll(limit=1_000, blocked=True)])
    return _desk


@pytest.fixture
def empty(desk: Workspace) -> Iterator[TestClient]:
    """A client of an empty collection."""
    with client_of(desk) as client:
        yield client


@pytest.fixture
def client(empty: TestClient) -> TestClient:
    """A client of a collection that holds PINS, for tests that write."""
    fill(empty)
    return empty


def fill(client: TestClient) -> None:
    """Write PINS."""
    bodies = [pin_body(pin, 24 + number) for number, pin in enumerate(PINS)]
    answer = client.post("/v1/pins", json=bodies)
    assert answer.status_code == 200, answer.text
    assert {each["status"] for each in answer.json()["results"]} == {"added"}


def problem(response: Any, status: int, slug: str) -> dict[str, Any]:
    """Check that a response is that problem and return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"/problems/{slug}"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["instance"].startswith("/")
    assert "Traceback" not in response.text
    return body


def ids(response: Any) -> list[str]:
    """Return the ids of the hits of an answer."""
    assert response.status_code == 200, response.text
    return [hit["id"] for hit in response.json()["hits"]]
