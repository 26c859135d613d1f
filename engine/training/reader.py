"""A reader of words in their order as a torch module, and the text tower that has one.

The layers and the names of their weights are those of `engine.features.reading`, which runs them
without torch. Knows nothing of data or losses.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.features.reading import CLOSE, HEAVIEST, LEAST, LIGHTEST, MOST
from engine.training.towers import TextTower

_WIDER = 4
_CHUNK = 96
"""Texts that are read at once; short ones are not made as long as the longest of all."""


class Layer(nn.Module):
    """Attention over a text's tokens, then two linear maps, each on what was normalised."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asks, self.joins = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widens, self.narrows = (
            nn.Linear(width, _WIDER * width),
            nn.Linear(_WIDER * width, width),
        )

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
        count, length, width = x.shape
        asked = self.asks(self.first(x)).view(count, length, 3, self.heads, width // self.heads)
        query, key, value = asked.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=there[:, None, None, :])
        x = x + self.joins(seen.transpose(1, 2).reshape(x.shape))
        wide = F.gelu(self.widens(self.second(x)), approximate="tanh")
        return torch.as_tensor(x + self.narrows(wide))


class Reader(nn.Module):
    """Rows of tokens to one row a text: their weighted mean, and what they mean together.

    Untrained it is the plain mean.
    """

    scale: Tensor
    """What rows are multiplied by before they enter."""

    def __init__(self, dimension: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.enters = nn.Linear(dimension, width)
        self.places = nn.Parameter(torch.randn(MOST, width) * 0.02)
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.last = nn.LayerNorm(width)
        self.weighs, self.adds = nn.Linear(width, 1), nn.Linear(width, dimension)
        for layer in (self.weighs, self.adds):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.register_buffer("scale", torch.ones(()))

    def forward(self, rows: Tensor, there: Tensor) -> Tensor:
        """Return unit rows (n, d) for rows (n, tokens, d), of which only those `there` count."""
        x = self.enters(rows * self.scale) + self.places[: rows.shape[1]]
        for layer in self.layers:
            x = layer(x, there)
        x = self.last(x)
        weights = self.weighs(x).clamp(LIGHTEST, HEAVIEST).exp() * there[..., None]
        sums = F.normalize((rows * weights).sum(1), dim=1)
        mean = (x * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        return F.normalize(sums + self.adds(mean), dim=1)

    def tensors(self) -> dict[str, npt.NDArray[np.float16]]:
        """Return the weights as they are packed: half precision, the scale in the first layer."""
        stored = {name: part.detach() for name, part in self.named_parameters()}
        stored["enters.weight"] = stored["enters.weight"] * self.scale
        return {name: part.half().numpy() for name, part in stored.items()}

    @classmethod
    def of(cls, tensors: Mapping[str, npt.NDArray[np.generic]], heads: int) -> Reader:
        """Rebuild a reader from packed weights."""
        width, dimension = tensors["enters.weight"].shape
        layers = 1 + max(int(name.split(".")[1]) for name in tensors if name.startswith("layers."))
        reader = cls(dimension, width, layers, heads)
        wide = {name: torch.from_numpy(part.astype(np.float32)) for name, part in tensors.items()}
        reader.load_state_dict(wide | {"scale": torch.ones(())})
        return reader.eval()


def turned(reader: Reader, old: Tensor, new: Tensor) -> Reader:
    """Return a reader of the table `old` as one of the table `new`, of the same words.

    Two makings by one recipe end in spaces that differ by little more than a rotation: the nearest
    one (orthogonal Procrustes, Schönemann, 1966) is put before the first layer and after the last.
    """
    left, _, right = torch.linalg.svd(old.T @ new)
    turn = left @ right
    other = copy.deepcopy(reader)
    with torch.no_grad():
        other.enters.weight.copy_(reader.enters.weight @ turn)
        other.adds.weight.copy_(turn.T @ reader.adds.weight)
        other.adds.bias.copy_(reader.adds.bias @ turn)
    return other


class ReadingTower(TextTower):
    """A text tower that reads what is long enough to have an order."""

    def __init__(self, text: TextTower, reader: Reader) -> None:
        super().__init__(text.tokenizer, text.table.embedding_dim)
        self.table = text.table
        self.reader = reader

    def forward(self, texts: Sequence[str]) -> Tensor:
        flat, starts = self.tokens(texts)
        words = self.words(flat, starts)
        return self.pooled(F.embedding(flat, self.table.weight), starts, words)

    def pooled(self, rows: Tensor, starts: Tensor, words: Tensor) -> Tensor:
        """Read each text of at least `LEAST` words and at most `MOST` tokens; others are means."""
        plain = super().pooled(rows, starts, words)
        ends = torch.cat([starts[1:], torch.tensor([len(rows)])])
        lengths = ends - starts
        order = lengths.argsort(stable=True)
        order = order[(words[order] >= LEAST) & (lengths[order] <= MOST)]
        if not len(order):
            return plain
        found = []
        for chosen in torch.split(order, _CHUNK):
            steps = torch.arange(int(lengths[chosen].max()))
            there = steps[None] < lengths[chosen, None]
            place = (starts[chosen, None] + steps[None]).clamp(max=len(rows) - 1)
            found.append(self.reader(rows[place] * there[..., None], there))
        read = torch.cat(found)
        if not self.reader.training:
            # What is learnt of everything counts for requests alone.
            close = (read * plain[order]).sum(1, keepdim=True) >= CLOSE
            read = torch.where(close, plain[order], read)
        return plain.index_copy(0, order, read)
