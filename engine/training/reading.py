"""Teaches the reader plain speech, while tables and pictures stay as they are.

A request must find the pictures that it fits and come near the plain words for the same; every
other text must keep the vector that its words have without the reader. Knows nothing of pixels.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.training.heads import Report
from engine.training.left_out import LeftOut
from engine.training.optimisers import backward
from engine.training.phrases import phrase_for
from engine.training.pins import TrainingPin
from engine.training.reader import Reader, ReadingTower
from engine.training.recipe import Recipe
from engine.training.schedule import cosine
from engine.training.speech import Claim, Speaker, Utterance
from engine.training.towers import TextTower

_EVERY = 50
_LONGEST_STEP = 1.0
_FAR = -1e4
_RARITY = 0.5
_ROW_LENGTH = 4.0
_KEYS = ("gender", "usage", "season", "baseColour", "articleType")
"""In the order in which plain words for a claim name them."""
_FRAMES = ("{}", "{}", "a {}", "a photo of a {}", "the {}", "looking for a {}", "show me a {}")
_SHORTEST_WORD = 3


@dataclass(frozen=True)
class Shop:
    """Training pins that can be asked for in speech, and the vectors of their pictures (n, d)."""

    pins: Sequence[TrainingPin]
    vectors: Tensor

    @cached_property
    def _who(self) -> dict[tuple[str, str], Tensor]:
        found: dict[tuple[str, str], Tensor] = {}
        for key in _KEYS:
            values = [pin.attribute(key) for pin in self.pins]
            for value in set(values):
                found[key, value] = torch.tensor([each == value for each in values])
        return found

    def fits(self, claims: Sequence[Claim]) -> Tensor:
        """Tell which pins have all that is claimed, (n,)."""
        fit = torch.ones(len(self.pins), dtype=torch.bool)
        for key, values in claims:
            some = [self._who[key, value] for value in values if (key, value) in self._who]
            fit &= torch.stack(some).any(0) if some else torch.zeros_like(fit)
        return fit

    def plainly(self, claims: Sequence[Claim], chance: random.Random) -> str:
        """Name one likely value of each attribute that is claimed, as short queries do."""
        claimed = dict(claims)
        words: list[str] = []
        for key in _KEYS:
            known = [value for value in sorted(claimed.get(key, ())) if (key, value) in self._who]
            if known:
                counts = [int(self._who[key, value].sum()) for value in known]
                words.append(chance.choices(known, counts)[0].lower())
        return " ".join(words)

    def weights(self) -> list[float]:
        """Return how often each pin is drawn: rare kinds more often than their number says."""
        counts = Counter(pin.attribute("articleType") for pin in self.pins)
        return [counts[pin.attribute("articleType")] ** -_RARITY for pin in self.pins]


class KeptTexts:
    """Texts whose vectors must stay: everything that is searched with, and single words."""

    def __init__(
        self,
        corpus: Sequence[str],
        phrases: Callable[[int], Sequence[str]],
        shop: Shop,
        vocabulary: Sequence[str],
        left_out: LeftOut,
        seed: int,
    ) -> None:
        """`phrases` draws short texts for pins of the other sets; `corpus` has all kinds."""
        self._corpus, self._phrases, self._shop = corpus, phrases, shop
        whole = [word for word in vocabulary if word.isalpha() and len(word) >= _SHORTEST_WORD]
        self._words = left_out.speakable(whole, ())
        self._chance = random.Random(seed)

    def draw(self, count: int) -> list[str]:
        """Return about `count` texts: a quarter each of all kinds, phrases, words and fashion."""
        chance, part = self._chance, max(1, count // 4)
        told = chance.choices(self._corpus, k=part)
        pins = chance.choices(self._shop.pins, self._shop.weights(), k=part)
        shop = [phrase_for(pin, {}, chance).text for pin in pins]
        return [*told, *self._phrases(part), *shop, *(self._word() for _ in range(part))]

    def _word(self) -> str:
        words = self._chance.choices(self._words, k=self._chance.choice((1, 1, 1, 2, 2, 3)))
        return self._chance.choice(_FRAMES).format(" ".join(words))


def teach(
    text: TextTower,
    shop: Shop,
    kept: KeptTexts,
    recipe: Recipe,
    report: Report,
    start: Reader | None = None,
) -> Reader:
    """Train a reader over the table of `text`, which stays, anew or from another on."""
    torch.manual_seed(recipe.seed)
    chance = random.Random(recipe.seed)
    rows = text.table.weight.detach().requires_grad_(False)
    steps, rate = recipe.reader_steps, recipe.reader_rate
    if start is None:
        shape = (recipe.reader_width, recipe.reader_layers, recipe.reader_heads)
        reader = Reader(rows.shape[1], *shape)
        reader.scale.fill_(_ROW_LENGTH / float(rows.norm(dim=1).mean()))
    else:
        steps, rate = recipe.reader_again_steps, recipe.reader_again_rate
        reader = start.requires_grad_(True).train()
    tower = ReadingTower(text, reader)
    tower.table.weight.requires_grad_(False)
    speaker, weights = Speaker(chance), shop.weights()
    optimiser = torch.optim.AdamW(
        reader.parameters(), lr=rate, weight_decay=recipe.decay, betas=(0.9, 0.98)
    )
    started = time.monotonic()
    for number in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate * cosine(number / steps, recipe.warm_up)
        drawn = chance.choices(shop.pins, weights, k=recipe.reader_rows)
        said = [speaker.utter(pin.attributes or {}) for pin in drawn]
        parts = _losses(tower, text, shop, said, kept.draw(recipe.reader_kept), recipe, chance)
        loss = parts["match"] + parts["plain"] + recipe.reader_keeps * parts["kept"]
        optimiser.zero_grad(set_to_none=True)
        backward(loss)
        nn.utils.clip_grad_norm_(reader.parameters(), _LONGEST_STEP)
        optimiser.step()
        if number % _EVERY == 0 or number == steps - 1:
            told = " ".join(f"{name} {float(part.detach()):.3f}" for name, part in parts.items())
            spent = time.monotonic() - started
            report(f"reader {number + 1}/{steps} {told} {spent:.0f}s")
    return reader.eval()


def _losses(
    tower: ReadingTower,
    text: TextTower,
    shop: Shop,
    said: Sequence[Utterance],
    kept: Sequence[str],
    recipe: Recipe,
    chance: random.Random,
) -> Mapping[str, Tensor]:
    """Return how far requests are from their pictures and plain words, and others from before."""
    fit = torch.stack([shop.fits(each.claims) for each in said])
    # A request for anything at all, or for what only one garment in a thousand is, tells little.
    asks = fit.any(1) & ~fit.all(1)
    vectors = tower([*(each.text for each in said), *kept])
    asked, others = vectors[: len(said)][asks], vectors[len(said) :]
    fit = fit[asks]
    with torch.no_grad():
        plain = text([shop.plainly(each.claims, chance) for each in said])[asks]
        before = text(kept)
    logs = F.log_softmax(asked @ shop.vectors.T / recipe.temperature, 1)
    together = torch.logsumexp(logs.masked_fill(~fit, _FAR), 1)
    each = (logs * fit).sum(1) / fit.sum(1)
    return {
        "match": -(together + each).mean() / 2,
        "plain": (1 - (asked * plain).sum(1)).mean(),
        "kept": (1 - (others * before).sum(1)).mean(),
    }
