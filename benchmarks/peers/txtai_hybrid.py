"""txtai's own hybrid search, given vectors from outside."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from txtai import Embeddings

from benchmarks.peers.dataset import Dataset
from benchmarks.peers.peer import BATCH

FloatArray = npt.NDArray[np.float32]
Rows = Callable[[Sequence[object]], FloatArray]


class Given:
    """Stands where txtai expects an encoder: what it is asked to encode, it is told."""

    def __init__(self) -> None:
        self.rows: Iterator[FloatArray] = iter(())

    def encode(self, texts: Sequence[object]) -> FloatArray:
        """Return the next rows, one a text, whatever the texts are."""
        return np.stack([next(self.rows) for _ in texts])


class Txtai:
    """txtai's defaults: faiss IVF, its own BM25; it draws ten times as many as are wanted."""

    name = "txtai"
    depth = 100
    # Its documentation counts the weight of the dense side.
    weights: tuple[float, ...] = (0.5, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8)
    rebuilds = False
    most = 1_000_000

    def build(self, folder: Path, pins: Dataset) -> None:
        given = Given()
        index = Embeddings(_settings(given))
        given.rows = (row for batch in pins.batches(BATCH) for row in batch.vectors)
        index.index(
            (number, text, None)
            for batch in pins.batches(BATCH)
            for number, text in enumerate(batch.texts, batch.start)
        )
        folder.mkdir(parents=True)
        index.save(str(folder / "index"))

    def open(self, folder: Path, pins: Dataset, weight: float | None = None) -> "Opened":
        given = Given()
        index = Embeddings(_settings(given))
        # A function is not saved with an index.
        transform = _settings(given)["transform"]
        index.load(str(folder / "index"), config={"transform": transform})
        return Opened(index, given, self.weights[0] if weight is None else weight)


class Opened:
    """A loaded index."""

    def __init__(self, index: Any, given: Given, weight: float) -> None:
        self._index, self._given, self._weight = index, given, weight

    def search(self, words: Sequence[str], vector: FloatArray, depth: int) -> list[int]:
        self._given.rows = iter([vector])
        # Each signal brings in ten times the limit.
        found = self._index.search(" ".join(words), max(10, depth // 10), weights=self._weight)
        return [int(pin) for pin, _ in found[:10]]

    def nearest(self, vector: FloatArray) -> list[int]:
        return [int(row) for row, _ in self._index.ann.search(vector[None, :], 10)[0]]

    def add(self, pin: int, description: str, board: str, vector: FloatArray) -> None:
        self._given.rows = iter([vector])
        self._index.upsert([(pin, f"{description} {board}".strip(), None)])

    def close(self) -> None:
        self._index.close()


def _settings(given: Given) -> dict[str, Any]:
    def transform(texts: Sequence[object]) -> FloatArray:
        return given.encode(texts)

    return {
        "method": "external",
        "transform": transform,
        "hybrid": True,
        "content": False,
        "tokenizer": {"whitespace": True, "alphanum": False, "stopwords": False},
    }
