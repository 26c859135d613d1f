"""The frozen backbone's view of every picture, and the classifier's; knows nothing of texts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from engine.features import colour
from engine.training.backbone import FEATURE_WIDTH, HEAD_WIDTH, Backbone, to_input
from engine.training.pictures import Pixels

_CHUNK = 32
WORKERS = 2
"""Threads that each run torch on one core: steadier than one parallel region on a busy machine."""

HalfArray = npt.NDArray[np.float16]


def one_core() -> None:
    """Confine torch to one core in the thread that calls this."""
    torch.set_num_threads(1)


def frozen_features(backbone: Backbone, pictures: Pixels, rows: npt.NDArray[np.intp]) -> HalfArray:
    """Return the features (n, 1976) of `pictures[rows]`, in that order."""
    features = np.zeros((len(rows), FEATURE_WIDTH), np.float16)

    def fill(start: int) -> None:
        chunk = torch.from_numpy(np.array(pictures[rows[start : start + _CHUNK]]))
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            seen = backbone(to_input(chunk)).float()
        features[start : start + _CHUNK] = seen.half().numpy()

    with ThreadPoolExecutor(WORKERS, initializer=one_core) as pool:
        for _ in pool.map(fill, range(0, len(rows), _CHUNK)):
            pass
    return features


def seen_by(backbone: Backbone, view: Callable[[int], Pixels], count: int) -> HalfArray:
    """Return what a head reads of `count` views, (count, 2277): features, then colours."""
    rows = np.zeros((count, FEATURE_WIDTH + colour.WIDTH), np.float16)

    def fill(start: int) -> None:
        chunk = np.stack([view(row) for row in range(start, min(start + _CHUNK, count))])
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            seen = backbone(to_input(torch.from_numpy(chunk))).float()
        place = slice(start, start + len(chunk))
        rows[place] = np.concatenate([seen.numpy(), colour.histograms(chunk)], 1)

    with ThreadPoolExecutor(WORKERS, initializer=one_core) as pool:
        for _ in pool.map(fill, range(0, count, _CHUNK)):
            pass
    return rows


def class_logits(classifier: nn.Linear, features: HalfArray) -> HalfArray:
    """Return what the public classifier makes of the public backbone's features, (n, 1001)."""
    with torch.inference_mode():
        top = torch.from_numpy(features[:, :HEAD_WIDTH]).float()
        logits: HalfArray = classifier(top).half().numpy()
    return logits
