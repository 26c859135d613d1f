"""Tells how well segments agree with what pins are, with themselves, and how long they take.

    python -m benchmarks.segments --data DIR/fashion [--encoder ENCODER] [--split test]
    python -m benchmarks.segments --pins 100000

Fashion pins of one split (by content, see `engine/training/pins.py`) are parted. Printed for each
number of segments: the normalised mutual information with `subCategory`; the adjusted Rand index,
on the pins that both have, of runs on two random nine tenths, over five draws; and the share of
segments whose name has the kind's word (the commonest `articleType`), compared by stems.
`--pins` takes the time on made-up pins instead.
"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from benchmarks.machine import OtherWork
from benchmarks.synthetic import corpus
from engine.discovery.clusters import fitted, unit
from engine.discovery.naming import Wording, name_of
from engine.discovery.segments import DEFAULT_COUNT, NAME, Segmenter
from engine.features.factory import load_encoder
from engine.features.images import decode
from engine.features.text import Analyzer
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.training.pins import read_set

COUNTS = (8, DEFAULT_COUNT, 16, 24)
BATCH = 64
DRAWS = 5


def fashion(folder: Path, encoder_name: str, split: str) -> None:
    """Print how segments of fashion pins agree."""
    encoder, analyzer = load_encoder(encoder_name), Analyzer("english")
    pins = [pin for pin in read_set(folder, "fashion") if pin.split == split]
    rows = [
        encoder.encode_images([decode(p.image.read_bytes()) for p in pins[start : start + BATCH]])
        for start in range(0, len(pins), BATCH)
    ]
    vectors = unit(np.concatenate(rows).astype(np.float32))
    kinds = [pin.attribute("subCategory") for pin in pins]
    articles = np.array([pin.attribute("articleType") for pin in pins])

    def stem(word: str) -> str:
        return next(iter(analyzer.telling_terms(word)), "")

    print(f"{len(pins):,} pins of {len(set(kinds))} kinds\n")
    print(
        "| segments | NMI | adjusted Rand, mean / least | named by their kind |\n|---|---|---|---|"
    )
    for count in COUNTS:
        clusters = fitted(vectors, count)
        groups, _ = clusters.nearest(vectors)
        chance = np.random.default_rng(11)
        agreed = []
        for _ in range(DRAWS):
            parts = [chance.permutation(len(pins))[: len(pins) * 9 // 10] for _ in range(2)]
            both = np.intersect1d(parts[0], parts[1])
            seen = [fitted(vectors[part], count).nearest(vectors[both])[0] for part in parts]
            agreed.append(adjusted_rand_score(*seen))
        wording = Wording(clusters.count, stem)
        for group, pin in zip(groups.tolist(), pins, strict=True):
            wording.add(group, f"{pin.description} {pin.board_title}".strip())
        named, lines = [], []
        for group, words in enumerate(wording.names()):
            [(kind, _)] = Counter(articles[groups == group].tolist()).most_common(1)
            told = name_of(words)
            named.append(bool(set(analyzer.terms(kind)) & set(analyzer.terms(told))))
            lines.append(f"  {np.sum(groups == group)} pins: {told} ({kind})")
        print(
            f"| {count} | {normalized_mutual_info_score(kinds, groups):.3f} | "
            f"{np.mean(agreed):.3f} / {min(agreed):.3f} | {np.mean(named):.2f} |"
        )
        if count == DEFAULT_COUNT:
            shown = lines
    print("\n" + "\n".join(shown))


def timed(pins: int) -> None:
    """Print how long the first run and a later one take."""
    other, made = OtherWork(), corpus(pins + 500)
    with (
        tempfile.TemporaryDirectory() as folder,
        EdgeCollection.open(
            Path(folder), Identity("synthetic", 256, "synthetic"), create=True
        ) as collection,
    ):
        for records in made.records(1_000):
            collection.upsert(records if len(records) == 1_000 else [])
        segmenter = Segmenter(
            collection, Analyzer("english"), Path(folder) / NAME, lambda rows: [["x"]] * len(rows)
        )
        for what in ("the first run", "again, nothing new"):
            began = time.perf_counter()
            segmenter.current()
            print(f"{what}: {time.perf_counter() - began:.2f} s for {collection.count():,} pins")
        collection.upsert([made.record(row) for row in range(pins, pins + 500)])
        began = time.perf_counter()
        segmenter.current()
        print(f"500 pins later: {time.perf_counter() - began:.2f} s")
    print(f"Other processes took {other.share():.0%} of the machine.")


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path)
    options.add_argument("--encoder", default="embedded")
    options.add_argument("--split", default="test")
    options.add_argument("--pins", type=int)
    chosen = options.parse_args()
    if chosen.data is not None:
        fashion(chosen.data, chosen.encoder, chosen.split)
    if chosen.pins is not None:
        timed(chosen.pins)


if __name__ == "__main__":
    main()
