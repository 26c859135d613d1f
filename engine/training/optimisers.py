"""One optimiser for both towers: AdamW for layers, lazy Adam for the rows of a sparse table.

Knows nothing of losses. A table's row moves only in steps that touch it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.training.towers import TextTower

_LONGEST_STEP = 1.0


@dataclass(frozen=True)
class Group:
    """Parameters that share a peak rate and a decay."""

    parameters: Sequence[nn.Parameter]
    rate: float
    decay: float = 0.0


class Optimiser:
    """Steps all groups and the text table; gradients are clipped for each group of layers.

    At a text rate of zero the table stays as it is.
    """

    def __init__(self, groups: Iterable[Group], text: TextTower, text_rate: float) -> None:
        made = [
            {"params": list(group.parameters), "lr": group.rate, "weight_decay": group.decay}
            for group in groups
        ]
        self._layers = torch.optim.AdamW(made, fused=True) if made else None
        self._parts: list[torch.optim.Optimizer] = [] if self._layers is None else [self._layers]
        rows = [{"params": [rows], "lr": pace * text_rate} for rows, pace in text.paces()]
        if text_rate and text.sparse:
            self._parts.append(torch.optim.SparseAdam(rows))
        elif text_rate:
            self._parts.append(torch.optim.Adam(rows, fused=True))
        self._text = text
        self._peaks = [[float(str(g["lr"])) for g in part.param_groups] for part in self._parts]

    def step(self, factor: float) -> None:
        """Take a step at `factor` of the peak rates, and forget the gradients."""
        for part, peaks in zip(self._parts, self._peaks, strict=True):
            for group, peak in zip(part.param_groups, peaks, strict=True):
                group["lr"] = peak * factor
        if self._layers is not None:
            for group in self._layers.param_groups:
                nn.utils.clip_grad_norm_(group["params"], _LONGEST_STEP)
        for part in self._parts:
            part.step()
        self.forget()

    def forget(self) -> None:
        """Drop all gradients."""
        for part in self._parts:
            part.zero_grad(set_to_none=True)
        self._text.zero_grad(set_to_none=True)

    def state(self) -> list[dict[str, object]]:
        """Return what `restore` needs."""
        return [part.state_dict() for part in self._parts]

    def restore(self, state: Sequence[dict[str, object]]) -> None:
        """Go on from a `state`."""
        for part, saved in zip(self._parts, state, strict=True):
            part.load_state_dict(saved)


def backward(loss: Tensor) -> None:
    """Compute the gradients of a loss."""
    loss.backward()  # type: ignore[no-untyped-call]
