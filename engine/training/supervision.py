"""The loss of one step, from picture vectors and the mix; knows nothing of pixels or schedules."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.training import losses
from engine.training.mix import Draw, Mix, Pairs
from engine.training.phrases import Descriptions
from engine.training.recipe import Recipe
from engine.training.towers import NAME_TEMPERATURE, TextTower

_REMINDER_ROWS = 384


class ClassTexts:
    """One random text for each ImageNet class: a name of it, framed or not, or a description."""

    def __init__(
        self, classes: Sequence[Sequence[str]], descriptions: Descriptions, seed: int
    ) -> None:
        self._classes = classes
        self._descriptions = descriptions
        self._random = random.Random(seed)

    def draw(self) -> list[str]:
        """Return the texts in the classifier's order."""
        return [self._one(names) for names in self._classes]

    def _one(self, names: Sequence[str]) -> str:
        told = self._descriptions.get(names[0].lower())
        if told and self._random.random() < 0.25:
            return self._random.choice(told)
        name = names[0] if self._random.random() < 0.6 else self._random.choice(names)
        return name if self._random.random() < 0.6 else f"a photo of a {name}"


class Bank:
    """The latest picture vectors and the mix's rows that they belong to."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.vectors: Tensor | None = None
        self.rows = np.zeros(0, np.intp)

    def push(self, vectors: Tensor, rows: npt.NDArray[np.intp]) -> None:
        """Add the newest, forget the oldest."""
        fresh = vectors.detach()
        kept = fresh if self.vectors is None else torch.cat([fresh, self.vectors])
        self.vectors = kept[: self._size]
        self.rows = np.concatenate([rows, self.rows])[: self._size]


@dataclass(frozen=True)
class Supervision:
    """Everything that tells the towers what is right.

    `class_odds` is (pins of the mix, classes): the classifier's probabilities, zero for a class
    that may not teach, and a zero row where it has no say. `corpus` and
    `targets` are the text teacher's texts and projected vectors.
    """

    mix: Mix
    recipe: Recipe
    class_odds: npt.NDArray[np.float16]
    class_texts: ClassTexts
    has_say: npt.NDArray[np.bool_]
    """(classes): which of them may teach; `class_texts` has only those."""
    corpus: Sequence[str]
    targets: npt.NDArray[np.float32]

    def loss(
        self, vectors: Tensor, draw: Draw, text: TextTower, bank: Bank | None = None
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted sum of the three losses, and each of them by name."""
        pictures, rows = vectors, draw.rows
        if bank is not None and bank.vectors is not None:
            pictures = torch.cat([vectors, bank.vectors])
            rows = np.concatenate([draw.rows, bank.rows])
        fit, unknown = self.mix.fits(draw.phrases, rows)
        texts = text([phrase.text for phrase in draw.phrases])
        recipe = self.recipe
        match = losses.contrastive(
            texts, pictures, torch.from_numpy(fit), torch.from_numpy(unknown), recipe.temperature
        )
        parts = {"match": match}
        total = match
        if recipe.class_weight:
            odds = torch.from_numpy(self.class_odds[draw.rows]).float()
            seen = odds.sum(1) > 0
            classes = text(self.class_texts.draw())
            parts["classes"] = losses.class_distillation(
                vectors[seen], classes, odds[seen][:, self.has_say], recipe.class_temperature
            )
            total = total + recipe.class_weight * parts["classes"]
        if recipe.text_weight:
            parts["words"] = self.reminder(text, _REMINDER_ROWS)
            total = total + recipe.text_weight * parts["words"]
        return total, {name: float(part.detach()) for name, part in parts.items()}

    def alike(self, first: Tensor, second: Tensor, pairs: Pairs) -> Tensor:
        """How far the vectors of `pairs` are from telling which pictures show the same thing."""
        same, unknown = torch.from_numpy(pairs.same), torch.from_numpy(pairs.unknown)
        return losses.contrastive(first, second, same, unknown, self.recipe.alike_temperature)

    def kept(self, scores: Tensor, draw: Draw) -> Tensor:
        """How far a classifier on the tuned backbone is from what it said on the public one."""
        odds = torch.from_numpy(self.class_odds[draw.rows]).float()
        seen = odds.sum(1) > 0
        say = torch.from_numpy(self.has_say)
        return losses.same_odds(scores[seen][:, say], odds[seen][:, say], NAME_TEMPERATURE)

    def reminder(self, text: TextTower, count: int) -> Tensor:
        """How far random texts of the corpus are from the text teacher's vectors."""
        chosen = torch.randint(len(self.corpus), (count,)).tolist()
        learnt = text.learnt([self.corpus[row] for row in chosen])
        # The teacher's axes come in the order of what they tell: fewer numbers take the first.
        targets = torch.from_numpy(self.targets[chosen, : learnt.shape[1]])
        return losses.closeness(learnt, F.normalize(targets, dim=1), 0.05)


def class_odds(
    logits: npt.NDArray[np.float16], has_say: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.float16]:
    """Softmax of the classifier over its classes that have a say, never the background (row 0)."""
    scores = torch.from_numpy(np.asarray(logits[:, 1:], np.float32))
    if has_say is not None:
        scores = scores.masked_fill(~torch.from_numpy(has_say), -torch.inf)
    odds: npt.NDArray[np.float16] = torch.softmax(scores, 1).half().numpy()
    return odds
