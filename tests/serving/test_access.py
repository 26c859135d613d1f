"""What each key opens: on every route that the app has, so that a new one is tested too."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from pydantic import SecretStr
from starlette.testclient import TestClient

from engine.serving.app import create_app
from engine.serving.callers import anonymous_scope, needed
from engine.serving.web import bundle
from engine.settings import ServeSettings
from engine.store.key_file import KEYS_NAME, SCOPES, KeyFile, Scope, grants
from engine.workspace import Workspace
from tests.serving.conftest import BASE, client_of, inline, picture, problem

OWN = "the-key-of-the-settings"
# What a route needs, where that does not follow from its method: written out, since a mistake here
# opens a door.
ASKING = {
    "/v1/search",
    "/v1/feedback",
    "/v1/regions",
    "/v1/recognize",
    "/v1/shop",
    "/v1/feed",
    "/v1/segments",
    "/v1/segments/audience",
    "/v1/duplicates",
}
WRONG = [
    "Bearer",
    "Bearer wrong",
    f"Bearer {OWN}x",
    f"Basic {OWN}",
    OWN,
    "Bearer é",
    "Bearer pe_0_0",
]


def expected(method: str, path: str) -> Scope:
    if path.startswith(("/v1/takedowns", "/v1/snapshots", "/v1/generations")):
        return "admin"
    if method == "GET" or (method == "POST" and path in ASKING):
        return "read"
    if path.startswith("/v1/people/") and ("/likes/" in path or "/hides/" in path):
        return "read"
    return "write"


@pytest.fixture
def keyed(desk: Workspace, tmp_path: Path) -> Iterator[tuple[TestClient, KeyFile]]:
    """A client of a service with a key of its own, and the keys in its data folder."""
    # Where the collection lies is open already: another data folder only moves the keys.
    settings = desk.settings.model_copy(
        update={"data": tmp_path, "serve": ServeSettings(api_key=SecretStr(OWN))}
    )
    with TestClient(create_app(replace(desk, settings=settings)), base_url=BASE) as client:
        yield client, KeyFile(tmp_path)


def routes(client: TestClient) -> list[tuple[str, str]]:
    """Return every (method, path) under /v1."""
    paths = client.get("/openapi.json").json()["paths"]
    found = [(m.upper(), path) for path in paths for m in paths[path] if path.startswith("/v1")]
    assert len(found) >= 18
    return [*found, ("GET", "/v1/nothing"), ("GET", "/v1"), ("POST", "/v1/nothing")]


def filled(path: str) -> str:
    for name, value in (
        ("person", "a"),
        ("kind", "pin"),
        ("value", "a"),
        ("pin", "a"),
        ("ticket", "a" * 16),
    ):
        path = path.replace(f"{{{name}}}", value)
    return path.replace("{id}", "a")


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_no_route_opens_without_a_key_or_with_a_wrong_one(
    keyed: tuple[TestClient, KeyFile],
) -> None:
    client, keys = keyed
    _, revoked = keys.add("gone", "admin")
    keys.revoke("gone")
    _, ended = keys.add("ended", "admin")
    keys.rotate("ended", timedelta())
    _, elsewhere = keys.add("elsewhere", "admin", collection="other")
    wrong = [*WRONG, *(f"Bearer {text}" for text in (revoked, ended, elsewhere))]
    for method, path in routes(client):
        for header in ("", *wrong):
            headers = {b"Authorization": header.encode("latin-1")} if header else {}
            answer = client.request(method, filled(path), headers=headers)
            problem(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert OWN not in answer.text


# What opens without a key wherever it is bound to: no pin, no picture and no person is behind it.
OPEN = {
    "/",
    "/static/{digest}/{name}",
    "/docs",
    "/docs/start.js",
    "/docs/swagger-ui-bundle.js",
    "/docs/swagger-ui.css",
    "/openapi.json",
    "/livez",
    "/readyz",
    "/metrics",
}


def hidden(client: TestClient) -> dict[str, set[str]]:
    """Return the methods of every route outside /v1, described or not."""
    app: Any = client.app
    found: dict[str, set[str]] = {}
    for each in iter_route_contexts(app.routes):
        if not str(each.path_format).startswith("/v1/"):
            found.setdefault(str(each.path_format), set()).update(each.methods or ())
    return found


def test_every_other_route_is_open_alike_and_shows_no_pin(
    keyed: tuple[TestClient, KeyFile],
) -> None:
    """A new route outside /v1 fails here until somebody has thought of who may see it."""
    client, keys = keyed
    assert client.put(
        "/v1/pins/secret-pin",
        json={"image": inline(picture("red")), "description": "unheard-of", "board_title": "nook"},
        headers=bearer(OWN),
    ).is_success
    found = hidden(client)
    assert set(found) == OPEN
    _, weak = keys.add("weak", "read")
    digest = bundle().digest
    for path, methods in found.items():
        assert methods <= {"GET", "HEAD"}, path
        at = path.replace("{digest}", digest).replace("{name}", "main.js")
        told = []
        for header in ({}, {"Authorization": "Bearer wrong"}, bearer(weak), bearer(OWN)):
            answer = client.get(at, headers=header)
            assert answer.status_code == 200, path
            for private in (OWN, weak, "secret-pin", "unheard-of", "nook"):
                assert private not in answer.text, path
            told.append(answer.content)
        if path != "/metrics":  # which counts the asking
            assert len(set(told)) == 1, path


def test_every_route_of_v1_is_in_the_table(keyed: tuple[TestClient, KeyFile]) -> None:
    """What the description leaves out would be left out of the tables here."""
    client, _ = keyed
    app: Any = client.app
    described = {path for _, path in routes(client)}
    for each in iter_route_contexts(app.routes):
        if str(each.path).startswith("/v1"):
            assert each.path_format in described


def test_a_key_opens_what_its_scope_says(keyed: tuple[TestClient, KeyFile]) -> None:
    client, keys = keyed
    texts = {scope: keys.add(scope, scope)[1] for scope in SCOPES}
    for method, path in routes(client):
        for scope, text in texts.items():
            answer = client.request(method, filled(path), headers=bearer(text))
            if grants(scope, expected(method, path)):
                assert answer.status_code not in {401, 403}, (scope, method, path)
            else:
                body = problem(answer, 403, "forbidden")
                assert f"--scope {expected(method, path)}" in body["detail"]


def test_each_operation_says_what_it_needs(keyed: tuple[TestClient, KeyFile]) -> None:
    client, _ = keyed
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        if not path.startswith("/v1/"):
            continue
        for method, operation in methods.items():
            assert operation["x-scope"] == expected(method.upper(), path), path


def test_the_settings_key_opens_everything(keyed: tuple[TestClient, KeyFile]) -> None:
    client, _ = keyed
    assert client.get("/v1/takedowns", headers=bearer(OWN)).status_code == 200
    assert client.get("/v1/info", headers={"Authorization": f"bearer {OWN}"}).status_code == 200


def test_keys_come_and_go_while_it_runs(keyed: tuple[TestClient, KeyFile]) -> None:
    client, keys = keyed
    _, text = keys.add("page", "read")
    assert client.get("/v1/info", headers=bearer(text)).status_code == 200
    _, newer = keys.rotate("page", timedelta(hours=1))
    for each in (text, newer):
        assert client.get("/v1/info", headers=bearer(each)).status_code == 200
    keys.revoke("page")
    for each in (text, newer):
        problem(client.get("/v1/info", headers=bearer(each)), 401, "unauthorized")


def test_a_broken_file_of_keys_closes_what_it_opened(
    keyed: tuple[TestClient, KeyFile], tmp_path: Path
) -> None:
    client, keys = keyed
    _, text = keys.add("page", "read")
    (tmp_path / KEYS_NAME).write_text("nonsense")
    problem(client.get("/v1/info", headers=bearer(text)), 500, "store-error")
    assert client.get("/v1/info", headers=bearer(OWN)).status_code == 200


class TestLoopback:
    def test_open_for_reading_and_feedback_alone(self, library: Workspace) -> None:
        with client_of(library, serve=ServeSettings()) as client:
            for method, path in routes(client):
                answer = client.request(method, filled(path))
                if expected(method, path) == "read":
                    assert answer.status_code not in {401, 403}, (method, path)
                else:
                    problem(answer, 401, "unauthorized")
            assert client.post("/v1/search", json={"text": "red"}).status_code == 200
            event = {"event": "view", "query": {"text": "red"}, "shown": ["dress-001"]}
            assert client.post("/v1/feedback", json=event).status_code == 200
            body = problem(client.delete("/v1/pins/dress-001"), 401, "unauthorized")
            assert "--allow-write" in body["detail"]

    def test_a_wrong_key_is_worse_than_none(self, library: Workspace) -> None:
        with client_of(library, serve=ServeSettings()) as client:
            problem(client.get("/v1/info", headers=bearer("wrong")), 401, "unauthorized")

    def test_allow_write_is_no_more_than_that(self, desk: Workspace) -> None:
        with client_of(desk, serve=ServeSettings(anonymous="write")) as client:
            body = {"image": inline(picture("red"))}
            assert client.put("/v1/pins/a", json=body).status_code == 201
            problem(client.put("/v1/takedowns/pin/a"), 401, "unauthorized")

    def test_the_owners_token_opens_everything(self, library: Workspace) -> None:
        settings = library.settings.model_copy(update={"serve": ServeSettings()})
        app = create_app(replace(library, settings=settings), token="private")
        with TestClient(app, base_url=BASE) as client:
            assert client.get("/v1/takedowns", headers=bearer("private")).status_code == 200


@pytest.mark.parametrize(
    ("given", "scope"),
    [
        ({}, "read"),
        ({"anonymous": "none"}, None),
        ({"anonymous": "write"}, "write"),
        ({"api_key": SecretStr("k")}, None),
        ({"host": "0.0.0.0"}, None),
        ({"host": "0.0.0.0", "anonymous": "read"}, "read"),
    ],
)
def test_what_is_open_without_a_key(given: dict[str, object], scope: Scope | None) -> None:
    assert anonymous_scope(ServeSettings(**given)) == scope


def test_what_nobody_thought_of_is_a_write() -> None:
    assert needed("POST", "/v1/anything") == "write"
    assert needed("PURGE", "/v1/search") == "write"
    assert needed("GET", "/v1/takedowns/pin/a") == "admin"
    assert needed("PUT", "/v1/people/ann/likes/dress-001") == "read"
    assert needed("DELETE", "/v1/people/likes") == "write"
