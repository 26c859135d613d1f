"""Uploads that are too large or too slow: ended while they are read, on the wire as well."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.types import Message, Scope

from engine.serving import unread
from engine.serving.app import create_app
from engine.settings import ImageSettings, ServeSettings
from engine.workspace import Workspace
from tests.serving.conftest import client_of, picture, problem
from tests.serving.process import Served, served

LIMIT = 100_000
PIECE = 16 * 1024
HEAD = b'--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'
KIND = "multipart/form-data; boundary=b"


@pytest.fixture
def small(library: Workspace) -> Workspace:
    """A workspace whose pictures may have LIMIT bytes."""
    settings = library.settings.model_copy(update={"images": ImageSettings(max_bytes=LIMIT)})
    return replace(library, settings=settings)


def upload(
    workspace: Workspace, pieces: int, path: str = "/v1/search", kind: str = KIND
) -> tuple[dict[str, Any], dict[bytes, bytes], int]:
    """Send a form with a file of so many pieces; return problem, headers, and pieces taken."""
    sent = 0
    told: list[Any] = []

    async def receive() -> Message:
        nonlocal sent
        sent += 1
        body = HEAD if sent == 1 else b"x" * PIECE
        return {"type": "http.request", "body": body, "more_body": sent <= pieces}

    async def send(message: Message) -> None:
        told.append(message)

    headers = {"host": "localhost", "content-type": kind, "transfer-encoding": "chunked"}
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "http_version": "1.1",
    }
    asyncio.run(create_app(workspace)(scope, receive, send))
    start, body = told[0], b"".join(each.get("body", b"") for each in told[1:])
    return json.loads(body), dict(start["headers"]), sent


def test_a_part_over_the_limit_ends_the_reading(small: Workspace) -> None:
    body, headers, sent = upload(small, 10_000)
    assert (body["status"], body["type"]) == (413, "/problems/image-too-large")
    # What is beyond the limit is read away, for the answer to arrive, but within its own bound.
    assert sent * PIECE < LIMIT + unread.MOST_BYTES + 4 * PIECE
    assert headers[b"connection"] == b"close"


def test_one_little_over_keeps_the_connection(small: Workspace) -> None:
    pieces = LIMIT // PIECE + 2
    body, headers, sent = upload(small, pieces)
    assert body["type"] == "/problems/image-too-large"
    assert sent == pieces + 1
    assert b"connection" not in headers


def test_what_is_refused_before_it_is_read_is_bounded_too(library: Workspace) -> None:
    settings = library.settings.model_copy(update={"serve": ServeSettings(anonymous="admin")})
    opened = replace(library, settings=settings)
    for path, kind, status in (("/v1/nothing", KIND, 404), ("/v1/search", "text/plain", 415)):
        body, headers, sent = upload(opened, 3, path, kind)
        assert body["status"] == status
        assert sent == 4
        assert b"connection" not in headers
        body, headers, sent = upload(opened, 10_000, path, kind)
        assert body["status"] == status
        assert sent * PIECE < unread.MOST_BYTES + 4 * PIECE
        assert headers[b"connection"] == b"close"


def test_a_field_has_its_own_limit(small: Workspace) -> None:
    with client_of(small) as client:
        answer = client.post("/v1/search", files={"text": (None, "x" * 90_000)})
        problem(answer, 400, "bad-query")
        answer = client.post("/v1/search", files={"text": (None, "x" * 110_000)})
        problem(answer, 413, "image-too-large")
        fits = client.post("/v1/search", files={"image": ("a.png", picture("red"))})
        assert fits.status_code == 200


@pytest.mark.parametrize(
    "content", [b"", b"--b--\r\n", HEAD, HEAD + b"x\r\n--b", b"nothing of the kind"]
)
def test_what_is_no_form(library: Workspace, content: bytes) -> None:
    with client_of(library) as client:
        answer = client.post("/v1/search", content=content, headers={"Content-Type": KIND})
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    limits = {
        "ENGINE_SERVE__HEAD_S": "0.5",
        "ENGINE_SERVE__BODY_IDLE_S": "0.4",
        "ENGINE_SERVE__BODY_S": "1.2",
    }
    with served(tmp_path_factory.mktemp("slow"), **limits) as server:
        yield server


def connected(server: Served) -> socket.socket:
    """Open a connection."""
    at = urlsplit(server.address)
    return socket.create_connection((str(at.hostname), at.port or 0), timeout=60)


@contextmanager
def posting(server: Served, kind: str) -> Iterator[socket.socket]:
    """Open a connection, and begin to send a body of a megabyte."""
    with connected(server) as wire:
        wire.sendall(
            b"POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n"
            + f"Content-Type: {kind}\r\n\r\n".encode()
            + (HEAD if kind == KIND else b'{"text": "')
        )
        yield wire


def heard(wire: socket.socket) -> bytes:
    """Return all that arrives until the server closes."""
    found = b""
    while piece := wire.recv(65_536):
        found += piece
    return found


@pytest.mark.parametrize("kind", [KIND, "application/json"])
def test_who_stops_sending_is_cut_off(impatient: Served, kind: str) -> None:
    with posting(impatient, kind) as wire:
        answer = heard(wire)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"ENGINE_SERVE__BODY_IDLE_S" in answer


@pytest.mark.parametrize("kind", [KIND, "application/json"])
def test_who_sends_drop_by_drop_is_cut_off(impatient: Served, kind: str) -> None:
    """Each drop comes in time, all of them do not."""
    with posting(impatient, kind) as wire:
        wire.settimeout(0.05)
        answer = b""
        end = time.monotonic() + 60
        while not answer and time.monotonic() < end:
            wire.sendall(b"x")
            try:
                answer = wire.recv(65_536)
            except TimeoutError:
                continue
        wire.settimeout(60)
        answer += heard(wire)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"ENGINE_SERVE__BODY_S" in answer


REQUEST = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def answered(wire: socket.socket) -> bytes:
    """Send a whole request, and return its answer."""
    wire.sendall(REQUEST + b"\r\n")
    answer = b""
    while not answer.endswith(b'"alive"}'):
        piece = wire.recv(65_536)
        assert piece, "closed"
        answer += piece
    return answer


@pytest.mark.parametrize(
    ("begun", "before"),
    [(b"", False), (b"GE", False), (REQUEST, False), (b"GE", True), (REQUEST, True)],
)
def test_who_does_not_come_to_a_request_is_left(
    impatient: Served, begun: bytes, before: bool
) -> None:
    with connected(impatient) as wire:
        if before:
            answered(wire)
        wire.sendall(begun)
        assert heard(wire) == b""  # which ends when the server closes


def test_a_head_drop_by_drop_is_cut_off(impatient: Served) -> None:
    with connected(impatient) as wire:
        end = time.monotonic() + 60
        try:
            while time.monotonic() < end:
                wire.sendall(b"x")
                time.sleep(0.02)
        except (BrokenPipeError, ConnectionResetError):
            return
    pytest.fail("it went on for a minute")


def test_who_keeps_a_connection_may_ask_again(impatient: Served) -> None:
    """Also after the time that a head may take, but for the pause that the server allows."""
    with connected(impatient) as wire:
        for _ in range(3):
            assert answered(wire).startswith(b"HTTP/1.1 200 ")
            time.sleep(0.4)
