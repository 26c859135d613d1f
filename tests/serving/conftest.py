"""A small collection of dresses and rooms behind a real app; the encoder sees colours."""

import base64
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

import engine.workspace
from engine.serving.app import create_app
from engine.settings import Settings, load_settings
from engine.workspace import open_workspace
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
Opener = Callable[..., AbstractContextManager[TestClient]]


def picture(colour: str, *, size: int = 24, kind: str = "PNG") -> bytes:
    """Return an image file of one colour, with a corner that tells two pictures of it apart."""
    image = Image.new("RGB", (size, size), COLOURS[colour])
    image.putpixel((size % 7, 0), (size, 0, 255 - size % 200))
    buffer = io.BytesIO()
    image.save(buffer, kind)
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
        patch.setattr(engine.workspace, "load_encoder", lambda _name: TinyEncoder())
        yield


@contextmanager
def opened(settings: Settings, *, base_url: str = BASE, loud: bool = True) -> Iterator[TestClient]:
    """Open a workspace and a client of its app, ready to serve."""
    with (
        open_workspace(settings, create=True) as workspace,
        TestClient(create_app(workspace), base_url=base_url, raise_server_exceptions=loud) as client,
    ):
        yield client


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[TestClient]:
    """A client of an empty collection."""
    with opened(load_settings(data=tmp_path / "data")) as client:
        yield client


@pytest.fixture
def client(empty: TestClient) -> TestClient:
    """A client of a collection that holds PINS, for tests that write."""
    fill(empty)
    return empty


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a collection that holds PINS, for tests that only read."""
    with opened(load_settings(data=tmp_path_factory.mktemp("reader"))) as client:
        fill(client)
        yield client


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
