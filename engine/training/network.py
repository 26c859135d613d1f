"""The stage that trains every layer, from pixels; knows nothing of where data comes from.

Half of the steps reach every layer; the others stop below `shallow_blocks`, which costs half as
much. The schedule follows the clock, so that a busy machine ends on time with fewer steps.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.training.backbone import to_input
from engine.training.crops import random_view
from engine.training.heads import Report
from engine.training.optimisers import Group, Optimiser, backward
from engine.training.pictures import Pixels
from engine.training.replicas import Replicas
from engine.training.schedule import cosine
from engine.training.supervision import Bank, Supervision
from engine.training.towers import ImageTower, TextTower

AfterEpoch = Callable[[int, Mapping[str, float]], None]
_CHUNK = 12
_WORKERS = 2
_KEEP = 0.99
_EVERY = 10
_LAST_STRETCH = 0.85


@dataclass(frozen=True)
class Views:
    """Pixels and colours of the mix's pins: `pictures[where[row]]` belongs to pin `row`."""

    pictures: tuple[Pixels, ...]
    where: npt.NDArray[np.intp]
    """(pins, 2): which array, which row of it."""
    colours: npt.NDArray[np.float32]

    def picture(self, row: int) -> Pixels:
        """Return the decoded picture of a pin."""
        array, place = self.where[row]
        return np.asarray(self.pictures[array][place])


class NetworkStage:
    """Both towers, their optimiser, their running average and the time spent so far."""

    def __init__(
        self, image: ImageTower, text: TextTower, views: Views, supervision: Supervision
    ) -> None:
        self.image, self.text, self.views, self.supervision = image, text, views, supervision
        recipe = supervision.recipe
        # The classifier follows the backbone; where a class is hidden from it, nothing moves.
        named = [p for name, p in image.head.named_parameters() if name.startswith("classes.")]
        learnt = [p for name, p in image.head.named_parameters() if not name.startswith("classes.")]
        groups = [
            Group(list(image.backbone.parameters()), recipe.network_rate, recipe.network_decay),
            Group(learnt, recipe.network_head_rate, recipe.decay),
            Group(named, recipe.network_rate),
        ]
        self._optimiser = Optimiser(groups, text, recipe.network_text_rate)
        self._average = [parameter.detach().clone() for parameter in self._parameters()]
        self._bank = Bank(recipe.bank_rows)
        self._chance = random.Random(recipe.seed)
        self._losses: list[dict[str, float]] = []
        self.steps = 0
        self.spent = 0.0

    def fit(
        self,
        checkpoint: Path,
        report: Report,
        every_minutes: float = 4.0,
        after_epoch: AfterEpoch | None = None,
    ) -> None:
        """Train until the recipe's minutes are spent, saving to `checkpoint` on the way.

        `after_epoch` is called with the epoch's number and its mean losses, while the towers hold
        the running average of the weights; the time that it takes is not the training's.
        """
        recipe = self.supervision.recipe
        budget = recipe.network_minutes * 60
        replicas = Replicas(self.image, _WORKERS)
        self.image.train()
        last = saved = time.monotonic()
        try:
            while self.spent < budget:
                parts = self._step(replicas, self.spent / budget)
                now = time.monotonic()
                self.spent, last = self.spent + now - last, now
                self.steps += 1
                self._losses.append(parts)
                if self.steps % _EVERY == 1:
                    told = " ".join(f"{name} {value:.3f}" for name, value in parts.items())
                    done = min(self.spent, budget) / 60
                    report(f"network {done:.2f}/{budget / 60:.2f} step {self.steps} {told}")
                ended = self.steps % self.steps_an_epoch == 0
                if ended or now - saved > every_minutes * 60:
                    self.save(checkpoint)
                    saved = now
                if ended:
                    self._end_epoch(after_epoch)
                    last = time.monotonic()
        finally:
            replicas.close()
        self.image.eval()
        self.save(checkpoint)

    @property
    def steps_an_epoch(self) -> int:
        """How many steps draw as many pins as there are."""
        return max(1, len(self.supervision.mix.pins) // self.supervision.recipe.network_rows)

    def _end_epoch(self, after_epoch: AfterEpoch | None) -> None:
        names = sorted({name for parts in self._losses for name in parts})
        means = {n: float(np.mean([p[n] for p in self._losses if n in p])) for n in names}
        self._losses = []
        if after_epoch is None:
            return
        kept = [parameter.clone() for parameter in self._parameters()]
        self.take_average()
        self.image.eval()
        after_epoch(self.steps // self.steps_an_epoch, means)
        with torch.no_grad():
            torch._foreach_copy_(self._parameters(), kept)
        self.image.train()

    def _step(self, replicas: Replicas[ImageTower], progress: float) -> dict[str, float]:
        recipe = self.supervision.recipe
        factor = cosine(progress, recipe.warm_up)
        late = progress > _LAST_STRETCH
        side = recipe.image_side if late else recipe.train_side
        least = 0.8 if late else 0.5
        deep = self._chance.random() < recipe.end_to_end_share
        frozen = 0 if deep else recipe.shallow_blocks
        draw = self.supervision.mix.draw(recipe.network_rows, recipe.phrases_each)
        chunks = [
            self._chunk(draw.rows[start : start + _CHUNK], side, least, frozen)
            for start in range(0, len(draw.rows), _CHUNK)
        ]
        outputs = replicas.forward(chunks)
        whole = torch.cat(outputs).requires_grad_()
        vectors, scores = whole[:, : recipe.dimension], whole[:, recipe.dimension :]
        loss, parts = self.supervision.loss(vectors, draw, self.text, self._bank)
        if recipe.keep_weight:
            kept = self.supervision.kept(scores, draw)
            loss = loss + recipe.keep_weight * kept
            parts["kept"] = float(kept.detach())
        backward(loss)
        if whole.grad is None:
            raise RuntimeError("the loss does not depend on the picture vectors")
        replicas.backward(torch.split(whole.grad, [len(output) for output in outputs]))
        self._optimiser.step(factor)
        self._bank.push(vectors, draw.rows)
        keep = min(_KEEP, (self.steps + 1) / (self.steps + 10))
        with torch.no_grad():
            torch._foreach_lerp_(self._average, self._parameters(), 1 - keep)
        return parts

    def _chunk(
        self, rows: npt.NDArray[np.intp], side: int, least: float, frozen: int
    ) -> Callable[[ImageTower], Tensor]:
        chance = random.Random(self._chance.getrandbits(48))

        def run(tower: ImageTower) -> Tensor:
            views = [random_view(self.views.picture(row), side, least, chance) for row in rows]
            pictures = to_input(torch.from_numpy(np.stack(views)))
            colours = torch.from_numpy(self.views.colours[rows])
            # Measured: the gradients of depthwise convolutions take twice as long at bfloat16.
            inputs = torch.cat([tower.backbone(pictures, frozen), colours], 1)
            return torch.cat([tower.head(inputs), tower.head.scores(inputs)], 1)

        return run

    def _parameters(self) -> list[Tensor]:
        return [p.detach() for p in (*self.image.parameters(), *self.text.parameters())]

    def take_average(self) -> None:
        """Replace the weights by their running average, which is what ships."""
        with torch.no_grad():
            torch._foreach_copy_(self._parameters(), self._average)

    def save(self, path: Path) -> None:
        """Write everything that a later run needs to go on from here."""
        state = {
            "image": self.image.state_dict(),
            "text": self.text.state_dict(),
            "optimiser": self._optimiser.state(),
            "average": self._average,
            "steps": self.steps,
            "spent": self.spent,
        }
        fresh = path.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(path)

    def resume(self, path: Path) -> None:
        """Go on from a file of `save`; the bank fills anew."""
        state = torch.load(path, weights_only=True)
        self.image.load_state_dict(state["image"])
        self.text.load_state_dict(state["text"])
        self._optimiser.restore(state["optimiser"])
        self._average = state["average"]
        self.steps, self.spent = int(state["steps"]), float(state["spent"])
