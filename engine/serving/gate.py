"""Who may ask, and how much they may send: checked before a route sees the request.

Knows nothing of routes or of the engine.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import StoreError
from engine.serving.callers import READING, Caller, Callers, note_caller
from engine.serving.limits import Limits
from engine.serving.problems import Problem
from engine.serving.unread import read_away

KEYED = "/v1"
# A page from elsewhere may not show the pictures or read the answers of a server on loopback.
HARDENING = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
# For the pages that a setting names: they show pictures in their own documents.
SHARED = HARDENING | {"Cross-Origin-Resource-Policy": "cross-origin"}


@dataclass(frozen=True)
class Rules:
    """What the gate asks of a request.

    hosts: names that the Host header may hold, without port; None allows any.
    origins: other origins whose pages may ask, see ENGINE_SERVE__CORS.
    max_body_bytes: size of a body, counted while it is read.
    body_idle_s, body_s: how long the next piece of a body may take, and all of it.
    """

    hosts: Sequence[str] | None
    callers: Callers
    limits: Limits
    max_body_bytes: int
    body_idle_s: float
    body_s: float
    origins: frozenset[str] = frozenset()


class Gate:
    """ASGI middleware that lets a request pass or answers it with a problem."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.rules = rules
        self.hardening = SHARED if rules.origins else HARDENING

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.hardening.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        caller = self._caller(scope, headers)
        refusal = caller if isinstance(caller, Problem) else self._over_size(headers)
        more: dict[str, str] = {}
        if isinstance(caller, Caller):
            note_caller(scope, caller)
        if refusal is None and isinstance(caller, Caller) and not caller.trusted:
            over = self.rules.limits.enter(caller.name)
            if over is None:
                try:
                    await self.app(scope, self._read(receive), hardened)
                finally:
                    self.rules.limits.leave(caller.name)
                return
            more["Retry-After"] = str(over.retry_after_s)
            detail = f"{caller.name!r} may ask {over.what}: try again in {over.retry_after_s} s"
            refusal = Problem(HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests", detail)
        if refusal is None:
            await self.app(scope, self._read(receive), hardened)
            return
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            more["WWW-Authenticate"] = 'Bearer realm="engine"'
        whole = await read_away(receive)
        if not whole or refusal.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            more["Connection"] = "close"
        await refusal.response(scope["path"], more)(scope, receive, hardened)

    def _caller(self, scope: Scope, headers: Headers) -> Caller | Problem | None:
        """Return who asks where a key counts, None elsewhere, or why the request is refused."""
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
        foreign = origin is not None and _place(origin) != host
        if foreign and scope["method"] not in READING and origin not in self.rules.origins:
            return Problem(
                HTTPStatus.FORBIDDEN,
                "foreign-origin",
                f"a page from {(origin or '')[:80]!r} may not write here",
            )
        path = scope["path"]
        if path != KEYED and not path.startswith(KEYED + "/"):
            return None
        client = scope.get("client")
        address = client[0] if client else "unknown"
        key = headers.get("authorization")
        try:
            return self.rules.callers.admit(scope["method"], path, key, address)
        except StoreError as error:
            return Problem.of(error)

    def _over_size(self, headers: Headers) -> Problem | None:
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

    def _read(self, receive: Receive) -> Receive:
        """Return what reads a body within the limits of size and time."""
        count = 0
        end = math.inf
        whole = False

        async def limited() -> Message:
            nonlocal count, end, whole
            if whole:
                return await receive()  # waits for the client to go, which may take long
            now = time.monotonic()
            end = min(end, now + self.rules.body_s)
            patience = min(self.rules.body_idle_s, end - now)
            try:
                async with asyncio.timeout(max(patience, 0.0)):
                    message = await receive()
            except TimeoutError:
                raise BodyTooSlow(patience >= self.rules.body_idle_s) from None
            if time.monotonic() > end:
                raise BodyTooSlow(idle=False)
            count += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if count > self.rules.max_body_bytes:
                raise BodyTooLarge(self._too_large)
            return message

        return limited


class BodyTooLarge(HTTPException):
    """A body went over the limit while it was read."""

    def __init__(self, detail: str) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, {"Connection": "close"})


class BodyTooSlow(HTTPException):
    """A body, or the next piece of it, took too long."""

    def __init__(self, idle: bool) -> None:
        name = "BODY_IDLE_S" if idle else "BODY_S"
        detail = f"the body comes too slowly: send it faster, or raise ENGINE_SERVE__{name}"
        super().__init__(HTTPStatus.REQUEST_TIMEOUT, detail, {"Connection": "close"})


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
