"""Anonymous memory of intake while pins stream through it, and of the store, told apart.

Each figure is taken in a process of its own. Intake runs whole, with its encoder, into a collection
that keeps nothing; the store is given records of the same size without an encoder beside it.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import anonymous_bytes
from engine.features.factory import load_encoder
from engine.features.text import Analyzer
from engine.ingestion.arrivals import Arrivals
from engine.pins import Pin
from engine.settings import load_settings
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.image_store import ImageStore
from engine.store.records import Record
from engine.store.vectors import unit_rows
from engine.workspace import Workspace, collection_folder, identity_of

EVERY_S = 0.02
BATCH = 64
DIMENSION = 256


@dataclass(frozen=True)
class Held:
    """The most anonymous memory that was held, and what was held before the first pin."""

    peak: int
    before: int


class Nowhere(EdgeCollection):
    """A collection that checks what it is given and forgets it."""

    def upsert(self, records: Sequence[Record]) -> None:
        unit_rows(records, self.identity.dimension)


def intake_alone(lines: Path, data: Path) -> Held:
    """Stream a file of pins through intake into nowhere."""
    settings = load_settings(data=data)
    place = collection_folder(settings)
    encoder = load_encoder(settings.encoder)
    identity = identity_of(encoder, Analyzer(settings.language))
    with Nowhere.open(place, identity, create=True) as collection:
        images = ImageStore(place / "images")
        workspace = Workspace(settings, collection, images, collection.ownership, encoder)
        with _watched() as held:
            for outcome in workspace.intake().run(Arrivals(lines)):
                if outcome.error is not None:
                    raise outcome.error
        workspace.close()
    return held[0]


def store_alone(pins: int, data: Path) -> Held:
    """Write made-up records, without a graph."""
    identity = Identity("synthetic", DIMENSION, "synthetic")
    with EdgeCollection.open(data, identity, create=True) as collection, _watched() as held:
        for start in range(0, pins, BATCH):
            collection.upsert(_records(start, min(BATCH, pins - start)))
        collection.flush()
    return held[0]


def _records(start: int, count: int) -> list[Record]:
    vectors = np.random.default_rng(start).standard_normal((count, DIMENSION), dtype=np.float32)
    return [
        Record(
            pin=Pin(f"tiny-{number}", f"sha256:{number:064x}", f"tiny thing {number % 997}"),
            vector=vectors[number - start],
            description_terms=f"tini thing {number % 997}",
            board_terms="",
            image_sha256=f"{number:064x}",
            image_key=f"{number:064x}",
            dhash=f"{number:016x}",
            digest=f"{number:032x}",
        )
        for number in range(start, start + count)
    ]


@contextmanager
def _watched() -> Iterator[list[Held]]:
    """Watch this process's anonymous memory while the block runs."""
    out: list[Held] = []
    before = peak = anonymous_bytes()
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(EVERY_S):
            peak = max(peak, anonymous_bytes())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield out
    finally:
        done.set()
        watching.join()
        out.append(Held(max(peak, anonymous_bytes()), before))
