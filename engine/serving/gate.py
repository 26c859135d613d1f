"""Who may ask, and how much they may send: checked before a route sees the request.

Knows nothing of routes or of the engine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import StoreError
from engine.serving.callers import READING, Caller, Callers, note_caller
from engine.serving.incoming import BodyLimits, Incoming
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
    """

    hosts: Sequence[str] | None
    callers: Callers
    limits: Limits
    bodies: BodyLimits
    origins: frozenset[str] = frozenset()


class Gate:
    """ASGI middleware that lets a request pass or answers it with a problem.

    Whatever is answered before its body was read: the rest is read away within bounds, and the
    connection is closed where that was not all.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.rules = rules
        self.hardening = SHARED if rules.origins else HARDENING

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        headers = Headers(scope=scope)
        body = Incoming(receive, headers, self.rules.bodies)

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = MutableHeaders(scope=message)
                for name, value in self.hardening.items():
                    more.setdefault(name, value)
                if not body.whole and "connection" not in more and not await read_away(body):
                    more["Connection"] = "close"
            await send(message)

        caller = self._caller(scope, headers)
        refusal = caller if isinstance(caller, Problem) else self._over_size(headers)
        more: dict[str, str] = {}
        if isinstance(caller, Caller):
            note_caller(scope, caller)
        if refusal is None and isinstance(caller, Caller) and not caller.trusted:
            over = self.rules.limits.enter(caller.name)
            if over is None:
                try:
                    await self.app(scope, body, hardened)
                finally:
                    self.rules.limits.leave(caller.name)
                return
            more["Retry-After"] = str(over.retry_after_s)
            detail = f"{caller.name!r} may ask {over.what}: try again in {over.retry_after_s} s"
            refusal = Problem(HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests", detail)
        if refusal is None:
            await self.app(scope, body, hardened)
            return
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            more["WWW-Authenticate"] = 'Bearer realm="engine"'
        await refusal.response(scope["path"], more)(scope, body, hardened)

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
        if self.rules.bodies.exceeded(headers):
            large = self.rules.bodies.too_large
            return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", large)
        return None


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
