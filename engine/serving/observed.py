"""What became of each request, told to whoever counts or writes it down."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fastapi.routing import iter_route_contexts
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.serving.callers import caller_of
from engine.stages import Watch, watched_by

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True)
class Answered:
    """One request and what became of it.

    method, route: never what was sent, which may be private, and of any length: the route as it
    is described, `other` where there is none.
    key: name and id of the key, None without one.
    """

    method: str
    route: str
    status: int
    seconds: float
    key: str | None


class Observed:
    """ASGI middleware that tells of each request once it is answered, in the order of `told`.

    watch: is told the stages of the searches in it.
    """

    def __init__(
        self, app: ASGIApp, told: Sequence[Callable[[Answered], None]], watch: Watch | None = None
    ) -> None:
        self.app = app
        self.told = tuple(told)
        self.watch = watch
        self._paths: dict[int, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        watched_by(self.watch)  # never taken back: each request has a context of its own
        begun = time.monotonic()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            caller = caller_of(scope)
            answered = Answered(
                scope["method"] if scope["method"] in METHODS else "other",
                self._path(scope),
                status,
                time.monotonic() - begun,
                caller.name if caller is not None and caller.keyed else None,
            )
            for tell in self.told:
                tell(answered)

    def _path(self, scope: Scope) -> str:
        """Return a request's route with its prefix, as the description has it."""
        if "route" not in scope:
            return "other"
        if not self._paths:
            known = iter_route_contexts(scope["app"].routes)
            self._paths = {id(each.original_route): str(each.path_format) for each in known}
        return self._paths.get(id(scope["route"]), "other")
