"""Takes the time of what discovery answers, without encoding, on made-up pins.

    python -m benchmarks.discovery_speed [--pins 100000] [--asks 200]

The pins' vectors and texts are made up (`benchmarks/synthetic.py`). Their pictures are the samples,
each kept once and shown by many pins, so that copies are looked for with real pictures. Nothing is
encoded: the query's vector is given.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.machine import OtherWork
from benchmarks.synthetic import Corpus, corpus
from engine.discovery.duplicates import Finder
from engine.features.phash import phash
from engine.features.text import Analyzer
from engine.serving.feed import FeedRequest
from engine.serving.segments import AudienceRequest, SegmentsRequest
from engine.settings import load_settings
from engine.store.edge import EdgeCollection
from engine.store.image_store import ImageStore
from engine.workspace import Workspace, collection_folder, identity_of

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples" / "images"
BATCH = 1_000


class Table:
    """An encoder that answers with a vector that it was given."""

    fingerprint, dimension = "table", 256

    def __init__(self) -> None:
        self.row = np.ones(256, np.float32)

    def encode_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.repeat(self.row[None], len(texts), axis=0)

    def encode_images(self, images: Sequence[Image.Image]) -> npt.NDArray[np.float32]:
        return np.repeat(self.row[None], len(images), axis=0)

    def knows_word(self, word: str) -> bool:
        return True


def filled(collection: EdgeCollection, images: ImageStore, made: Corpus) -> None:
    """Write the pins, each with one of the samples' pictures."""
    kept: list[tuple[str | None, str]] = []
    for path in sorted(SAMPLES.iterdir()):
        with Image.open(path) as image:
            picture = image.convert("RGB")
        kept.append((images.put(picture), phash(picture)))
    chance = np.random.default_rng(3)
    for start in range(0, len(made), BATCH):
        rows = range(start, min(start + BATCH, len(made)))
        shown = [kept[number] for number in chance.integers(0, len(kept), len(rows))]
        collection.upsert(
            [
                replace(made.record(row), image_key=key, phash=hashed)
                for row, (key, hashed) in zip(rows, shown, strict=True)
            ]
        )
    collection.optimize()


def timed(what: str, asks: int, ask: Callable[[int], object]) -> None:
    """Print the spread of what an answer takes."""
    spent = []
    for number in range(asks):
        began = time.perf_counter()
        ask(number)
        spent.append(1e3 * (time.perf_counter() - began))
    p50, p95, p99 = np.percentile(spent, (50, 95, 99))
    print(f"| {what} | {p50:.1f} | {p95:.1f} | {p99:.1f} |", flush=True)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pins", type=int, default=100_000)
    options.add_argument("--asks", type=int, default=200)
    chosen = options.parse_args()
    other, made, encoder = OtherWork(), corpus(chosen.pins), Table()
    chance = np.random.default_rng(4)
    rows = chance.integers(0, len(made), chosen.asks)
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(data=Path(folder))
        place = collection_folder(settings)
        images = ImageStore(place / "images")
        identity = identity_of(encoder, Analyzer("english"))
        with EdgeCollection.open(place, identity, create=True) as collection:
            filled(collection, images, made)
            workspace = Workspace(settings, collection, images, collection.ownership, encoder)
            finder = Finder(collection, images)
            SegmentsRequest().answer(workspace)
            print(f"{chosen.pins:,} pins, ms\n\n| | p50 | p95 | p99 |\n|---|---|---|---|")
            timed("duplicates of a pin", chosen.asks, lambda n: finder.of(f"pin-{rows[n]}"))

            def liking(pins: int) -> list[str]:
                return [f"pin-{row}" for row in chance.integers(0, len(made), pins)]

            timed(
                "related pins",
                chosen.asks,
                lambda n: workspace.related(f"pin-{rows[n]}", explain=True),
            )
            timed(
                "feed, 50 likes and 5 hides",
                chosen.asks,
                lambda _: FeedRequest(likes=liking(50), hides=liking(5)).answer(workspace),
            )
            timed("feed of a newcomer", chosen.asks, lambda _: FeedRequest().answer(workspace))

            def audience(number: int) -> object:
                encoder.row = made.vectors[rows[number]]
                liked = chance.integers(0, len(made), (20, 20))
                people = {f"p{n}": [f"pin-{row}" for row in each] for n, each in enumerate(liked)}
                text = made.descriptions[rows[number]][:200] or "w1"
                return AudienceRequest(text=text, people=people).answer(workspace)

            timed("audience, 20 people of 20 pins", chosen.asks, audience)
    print(f"\nOther processes took {other.share():.0%} of the machine.")


if __name__ == "__main__":
    main()
