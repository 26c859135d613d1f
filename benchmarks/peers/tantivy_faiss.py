"""Two libraries beside each other: tantivy for words, a faiss HNSW graph for vectors, RRF."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
import tantivy

from benchmarks.peers.dataset import Dataset
from benchmarks.peers.fusing import WEIGHTS, reciprocal
from benchmarks.peers.peer import BATCH

FloatArray = npt.NDArray[np.float32]
LINKS = 32
GRAPH = "vectors.faiss"


class TantivyFaiss:
    """tantivy with its fixed BM25, and `IndexHNSWFlat` with 32 links; 100 candidates a signal."""

    name = "tantivy + faiss"
    depth = 100
    weights: tuple[float, ...] = WEIGHTS
    rebuilds = False
    most = 1_000_000

    def build(self, folder: Path, pins: Dataset) -> None:
        (folder / "words").mkdir(parents=True)
        index = tantivy.Index(_schema(), path=str(folder / "words"))
        writer = index.writer(heap_size=256_000_000)
        graph = faiss.IndexHNSWFlat(pins.dimension, LINKS, faiss.METRIC_INNER_PRODUCT)
        for batch in pins.batches(BATCH):
            for number, text in enumerate(batch.texts, batch.start):
                if text:
                    writer.add_document(_document(number, text))
            graph.add(batch.vectors)
        writer.commit()
        writer.wait_merging_threads()
        faiss.write_index(graph, str(folder / GRAPH))

    def open(self, folder: Path, pins: Dataset, weight: float | None = None) -> "Opened":
        words = tantivy.Index.open(str(folder / "words"))
        graph = faiss.read_index(str(folder / GRAPH))
        return Opened(words, graph, self.weights[0] if weight is None else weight)


class Opened:
    """Both indexes: the words' on disk, the graph in memory."""

    def __init__(self, words: Any, graph: Any, weight: float) -> None:
        self._words, self._graph, self._weight = words, graph, weight
        self._searcher = words.searcher()
        self._schema = _schema()
        self._writer: Any = None
        self._added: dict[int, int] = {}

    def search(self, words: Sequence[str], vector: FloatArray, depth: int) -> list[int]:
        wanted = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "text", word))
            for word in words
        ]
        hits = self._searcher.search(tantivy.Query.boolean_query(wanted), depth, count=False).hits
        told = self._searcher.fast_field_values("pin", [address for _, address in hits])
        return reciprocal(list(told), self._rows(vector, depth), self._weight)

    def nearest(self, vector: FloatArray) -> list[int]:
        return self._rows(vector, 10)

    def add(self, pin: int, description: str, board: str, vector: FloatArray) -> None:
        if self._writer is None:
            self._writer = self._words.writer(heap_size=64_000_000)
        self._added[self._graph.ntotal] = pin
        self._graph.add(np.ascontiguousarray(vector[None, :]))
        text = f"{description} {board}".strip()
        self._writer.add_document(_document(pin, text))
        self._writer.commit()
        self._words.reload()
        self._searcher = self._words.searcher()

    def close(self) -> None:
        pass

    def _rows(self, vector: FloatArray, depth: int) -> list[int]:
        # A graph that keeps fewer candidates than are wanted returns fewer.
        self._graph.hnsw.efSearch = max(64, depth)
        _, rows = self._graph.search(vector[None, :], depth)
        return [self._added.get(row, row) for row in rows[0].tolist() if row >= 0]


def _document(pin: int, text: str) -> Any:
    document = tantivy.Document(text=text)
    # Given by name it would be a signed number, which the schema refuses.
    document.add_unsigned("pin", pin)
    return document


def _schema() -> Any:
    return (
        tantivy.SchemaBuilder()
        .add_unsigned_field("pin", stored=True, indexed=True, fast=True)
        .add_text_field("text", tokenizer_name="whitespace", index_option="freq")
        .build()
    )
