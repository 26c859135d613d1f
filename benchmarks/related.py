"""Related pins on judged fashion pins that nothing was tuned on, asked by picture.

    python -m benchmarks.related --data DIR --encoder FOLDER --split test

`--data` and `--split` are those of `benchmarks/fusion.py`. 500 pins of the split are asked for
their related pins; one is right if it has the same `articleType` and `baseColour`. Only pins are
asked of which the split has ten others that are right. The words are on all pins, or on none. Told
too: first tens in which two pictures, the asked one among them, are alike by hash and vector.
"""

import argparse
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.feed import read, write
from benchmarks.pools import SPLITS
from engine.features.factory import load_encoder
from engine.features.images import ImageLimits
from engine.features.text import Analyzer
from engine.ingestion.duplicates import alike
from engine.retrieval.parameters import for_encoder
from engine.retrieval.related import related
from engine.retrieval.understand import Reader
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.image_store import ImageStore
from engine.store.records import Record

FIRST = 10
ASKED = 500


def measure(records: list[Record], reader: Reader, fingerprint: str) -> tuple[float, int, int]:
    """Return P@10, how many were asked, and in how many first tens a picture comes twice."""
    kind = {
        each.pin.id: (each.pin.attributes.get("articleType"), each.pin.attributes.get("baseColour"))
        for each in records
    }
    by_id = {each.pin.id: each for each in records}
    sizes = Counter(kind.values())
    chosen = [each.pin.id for each in records if sizes[kind[each.pin.id]] > FIRST]
    asked = np.random.default_rng(5).permutation(chosen)[:ASKED].tolist()
    right, twice = [], 0
    for pin in asked:
        found = related(pin, reader, for_encoder(fingerprint), limit=FIRST)
        hits = [hit.id for hit in found.hits]
        right.append(sum(kind[hit] == kind[pin] for hit in hits) / FIRST)
        shown = [by_id[each] for each in (pin, *hits)]
        twice += any(
            alike(a, b, float(a.vector @ b.vector))
            for at, a in enumerate(shown)
            for b in shown[at + 1 :]
        )
    return float(np.mean(right)), len(asked), twice


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--split", choices=SPLITS, default="development")
    arguments.add_argument("--encoder", default="embedded", help="a setting of ENGINE_ENCODER")
    given = arguments.parse_args()
    encoder, analyzer = load_encoder(given.encoder), Analyzer()
    silent = read(given.data, given.split, encoder)
    told = [
        replace(
            each,
            description_terms=" ".join(analyzer.terms(each.pin.description or "")),
            board_terms=" ".join(analyzer.terms(each.pin.board_title or "")),
        )
        for each in silent
    ]
    identity = Identity(encoder.fingerprint, encoder.dimension, analyzer.fingerprint)
    print(f"{len(silent):,} pins, {given.split} split, {encoder.fingerprint}\n")
    print("| pins | P@10 | asked | first tens with a picture twice |\n|---|---|---|---|")
    for name, records in (("with text and image", told), ("without text", silent)):
        with (
            tempfile.TemporaryDirectory() as folder,
            EdgeCollection.open(Path(folder) / "c", identity, create=True) as collection,
        ):
            write(collection, records)
            images = ImageStore(Path(folder) / "images")
            reader = Reader(collection, lambda: encoder, analyzer, images, ImageLimits(), 0.5)
            right, asked, twice = measure(records, reader, encoder.fingerprint)
            print(f"| {name} | {right:.3f} | {asked:,} | {twice} |", flush=True)


if __name__ == "__main__":
    main()
