"""Reads the words of a text in their order: which of them count, and what they mean together.

Two small layers of attention (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762) over the
rows of the tokens, in numpy: for so few numbers a runtime's call costs more than its arithmetic.
Knows nothing of tokenisers, pictures or of how it was trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

PREFIX = "reader."
LEAST, MOST = 3, 48
"""Words of a text that is read at least, and its tokens at most: a shorter one has no order to
speak of, into however many tokens a rare word falls, and a longer one is no request. Both are the
mean of their words."""
CLOSE = 0.97
"""A cosine: what reading moves by no more keeps the mean of its words, and is no request."""
LIGHTEST, HEAVIEST = -6.0, 3.0
"""Bounds on the log of a token's weight."""
_TINY = 1e-5


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer: attention, then two linear maps, each on what was normalised, and added on."""

    asks: _Linear
    joins: _Linear
    widens: _Linear
    narrows: _Linear
    heads: int

    def __call__(self, x: FloatArray, count: int) -> FloatArray:
        """Take and return (count * tokens, width)."""
        width = x.shape[1] // self.heads
        asked = self.asks(_normal(x)).reshape(count, -1, 3, self.heads, width)
        query, key, value = asked.transpose(2, 0, 3, 1, 4)
        scores = query @ key.transpose(0, 1, 3, 2)
        scores *= np.float32(width**-0.5)
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-1, keepdims=True)
        seen = (scores @ value).transpose(0, 2, 1, 3).reshape(x.shape)
        x = x + self.joins(seen)
        x += self.narrows(_gelu(self.widens(_normal(x))))
        return x


class WordReader:
    """Rows of the tokens of texts, all equally long, to one row each."""

    def __init__(self, tensors: Mapping[str, npt.NDArray[np.generic]], heads: int) -> None:
        """`tensors` are those of a weight file under `PREFIX`, without it."""
        part = {name: np.asarray(tensor, np.float32) for name, tensor in tensors.items()}
        count = 1 + max(int(name.split(".")[1]) for name in part if name.startswith("layers."))
        self._enters, self._places = _Linear.of(part, "enters"), part["places"]
        self._layers = [
            _Layer(
                _Linear.of(part, f"layers.{number}.asks", f"layers.{number}.first"),
                _Linear.of(part, f"layers.{number}.joins"),
                _Linear.of(part, f"layers.{number}.widens", f"layers.{number}.second"),
                _Linear.of(part, f"layers.{number}.narrows"),
                heads,
            )
            for number in range(count)
        ]
        self._weighs = _Linear.of(part, "weighs", "last")
        self._adds = _Linear.of(part, "adds", "last")

    @classmethod
    def of(
        cls, tensors: Mapping[str, npt.NDArray[np.generic]], metadata: Mapping[str, str]
    ) -> Self | None:
        """Return the reader of a weight file, or `None` for one that has none."""
        own = {
            name.removeprefix(PREFIX): tensor
            for name, tensor in tensors.items()
            if name.startswith(PREFIX)
        }
        return cls(own, int(metadata["reader_heads"])) if own else None

    def __call__(self, rows: FloatArray) -> FloatArray:
        """Return (n, d), not of unit length, for rows (n, tokens, d)."""
        count, length, dimension = rows.shape
        entered = self._enters(rows.reshape(-1, dimension)).reshape(count, length, -1)
        x: FloatArray = (entered + self._places[:length]).reshape(count * length, -1)
        for layer in self._layers:
            x = layer(x, count)
        x = _normal(x)
        weights = np.exp(np.clip(self._weighs(x), LIGHTEST, HEAVIEST)).reshape(count, 1, length)
        sums = (weights @ rows)[:, 0]
        sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), _TINY)
        return np.asarray(sums + self._adds(x.reshape(count, length, -1).mean(1)), np.float32)


@dataclass(frozen=True, slots=True)
class _Linear:
    """`x @ weight + bias`; what scales and shifts a normalised input is part of both."""

    weight: FloatArray
    bias: FloatArray

    @classmethod
    def of(cls, part: Mapping[str, FloatArray], name: str, before: str = "") -> Self:
        weight, bias = part[f"{name}.weight"].T, part[f"{name}.bias"]
        if before:
            bias = part[f"{before}.bias"] @ weight + bias
            weight = part[f"{before}.weight"][:, None] * weight
        return cls(np.ascontiguousarray(weight), bias)

    def __call__(self, x: FloatArray) -> FloatArray:
        return np.asarray(x @ self.weight + self.bias, np.float32)


def _normal(x: FloatArray) -> FloatArray:
    """Layer normalisation (Ba et al., 2016) of the rows, without its scale and shift."""
    width = np.float32(x.shape[1])
    gaps: FloatArray = x - x.sum(1, keepdims=True) / width
    squares = np.einsum("nd,nd->n", gaps, gaps)
    gaps /= np.sqrt(squares / width + np.float32(_TINY))[:, None]
    return gaps


def _gelu(x: FloatArray) -> FloatArray:
    """The tanh form of Hendrycks and Gimpel, 2016."""
    inner = x * x
    inner *= np.float32(0.7978845608 * 0.044715)
    inner += np.float32(0.7978845608)
    inner *= x
    np.tanh(inner, out=inner)
    inner += np.float32(1)
    inner *= x
    inner *= np.float32(0.5)
    return inner
