"""Tells what varied answers cost in relevance and what they gain, on judged pins.

    python -m benchmarks.diversity --data DIR --encoder FOLDER --fold 2

`--data`, `--encoder` and `--fold` are those of `benchmarks/pools.py`, whose pools and splits are
used. Likeness is the mean cosine between pictures of the first ten. Subtopics are values of
attributes; their recall (Zhai, Cohen & Lafferty, SIGIR 2003) is the share of those among a query's
relevant pins, ten at most, that the relevant pins of the first ten have, over queries with more
than one. Near-identical pictures are not collapsed here: the gain is of diversity alone.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.pools import FOLDS, SETS, SPLITS, Judged, Pool, in_pool, load, ndcg, without_text
from engine.features.factory import load_encoder
from engine.relevance.comparison import compare
from engine.retrieval.diversity import POOL, beside_best, mmr
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import rank

ASKED = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)
SUBTOPICS = {
    "fashion": ("articleType", "baseColour", "usage", "season"),
    "grocery": ("label",),
    "flickr": (),
}
FIRST = 10
SEED = 13


@dataclass(frozen=True)
class Varied:
    """First tens of all queries at one diversity: nDCG@10 and likeness of each, and the rows."""

    ndcg: np.ndarray
    likeness: np.ndarray
    found: list[list[int]]


def vary(pool: Pool, parameters: Parameters, diversity: float) -> Varied:
    """Answer all queries of a pool."""
    judged = pool.judged
    gains, likeness, found = [], [], []
    for candidates, grades in zip(pool.candidates, judged.grades, strict=True):
        ranking = rank(candidates, "text", parameters)
        rows = ranking.order[:POOL]
        pins = np.array([int(candidates.keys[row]) for row in rows])
        if diversity:
            relevance = beside_best(ranking.relevance[rows])
            order, _ = mmr(relevance, judged.vectors[pins], diversity)
            pins = pins[order]
        first = pins[:FIRST]
        gains.append(ndcg(first.tolist(), grades))
        cosine = judged.vectors[first] @ judged.vectors[first].T
        likeness.append(float(cosine[np.triu_indices(len(first), 1)].mean()))
        found.append(first.tolist())
    return Varied(np.array(gains), np.array(likeness), found)


def recall(judged: Judged, values: list[str | None], found: list[list[int]]) -> list[float]:
    """Return subtopic recall of each query whose relevant pins have more than one value."""
    out = []
    for first, grades in zip(found, judged.grades, strict=True):
        there = {values[pin] for pin in grades} - {None}
        if len(there) > 1:
            seen = {values[pin] for pin in first if pin in grades} - {None}
            out.append(len(seen) / min(len(there), FIRST))
    return out


def attributes(
    folder: Path, name: str, split: str, fold: int | None
) -> Iterator[dict[str, str | None]]:
    """Yield the attributes of a pool's pins, in its order."""
    for line in (folder / name / "pins.jsonl").read_text().splitlines():
        pin = json.loads(line)
        if in_pool(name, (folder / name / pin["image"]).read_bytes(), split, fold):
            yield pin.get("attributes") or {}


def main() -> None:
    """Print one table a set and share of texts."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--split", choices=SPLITS, default="test")
    arguments.add_argument("--encoder", default="embedded", help="a setting of ENGINE_ENCODER")
    arguments.add_argument("--fold", type=int, choices=range(FOLDS))
    given = arguments.parse_args()
    parameters = Parameters()
    encoder = load_encoder(given.encoder)
    print(f"{given.split} split, {encoder.fingerprint}")
    for name in SETS:
        whole = load(given.data, name, given.split, encoder, given.fold)
        told = list(attributes(given.data, name, given.split, given.fold))
        for share, kept in ((0.0, "all texts"), (0.5, "half of the texts")):
            show(f"{name}, {kept}", Pool(without_text(whole, share), parameters), told, parameters)


def show(title: str, pool: Pool, told: list[dict[str, str | None]], parameters: Parameters) -> None:
    """Print the table of one pool."""
    plain = vary(pool, parameters, 0.0)
    topics = {
        topic: values
        for topic in SUBTOPICS[title.partition(",")[0]]
        if recall(pool.judged, values := [each.get(topic) for each in told], plain.found)
    }
    heads = ["diversity", "nDCG@10", "change (95 %)", "likeness", *topics]
    print(f"\n**{title}** ({len(plain.ndcg):,} queries)\n")
    print("|", " | ".join(heads), "|\n" + "|---" * len(heads) + "|")
    for diversity in ASKED:
        varied = vary(pool, parameters, diversity)
        cost = compare(("varied", varied.ndcg), ("plain", plain.ndcg), "nDCG@10", SEED)
        cells = [
            f"{diversity:g}",
            f"{varied.ndcg.mean():.3f}",
            f"{cost.difference:+.3f} ({cost.low:+.3f} to {cost.high:+.3f})" if diversity else "",
            f"{varied.likeness.mean():.3f}",
            *(
                f"{np.mean(recall(pool.judged, each, varied.found)):.3f}"
                for each in topics.values()
            ),
        ]
        print("|", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
