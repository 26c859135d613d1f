"""Builds, asks and judges every peer: `python -m benchmarks.peers.run --work DIR` (see Makefile).

Each step of each peer runs in a process of its own, and what it found is kept in the work folder:
what is there is not done again. So indexes may be built while the machine does other things, and
the questions asked when it is quiet.

    --steps build        data sets and indexes      --steps ask      times, memory, recall
    --steps judge        nDCG@10 on judged pins     --steps table    the table and the plot
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.peers import judged, plot, table
from benchmarks.peers.dataset import Dataset, is_whole, write
from benchmarks.peers.measure import PEERS, SAME_INDEX, WARM_UP, peer_of
from benchmarks.synthetic import corpus, questions

ROOT = Path(__file__).resolve().parents[2]
SIZES = (10_000, 100_000, 1_000_000)
ASKED = 1_000
STEPS = ("build", "ask", "judge", "table")


def main() -> None:
    """Do the steps that were named."""
    given = _options()
    names = given.peers or list(PEERS)
    if "build" in given.steps:
        for size in given.sizes:
            _dataset(given.work, size)
            for name in names:
                _build(given.work, size, name)
    if "ask" in given.steps:
        for size in given.sizes:
            for name in names:
                _ask(given.work, size, name, again=given.again)
    if "judge" in given.steps:
        if given.data is None:
            sys.exit("judging needs --data and --encoder")
        judged.judge(given.work, given.data, given.encoder, names)
    if "table" in given.steps:
        found = results(given.work)
        text = table.table(found)
        print(text)
        if given.save:
            place = ROOT / "benchmarks" / "results"
            (place / "peers.md").write_text(text + "\n", encoding="utf-8")
            plot.draw(found, place / "peers.svg")
            _keep_shard(found, place / "shard.json")


def _keep_shard(found: dict[str, Any], place: Path) -> None:
    """Keep what one shard took, for `benchmarks/fleet.py` and `benchmarks/scatter_gather.py`."""
    name = f"{SIZES[-1]}/this engine"
    if f"ask/{name}" in found and f"build/{name}" in found:
        shard = found[f"build/{name}"] | found[f"ask/{name}"]
        place.write_text(json.dumps(shard, indent=1) + "\n", encoding="utf-8")


def results(work: Path) -> dict[str, Any]:
    """Return all that is known, by step, size and peer."""
    return {
        str(each.relative_to(work / "results").with_suffix("")): json.loads(each.read_text())
        for each in sorted((work / "results").rglob("*.json"))
    }


def apart(step: str, name: str, pins: Path, index: Path, result: Path, *rest: str) -> bool:
    """Run one step in a fresh process; say on stderr if it failed."""
    result.parent.mkdir(parents=True, exist_ok=True)
    print(f"{step} {name}, {pins.name}", *rest, file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "benchmarks.peers.measure", step, name]
    done = subprocess.run(
        [*command, str(pins), str(index), str(result), *rest],
        cwd=ROOT,
        env=os.environ | {"LANCEDB_LOG": "error"},
        check=False,
    )
    if done.returncode:
        print(f"{step} {name}, {pins.name}: ended with {done.returncode}", file=sys.stderr)
    return not done.returncode


def _dataset(work: Path, size: int) -> Dataset:
    folder = work / "pins" / str(size)
    if not is_whole(folder):
        pins = corpus(size)
        write(folder, pins, questions(pins, WARM_UP + ASKED))
    return Dataset(folder)


def _build(work: Path, size: int, name: str) -> None:
    result = work / "results" / "build" / str(size) / f"{name}.json"
    if result.exists() or name in SAME_INDEX or size > peer_of(name).most:
        return
    place = work / "indexes" / str(size) / name
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    if not apart("build", name, work / "pins" / str(size), place, result):
        shutil.rmtree(place, ignore_errors=True)


def _ask(work: Path, size: int, name: str, *, again: bool) -> None:
    result = work / "results" / "ask" / str(size) / f"{name}.json"
    place = work / "indexes" / str(size) / SAME_INDEX.get(name, name)
    whole = work / "results" / "build" / str(size) / f"{place.name}.json"
    if (result.exists() and not again) or not whole.exists():
        return
    # What is added must not stay: the next run would find it there.
    copy = work / "asked"
    shutil.rmtree(copy, ignore_errors=True)
    subprocess.run(["cp", "-a", "--sparse=always", str(place), str(copy)], check=True)
    apart("ask", name, work / "pins" / str(size), copy, result)
    shutil.rmtree(copy, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="where everything is kept (25 GB)")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--peers", nargs="+", choices=list(PEERS))
    parser.add_argument("--again", action="store_true", help="ask also what was asked before")
    parser.add_argument("--data", type=Path, help="judged sets, see benchmarks/pools.py")
    parser.add_argument("--encoder", default="embedded", help="a setting of ENGINE_ENCODER")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/peers.*")
    return parser.parse_args()


if __name__ == "__main__":
    main()
