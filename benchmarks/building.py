"""Writing a made-up collection through the real store, and building its graph."""

import resource
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.synthetic import corpus
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity

IDENTITY = Identity("synthetic", 256, "synthetic")
BATCH = 1_000


@dataclass(frozen=True)
class Written:
    """pins_per_s counts the time inside `upsert` and the last flush, not the making of pins."""

    pins_per_s: float
    seconds: float


@dataclass(frozen=True)
class Built:
    """peak_bytes: the most that was resident, mapped files included."""

    seconds: float
    peak_bytes: int
    segments: int
    indexed: int
    disk_bytes: int


def write(folder: Path, pins: int) -> Written:
    """Write all pins in batches."""
    made = corpus(pins)
    spent = 0.0
    with EdgeCollection.open(folder, IDENTITY, create=True) as collection:
        for batch in made.records(BATCH):
            start = time.perf_counter()
            collection.upsert(batch)
            spent += time.perf_counter() - start
        start = time.perf_counter()
        collection.flush()
        spent += time.perf_counter() - start
    return Written(pins / spent, spent)


def build(folder: Path) -> Built:
    """Build the graph over what was written."""
    with EdgeCollection.open(folder, IDENTITY) as collection:
        start = time.perf_counter()
        collection.optimize()
        seconds = time.perf_counter() - start
        info = collection.info()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Built(seconds, peak, info.segments, info.indexed, info.disk_bytes or 0)
