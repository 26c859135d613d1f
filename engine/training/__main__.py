"""`python -m engine.training judge` tells how good a weight file is; `engine train` makes one."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch

from engine.features.embedded import EmbeddedEncoder
from engine.features.embedded_folder import WEIGHTS
from engine.training import assess, study
from engine.training.left_out import LeftOut
from engine.training.lessons import add_to_finished
from engine.training.materials import PUBLIC_SETS, Sources, gather
from engine.training.options import MakeOptions
from engine.training.pins import FIFTHS, FOLDS
from engine.training.progress import Progress
from engine.training.recipe import Recipe
from engine.training.run import sources_of


def main() -> None:
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m engine.training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    tell = commands.add_parser("judge", help="print figures and calibration of a weight file")
    tell.add_argument("--encoder", type=Path, help="a weight file; default: the package's own")
    tell.add_argument("--split", choices=("development", "test"), default="development")
    tell.add_argument("--samples", type=Path, help="folder of the drawn samples, judged too")
    tell.add_argument("--leave-out", type=Path, help="classes that the encoder has not seen")
    tell.add_argument("--fold", type=int, choices=range(FOLDS), help="the third of flickr to judge")
    told = commands.add_parser("study", help="make and judge the recipe and the floor, by seeds")
    told.add_argument("--drawn", type=Path, help="folder of drawn pins")
    told.add_argument("--target", type=Path, required=True, help="folder of the encoders")
    told.add_argument("--contender", action="append", help="only this column; may be repeated")
    told.add_argument("--number", type=int, action="append", help="only this seed, from 0")
    read = commands.add_parser("read", help="teach a finished encoder's reader anew")
    read.add_argument("--encoder", type=Path, required=True, help="folder of the encoder")
    read.add_argument("--target", type=Path, required=True, help="folder of the result")
    read.add_argument("--start", type=Path, help="folder of an encoder whose reader it begins with")
    read.add_argument("--drawn", type=Path, help="folder of drawn pins")
    read.add_argument("--seed", type=int, default=Recipe().seed)
    read.add_argument("--leave-out", type=Path, help="classes that it may not read of")
    read.add_argument("--fold", type=int, choices=range(FOLDS), help="the third of flickr unseen")
    read.add_argument("--everything", action="store_true", help="learn on every pin")
    for command in (tell, told, read):
        command.add_argument(
            "--fifth", type=int, choices=FIFTHS, default=0, help="the fifth of the sets to judge"
        )
        command.add_argument("--shared", type=Path, default=Path("../shared"))
        command.add_argument("--work", type=Path, default=Path(".engine/training"))
    given = parser.parse_args()
    if given.command == "study":
        options = MakeOptions(
            given.shared, given.target, given.work, given.drawn, fifth=given.fifth
        )
        titles = given.contender or [contender.title for contender in study.CONTENDERS]
        chosen = [contender for contender in study.CONTENDERS if contender.title in titles]
        print(study.run(options, chosen, given.number or range(len(study.SEEDS))))
        return
    if given.command == "read":
        options = MakeOptions(
            given.shared,
            given.target,
            given.work,
            given.drawn,
            given.seed,
            leave_out=given.leave_out,
            fold=given.fold,
            everything=given.everything,
            fifth=given.fifth,
        )
        read_anew(options, given.encoder, given.start)
        return
    left = LeftOut() if given.leave_out is None else LeftOut.read(given.leave_out)
    data, weights = given.shared / "data", given.shared / "weights"
    sources = Sources(data, weights, given.work, left_out=left, fold=given.fold, fifth=given.fifth)
    print(judge_file(sources, given.encoder, given.split, given.samples))


def read_anew(options: MakeOptions, source: Path, start: Path | None = None) -> Path:
    """Write the encoder in the folder `source` to `options.target` with a reader taught anew.

    With the folder `start`, the reader begins as that encoder's.
    """
    torch.set_num_threads(1)
    recipe = options.recipe()
    used = [folder / WEIGHTS for folder in (source, start) if folder is not None]
    made_of = [*(path.read_bytes() for path in used), repr(recipe).encode()]
    name = hashlib.sha256(b"".join(made_of)).hexdigest()[:12]
    saved = options.work / "readers" / f"{name}.pt"
    saved.parent.mkdir(parents=True, exist_ok=True)
    begin = None if start is None else start / WEIGHTS
    with Progress() as report:
        materials = gather(sources_of(options), recipe, report)
        weights = add_to_finished(source, options.target, materials, recipe, saved, report, begin)
        report(str(weights))
    return weights


def judge_file(sources: Sources, weights: Path | None, split: str, samples: Path | None) -> str:
    """Return the tables of a packed encoder: figures beside the baselines, then calibration."""
    torch.set_num_threads(1)
    sources.work.mkdir(parents=True, exist_ok=True)
    encoder = EmbeddedEncoder.load(weights)
    side = Recipe().image_side
    sections = [f"{encoder.fingerprint}, {split} split"]
    boards = [assess.lay_out(sources, PUBLIC_SETS, split, side)]
    if samples is not None:
        boards.append(assess.lay_out_samples(samples, side, sources.work))
    for board in boards:
        vectors = assess.encode(encoder, board.pixels)
        rows = assess.compare(board, vectors, encoder, sources.weights, sources.work)
        sections.append(assess.table(rows))
        found = assess.pairs(board, vectors, encoder)
        sections.append(assess.calibration_table(found))
        for direction, asked in (("text -> image", True), ("image -> image", False)):
            chosen = [
                part
                for part, question in zip(found, board.questions, strict=True)
                if bool(question.texts) is asked
            ]
            curve = assess.calibrate(chosen)
            sections.append(
                f"{direction}: slope {curve.slope:.2f}, offset {curve.offset:.2f}, "
                f"P = .5 at cosine {curve.half:.3f}"
            )
    return "\n\n".join(sections)


if __name__ == "__main__":
    main()
