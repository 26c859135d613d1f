"""LanceDB's own hybrid search: an index of vectors, one of words, and its rerankers."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from lancedb.rerankers import LinearCombinationReranker, RRFReranker

from benchmarks.peers.dataset import Dataset
from benchmarks.peers.peer import BATCH

FloatArray = npt.NDArray[np.float32]
# Its documentation sees no need of a vector index below this.
INDEXED_FROM = 10_000
RECIPROCAL = 0.0


class Lance:
    """LanceDB as documented: the default index, and every default of a hybrid query.

    kind: of the index. refine: how many times as many vectors are read and compared exactly.
    A weight of 0 stands for its default reranker, which has none.
    """

    depth = 10
    weights: tuple[float, ...] = (RECIPROCAL, 0.1, 0.3, 0.5, 0.7, 0.9)
    rebuilds = False
    most = 1_000_000

    def __init__(self, name: str = "LanceDB", kind: str = "IVF_PQ", refine: int | None = None):
        self.name = name
        self._kind, self._refine = kind, refine

    def build(self, folder: Path, pins: Dataset) -> None:
        schema = pa.schema(
            [
                ("id", pa.int64()),
                ("text", pa.string()),
                ("vector", pa.list_(pa.float32(), pins.dimension)),
            ]
        )
        table = lancedb.connect(folder).create_table("pins", schema=schema)
        for batch in pins.batches(BATCH * 5):
            numbers = range(batch.start, batch.start + len(batch.texts))
            table.add(_rows(schema, list(numbers), batch.texts, batch.vectors))
        if len(pins) >= INDEXED_FROM:
            table.create_index(
                metric="cosine", index_type=self._kind, wait_timeout=timedelta(hours=2)
            )
        table.create_fts_index(
            "text",
            base_tokenizer="whitespace",
            lower_case=False,
            stem=False,
            remove_stop_words=False,
            ascii_folding=False,
        )
        table.optimize()

    def open(self, folder: Path, pins: Dataset, weight: float | None = None) -> "Opened":
        table = lancedb.connect(folder).open_table("pins")
        return Opened(table, weight or RECIPROCAL, self._refine)


class Opened:
    """An open table."""

    def __init__(self, table: Any, weight: float, refine: int | None) -> None:
        self._table, self._refine = table, refine
        self._merging = RRFReranker() if weight == RECIPROCAL else LinearCombinationReranker(weight)

    def search(self, words: Sequence[str], vector: FloatArray, depth: int) -> list[int]:
        query = (
            self._table.search(query_type="hybrid", vector_column_name="vector")
            .vector(vector)
            .text(" ".join(words))
            .rerank(self._merging)
        )
        return self._first_ten(query, depth)

    def nearest(self, vector: FloatArray) -> list[int]:
        return self._first_ten(self._table.search(vector).distance_type("cosine"), 10)

    def add(self, pin: int, description: str, board: str, vector: FloatArray) -> None:
        text = f"{description} {board}".strip()
        self._table.add(_rows(self._table.schema, [pin], [text], vector[None, :]))

    def close(self) -> None:
        pass

    def _first_ten(self, query: Any, depth: int) -> list[int]:
        query = query.limit(depth).select(["id"])
        if self._refine is not None:
            query = query.refine_factor(self._refine)
        found: list[int] = query.to_arrow()["id"].to_pylist()[:10]
        return found


def _rows(schema: Any, numbers: list[int], texts: list[str], vectors: FloatArray) -> Any:
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
    rows = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    return pa.table([pa.array(numbers, pa.int64()), pa.array(texts), rows], schema=schema)
