"""What the service counts: requests by route and status, stages of a search, its cache, pins."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from engine.serving.observed import Answered

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
STAGES: Final = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2)
SHARES: Final = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


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
        self.stages = Histogram(
            "engine_search_stage_seconds",
            "Stages of a search: encode, candidates, fuse, page.",
            ["stage"],
            buckets=STAGES,
            registry=self.registry,
        )
        self.cached = Counter(
            "engine_search_cache",
            "Searches that a kept answer was looked for, by whether there was one (hit, miss).",
            ["outcome"],
            registry=self.registry,
        )
        self.recall = Histogram(
            "engine_search_recall",
            "Share of an exact search's ten best that the usual one finds, of sampled searches.",
            buckets=SHARES,
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

    def looked(self, hit: bool) -> None:
        """Count that a kept answer was looked for."""
        self.cached.labels("hit" if hit else "miss").inc()

    def timed(self, stage: str) -> AbstractContextManager[None]:
        """Return what times a stage."""
        return self._timed(stage)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.stages.labels(stage).observe(time.perf_counter() - begun)
