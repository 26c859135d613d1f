"""`engine evaluate` on judged pins that nothing was tuned on: full text, half of it gone, and none.

    python benchmarks/relevance.py --data DIR --encoder FOLDER --fold 2 --work FOLDER

`--data` holds one folder a set with pins.jsonl, queries.jsonl and qrels.txt. The pool of a set is
its test split (see `benchmarks/pools.py`), and a query needs three relevant pins in it (one on
flickr). The package's own encoder has trained on every split: `--encoder` names one that has not,
and `--fold` the third of flickr that it has not seen; `python -m engine.training study` makes both.
Each set is one collection, indexed and judged by the commands; from one state of its texts to the
next the pins are sent again, and pictures that are there are not looked at anew.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pools import FOLDS, captions_asked, in_pool

SETS = {"fashion": 3, "flickr": 1, "grocery": 3, "caltech": 3, "clothing": 3}
WORDED = ("fashion", "flickr", "grocery")
SHARES = {"full": 0.0, "half": 0.5, "none": 1.0}
SEED = 13
TEXTS = ("description", "board_title")
COLUMNS = ("this engine", "BM25 alone", "vectors alone", "RRF k=60", "naive rerank")


@dataclass(frozen=True)
class Case:
    """One set with a share of its texts gone."""

    name: str
    text: str


def cases(sets: Sequence[str]) -> Iterator[Case]:
    """Yield every set in every state of its texts; what never had text comes without."""
    for name in sets:
        for text in SHARES if name in WORDED else ("none",):
            yield Case(name, text)


def prepare(case: Case, data: Path, folder: Path, fold: int | None) -> None:
    """Write a pool as a person would have it: pins, queries, judgments."""
    source = data / case.name
    folder.mkdir(parents=True, exist_ok=True)
    pins = []
    asked: dict[str, bool] = {}
    for line in (source / "pins.jsonl").read_text().splitlines():
        pin = json.loads(line)
        picture = (source / pin["image"]).read_bytes()
        if in_pool(case.name, picture, "test", fold):
            path = folder / pin["image"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture)
            pins.append(pin)
            asked[pin["id"]] = case.name != "flickr" or captions_asked(picture, "test")
    gone = np.random.default_rng(SEED).random(len(pins)) < SHARES[case.text]
    with (folder / "pins.jsonl").open("w") as file:
        for pin, silent in zip(pins, gone, strict=True):
            kept = {k: v for k, v in pin.items() if not (silent and k in TEXTS)}
            file.write(json.dumps(kept) + "\n")
    judged = [line.split() for line in (source / "qrels.txt").read_text().splitlines()]
    judged = [each for each in judged if asked.get(each[2], False) and int(each[3]) > 0]
    counts = Counter(each[0] for each in judged)
    kept_queries = {query for query, count in counts.items() if count >= SETS[case.name]}
    with (folder / "qrels.txt").open("w") as file:
        file.writelines(" ".join(each) + "\n" for each in judged if each[0] in kept_queries)
    queries = (source / "queries.jsonl").read_text().splitlines()
    with (folder / "queries.jsonl").open("w") as file:
        file.writelines(q + "\n" for q in queries if json.loads(q)["id"] in kept_queries)


def judge(case: Case, work: Path, encoder: str) -> dict[str, Any]:
    """Bring a pool's texts to this state, and evaluate it."""
    folder = work / case.name
    environment = os.environ | {"ENGINE_DATA": str(work / "data"), "ENGINE_ENCODER": encoder}
    command = [sys.executable, "-m", "engine.cli"]
    named = ["--collection", case.name]
    subprocess.run(
        [*command, "index", str(folder / "pins.jsonl"), *named],
        env=environment,
        check=True,
        capture_output=True,
    )
    judged = ["--queries", folder / "queries.jsonl", "--judgments", folder / "qrels.txt"]
    done = subprocess.run(
        [*command, "evaluate", *map(str, judged), *named, "--json"],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def row(case: Case, found: dict[str, Any]) -> str:
    """Return a line of the table: nDCG@10 of each system, and ours less two others."""
    systems = {each["name"]: each for each in found["systems"]}
    cells = [f"{systems[name]['means']['nDCG@10']:.3f}" for name in COLUMNS]
    low, high = systems["this engine"]["intervals"]["nDCG@10"]
    cells[0] = f"**{cells[0]}** ({low:.3f} to {high:.3f})"
    against = {each["other"]: each for each in found["comparisons"]}
    for name in (found["better_leg"], "RRF k=60"):
        each = against[name]
        cells.append(f"{each['difference']:+.3f} ({each['low']:+.3f} to {each['high']:+.3f})")
    reach = [systems[name]["reach_of_silent_pins"]["ratio"] for name in ("this engine", "RRF k=60")]
    cells += ["–" if each is None or case.text != "half" else f"{each:.2f}" for each in reach]
    queries = found["queries"]["judged"]
    return f"| {case.name}, {case.text} text ({queries}) | " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--encoder", required=True, help="a setting of ENGINE_ENCODER")
    arguments.add_argument("--fold", type=int, choices=range(FOLDS))
    arguments.add_argument("--work", type=Path, required=True, help="folder for the collections")
    arguments.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    given = arguments.parse_args()
    heads = [*COLUMNS, "ours less the better leg", "ours less RRF", "silent reach", "of RRF"]
    print("| pool (queries) | " + " | ".join(heads) + " |\n|---|" + "---|" * len(heads))
    for case in cases(given.sets):
        prepare(case, given.data, given.work / case.name, given.fold)
        print(row(case, judge(case, given.work, given.encoder)), flush=True)


if __name__ == "__main__":
    main()
