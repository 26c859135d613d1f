"""Brings a classifier along when the features that it reads have changed; knows nothing of classes.

No label has part in it: what a tuned backbone sees in pictures is led back to what the public one
saw in them, and the public classifier reads that. So classes that no training picture shows stay as
well known as they were.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_RIDGE = 0.1


@torch.no_grad()
def aligned(classifier: nn.Linear, before: Tensor, after: Tensor) -> nn.Linear:
    """Return the classifier that says of `after` what `classifier` says of `before`.

    Both are (pictures, width). The linear map between them is fitted by ridge regression, held
    near the identity by a tenth of the mean variance.
    """
    mean, target = after.mean(0), before.mean(0)
    rows = after - mean
    moved = before - target - rows
    moment = rows.T @ rows
    held = _RIDGE * moment.diagonal().mean() * torch.eye(len(moment))
    back = torch.linalg.solve(moment + held, rows.T @ moved) + torch.eye(len(moment))
    fresh = nn.Linear(classifier.in_features, classifier.out_features)
    fresh.weight.copy_(classifier.weight @ back.T)
    fresh.bias.copy_(classifier.bias + classifier.weight @ (target - back.T @ mean))
    return fresh
