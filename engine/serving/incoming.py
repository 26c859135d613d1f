"""A request's body on its way in: counted and timed while it is read."""

import asyncio
import math
import time
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive


@dataclass(frozen=True)
class BodyLimits:
    """What a body may take.

    bytes: its size, counted while it is read.
    idle_s, whole_s: how long its next piece may take, and all of it.
    """

    bytes: int
    idle_s: float
    whole_s: float

    @property
    def too_large(self) -> str:
        return (
            f"the body is over {self.bytes:,} bytes: send less at once, or raise "
            "ENGINE_SERVE__MAX_BODY_BYTES"
        )

    def exceeded(self, headers: Headers) -> bool:
        """Say whether a body declares to be larger."""
        declared = headers.get("content-length", "")
        return declared.isdecimal() and int(declared[:20]) > self.bytes


class Incoming:
    """Reads a body within limits, in place of the server's `receive`.

    whole: whether all of it was read; without a body from the start.
    """

    def __init__(self, receive: Receive, headers: Headers, limits: BodyLimits) -> None:
        self._receive = receive
        self._limits = limits
        self._count = 0
        self._end = math.inf
        self.whole = not {"content-length", "transfer-encoding"} & {*headers}

    async def __call__(self) -> Message:
        """Return the next message; raise BodyTooLarge, BodyTooSlow."""
        if self.whole:
            return await self._receive()  # waits for the client to go, which may take long
        limits, now = self._limits, time.monotonic()
        self._end = min(self._end, now + limits.whole_s)
        patience = min(limits.idle_s, self._end - now)
        try:
            async with asyncio.timeout(max(patience, 0.0)):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow(patience >= limits.idle_s) from None
        if time.monotonic() > self._end:
            raise BodyTooSlow(idle=False)
        self._count += len(message.get("body", b""))
        if self._count > limits.bytes:
            raise BodyTooLarge(limits.too_large)
        self.whole = message["type"] == "http.request" and not message.get("more_body", False)
        return message


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
