"""The image tower as an ONNX graph, written node by node; knows nothing of training.

Float weights are stored at half precision behind Cast nodes, which the runtime folds when it loads
the graph: half the bytes, full-precision arithmetic. A quantised backbone is written as the
convolutions that it stands for between DequantizeLinear and QuantizeLinear, which the runtime
joins to integer arithmetic; a runtime that can't still gives the same vectors.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from engine.training.backbone import TAPS, Block
from engine.training.quantise import Quantised, Step
from engine.training.towers import NAME_TEMPERATURE, ImageHead, ImageTower

OPSET = 20
_IR_VERSION = 9


def image_graph(tower: ImageTower, side: int, quantised: Quantised | None = None) -> bytes:
    """Write `pixels` (n, side, side, 3) uint8 and `colours` (n, 301) to `vectors`, unit rows.

    The backbone computes in int8 when `quantised` is given; the head never does.
    """
    writer = _Writer(quantised)
    x = writer.picture("pixels")
    x = writer.convolution(x, "stem", tower.backbone.stem, active=True)
    means: list[str] = []
    for number, module in enumerate(tower.backbone.blocks):
        block = cast(Block, module)
        x = writer.block(x, f"block{number}", block)
        if number in TAPS:
            means.append(writer.mean(x))
    top = writer.mean(writer.convolution(x, "top", tower.backbone.head, active=True))
    rows = writer.node("Concat", [top, *means, "colours"], axis=1)
    head = tower.head
    writer.nodes.append(helper.make_node("Identity", [writer.head(rows, top, head)], ["vectors"]))
    graph = helper.make_graph(
        writer.nodes,
        "image_tower",
        [
            helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", side, side, 3]),
            helper.make_tensor_value_info(
                "colours", TensorProto.FLOAT, ["n", head.inner.in_features - _features(tower)]
            ),
        ],
        [
            helper.make_tensor_value_info(
                "vectors", TensorProto.FLOAT, ["n", _width(head.outer) + head.naming]
            )
        ],
        writer.constants,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="pin-engine"
    )
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _features(tower: ImageTower) -> int:
    taps = [cast(Block, tower.backbone.blocks[number]) for number in TAPS]
    return tower.backbone.head.out_channels + sum(tap.project.out_channels for tap in taps)


def _width(layer: nn.Linear) -> int:
    return layer.out_features


class _Writer:
    """Collects nodes and constants; each method returns the name of its output."""

    def __init__(self, quantised: Quantised | None) -> None:
        self.quantised = quantised
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.last = self.constant("last", np.array([1]))
        self.floor = self.constant("floor", np.float32(1e-12))

    def node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, name: str, value: np.ndarray | np.generic) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def weight(self, name: str, tensor: Tensor | None, *, half: bool = True) -> str:
        if tensor is None:
            raise ValueError(f"{name} has no weights; every layer of the tower carries a bias")
        value = tensor.detach().float().contiguous().numpy()
        if not half:
            return self.constant(name, value)
        stored = self.constant(name, value.astype(np.float16))
        return self.node("Cast", [stored], to=TensorProto.FLOAT)

    def linear(self, x: str, name: str, layer: nn.Linear, *, factor: float = 1.0) -> str:
        weight = self.weight(f"{name}.weight", layer.weight)
        bias = self.weight(f"{name}.bias", layer.bias)
        return self.node("Gemm", [x, weight, bias], transB=1, alpha=factor, beta=factor)

    def picture(self, pixels: str) -> str:
        """Bring bytes to (n, 3, side, side) in [-1, 1]."""
        x = self.node("Transpose", [pixels], perm=[0, 3, 1, 2])
        x = self.node("Cast", [x], to=TensorProto.FLOAT)
        x = self.node("Mul", [x, self.constant("scale", np.float32(1 / 127.5))])
        return self.node("Sub", [x, self.constant("shift", np.float32(1.0))])

    def step(self, name: str, step: Step) -> list[str]:
        scale = self.constant(f"{name}.step", np.float32(step.scale))
        return [scale, self.constant(f"{name}.zero", np.uint8(step.zero))]

    def stored(self, x: str, name: str) -> str:
        """Round an activation to the bytes that it is kept in, if the backbone is quantised.

        After ReLU6 the range of the bytes is the clip.
        """
        if self.quantised is None:
            return x
        step = self.step(name, self.quantised.steps[name])
        return self.node("DequantizeLinear", [self.node("QuantizeLinear", [x, *step]), *step])

    def widened(self, name: str, values: np.ndarray, scale: np.ndarray) -> str:
        """Write whole numbers with a scale for each of their first axis."""
        inputs = [self.constant(name, values), self.constant(f"{name}.scale", scale)]
        return self.node("DequantizeLinear", inputs, axis=0)

    def convolution(self, x: str, name: str, layer: nn.Conv2d, *, active: bool) -> str:
        stride, size = int(layer.stride[0]), int(layer.kernel_size[0])
        # The SAME rule for even sizes: a stride of 2 pads right and bottom only.
        pads = [0, 0, 0, 0] if size == 1 else [0, 0, 1, 1] if stride == 2 else [1, 1, 1, 1]
        found = self.quantised.layers.get(name) if self.quantised else None
        if found is None:
            weight = self.weight(f"{name}.weight", layer.weight)
            bias = self.weight(f"{name}.bias", layer.bias)
        else:
            weight = self.widened(f"{name}.weight", found.weight, found.scale)
            bias = self.widened(f"{name}.bias", found.bias, found.bias_scale)
        y = self.node(
            "Conv", [x, weight, bias], strides=[stride, stride], pads=pads, group=layer.groups
        )
        if active and found is None:
            low = self.constant(f"{name}.low", np.float32(0))
            high = self.constant(f"{name}.high", np.float32(6))
            y = self.node("Clip", [y, low, high])
        return self.stored(y, name)

    def block(self, x: str, name: str, block: Block) -> str:
        y = x
        if block.expand is not None:
            y = self.convolution(y, f"{name}.expand", block.expand, active=True)
        y = self.convolution(y, f"{name}.depthwise", block.depthwise, active=True)
        y = self.convolution(y, f"{name}.project", block.project, active=False)
        return self.stored(self.node("Add", [x, y]), f"{name}.sum") if block.residual else y

    def mean(self, x: str) -> str:
        pooled = self.node("GlobalAveragePool", [x])
        return self.node("Flatten", [pooled], axis=1)

    def head(self, rows: str, top: str, head: ImageHead) -> str:
        """Bring features and colours to unit rows; `top` is the part that the classifier reads."""
        x = self.node("Sub", [rows, self.weight("mean", head.mean)])
        x = self.node("Div", [x, self.weight("spread", head.spread, half=False)])
        x = self.node("Gelu", [self.linear(x, "inner", head.inner)])
        learnt = self.unit(self.linear(x, "outer", head.outer))
        if not head.naming:
            return learnt
        scores = self.linear(top, "classes", head.classes, factor=1 / NAME_TEMPERATURE)
        scores = self.node("Add", [scores, self.weight("hidden_classes", head.hidden_classes)])
        odds = self.node("Softmax", [scores], axis=1)
        named = self.node("MatMul", [odds, self.weight("names", head.names)])
        strength = self.constant("strength", np.float32(head.strength))
        named = self.node("Mul", [self.unit(named), strength])
        return self.unit(self.node("Concat", [learnt, named], axis=1))

    def unit(self, rows: str) -> str:
        length = self.node("ReduceL2", [rows, self.last], keepdims=1)
        return self.node("Div", [rows, self.node("Max", [length, self.floor])])
