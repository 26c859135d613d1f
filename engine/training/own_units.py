"""What a tuning adds to an image head: hidden units that light up on pictures like the user's.

An adapter (Houlsby et al., 2019, https://arxiv.org/abs/1902.00751) whose gate is a part of its
units. They come in pairs, gelu(gate + turn) - gelu(gate - turn): about twice the turn where the
gate is high, and nothing where it is low, since GELU is nothing there. So pictures unlike the
user's keep their vectors, and the wider head needs no new kind of layer. Knows nothing of texts or
of how anything is trained.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.training.memory import Memory
from engine.training.optimisers import backward
from engine.training.towers import ImageHead

_REMEMBERED = 4_000
_SMOOTH = 1e-3
_ROUNDS = 60


@dataclass(frozen=True)
class Likeness:
    """A line that tells the user's pictures from remembered ones: above zero, it is the user's.

    `direction` is over standardised inputs, (width,).
    """

    direction: Tensor
    offset: Tensor

    @classmethod
    def between(cls, head: ImageHead, own: Tensor, memory: Memory, seed: int) -> Likeness:
        """Fit the log of the odds that a row is one of `own`, both sides as likely (logistic)."""
        torch.manual_seed(seed)
        with torch.no_grad():
            mine, others = head.standard(own), head.standard(memory.draw(_REMEMBERED))
        rows = torch.cat([mine, others])
        is_mine = torch.cat([torch.ones(len(mine)), torch.zeros(len(others))])
        weights = torch.cat(
            [torch.full_like(side[:, 0], 0.5 / len(side)) for side in (mine, others)]
        )
        direction = torch.zeros(rows.shape[1], requires_grad=True)
        offset = torch.zeros(1, requires_grad=True)
        fitted = torch.optim.LBFGS(
            [direction, offset], max_iter=_ROUNDS, line_search_fn="strong_wolfe"
        )

        def loss() -> Tensor:
            fitted.zero_grad()
            odds = rows @ direction + offset
            wrong = F.binary_cross_entropy_with_logits(odds, is_mine, weights, reduction="sum")
            total = wrong + _SMOOTH * direction.square().sum()
            backward(total)
            return total

        fitted.step(loss)  # type: ignore[no-untyped-call]
        return cls(direction.detach(), offset.detach())

    def share(self, head: ImageHead, rows: Tensor) -> float:
        """Return the share of pictures that lie on the user's side."""
        return float((head.standard(rows) @ self.direction + self.offset > 0).float().mean())


class OwnUnits(nn.Module):
    """A head that stays as it is, with `pairs` of hidden units more, which alone can move."""

    gate: Tensor
    """What opens the units: a weight for each standardised input, then an offset."""

    def __init__(self, head: ImageHead, likeness: Likeness, pairs: int, steep: float) -> None:
        """`steep` is how fast the gate opens across the border, in units of the log odds."""
        super().__init__()
        self._head = [head.eval()]  # in a list, so that its weights are none of this module's
        self.inner = nn.Linear(len(likeness.direction), pairs)
        self.outer = nn.Linear(pairs, head.outer.out_features, bias=False)
        self.drop = nn.Dropout(head.drop.p)
        self.register_buffer("gate", steep * torch.cat([likeness.direction, likeness.offset]))
        nn.init.zeros_(self.outer.weight)

    def forward(self, rows: Tensor) -> Tensor:
        return self.both(rows)[1]

    def both(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return the unit rows of pictures without the units, and with them."""
        head = self._head[0]
        with torch.no_grad():
            learnt, named, standard = head.learnt(rows), head.named(rows), head.standard(rows)
            gate = (standard @ self.gate[:-1] + self.gate[-1])[:, None]
        turn = self.inner(self.drop(standard))
        added = self.outer(self.drop(F.gelu(gate + turn) - F.gelu(gate - turn)))
        return head.joined(learnt, named), head.joined(learnt + added, named)

    def merged(self, share: float) -> ImageHead:
        """Return one head with `share` of what the units add."""
        old, turn = self._head[0], self.inner
        hidden = old.inner.out_features + 2 * turn.out_features
        head = copy.deepcopy(old)
        head.inner = nn.Linear(old.inner.in_features, hidden)
        head.outer = nn.Linear(hidden, old.outer.out_features)
        lit, offset = self.gate[:-1], self.gate[-1]
        rows = [old.inner.weight, lit + turn.weight, lit - turn.weight]
        added = share * self.outer.weight
        with torch.no_grad():
            head.inner.weight.copy_(torch.cat(rows))
            head.inner.bias.copy_(
                torch.cat([old.inner.bias, offset + turn.bias, offset - turn.bias])
            )
            head.outer.weight.copy_(torch.cat([old.outer.weight, added, -added], 1))
            head.outer.bias.copy_(old.outer.bias)
        return head.eval()
