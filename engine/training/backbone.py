"""The convolutional part of the image tower; knows nothing of texts, losses or files' layout.

MobileNetV2 1.0 (Sandler et al., 2018, https://arxiv.org/abs/1801.04381) with its batch norm
folded into the convolutions, as the public starting weights have it.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

# Expansion, output width, repetitions, first stride.
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
TAPS = (2, 5, 9, 12, 15, 16)
"""Blocks whose channel means join the feature."""
HEAD_WIDTH = 1280
TAP_WIDTH = 696
FEATURE_WIDTH = HEAD_WIDTH + TAP_WIDTH
CLASSES = 1001


class Block(nn.Module):
    """An inverted residual: expand, depthwise 3 x 3, project."""

    def __init__(self, wide_in: int, wide_out: int, expansion: int, stride: int) -> None:
        super().__init__()
        hidden = wide_in * expansion
        self.stride = stride
        self.residual = stride == 1 and wide_in == wide_out
        self.expand = nn.Conv2d(wide_in, hidden, 1) if expansion > 1 else None
        self.depthwise = nn.Conv2d(
            hidden, hidden, 3, stride, 0 if stride == 2 else 1, groups=hidden
        )
        self.project = nn.Conv2d(hidden, wide_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else F.relu6(self.expand(x), inplace=True)
        if self.stride == 2:
            y = pad_same(y)
        y = self.project(F.relu6(self.depthwise(y), inplace=True))
        return torch.add(x, y) if self.residual else torch.as_tensor(y)


class Backbone(nn.Module):
    """Pictures (n, 3, s, s) in [-1, 1], s a multiple of 32, to features (n, 1976).

    A feature is the mean of the last layer (1280) followed by the channel means of `TAPS`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, 2)
        blocks: list[Block] = []
        wide = 32
        for expansion, out, repeats, stride in STAGES:
            for repeat in range(repeats):
                blocks.append(Block(wide, out, expansion, stride if repeat == 0 else 1))
                wide = out
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Conv2d(wide, HEAD_WIDTH, 1)

    def forward(self, x: Tensor, frozen_blocks: int = 0) -> Tensor:
        """`frozen_blocks` > 0 runs the stem and that many blocks without gradients."""
        means: list[Tensor] = []
        with torch.set_grad_enabled(torch.is_grad_enabled() and frozen_blocks == 0):
            x = F.relu6(self.stem(pad_same(x)), inplace=True)
        for number, block in enumerate(self.blocks):
            with torch.set_grad_enabled(torch.is_grad_enabled() and number >= frozen_blocks):
                x = block(x)
                if number in TAPS:
                    means.append(x.float().mean((2, 3)))
        top = F.relu6(self.head(x), inplace=True).float().mean((2, 3))
        return torch.cat([top, *means], 1)


def pad_same(x: Tensor) -> Tensor:
    """Pad an even-sized map for a stride of 2 the way TensorFlow's SAME does: right and bottom."""
    return F.pad(x, (0, 1, 0, 1))


def load_public(path: Path) -> tuple[Backbone, nn.Linear]:
    """Read the public weights: the backbone and its ImageNet classifier (1001 classes)."""
    tensors = {name: tensor.float() for name, tensor in load_file(path).items()}
    backbone = Backbone()
    layers: list[tuple[str, nn.Conv2d]] = [("stem.conv", backbone.stem)]
    for number, module in enumerate(backbone.blocks):
        block = cast(Block, module)
        order = [block.expand, block.depthwise, block.project]
        present = [layer for layer in order if layer is not None]
        layers += [(f"blocks.{number}.seq.{i}.conv", layer) for i, layer in enumerate(present)]
    layers.append(("head.conv", backbone.head))
    with torch.no_grad():
        for name, layer in layers:
            layer.weight.copy_(tensors[f"{name}.weight"])
            if layer.bias is not None:
                layer.bias.copy_(tensors[f"{name}.bias"])
        classifier = nn.Linear(HEAD_WIDTH, CLASSES)
        classifier.weight.copy_(tensors["fc.weight"])
        classifier.bias.copy_(tensors["fc.bias"])
    return channels_last(backbone), classifier


def to_input(pixels: Tensor) -> Tensor:
    """Turn (n, s, s, 3) bytes into the backbone's (n, 3, s, s) input in [-1, 1]."""
    scaled = pixels.permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
    return scaled.contiguous(memory_format=torch.channels_last)


def channels_last(backbone: Backbone) -> Backbone:
    """Lay the weights out channels last, which is faster on a CPU."""
    with torch.no_grad():
        for parameter in backbone.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return backbone
