"""Suggestions and facets over HTTP."""

from collections import Counter
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.serving.conftest import PINS, ids, problem


def facets(client: TestClient, **asked: Any) -> dict[str, dict[str, int]]:
    answer = client.get("/v1/facets", params=asked)
    assert answer.status_code == 200, answer.text
    return {
        each["key"]: {value["value"]: value["pins"] for value in each["values"]}
        for each in answer.json()["facets"]
    }


def counted(key: str) -> dict[str, int]:
    """Count PINS by hand."""
    name = key.removeprefix("attributes.")
    source = [pin.get("attributes", {}) if name != key else pin for pin in PINS]
    return Counter(pin[name] for pin in source if name in pin)


class TestSuggest:
    def test_words_and_boards(self, reader: TestClient) -> None:
        answer = reader.get("/v1/suggest", params={"q": "even"}).json()
        assert answer["suggestions"][0] == {"text": "Evening, red", "kind": "board", "pins": 2}
        assert answer["did_you_mean"] is None

    def test_did_you_mean(self, reader: TestClient) -> None:
        answer = reader.get("/v1/suggest", params={"q": "gren"}).json()
        assert answer == {"suggestions": [], "did_you_mean": "green"}

    def test_bounds(self, reader: TestClient) -> None:
        problem(reader.get("/v1/suggest", params={"q": "a", "limit": 21}), 400, "bad-query")
        problem(reader.get("/v1/suggest", params={"q": "a" * 1_001}), 400, "bad-query")


class TestFacets:
    def test_of_everything(self, reader: TestClient) -> None:
        found = facets(reader)
        keys = ["board_title", "currency", "attributes.colour", "attributes.kind"]
        assert found == {key: counted(key) for key in keys}

    def test_commonest_first_and_cut(self, reader: TestClient) -> None:
        answer = reader.get("/v1/facets", params={"key": "attributes.kind", "limit": 1}).json()
        assert answer["facets"] == [
            {"key": "attributes.kind", "values": [{"value": "dress", "pins": 2}]}
        ]

    def test_a_key_without_values_is_answered_where_it_was_asked_for(
        self, reader: TestClient
    ) -> None:
        assert facets(reader, key=["merchant", "attributes.size"]) == {
            "merchant": {},
            "attributes.size": {},
        }

    def test_a_filter_leaves_its_own_key_open(self, reader: TestClient) -> None:
        found = facets(reader, filter=["attributes.kind=skirt"])
        assert found == {"board_title": {"Skirts": 1}, "attributes.kind": {"dress": 2, "skirt": 1}}
        found = facets(reader, key="board_title", filter=["board_title=Skirts"])
        assert found == {"board_title": counted("board_title")}

    def test_of_what_answers(self, reader: TestClient) -> None:
        asked: dict[str, Any] = {"q": "red dress", "min_relevance": 0.3}
        whole = reader.get("/v1/search", params=asked | {"limit": 200, "collapse": False})
        pins = {pin["id"]: pin for pin in PINS}
        boards = Counter(
            pins[each]["board_title"] for each in ids(whole) if "board_title" in pins[each]
        )
        assert facets(reader, key="board_title", **asked) == {"board_title": boards}
        assert 0 < boards.total() < len(PINS) - 1

    def test_of_what_answers_under_a_filter(self, reader: TestClient) -> None:
        found = facets(reader, q="dress", filter=["attributes.colour=blue"])
        assert found["board_title"] == {"Summer dresses": 1}
        assert found["attributes.colour"] == {"red": 1, "blue": 1}

    @pytest.mark.parametrize(
        ("asked", "slug"),
        [
            ({"key": "price"}, "bad-query"),
            ({"key": "attributes."}, "bad-query"),
            ({"limit": 0}, "bad-query"),
            ({"limit": 101}, "bad-query"),
            ({"q": " "}, "bad-query"),
            ({"filter": "nothing"}, "bad-filter"),
        ],
    )
    def test_what_is_refused(self, reader: TestClient, asked: dict[str, Any], slug: str) -> None:
        problem(reader.get("/v1/facets", params=asked), 400, slug)
