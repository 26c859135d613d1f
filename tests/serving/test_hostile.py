"""What an attacker sends, to every route that takes it: the description says which those are."""

import socket
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from tests.serving.conftest import inline, picture, problem

# Where a server that fetched them would give away what only it can reach.
ADDRESSES = [
    "http://127.0.0.1:1/",
    "http://localhost/",
    "http://[::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://metadata.google.internal/",
    "http://10.0.0.1/a.png",
    "http://0x7f000001/",
    "http://2130706433/",
    "https://pins.example/a.png",
    "HTTP://127.0.0.1/",
    "//127.0.0.1/a.png",
    "ftp://127.0.0.1/a.png",
    "gopher://127.0.0.1:6379/_x",
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "/etc/passwd",
    "../../../etc/passwd",
    "data:text/plain,/etc/passwd",
]
# Each is one segment of an address, percent-encoded.
PATHS = [
    "..",
    "../..",
    "../../../../etc/passwd",
    "/etc/passwd",
    "..\\..\\keys.json",
    "a/../../keys.json",
    "%2e%2e%2f",
    "..%2f..%2fetc%2fpasswd",
    "a\x00.jpg",
    "a\nb",
    ".",
    "",
]


def takes_image(spec: dict[str, Any], operation: dict[str, Any]) -> bool:
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    found = spec["components"]["schemas"].get(name, schema)
    return "image" in found.get("properties", {})


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Keep note of every name and address that is looked for, and reach none."""
    tried: list[Any] = []

    def refuse(*where: Any, **_: Any) -> Any:
        tried.append(where)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    return tried


def test_no_query_fetches_an_address_or_reads_a_file(
    reader: TestClient, offline: list[Any]
) -> None:
    spec = reader.get("/openapi.json").json()
    paths = [
        path
        for path, methods in spec["paths"].items()
        if "post" in methods and takes_image(spec, methods["post"])
    ]
    assert {"/v1/search", "/v1/regions", "/v1/recognize", "/v1/shop"} <= {*paths}
    for path in paths:
        for address in ADDRESSES:
            answer = reader.post(path, json={"image": address})
            problem(answer, 422, "bad-image")
            assert "root:" not in answer.text
        # It is the picture that was refused, not the route.
        assert reader.post(path, json={"image": inline(picture("red"))}).status_code == 200
    for address in ADDRESSES:
        answer = reader.post("/v1/search", json={"parts": [{"image": address}]})
        problem(answer, 422, "bad-image")
    assert offline == []


def test_no_place_in_an_address_leads_to_a_file(reader: TestClient) -> None:
    """Every GET with something in its path, with each way out put there."""
    spec = reader.get("/openapi.json").json()
    asked = 0
    for path, methods in spec["paths"].items():
        if "get" not in methods or "{" not in path:
            continue
        for hostile in PATHS:
            filled = path
            for parameter in methods["get"]["parameters"]:
                if parameter["in"] == "path":
                    name = f"{{{parameter['name']}}}"
                    filled = filled.replace(name, quote(hostile, safe="").replace(".", "%2E"))
            answer = reader.get(filled)
            assert answer.status_code in {400, 404, 405, 422}, (filled, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert "root:" not in answer.text
            asked += 1
    assert asked >= 5 * len(PATHS)
