"""The description of the service: complete, and each of its examples works as it stands."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin

import pytest
from starlette.testclient import TestClient

from engine.pins import KNOWN_KEYS
from engine.serving.examples import PIN_SCHEMA
from tests.serving.conftest import picture

Operation = tuple[str, str, dict[str, Any]]


def description(client: TestClient) -> dict[str, Any]:
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def operations(spec: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def address(path: str, operation: dict[str, Any]) -> str:
    """Fill an operation's address with the examples of its parameters."""
    query: list[tuple[str, str]] = []
    for parameter in operation.get("parameters", []):
        examples = parameter["schema"].get("examples", parameter.get("examples"))
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", examples[0])
        elif parameter["in"] == "query" and examples:
            values = examples[0] if isinstance(examples[0], list) else [examples[0]]
            query += [(parameter["name"], str(value)) for value in values]
        elif parameter["required"]:
            pytest.fail(f"{path}: the parameter {parameter['name']} has no example")
    return f"{path}?{urlencode(query)}" if query else path


def requests(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the arguments of a request for each example of an operation's body."""
    if "requestBody" not in operation:
        yield {}
        return
    for kind, content in operation["requestBody"]["content"].items():
        assert content["examples"], "a body without an example"
        for example in content["examples"].values():
            if kind == "application/json":
                yield {"json": example["value"]}
            else:
                fields = {key: str(value) for key, value in example["value"].items()}
                yield {"data": fields, "files": {"image": ("a.png", picture("red"))}}


# tests/test_reindex.py makes what it names, and switches to it.
ONLY_AFTER_A_REINDEX = {"/v1/generations/{name}/switch"}


def test_every_example_works(client: TestClient) -> None:
    asked = 0
    # What deletes comes last, since the examples share a pin; what is to be shown comes before.
    turns = ("put", "post", "patch", "get", "delete")
    for method, path, operation in sorted(
        operations(description(client)), key=lambda each: turns.index(each[0])
    ):
        for request in requests(operation):
            answer = client.request(method, address(path, operation), **request)
            asked += 1
            if path in ONLY_AFTER_A_REINDEX:
                assert answer.json()["type"] == "/problems/unknown-generation"
                continue
            assert str(answer.status_code) in operation["responses"], (path, answer.text)
            assert answer.status_code < 300, (path, answer.text)
    assert asked >= 15


def test_every_operation_is_described(reader: TestClient) -> None:
    for _, path, operation in operations(description(reader)):
        assert operation["summary"], path
        assert operation["description"].endswith("."), path
        problems = operation["responses"]["4XX"]["content"]
        assert list(problems) == ["application/problem+json"]
        for status, response in operation["responses"].items():
            if status in {"200", "201"} and "image/jpeg" not in response["content"]:
                assert response["content"]["application/json"]["schema"], path


def test_every_reference_leads_somewhere(reader: TestClient) -> None:
    spec = description(reader)
    found: set[str] = set()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                found.add(value["$ref"])
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(spec)
    assert "#/components/schemas/SearchRequest" in found
    assert "#/components/schemas/ProblemDetails" in found
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in spec["components"]["schemas"]


def test_the_schema_of_a_pin_has_every_key() -> None:
    assert set(PIN_SCHEMA["properties"]) == set(KNOWN_KEYS)


def test_a_key_is_asked_for_in_the_description(reader: TestClient) -> None:
    spec = description(reader)
    assert spec["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


class Addresses(HTMLParser):
    """Every address that a page names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"src", "href"} and value]


def test_the_page_loads_from_this_server_alone(reader: TestClient) -> None:
    page = reader.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    named = Addresses(page.text).found
    assert len(named) == 4
    for name in named:
        if name == "data:,":
            continue
        address = urljoin("http://localhost/docs", name)
        assert address.startswith("http://localhost/docs/")
        part = reader.get(address)
        assert part.status_code == 200
        kind = part.headers["content-type"]
        assert kind.startswith("text/css" if name.endswith(".css") else "text/javascript")
        assert part.text
    # The browser holds the page to it, whatever Swagger UI would like to load.
    policy = page.headers["content-security-policy"]
    allowed = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert allowed["default-src"] == "'none'"
    assert allowed["script-src"] == allowed["connect-src"] == "'self'"
    assert "http" not in policy
