"""The losses against slow sums of their own, and their best cases."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from engine.training import losses


def unit(rows: int, width: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return functional.normalize(torch.randn(rows, width, generator=generator), dim=1)


def slow_contrastive(
    texts: np.ndarray, pictures: np.ndarray, fit: np.ndarray, unknown: np.ndarray, heat: float
) -> float:
    def one_way(scores: np.ndarray, right: np.ndarray, hidden: np.ndarray) -> float:
        found = []
        for row in range(len(scores)):
            if not right[row].any():
                continue
            weights = [0.0 if hidden[row, c] else np.exp(s) for c, s in enumerate(scores[row])]
            odds = np.array(weights) / sum(weights)
            mine = odds[right[row]]
            found.append(-(np.log(mine.sum()) + np.log(mine).mean()) / 2)
        return float(np.mean(found))

    scores = texts @ pictures.T / heat
    return (one_way(scores, fit, unknown) + one_way(scores.T, fit.T, unknown.T)) / 2


def test_contrastive_equals_the_sums() -> None:
    texts, pictures = unit(7, 5, 1), unit(6, 5, 2)
    chance = np.random.default_rng(3)
    fit = chance.random((7, 6)) < 0.3
    fit[0] = False
    fit[1:, 0] = True
    unknown = (chance.random((7, 6)) < 0.2) & ~fit
    found = losses.contrastive(
        texts, pictures, torch.from_numpy(fit), torch.from_numpy(unknown), 0.2
    )
    slow = slow_contrastive(texts.numpy(), pictures.numpy(), fit, unknown, 0.2)
    assert float(found) == pytest.approx(slow, abs=1e-4)


def test_contrastive_without_any_pair_is_zero_and_differentiable() -> None:
    texts = unit(2, 4, 1).requires_grad_()
    nothing = torch.zeros(2, 3, dtype=torch.bool)
    loss = losses.contrastive(texts, unit(3, 4, 2), nothing, nothing, 0.1)
    torch.autograd.backward(loss)
    assert float(loss.detach()) == 0


def test_contrastive_falls_when_pairs_fit() -> None:
    rows = unit(8, 16, 4)
    fit = torch.eye(8, dtype=torch.bool)
    none = torch.zeros_like(fit)
    right = losses.contrastive(rows, rows, fit, none, 0.05)
    wrong = losses.contrastive(rows, rows.roll(1, 0), fit, none, 0.05)
    assert float(right) < 0.1 < float(wrong)


def test_class_distillation_is_zero_when_both_agree() -> None:
    classes, pictures = unit(5, 8, 1), unit(9, 8, 2)
    scores = pictures @ classes.T / 0.1
    forward = torch.softmax(scores, 1)
    loss = losses.class_distillation(pictures, classes, forward, 0.1)
    other = losses.class_distillation(pictures, classes, forward.roll(1, 1), 0.1)
    assert float(loss) < float(other)
    assert (
        float(functional.kl_div(functional.log_softmax(scores, 1), forward, reduction="batchmean"))
        < 1e-6
    )


def test_closeness_is_least_at_the_target() -> None:
    targets = unit(6, 8, 3)
    assert float(losses.closeness(targets, targets, 0.05)) < float(
        losses.closeness(targets.roll(1, 0), targets, 0.05)
    )
