"""How quick intake is, how soon what arrives is found, and what memory it takes.

    python benchmarks/ingestion.py [speed] [latency] [memory] [--save]

Without names all three run. `--pins` is for speed; `--seconds`, `--size` and `--building` for
latency: a size above zero starts from so many made-up pins, all in the graph, or with `--building`
a fifth of them outside it, which is built anew while pins arrive; `--memory` is the longer of the
two streams. `--save` puts the tables into benchmarks/results/ingestion.md, each in the place of an
older one of its name.
"""

import argparse
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import ParamSpec, TypeVar

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.arriving import (  # noqa: E402 - the repository is importable from here on
    LOOKED_FOR,
    PINS_A_SECOND,
    SEARCHES_A_SECOND,
    arriving,
    fill,
    needed,
)
from benchmarks.machine import OtherWork  # noqa: E402
from benchmarks.photos import photos, tiny_pins, write_lines  # noqa: E402
from benchmarks.serving import Spread  # noqa: E402
from benchmarks.streaming import intake_alone, store_alone  # noqa: E402
from benchmarks.throughput import STAGES, TURNS, throughput  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "ingestion.md"
TITLE = "# Intake, embedded"
SHORT = 1_000
MIB = 1024 * 1024
NEVER = 1_000_000_000
# So much of a collection lies outside its graph when the building begins, and so many pins arrive
# before: those of the warm-up, and a few.
OUTSIDE, BEFORE = 5, 100

P = ParamSpec("P")
R = TypeVar("R")
Row = tuple[str, str, str]


def main() -> None:
    """Run what is asked for and print the tables."""
    options = _options()
    parts = {"speed": _speed, "latency": _latency, "memory": _memory}
    for name in options.parts or list(parts):
        scratch = Path(tempfile.mkdtemp(prefix="ingestion-", dir=options.scratch))
        try:
            shown = parts[name](options, scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        print(shown, end="\n\n", flush=True)
        if options.save:
            _save(shown)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], "speed", "latency", "memory"])
    parser.add_argument("--pins", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--building", action="store_true")
    parser.add_argument("--memory", type=int, default=100_000)
    parser.add_argument("--scratch", type=Path, help="where to put what is not kept")
    parser.add_argument("--save", action="store_true")
    return parser.parse_args()


def _speed(options: argparse.Namespace, scratch: Path) -> str:
    _say(f"making {options.pins:,} pictures")
    files = photos(scratch / "photos", options.pins)
    others = OtherWork()
    _say("indexing them")
    found = throughput(files, scratch)
    rows: list[Row] = [
        ("pins indexed, from JPEG files", f"{median(found.ours):.0f} /s", "≥ 90 /s"),
        ("the encoder alone, on decoded pictures", f"{median(found.alone):.0f} /s", ""),
        ("of that limit", f"{found.of_limit:.0%}", ""),
        *(
            (f"time in: {stage}", f"{found.stages[stage] / found.seconds:.0%}", "")
            for stage in STAGES
        ),
        ("one image at a time into SQLite", f"{median(found.sequential):.0f} /s", ""),
        ("times as quick as that", f"{found.over_sequential:.2f}", ""),
    ]
    told = (
        f"{options.pins:,} pictures of 500 pixels ({found.file_bytes / 1024:.0f} KiB each), the "
        f"embedded encoder; medians of {TURNS} turns that took every way. Stages overlap: reading, "
        "decoding and keeping run in two threads ahead of the encoder, and theirs are seconds of "
        "both. One image at a time is what rclip and its like do: open, encode, insert; it keeps "
        "no picture and analyses no words."
    )
    return _table("From files to the index", told, rows, others)


def _latency(options: argparse.Namespace, scratch: Path) -> str:
    files = photos(scratch / "photos", needed(options.seconds))
    outside = options.size // OUTSIDE if options.building else 0
    if options.size:
        _say(f"writing {options.size:,} pins")
        _apart(fill, scratch / "data", options.size, outside)
    others = OtherWork()
    _say("serving")
    threshold = outside + BEFORE if options.building else NEVER
    found = arriving(scratch / "data", files, options.seconds, threshold)
    if options.building and found.built_s is None:
        sys.exit("the graph was not built: give it more pins (--size) or more time (--seconds)")
    rows: list[Row] = [
        ("pin sent until written", _times(found.answered), ""),
        ("pin sent until a search found it", _times(found.found), "p95 ≤ 2,000"),
        ("a search meanwhile", _times(found.searched), "p95 ≤ 100"),
        ("requests that failed", f"{found.failed}", "0"),
        ("pins outside the graph", "{:,} → {:,}".format(*found.unindexed), ""),
    ]
    told = (
        f"{PINS_A_SECOND} pins and {SEARCHES_A_SECOND} searches a second over HTTP to "
        f"`engine serve` for {options.seconds:g} s, timed from when each was due; one pin in "
        f"{LOOKED_FOR} was then searched for. Times are p50 / p95 of {found.pins:,} pins and "
        f"{found.searches:,} searches"
    )
    if found.built_s is not None:
        told += f", those of the {found.built_s:.1f} s in which the graph was built anew"
    told += ". What sends them runs on the same processors."
    start = f"a collection of {options.size:,}" if options.size else "an empty collection"
    graph = ", its graph being built" if options.building else ""
    return _table(f"Arriving in {start}{graph}", told, rows, others)


def _memory(options: argparse.Namespace, scratch: Path) -> str:
    others = OtherWork()
    rows: list[Row] = []
    whole: dict[str, list[int]] = {"intake": [], "store": []}
    for count in (SHORT, options.memory):
        _say(f"streaming {count:,} pins")
        lines = write_lines(scratch / f"{count}.jsonl", tiny_pins(count))
        held = _apart(intake_alone, lines, scratch / f"intake-{count}")
        kept = _apart(store_alone, count, scratch / f"store-{count}")
        whole["intake"].append(held.peak)
        whole["store"].append(kept.peak)
        rows += [
            (f"intake of {count:,} pins", _mib(held.peak), ""),
            (f"of it before the first pin, {count:,}", _mib(held.before), ""),
            (f"the store alone, {count:,} pins", _mib(kept.peak), ""),
        ]
    grown = {name: last - first for name, (first, last) in whole.items()}
    rows += [
        ("more for the longer stream, intake", _mib(grown["intake"]), "≤ 200 MiB"),
        ("more for the longer stream, store", _mib(grown["store"]), ""),
    ]
    told = (
        "The most anonymous memory (RssAnon), each figure of a process of its own. Intake reads, "
        "decodes, encodes and keeps pictures of 16 x 16 pixels, and its records go nowhere; the "
        "store is given records of the same size."
    )
    return _table(f"Memory, {SHORT:,} and {options.memory:,} pins streamed", told, rows, others)


def _table(title: str, told: str, rows: Sequence[Row], others: OtherWork) -> str:
    command = shlex.join(["python", "benchmarks/ingestion.py", *sys.argv[1:]])
    lines = [
        f"## {title}",
        "",
        f"`{command}` on {os.cpu_count()} cores. {told} Other work had {others.share():.0%} of the "
        "CPUs meanwhile.",
        "",
        "| measured | here | target |",
        "|---|---|---|",
        *(f"| {name} | {value} | {target} |" for name, value, target in rows),
    ]
    return "\n".join(lines)


def _save(shown: str) -> None:
    """Put a table among those that are kept."""
    old = RESULT.read_text(encoding="utf-8") if RESULT.exists() else TITLE
    head, *tables = old.rstrip().split("\n\n## ")
    named = {table.partition("\n")[0]: table for table in tables}
    new = shown.removeprefix("## ")
    named[new.partition("\n")[0]] = new
    RESULT.write_text("\n\n## ".join([head, *named.values()]) + "\n", encoding="utf-8")


def _apart(work: Callable[P, R], *given: P.args, **named: P.kwargs) -> R:
    """Run a function in a fresh process, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *given, **named).result()


def _times(spread: Spread) -> str:
    return f"{spread.p50:,.0f} / {spread.p95:,.0f} ms"


def _mib(count: int) -> str:
    return f"{count / MIB:,.0f} MiB"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
