"""What the service counts: requests by route and status, their time, the pins that it holds.

As ASGI middleware of our own: no instrumentation package keeps up with the framework.
"""

import time
from typing import Final

from fastapi import APIRouter, Request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.serving.service import Serving

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
router = APIRouter(include_in_schema=False)


class RequestMetrics:
    """The figures of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "engine_http_requests",
            "Requests by route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "engine_http_request_seconds",
            "From the first byte asked to the last answered.",
            ["route"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.pins = Gauge("engine_pins", "Pins in the collection.", registry=self.registry)
        self.unindexed = Gauge(
            "engine_unindexed", "Vectors outside the search graph.", registry=self.registry
        )
        self.building = Gauge(
            "engine_graph_building", "1 while a search graph is built.", registry=self.registry
        )


class Counted:
    """ASGI middleware that counts and times requests."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.monotonic()
        status = "500"

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, counted)
        finally:
            # Never the path itself: whoever asks for many would fill the memory with names.
            route = str(getattr(scope.get("route"), "path", "other"))
            method = scope["method"] if scope["method"] in METHODS else "other"
            self.metrics.requests.labels(method, route, status).inc()
            self.metrics.seconds.labels(route).observe(time.monotonic() - begun)


METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@router.get("/metrics")
def get_metrics(request: Request, service: Serving) -> Response:
    """Return the figures as Prometheus reads them."""
    metrics: RequestMetrics = request.app.state.metrics
    facts = service.workspace.collection.info()
    metrics.pins.set(facts.points)
    metrics.unindexed.set(max(facts.points - facts.indexed, 0))
    metrics.building.set(facts.building)
    registries = (metrics.registry, *request.app.state.beside)
    return Response(b"".join(map(generate_latest, registries)), media_type=CONTENT_TYPE_LATEST)
