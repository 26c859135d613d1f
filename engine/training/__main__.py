"""`python -m engine.training make` makes the embedded encoder; `judge` tells how good one is."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from engine.training.materials import Sources
from engine.training.recipe import Recipe
from engine.training.run import judge_file, train


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m engine.training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="train and pack the encoder")
    make.add_argument("--drawn", type=Path, help="folder with drawn pins that train")
    make.add_argument("--target", type=Path, required=True, help="folder of the weight file")
    make.add_argument("--minutes", type=float, help="time for the stage that trains every layer")
    make.add_argument("--heads-only", action="store_true", help="leave the backbone as it is")
    tell = commands.add_parser("judge", help="print figures and calibration of a weight file")
    tell.add_argument("--encoder", type=Path, help="a weight file; default: the package's own")
    tell.add_argument("--split", choices=("development", "test"), default="development")
    tell.add_argument("--samples", type=Path, help="folder of the drawn samples, judged too")
    for command in (make, tell):
        command.add_argument("--shared", type=Path, default=Path("../shared"))
        command.add_argument("--work", type=Path, default=Path(".engine/training"))
    given = parser.parse_args()
    data, weights = given.shared / "data", given.shared / "weights"
    if given.command == "judge":
        sources = Sources(data, weights, given.work)
        print(judge_file(sources, given.encoder, given.split, given.samples))
        return
    recipe = Recipe()
    if given.minutes is not None:
        recipe = replace(recipe, network_minutes=given.minutes)
    sources = Sources(data, weights, given.work, given.drawn)
    train(sources, recipe, given.target, heads_only=given.heads_only)


if __name__ == "__main__":
    main()
