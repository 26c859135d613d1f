"""What one writes first: rank-bm25 over all texts, numpy over all vectors, one sum."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rank_bm25 import BM25Okapi

from benchmarks.peers.dataset import Dataset
from benchmarks.peers.peer import BATCH

FloatArray = npt.NDArray[np.float32]


class NaivePair:
    """Scores every pin by both; keeps its index as a pickle. Has no candidates, so no depth."""

    name = "rank-bm25 + numpy"
    depth = 10
    weights: tuple[float, ...] = (0.5, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8)
    rebuilds = True
    most = 1_000_000

    def build(self, folder: Path, pins: Dataset) -> None:
        folder.mkdir(parents=True)
        with (folder / "words.pickle").open("wb") as out:
            pickle.dump(BM25Okapi(_texts(pins)), out)
        np.save(folder / "vectors.npy", pins.vectors)

    def open(self, folder: Path, pins: Dataset, weight: float | None = None) -> "Opened":
        with (folder / "words.pickle").open("rb") as saved:
            words = pickle.load(saved)
        vectors = np.load(folder / "vectors.npy")
        return Opened(words, vectors, self.weights[0] if weight is None else weight, pins)


class Opened:
    """Everything in memory."""

    def __init__(self, words: BM25Okapi, vectors: FloatArray, weight: float, pins: Dataset) -> None:
        self._words, self._vectors, self._weight, self._pins = words, vectors, weight, pins

    def search(self, words: Sequence[str], vector: FloatArray, depth: int) -> list[int]:
        told = self._words.get_scores(list(words))
        mixed = self._weight * told / max(float(told.max()), 1e-9)
        return _first_ten(mixed + (1.0 - self._weight) * (self._vectors @ vector))

    def nearest(self, vector: FloatArray) -> list[int]:
        return _first_ten(self._vectors @ vector)

    def add(self, pin: int, description: str, board: str, vector: FloatArray) -> None:
        texts = _texts(self._pins)
        texts += [[] for _ in range(pin - len(texts))]
        self._words = BM25Okapi([*texts, [*description.split(), *board.split()]])
        more = np.zeros((pin + 1 - len(self._vectors), len(vector)), np.float32)
        more[-1] = vector
        self._vectors = np.concatenate([self._vectors, more])

    def close(self) -> None:
        pass


def _texts(pins: Dataset) -> list[list[str]]:
    return [text.split() for batch in pins.batches(BATCH) for text in batch.texts]


def _first_ten(scores: npt.NDArray[np.floating]) -> list[int]:
    best = np.argpartition(-scores, min(10, len(scores) - 1))[:10]
    rows: list[int] = best[np.argsort(-scores[best], kind="stable")].tolist()
    return rows
