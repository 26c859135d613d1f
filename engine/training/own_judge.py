"""Whether tuning helped: held-out pins of the collection, and a guard on all that was known before.

The guard needs no pictures of other collections: pictures that the base remembers are ranked for
general words before and after, and what matters is how much of the first ten stays. Knows nothing
of how anything was tuned.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.training import judge
from engine.training.memory import Memory
from engine.training.own_texts import OwnPin, OwnTexts
from engine.training.towers import ImageHead, TextTower

FloatArray = npt.NDArray[np.float32]
EncodeTexts = Callable[[Sequence[str]], FloatArray]

_LEAST_HELD = 20
_SHARE = 10
_DRAWS = 3
_MOST_QUERIES = 400
_DEPTH = 10
_PICTURES = 1_000
_WORDS = 300


def hold_out(pins: Sequence[OwnPin]) -> npt.NDArray[np.bool_]:
    """Mark a tenth of the pins, 20 at least, by the digests of their pictures alone."""
    count = max(_LEAST_HELD, len(pins) // _SHARE)
    order = sorted(range(len(pins)), key=lambda row: pins[row].digest[::-1])
    held = np.zeros(len(pins), np.bool_)
    held[order[:count]] = True
    return held


@dataclass(frozen=True)
class HeldOut:
    """Queries that the held-out pins answer: texts, and (queries, pins) of 0 and 1."""

    texts: tuple[str, ...]
    grades: npt.NDArray[np.int8]

    @classmethod
    def ask(cls, texts: OwnTexts, rows: npt.NDArray[np.intp], seed: int) -> HeldOut:
        """Draw queries from the pins `rows`; a query that more than half of them fit is none."""
        chance = random.Random(seed)
        drawn = [texts.claim(row, chance) for row in rows for _ in range(_DRAWS)]
        claims = list({claim.text.lower(): claim for claim in drawn}.values())
        chance.shuffle(claims)
        grades = texts.fits(claims, rows)
        kept = np.flatnonzero(grades.sum(1) <= len(rows) / 2)[:_MOST_QUERIES]
        return cls(tuple(claims[number].text for number in kept), grades[kept].astype(np.int8))

    def ndcg(self, pictures: FloatArray, encode: EncodeTexts) -> npt.NDArray[np.float64]:
        """Return each query's nDCG@10 over the held-out pictures."""
        if not self.texts:
            return np.zeros(0)
        scores = np.asarray(encode(self.texts) @ pictures.T, np.float32)
        pairs = zip(scores, self.grades, strict=True)
        return np.array([judge.ndcg(row[None], grades[None]) for row, grades in pairs])


def gain(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean gain over queries, and its standard error (paired)."""
    if len(before) < 2:
        return 0.0, float("inf")
    differences = after - before
    return float(differences.mean()), float(differences.std(ddof=1) / np.sqrt(len(differences)))


@dataclass(frozen=True)
class Guard:
    """Remembered pictures, words, and how the base ranked the one for the other."""

    inputs: Tensor
    other: tuple[str, ...]
    """Words that the pins don't use."""
    own: tuple[str, ...]
    before: tuple[FloatArray, FloatArray]

    @classmethod
    def of(cls, memory: Memory, head: ImageHead, text: TextTower, used: Tensor, seed: int) -> Guard:
        """Draw the guard of a base; `used` are the numbers of the tokens that the pins use."""
        torch.manual_seed(seed)
        inputs = memory.draw(_PICTURES)
        vocabulary = text.tokenizer.get_vocab()
        words = sorted(word for word in vocabulary if word.isalpha() and len(word) > 2)
        theirs = set(used.tolist())
        chance = random.Random(seed)
        chance.shuffle(words)
        other = tuple([word for word in words if vocabulary[word] not in theirs][:_WORDS])
        own = tuple([word for word in words if vocabulary[word] in theirs][:_WORDS])
        unset = cls(inputs, other, own, (np.zeros((0, 0), np.float32),) * 2)
        return replace(unset, before=unset._rank(head, text))

    def kept(self, head: ImageHead, text: TextTower) -> tuple[float, float]:
        """Return the share of the first ten pictures that stays, for other and for own words."""
        after = self._rank(head, text)
        return kept(self.before[0], after[0]), kept(self.before[1], after[1])

    def _rank(self, head: ImageHead, text: TextTower) -> tuple[FloatArray, FloatArray]:
        with torch.inference_mode():
            pictures = head(self.inputs).T
            asked = [text(words) @ pictures if words else None for words in (self.other, self.own)]
        empty = np.zeros((0, len(self.inputs)), np.float32)
        other, own = (empty if scores is None else scores.numpy() for scores in asked)
        return other, own


def kept(before: FloatArray, after: FloatArray) -> float:
    """Return the share of each text's first ten pictures that stays, on average.

    Both are (texts, pictures) of cosines.
    """
    if not len(before):
        return 1.0
    old, new = (judge.order(scores)[:, :_DEPTH] for scores in (before, after))
    pairs = zip(old, new, strict=True)
    return float(np.mean([len(np.intersect1d(one, other)) / _DEPTH for one, other in pairs]))
