"""A backbone in int8: weights by channel, activations by layer, biases set right afterwards.

Knows nothing of files or graphs. The network is walked once with calibration pictures, as it is and
as rounded side by side. What rounding shifts a channel's mean by, its bias takes back (Nagel et
al., 2019, https://arxiv.org/abs/1906.04721), so that errors don't add up from layer to layer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.training.backbone import Backbone, Block, pad_same, to_input

PICTURES = 48
"""Calibration pictures that are used at most: 64 were no better, 16 a little worse."""

_LARGEST = 127
_LARGEST_BIAS = 2**30
_LEVELS = 255
_CEILING = 6.0
# Linear outputs have a few far values: cutting some off often costs less than coarser steps do.
_CUTS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5)
_SAMPLE = 200_000
_ROUNDS = 3
_LEAST_LIVE = 0.2
# Large enough for the bias of a dead channel to fit 32 bits.
_LEAST_SCALE = 1e-5


@dataclass(frozen=True, slots=True)
class Step:
    """How an activation is stored: `(byte - zero) * scale`."""

    scale: float
    zero: int

    def rounded(self, values: Tensor) -> Tensor:
        """Return the values that are left after storing."""
        stored = torch.clamp(torch.round(values / self.scale) + self.zero, 0, _LEVELS)
        return (stored - self.zero) * self.scale


# ReLU6 is then nothing but what a byte can hold.
ACTIVE = Step(_CEILING / _LEVELS, 0)


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution's weights and bias as whole numbers, with a scale for each output channel.

    The bias has the scale of the products that it is added to.
    """

    weight: npt.NDArray[np.int8]
    scale: npt.NDArray[np.float32]
    bias: npt.NDArray[np.int32]
    bias_scale: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Quantised:
    """Layers and activations of a backbone by name: `stem`, `block3.expand`, `block3.sum`."""

    layers: dict[str, Layer] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)


@torch.inference_mode()
def quantise_backbone(backbone: Backbone, pixels: npt.NDArray[np.uint8]) -> Quantised:
    """Round a backbone for pictures like `pixels`, (n, side, side, 3)."""
    if not len(pixels):
        raise ValueError("rounding a network to int8 needs pictures to calibrate with, got none")
    chosen = pixels[:: -(-len(pixels) // PICTURES)]
    walk = _Walk(Quantised())
    pair = walk.stem(backbone.stem, to_input(torch.from_numpy(np.ascontiguousarray(chosen))))
    for number, module in enumerate(backbone.blocks):
        pair = walk.block(f"block{number}", cast(Block, module), pair)
    walk.convolution("top", backbone.head, pair, active=True)
    return walk.found


@dataclass(frozen=True, slots=True)
class _Pair:
    """One activation as the network has it and as storing it by `step` leaves it."""

    exact: Tensor
    rounded: Tensor
    step: Step


class _Walk:
    def __init__(self, found: Quantised) -> None:
        self.found = found

    def stem(self, layer: nn.Conv2d, x: Tensor) -> _Pair:
        """Leave the stem's weights alone; with three channels integers would not be quicker."""
        y = _active(_convolve(layer, layer.weight, x))
        self.found.steps["stem"] = ACTIVE
        return _Pair(y, ACTIVE.rounded(y), ACTIVE)

    def block(self, name: str, block: Block, pair: _Pair) -> _Pair:
        inner = pair
        if block.expand is not None:
            inner = self.convolution(f"{name}.expand", block.expand, inner, active=True)
        inner = self.convolution(f"{name}.depthwise", block.depthwise, inner, active=True)
        inner = self.convolution(f"{name}.project", block.project, inner, active=False)
        if not block.residual:
            return inner
        total = pair.rounded + inner.rounded
        step = self.found.steps[f"{name}.sum"] = best_step(total)
        return _Pair(pair.exact + inner.exact, step.rounded(total), step)

    def convolution(self, name: str, layer: nn.Conv2d, pair: _Pair, *, active: bool) -> _Pair:
        weight, scale = round_weight(layer)
        rounded = _convolve(layer, weight * scale[:, None, None, None], pair.rounded)
        exact = _convolve(layer, layer.weight, pair.exact)
        finish = _active if active else _linear
        bias = cast(Tensor, layer.bias)
        for _ in range(_ROUNDS):
            missing = (finish(exact) - finish(rounded)).mean((0, 2, 3))
            if active:
                # Only values inside the clip follow the bias.
                live = ((rounded > 0) & (rounded < _CEILING)).float().mean((0, 2, 3))
                missing = missing / live.clamp(min=_LEAST_LIVE)
            bias = bias + missing
            rounded = rounded + missing[:, None, None]
        rounded, exact = finish(rounded), finish(exact)
        step = self.found.steps[name] = ACTIVE if active else best_step(rounded)
        products = scale * pair.step.scale
        steps = torch.round(bias / products).clamp(-_LARGEST_BIAS, _LARGEST_BIAS)
        self.found.layers[name] = Layer(
            weight.numpy().astype(np.int8),
            scale.numpy(),
            steps.numpy().astype(np.int32),
            products.numpy(),
        )
        return _Pair(exact, step.rounded(rounded), step)


def round_weight(layer: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Return whole numbers in [-127, 127] and a scale for each output channel.

    Processors without VNNI add two neighbouring products in 16 bits, and clip the sum. Neighbours
    are therefore kept small enough together; depthwise products are summed otherwise.
    """
    rows = layer.weight.detach().flatten(1)
    largest = rows.abs().amax(1)
    if layer.groups > 1:
        together = largest
    elif layer.kernel_size == (1, 1):
        pairs = rows.reshape(len(rows), -1, 2)
        signed = torch.stack([pairs, -pairs]).clamp(min=0)
        together = torch.maximum(signed.sum(3).amax((0, 2)), largest)
    else:
        raise ValueError("only depthwise and 1 x 1 convolutions are rounded")
    scale = (together / _LARGEST).clamp(min=_LEAST_SCALE)
    return torch.round(layer.weight.detach() / scale[:, None, None, None]), scale


def best_step(values: Tensor) -> Step:
    """Return the step that stores `values`, of any sign, with the least squared error found."""
    flat = values.flatten()
    flat = flat[:: -(-len(flat) // _SAMPLE)]
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    steps = [_step(low * cut, high * cut) for cut in _CUTS]
    return min(steps, key=lambda step: float((step.rounded(flat) - flat).square().mean()))


def _step(low: float, high: float) -> Step:
    scale = float(np.float32(max((high - low) / _LEVELS, _LEAST_SCALE)))
    return Step(scale, min(max(round(-low / scale), 0), _LEVELS))


def _convolve(layer: nn.Conv2d, weight: Tensor, x: Tensor) -> Tensor:
    if layer.stride[0] == 2:
        x = pad_same(x)
    padding = cast("tuple[int, int]", layer.padding)
    return F.conv2d(x, weight, layer.bias, layer.stride, padding, 1, layer.groups)


def _active(x: Tensor) -> Tensor:
    return x.clamp(0, _CEILING)


def _linear(x: Tensor) -> Tensor:
    return x
