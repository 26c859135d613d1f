"""More requests than the processors can answer: a short queue, and a plain no beyond it.

Everything that works on the collection runs in a fixed number of threads; who comes meanwhile waits
in the order of arrival. A queue without an end would make everybody wait longer than anybody does.
Knows nothing of routes.
"""

from collections.abc import Sequence
from http import HTTPStatus

from anyio import CapacityLimiter
from anyio.to_thread import current_default_thread_limiter
from prometheus_client import CollectorRegistry, Gauge
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.errors import Overloaded
from engine.serving.problems import RETRY_AFTER_S, Problem


class Threads:
    """The threads that requests work in, counted by the framework's own limiter."""

    def __init__(self, most: int, registry: CollectorRegistry) -> None:
        self._most = most
        self._limiter: CapacityLimiter | None = None
        Gauge(
            "engine_http_waiting", "Requests that wait for a thread.", registry=registry
        ).set_function(lambda: float(self.waiting))

    def take(self) -> None:
        """Set the number of threads; called inside the event loop, whose limiter it is."""
        self._limiter = current_default_thread_limiter()
        self._limiter.total_tokens = self._most

    @property
    def waiting(self) -> int:
        """How many wait for a thread; 0 before `take`."""
        return 0 if self._limiter is None else self._limiter.statistics().tasks_waiting


class Bounded:
    """ASGI middleware that refuses requests to some paths while too many wait for a thread."""

    def __init__(
        self, app: ASGIApp, threads: Threads, most_waiting: int, prefixes: Sequence[str]
    ) -> None:
        self.app = app
        self.threads = threads
        self.most_waiting = most_waiting
        self.prefixes = tuple(prefixes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["path"].startswith(self.prefixes)
        if not asked or self.threads.waiting < self.most_waiting:
            await self.app(scope, receive, send)
            return
        refusal = Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            Overloaded.slug,
            f"{self.most_waiting} requests wait already: ask again in a second, or give the "
            "engine more processors",
        )
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        await refusal.response(scope["path"], headers)(scope, receive, send)
