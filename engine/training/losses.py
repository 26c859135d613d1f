"""What the towers are asked to agree on; pure functions of vectors and masks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_NEVER = -1e4


def contrastive(
    texts: Tensor, pictures: Tensor, fit: Tensor, unknown: Tensor, temperature: float
) -> Tensor:
    """InfoNCE with several positives, averaged over both directions.

    For each row the loss is minus the log of the probability that falls on all of its positives
    together, each weighted by the mean of their own log probabilities (half and half), so that
    neither one easy positive nor a false one rules. `fit` and `unknown` are (texts, pictures);
    unknown pairs count neither way. After Khosla et al., 2020, https://arxiv.org/abs/2004.11362
    (the mean outside the log) and van den Oord et al., 2018, https://arxiv.org/abs/1807.03748.
    """
    scores = (texts @ pictures.T / temperature).masked_fill(unknown, _NEVER)
    return (_one_way(scores, fit) + _one_way(scores.T, fit.T)) / 2


def _one_way(scores: Tensor, fit: Tensor) -> Tensor:
    rows = fit.any(1)
    if not bool(rows.any()):
        return scores.sum() * 0.0
    logs = F.log_softmax(scores[rows], 1)
    right = fit[rows]
    together = torch.logsumexp(logs.masked_fill(~right, _NEVER), 1)
    each = (logs * right).sum(1) / right.sum(1)
    return -(together + each).mean() / 2


def class_distillation(
    pictures: Tensor, classes: Tensor, teacher: Tensor, temperature: float
) -> Tensor:
    """Make similarities to class texts follow a classifier's probabilities, both ways.

    `pictures` (n, d), `classes` (c, d) and `teacher` (n, c) with rows that sum to one. One way
    compares classes for each picture; the other compares pictures for each class, weighted by
    how much of the class the batch holds.
    """
    scores = pictures @ classes.T / temperature
    forward = F.kl_div(F.log_softmax(scores, 1), teacher, reduction="batchmean")
    mass = teacher.sum(0)
    share = teacher / mass.clamp(min=1e-6)
    gaps = F.kl_div(F.log_softmax(scores, 0), share, reduction="none").sum(0)
    return (forward + (gaps * mass).sum() / mass.sum()) / 2


def same_odds(scores: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """Divergence of a softmax from `teacher`, both (n, classes); Hinton et al., 2015.

    `teacher` has rows that sum to one; both are softened by `temperature`, and the result is
    scaled by its square, so that gradients keep their size. No row gives zero.
    https://arxiv.org/abs/1503.02531
    """
    if not len(scores):
        return scores.sum()
    softer = F.normalize(teacher.clamp(min=1e-7) ** (1 / temperature), p=1, dim=1)
    gaps = F.kl_div(F.log_softmax(scores / temperature, 1), softer, reduction="batchmean")
    return gaps * temperature**2


def closeness(vectors: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """Follow a teacher of the same dimension: one minus the cosine, plus InfoNCE to its rows."""
    cosine = 1 - (vectors * targets).sum(1).mean()
    scores = vectors @ targets.T / temperature
    return cosine + 0.2 * F.cross_entropy(scores, torch.arange(len(vectors)))
