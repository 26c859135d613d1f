"""The whole engine at a million pins, embedded: `python benchmarks/scale.py` (or `make bench`).

Writes, graph and serving each run in a process of their own, so that memory is told apart. The
table goes to stdout, and for a full run to `benchmarks/results/scale.md` too.
"""

import argparse
import json
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the repository is importable from here on

from benchmarks.building import Built, Written, build, write  # noqa: E402
from benchmarks.naive import Naive, naive  # noqa: E402
from benchmarks.serving import JUDGED, WARM_UP, Served, Spread, serve  # noqa: E402
from benchmarks.synthetic import Corpus, Question, corpus, questions  # noqa: E402

FULL = 1_000_000
ASKED = 1_000
NAIVE_ASKED = 12
GIB = 1024**3

P = ParamSpec("P")
R = TypeVar("R")


def main() -> None:
    """Run everything and print the table."""
    options = _options()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="scale-", dir=options.scratch))
    try:
        written, built = _built(folder, options.pins)
        _say("making the questions and their exact answers")
        pins = corpus(options.pins)
        asked = questions(pins, WARM_UP + ASKED)
        truth = [_nearest(pins, each) for each in asked[WARM_UP : WARM_UP + JUDGED]]
        spare = corpus(50, seed=99)
        _say("serving")
        served = _apart(serve, folder, asked, truth, spare)
        _say("the naive pipeline")
        plain = naive(pins, asked[:NAIVE_ASKED])
    finally:
        if options.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    table = _table(options.pins, written, built, served, plain)
    print(table)
    if options.pins == FULL:
        place = ROOT / "benchmarks" / "results" / "scale.md"
        place.parent.mkdir(exist_ok=True)
        place.write_text(table + "\n", encoding="utf-8")


def _built(folder: Path, pins: int) -> tuple[Written, Built]:
    """Build the collection, or return what its building took where it is there already."""
    note = folder / "measured.json"
    if note.exists():
        kept = json.loads(note.read_text())
        if kept["pins"] != pins:
            sys.exit(f"{folder} holds {kept['pins']:,} pins: name another folder, or --pins")
        return Written(**kept["written"]), Built(**kept["built"])
    _say(f"writing {pins:,} pins")
    written = _apart(write, folder, pins)
    _say(f"{written.pins_per_s:,.0f} pins/s; building the graph")
    built = _apart(build, folder)
    facts = {"pins": pins, "written": asdict(written), "built": asdict(built)}
    note.write_text(json.dumps(facts))
    return written, built


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pins", type=int, default=FULL)
    parser.add_argument("--keep", type=Path, help="build here, or reuse what was built here")
    parser.add_argument("--scratch", type=Path, help="where to put what is not kept (5 GB)")
    return parser.parse_args()


def _apart(work: Callable[P, R], *given: P.args, **named: P.kwargs) -> R:
    """Run a function in a fresh process, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *given, **named).result()


def _nearest(pins: Corpus, asked: Question) -> list[int]:
    similar = pins.vectors @ asked.vector
    return [int(row) for row in np.argpartition(-similar, 10)[:10]]


def _table(pins: int, written: Written, built: Built, served: Served, plain: Naive) -> str:
    command = shlex.join(["python", "benchmarks/scale.py", *sys.argv[1:]])
    rows = [
        ("search, candidates only", _times(served.candidates), "p50 ≤ 9, p95 ≤ 20"),
        ("search, ranked, ten pins read", _times(served.whole), ""),
        ("of it: BM25 twice and nearest", _times(served.first_round), ""),
        ("of it: each leg scores the others'", _times(served.second_round), ""),
        ("search with a filter (1 pin in 120)", _times(served.filtered), ""),
        ("search, 400 + 400 deep", _times(served.deep), ""),
        ("recall@10 of the vector leg", f"{served.recall:.4f}", "≥ 0.98"),
        ("first ten as 400 + 400 exact, words", f"{served.agreement['text']:.1%}", "≥ 95 %"),
        ("first ten as 400 + 400 exact, picture", f"{served.agreement['image']:.1%}", "≥ 95 %"),
        ("anonymous memory while serving", f"{served.anonymous_bytes / GIB:.2f} GiB", "≤ 3 GB"),
        ("opening", f"{served.open_s:.1f} s", ""),
        ("writing one pin", _times(served.write_one), ""),
        (
            f"a search that finds it ({served.found_fresh} of 50 did)",
            _times(served.searchable),
            "≤ 50 ms",
        ),
        ("pins written", f"{written.pins_per_s:,.0f} /s", "≥ 8,000 /s"),
        ("building the graph", f"{built.seconds:,.0f} s", ""),
        ("most resident while building", f"{built.peak_bytes / GIB:.1f} GiB", ""),
        ("on disk", f"{built.disk_bytes / GIB:.1f} GiB", ""),
        ("naive: rank-bm25 + numpy", f"{plain.p50:,.0f} / {plain.p95:,.0f} ms", ""),
        ("naive, preparing", f"{plain.prepare_s:,.0f} s", ""),
        ("times faster than naive, p50", f"{plain.p50 / served.whole.p50:,.0f}", ""),
        ("times faster than naive, p95", f"{plain.p95 / served.whole.p95:,.0f}", ""),
    ]
    lines = [
        f"# {pins:,} pins, embedded",
        "",
        f"`{command}` on {os.cpu_count()} cores; times are p50 / p95 over {ASKED:,} distinct"
        f" queries after {WARM_UP} others, without encoding. Other work had"
        f" {served.other_work:.0%} of the CPUs meanwhile.",
        "",
        "| measured | here | target |",
        "|---|---|---|",
        *(f"| {name} | {value} | {target} |" for name, value, target in rows),
    ]
    return "\n".join(lines)


def _times(spread: Spread) -> str:
    return f"{spread.p50:.1f} / {spread.p95:.1f} ms"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
