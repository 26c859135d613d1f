"""The pipeline that one writes first: rank-bm25 over all texts, numpy over all vectors."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rank_bm25 import BM25Okapi

from benchmarks.synthetic import Corpus, Question


@dataclass(frozen=True)
class Naive:
    """Seconds to prepare, and milliseconds a query."""

    prepare_s: float
    p50: float
    p95: float


def naive(pins: Corpus, asked: Sequence[Question]) -> Naive:
    """Prepare both halves and answer the questions."""
    start = time.perf_counter()
    texts = [
        [*description.split(), *board.split()]
        for description, board in zip(pins.descriptions, pins.boards, strict=True)
    ]
    bm25 = BM25Okapi(texts)
    prepared = time.perf_counter() - start
    spent = []
    for each in asked:
        start = time.perf_counter()
        lexical = bm25.get_scores(list(each.terms))
        mixed = 0.5 * lexical / max(float(lexical.max()), 1e-9) + 0.5 * (pins.vectors @ each.vector)
        best = np.argpartition(-mixed, 10)[:10]
        best[np.argsort(-mixed[best])].tolist()
        spent.append(time.perf_counter() - start)
    p50, p95 = np.percentile(spent, [50, 95]) * 1e3
    return Naive(prepared, float(p50), float(p95))
