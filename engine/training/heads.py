"""The stages that need no pixels: the text table after its teacher, then heads on frozen features.

Each stage changes the modules that it is given and returns nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.training.optimisers import Group, Optimiser, backward
from engine.training.recipe import Recipe
from engine.training.schedule import cosine
from engine.training.supervision import Supervision
from engine.training.towers import ImageHead, TextTower

Report = Callable[[str], None]
_EVERY = 50
_RARITY = 1e-3


@dataclass(frozen=True)
class Inputs:
    """What a backbone and the colours make of pins, (rows, 2277): one or more views of each.

    Pin i has the rows from `starts[i]` to before `starts[i + 1]`; the first is the whole picture.
    """

    rows: Tensor
    starts: npt.NDArray[np.intp]

    @classmethod
    def single(cls, rows: Tensor) -> Inputs:
        """Take one view of each pin."""
        return cls(rows, np.arange(len(rows) + 1))

    def whole(self) -> Tensor:
        """Return the whole pictures, in the pins' order."""
        return self.rows[torch.from_numpy(self.starts[:-1])]

    def draw(self, pins: npt.NDArray[np.intp], chance: np.random.Generator) -> Tensor:
        """Return one view of each of `pins`, any as likely as another."""
        first, after = self.starts[pins], self.starts[pins + 1]
        return self.rows[torch.from_numpy(chance.integers(first, after))]


def start_table(text: TextTower, tokens: npt.NDArray[np.float32], corpus: Iterable[str]) -> None:
    """Fill the table with the teacher's single tokens, frequent ones shorter.

    The factor a / (a + p), p the token's share of the corpus, is that of Arora et al., 2017
    (smooth inverse frequency).
    """
    flat, _ = text.tokens(list(corpus))
    counts = torch.bincount(flat, minlength=len(tokens)).float()
    factor = _RARITY / (_RARITY + counts / counts.sum())
    with torch.no_grad():
        text.table.weight.copy_(torch.from_numpy(tokens) * factor[:, None])


def fit_text(text: TextTower, supervision: Supervision, report: Report) -> None:
    """Train the table to give the corpus the vectors of the text teacher."""
    recipe = supervision.recipe
    optimiser = Optimiser((), text, recipe.text_rate)

    def step() -> Tensor:
        return supervision.reminder(text, recipe.text_rows)

    _run(step, optimiser, recipe.text_steps, recipe, report, "text")


def fit_heads(
    head: ImageHead, text: TextTower, inputs: Inputs, supervision: Supervision, report: Report
) -> None:
    """Train the image head and the text table together on what a frozen backbone makes of pins."""
    head.standardise(inputs.whole().float())
    _fit(head, text, inputs, supervision, report)


def refit_heads(
    head: ImageHead, text: TextTower, inputs: Inputs, supervision: Supervision, report: Report
) -> None:
    """Train a trained head and table on, after the backbone that makes `inputs` has changed.

    The standardisation stays: the head has learnt on it.
    """
    recipe = supervision.recipe
    gentle = replace(
        recipe,
        head_steps=recipe.again_steps,
        head_rate=recipe.again_rate,
        joint_text_rate=recipe.again_text_rate,
    )
    _fit(head, text, inputs, replace(supervision, recipe=gentle), report)


def _fit(
    head: ImageHead, text: TextTower, inputs: Inputs, supervision: Supervision, report: Report
) -> None:
    recipe = supervision.recipe
    head.train()
    # The classifier stays as the backbone knows it.
    learnt = [p for name, p in head.named_parameters() if not name.startswith("classes.")]
    group = Group(learnt, recipe.head_rate, recipe.decay)
    chance = np.random.default_rng(recipe.seed)

    def step() -> Tensor:
        draw = supervision.mix.draw(recipe.head_rows, recipe.phrases_each)
        if not recipe.alike_weight:
            return supervision.loss(head(inputs.draw(draw.rows, chance).float()), draw, text)[0]
        pairs = supervision.mix.pairs(draw.rows)
        rows = np.concatenate([draw.rows, pairs.second])
        vectors, others = head(inputs.draw(rows, chance).float()).split(
            [len(draw.rows), len(pairs.second)]
        )
        alike = supervision.alike(vectors[torch.from_numpy(pairs.first)], others, pairs)
        return supervision.loss(vectors, draw, text)[0] + recipe.alike_weight * alike

    optimiser = Optimiser([group], text, recipe.joint_text_rate)
    _run(step, optimiser, recipe.head_steps, recipe, report, "heads")
    head.eval()


def _run(
    step: Callable[[], Tensor],
    optimiser: Optimiser,
    steps: int,
    recipe: Recipe,
    report: Report,
    name: str,
) -> None:
    started = time.monotonic()
    for number in range(steps):
        loss = step()
        backward(loss)
        optimiser.step(cosine(number / steps, recipe.warm_up))
        if number % _EVERY == 0 or number == steps - 1:
            spent = time.monotonic() - started
            report(f"{name} {number + 1}/{steps} loss {float(loss.detach()):.4f} {spent:.0f}s")
