"""A blocked pin is in no answer of any route, and its owner still gets it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.relevance.pool import read_pool
from engine.settings import load_settings
from engine.workspace import Workspace, open_workspace
from tests.serving.conftest import client_of, inline, picture, problem

SECRET = "zebrawood"
HIDDEN = {
    "id": "hidden-1",
    "image": inline(picture("red")),
    "description": f"Red {SECRET} dress with dots",
    "board_title": f"{SECRET} board",
    "merchant": f"{SECRET} shop",
    "link": "https://shop.example/hidden",
    "price": "39.90",
    "currency": "EUR",
    "attributes": {"kind": SECRET, "colour": "red"},
}
SHOWN: dict[str, Any] = {
    "id": "shown-1",
    "image": inline(picture("red", size=40)),
    "description": "Red dress",
    "board_title": "Dresses",
    "merchant": "Example Shop",
    "link": "https://shop.example/shown",
    "price": "20",
    "currency": "EUR",
    "attributes": {"kind": "dress", "colour": "red"},
}
OTHER = SHOWN | {"id": "other-1", "image": inline(picture("blue")), "description": "Blue dress"}
# They are asked for one pin by its id, and are its owner's.
OWNERS = {"/v1/pins/{id}", "/v1/pins/{id}/image"}
ABOUT_SHOWN = {"id": "shown-1", "title": "Dresses", "q": "red", "key": "attributes.kind"}
BODIES: dict[str, list[dict[str, Any]]] = {
    "/v1/search": [{"text": "red"}, {"image": SHOWN["image"]}, {"pin": "shown-1"}],
    "/v1/regions": [{"image": SHOWN["image"]}],
    "/v1/recognize": [{"image": SHOWN["image"]}, {"pin": "shown-1"}],
    "/v1/shop": [{"image": SHOWN["image"]}, {"text": "red dress"}],
    "/v1/feed": [{}, {"likes": ["shown-1"]}, {"likes": ["shown-1", "hidden-1"]}],
    "/v1/segments": [{}],
    "/v1/segments/audience": [{"text": "red dress", "people": {"ann": ["shown-1"]}}],
}
WRITES = {"/v1/pins", "/v1/feedback"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with open_workspace(load_settings(data=tmp_path_factory.mktemp("h")), create=True) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def client(house: Workspace) -> Iterator[TestClient]:
    with client_of(house) as made:
        answer = made.post("/v1/pins", json=[HIDDEN | {"blocked": True}, SHOWN, OTHER])
        assert {each["status"] for each in answer.json()["results"]} == {"added"}
        yield made


def asked(client: TestClient) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield a request for each route that reads, filled in with the pin that is shown."""
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        if path in OWNERS or not path.startswith("/v1/"):
            continue
        for method, operation in methods.items():
            if method == "get":
                values = {}
                place = path
                for each in operation.get("parameters", []):
                    name = each["name"]
                    if name not in ABOUT_SHOWN:
                        continue
                    if each["in"] == "path":
                        place = place.replace(f"{{{name}}}", ABOUT_SHOWN[name])
                    else:
                        values[name] = ABOUT_SHOWN[name]
                if "{" not in place:
                    yield "GET", place, {"params": values}
            if method == "post" and path not in WRITES:
                for body in BODIES.get(path, [{}]):
                    yield "POST", path, {"json": body}


def test_no_route_answers_with_it(client: TestClient) -> None:
    paths = set()
    for method, path, given in asked(client):
        answer = client.request(method, path, **given)
        assert answer.status_code < 500, (path, answer.text)
        text = answer.text
        if path == "/v1/feed" and "unknown" in answer.json():
            text = json.dumps(answer.json() | {"unknown": []})
        assert "hidden-1" not in text, path
        assert SECRET not in text, path
        if answer.is_success:
            paths.add(path)
    assert paths >= {"/v1/search", "/v1/boards", "/v1/boards/related", "/v1/pins/shown-1/related"}


def test_it_is_not_found_by_its_own_words_and_filters(client: TestClient) -> None:
    words = client.get("/v1/search", params={"q": SECRET}).json()
    assert words["corrections"] == {}
    assert "hidden-1" not in [hit["id"] for hit in words["hits"]]
    for chosen in (f"merchant={SECRET} shop", f"attributes.kind={SECRET}", f"board={SECRET} board"):
        found = client.get("/v1/search", params={"q": "red dress", "filter": chosen}).json()
        assert found["hits"] == [], chosen
    problem(
        client.get("/v1/boards/related", params={"title": f"{SECRET} board"}), 404, "unknown-board"
    )


def test_nothing_can_be_asked_with_it(client: TestClient) -> None:
    problem(client.get("/v1/pins/hidden-1/related"), 404, "unknown-pin")
    problem(client.get("/v1/search", params={"pin": "hidden-1"}), 404, "unknown-pin")


def test_its_owner_gets_it_with_the_flag(client: TestClient) -> None:
    kept = client.get("/v1/pins/hidden-1").json()
    assert kept["blocked"] is True
    assert kept["description"] == HIDDEN["description"]
    assert "withheld" not in kept
    assert client.get("/v1/pins/hidden-1/image").status_code == 200
    assert client.get("/v1/info").json()["pins"] == 3


def test_evaluation_does_not_see_it(client: TestClient, house: Workspace) -> None:
    assert set(read_pool(house.collection).ids) == {"shown-1", "other-1"}
    everything = [each for batch in house.collection.records(blocked=True) for each in batch]
    assert {each.pin.id for each in everything} == {"hidden-1", "shown-1", "other-1"}


def test_blocked_and_shown_again_it_is_gone_and_back(client: TestClient) -> None:
    def first() -> list[str]:
        hits = client.get("/v1/search", params={"q": "blue dress"}).json()["hits"]
        return [hit["id"] for hit in hits]

    assert first()[0] == "other-1"
    assert client.patch("/v1/pins/other-1", json={"blocked": True}).json()["blocked"] is True
    assert "other-1" not in first()
    assert client.patch("/v1/pins/other-1", json={"blocked": None}).status_code == 200
    assert first()[0] == "other-1"
