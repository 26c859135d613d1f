"""The board routes."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.serving.conftest import ids, problem


def test_boards_are_listed_by_size(reader: TestClient) -> None:
    boards = reader.get("/v1/boards").json()["boards"]
    assert boards[-1] == {"title": "Skirts", "pins": 1}
    assert {board["title"]: board["pins"] for board in boards} == {
        "Summer dresses": 2,
        "Evening, red": 2,
        "Living room": 2,
        "Skirts": 1,
    }
    assert len(reader.get("/v1/boards", params={"limit": 2}).json()["boards"]) == 2


def test_a_search_stays_on_its_board(reader: TestClient) -> None:
    asked = {"title": "Evening, red", "q": "red dress"}  # a title with a comma is one title
    assert set(ids(reader.get("/v1/boards/search", params=asked))) == {"gown-1", "gown-2"}
    asked["title"] = "Evening"
    assert ids(reader.get("/v1/boards/search", params=asked)) == []


def test_a_search_on_a_board_has_pages(reader: TestClient) -> None:
    asked: dict[str, Any] = {"title": "Living room", "q": "sofa", "limit": 1, "explain": "true"}
    first = reader.get("/v1/boards/search", params=asked)
    assert ids(first) == ["room-1"]
    assert "why" in first.json()["hits"][0]
    asked["cursor"] = first.json()["next"]
    assert ids(reader.get("/v1/boards/search", params=asked)) == ["room-2"]


def test_related_boards_come_with_their_pins(reader: TestClient) -> None:
    body = reader.get("/v1/boards/related", params={"title": "Skirts", "limit": 2}).json()
    titles = [board["title"] for board in body["boards"]]
    assert len(titles) == 2
    assert titles[0] == "Evening, red"
    assert "Skirts" not in titles
    for board in body["boards"]:
        assert {hit["pin"]["board_title"] for hit in board["hits"]} == {board["title"]}


@pytest.mark.parametrize(
    ("path", "asked", "status", "slug"),
    [
        ("", {"limit": 0}, 400, "bad-query"),
        ("", {"limit": 1_001}, 400, "bad-query"),
        ("", {"limit": "x"}, 422, "invalid-request"),
        ("/search", {"title": "Skirts"}, 422, "invalid-request"),
        ("/search", {"q": "red"}, 422, "invalid-request"),
        ("/search", {"title": "Skirts", "q": " "}, 400, "bad-query"),
        ("/search", {"title": " ", "q": "red"}, 400, "bad-filter"),
        ("/related", {}, 422, "invalid-request"),
        ("/related", {"title": "Nowhere"}, 404, "unknown-board"),
        ("/related", {"title": "Skirts", "limit": 101}, 400, "bad-query"),
    ],
)
def test_refusals(reader: TestClient, path: str, asked: Any, status: int, slug: str) -> None:
    problem(reader.get(f"/v1/boards{path}", params=asked), status, slug)
