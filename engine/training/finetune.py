"""Teaches an encoder a user's own pins while it keeps what it knew; knows nothing of files.

What moves: hidden units that the image head gets for pictures like the user's, and the rows of the
words that the pins use. What holds the rest in place: the units are dark on other pictures; every
text that teaches must go on ranking remembered pictures as it did (a listwise loss, as in ListNet,
Cao et al., 2007, with the base as the teacher, as in learning without forgetting, Li and Hoiem,
2016, https://arxiv.org/abs/1606.09282); and in the end a mix of old and new weights is taken
(Wortsman et al., 2022, https://arxiv.org/abs/2109.01903), chosen on pins that did not train.
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
from engine.training.optimisers import backward
from engine.training.own_texts import OwnTexts
from engine.training.own_units import Likeness, OwnUnits
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
    rate: float = 2e-3
    text_rate: float = 5e-4
    temperature: float = 0.05
    warm_up: float = 0.06
    memory_rows: int = 512
    memory_weight: float = 40.0
    """Weight of keeping the vectors of remembered pictures."""
    ranking_weight: float = 100.0
    """Weight of ranking remembered pictures as before, for the texts of a step and more words."""
    ranking_words: int = 256
    """Words that the pins use, drawn each step, which must rank as before by themselves."""
    words_weight: float = 10.0
    """Weight of keeping the words where they were."""
    pairs: int = 128
    """Pairs of hidden units that the image head gets."""
    steep: float = 1.5
    """How fast a unit's gate opens from other pictures to the user's, in units of the log odds."""
    mixes: tuple[float, ...] = tuple(tenth / 10 for tenth in range(11))
    """Shares of the new weights that are tried."""
    least_kept: float = 0.96
    """Share of the guard's first ten pictures that must stay, for the pins' own words too."""


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
        self.whole = whole_words(text, used)

    def forward(self, texts: Sequence[str]) -> Tensor:
        flat, starts = self._text[0].tokens(texts)
        words = self._text[0].words(flat, starts)
        return self._text[0].pooled(F.embedding(self.place[flat], self.rows), starts, words)

    def drift(self) -> Tensor:
        """Mean squared way that a word's row has gone, in units of a usual row's square."""
        return ((self.rows - self.start) ** 2).sum(1).mean() / (self.start**2).sum(1).mean()


class Tuner:
    """The units and the words that move, what they started from, and how far they are."""

    def __init__(
        self,
        head: ImageHead,
        text: TextTower,
        own: OwnTexts,
        likeness: Likeness,
        tuning: Tuning,
        seed: int,
    ) -> None:
        self.tuning, self._own, self._text = tuning, own, text
        torch.manual_seed(seed)
        self.units = OwnUnits(head, likeness, tuning.pairs, tuning.steep)
        self.words = OwnWords(text, own.texts())
        groups = [
            {"params": self.units.parameters(), "lr": tuning.rate},
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
        self.units.train()
        while self.steps < self.tuning.steps:
            parts = self._step(inputs, train, memory)
            self.steps += 1
            last = self.steps == self.tuning.steps
            if self.steps % _EVERY == 0 or last:
                told = " ".join(f"{name} {value:.4f}" for name, value in parts.items())
                report(f"own pins {self.steps}/{self.tuning.steps} {told}")
            if self.steps % _SAVE_EVERY == 0 or last:
                self._save(checkpoint)
        self.units.eval()

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
        pictures = self.units(inputs[torch.from_numpy(drawn)].float())
        told = [claim.text for claim in claims]
        single = self.words.whole
        asked = told + chance.sample(single, min(len(single), tuning.ranking_words))
        texts = self.words(asked)
        unknown = torch.zeros_like(fit)
        match = losses.contrastive(texts[: len(told)], pictures, fit, unknown, tuning.temperature)
        # Without dropout: with it, its noise would have to be unlearnt, and details would go.
        before, now = self.units.eval().both(memory.draw(tuning.memory_rows))
        self.units.train()
        forgotten = (1 - (now * before).sum(1)).mean()
        with torch.no_grad():
            ranked = torch.softmax(self._text(asked) @ before.T / tuning.temperature, 1)
        ranking = losses.same_odds(texts @ now.T / tuning.temperature, ranked)
        drift = self.words.drift()
        loss = match + tuning.memory_weight * forgotten + tuning.words_weight * drift
        loss = loss + tuning.ranking_weight * ranking
        self._optimiser.zero_grad(set_to_none=True)
        backward(loss)
        for group in self._optimiser.param_groups:
            nn.utils.clip_grad_norm_(group["params"], _LONGEST_STEP)
        self._optimiser.step()
        parts = {"match": match, "forgotten": forgotten, "ranking": ranking, "drift": drift}
        return {name: float(part.detach()) for name, part in parts.items()}

    def mixed(self, share: float) -> tuple[ImageHead, TextTower]:
        """Return towers with `share` of the new weights and the rest of the old ones."""
        text = copy.deepcopy(self._text)
        with torch.no_grad():
            rows = torch.lerp(self.words.start, self.words.rows, share)
            text.table.weight[self.words.used] = rows
        return self.units.merged(share), text.eval()

    def _save(self, path: Path) -> None:
        state = {
            "units": self.units.state_dict(),
            "words": self.words.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "steps": self.steps,
        }
        fresh = path.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(path)

    def _resume(self, path: Path) -> None:
        state = torch.load(path, weights_only=True)
        self.units.load_state_dict(state["units"])
        self.words.load_state_dict(state["words"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.steps = int(state["steps"])


def whole_words(text: TextTower, used: Tensor) -> list[str]:
    """Return the words, in letters alone, among the tokens of these numbers."""
    names = [text.tokenizer.id_to_token(number) or "" for number in used.tolist()]
    return [name for name in names if name.isalpha()]
