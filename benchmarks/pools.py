"""Judged pins without a store: pools of the public sets, and each query's candidates in them.

`--data` of the benchmarks holds one folder a set with pins.jsonl, queries.jsonl and qrels.txt. A
pin's split is sha256(set + ":" + picture bytes) mod 5: 0 is test, 1 is development, the rest
trained the encoder. The pool is the split; a query needs three relevant pins in it (one where
captions are queries). The package's own encoder has trained on every split: `--encoder` names one
that has not, and `--fold` the third of flickr that it has not seen. That third is the pool of both
splits then, and the captions of half of its pictures are the queries of each. Another fifth than
the first may be the test part, where an encoder was kept from that (`study --fifth`).
"""

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.features.encoder import Encoder
from engine.features.images import decode
from engine.features.text import Analyzer
from engine.retrieval.parameters import Parameters
from engine.store.plan import Bm25, Candidates

Array = npt.NDArray[np.float64]
SETS = ("fashion", "grocery", "flickr")
LEAST = {"flickr": 1}
SPLITS = {"test": 0, "development": 1}
FIFTHS = (0, 2, 3, 4)
FOLDS = 3


@dataclass(frozen=True)
class Judged:
    """One set's pool: vectors (n, d), analysed fields, queries with vectors and graded pins.

    texts: of the queries, as they were written.
    """

    name: str
    vectors: Array
    description: list[list[str]]
    board: list[list[str]]
    terms: list[tuple[str, ...]]
    query_vectors: Array
    grades: list[dict[int, int]]
    texts: list[str]


def load(
    folder: Path, name: str, split: str, encoder: Encoder, fold: int | None, fifth: int = 0
) -> Judged:
    """Read one set and encode its pool and queries."""
    analyzer = Analyzer()
    pins, pictures = [], []
    for line in (folder / name / "pins.jsonl").read_text().splitlines():
        pin = json.loads(line)
        data = (folder / name / pin["image"]).read_bytes()
        if in_pool(name, data, split, fold, fifth):
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
    if name == "flickr" and fold is not None:
        queries = [
            each
            for each in queries
            if all(captions_asked(pictures[pin], split) for pin in judged[each["id"]])
        ]
    texts = [each["text"] for each in queries]
    return Judged(
        name,
        np.concatenate(rows).astype(np.float64),
        [analyzer.terms(pin.get("description") or "") for pin in pins],
        [analyzer.terms(pin.get("board_title") or "") for pin in pins],
        [analyzer.query_terms(text) for text in texts],
        encoder.encode_texts(texts).astype(np.float64),
        [judged[each["id"]] for each in queries],
        texts,
    )


def in_pool(name: str, picture: bytes, split: str, fold: int | None, fifth: int = 0) -> bool:
    """Tell whether a pin is judged, by the bytes of its picture alone."""
    if name == "flickr" and fold is not None:
        return int(hashlib.sha256(picture).hexdigest(), 16) % FOLDS == fold
    named = hashlib.sha256(f"{name}:".encode() + picture).hexdigest()
    return int(named, 16) % 5 == (SPLITS[split] or fifth)


def captions_asked(picture: bytes, split: str) -> bool:
    """Tell whether a split asks for the captions of a picture in the judged third of flickr."""
    return int(hashlib.sha256(picture).hexdigest(), 16) // FOLDS % 2 == SPLITS[split]


def without_text(judged: Judged, share: float, seed: int = 13) -> Judged:
    """Return the set with the text of a random share of its pins dropped."""
    gone = np.random.default_rng(seed).random(len(judged.description)) < share
    keep = [[] if lost else words for lost, words in zip(gone, judged.description, strict=True)]
    board = [[] if lost else words for lost, words in zip(gone, judged.board, strict=True)]
    return replace(judged, description=keep, board=board)


def by_score(score: Callable[[Candidates], Array]) -> Callable[[Candidates], npt.NDArray[np.intp]]:
    """Return the order that a score gives, ties in the order of the pool."""
    return lambda c: np.argsort(-score(c), kind="stable")


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
