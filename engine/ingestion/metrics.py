"""What a worker tells of itself: Prometheus counters, stage timings, lag; and a summary at the end.

Knows nothing of where pins come from. One registry a worker, so that two in one process don't mix.
"""

import time
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from PIL import Image
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from engine.features.encoder import Encoder
from engine.ingestion.intake import Intake
from engine.store.collection import Collection
from engine.store.image_store import ImageStore
from engine.store.records import Record

STAGES = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
LAGS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3_600, 86_400)


class Metrics:
    """The figures of one worker."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.tally: Tally[str] = Tally()
        self.spent: Tally[str] = Tally()
        self._begun = time.monotonic()
        self._pins = Counter(
            "engine_worker_pins",
            "What arrived, by what became of it.",
            ["status"],
            registry=self.registry,
        )
        self._stage = Histogram(
            "engine_worker_stage_seconds",
            "Time that a batch spent in a stage; stages overlap.",
            ["stage"],
            buckets=STAGES,
            registry=self.registry,
        )
        self._searchable = Histogram(
            "engine_worker_accepted_to_searchable_seconds",
            "From when the queue or the folder had a pin until searches find it.",
            buckets=LAGS,
            registry=self.registry,
        )
        self._redelivered = Counter(
            "engine_worker_redelivered",
            "Messages that had been delivered before.",
            registry=self.registry,
        )
        self._dead = Counter("engine_worker_dead", "Dead letters written.", registry=self.registry)
        self.reconnects = Counter(
            "engine_worker_reconnects", "Times the queue came back.", registry=self.registry
        )
        self.paused = Gauge(
            "engine_worker_paused", "1 while the store can't take pins.", registry=self.registry
        )
        self.waiting = Gauge(
            "engine_worker_waiting", "Messages nobody was given yet.", registry=self.registry
        )
        self.held = Gauge(
            "engine_worker_unacknowledged", "Messages given, not settled.", registry=self.registry
        )
        self.oldest = Gauge(
            "engine_worker_oldest_seconds", "Age of the oldest unsettled.", registry=self.registry
        )
        self.letters = Gauge(
            "engine_worker_dead_letters", "Dead letters that wait.", registry=self.registry
        )

    def settled(self, status: str, lag_s: float | None = None) -> None:
        """Count one arrival; `lag_s` since it was accepted, for one that is now searchable."""
        self.tally[status] += 1
        self._pins.labels(status).inc()
        if lag_s is not None:
            self._searchable.observe(max(lag_s, 0.0))

    def delivered(self, times: int) -> None:
        """Count a message that came for the n-th time."""
        if times > 1:
            self.tally["redelivered"] += 1
            self._redelivered.inc()

    def buried(self) -> None:
        """Count a dead letter."""
        self.tally["dead"] += 1
        self._dead.inc()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block."""
        begun = time.monotonic()
        try:
            yield
        finally:
            spent = time.monotonic() - begun
            self.spent[name] += spent  # type: ignore[assignment]
            self._stage.labels(name).observe(spent)

    def summary(self) -> dict[str, Any]:
        """Return what was done, as JSON: counts by status, seconds, pins a second, stage times."""
        seconds = time.monotonic() - self._begun
        statuses = ("added", "updated", "unchanged", "deleted", "rejected", "failed")
        done = sum(self.tally[name] for name in statuses)
        out: dict[str, Any] = {name: self.tally[name] for name in statuses if self.tally[name]}
        out |= {name: self.tally[name] for name in ("redelivered", "dead") if self.tally[name]}
        stages = {name: round(float(spent), 3) for name, spent in sorted(self.spent.items())}
        rate = round(done / seconds, 1) if seconds > 0 else 0.0
        return out | {"seconds": round(seconds, 1), "pins_per_second": rate, "stages": stages}


def timed(intake: Intake, metrics: Metrics) -> Intake:
    """Return the intake with its stages timed: encode, write, and each picture that is kept."""
    images = intake.images
    return replace(
        intake,
        encoder=_TimedEncoder(intake.encoder, metrics),
        collection=cast(Collection, _TimedCollection(intake.collection, metrics)),
        images=_TimedImages(
            images.folder, images.mode, images.min_free_bytes, images.unsynced, metrics
        ),
    )


class _TimedEncoder:
    def __init__(self, encoder: Encoder, metrics: Metrics) -> None:
        self._encoder = encoder
        self._metrics = metrics
        self.fingerprint = encoder.fingerprint
        self.dimension = encoder.dimension

    def encode_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return self._encoder.encode_texts(texts)

    def knows_word(self, word: str) -> bool:
        return self._encoder.knows_word(word)

    def encode_images(self, images: Sequence[Image.Image]) -> npt.NDArray[np.float32]:
        with self._metrics.stage("encode"):
            return self._encoder.encode_images(images)


class _TimedCollection:
    """A collection whose writes are timed; everything else is the collection's own."""

    def __init__(self, collection: Collection, metrics: Metrics) -> None:
        self._collection = collection
        self._metrics = metrics

    def __getattr__(self, name: str) -> Any:
        return getattr(self._collection, name)

    def upsert(self, records: Sequence[Record]) -> None:
        with self._metrics.stage("write"):
            self._collection.upsert(records)


@dataclass(frozen=True)
class _TimedImages(ImageStore):
    metrics: Metrics | None = None

    def put(self, image: Image.Image, jpeg: bytes | None = None) -> str | None:
        if self.metrics is None:
            return super().put(image, jpeg)
        with self.metrics.stage("keep"):
            return super().put(image, jpeg)
