"""Tells which edits of a picture are recognised as its copies, how often others are, at what cost.

    python -m benchmarks.near_duplicates --data DIR --cache FILE.npz [--cost PINS]

`--data` holds folders of pictures, one a set. A sample of them stands for a collection; some of
these are edited in the ways in which pictures come again, and each edit is compared with every
picture of the collection. Recall is the share of edits that find their source; precision the share
of what is found that is the source or has the same bytes.
`--cost` writes so many made-up pins whose hashes are put together from parts of real ones, and
takes the time of comparing batches with them.
"""

import argparse
import hashlib
import io
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageEnhance

from benchmarks.synthetic import Corpus, corpus
from engine.features.factory import load_encoder
from engine.features.fingerprint import dhash
from engine.features.images import decode
from engine.features.phash import BANDS, phash
from engine.ingestion.duplicates import COSINE_PER_BIT, LEAST_COSINE, MOST_BITS, Duplicates
from engine.pins import Pin
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity

SAMPLE = {
    "fashion": 1_500,
    "grocery": 700,
    "clothing": 500,
    "caltech": 500,
    "flickr": 200,
    "imagenet": 300,
}
SOURCES = 300
BATCH = 1_000
IDENTITY = Identity("synthetic", 256, "synthetic")
Array = npt.NDArray[np.float32]
Bits = npt.NDArray[np.uint8]


def encoded(image: Image.Image, kind: str = "JPEG", **options: int) -> Image.Image:
    """Return a picture as it is after it was saved and read."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return decode(stream.getvalue())


def cropped(image: Image.Image, left: float, top: float, right: float, low: float) -> Image.Image:
    """Cut shares of the sides off."""
    width, height = image.size
    box = (left * width, top * height, (1 - right) * width, (1 - low) * height)
    return image.crop(tuple(round(each) for each in box))  # type: ignore[arg-type]


def marked(image: Image.Image, *, across: bool) -> Image.Image:
    """Lay words over a picture: small in a corner, or half-transparent across it."""
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    width, height = image.size
    if across:
        place = (0.05 * width, 0.4 * height)
        draw.text(place, "shop.example", (255, 255, 255, 128), font_size=width / 7)
    else:
        draw.text((0.6 * width, 0.9 * height), "shop.example", "white", font_size=width / 18)
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG, quality 60": lambda image: encoded(image, quality=60),
    "JPEG, quality 25": lambda image: encoded(image, quality=25),
    "WebP, quality 60": lambda image: encoded(image, "WEBP", quality=60),
    "half the size": lambda image: encoded(image.resize((image.width // 2, image.height // 2))),
    "twice the size": lambda image: encoded(image.resize((image.width * 2, image.height * 2))),
    "brighter by a fifth": lambda image: encoded(ImageEnhance.Brightness(image).enhance(1.2)),
    "darker by a fifth": lambda image: encoded(ImageEnhance.Brightness(image).enhance(0.8)),
    "contrast up by a fifth": lambda image: encoded(ImageEnhance.Contrast(image).enhance(1.2)),
    "words in a corner": lambda image: encoded(marked(image, across=False)),
    "words across it": lambda image: encoded(marked(image, across=True)),
    "2 % cut off each side": lambda image: encoded(cropped(image, 0.02, 0.02, 0.02, 0.02)),
    "5 % cut off one side": lambda image: encoded(cropped(image, 0.05, 0, 0, 0)),
    "5 % cut off each side": lambda image: encoded(cropped(image, 0.05, 0.05, 0.05, 0.05)),
    "in greys": lambda image: encoded(image.convert("L").convert("RGB")),
    "mirrored": lambda image: encoded(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
}


def looked_at(images: list[Image.Image]) -> tuple[Array, Bits, Bits]:
    """Return vectors and both hashes' bits of pictures."""
    encoder = load_encoder("embedded")
    rows = [
        encoder.encode_images(images[start : start + 64]) for start in range(0, len(images), 64)
    ]
    hashes = [
        np.array([list(bytes.fromhex(make(image))) for image in images], np.uint8)
        for make in (dhash, phash)
    ]
    return np.concatenate(rows), hashes[0], hashes[1]


def distances(first: Bits, second: Bits) -> npt.NDArray[np.int32]:
    """Return in how many bits each of the one differs from each of the other."""
    out = np.empty((len(first), len(second)), np.int32)
    for row, each in enumerate(first):
        out[row] = np.bitwise_count(second ^ each).sum(axis=1)
    return out


def gathered(folder: Path) -> dict[str, npt.NDArray[np.generic]]:
    """Read the sample, edit some of it and look at all."""
    chance = random.Random(5)
    paths: list[Path] = []
    for name, count in SAMPLE.items():
        found = sorted((folder / name).rglob("*.jpg"))
        paths += chance.sample(found, min(count, len(found)))
    data = [path.read_bytes() for path in paths]
    images = [decode(each) for each in data]
    sources = sorted(chance.sample(range(len(images)), SOURCES))
    edits = [edit(images[source]) for source in sources for edit in EDITS.values()]
    vectors, plain, cosine = looked_at(images)
    edited = looked_at(edits)
    return {
        "paths": np.array([str(path.relative_to(folder)) for path in paths]),
        "content": np.array([hashlib.sha256(each).hexdigest() for each in data]),
        "sources": np.array(sources),
        **dict(zip(("vectors", "dhash", "phash"), (vectors, plain, cosine), strict=True)),
        **dict(zip(("vectors_e", "dhash_e", "phash_e"), edited, strict=True)),
    }


def told(seen: dict[str, Any]) -> Iterator[str]:
    """Yield the tables."""
    owner = np.repeat(seen["sources"], len(EDITS))
    cosine = seen["vectors_e"] @ seen["vectors"].T
    same = seen["content"][owner][:, None] == seen["content"][None, :]
    kind = np.tile(np.arange(len(EDITS)), len(seen["sources"]))
    usual = kind < list(EDITS).index("5 % cut off each side")
    bits = {name: distances(seen[f"{name}_e"], seen[name]) for name in ("dhash", "phash")}
    parts = seen["phash"].view(np.uint16)[None], seen["phash_e"].view(np.uint16)[:, None]
    shared = (parts[0] == parts[1]).any(axis=2)
    line = LEAST_COSINE + COSINE_PER_BIT * bits["phash"]
    rule = (bits["phash"] <= MOST_BITS) & (cosine >= line)
    rules = {
        "vectors alone, cosine of .95": cosine >= 0.95,
        "vectors alone, cosine of .98": cosine >= 0.98,
        "difference hash alone, 4 bits": bits["dhash"] <= 4,
        "difference hash, 4 bits, cosine of .95": (bits["dhash"] <= 4) & (cosine >= 0.95),
        "DCT hash alone, 2 bits": bits["phash"] <= 2,
        "DCT hash alone, 6 bits": bits["phash"] <= 6,
        "DCT hash, 6 bits, cosine of .9": (bits["phash"] <= 6) & (cosine >= 0.9),
        "the rule, every pair looked at": rule,
        "the rule, among pairs that share a part": rule & shared,
    }
    yield "| | recall | precision | edits with a wrong match |\n|---|---|---|---|"
    for name, hit in rules.items():
        true, wrong = (hit & same)[usual], (hit & ~same)[usual]
        share = true.sum() / max(1, true.sum() + wrong.sum())
        yield (
            f"| {name} | {true.any(axis=1).mean():.3f} | {share:.3f} | "
            f"{wrong.any(axis=1).mean():.3f} |"
        )
    yield "\n| edit | found | bits, median / p90 | cosine, p10 / median |\n|---|---|---|---|"
    rows = np.arange(len(owner))
    for number, name in enumerate(EDITS):
        mine = kind == number
        found = (rule & shared & same)[mine].any(axis=1).mean()
        off = bits["phash"][rows, owner][mine]
        near = cosine[rows, owner][mine]
        yield (
            f"| {name} | {found:.2f} | {np.median(off):.0f} / {np.percentile(off, 90):.0f} | "
            f"{np.percentile(near, 10):.3f} / {np.median(near):.3f} |"
        )
    yield f"\nA pin shares a part of its hash with {(shared & ~same).mean():.5f} of the others."


def cost(seen: dict[str, Any], pins: int) -> Iterator[str]:
    """Yield what writing and comparing take in a collection of so many pins."""
    chance = np.random.default_rng(3)
    real = seen["phash"].view(np.uint16)
    drawn = real[chance.integers(0, len(real), (pins, BANDS)), np.arange(BANDS)]
    hashes = [each.tobytes().hex() for each in np.ascontiguousarray(drawn)]
    made = corpus(pins)
    for hashed in (False, True):
        with (
            tempfile.TemporaryDirectory() as folder,
            EdgeCollection.open(Path(folder), IDENTITY, create=True) as collection,
        ):
            spent = 0.0
            for start in range(0, pins, BATCH):
                records = [made.record(row) for row in range(start, min(start + BATCH, pins))]
                if hashed:
                    parts = hashes[start : start + BATCH]
                    records = [
                        replace(record, phash=each)
                        for record, each in zip(records, parts, strict=True)
                    ]
                begun = time.perf_counter()
                collection.upsert(records)
                spent += time.perf_counter() - begun
            yield f"written {'with' if hashed else 'without'} hashes: {1e6 * spent / pins:.0f} us"
            if hashed:
                yield f"compared before the graph is built: {_compared(collection, seen, made)}"
                collection.optimize()
                yield f"compared with the graph: {_compared(collection, seen, made)}"


def _compared(collection: EdgeCollection, seen: dict[str, Any], made: Corpus) -> str:
    chance = np.random.default_rng(4)
    spent = []
    for _ in range(20):
        rows = chance.integers(0, len(made), 64)
        hashes = seen["phash_e"][chance.integers(0, len(seen["phash_e"]), 64)]
        new = [
            replace(
                made.record(int(row)),
                phash=each.tobytes().hex(),
                pin=Pin(f"new-{number}", "x.jpg"),
                image_sha256=f"new-{number}",
            )
            for number, (row, each) in enumerate(zip(rows, hashes, strict=True))
        ]
        begun = time.perf_counter()
        Duplicates(collection).marked(new)
        spent.append((time.perf_counter() - begun) / 64)
    return f"{1e3 * np.median(spent):.3f} ms a pin (p95 {1e3 * np.percentile(spent, 95):.3f})"


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--cache", type=Path, required=True)
    options.add_argument("--cost", type=int)
    chosen = options.parse_args()
    if not chosen.cache.exists():
        kept: dict[str, Any] = gathered(chosen.data)
        np.savez(chosen.cache, **kept)
    with np.load(chosen.cache) as file:
        seen = dict(file)
    lines = told(seen) if chosen.cost is None else cost(seen, chosen.cost)
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
