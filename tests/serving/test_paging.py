"""Pages over HTTP: no pin twice and none left out, whatever is written between them."""

from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from engine.errors import BadSetting
from engine.settings import ServeSettings, load_settings
from engine.workspace import Workspace
from tests.serving.conftest import (
    PINS,
    client_of,
    fill,
    ids,
    inline,
    picture,
    pin_body,
    problem,
)

WORDS = {"q": "red dress", "collapse": "false"}


def page(client: TestClient, path: str, cursor: str | None, **asked: Any) -> dict[str, Any]:
    answer = client.get(path, params=asked | ({"cursor": cursor} if cursor else {}))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def rest(client: TestClient, path: str, cursor: str | None, **asked: Any) -> list[str]:
    found: list[str] = []
    while cursor is not None:
        body = page(client, path, cursor, **asked)
        found += [hit["id"] for hit in body["hits"]]
        cursor = body["next"]
    return found


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/search", WORDS),
        ("/v1/search", WORDS | {"diversity": 0.5}),
        ("/v1/search", {"q": "red dress"}),
        ("/v1/pins/dress-001/related", {}),
        ("/v1/boards/search", {"title": "Summer dresses", "q": "dress"}),
    ],
)
def test_pages_are_the_whole_answer(reader: TestClient, path: str, asked: dict[str, Any]) -> None:
    whole = ids(reader.get(path, params=asked | {"limit": 200}))
    for limit in (1, 3):
        first = page(reader, path, None, limit=limit, **asked)
        found = [hit["id"] for hit in first["hits"]]
        assert found + rest(reader, path, first["next"], limit=limit, **asked) == whole


def test_a_new_best_pin_shifts_the_next_page(client: TestClient) -> None:
    first = page(client, "/v1/search", None, limit=3, **WORDS)
    shown = [hit["id"] for hit in first["hits"]]
    new = {"image": inline(picture("red", size=99)), "description": "Red dress, red dress"}
    assert client.put("/v1/pins/newest", json=new).status_code == 201
    found = rest(client, "/v1/search", first["next"], limit=3, **WORDS)
    assert len(shown + found) == len({*shown, *found}) == len(PINS) + 1
    assert found[0] == "newest"


def test_what_moves_up_is_not_shown_again(client: TestClient) -> None:
    first = page(client, "/v1/search", None, limit=3, **WORDS)
    shown = [hit["id"] for hit in first["hits"]]
    # All that was shown gets worse, and what was not gets better.
    for pin in PINS:
        changed = {"description": "Red dress" if pin["id"] not in shown else "something else"}
        assert client.patch(f"/v1/pins/{pin['id']}", json=changed).status_code == 200
    found = rest(client, "/v1/search", first["next"], limit=2, **WORDS)
    assert {*shown, *found} == {pin["id"] for pin in PINS}
    assert len(shown) + len(found) == len(PINS)


def test_a_deleted_pin_costs_no_other_its_place(client: TestClient) -> None:
    first = page(client, "/v1/search", None, limit=3, **WORDS)
    shown = [hit["id"] for hit in first["hits"]]
    client.delete(f"/v1/pins/{shown[0]}")
    found = rest(client, "/v1/search", first["next"], limit=3, **WORDS)
    assert {*shown, *found} == {pin["id"] for pin in PINS}
    # Back again, it was shown all the same.
    client.put(f"/v1/pins/{shown[0]}", json=pin_body(next(p for p in PINS if p["id"] == shown[0])))
    assert shown[0] not in rest(client, "/v1/search", first["next"], limit=3, **WORDS)


class TestBinding:
    @pytest.mark.parametrize(
        "other",
        [
            {"q": "blue dress"},
            {"minus": "dots"},
            {"filter": "has_text=yes"},
            {"collapse": "true"},
            {"diversity": 0.3},
            {"min_relevance": 0.1},
        ],
    )
    def test_of_another_query_it_is_refused(
        self, reader: TestClient, other: dict[str, Any]
    ) -> None:
        cursor = page(reader, "/v1/search", None, limit=2, **WORDS)["next"]
        answer = reader.get("/v1/search", params=WORDS | other | {"cursor": cursor})
        assert "another query" in problem(answer, 400, "bad-query")["detail"]

    def test_length_and_reasons_may_change(self, reader: TestClient) -> None:
        first = page(reader, "/v1/search", None, limit=2, **WORDS)
        more = page(reader, "/v1/search", first["next"], limit=5, explain="true", **WORDS)
        assert len(more["hits"]) == 5
        assert "why" in more["hits"][0]

    def test_words_in_a_body_are_the_same_query(self, reader: TestClient) -> None:
        first = page(reader, "/v1/search", None, limit=2, q="red dress")
        body = {"text": "red dress", "limit": 2, "cursor": first["next"]}
        assert reader.post("/v1/search", json=body).status_code == 200

    def test_of_another_pin_or_route_it_is_refused(self, reader: TestClient) -> None:
        cursor = page(reader, "/v1/pins/dress-001/related", None, limit=2)["next"]
        for path in ("/v1/pins/dress-010/related", "/v1/search?q=red"):
            problem(reader.get(path, params={"cursor": cursor}), 400, "bad-query")


def test_services_with_one_secret_read_each_other_s_cursors(
    library: Workspace, desk: Workspace
) -> None:
    """On two machines: the same pins in two data folders."""
    shared = ServeSettings(anonymous="admin", cursor_secret=SecretStr("a secret of both"))
    with client_of(library, serve=shared) as one, client_of(desk, serve=shared) as other:
        fill(other)
        first = one.get("/v1/search", params=WORDS | {"limit": 3}).json()
        whole = ids(one.get("/v1/search", params=WORDS | {"limit": 200}))
        assert rest(other, "/v1/search", first["next"], **WORDS | {"limit": 3}) == whole[3:]
    alone = ServeSettings(anonymous="admin")
    strange = ServeSettings(anonymous="admin", cursor_secret=SecretStr("another one of 16"))
    for serve in (alone, strange):
        with client_of(desk, serve=serve) as client:
            asked = WORDS | {"limit": 3, "cursor": first["next"]}
            problem(client.get("/v1/search", params=asked), 400, "bad-query")
    with pytest.raises(BadSetting, match="CURSOR_SECRET"):
        load_settings(serve={"cursor_secret": "short"})
