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
import onnxruntime
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import numpy_helper
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save
from torch import Tensor, nn

from engine.errors import UnknownEncoder
from engine.features import colour
from engine.features.embedded import MODEL_FILE
from engine.features.embedded_folder import WEIGHTS
from engine.features.reading import PREFIX
from engine.features.wordpiece import tokenizer
from engine.training.backbone import Backbone, Block, channels_last
from engine.training.export import quantise, steady
from engine.training.reader import Reader, ReadingTower
from engine.training.towers import ImageHead, ImageTower, TextTower

EMBEDDED = "embedded"
"""Names the weight file in the package, where any other name is a folder or a file."""
_DROPOUT = 0.2
_SAME = 0.999


@dataclass(frozen=True)
class Unpacked:
    """Both towers of a weight file, ready to run or to train on.

    A backbone in int8 is widened; to see what it sees to the last bit, take a `Looker`.
    """

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
    inside = [place / WEIGHTS, *sorted(place.glob(f"*/{WEIGHTS}"))] if place.is_dir() else [place]
    for path in inside:
        if path.is_file():
            return path
    raise UnknownEncoder(
        f"{name[:200]} holds no {WEIGHTS}: give `embedded`, or the folder that `engine train` "
        "wrote. Models of other makers can't be trained here"
    )


def unpack(path: Path) -> Unpacked:
    """Rebuild the towers of a weight file; raises `UnknownEncoder` for any other file."""
    try:
        tensors, metadata = _tensors(path)
        graph = onnx.load_from_string(tensors["image.onnx"].tobytes()).graph
        side = int(metadata["image_side"])
        text = _text(tensors, metadata)
        image = _image(_Weights(graph))
    except (SafetensorError, DecodeError, OSError, KeyError, ValueError) as error:
        raise UnknownEncoder(
            f"{path} is not an encoder that this version can train on ({error}): make a new base "
            "with `engine train --shared`, or use `--from embedded`"
        ) from error
    return Unpacked(image.eval(), text.eval(), side, path)


def unpack_text(packed: bytes) -> TextTower:
    """Return the table of words of a weight file's bytes, without a reader."""
    tensors = {name: part for name, part in load(packed).items() if not name.startswith(PREFIX)}
    return _text(tensors, {}).eval()


def _text(tensors: dict[str, npt.NDArray[np.generic]], metadata: dict[str, str]) -> TextTower:
    table = tensors["text.table"].astype(np.float32)
    table *= tensors["text.scale"].astype(np.float32)[:, None]
    words = tensors["text.vocabulary"].tobytes().decode("utf-8").split("\n")
    text = TextTower(tokenizer(words), table.shape[1])
    _fill(text.table.weight, table)
    own = {
        name.removeprefix(PREFIX): part for name, part in tensors.items() if name.startswith(PREFIX)
    }
    return ReadingTower(text, Reader.of(own, int(metadata["reader_heads"]))) if own else text


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
    hidden, learnt = weights["inner.weight"].shape[0], weights["outer.weight"].shape[0]
    strength, naming = 0.0, 0
    if "strength" in weights:
        strength, naming = float(weights["strength"]), weights["names"].shape[1]
    head = ImageHead(hidden, learnt + naming, _DROPOUT, strength, naming)
    weights.layer("inner", head.inner)
    weights.layer("outer", head.outer)
    _fill(head.mean, weights["mean"])
    _fill(head.spread, weights["spread"])
    if naming:
        weights.layer("classes", head.classes)
        _fill(head.names, weights["names"])
        _fill(head.hidden_classes, weights["hidden_classes"])
    return ImageTower(channels_last(backbone), head)


class Looker:
    """What the head of a packed encoder reads of pictures, exactly as the packed encoder sees."""

    def __init__(self, path: Path) -> None:
        model = onnx.load_from_string(_tensors(path)[0]["image.onnx"].tobytes())
        joined = next(node for node in model.graph.node if "colours" in node.input)
        rows = onnx.helper.make_tensor_value_info(
            joined.output[0], onnx.TensorProto.FLOAT, ["n", None]
        )
        model.graph.output.append(rows)
        self._rows = joined.output[0]
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )

    def check(self, unpacked: Unpacked) -> None:
        """Raise `UnknownEncoder` when the rebuilt head does not answer as the packed one does."""
        side = unpacked.side
        pixels = np.random.default_rng(0).integers(0, 256, (2, side, side, 3), np.uint8)
        feeds = {"pixels": pixels, "colours": colour.histograms(pixels)}
        rows, packed = self._session.run([self._rows, "vectors"], feeds)
        with torch.inference_mode():
            rebuilt = unpacked.image.head(torch.from_numpy(rows)).numpy()
        least = float((rebuilt * packed).sum(1).min())
        if not least >= _SAME:
            raise UnknownEncoder(
                f"{unpacked.path} was packed in a way that this version does not know (rebuilt, "
                f"its vectors differ: cosine {least:.3f}): make a new base"
            )

    def look(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float16]:
        """Return (n, 2277) of pictures (n, side, side, 3) that `prepare` has made."""
        feeds = {"pixels": pixels, "colours": colour.histograms(pixels)}
        return np.asarray(self._session.run([self._rows], feeds)[0], np.float16)


def repack(path: Path, head: ImageHead, text: TextTower) -> bytes:
    """Return a weight file with another head and other words; the layers before stay bit for bit.

    So a backbone in int8 stays what was judged, and needs no pictures to be rounded anew.
    """
    tensors, metadata = _tensors(path)
    model = onnx.load_from_string(tensors["image.onnx"].tobytes())
    replaced = {
        "inner.weight": head.inner.weight,
        "inner.bias": head.inner.bias,
        "outer.weight": head.outer.weight,
        "outer.bias": head.outer.bias,
    }
    for stored in model.graph.initializer:
        if stored.name in replaced:
            kind = numpy_helper.to_array(stored).dtype
            values = replaced.pop(stored.name).detach().float().numpy().astype(kind)
            stored.CopyFrom(numpy_helper.from_array(values, stored.name))
    if replaced:
        raise UnknownEncoder(f"{path} has no weights {', '.join(replaced)}: make a new base")
    table = text.table.weight.detach().numpy().astype(np.float32)
    tensors["text.table"], tensors["text.scale"] = quantise(table)
    tensors["image.onnx"] = np.frombuffer(model.SerializeToString(), np.uint8)
    return steady(save(tensors, metadata))


def _tensors(path: Path) -> tuple[dict[str, npt.NDArray[np.generic]], dict[str, str]]:
    with safe_open(path, "np") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return tensors, file.metadata() or {}


class _Weights:
    """A graph's constants by name, as float32; those stored as integers are scaled back."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._stored = {each.name: each for each in graph.initializer}
        self._widened = {
            node.input[0]: node for node in graph.node if node.op_type == "DequantizeLinear"
        }

    def __contains__(self, name: str) -> bool:
        return name in self._stored

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
