"""Two libraries beside each other: bm25s for words, a usearch HNSW graph for vectors, RRF."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import numpy.typing as npt
from usearch.index import Index as Graph

from benchmarks.peers.dataset import Dataset
from benchmarks.peers.fusing import WEIGHTS, reciprocal
from benchmarks.peers.peer import BATCH

FloatArray = npt.NDArray[np.float32]
GRAPH = "vectors.usearch"
WORDS = "words"


class Bm25sUsearch:
    """bm25s with its numba backend, usearch with its defaults; 100 candidates a signal."""

    name = "bm25s + usearch"
    depth = 100
    weights: tuple[float, ...] = WEIGHTS
    rebuilds = True
    most = 1_000_000

    def build(self, folder: Path, pins: Dataset) -> None:
        folder.mkdir(parents=True)
        graph = Graph(ndim=pins.dimension, metric="cos")
        texts: list[list[str]] = []
        for batch in pins.batches(BATCH):
            rows = np.arange(batch.start, batch.start + len(batch.vectors))
            graph.add(rows, batch.vectors)
            texts += [text.split() for text in batch.texts]
        graph.save(str(folder / GRAPH))
        _indexed(texts).save(str(folder / WORDS))

    def open(self, folder: Path, pins: Dataset, weight: float | None = None) -> "Opened":
        graph = Graph(ndim=pins.dimension, metric="cos")
        graph.load(str(folder / GRAPH))
        words = bm25s.BM25.load(str(folder / WORDS), mmap=True)
        words.backend = "numba"
        words.activate_numba_scorer()
        return Opened(words, graph, self.weights[0] if weight is None else weight, pins)


class Opened:
    """The graph in memory, the words' index mapped."""

    def __init__(self, words: Any, graph: Any, weight: float, pins: Dataset) -> None:
        self._words, self._graph, self._weight, self._pins = words, graph, weight, pins
        self._texts: list[list[str]] = []

    def search(self, words: Sequence[str], vector: FloatArray, depth: int) -> list[int]:
        count = int(self._words.scores["num_docs"])
        found, scores = self._words.retrieve(
            [list(words)], k=min(depth, count), show_progress=False, n_threads=1
        )
        told = [int(row) for row, score in zip(found[0], scores[0], strict=True) if score > 0]
        near = self._graph.search(vector, depth, threads=1).keys.tolist()
        return reciprocal(told, near, self._weight)

    def nearest(self, vector: FloatArray) -> list[int]:
        rows: list[int] = self._graph.search(vector, 10, threads=1).keys.tolist()
        return rows

    def add(self, pin: int, description: str, board: str, vector: FloatArray) -> None:
        if not self._texts:
            self._texts = [
                text.split() for batch in self._pins.batches(BATCH) for text in batch.texts
            ]
        self._texts.append(f"{description} {board}".split())
        self._graph.add(pin, vector)
        self._words = _indexed(self._texts)

    def close(self) -> None:
        pass


def _indexed(texts: list[list[str]]) -> Any:
    index = bm25s.BM25(method="lucene", backend="numba")
    index.index(texts, show_progress=False)
    return index
