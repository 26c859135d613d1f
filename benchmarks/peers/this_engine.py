"""This engine, asked as a search asks it: candidates, their order, and ten pins read."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.peers.dataset import Dataset
from benchmarks.synthetic import Corpus
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import rank
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.plan import Plan

FloatArray = npt.NDArray[np.float32]
BATCH = 1_000


class ThisEngine:
    """Edge behind the engine's own plan of a query and its own ranking."""

    name = "this engine"
    depth = Parameters().vector_depth
    weights: tuple[float, ...] = (Parameters().text.lexical_weight,)
    rebuilds = False
    most = 1_000_000

    def build(self, folder: Path, pins: Dataset) -> None:
        identity = Identity("synthetic", pins.dimension, "synthetic")
        with EdgeCollection.open(folder, identity, create=True) as collection:
            for batch in pins.batches(BATCH):
                made = Corpus(batch.vectors, batch.descriptions, batch.boards)
                collection.upsert([made.record(row, batch.start) for row in range(len(made))])
            collection.optimize()

    def open(self, folder: Path, pins: Dataset, weight: float | None = None) -> "Opened":
        identity = Identity("synthetic", pins.dimension, "synthetic")
        return Opened(EdgeCollection.open(folder, identity))


class Opened:
    """The embedded collection of a serving process."""

    def __init__(self, collection: EdgeCollection) -> None:
        self._collection = collection

    def search(self, words: Sequence[str], vector: FloatArray, depth: int) -> list[int]:
        own = Parameters()
        lexical = own.lexical_depth if depth == ThisEngine.depth else depth
        plan = Plan(tuple(words), vector, bm25=own.bm25, lexical_depth=lexical, vector_depth=depth)
        ranking = rank(self._collection.candidates(plan), "text", Parameters())
        keys = [ranking.candidates.keys[row] for row in ranking.order[:10].tolist()]
        read = self._collection.pins(keys)
        return [_number(read[key].pin.id) for key in keys]

    def nearest(self, vector: FloatArray) -> list[int]:
        found = self._collection.candidates(Plan(vector=vector))
        keys = [found.keys[row] for row in np.argsort(-found.cosine, kind="stable")[:10].tolist()]
        read = self._collection.pins(keys)
        return [_number(read[key].pin.id) for key in keys]

    def add(self, pin: int, description: str, board: str, vector: FloatArray) -> None:
        made = Corpus(vector[None, :], [description], [board])
        self._collection.upsert([made.record(0, pin)])
        self._collection.flush()

    def close(self) -> None:
        self._collection.close()


def _number(pin_id: str) -> int:
    return int(pin_id.removeprefix("pin-"))
