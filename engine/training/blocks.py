"""A text tower whose space has two blocks: what was learnt of pictures, then names.

A token says by the lengths of its two parts how much each block counts in a text. One that training
knows leans on what was learnt; one that no training pin's text held is its name alone, so that it
ranks pictures by what the classifier calls them. Knows nothing of data or losses.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.training.towers import TextTower


class BlockTower(TextTower):
    """Rows `[evidence * table | exp(proof * lengths) * names]`; names keep their directions."""

    names: Tensor
    """(tokens, naming)"""
    mentions: Tensor
    """(tokens,): how often training pins' texts say a token."""
    evidence: Tensor
    """(tokens,) in [0, 1]: zero leaves nothing of a token in the learnt block."""
    proof: Tensor
    """(tokens,) in [0, 1]: zero leaves a token's name as long as it starts."""

    def __init__(self, text: TextTower, learnt: int, axes: Tensor, length: float, pace: float):
        """Split a trained table: its first `learnt` numbers, and its rows along `axes`.

        `axes` is (dimension, naming). Names start `length` times as long as their rows; how fast
        they change is `pace`, in units of the table's rate.
        """
        rows = text.table.weight.detach()
        super().__init__(text.tokenizer, learnt, sparse=text.sparse)
        # Sums, as single tokens are weighed; only the direction is kept.
        self.table = nn.EmbeddingBag.from_pretrained(
            rows[:, :learnt].clone(), freeze=False, mode="sum", sparse=text.sparse
        )
        self.lengths = nn.Embedding(len(rows), 1, sparse=text.sparse)
        nn.init.zeros_(self.lengths.weight)
        self.register_buffer("names", length * (rows @ axes))
        self.register_buffer("mentions", torch.zeros(len(rows)))
        self.register_buffer("evidence", torch.ones(len(rows)))
        self.register_buffer("proof", torch.ones(len(rows)))
        self._pace = pace

    def weigh(self, texts: Sequence[str], doubt: float, name_doubt: float) -> None:
        """Count in the texts of training pins: n mentions are a proof of n / (n + doubt).

        A handful of mentions teach what a thing looks like, but not that its name is no longer
        needed, which would be lost on all pictures that training did not show.
        """
        flat, _ = self.tokens(texts)
        self.mentions.copy_(torch.bincount(flat, minlength=len(self.mentions)))
        self.evidence.copy_(self.mentions / (self.mentions + doubt))
        self.doubt_names(name_doubt)

    def doubt_names(self, name_doubt: float) -> None:
        """Take the proofs by another doubt: the larger, the longer rare words keep their names."""
        self.proof.copy_(self.mentions / (self.mentions + name_doubt))

    def forward(self, texts: Sequence[str]) -> Tensor:
        flat, starts = self.tokens(texts)
        learnt = self.table(flat, starts, per_sample_weights=self.evidence[flat])
        opening = torch.zeros(len(flat), dtype=torch.long)
        opening[starts[1:]] = 1
        rows = self.names[flat] * (self.proof[flat, None] * self.lengths(flat)).exp()
        named = rows.new_zeros(len(texts), rows.shape[1]).index_add(0, opening.cumsum(0), rows)
        return F.normalize(torch.cat([learnt, named], 1), dim=1)

    def learnt(self, texts: Sequence[str]) -> Tensor:
        """Return unit rows of the learnt block alone."""
        flat, starts = self.tokens(texts)
        learnt = self.table(flat, starts, per_sample_weights=self.evidence[flat])
        return F.normalize(learnt, dim=1)

    def paces(self) -> list[tuple[Tensor, float]]:
        """Return the learnt rows, and the lengths of the names, which learn faster."""
        return [(self.table.weight, 1.0), (self.lengths.weight, self._pace)]

    def folded(self) -> TextTower:
        """Return the plain table that gives the same vectors."""
        learnt = self.evidence[:, None] * self.table.weight.detach()
        lengths = (self.proof[:, None] * self.lengths.weight.detach()).exp()
        rows = torch.cat([learnt, lengths * self.names], 1)
        text = TextTower(self.tokenizer, rows.shape[1], sparse=self.sparse)
        with torch.no_grad():
            text.table.weight.copy_(rows)
        return text.eval()


def naming_axes(classes: Tensor, naming: int) -> Tensor:
    """Return the (dimension, naming) axes along which the classes' names differ the most."""
    _, _, axes = torch.linalg.svd(classes - classes.mean(0), full_matrices=False)
    return torch.as_tensor(axes[:naming].T.contiguous())
