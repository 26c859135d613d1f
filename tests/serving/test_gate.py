"""Who may ask, and how much they may send."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from engine.serving.app import create_app
from engine.settings import ServeSettings
from engine.workspace import Workspace
from tests.serving.conftest import client_of, inline, picture, problem

KEY = "k3y-for-tests"
LIMIT = 20_000


@pytest.fixture
def keyed(desk: Workspace) -> Iterator[TestClient]:
    serve = ServeSettings(api_key=SecretStr(KEY), max_body_bytes=LIMIT)
    with client_of(desk, serve=serve) as client:
        yield client


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_probes_and_description_want_no_key(keyed: TestClient) -> None:
    for path in ("/livez", "/readyz", "/openapi.json", "/docs"):
        assert keyed.get(path).status_code == 200


class TestHost:
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:1"])
    def test_names_of_loopback(self, reader: TestClient, host: str) -> None:
        assert reader.get("/livez", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:8000", "", "[::1", ":"]
    )
    def test_other_names(self, reader: TestClient, host: str) -> None:
        for path in ("/v1/info", "/livez", "/docs"):
            body = problem(reader.get(path, headers={"Host": host}), 421, "unknown-host")
            assert "localhost or 127.0.0.1" in body["detail"]

    def test_names_given_by_argument(self, library: Workspace) -> None:
        client = TestClient(create_app(library, hosts=["testserver"]))
        assert client.get("/livez").status_code == 200

    def test_bound_to_the_network_any_name_will_do(self, library: Workspace) -> None:
        with client_of(
            library, serve=ServeSettings(host="0.0.0.0", api_key=SecretStr(KEY))
        ) as client:
            headers = {"Host": "pins.example"}
            assert client.get("/livez", headers=headers).status_code == 200
            problem(client.get("/v1/info", headers=headers), 401, "unauthorized")


class TestOrigin:
    @pytest.mark.parametrize(
        "origin",
        [
            "http://evil.example",
            "null",
            "http://localhost:81",
            "http://localhost.evil",
            "",
            "http://[",
        ],
    )
    def test_pages_from_elsewhere_do_not_write(self, reader: TestClient, origin: str) -> None:
        headers = {"Origin": origin}
        for method, path in (
            ("PUT", "/v1/pins/x"),
            ("DELETE", "/v1/pins/dress-001"),
            ("POST", "/v1/pins"),
            ("POST", "/v1/search"),
        ):
            problem(reader.request(method, path, headers=headers), 403, "foreign-origin")
        assert reader.get("/v1/pins/dress-001").status_code == 200

    def test_its_own_pages_do(self, reader: TestClient) -> None:
        headers = {"Origin": "http://localhost:8000", "Host": "localhost:8000"}
        answer = reader.post("/v1/search", json={"text": "red"}, headers=headers)
        assert answer.status_code == 200

    def test_answers_are_not_for_other_pages(self, reader: TestClient) -> None:
        answer = reader.get("/v1/info", headers={"Origin": "http://evil.example"})
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


class TestSize:
    @pytest.mark.parametrize("path", ["/v1/search", "/v1/pins"])
    def test_a_declared_length_over_the_limit(self, keyed: TestClient, path: str) -> None:
        answer = keyed.post(path, content=b"x" * (LIMIT + 1), headers=bearer(KEY))
        problem(answer, 413, "body-too-large")
        assert answer.headers["connection"] == "close"

    @pytest.mark.parametrize(
        ("method", "path", "kind"),
        [
            ("POST", "/v1/search", "application/json"),
            ("POST", "/v1/search", "multipart/form-data; boundary=b"),
            ("POST", "/v1/pins", "application/json"),
            ("PUT", "/v1/pins/a", "application/json"),
        ],
    )
    def test_no_length_and_a_body_without_end(
        self, keyed: TestClient, method: str, path: str, kind: str
    ) -> None:
        read = 0

        def endless() -> Iterator[bytes]:
            nonlocal read
            yield b'--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'
            while read < 100 * LIMIT:
                read += 1_000
                yield b"x" * 1_000

        headers = bearer(KEY) | {"Content-Type": kind}
        answer = keyed.request(method, path, content=endless(), headers=headers)
        problem(answer, 413, "body-too-large")
        assert answer.headers["connection"] == "close"

    def test_what_fits_passes(self, keyed: TestClient) -> None:
        body: dict[str, Any] = {"image": inline(picture("red")), "description": "x" * 5_000}
        assert keyed.put("/v1/pins/a", json=body, headers=bearer(KEY)).status_code == 201
        padded = b'{"text": "red"}'.ljust(LIMIT)
        answer = keyed.post("/v1/search", content=padded, headers=bearer(KEY))
        assert answer.status_code == 200
