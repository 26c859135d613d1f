"""qdrant-client's local mode: Qdrant's API over numpy, with BM25 as sparse vectors and RRF."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
from qdrant_client import QdrantClient, models

from benchmarks.peers.dataset import Batch, Dataset

FloatArray = npt.NDArray[np.float32]
NAME = "pins"
K1, B = 1.2, 0.75
# What fastembed's Qdrant/bm25 takes for the average length unless it is told otherwise.
AVERAGE = 256.0
BATCH = 500


class QdrantLocal:
    """As documented for hybrid queries: two prefetches, fused by RRF."""

    name = "qdrant-client, local"
    depth = 20
    weights: tuple[float, ...] = ()
    rebuilds = False
    # Its documentation means it for development and tests.
    most = 100_000

    def build(self, folder: Path, pins: Dataset) -> None:
        client = QdrantClient(path=str(folder))
        client.create_collection(
            NAME,
            vectors_config={
                "image": models.VectorParams(size=pins.dimension, distance=models.Distance.COSINE)
            },
            sparse_vectors_config={"text": models.SparseVectorParams(modifier=models.Modifier.IDF)},
        )
        for batch in pins.batches(BATCH):
            client.upsert(NAME, _points(batch))
        client.close()

    def open(self, folder: Path, pins: Dataset, weight: float | None = None) -> "Opened":
        return Opened(QdrantClient(path=str(folder)))


class Opened:
    """A collection in this process."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def search(self, words: Sequence[str], vector: FloatArray, depth: int) -> list[int]:
        terms = models.SparseVector(
            indices=[crc32(word.encode()) for word in words], values=[1.0] * len(words)
        )
        found = self._client.query_points(
            NAME,
            prefetch=[
                models.Prefetch(query=terms, using="text", limit=depth),
                models.Prefetch(query=vector.tolist(), using="image", limit=depth),
            ],
            query=models.FusionQuery(fusion=models.Fusion.RRF),
            limit=10,
            with_payload=False,
        )
        return [int(each.id) for each in found.points]

    def nearest(self, vector: FloatArray) -> list[int]:
        found = self._client.query_points(
            NAME, query=vector.tolist(), using="image", limit=10, with_payload=False
        )
        return [int(each.id) for each in found.points]

    def add(self, pin: int, description: str, board: str, vector: FloatArray) -> None:
        self._client.upsert(NAME, _points(Batch(pin, vector[None, :], [description], [board])))

    def close(self) -> None:
        self._client.close()


def _points(batch: Batch) -> list[Any]:
    points = []
    for number, (text, row) in enumerate(zip(batch.texts, batch.vectors, strict=True), batch.start):
        vectors: dict[str, Any] = {"image": row.tolist()}
        if text:
            vectors["text"] = _weights(text.split())
        points.append(models.PointStruct(id=number, vector=vectors, payload={}))
    return points


def _weights(terms: list[str]) -> Any:
    norm = K1 * (1 - B + B * len(terms) / AVERAGE)
    counts = {crc32(term.encode()): count for term, count in Counter(terms).items()}
    return models.SparseVector(
        indices=list(counts),
        values=[count * (K1 + 1) / (count + norm) for count in counts.values()],
    )
