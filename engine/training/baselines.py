"""What anyone could do without training; knows nothing of our own encoder.

Chance, and zero-shot by class names: a picture is the average name of the classes that the public
backbone sees in it (ConSE, Norouzi et al., 2013, https://arxiv.org/abs/1312.5650).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.training.teachers import FloatArray, TextTeacher

_CLASSES = 10


def chance(rows: int, dimension: int, seed: int) -> FloatArray:
    """Return random unit rows: whatever they rank, they rank by luck."""
    drawn = np.random.default_rng(seed).normal(size=(rows, dimension))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def class_name_vectors(
    odds: npt.NDArray[np.float16], classes: Sequence[Sequence[str]], teacher: TextTeacher
) -> FloatArray:
    """Return one unit row per picture from its ten likeliest classes, by the text teacher."""
    names = [name for synonyms in classes for name in synonyms]
    encoded = teacher.sentences(names)
    ends = np.cumsum([len(synonyms) for synonyms in classes])
    means = np.stack([part.mean(0) for part in np.split(encoded, ends[:-1])])
    best = np.argsort(-odds, axis=1, kind="stable")[:, :_CLASSES]
    weights = np.take_along_axis(np.asarray(odds, np.float32), best, 1)
    rows = (means[best] * weights[:, :, None]).sum(1)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-9), np.float32)
