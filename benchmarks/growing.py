"""Searches and writes while the graph is built beside them: `python benchmarks/growing.py`.

A collection whose graph covers four fifths of its pins is searched ten times a second and given
twenty pins a second, flushed in fours. Three times in turn: with no build, during one, and after.
Times count from when a search or a write was due, so that whatever stands still counts.
"""

import argparse
import os
import shlex
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the repository is importable from here on

from benchmarks.building import IDENTITY  # noqa: E402
from benchmarks.serving import Spread, whole  # noqa: E402
from benchmarks.synthetic import Corpus, Question, corpus, questions  # noqa: E402
from engine.store.edge import EdgeCollection  # noqa: E402
from engine.store.graph_building import Built  # noqa: E402

SEARCHES_PER_S = 10
PINS_PER_S = 20
PINS_AT_ONCE = 4
OUTSIDE = 5
WARM_UP = 100


@dataclass(frozen=True)
class Phase:
    """What searches and writes took from when they were due, in seconds."""

    searches: list[float]
    writes: list[float]


def main() -> None:
    """Fill a collection, build its graph under load, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pins", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of the phases without a build")
    parser.add_argument("--scratch", type=Path, help="where to put the collection (1 GB)")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="growing-", dir=options.scratch))
    try:
        pins = corpus(options.pins)
        asked = questions(pins, 500)
        with EdgeCollection.open(folder, IDENTITY, create=True) as collection:
            _fill(collection, pins)
            for each in asked[:WARM_UP]:
                whole(collection, each)
            load = _Load(collection, pins, asked)
            before = load.run(_for(options.seconds))
            collection.start_optimizing(options.pins // (2 * OUTSIDE))
            during = load.run(lambda: collection.building.running)
            built = collection.building.last
            after = load.run(_for(options.seconds))
            missing = load.missing()
            info = collection.info()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if built is None:
        sys.exit("the graph was not built: the log says why")
    print(_table(options.pins, (before, during, after), built, info.points - info.indexed))
    if missing:
        sys.exit(f"{missing:,} pins that were written are missing")


class _Load:
    """Searches and writes at a steady rate, each in a thread of its own."""

    def __init__(self, collection: EdgeCollection, pins: Corpus, asked: list[Question]) -> None:
        self._collection = collection
        self._pins = pins
        self._asked = asked
        self._written = 0
        self._searched = 0

    def run(self, going: Callable[[], bool]) -> Phase:
        phase = Phase([], [])
        threads = [
            threading.Thread(
                target=_steadily, args=(self._search, 1 / SEARCHES_PER_S, going, phase.searches)
            ),
            threading.Thread(
                target=_steadily, args=(self._write, PINS_AT_ONCE / PINS_PER_S, going, phase.writes)
            ),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return phase

    def missing(self) -> int:
        names = [f"new-{number}" for number in range(self._written)]
        return len(names) - len(self._collection.facts(names))

    def _search(self) -> None:
        whole(self._collection, self._asked[self._searched % len(self._asked)])
        self._searched += 1

    def _write(self) -> None:
        records = []
        for number in range(self._written, self._written + PINS_AT_ONCE):
            record = self._pins.record(number % len(self._pins))
            records.append(replace(record, pin=replace(record.pin, id=f"new-{number}")))
        self._collection.upsert(records)
        self._collection.flush()
        self._written += PINS_AT_ONCE


def _steadily(
    work: Callable[[], None], every: float, going: Callable[[], bool], taken: list[float]
) -> None:
    due = time.perf_counter()
    while going():
        work()
        now = time.perf_counter()
        taken.append(now - due)
        due += every
        time.sleep(max(0.0, due - now))


def _for(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() < end


def _fill(collection: EdgeCollection, pins: Corpus) -> None:
    """Write all pins; the graph covers all but the last fifth."""
    built = False
    for start, batch in enumerate(pins.records(1_000)):
        if not built and start * 1_000 >= len(pins) - len(pins) // OUTSIDE:
            collection.start_optimizing(1)
            collection.finish_optimizing()
            built = True
        collection.upsert(batch)
    collection.flush()


def _table(pins: int, phases: tuple[Phase, Phase, Phase], built: Built, outside: int) -> str:
    command = shlex.join(["python", "benchmarks/growing.py", *sys.argv[1:]])
    rows = []
    for name, times in (
        ("a search", [phase.searches for phase in phases]),
        (f"{PINS_AT_ONCE} pins written and flushed", [phase.writes for phase in phases]),
    ):
        spreads = [Spread.of(each) for each in times]
        for share, values in (
            ("p50", [each.p50 for each in spreads]),
            ("p95", [each.p95 for each in spreads]),
            ("longest", [float(np.max(each)) * 1e3 for each in times]),
        ):
            cells = " | ".join(f"{value:.1f} ms" for value in values)
            rows.append(f"| {name}, {share} | {cells} | {values[1] / values[0]:.1f} |")
    return "\n".join(
        [
            f"# {pins:,} pins, and more arriving, while the graph is built",
            "",
            f"`{command}` on {os.cpu_count()} cores: {SEARCHES_PER_S} searches/s and {PINS_PER_S}"
            f" pins/s, timed from when they were due. A fifth of the pins lay outside the graph."
            f" The build took {built.seconds:.1f} s; writes waited {built.copy_ms:.0f} ms for the"
            f" copy and {built.swap_ms:.0f} ms for the swap; the new shard took"
            f" {built.load_ms:.0f} ms to open, at which Edge keeps the interpreter to itself."
            f" {outside:,} pins lay outside the graph at the end: Edge builds none over less than"
            " ten megabytes of vectors.",
            "",
            "| measured | no build | while building | after | building / none |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


if __name__ == "__main__":
    main()
