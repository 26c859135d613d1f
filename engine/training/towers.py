"""The two towers as torch modules; knows nothing of data, losses or files.

Both end in the same space: unit vectors whose dot product says how well they fit.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from engine.features.colour import WIDTH as COLOUR_WIDTH
from engine.features.wordpiece import unknown_id
from engine.training.backbone import FEATURE_WIDTH, Backbone

INPUT_WIDTH = FEATURE_WIDTH + COLOUR_WIDTH
_LEAST_SPREAD = 1e-3


class ImageHead(nn.Module):
    """Features and colours (n, 2277), standardised, through one hidden layer to unit rows."""

    mean: Tensor
    spread: Tensor

    def __init__(self, hidden: int, dimension: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(INPUT_WIDTH))
        self.register_buffer("spread", torch.ones(INPUT_WIDTH))
        self.inner = nn.Linear(INPUT_WIDTH, hidden)
        self.drop = nn.Dropout(dropout)
        self.outer = nn.Linear(hidden, dimension)

    def standardise(self, rows: Tensor) -> None:
        """Take mean and spread from `rows`, the inputs of the training pins."""
        self.mean.copy_(rows.mean(0))
        self.spread.copy_(rows.std(0).clamp(min=_LEAST_SPREAD))

    def forward(self, rows: Tensor) -> Tensor:
        x = self.drop((rows - self.mean) / self.spread)
        return F.normalize(self.outer(self.drop(F.gelu(self.inner(x)))), dim=1)


class ImageTower(nn.Module):
    """Backbone and head together: a picture and its colour histogram to a unit row."""

    def __init__(self, backbone: Backbone, head: ImageHead) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, pictures: Tensor, colours: Tensor, frozen_blocks: int = 0) -> Tensor:
        features = self.backbone(pictures, frozen_blocks).float()
        return torch.as_tensor(self.head(torch.cat([features, colours], 1)))


class TextTower(nn.Module):
    """WordPiece tokens, one vector each from a table; their mean, as a unit row.

    A text without any token counts as the single token `[UNK]`.
    """

    def __init__(self, tokenizer: Tokenizer, dimension: int) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.unknown = unknown_id(tokenizer)
        self.table = nn.EmbeddingBag(tokenizer.get_vocab_size(), dimension, mode="mean")

    def tokens(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return the flat token ids and where each text starts in them."""
        encoded = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ids = [encoding.ids or [self.unknown] for encoding in encoded]
        starts = torch.tensor([0] + [len(row) for row in ids[:-1]]).cumsum(0)
        return torch.tensor([token for row in ids for token in row]), starts

    def forward(self, texts: Sequence[str]) -> Tensor:
        flat, starts = self.tokens(texts)
        return F.normalize(self.table(flat, starts), dim=1)
