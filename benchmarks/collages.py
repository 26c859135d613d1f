"""Tells how well things are found in collages whose boxes are known, and what region vectors give.

    python -m benchmarks.collages --data DIR --encoder FOLDER --split test

Collages are of `collage_scenes.py`: items of fashion, grocery and caltech that the encoder has not
trained on, 2 to 5 in each, on five kinds of ground. Printed are the share of items that one of the
first ten boxes fits (intersection over union of at least a half); how often the photo of an item
finds its scene among the first ten, by whole pictures and with vectors of regions, among the
collages and as many everyday scenes as there are; how often a found region, and the whole scene,
finds the item; and what it takes. `--fit` prints weights for `engine/features/regions.py` instead
(development split, needs scikit-learn); `--margins` compares margins (development split).
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.collage_scenes import GROUNDS, SETS, SPLITS, Scene, items_of, scenes
from benchmarks.machine import OtherWork
from engine.features.encoder import Encoder
from engine.features.factory import load_encoder
from engine.features.images import crop
from engine.features.regions import candidates, intersection_over_union, proposals
from engine.features.spatial import maps_of
from engine.ingestion.recording import WHOLE
from engine.store.plan import REGION_MARGIN

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float32]
FIRST = 10
KEPT = (2, 4, 6, 8)
MARGINS = (0.0, 0.02, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15)
POOL = 1_000
FIT, DOUBT = 0.6, (0.4, 0.6)


@dataclass(frozen=True)
class Looked:
    """A picture with its vector, its boxes (n, 4), best first, and their vectors."""

    row: Rows
    boxes: Array
    regions: Rows


def look(picture: Image.Image, encoder: Encoder, spent: dict[str, float]) -> Looked:
    """Find the regions of a picture; `spent` gathers processor seconds by step."""
    begun = time.process_time()
    row = encoder.encode_images([picture])[0]
    whole = time.process_time()
    maps = maps_of(encoder, picture)
    mapped = time.process_time()
    found = proposals(maps, FIRST)
    proposed = time.process_time()
    regions = encoder.encode_images([crop(picture, each.box) for each in found])
    ended = time.process_time()
    for name, seconds in (
        ("vector of the whole", whole - begun),
        ("maps", mapped - whole),
        ("boxes", proposed - mapped),
        ("ten vectors of regions", ended - proposed),
    ):
        spent[name] = spent.get(name, 0.0) + seconds
    boxes = np.array([(b.box.x, b.box.y, b.box.width, b.box.height) for b in found])
    return Looked(row, boxes, regions)


def similarities(rows: Rows, looked: Sequence[Looked], kept: int, margin: float) -> Rows:
    """Return the cosine of each query (n, d) to each picture as the engine takes it."""
    out = rows @ np.stack([each.row for each in looked]).T
    for column, each in enumerate(looked):
        small = each.boxes[:, 2:].prod(axis=1) < WHOLE
        regions = each.regions[small][:kept]
        if kept and len(regions):
            out[:, column] = np.maximum(out[:, column], (rows @ regions.T).max(axis=1) - margin)
    return out


def found_among(cosines: Rows, right: npt.NDArray[np.intp], first: int) -> float:
    """Return how often the right column is among the first so many of its row."""
    own = cosines[np.arange(len(right)), right][:, None]
    return float(((cosines > own).sum(axis=1) < first).mean())


def report(
    made: list[Scene], looked: list[Looked], others: list[Looked], encoder: Encoder, pool: Rows
) -> None:
    """Print recall of boxes by ground, then both searches; `pool` has further items' vectors."""
    hits: dict[str, list[bool]] = {ground: [] for ground in GROUNDS}
    best_boxes = []
    for scene, each in zip(made, looked, strict=True):
        overlaps = intersection_over_union(each.boxes, np.array(scene.boxes))
        hits[scene.ground] += (overlaps.max(axis=0) >= 0.5).tolist()
        best_boxes.append(overlaps.argmax(axis=0))
    every = [hit for each in hits.values() for hit in each]
    print(f"\n{len(made)} collages, {len(every)} items: a box of the first {FIRST} fits")
    print("\n| " + " | ".join([*GROUNDS, "all"]) + " |\n|" + "---|" * (len(GROUNDS) + 1))
    means = [float(np.mean(hits[ground])) for ground in GROUNDS]
    print("| " + " | ".join(f"{mean:.3f}" for mean in [*means, float(np.mean(every))]) + " |")
    rows = encoder.encode_images([item.photo for scene in made for item in scene.items])
    right = np.repeat(np.arange(len(made)), [len(scene.items) for scene in made])
    print(f"\nitem -> scene among {len(made) + len(others)}\n\n| vectors | R@1 | R@{FIRST} |")
    print("|---|---|---|")
    for kept in (0, *KEPT):
        cosines = similarities(rows, [*looked, *others], kept, REGION_MARGIN)
        name = f"whole and {kept} regions" if kept else "whole pictures"
        one, ten = (found_among(cosines, right, first) for first in (1, FIRST))
        print(f"| {name} | {one:.3f} | {ten:.3f} |")
    items = np.concatenate([rows, pool])
    asked = {
        "the box of the item that fits best": np.concatenate(
            [each.regions[best] for each, best in zip(looked, best_boxes, strict=True)]
        ),
        "the whole scene": np.stack([looked[place].row for place in right]),
    }
    print(f"\nscene -> item among {len(items)}\n\n| asked with | R@1 | R@{FIRST} |\n|---|---|---|")
    for name, queries in asked.items():
        cosines = queries @ items.T
        own = np.arange(len(rows))
        one, ten = (found_among(cosines, own, first) for first in (1, FIRST))
        print(f"| {name} | {one:.3f} | {ten:.3f} |")


def compare_margins(
    made: list[Scene], looked: list[Looked], others: list[Looked], encoder: Encoder
) -> None:
    """Print R@10 of items by margin and number of regions, and how much chance gives a maximum."""
    rows = encoder.encode_images([item.photo for scene in made for item in scene.items])
    right = np.repeat(np.arange(len(made)), [len(scene.items) for scene in made])
    both = [*looked, *others]
    print("\n| margin | " + " | ".join(str(kept) for kept in KEPT) + " |\n|" + "---|" * 5)
    for margin in MARGINS:
        tens = [found_among(similarities(rows, both, kept, margin), right, FIRST) for kept in KEPT]
        print(f"| {margin} | " + " | ".join(f"{ten:.3f}" for ten in tens) + " |")
    plain = similarities(rows, both, 0, 0.0)
    strange = np.ones_like(plain, bool)
    strange[np.arange(len(right)), right] = False
    for kept in KEPT:
        most = similarities(rows, both, kept, 0.0)
        at = [np.quantile(each[strange], (0.5, 0.9, 0.99)) for each in (plain, most)]
        print(f"{kept} regions: scenes without the item gain {np.round(at[1] - at[0], 3)}")


def fit(made: list[Scene], encoder: Encoder) -> None:
    """Print the weights of a logistic regression of which boxes fit an item."""
    from sklearn.linear_model import LogisticRegression

    columns, overlaps = [], []
    for scene in made:
        boxes, evidence = candidates(maps_of(encoder, scene.picture))
        columns.append(evidence)
        overlaps.append(intersection_over_union(boxes, np.array(scene.boxes)).max(axis=1))
    table, best = np.concatenate(columns), np.concatenate(overlaps)
    middle, spread = table.mean(axis=0), table.std(axis=0)
    weight = np.where((best > DOUBT[0]) & (best < DOUBT[1]), 0.3, 1.0)
    model = LogisticRegression(C=0.3, max_iter=3_000)
    model.fit((table - middle) / spread, best >= FIT, sample_weight=weight)
    weights = model.coef_[0] / spread
    print("WEIGHTS =", ", ".join(f"{each:.3g}" for each in weights))
    print(f"BIAS = {float(model.intercept_[0] - (middle * weights).sum()):.3g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder", default="embedded")
    parser.add_argument("--split", choices=sorted(SPLITS), default="development")
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--margins", action="store_true")
    given = parser.parse_args()
    encoder = load_encoder(given.encoder)
    items = [each for name in SETS for each in items_of(given.data, name, given.split)]
    photos = items_of(given.data, "flickr", given.split)
    made = scenes(items, photos, given.scenes, given.seed)
    if given.fit:
        fit(made, encoder)
        return
    work = OtherWork()
    spent: dict[str, float] = {}
    looked = [look(scene.picture, encoder, spent) for scene in made]
    print(f"{given.split} split, {encoder.fingerprint}, {work.share():.0%} busy with other work")
    others = [look(each.photo, encoder, {}) for each in photos[: given.scenes]]
    if given.margins:
        compare_margins(made, looked, others, encoder)
        return
    shown = {item.pin for scene in made for item in scene.items}
    rest = [each for each in items if each.pin not in shown]
    chosen = np.random.default_rng(given.seed).permutation(len(rest))[:POOL]
    pool = encoder.encode_images([rest[number].photo for number in chosen])
    report(made, looked, others, encoder, pool)
    print("\nprocessor time a picture: ", end="")
    print(", ".join(f"{name} {1000 * each / len(made):.0f} ms" for name, each in spent.items()))


if __name__ == "__main__":
    main()
