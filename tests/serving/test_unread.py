"""The body of a refused request is read away within bounds, so that the refusal arrives."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Scope

from engine.serving import unread
from engine.serving.app import create_app
from engine.serving.unread import read_away
from engine.workspace import Workspace

PIECE = 64 * 1024
LATER = 600.0


class Client:
    """Sends a body in pieces; `late` keeps the rest back after so many."""

    def __init__(self, pieces: int, late: int | None = None) -> None:
        self.pieces, self.late, self.sent = pieces, late, 0

    async def receive(self) -> Message:
        if self.sent == self.late:
            await asyncio.sleep(LATER)
        self.sent += 1
        more = self.sent < self.pieces
        return {"type": "http.request", "body": b"x" * PIECE, "more_body": more}


@pytest.mark.parametrize("pieces", [1, 2, unread.MOST_BYTES // PIECE])
def test_a_usual_body_is_read_whole(pieces: int) -> None:
    client = Client(pieces)
    assert asyncio.run(read_away(client.receive))
    assert client.sent == pieces


def test_no_more_is_read_than_the_bound() -> None:
    client = Client(1_000)
    assert not asyncio.run(read_away(client.receive))
    assert client.sent * PIECE <= unread.MOST_BYTES + PIECE


def test_nobody_is_waited_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "MOST_S", 0.01)
    client = Client(5, late=2)
    assert not asyncio.run(read_away(client.receive))
    assert client.sent == 2


def test_who_has_gone_is_not_asked_again() -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    assert not asyncio.run(read_away(gone))


@pytest.mark.parametrize(("pieces", "closed"), [(3, False), (100, True)])
def test_a_refusal_closes_only_what_is_unread(
    library: Workspace, pieces: int, closed: bool
) -> None:
    client = Client(pieces)
    sent: list[Any] = []

    async def send(message: Message) -> None:
        sent.append((client.sent, message))

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/search",
        "raw_path": b"/v1/search",
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"localhost"),
            (b"transfer-encoding", b"chunked"),
            (b"authorization", b"Bearer wrong"),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "http_version": "1.1",
    }
    asyncio.run(create_app(library)(scope, client.receive, send))
    read, start = sent[0]
    assert start["status"] == 401
    assert (read == pieces) is not closed
    assert ((b"connection", b"close") in start["headers"]) is closed
