"""Whether two pictures are one: saved anew, sized anew, cropped, mirrored, framed or marked.

The pictures are laid on each other (`alignment.py`), then what lies within their margins is
compared block by block: a mark spoils few blocks, while another thing in the same pose differs
nearly everywhere. What passes must lie there without being stretched, and be one in what is small
too (`detail.py`). Knows nothing of hashes, vectors and stores.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.features.alignment import (
    HOPEFUL,
    SIDE,
    Array,
    Box,
    align,
    closer,
    contents,
    halved,
    laid,
    then,
)
from engine.features.detail import GREY, GROUND, Detail, detail

FINE = 2 * SIDE
BLOCK = 8
# A block counts where both pictures reach it; it has detail from this variance on.
REACHED = 0.7
DETAIL = 8e-4
AGREES = 0.8
# The thresholds, chosen on development pictures: docs/decisions/0033-one-picture.md, and 0046.
# Deviation of greys below which a picture is one colour.
PLAIN = 0.02
LEAST_AGREEING = 0.5
LEAST_MEDIAN = 0.9
MOST_COLOUR = 0.1
MOST_LIGHT = 0.05
LEAST_BLOCKS = 6
# On fewer blocks than this, more of them must agree, and closer: a mark takes few of many.
MANY_BLOCKS = 48
MORE_AGREEING = 0.25
LESS_LIGHT = 0.6
# A copy lies where it was, though all of it may be squeezed, or is cut or framed, not stretched.
STILL = 0.006
MOST_STRETCHED = 0.012
# What was cut or framed keeps this much of its texture; another heap of apples does not.
LEAST_TEXTURE = 0.5


@dataclass(frozen=True)
class Small:
    """A picture as it is compared: (128, 128, 3) values in [0, 1], and its parts within margins.

    aspect: its width as a part of its height.
    """

    pixels: Array
    boxes: list[Box]
    aspect: float

    @classmethod
    def of(cls, image: Image.Image) -> "Small":
        """Reduce an RGB picture."""
        kind = Image.Resampling.BOX if min(image.size) >= FINE else Image.Resampling.BILINEAR
        pixels = np.asarray(image.resize((FINE, FINE), kind), np.float32) / np.float32(255)
        planes = halved(pixels.transpose(2, 0, 1))
        return cls(pixels, contents(planes.transpose(1, 2, 0)), image.width / image.height)

    @property
    def plain(self) -> bool:
        """Whether there is nothing to compare but one colour."""
        return float((self.pixels @ GREY).std()) < PLAIN


@dataclass(frozen=True)
class Compared:
    """How two pictures agree where both are.

    agreeing: the share of what is to be seen that correlates, block by block; 0 to 1.
    median: of those correlations, -1 to 1.
    colour: the mean distance of hues, over the half of the blocks that differs most.
    light: the mean distance of light, once contrast and brightness are made equal.
    blocks: on how many blocks that is founded.
    moved, stretched: by how much the one lies elsewhere in the other, in parts of its side, and how
        unlike the scales of both axes are, as a logarithm.
    detail: what is small, of what agrees in blocks and is not stretched.
    """

    agreeing: float
    median: float
    colour: float
    light: float
    blocks: int
    moved: float = 1.0
    stretched: float = 1.0
    detail: Detail | None = None

    @property
    def same(self) -> bool:
        """Whether the two are one picture."""
        return (
            self.likely
            and self.detail is not None
            and self.detail.same
            and (self.moved < STILL or self.detail.texture >= LEAST_TEXTURE)
        )

    @property
    def likely(self) -> bool:
        """Whether they may be one by their blocks and by where the one lies in the other."""
        return (
            self.blocks >= LEAST_BLOCKS
            and self.agreeing >= LEAST_AGREEING + MORE_AGREEING * self._fewness
            and self.median >= LEAST_MEDIAN
            and self.colour <= MOST_COLOUR
            and self.light <= MOST_LIGHT * (1 - LESS_LIGHT * self._fewness)
            and (self.moved < STILL or self.stretched <= MOST_STRETCHED)
        )

    @property
    def _fewness(self) -> float:
        return max(0.0, 1 - self.blocks / MANY_BLOCKS)


NOTHING = Compared(0.0, -1.0, 1.0, 1.0, 0)


def compared(one: Small, others: Sequence[Small]) -> list[Compared]:
    """Compare a picture with others, each as it is or mirrored, whichever fits."""
    if not others:
        return []
    greys = np.stack([each.pixels @ GREY for each in others])
    fine = one.pixels @ GREY
    boxes = [each.boxes for each in others]
    found = align(halved(fine[None])[0], one.boxes, halved(greys), boxes)
    told = [NOTHING] * len(others)
    likely = np.flatnonzero(found.correlation >= HOPEFUL)
    if not len(likely):
        return told
    flip = found.mirrored[likely]
    pixels = np.stack([others[row].pixels for row in likely.tolist()])
    pixels[flip] = pixels[flip][:, :, ::-1]
    # From here on what counts is the part of the one picture within its margins.
    frame = np.tile(_map(one.boxes[-1]), (len(likely), 1))
    maps = then(frame, found.maps[likely])
    shown = laid(np.broadcast_to(fine, (len(likely), FINE, FINE)), frame, SIDE)[0]
    maps = closer(shown, laid(pixels @ GREY, maps, SIDE)[0], maps)
    first = _blocks(one.pixels[None], frame[:1])[0][0]
    second, reached = _blocks(pixels, maps)
    ground = one.pixels[0, 0] if len(one.boxes) > 1 else None
    moved, scales = _moved(frame, maps)
    for place, row in enumerate(likely.tolist()):
        at = reached[place]
        if not at.any():
            continue
        aspect = others[row].aspect / one.aspect
        pair = replace(
            _told(first[at], second[place][at], ground),
            moved=float(moved[place]),
            stretched=abs(math.log(scales[place, 0] / scales[place, 1] * aspect)),
        )
        if pair.likely:
            here = slice(place, place + 1)
            whole, _ = _over(one.pixels[None], frame[:1])
            over, there = _over(pixels[here], maps[here])
            pair = replace(pair, detail=detail(whole, over, there, ground))
        told[row] = pair
    return told


def _moved(frame: Array, maps: Array) -> tuple[Array, Array]:
    """Return by how much pictures lie elsewhere, the most of scales and shifts, and their scales.

    Both maps lead from a part of the one picture: to the whole of it, and into the others.
    """
    scales = maps[:, 0::2] / frame[:, 0::2]
    shifts = maps[:, 1::2] - scales * frame[:, 1::2]
    return np.maximum(np.abs(scales - 1), np.abs(shifts)).max(axis=1), scales


def _over(pictures: Array, maps: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return one picture as a map lays it, (128, 128, 3), and where it reaches."""
    planes = [laid(np.ascontiguousarray(pictures[..., plane]), maps) for plane in range(3)]
    return np.stack([plane[0] for plane, _ in planes], axis=-1), planes[0][1][0]


def _map(box: Box) -> Array:
    """Return the map from a box to the whole."""
    across, down = box.right - box.left, box.bottom - box.top
    return np.array([across, box.left, down, box.top], np.float32)


def _told(first: Array, second: Array, ground: Array | None) -> Compared:
    """Compare blocks of both, (n, 64, 3); what is as the margin in both says nothing."""
    light = first @ GREY, second @ GREY
    one, other = (each - each.mean(axis=-1, keepdims=True) for each in light)
    variance = (one * one).mean(-1), (other * other).mean(-1)
    # A little is added to both, so that noise on a flat ground says nothing.
    fit = ((one * other).mean(-1) + 1e-4) / np.sqrt((variance[0] + 1e-4) * (variance[1] + 1e-4))
    seen = np.maximum(*variance) > DETAIL
    if not seen.any():
        return NOTHING
    solid = np.ones(len(first), bool)
    if ground is not None:
        off = [np.abs(each - ground).max(axis=-1) for each in (first, second)]
        solid = (np.maximum(*off) > GROUND).mean(axis=-1) > 0.25
    x, y = light[1][solid | seen].ravel(), light[0][solid | seen].ravel()
    slope = ((x - x.mean()) * (y - y.mean())).mean() / (x.var() + 1e-6)
    contrast = float(np.clip(slope, 0.6, 1.6))
    away = np.abs(contrast * (x - x.mean()) - (y - y.mean())).mean()
    hues = _hues(first[solid | seen] - contrast * second[solid | seen]).mean(axis=1)
    distance = np.sort(np.sqrt((hues**2).sum(axis=-1)))
    return Compared(
        float(np.mean(fit[seen] > AGREES)),
        float(np.median(fit[seen])),
        float(distance[len(distance) // 2 :].mean()),
        float(away),
        int(seen.sum()),
    )


def _hues(off: Array) -> Array:
    """Return differences of colours along red-green and yellow-blue."""
    red, green, blue = off[..., 0], off[..., 1], off[..., 2]
    return np.stack([red - green, (red + green) / 2 - blue], axis=-1)


def _blocks(pictures: Array, maps: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return (n, 128, 128, 3) pictures, laid, as (n, 64, 64, 3), 64 blocks of 64 points; and which
    of the blocks they reach."""
    planes = [laid(np.ascontiguousarray(pictures[..., plane]), maps, SIDE) for plane in range(3)]
    over = np.stack([plane for plane, _ in planes] + [planes[0][1]], axis=-1)
    count, side = len(pictures), SIDE // BLOCK
    parts = over.reshape(count, side, BLOCK, side, BLOCK, 4).transpose(0, 1, 3, 2, 4, 5)
    blocks = parts.reshape(count, side * side, BLOCK * BLOCK, 4)
    return np.asarray(blocks[..., :3], np.float32), blocks[..., 3].mean(axis=-1) >= REACHED
