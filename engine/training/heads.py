"""The stages that need no pixels: the text table after its teacher, then heads on frozen features.

Each stage changes the modules that it is given and returns nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from engine.training.recipe import Recipe
from engine.training.schedule import cosine
from engine.training.supervision import Supervision
from engine.training.towers import ImageHead, TextTower

Report = Callable[[str], None]
_EVERY = 50
_LONGEST_STEP = 1.0
_RARITY = 1e-3


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
    optimiser = torch.optim.Adam(text.parameters(), lr=recipe.text_rate, fused=True)

    def step() -> Tensor:
        return supervision.reminder(text, recipe.text_rows)

    _run(step, optimiser, recipe.text_steps, recipe, report, "text")


def fit_heads(
    head: ImageHead, text: TextTower, inputs: Tensor, supervision: Supervision, report: Report
) -> None:
    """Train the image head and the text table together on frozen `inputs` (pins, 2277)."""
    head.standardise(inputs.float())
    _fit(head, text, inputs, supervision, report)


def refit_heads(
    head: ImageHead, text: TextTower, inputs: Tensor, supervision: Supervision, report: Report
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
    head: ImageHead, text: TextTower, inputs: Tensor, supervision: Supervision, report: Report
) -> None:
    recipe = supervision.recipe
    head.train()
    groups = [
        {"params": head.parameters(), "lr": recipe.head_rate, "weight_decay": recipe.decay},
        {"params": text.parameters(), "lr": recipe.joint_text_rate, "weight_decay": 0.0},
    ]

    def step() -> Tensor:
        draw = supervision.mix.draw(recipe.head_rows)
        vectors = head(inputs[torch.from_numpy(draw.rows)].float())
        return supervision.loss(vectors, draw, text)[0]

    _run(step, torch.optim.AdamW(groups, fused=True), recipe.head_steps, recipe, report, "heads")
    head.eval()


def _run(
    step: Callable[[], Tensor],
    optimiser: torch.optim.Optimizer,
    steps: int,
    recipe: Recipe,
    report: Report,
    name: str,
) -> None:
    peaks = [group["lr"] for group in optimiser.param_groups]
    started = time.monotonic()
    for number in range(steps):
        factor = cosine(number / steps, recipe.warm_up)
        for group, peak in zip(optimiser.param_groups, peaks, strict=True):
            group["lr"] = peak * factor
        loss = step()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for group in optimiser.param_groups:
            nn.utils.clip_grad_norm_(group["params"], _LONGEST_STEP)
        optimiser.step()
        if number % _EVERY == 0 or number == steps - 1:
            spent = time.monotonic() - started
            report(f"{name} {number + 1}/{steps} loss {float(loss.detach()):.4f} {spent:.0f}s")
