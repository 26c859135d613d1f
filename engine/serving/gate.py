"""Who may ask, and how much they may send: checked before a route sees the request.

Knows nothing of routes or of the engine.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.serving.problems import Problem

KEYED = "/v1"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
# A page from elsewhere may not show the pictures or read the answers of a server on loopback.
HARDENING = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}


@dataclass(frozen=True)
class Rules:
    """What the gate asks of a request.

    hosts: names that the Host header may hold, without port; None allows any.
    api_key: what /v1 wants as bearer token; None wants none.
    max_body_bytes: size of a body, counted while it is read.
    """

    hosts: Sequence[str] | None
    api_key: str | None
    max_body_bytes: int


class Gate:
    """ASGI middleware that lets a request pass or answers it with a problem."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HARDENING.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, self._counted(receive), hardened)
            return
        headers = {"Connection": "close"}  # the body was not read
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Bearer realm="engine"'
        await refusal.response(scope["path"], headers)(scope, receive, hardened)

    def _refusal(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        host = hosts[0].lower() if len(hosts) == 1 else ""
        if self.rules.hosts is not None and _name(host) not in self.rules.hosts:
            return Problem(
                HTTPStatus.MISDIRECTED_REQUEST,
                "unknown-host",
                f"this server is not called {host[:80]!r}: address it as "
                + " or ".join(self.rules.hosts),
            )
        origin = headers.get("origin")
        if origin is not None and scope["method"] not in READING and _place(origin) != host:
            return Problem(
                HTTPStatus.FORBIDDEN,
                "foreign-origin",
                f"a page from {origin[:80]!r} may not write here",
            )
        path = scope["path"]
        if self.rules.api_key is not None and (path == KEYED or path.startswith(KEYED + "/")):
            kind, _, key = headers.get("authorization", "").partition(" ")
            right = hmac.compare_digest(key.strip().encode("latin-1"), self.rules.api_key.encode())
            if kind.lower() != "bearer" or not right:
                return Problem(
                    HTTPStatus.UNAUTHORIZED,
                    "unauthorized",
                    "the key is missing or wrong: send it as 'Authorization: Bearer KEY'",
                )
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > self.rules.max_body_bytes:
            return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", self._too_large)
        return None

    @property
    def _too_large(self) -> str:
        return (
            f"the body is over {self.rules.max_body_bytes:,} bytes: send less at once, or raise "
            "ENGINE_SERVE__MAX_BODY_BYTES"
        )

    def _counted(self, receive: Receive) -> Receive:
        count = 0

        async def counted() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b""))
            if count > self.rules.max_body_bytes:
                raise BodyTooLarge(self._too_large)
            return message

        return counted


class BodyTooLarge(HTTPException):
    """A body went over the limit while it was read."""

    def __init__(self, detail: str) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, {"Connection": "close"})


def _name(host: str) -> str:
    """Return a Host header without its port."""
    name, colon, port = host.rpartition(":")
    return name if colon and (not port or port.isdecimal()) and not host.endswith("]") else host


def _place(origin: str) -> str:
    """Return host and port of an Origin header, "" when it names none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
