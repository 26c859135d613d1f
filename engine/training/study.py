"""The study behind the figures of the documentation: the recipe and the floor, on three seeds.

Each seed trains from nothing, judges another third of flickr, and never sees the classes that are
left out. Every part can be taken up again: a run that is finished is only judged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.features.embedded import EmbeddedEncoder
from engine.training import assess, judge
from engine.training.left_out import CHOSEN
from engine.training.materials import PUBLIC_SETS
from engine.training.options import MakeOptions
from engine.training.pins import FOLDS
from engine.training.recipe import FLOOR, Recipe
from engine.training.run import make, sources_of

SEEDS = (7, 8, 9)
_FIGURES = "figures.json"


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to make an encoder, as a column of the table."""

    title: str
    recipe: Recipe
    heads_only: bool


CONTENDERS = (Contender("floor", FLOOR, True), Contender("embedded", Recipe(), False))


def options_for(base: MakeOptions, contender: Contender, number: int) -> MakeOptions:
    """Return how the run of the `number`-th seed is made."""
    seed = SEEDS[number]
    return replace(
        base,
        target=base.target / f"{contender.title}-{seed}",
        seed=seed,
        leave_out=CHOSEN,
        fold=number % FOLDS,
        heads_only=contender.heads_only,
        drawn=base.drawn if "drawn" in contender.recipe.shares else None,
    )


def run(base: MakeOptions, contenders: Sequence[Contender], numbers: Sequence[int]) -> str:
    """Make and judge what is not there yet, and return the table of all that is."""
    for number in numbers:
        for contender in contenders:
            options = options_for(base, contender, number)
            if not (options.target / _FIGURES).exists():
                make(options, contender.recipe)
                _judge(options)
    found = {
        contender.title: [
            json.loads(path.read_text(encoding="utf-8"))
            for number in range(len(SEEDS))
            if (path := options_for(base, contender, number).target / _FIGURES).exists()
        ]
        for contender in CONTENDERS
    }
    return table(found)


def _judge(options: MakeOptions) -> None:
    sources = sources_of(options)
    encoder = EmbeddedEncoder.load(options.target / "encoder.safetensors")
    board = assess.lay_out(sources, PUBLIC_SETS, "test", Recipe().image_side)
    vectors = assess.encode(encoder, board.pixels)
    figures = judge.figures(board.questions, vectors, encoder.encode_texts)
    text = json.dumps(figures, indent=2)
    (options.target / _FIGURES).write_text(text + "\n", encoding="utf-8")


def table(found: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Write mean and spread (the sample's standard deviation) of each figure, a column each."""
    names = list(dict.fromkeys(n for runs in found.values() for one in runs for n in one))
    titles = [f"{title}, {len(runs)} seeds" for title, runs in found.items()]
    lines = ["| | " + " | ".join(titles) + " |", "|---|" + "---|" * len(titles)]
    for name in names:
        cells = []
        for runs in found.values():
            values = np.array([one[name] for one in runs if name in one])
            spread = f" ± {values.std(ddof=1):.3f}" if len(values) > 1 else ""
            cells.append(f"{values.mean():.3f}{spread}" if len(values) else "–")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
