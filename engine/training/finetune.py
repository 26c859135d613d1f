"""Teaches an encoder a user's own pins while it keeps what it knew; knows nothing of files.

Only the image head and the rows of the words that the pins use move. What holds the rest in place:
remembered pictures must keep their vectors (learning without forgetting, Li and Hoiem, 2016,
https://arxiv.org/abs/1606.09282), the words stay near where they were, and in the end a mix of
old and new weights is taken (Wortsman et al., 2022, https://arxiv.org/abs/2109.01903), chosen on
pins that did not train.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.training import losses
from engine.training.memory import Memory
from engine.training.own_texts import OwnTexts
from engine.training.progress import Report
from engine.training.schedule import cosine
from engine.training.towers import ImageHead, TextTower

_LONGEST_STEP = 1.0
_EVERY = 10
_SAVE_EVERY = 50


@dataclass(frozen=True, slots=True)
class Tuning:
    """The numbers of a tuning; rates are peaks of a schedule, rows are pins a step."""

    steps: int = 240
    rows: int = 512
    rate: float = 5e-4
    text_rate: float = 5e-4
    temperature: float = 0.05
    warm_up: float = 0.06
    memory_rows: int = 512
    memory_weight: float = 40.0
    """Weight of keeping the vectors of remembered pictures."""
    words_weight: float = 10.0
    """Weight of keeping the words where they were."""
    mixes: tuple[float, ...] = tuple(tenth / 10 for tenth in range(11))
    """Shares of the new weights that are tried."""
    least_kept: float = 0.88
    """Share of the guard's first ten pictures that must stay."""


class OwnWords(nn.Module):
    """A text tower in which only the rows of the words that some texts use can move."""

    used: Tensor
    place: Tensor
    start: Tensor

    def __init__(self, text: TextTower, texts: Sequence[str]) -> None:
        super().__init__()
        self._text = [text]  # in a list, so that its whole table is no parameter of this module
        used = torch.unique(text.tokens(texts)[0])
        rows = text.table.weight.detach()[used].clone()
        place = torch.full((text.table.num_embeddings,), -1)
        place[used] = torch.arange(len(used))
        self.register_buffer("used", used)
        self.register_buffer("place", place)
        self.register_buffer("start", rows)
        self.rows = nn.Parameter(rows.clone())

    def forward(self, texts: Sequence[str]) -> Tensor:
        flat, starts = self._text[0].tokens(texts)
        return self._text[0].pooled(F.embedding(self.place[flat], self.rows), starts)

    def drift(self) -> Tensor:
        """Mean squared way that a word's row has gone, in units of a usual row's square."""
        return ((self.rows - self.start) ** 2).sum(1).mean() / (self.start**2).sum(1).mean()


class Tuner:
    """The head and the words that move, the ones that they started from, and how far they are."""

    def __init__(
        self, head: ImageHead, text: TextTower, own: OwnTexts, tuning: Tuning, seed: int
    ) -> None:
        self.tuning, self._own, self._text = tuning, own, text
        self._old = copy.deepcopy(head).eval().requires_grad_(False)
        self.head = copy.deepcopy(head)
        self.words = OwnWords(text, own.texts())
        groups = [
            {"params": _learnt(self.head), "lr": tuning.rate},
            {"params": self.words.parameters(), "lr": tuning.text_rate},
        ]
        self._peaks = (tuning.rate, tuning.text_rate)
        self._optimiser = torch.optim.AdamW(groups, weight_decay=0.0, fused=True)
        self._seed = seed
        self.steps = 0

    def fit(
        self, inputs: Tensor, rows: Sequence[int], memory: Memory, checkpoint: Path, report: Report
    ) -> None:
        """Train on the pins `rows`, whose pictures' inputs are `inputs[rows]`, from any checkpoint.

        Each step draws by its own number, so that a run taken up again ends as one in one go.
        """
        if checkpoint.exists():
            self._resume(checkpoint)
        train = np.asarray(rows, np.intp)
        self.head.train()
        while self.steps < self.tuning.steps:
            parts = self._step(inputs, train, memory)
            self.steps += 1
            last = self.steps == self.tuning.steps
            if self.steps % _EVERY == 0 or last:
                told = " ".join(f"{name} {value:.4f}" for name, value in parts.items())
                report(f"own pins {self.steps}/{self.tuning.steps} {told}")
            if self.steps % _SAVE_EVERY == 0 or last:
                self._save(checkpoint)
        self.head.eval()

    def _step(self, inputs: Tensor, train: np.ndarray, memory: Memory) -> dict[str, float]:
        tuning = self.tuning
        factor = cosine(self.steps / tuning.steps, tuning.warm_up)
        for group, peak in zip(self._optimiser.param_groups, self._peaks, strict=True):
            group["lr"] = peak * factor
        seed = self._seed * 1_000_003 + self.steps
        chance = random.Random(seed)
        torch.manual_seed(seed)
        drawn = np.array(chance.choices(train.tolist(), k=tuning.rows), np.intp)
        claims = [self._own.claim(int(row), chance) for row in drawn for _ in range(2)]
        fit = torch.from_numpy(self._own.fits(claims, drawn))
        pictures = self.head(inputs[torch.from_numpy(drawn)].float())
        texts = self.words([claim.text for claim in claims])
        match = losses.contrastive(texts, pictures, fit, torch.zeros_like(fit), tuning.temperature)
        remembered = memory.draw(tuning.memory_rows)
        with torch.no_grad():
            before = self._old(remembered)
        # Without dropout: with it, its noise would have to be unlearnt, and details would go.
        now = self.head.eval()(remembered)
        self.head.train()
        forgotten = (1 - (now * before).sum(1)).mean()
        drift = self.words.drift()
        loss = match + tuning.memory_weight * forgotten + tuning.words_weight * drift
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        for group in self._optimiser.param_groups:
            nn.utils.clip_grad_norm_(group["params"], _LONGEST_STEP)
        self._optimiser.step()
        parts = {"match": match, "forgotten": forgotten, "drift": drift}
        return {name: float(part.detach()) for name, part in parts.items()}

    def mixed(self, share: float) -> tuple[ImageHead, TextTower]:
        """Return towers with `share` of the new weights and the rest of the old ones."""
        head = copy.deepcopy(self._old)
        text = copy.deepcopy(self._text)
        with torch.no_grad():
            for mine, new in zip(_learnt(head), _learnt(self.head), strict=True):
                mine.lerp_(new, share)
            rows = torch.lerp(self.words.start, self.words.rows, share)
            text.table.weight[self.words.used] = rows
        return head.eval(), text.eval()

    def _save(self, path: Path) -> None:
        state = {
            "head": self.head.state_dict(),
            "words": self.words.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "steps": self.steps,
        }
        fresh = path.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(path)

    def _resume(self, path: Path) -> None:
        state = torch.load(path, weights_only=True)
        self.head.load_state_dict(state["head"])
        self.words.load_state_dict(state["words"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.steps = int(state["steps"])


def _learnt(head: ImageHead) -> list[nn.Parameter]:
    """Return what moves: the layers that were learnt on pins, and not what names classes."""
    return [*head.inner.parameters(), *head.outer.parameters()]
