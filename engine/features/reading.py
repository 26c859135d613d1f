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
"""Tokens of a text that is read; a shorter one has no order to speak of, a longer one is no
request. Both are the mean of their words."""
LIGHTEST, HEAVIEST = -6.0, 3.0
"""Bounds on the log of a token's weight."""
_TINY = 1e-5


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer: attention, then two linear maps, each after a normalisation and added on."""

    weights: Mapping[str, FloatArray]
    heads: int

    def __call__(self, x: FloatArray) -> FloatArray:
        part = self.weights
        count, length, width = x.shape
        shape = (count, length, 3, self.heads, width // self.heads)
        asked = (_normal(x, part, "first") @ part["asks.weight"].T + part["asks.bias"]).reshape(
            shape
        )
        query, key, value = asked.transpose(2, 0, 3, 1, 4)
        scores = query @ key.transpose(0, 1, 3, 2) * np.float32(shape[-1] ** -0.5)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        seen = (scores @ value).transpose(0, 2, 1, 3).reshape(x.shape)
        x = x + seen @ part["joins.weight"].T + part["joins.bias"]
        wide = _gelu(_normal(x, part, "second") @ part["widens.weight"].T + part["widens.bias"])
        return np.asarray(x + wide @ part["narrows.weight"].T + part["narrows.bias"], np.float32)


class WordReader:
    """Rows of the tokens of texts, all equally long, to one row each."""

    def __init__(self, tensors: Mapping[str, npt.NDArray[np.generic]], heads: int) -> None:
        """`tensors` are those of a weight file under `PREFIX`, without it."""
        wide = {name: np.asarray(tensor, np.float32) for name, tensor in tensors.items()}
        self._weights = wide
        count = 1 + max(int(name.split(".")[1]) for name in wide if name.startswith("layers."))
        self._layers = [
            _Layer(
                {
                    name.removeprefix(start): tensor
                    for name, tensor in wide.items()
                    if name.startswith(start)
                },
                heads,
            )
            for start in (f"layers.{number}." for number in range(count))
        ]

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
        own = self._weights
        x = rows @ own["enters.weight"].T + own["enters.bias"] + own["places"][: rows.shape[1]]
        for layer in self._layers:
            x = layer(x)
        x = _normal(x, own, "last")
        weights = np.exp(
            np.clip(x @ own["weighs.weight"].T + own["weighs.bias"], LIGHTEST, HEAVIEST)
        )
        sums = (rows * weights).sum(1)
        sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), _TINY)
        return np.asarray(sums + x.mean(1) @ own["adds.weight"].T + own["adds.bias"], np.float32)


def _normal(x: FloatArray, part: Mapping[str, FloatArray], name: str) -> FloatArray:
    """Layer normalisation (Ba et al., 2016)."""
    gaps = x - x.mean(-1, keepdims=True)
    spread = np.sqrt((gaps * gaps).mean(-1, keepdims=True) + np.float32(_TINY))
    return np.asarray(gaps / spread * part[f"{name}.weight"] + part[f"{name}.bias"], np.float32)


def _gelu(x: FloatArray) -> FloatArray:
    """The tanh form of Hendrycks and Gimpel, 2016."""
    inner = np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x)
    return np.asarray(np.float32(0.5) * x * (1 + np.tanh(inner)), np.float32)
