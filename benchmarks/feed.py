"""Feeds of simulated people with two tastes each, on judged pins that nothing was tuned on.

    python -m benchmarks.feed --data DIR --encoder FOLDER --split test

`--data` and `--split` are those of `benchmarks/fusion.py`. A taste is an `articleType`, or one in a
`baseColour`, of which the split has enough pins; a person likes five pins of each of two, in a
random order, and sees the others. Told are: the share of the first 20 that are of either taste, the
share of people whose first 20 have both, and, after a pin of the taste that is seen most was
hidden, how many of the first 20 are still of it, and how often none is. The feed is the engine's.
No pin keeps its attributes, which would say the answer; once they have their titles, once nothing.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.pools import SPLITS, in_pool
from engine.discovery.feed import Feed
from engine.discovery.kinds import Kinds
from engine.discovery.vocabulary import Labels, read_vocabulary
from engine.discovery.wording import Wording
from engine.features.encoder import Encoder
from engine.features.factory import load_encoder
from engine.features.fingerprint import content_sha256
from engine.features.images import decode
from engine.features.phash import phash
from engine.features.text import Analyzer
from engine.ingestion.duplicates import Duplicates
from engine.pins import Pin, pin_from_json
from engine.queries import Filter, For
from engine.retrieval.parameters import for_encoder
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.records import Record

FIRST, LIKED, PEOPLE, BATCH = 20, 5, 150, 64
Kind = Callable[[Mapping[str, str]], str]
KINDS: dict[str, tuple[Kind, int]] = {
    "articleType": (lambda a: a.get("articleType", ""), 25),
    "articleType and baseColour": (
        lambda a: f"{a.get('articleType', '')} {a.get('baseColour', '')}",
        20,
    ),
}


def read(data: Path, split: str, encoder: Encoder) -> list[Record]:
    """Return the split's pins as records."""
    analyzer = Analyzer()
    pins: list[Pin] = []
    pictures = []
    for line in (data / "fashion" / "pins.jsonl").read_text().splitlines():
        pin, _ = pin_from_json(json.loads(line))
        picture = (data / "fashion" / pin.image).read_bytes()
        if in_pool("fashion", picture, split, None):
            pins.append(pin)
            pictures.append(picture)
    records: list[Record] = []
    for start in range(0, len(pins), BATCH):
        batch = pictures[start : start + BATCH]
        decoded = [decode(each) for each in batch]
        rows = encoder.encode_images(decoded)
        records += [
            Record(
                pin=pin,
                vector=row,
                description_terms=" ".join(analyzer.terms(pin.description or "")),
                board_terms="",
                image_sha256=content_sha256(raw),
                image_key=None,
                dhash="0" * 16,
                digest=content_sha256(raw),
                phash=phash(image.convert("L")),
            )
            for pin, row, raw, image in zip(
                pins[start : start + BATCH], rows, batch, decoded, strict=True
            )
        ]
    return records


def write(collection: EdgeCollection, records: list[Record]) -> None:
    """Write records as intake does: each with the first pin that shows its picture."""
    for start in range(0, len(records), BATCH):
        collection.upsert(Duplicates(collection).marked(records[start : start + BATCH]))


def without_attributes(records: list[Record], *, titles: bool) -> list[Record]:
    """Return records that say only their titles, or nothing."""
    out = [
        replace(each, pin=replace(each.pin, attributes={}, board_title=None)) for each in records
    ]
    if titles:
        return out
    return [
        replace(each, pin=replace(each.pin, description=None), description_terms="") for each in out
    ]


def measure(
    feed: Feed, records: list[Record], kind: Kind, least: int, people: int = PEOPLE
) -> tuple[float, ...]:
    """Return matches, people with both tastes, and what is left of a hidden taste."""
    of = {each.pin.id: kind(each.pin.attributes) for each in records}
    pins: dict[str, list[str]] = defaultdict(list)
    for name, value in of.items():
        pins[value].append(name)
    tastes = sorted(value for value, names in pins.items() if len(names) >= least)
    rng = np.random.default_rng(31)
    matched, both, left = [], [], []
    for _ in range(people):
        pair = rng.choice(tastes, 2, replace=False).tolist()
        likes = [
            str(name) for value in pair for name in rng.choice(pins[value], LIKED, replace=False)
        ]
        rng.shuffle(likes)
        seen = _first(feed, For(tuple(likes)), of)
        matched.append(np.mean([of[name] in pair for name in seen]))
        both.append(set(pair) <= {of[name] for name in seen})
        disliked = max(pair, key=lambda value: sum(of[name] == value for name in seen))
        hidden = next((name for name in seen if of[name] == disliked), likes[0])
        after = _first(feed, For(tuple(likes), (hidden,)), of)
        left.append(sum(of[name] == disliked for name in after))
    counts = np.array(left)
    return (
        float(np.mean(matched)),
        float(np.mean(both)),
        float(np.mean(counts)),
        float(np.mean(counts == 0)),
    )


def _first(feed: Feed, person: For, of: Mapping[str, str]) -> list[str]:
    answer = feed.answer(person, Filter(), FIRST, 0)
    return [hit.id for hit in answer.hits if hit.id in of]


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--split", choices=SPLITS, default="development")
    arguments.add_argument("--encoder", default="embedded", help="a setting of ENGINE_ENCODER")
    arguments.add_argument("--people", type=int, default=PEOPLE)
    given = arguments.parse_args()
    encoder = load_encoder(given.encoder)
    records = read(given.data, given.split, encoder)
    identity = Identity(encoder.fingerprint, encoder.dimension, "none")
    vocabulary = read_vocabulary()
    kinds = Kinds(Labels.of(vocabulary, "kind", encoder).rows, Wording(vocabulary, Analyzer()))
    print(
        f"{len(records):,} pins, {given.split} split, {encoder.fingerprint}, {given.people} people"
    )
    columns = ("a taste is", "pins say", "first 20 of a taste", "people with both", "left", "none")
    print(f"\n| {' | '.join(columns)} |\n|---|---|---|---|---|---|")
    for titles in (False, True):
        with (
            tempfile.TemporaryDirectory() as folder,
            EdgeCollection.open(Path(folder), identity, create=True) as collection,
        ):
            write(collection, without_attributes(records, titles=titles))
            feed = Feed(collection, for_encoder(encoder.fingerprint), lambda: kinds)
            for name, (kind, least) in KINDS.items():
                share, both, left, none = measure(feed, records, kind, least, given.people)
                print(
                    f"| {name} | {'titles' if titles else 'nothing'} | {share:.3f} | {both:.3f} | "
                    f"{left:.2f} of 20 | {none:.3f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
