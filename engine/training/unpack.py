"""Torch towers from a packed weight file, so that training can go on from what ships.

Knows nothing of data or losses. Half-precision and int8 weights are widened: what comes back is
what the packed encoder computes with, not what it was before it was rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from engine.errors import UnknownEncoder
from engine.features.embedded import MODEL_FILE
from engine.features.wordpiece import tokenizer
from engine.training.backbone import Backbone, Block, channels_last
from engine.training.towers import ImageHead, ImageTower, TextTower

EMBEDDED = "embedded"
"""Names the weight file in the package, where any other name is a folder or a file."""
_WEIGHTS = "encoder.safetensors"
_DROPOUT = 0.2


@dataclass(frozen=True)
class Unpacked:
    """Both towers of a weight file, ready to run or to train on."""

    image: ImageTower
    text: TextTower
    side: int
    """Pixels a side of the pictures that it reads."""
    path: Path


def find(name: str) -> Path:
    """Return the weight file that `name` means: `embedded`, a folder of `engine train`, a file."""
    if name == EMBEDDED:
        return MODEL_FILE
    place = Path(name)
    inside = [place / _WEIGHTS, *sorted(place.glob(f"*/{_WEIGHTS}"))] if place.is_dir() else [place]
    for path in inside:
        if path.is_file():
            return path
    raise UnknownEncoder(
        f"{name[:200]} holds no {_WEIGHTS}: give `embedded`, or the folder that `engine train` "
        "wrote. Models of other makers can't be trained here"
    )


def unpack(path: Path) -> Unpacked:
    """Rebuild the towers of a weight file; raises `UnknownEncoder` for any other file."""
    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        graph = onnx.load_from_string(tensors["image.onnx"].tobytes()).graph
        side = int(metadata["image_side"])
        text = _text(tensors)
        image = _image(_Weights(graph))
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise UnknownEncoder(
            f"{path} is not an encoder that this version can train on ({error}): make a new base "
            "with `engine train --shared`, or use `--from embedded`"
        ) from error
    return Unpacked(image.eval(), text.eval(), side, path)


def _text(tensors: dict[str, npt.NDArray[np.generic]]) -> TextTower:
    table = tensors["text.table"].astype(np.float32)
    table *= tensors["text.scale"].astype(np.float32)[:, None]
    words = tensors["text.vocabulary"].tobytes().decode("utf-8").split("\n")
    text = TextTower(tokenizer(words), table.shape[1])
    _fill(text.table.weight, table)
    return text


def _image(weights: _Weights) -> ImageTower:
    backbone = Backbone()
    weights.layer("stem", backbone.stem)
    weights.layer("top", backbone.head)
    for number, module in enumerate(backbone.blocks):
        block = cast(Block, module)
        for part in ("expand", "depthwise", "project"):
            layer = getattr(block, part)
            if layer is not None:
                weights.layer(f"block{number}.{part}", layer)
    hidden, dimension = weights["inner.weight"].shape[0], weights["outer.weight"].shape[0]
    head = ImageHead(hidden, dimension, _DROPOUT)
    weights.layer("inner", head.inner)
    weights.layer("outer", head.outer)
    _fill(head.mean, weights["mean"])
    _fill(head.spread, weights["spread"])
    return ImageTower(channels_last(backbone), head)


class _Weights:
    """A graph's constants by name, as float32; those stored as integers are scaled back."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._stored = {each.name: each for each in graph.initializer}
        self._widened = {
            node.input[0]: node for node in graph.node if node.op_type == "DequantizeLinear"
        }

    def __getitem__(self, name: str) -> npt.NDArray[np.float32]:
        stored = name if name in self._stored else f"{name}_quantized"
        values = numpy_helper.to_array(self._stored[stored])
        if values.dtype.kind == "f":
            return values.astype(np.float32)
        node = self._widened[stored]
        axis = next((each.i for each in node.attribute if each.name == "axis"), 1)
        scale, *zero = (numpy_helper.to_array(self._stored[part]) for part in node.input[1:])
        shape = [1] * values.ndim
        if scale.ndim:
            shape[axis] = -1
        shift = zero[0].astype(np.float32).reshape(shape) if zero else np.float32(0)
        rows = (values.astype(np.float32) - shift) * scale.astype(np.float32).reshape(shape)
        return np.asarray(rows, np.float32)

    def layer(self, name: str, layer: nn.Conv2d | nn.Linear) -> None:
        """Fill a layer that has a bias."""
        _fill(layer.weight, self[f"{name}.weight"])
        if layer.bias is None:
            raise ValueError(f"{name} has no bias; every layer of the tower carries one")
        _fill(layer.bias, self[f"{name}.bias"])


def _fill(into: Tensor, values: npt.NDArray[np.float32]) -> None:
    if tuple(into.shape) != values.shape:
        raise ValueError(f"a weight is {values.shape}, the tower has {tuple(into.shape)}")
    with torch.no_grad():
        into.copy_(torch.from_numpy(values))
