"""What stands around an answer: its id, compression, and which pages elsewhere may read it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import zstandard
from pydantic import ValidationError
from starlette.testclient import TestClient

from engine.settings import ServeSettings
from engine.workspace import Workspace
from tests.serving.conftest import client_of, ids, problem

PAGE = "https://pins.example"


class TestRequestId:
    def test_a_sane_one_is_taken_over(self, reader: TestClient) -> None:
        for path, status in (("/v1/info", 200), ("/v1/pins/nobody", 404), ("/nowhere", 404)):
            answer = reader.get(path, headers={"X-Request-ID": "order-7.a:b"})
            assert answer.status_code == status
            assert answer.headers.get_list("x-request-id") == ["order-7.a:b"]

    @pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "<script>"])
    def test_another_is_replaced(self, reader: TestClient, given: str) -> None:
        answer = reader.get("/v1/info", headers={"X-Request-ID": given})
        assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])

    def test_each_request_has_its_own_and_problems_tell_it(self, reader: TestClient) -> None:
        answers = [reader.get("/v1/pins/nobody") for _ in range(3)]
        told = {each.headers["x-request-id"] for each in answers}
        assert len(told) == 3
        assert {each.json()["request_id"] for each in answers} == told

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ({"headers": {"Host": "evil.example"}}, 421),
            ({"headers": {"Authorization": "Bearer wrong"}}, 401),
            ({"params": {"limit": "x"}}, 422),
        ],
    )
    def test_refusals_have_one(
        self, reader: TestClient, asked: dict[str, Any], status: int
    ) -> None:
        answer = reader.get("/v1/suggest", **asked)
        assert answer.status_code == status
        assert answer.json()["request_id"] == answer.headers["x-request-id"]

    def test_what_was_not_foreseen_has_one(
        self, library: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError("it failed")

        monkeypatch.setattr(Workspace, "search", fail)
        with client_of(library, loud=False) as client:
            answer = client.get("/v1/search?q=red", headers={"X-Request-ID": "mine"})
        assert problem(answer, 500, "internal-error")["request_id"] == "mine"
        assert answer.headers["x-request-id"] == "mine"


class TestCompression:
    @pytest.mark.parametrize(
        ("accepted", "used"),
        [
            ("gzip", "gzip"),
            ("gzip, br", "br"),
            ("gzip, deflate, br, zstd", "zstd"),
            ("br;q=0, gzip;q=0.5", "gzip"),
        ],
    )
    def test_json_is_pressed_for_those_who_ask(
        self, reader: TestClient, accepted: str, used: str
    ) -> None:
        asked = {"q": "red", "explain": "true"}
        pressed = reader.get("/v1/search", params=asked, headers={"Accept-Encoding": accepted})
        plain = reader.get("/v1/search", params=asked, headers={"Accept-Encoding": "identity"})
        assert pressed.headers["content-encoding"] == used
        assert "accept-encoding" in pressed.headers["vary"].lower()
        assert "content-encoding" not in plain.headers
        data = pressed.content  # which the client has unpacked, but for zstd
        if used == "zstd":
            data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
        assert [hit["id"] for hit in json.loads(data)["hits"]] == ids(plain)
        assert int(pressed.headers["content-length"]) < len(plain.content) / 2

    def test_pictures_are_not(self, reader: TestClient) -> None:
        answer = reader.get("/v1/pins/dress-001/image", headers={"Accept-Encoding": "gzip, br"})
        assert "content-encoding" not in answer.headers


class TestOtherOrigins:
    @pytest.fixture
    def shared(self, library: Workspace) -> Iterator[TestClient]:
        serve = ServeSettings(cors=f"{PAGE}, https://other.example")
        with client_of(library, serve=serve) as client:
            yield client

    def test_a_named_page_may_ask_and_read(self, shared: TestClient) -> None:
        headers = {"Origin": PAGE}
        for answer in (
            shared.get("/v1/info", headers=headers),
            shared.post("/v1/search", json={"text": "red"}, headers=headers),
            shared.get("/v1/pins/nobody", headers=headers),
        ):
            assert answer.headers["access-control-allow-origin"] == PAGE
            assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        # Without a key it reads alone, as everybody.
        problem(shared.delete("/v1/pins/dress-001", headers=headers), 401, "unauthorized")

    def test_its_browser_may_ask_before(self, shared: TestClient) -> None:
        asked = {
            "Origin": PAGE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        answer = shared.options("/v1/search", headers=asked)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == PAGE
        refused = shared.options("/v1/search", headers=asked | {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in refused.headers

    def test_others_may_not(self, shared: TestClient) -> None:
        headers = {"Origin": "https://evil.example"}
        answer = shared.get("/v1/info", headers=headers)
        assert "access-control-allow-origin" not in answer.headers
        refused = shared.post("/v1/search", json={"text": "red"}, headers=headers)
        problem(refused, 403, "foreign-origin")

    @pytest.mark.parametrize("cors", ["*", "pins.example", "https://a.example/", "null"])
    def test_only_whole_origins_can_be_named(self, cors: str) -> None:
        with pytest.raises(ValidationError, match="origins such as"):
            ServeSettings(cors=cors)
