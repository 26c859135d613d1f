"""A made-up collection that all of discovery can be asked of, with pictures and things in them.

Vectors and texts are those of `benchmarks/synthetic.py`. Pictures are parts of the samples', each
kept once and shown by some 25 pins, so that copies are looked for with real pictures. Pins with a
price have a link. The things in a picture have the vectors of other pins, with noise.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.synthetic import Corpus
from engine.features.phash import phash
from engine.store.edge import EdgeCollection
from engine.store.image_store import ImageStore
from engine.store.records import Record

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples" / "images"
BATCH = 1_000
SHOWN_BY = 25
BOXES = ("0.05,0.05,0.4,0.4", "0.5,0.1,0.4,0.5", "0.1,0.55,0.35,0.4", "0.55,0.6,0.4,0.35")
SPENT = "built.json"


@dataclass(frozen=True)
class Kept:
    """A picture in the image store, and its hash."""

    key: str | None
    phash: str


def fill(folder: Path, collection: EdgeCollection, made: Corpus, regions: int = 0) -> None:
    """Write the pins and build the graph; note in the folder how long both took, in seconds."""
    kept = _pictures(ImageStore(folder / "images"), max(1, len(made) // SHOWN_BY))
    written = 0.0
    for batch in _records(made, kept, regions):
        began = time.perf_counter()
        collection.upsert(batch)
        written += time.perf_counter() - began
    began = time.perf_counter()
    collection.optimize()
    spent = {"written": written, "built": time.perf_counter() - began}
    (folder / SPENT).write_text(json.dumps(spent))


def spent(folder: Path) -> dict[str, float]:
    """Return what a folder says of the time that it took."""
    told: dict[str, float] = json.loads((folder / SPENT).read_text())
    return told


def _records(made: Corpus, kept: list[Kept], regions: int) -> Iterator[list[Record]]:
    chance = np.random.default_rng(3)
    for start in range(0, len(made), BATCH):
        rows = range(start, min(start + BATCH, len(made)))
        shown = chance.integers(0, len(kept), len(rows)).tolist()
        yield [
            _with_things(linked(_with_picture(made.record(row), kept[number])), made, regions, row)
            for row, number in zip(rows, shown, strict=True)
        ]


def linked(record: Record) -> Record:
    """Return a pin for sale with a link, others as they are."""
    pin = record.pin
    if pin.price is None:
        return record
    return replace(record, pin=replace(pin, link=f"https://shop.example/{pin.id}"))


def _with_picture(record: Record, kept: Kept) -> Record:
    return replace(record, image_key=kept.key, phash=kept.phash)


def _with_things(record: Record, made: Corpus, regions: int, row: int) -> Record:
    if not regions:
        return record
    chance = np.random.default_rng((5, row))
    rows: npt.NDArray[np.float32] = made.vectors[chance.integers(0, len(made), regions)].copy()
    rows += 0.04 * chance.standard_normal(rows.shape, dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return replace(record, region_boxes=BOXES[:regions], region_vectors=rows)


def _pictures(images: ImageStore, count: int) -> list[Kept]:
    """Keep so many pictures: the samples and parts of them, some mirrored."""
    chance = np.random.default_rng(6)
    out: list[Kept] = []
    paths = sorted(SAMPLES.iterdir())
    for number in range(count):
        with Image.open(paths[number % len(paths)]) as opened:
            picture = opened.convert("RGB")
        if number >= len(paths):
            picture = _part(picture, chance)
        out.append(Kept(images.put(picture), phash(picture)))
    return out


def _part(picture: Image.Image, chance: np.random.Generator) -> Image.Image:
    width, height = picture.size
    wide, high = (round(side * chance.uniform(0.5, 0.95)) for side in (width, height))
    left, top = (
        int(chance.integers(0, width - wide + 1)),
        int(chance.integers(0, height - high + 1)),
    )
    part = picture.crop((left, top, left + wide, top + high))
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if chance.random() < 0.5 else part
