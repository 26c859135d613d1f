"""`python -m engine.training judge` tells how good a weight file is; `engine train` makes one."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from engine.features.embedded import EmbeddedEncoder
from engine.training import assess
from engine.training.materials import PUBLIC_SETS, Sources
from engine.training.recipe import Recipe


def main() -> None:
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m engine.training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    tell = commands.add_parser("judge", help="print figures and calibration of a weight file")
    tell.add_argument("--encoder", type=Path, help="a weight file; default: the package's own")
    tell.add_argument("--split", choices=("development", "test"), default="development")
    tell.add_argument("--samples", type=Path, help="folder of the drawn samples, judged too")
    tell.add_argument("--shared", type=Path, default=Path("../shared"))
    tell.add_argument("--work", type=Path, default=Path(".engine/training"))
    given = parser.parse_args()
    sources = Sources(given.shared / "data", given.shared / "weights", given.work)
    print(judge_file(sources, given.encoder, given.split, given.samples))


def judge_file(sources: Sources, weights: Path | None, split: str, samples: Path | None) -> str:
    """Return the tables of a packed encoder: figures beside the baselines, then calibration."""
    torch.set_num_threads(1)
    sources.work.mkdir(parents=True, exist_ok=True)
    encoder = EmbeddedEncoder.load(weights)
    side = Recipe().image_side
    sections = [f"{encoder.fingerprint}, {split} split"]
    boards = [assess.lay_out(sources.data, PUBLIC_SETS, split, side, sources.work)]
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
