"""What the settings of the search graph cost and bring: `python benchmarks/graph_settings.py`.

Vectors alone, as the engine keeps them; each setting in a process of its own. Recall is of the
exact nearest ten, among as many as a search draws.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the repository is importable from here on
import qdrant_edge as edge  # noqa: E402

from benchmarks.peers.dataset import Dataset  # noqa: E402
from engine.store import edge_schema, schema  # noqa: E402
from engine.store.legs import Scope, VectorLeg  # noqa: E402

BATCH = 5_000
ASKED = 400
DEPTHS = (120, 400)
# m, ef_construct, threads (0: as many as Edge thinks right), inline storage
SETTINGS = (
    (16, 100, 0, False),
    (16, 64, 0, False),
    (12, 100, 0, False),
    (12, 64, 0, False),
    (8, 64, 0, False),
    (16, 100, 1, False),
    (16, 100, 0, True),
)


def trial(pins: Dataset, links: int, effort: int, threads: int, inline: bool) -> dict[str, float]:
    """Build a graph and ask it."""
    graph = edge.HnswIndexConfig(
        m=links,
        ef_construct=effort,
        full_scan_threshold=10_000,
        max_indexing_threads=threads,
        inline_storage=inline,
    )
    edge_schema.GRAPH = graph
    with tempfile.TemporaryDirectory(dir=pins.folder) as folder:
        place = Path(folder) / "shard"
        place.mkdir()
        shard = edge.EdgeShard.create(str(place), edge_schema.config(pins.dimension))
        for batch in pins.batches(BATCH):
            rows = batch.vectors.tolist()
            points = [
                edge.Point(batch.start + at, {schema.VECTOR: row}, {})
                for at, row in enumerate(rows)
            ]
            shard.update(edge.UpdateOperation.upsert_points(points))
        start, used = time.perf_counter(), time.process_time()
        shard.optimize()
        out = {"wall_s": time.perf_counter() - start, "cpu_s": time.process_time() - used}
        out |= ask(shard, pins)
        shard.close()
    return out


def ask(shard: edge.EdgeShard, pins: Dataset) -> dict[str, float]:
    """Return recall and milliseconds of each depth."""
    out = {}
    questions, nearest = pins.questions()[:ASKED], pins.nearest()
    for depth in DEPTHS:
        spent, found = [], 0
        for each, truth in zip(questions, nearest, strict=False):
            request = edge_schema.request(VectorLeg(each.vector, depth, Scope(blocked=True)))
            start = time.perf_counter()
            hits = shard.query(request)
            spent.append(time.perf_counter() - start)
            found += len({hit.id for hit in hits} & set(truth.tolist()))
        out[f"recall {depth}"] = found / len(questions) / nearest.shape[1]
        out[f"p50 {depth}"] = float(np.median(spent)) * 1e3
    return out


def main() -> None:
    """Print the table, or, told one setting, try that."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--pins", type=Path, required=True, help="a data set of benchmarks/peers"
    )
    arguments.add_argument("--one", help="m, ef_construct, threads, inline as JSON")
    given = arguments.parse_args()
    pins = Dataset(given.pins)
    if given.one:
        print(json.dumps(trial(pins, *json.loads(given.one))))
        return
    heads = [f"{name} at {depth}" for depth in DEPTHS for name in ("recall@10", "p50")]
    print(f"{len(pins):,} pins\n\n| m | ef_construct | threads | inline | wall | CPU |", end="")
    print(" | ".join(heads), "|\n" + "|---" * (6 + len(heads)) + "|")
    for setting in SETTINGS:
        command = [sys.executable, __file__, "--pins", str(given.pins), "--one"]
        done = subprocess.run(
            [*command, json.dumps(setting)], check=True, stdout=subprocess.PIPE, text=True
        )
        found = json.loads(done.stdout)
        cells = [f"{found['wall_s']:.0f} s", f"{found['cpu_s']:.0f} s"]
        for depth in DEPTHS:
            cells += [f"{found[f'recall {depth}']:.4f}", f"{found[f'p50 {depth}']:.2f} ms"]
        print("|", " | ".join([*(str(each) for each in setting), *cells]), "|", flush=True)


if __name__ == "__main__":
    main()
