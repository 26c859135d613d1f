"""Compares ways to merge words and pictures on judged pins, half of which have lost their text.

    python benchmarks/fusion.py --data DIR --split test

`--data` holds one folder a set with pins.jsonl, queries.jsonl and qrels.txt. A pin's split is
sha256(set + ":" + picture bytes) mod 5: 0 is test, 1 is development, the rest trained the encoder.
The pool is the split; a query needs three relevant pins in it (one where captions are queries).
Parameters are chosen on the development split alone.

The package's own encoder has trained on every split: `--encoder` names one that has not, and
`--fold` the third of flickr that it has not seen (`python -m engine.training study` makes both).
"""

import argparse
import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.features.encoder import Encoder
from engine.features.factory import load_encoder
from engine.features.images import decode
from engine.features.text import Analyzer
from engine.retrieval.fusion import Distribution
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import rank
from engine.retrieval.silence import Renormalised, Zero
from engine.store.plan import Bm25, Candidates

Array = npt.NDArray[np.float64]
SETS = ("fashion", "grocery", "flickr")
LEAST = {"flickr": 1}
SPLITS = {"test": 0, "development": 1}
FOLDS = 3


@dataclass(frozen=True)
class Judged:
    """One set's pool: vectors (n, d), analysed fields, queries with vectors and graded pins."""

    name: str
    vectors: Array
    description: list[list[str]]
    board: list[list[str]]
    terms: list[tuple[str, ...]]
    query_vectors: Array
    grades: list[dict[int, int]]


def load(folder: Path, name: str, split: str, encoder: Encoder, fold: int | None) -> Judged:
    """Read one set and encode its pool and queries."""
    analyzer = Analyzer()
    pins, pictures = [], []
    for line in (folder / name / "pins.jsonl").read_text().splitlines():
        pin = json.loads(line)
        data = (folder / name / pin["image"]).read_bytes()
        if in_pool(name, data, split, fold):
            pins.append(pin)
            pictures.append(data)
    rows = [
        encoder.encode_images([decode(each) for each in pictures[start : start + 64]])
        for start in range(0, len(pictures), 64)
    ]
    place = {pin["id"]: number for number, pin in enumerate(pins)}
    judged: dict[str, dict[int, int]] = defaultdict(dict)
    for line in (folder / name / "qrels.txt").read_text().splitlines():
        query, _, pin_id, grade = line.split()
        if pin_id in place and int(grade) > 0:
            judged[query][place[pin_id]] = int(grade)
    queries = [json.loads(each) for each in (folder / name / "queries.jsonl").open()]
    queries = [each for each in queries if len(judged[each["id"]]) >= LEAST.get(name, 3)]
    texts = [each["text"] for each in queries]
    return Judged(
        name,
        np.concatenate(rows).astype(np.float64),
        [analyzer.terms(pin.get("description") or "") for pin in pins],
        [analyzer.terms(pin.get("board_title") or "") for pin in pins],
        [analyzer.query_terms(text) for text in texts],
        encoder.encode_texts(texts).astype(np.float64),
        [judged[each["id"]] for each in queries],
    )


def in_pool(name: str, picture: bytes, split: str, fold: int | None) -> bool:
    """Tell whether a pin is judged, by the bytes of its picture alone."""
    if name == "flickr" and fold is not None:
        return int(hashlib.sha256(picture).hexdigest(), 16) % FOLDS == fold
    named = hashlib.sha256(f"{name}:".encode() + picture).hexdigest()
    return int(named, 16) % 5 == SPLITS[split]


def without_text(judged: Judged, share: float, seed: int = 13) -> Judged:
    """Return the set with the text of a random share of its pins dropped."""
    gone = np.random.default_rng(seed).random(len(judged.description)) < share
    keep = [[] if lost else words for lost, words in zip(gone, judged.description, strict=True)]
    board = [[] if lost else words for lost, words in zip(gone, judged.board, strict=True)]
    return replace(judged, description=keep, board=board)


class Field:
    """BM25 of one field over a pool, as Qdrant scores it: Lucene's idf, times (k1 + 1)."""

    def __init__(self, texts: list[list[str]]) -> None:
        self.counts = [Counter(text) for text in texts]
        self.postings: dict[str, list[int]] = defaultdict(list)
        for number, count in enumerate(self.counts):
            for term in count:
                self.postings[term].append(number)
        self.lengths = np.array([len(text) for text in texts], dtype=np.float64)
        filled = self.lengths[self.lengths > 0]
        self.mean = float(filled.mean()) if len(filled) else 1.0
        self.filled = len(filled)

    def scores(self, terms: tuple[str, ...], bm25: Bm25) -> Array:
        out = np.zeros(len(self.counts))
        for term in terms:
            rows = np.array(self.postings.get(term, []), dtype=int)
            if not len(rows):
                continue
            idf = math.log(1 + (self.filled - len(rows) + 0.5) / (len(rows) + 0.5))
            tf = np.array([self.counts[row][term] for row in rows], dtype=np.float64)
            norm = bm25.k1 * (1 - bm25.b + bm25.b * self.lengths[rows] / self.mean)
            out[rows] += idf * tf * (bm25.k1 + 1) / (tf + norm)
        return out


class Pool:
    """A set ready to be asked: candidates of each query as the engine would draw them."""

    def __init__(self, judged: Judged, parameters: Parameters) -> None:
        self.judged = judged
        bm25 = parameters.bm25
        description, board = Field(judged.description), Field(judged.board)
        n = len(judged.description)
        has_text = np.array(
            [bool(a or b) for a, b in zip(judged.description, judged.board, strict=True)]
        )
        frequency: Counter[str] = Counter()
        for a, b in zip(judged.description, judged.board, strict=True):
            frequency.update({*a, *b})
        self.candidates: list[Candidates] = []
        cosines = judged.query_vectors @ judged.vectors.T
        for terms, cosine in zip(judged.terms, cosines, strict=True):
            told, boarded = description.scores(terms, bm25), board.scores(terms, bm25)
            total = bm25.description_weight * told + bm25.board_weight * boarded
            lexical = np.argsort(-total, kind="stable")[: parameters.lexical_depth]
            lexical = lexical[total[lexical] > 0]
            nearest = np.argsort(-cosine, kind="stable")[: parameters.vector_depth]
            lexical_rank, vector_rank = np.zeros(n, np.int32), np.zeros(n, np.int32)
            lexical_rank[lexical] = np.arange(1, len(lexical) + 1)
            vector_rank[nearest] = np.arange(1, len(nearest) + 1)
            rows = np.flatnonzero((lexical_rank > 0) | (vector_rank > 0))
            self.candidates.append(
                Candidates(
                    keys=[f"{row:08d}" for row in rows],
                    cosine=cosine[rows].astype(np.float32),
                    description=told[rows].astype(np.float32),
                    board=boarded[rows].astype(np.float32),
                    has_text=has_text[rows],
                    lexical_rank=lexical_rank[rows],
                    vector_rank=vector_rank[rows],
                    idf={
                        term: math.log(1 + (n - frequency[term] + 0.5) / (frequency[term] + 0.5))
                        for term in terms
                    },
                )
            )

    def judge(self, order: Callable[[Candidates], npt.NDArray[np.intp]]) -> Array:
        """Return nDCG@10 (linear gain; Järvelin & Kekäläinen 2002) of each query."""
        return np.array(
            [
                ndcg([int(c.keys[row]) for row in order(c)[:10]], grades)
                for c, grades in zip(self.candidates, self.judged.grades, strict=True)
            ]
        )


def ndcg(ranked: list[int], grades: dict[int, int], depth: int = 10) -> float:
    """Return normalised discounted cumulative gain at `depth`."""
    discounts = 1 / np.log2(np.arange(2, depth + 2))
    gains = np.array([grades.get(pin, 0) for pin in ranked[:depth]], dtype=np.float64)
    best = np.array(sorted(grades.values(), reverse=True)[:depth], dtype=np.float64)
    return float(gains @ discounts[: len(gains)]) / float(best @ discounts[: len(best)])


def systems(parameters: Parameters) -> Iterator[tuple[str, Callable[[Candidates], Array]]]:
    """Yield the contenders by name; each returns a score for every candidate."""
    b = parameters.bm25

    def lexical(c: Candidates) -> Array:
        return np.asarray(
            b.description_weight * c.description.astype(float) + b.board_weight * c.board
        )

    def reciprocal(c: Candidates) -> Array:
        def one(ranks: npt.NDArray[np.int32]) -> Array:
            return np.where(ranks > 0, 1 / (60 + ranks.astype(float)), 0)

        return one(c.lexical_rank) + one(c.vector_rank)

    def naive(c: Candidates) -> Array:
        return np.where(c.lexical_rank > 0, c.cosine.astype(float), -1)

    def convex(c: Candidates) -> Array:
        share = parameters.text.lexical_weight
        return share * _minmax(lexical(c)) + (1 - share) * _minmax(c.cosine.astype(float))

    yield "BM25 alone", lexical
    yield "vectors alone", lambda c: c.cosine.astype(float)
    yield "naive rerank of BM25", naive
    yield "RRF k=60", reciprocal

    def ours(**changes: Any) -> Callable[[Candidates], Array]:
        own = replace(parameters, text=replace(parameters.text, **changes))
        return lambda c: rank(c, "text", own).mixed

    yield "convex, min-max", convex
    yield "DBSF", ours(fusion=Distribution(), lexical_weight=0.5)
    yield "calibrated, silence is zero", ours(silence=Zero())
    yield "calibrated, weights renormalised", ours(silence=Renormalised())
    yield "this engine", ours()


def _minmax(values: Array) -> Array:
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def reach(pool: Pool, score: Callable[[Candidates], Array]) -> float:
    """Return how much likelier relevant silent pins reach the first ten than told ones do."""
    found, all_ = np.zeros(2), np.zeros(2)
    for c, grades in zip(pool.candidates, pool.judged.grades, strict=True):
        relevant = np.array([grades.get(int(key), 0) > 0 for key in c.keys])
        first = np.zeros(len(c), dtype=np.bool_)
        first[by_score(score)(c)[:10]] = True
        for told in (0, 1):
            found[told] += (relevant & first & (c.has_text == told)).sum()
        told_all = [
            bool(a or b) for a, b in zip(pool.judged.description, pool.judged.board, strict=True)
        ]
        for pin in grades:
            all_[int(told_all[pin])] += 1
    shares = found / all_
    return float(shares[0] / shares[1])


def by_score(score: Callable[[Candidates], Array]) -> Callable[[Candidates], npt.NDArray[np.intp]]:
    """Return the order that a score gives, ties in the order of the pool."""
    return lambda c: np.argsort(-score(c), kind="stable")


def main() -> None:
    """Print one table: nDCG@10 a system and set with full text, half of it, and none; then reach.

    Reach, with half of the texts gone: the share of relevant silent pins that stand among the first
    ten, divided by the same share of relevant pins with text.
    """
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--split", choices=SPLITS, default="development")
    arguments.add_argument("--encoder", default="embedded", help="a setting of ENGINE_ENCODER")
    arguments.add_argument("--fold", type=int, choices=range(FOLDS))
    given = arguments.parse_args()
    on_test = given.split == "test"
    parameters = Parameters()
    encoder = load_encoder(given.encoder)
    # With a third of flickr for the test, the rest of it has trained: nothing is left to choose on.
    names = [name for name in SETS if name != "flickr" or given.fold is None or on_test]
    sets = [load(given.data, name, given.split, encoder, given.fold) for name in names]
    columns = [(each, share) for share in (0.0, 0.5, 1.0) for each in sets]
    pools = [Pool(without_text(each, share), parameters) for each, share in columns]
    heads = [f"{each.name} {['full', 'half', 'none'][int(share * 2)]}" for each, share in columns]
    halves = [pool for pool, (_, share) in zip(pools, columns, strict=True) if share == 0.5]
    heads += [f"{pool.judged.name} reach" for pool in halves]
    print(f"nDCG@10, {given.split} split, {encoder.fingerprint}\n\n| |", " | ".join(heads), "|")
    print("|---|" + "---|" * len(heads))
    for name, score in systems(parameters):
        cells = [f"{pool.judge(by_score(score)).mean():.3f}" for pool in pools]
        cells += [f"{reach(pool, score):.2f}" for pool in halves]
        print(f"| {name} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
