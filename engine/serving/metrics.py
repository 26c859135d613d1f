"""What the service counts: requests by route and status, their time, the pins that it holds.

With middleware of our own (`observed.py`): no instrumentation package keeps up with the framework.
"""

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

from engine.serving.observed import Answered
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

    def count(self, answered: Answered) -> None:
        """Count a request and the time that it took."""
        self.requests.labels(answered.method, answered.route, str(answered.status)).inc()
        self.seconds.labels(answered.route).observe(answered.seconds)


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
