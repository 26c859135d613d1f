"""Each request has a name, by which its answer, its problem and the log can be brought together."""

import random
import re
from contextvars import ContextVar
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.serving.spans import name_span

HEADER: Final = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9._:-]{1,64}")
# Never taken back: a request has a context of its own, and an error is answered after all else.
_CURRENT: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """Return the id of the request that is being answered, "" outside of one."""
    return _CURRENT.get()


class Named:
    """ASGI middleware that takes a request's id from its header, or makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        # No secret: one would have to be asked of the kernel, with other requests in between.
        made = f"{random.getrandbits(64):016x}"
        name = given if _SANE.fullmatch(given) else made
        _CURRENT.set(name)
        name_span(name)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        await self.app(scope, receive, named)
