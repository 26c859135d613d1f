"""Feeds and searches for a person, over HTTP; and that nobody's counts are in any ranking."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.serving.conftest import ids, inline, picture, problem

COLOURS = ("red", "green", "blue", "yellow")
EACH = 5


@pytest.fixture
def crowd(client: TestClient) -> TestClient:
    """A collection of five pins in each of four colours."""
    for stored in ids(client.post("/v1/feed", json={"limit": 200})):
        client.delete(f"/v1/pins/{stored}")
    bodies = [
        {"id": f"{colour}-{n}", "image": inline(picture(colour, size=20 + 3 * n))}
        for colour in COLOURS
        for n in range(EACH)
    ]
    answer = client.post("/v1/pins", json=bodies)
    assert {each["status"] for each in answer.json()["results"]} == {"added"}
    return client


def feed(client: TestClient, **asked: Any) -> list[dict[str, Any]]:
    answer = client.post("/v1/feed", json={"limit": 8} | asked)
    assert answer.status_code == 200, answer.text
    hits: list[dict[str, Any]] = answer.json()["hits"]
    return hits


def colours(hits: list[dict[str, Any]]) -> list[str]:
    return [hit["id"].partition("-")[0] for hit in hits]


def test_two_tastes_are_both_served_and_explained(crowd: TestClient) -> None:
    hits = feed(crowd, likes=["red-0", "blue-0"])
    assert set(colours(hits)) == {"red", "blue"}
    assert not {"red-0", "blue-0"} & {hit["id"] for hit in hits}
    for hit in hits:
        assert hit["interest"].partition("-")[0] == hit["id"].partition("-")[0]
    values = [hit["rank_score"] for hit in hits]
    assert values[0] == 1
    assert values == sorted(values, reverse=True)


def test_a_hide_takes_effect_at_once(crowd: TestClient) -> None:
    hits = feed(crowd, likes=["red-0", "blue-0"], hides=["red-1"], limit=4)
    assert "red" not in colours(hits)
    assert colours(hits)[0] == "blue"


def test_a_hide_ends_its_kind_by_what_pins_say(crowd: TestClient) -> None:
    asked: dict[str, Any] = {"likes": ["blue-0"], "hides": ["red-1"], "limit": 20}
    before = {hit["id"] for hit in feed(crowd, **asked)}
    assert {"blue-2", "blue-3"} <= before
    said = {"red-1": "Hats", "blue-2": "a blue hat", "blue-3": "scarf"}
    for pin, words in said.items():
        crowd.patch(f"/v1/pins/{pin}", json={"description": words}).raise_for_status()
    assert {hit["id"] for hit in feed(crowd, **asked)} == before - {"blue-2"}
    crowd.patch("/v1/pins/blue-0", json={"description": "hat"}).raise_for_status()
    assert all("interest" not in hit for hit in feed(crowd, **asked))


def test_a_newcomer_gets_variety(crowd: TestClient) -> None:
    assert set(colours(feed(crowd, limit=4))) == set(COLOURS)
    assert "yellow" not in colours(feed(crowd, hides=["yellow-2"], limit=3))


def test_pages_cut_one_order(crowd: TestClient) -> None:
    for asked in ({}, {"likes": ["red-0", "blue-0"]}):
        whole = [hit["id"] for hit in feed(crowd, limit=18, **asked)]
        first = crowd.post("/v1/feed", json={"limit": 7} | asked).json()
        second = crowd.post("/v1/feed", json={"limit": 11, "cursor": first["next"]} | asked).json()
        assert [hit["id"] for hit in (*first["hits"], *second["hits"])] == whole


def test_pins_that_are_not_here_say_nothing(crowd: TestClient) -> None:
    assert feed(crowd, likes=["red-0", "gone"]) == feed(crowd, likes=["red-0"])
    crowd.patch("/v1/pins/blue-1", json={"blocked": True})
    assert feed(crowd, likes=["red-0", "blue-1"]) == feed(crowd, likes=["red-0"])


def test_a_search_is_for_somebody_as_much_as_is_asked(crowd: TestClient) -> None:
    def found(strength: float) -> list[dict[str, Any]]:
        body = {"pin": "green-0", "limit": 40, "for": {"likes": ["red-0"], "strength": strength}}
        hits: list[dict[str, Any]] = crowd.post("/v1/search", json=body).json()["hits"]
        return hits

    plain = crowd.post("/v1/search", json={"pin": "green-0", "limit": 40}).json()["hits"]
    assert found(0) == plain
    score = {hit["id"]: hit["score"] for hit in plain}
    for strength in (0.3, 1):
        assert {hit["id"]: hit["score"] for hit in found(strength)}.items() <= score.items()
    assert colours(found(1))[:3] == ["red"] * 3
    assert colours(plain)[0] == "green"
    problem(
        crowd.post("/v1/search", json={"text": "red", "for": {"strength": 2}}), 400, "bad-query"
    )


def test_no_count_of_anybody_is_in_any_ranking(crowd: TestClient) -> None:
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/v1/pins/red-0/related", {}),
        ("POST", "/v1/search", {"json": {"pin": "red-0"}}),
        ("GET", "/v1/search", {"params": {"q": "blue"}}),
        ("POST", "/v1/feed", {"json": {"likes": ["red-0", "green-0"]}}),
        ("POST", "/v1/feed", {"json": {}}),
    ]

    def ranked() -> list[list[tuple[str, float, float | None]]]:
        answers = [crowd.request(method, path, **more).json() for method, path, more in asked]
        return [
            [(hit["id"], hit["score"], hit.get("rank_score")) for hit in answer["hits"]]
            for answer in answers
        ]

    before = ranked()
    for n, name in enumerate(("red-3", "blue-4", "green-1")):
        counts = {"saves": str(10**n * 7), "clicks": "900", "views": "100000", "likes": "55"}
        assert crowd.patch(f"/v1/pins/{name}", json={"attributes": counts}).status_code == 200
    size = 20 + 3 * 2
    body = {"id": "red-2", "image": inline(picture("red", size=size))}
    assert crowd.put("/v1/pins/red-2", json=body | {"save_count": 10_000}).status_code == 200
    shown = {"shown": ["red-1", "blue-4"]}
    events = [
        {"event": kind, "query": {"text": "red"}, "pin": "blue-4", "rank": 2} | shown
        for kind in ("click", "save")
    ]
    kept = crowd.post("/v1/feedback", json=events * 20)
    assert kept.status_code == 200, kept.text
    assert ranked() == before


def test_a_new_pin_stands_in_related_pins_at_once(crowd: TestClient) -> None:
    crowd.put("/v1/pins/red-new", json={"image": inline(picture("red", size=77))})
    assert "red-new" in ids(crowd.get("/v1/pins/red-0/related", params={"limit": 6}))
    assert "red-new" in [hit["id"] for hit in feed(crowd, likes=["red-0"])]
