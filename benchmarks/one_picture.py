"""Tells which edits of a picture are found to be it, and which other pictures are taken for it.

    python -m benchmarks.one_picture --data DIR [--encoder ENCODER] [--split test] [--sources 25]

`--data` holds sets as `DIR/NAME/pins.jsonl`. The pictures of one split (by content, see
`engine/training/pins.py`) make a collection. Some of them are edited in the ways in which pictures
come again, and the copies of each edit are looked for. Recall is the share of edits that find their
source; precision the share of what is found that has the source's bytes. Then the collection is
searched for groups, and those are listed that hold different files, for the eye to judge.
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from benchmarks.machine import OtherWork
from benchmarks.near_duplicates import cropped, encoded, marked
from engine.discovery.duplicates import Finder
from engine.features.encoder import Encoder
from engine.features.factory import load_encoder
from engine.features.fingerprint import dhash
from engine.features.images import decode
from engine.features.phash import phash
from engine.features.text import Analyzer
from engine.ingestion.duplicates import Duplicates
from engine.pins import Pin
from engine.store.edge import EdgeCollection
from engine.store.image_store import ImageStore
from engine.store.records import Record
from engine.training.pins import TrainingPin, read_set
from engine.workspace import identity_of

SETS = ("fashion", "grocery", "clothing", "caltech", "flickr", "imagenet")
BATCH = 64
Edit = Callable[[Image.Image], Image.Image]


def tiled(image: Image.Image) -> Image.Image:
    """Lay half-transparent words all over a picture."""
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    draw, (width, height) = ImageDraw.Draw(layer), image.size
    for row in range(3):
        place = (0.1 * width * (row + 1), height * (0.15 + 0.3 * row))
        draw.text(place, "shop.example", (255, 255, 255, 110), font_size=width / 9)
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def framed(image: Image.Image, share: float, colour: str) -> Image.Image:
    """Put a border round a picture."""
    return ImageOps.expand(image, round(share * max(image.size)), colour)


EDITS: dict[str, Edit] = {
    "JPEG, quality 60": lambda image: encoded(image, quality=60),
    "JPEG, quality 25": lambda image: encoded(image, quality=25),
    "WebP, quality 60": lambda image: encoded(image, "WEBP", quality=60),
    "half the size": lambda image: encoded(image.resize((image.width // 2, image.height // 2))),
    "twice the size": lambda image: encoded(image.resize((image.width * 2, image.height * 2))),
    "squeezed by a fifth": lambda image: encoded(
        image.resize((image.width * 4 // 5, image.height))
    ),
    "10 % cut off one side": lambda image: encoded(cropped(image, 0.1, 0, 0, 0)),
    "5 % cut off each side": lambda image: encoded(cropped(image, 0.05, 0.05, 0.05, 0.05)),
    "10 % cut off each side": lambda image: encoded(cropped(image, 0.1, 0.1, 0.1, 0.1)),
    "mirrored": lambda image: encoded(ImageOps.mirror(image)),
    "mirrored, 5 % cut off": lambda image: encoded(
        cropped(ImageOps.mirror(image), 0.05, 0.05, 0.05, 0.05)
    ),
    "words in a corner": lambda image: encoded(marked(image, across=False)),
    "words across it": lambda image: encoded(marked(image, across=True)),
    "words all over it": lambda image: encoded(tiled(image)),
    "white border, 5 %": lambda image: encoded(framed(image, 0.05, "white")),
    "black border, 10 %": lambda image: encoded(framed(image, 0.10, "black")),
    "red border, 7 %": lambda image: encoded(framed(image, 0.07, "firebrick")),
    "darker by a fifth": lambda image: encoded(ImageEnhance.Brightness(image).enhance(0.8)),
}


def records(
    named: list[tuple[str, str, Image.Image]], encoder: Encoder, images: ImageStore
) -> list[Record]:
    """Return records, as intake makes them, of pictures with an id and a digest each."""
    out: list[Record] = []
    for start in range(0, len(named), BATCH):
        part = named[start : start + BATCH]
        vectors = encoder.encode_images([image for _, _, image in part])
        out += [
            Record(
                Pin(name, "x.jpg"),
                vector,
                "",
                "",
                digest,
                images.put(image),
                dhash(image),
                digest,
                phash=phash(image),
            )
            for (name, digest, image), vector in zip(part, vectors, strict=True)
        ]
    return out


def pictures(pins: list[TrainingPin]) -> list[tuple[str, str, Image.Image]]:
    """Return id, digest and picture of pins."""
    return [(f"{p.set_name}:{p.pin_id}", p.digest, decode(p.image.read_bytes())) for p in pins]


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--encoder", default="embedded")
    options.add_argument("--split", default="test")
    options.add_argument("--sources", type=int, default=25, help="of each set")
    options.add_argument("--most", type=int, default=10_000, help="pins of each set")
    chosen = options.parse_args()
    other = OtherWork()
    encoder, chance = load_encoder(chosen.encoder), random.Random(5)
    with tempfile.TemporaryDirectory() as folder:
        images = ImageStore(Path(folder) / "images")
        identity = identity_of(encoder, Analyzer("english"))
        with EdgeCollection.open(Path(folder), identity, create=True) as collection:
            sources: list[TrainingPin] = []
            for name in SETS:
                pins = [p for p in read_set(chosen.data / name, name) if p.split == chosen.split]
                pins = pins[: chosen.most]
                sources += chance.sample(pins, min(chosen.sources, len(pins)))
                for start in range(0, len(pins), BATCH):
                    made = records(pictures(pins[start : start + BATCH]), encoder, images)
                    collection.upsert(Duplicates(collection, images).marked(made))
            collection.optimize()
            told(collection, images, encoder, sources)
            groups(collection, images)
    print(f"\nOther processes took {other.share():.0%} of the machine.")


def told(
    collection: EdgeCollection, images: ImageStore, encoder: Encoder, sources: list[TrainingPin]
) -> None:
    """Print what becomes of edits."""
    finder, intake = Finder(collection, images), Duplicates(collection, images)
    print(f"{collection.count():,} pictures, {len(sources)} of them edited\n")
    print("| edit | found by the route | found at intake |\n|---|---|---|")
    right, wrong, recalled, marks, times = 0, Counter[str](), [], [], []
    for name, edit in EDITS.items():
        made = records(
            [(f"edit:{p}", f"edit {p}", edit(image)) for p, _, image in pictures(sources)],
            encoder,
            images,
        )
        hits, early = [], []
        for pin, record in zip(sources, made, strict=True):
            began = time.perf_counter()
            found = [each.pin for each in finder.beside(record) if each.kind != "alike"]
            times.append(time.perf_counter() - began)
            stored = collection.get(found)
            same = [each for each in found if stored[each].image_sha256 == pin.digest]
            right += len(same)
            wrong.update(f"{pin.set_name}:{pin.pin_id} {each}" for each in {*found} - {*same})
            hits.append(bool(same))
            early.append(intake.marked([replace(record)])[0].duplicate_of is not None)
        recalled += hits
        marks += early
        print(f"| {name} | {np.mean(hits):.3f} | {np.mean(early):.3f} |")
    share = right / max(1, right + sum(wrong.values()))
    print(f"| all | **{np.mean(recalled):.3f}** | {np.mean(marks):.3f} |")
    print(f"\nprecision {share:.4f}; {sum(wrong.values())} wrong in {len(wrong)} pairs:")
    for pair, count in wrong.most_common():
        print(f"  {pair} ({count} edits)")
    low, high = 1e3 * np.percentile(times, (50, 95))
    print(f"\nlooking takes {low:.1f} ms, p95 {high:.1f} ms")


def groups(collection: EdgeCollection, images: ImageStore) -> None:
    """Print the groups that hold more than one file."""
    found = list(Finder(collection, images).groups(thorough=True))
    mixed = []
    for group in found:
        files = {record.image_sha256 for record in collection.get(group).values()}
        if len(files) > 1:
            mixed.append(group)
    print(f"\n{len(found)} groups, {len(found) - len(mixed)} of them byte-identical; the others:")
    for group in mixed:
        print("  " + " ".join(group))


if __name__ == "__main__":
    main()
