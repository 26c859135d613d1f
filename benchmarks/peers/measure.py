"""One peer in a process of its own: builds, answers, is judged; the result is one JSON file.

python -m benchmarks.peers.measure build|ask|judge PEER PINS INDEX RESULT [WEIGHT]
"""

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import OtherWork, anonymous_bytes, mapped_bytes, most_resident_bytes  # noqa: E402
from benchmarks.peers.dataset import Dataset  # noqa: E402
from benchmarks.peers.peer import Index, Peer  # noqa: E402
from benchmarks.pools import ndcg  # noqa: E402
from benchmarks.synthetic import Question, corpus  # noqa: E402

# Imported only when asked for: no peer pays for another's memory.
PEERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "this engine": ("this_engine", "ThisEngine", {}),
    "LanceDB": ("lance", "Lance", {}),
    "LanceDB, refined": ("lance", "Lance", {"name": "LanceDB, refined", "refine": 10}),
    "LanceDB, HNSW": ("lance", "Lance", {"name": "LanceDB, HNSW", "kind": "IVF_HNSW_SQ"}),
    "txtai": ("txtai_hybrid", "Txtai", {}),
    "tantivy + faiss": ("tantivy_faiss", "TantivyFaiss", {}),
    "bm25s + usearch": ("bm25s_usearch", "Bm25sUsearch", {}),
    "qdrant-client, local": ("qdrant_local", "QdrantLocal", {}),
    "rank-bm25 + numpy": ("naive_pair", "NaivePair", {}),
}
# Those that are asked otherwise, but built alike.
SAME_INDEX = {"LanceDB, refined": "LanceDB"}
DEEP = 400
WARM_UP = 200
# So much time is enough for one measurement of a slow peer.
PATIENCE_S = 15.0
LEAST = 12
ADDED = 20


@dataclass(frozen=True)
class Built:
    """wall_s counts what others had of the processors; cpu_s does not. peak_bytes: resident."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    disk_bytes: int


@dataclass(frozen=True)
class Answered:
    """Milliseconds, but for open_s; add_ms: one pin taken in and found by its vector.

    found: how many of the added pins were the first answer to their own vector.
    top_percentiles, top_cpu_ms: the 0th to the 100th of the times of the first ten, and the
        processors' time of one such question.
    """

    open_s: float
    anonymous_bytes: int
    mapped_bytes: int
    top_p50: float
    top_p95: float
    deep_p50: float
    deep_p95: float
    recall: float
    add_ms: float
    added: int
    found: int
    asked: int
    other_work: float
    top_cpu_ms: float
    top_percentiles: list[float]


def peer_of(name: str) -> Peer:
    """Return a peer by the name of its results."""
    module, kind, given = PEERS[name]
    peer: Peer = getattr(import_module(f"benchmarks.peers.{module}"), kind)(**given)
    return peer


def build(peer: Peer, pins: Dataset, place: Path) -> Built:
    """Build an index and say what it took."""
    start, used = time.perf_counter(), time.process_time()
    peer.build(place, pins)
    wall, cpu = time.perf_counter() - start, time.process_time() - used
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_by_all = cpu + children.ru_utime + children.ru_stime
    return Built(wall, used_by_all, most_resident_bytes(), disk_bytes(place))


def disk_bytes(place: Path) -> int:
    """Return what a folder takes on disk; the holes of its files take nothing."""
    return sum(each.stat().st_blocks * 512 for each in place.rglob("*") if each.is_file())


def answer(peer: Peer, pins: Dataset, place: Path) -> Answered:
    """Ask an index, and add to it at the end: what is added is taken from no question."""
    start = time.perf_counter()
    index = peer.open(place, pins)
    open_s = time.perf_counter() - start
    questions = pins.questions()
    nearest = pins.nearest()[WARM_UP:]
    warm, asked = questions[:WARM_UP], questions[WARM_UP:]
    _timed(lambda each: index.search(each.terms, each.vector, peer.depth), warm, PATIENCE_S / 4)
    _timed(lambda each: index.search(each.terms, each.vector, DEEP), warm[:20], PATIENCE_S / 4)
    others, used = OtherWork(), time.process_time()
    top = _timed(lambda each: index.search(each.terms, each.vector, peer.depth), asked)
    top_cpu_ms = (time.process_time() - used) / len(top) * 1e3
    deep = _timed(lambda each: index.search(each.terms, each.vector, DEEP), asked)
    other_work = others.share()
    memory, mapped = anonymous_bytes(), mapped_bytes()
    judged = asked[: max(LEAST, len(asked) // 5)]
    recall = statistics.mean(
        len(set(index.nearest(each.vector)) & set(truth.tolist())) / len(truth)
        for each, truth in zip(judged, nearest, strict=False)
    )
    add_ms, added, found = add(peer, index, len(pins), pins.dimension)
    index.close()
    top_p50, top_p95 = np.percentile(top, [50, 95]) * 1e3
    deep_p50, deep_p95 = np.percentile(deep, [50, 95]) * 1e3
    return Answered(
        open_s,
        memory,
        mapped,
        float(top_p50),
        float(top_p95),
        float(deep_p50),
        float(deep_p95),
        recall,
        add_ms,
        added,
        found,
        len(top),
        other_work,
        top_cpu_ms,
        (np.percentile(top, range(101)) * 1e3).tolist(),
    )


def add(peer: Peer, index: Index, pins: int, dimension: int) -> tuple[float, int, int]:
    """Return the median of a pin taken in and asked for, how many were, and how many came first."""
    spare = corpus(ADDED, dimension, seed=99)
    spent, found = [], 0
    for row in range(1 if peer.rebuilds else ADDED):
        vector = spare.vectors[row]
        start = time.perf_counter()
        index.add(pins + row, spare.descriptions[row], spare.boards[row], vector)
        found += index.nearest(vector)[:1] == [pins + row]
        spent.append(time.perf_counter() - start)
    return statistics.median(spent) * 1e3, len(spent), found


def judge(peer: Peer, pins: Dataset, place: Path, weight: float | None) -> dict[str, float]:
    """Return nDCG@10 over the judged questions."""
    index = peer.open(place, pins, weight)
    grades = pins.grades()
    worth = [
        ndcg(index.search(each.terms, each.vector, peer.depth), judged)
        for each, judged in zip(pins.questions(), grades, strict=True)
    ]
    index.close()
    return {"ndcg": statistics.mean(worth), "questions": len(worth)}


def _timed(
    ask: Callable[[Question], object], asked: Sequence[Question], patience: float = PATIENCE_S
) -> list[float]:
    out: list[float] = []
    for each in asked:
        start = time.perf_counter()
        ask(each)
        out.append(time.perf_counter() - start)
        if len(out) >= LEAST and sum(out) > patience:
            break
    return out


def main() -> None:
    """Do one step and write what it took."""
    step, name, folder, place, result, *rest = sys.argv[1:]
    peer, pins = peer_of(name), Dataset(Path(folder))
    if step == "build":
        out: dict[str, Any] = asdict(build(peer, pins, Path(place)))
    elif step == "ask":
        out = asdict(answer(peer, pins, Path(place)))
    else:
        out = judge(peer, pins, Path(place), float(rest[0]) if rest else None)
    Path(result).write_text(json.dumps(out))


if __name__ == "__main__":
    main()
