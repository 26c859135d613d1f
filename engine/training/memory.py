"""What an encoder's training pictures looked like, as a distribution to draw from.

A tuned encoder must not forget pictures that nobody can show it any more. So a making leaves a
memory beside the weights: centres of what its head read, and how rows scatter around them; far
too little to bring a picture back. Knows nothing of texts or of how anything is trained.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from engine.features.embedded_folder import MEMORY
from engine.training.towers import ImageHead

_CENTRES = 192
_AXES = 64
_ROUNDS = 6
_ROWS = 12_000
_CHUNK = 2_048


@dataclass(frozen=True)
class Memory:
    """Rows are drawn as a random centre, plus a normal step along `axes`, plus one of `rest`.

    `centres` is (n, width), `axes` (width, k), `rest` (width,).
    """

    centres: Tensor
    axes: Tensor
    rest: Tensor

    @classmethod
    def beside(cls, weights: Path, head: ImageHead) -> Self:
        """Read the memory that lies beside a weight file.

        Without one, rows scatter around the mean that the head itself keeps, each number by
        itself: broader than any picture, but it holds the head in place.
        """
        path = weights.with_name(MEMORY)
        if not path.exists():
            return cls(head.mean[None], torch.zeros(len(head.mean), 1), head.spread)
        stored = {name: tensor.float() for name, tensor in load_file(path).items()}
        return cls(stored["centres"], stored["axes"], stored["rest"])

    @classmethod
    def of(cls, inputs: Tensor, head: ImageHead, seed: int) -> Self:
        """Sum up the rows `inputs` that a head was trained on: k-means, then the largest axes."""
        chance = np.random.default_rng(seed)
        chosen = torch.from_numpy(np.sort(chance.permutation(len(inputs))[:_ROWS]))
        rows = (inputs[chosen].float() - head.mean) / head.spread
        starts = torch.from_numpy(chance.permutation(len(rows))[:_CENTRES])
        centres = rows[starts].clone()
        nearest = torch.zeros(len(rows), dtype=torch.long)
        for _ in range(_ROUNDS):
            squares = centres.pow(2).sum(1)
            nearest = torch.cat(
                [(squares - 2 * part @ centres.T).argmin(1) for part in torch.split(rows, _CHUNK)]
            )
            counts = torch.bincount(nearest, minlength=len(centres)).float()
            sums = torch.zeros_like(centres).index_add_(0, nearest, rows)
            filled = counts > 0
            centres[filled] = sums[filled] / counts[filled, None]
        gaps = rows - centres[nearest]
        torch.manual_seed(seed)
        count = min(_AXES, *gaps.shape)
        _, lengths, axes = torch.svd_lowrank(gaps, q=count, niter=3)
        rest = (gaps - (gaps @ axes) @ axes.T).std(0)
        scaled = axes * lengths / len(rows) ** 0.5
        return cls(
            centres * head.spread + head.mean, scaled * head.spread[:, None], rest * head.spread
        )

    def draw(self, count: int) -> Tensor:
        """Return `count` rows, by torch's own random numbers."""
        chosen = self.centres[torch.randint(len(self.centres), (count,))]
        along = torch.randn(count, self.axes.shape[1]) @ self.axes.T
        return chosen + along + torch.randn_like(chosen) * self.rest

    def digest(self) -> str:
        """Name the memory by its content."""
        parts = (self.centres, self.axes, self.rest)
        content = b"".join(part.half().numpy().tobytes() for part in parts)
        return hashlib.sha256(content).hexdigest()[:16]

    def write(self, folder: Path) -> Path:
        """Write the memory beside a weight file, at half precision."""
        tensors: Mapping[str, Tensor] = {
            "centres": self.centres.half().contiguous(),
            "axes": self.axes.half().contiguous(),
            "rest": self.rest.half().contiguous(),
        }
        path = folder / MEMORY
        path.write_bytes(save(dict(tensors)))
        return path
