"""Boxes of a picture that may hold a thing, of whatever kind, from the maps of an encoder.

Cells of the maps are joined to groups, from a few cells to the whole picture; how much each group
stands out from what is around it says how likely its box holds a thing. Pure functions over arrays;
knows nothing of kinds, encoders and stores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.features.grouping import Groups, grouped
from engine.features.spatial import described
from engine.queries import Crop

FloatArray = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]

SIDE: Final = 24
"""Cells of the grid a side."""
CHANNELS: Final = 96
RING: Final = 2
"""Cells around a box that it is compared with."""
SMALLEST, LARGEST = 0.006, 0.7
"""Shares of the picture that a group may cover."""
OVERLAP: Final = 0.5
"""Of two boxes that overlap more than this (intersection over union) the better one stays."""
FLOOR: Final = 0.05

# Fitted to collages of development pictures (`python -m benchmarks.collages --fit`): a logistic
# regression of whether a box fits a thing, over the columns of `evidence`.
WEIGHTS: Final = (
    1.51,
    0.206,
    0.486,
    -0.808,
    0.734,
    -0.489,
    2.48,
    -1.2,
    -1.31,
    -0.0364,
    1.06,
    -1.73,
    -4.47,
    -0.966,
    -1.15,
)
BIAS: Final = -7.15


@dataclass(frozen=True)
class Proposal:
    """A box that may hold a thing; `score` in [0, 1] says how likely it fits one."""

    box: Crop
    score: float
    label: str | None = None


def proposals(maps: Sequence[FloatArray], most: int = 10) -> list[Proposal]:
    """Return the boxes most likely to hold a thing, best first, none of them much like another."""
    boxes, columns = candidates(maps)
    scores = columns @ np.array(WEIGHTS) + BIAS
    return [
        Proposal(_crop(boxes[row]), float(0.5 + 0.5 * np.tanh(0.5 * scores[row])))
        for row in suppressed(boxes, scores, most)
    ]


def candidates(maps: Sequence[FloatArray]) -> tuple[Array, Array]:
    """Return the boxes (n, 4) of all groups, `x, y, w, h` in fractions, and their evidence."""
    cells, parts = described(maps, SIDE)
    groups = grouped(_narrowed(cells))
    share = groups.sizes / (SIDE * SIDE)
    kept = np.flatnonzero((share >= SMALLEST) & (share <= LARGEST))
    boxes = groups.boxes[kept] / SIDE
    boxes[:, 2:] -= boxes[:, :2]
    return boxes, evidence(cells, parts, groups)[kept]


def evidence(cells: FloatArray, parts: Sequence[slice], groups: Groups) -> Array:
    """Return what speaks for and against each group, (n, 15).

    For the fine, middle and coarse maps each: how far the box is from the ring around it, and how
    much both differ within, as logarithms. Then what joining the group into the next added, and its
    own last joining; the share of the box that the group fills; the size, and its square, as
    logarithms; and how many sides of the picture the box touches.
    """
    left, top, right, bottom = groups.boxes.T
    inner = (left, top, right, bottom)
    outer = (
        np.maximum(left - RING, 0),
        np.maximum(top - RING, 0),
        np.minimum(right + RING, SIDE),
        np.minimum(bottom + RING, SIDE),
    )
    area = ((right - left) * (bottom - top)).astype(np.float64)
    ring = np.maximum((outer[2] - outer[0]) * (outer[3] - outer[1]) - area, 1.0)
    sums = _summed(cells)
    squares = [_summed(np.square(cells[..., part]).sum(axis=-1, keepdims=True)) for part in parts]
    inside = _within(sums, inner)
    around = (_within(sums, outer) - inside) / ring[:, None]
    inside = inside / area[:, None]
    columns: list[Array] = []
    for part, table in zip(parts, squares, strict=True):
        held = _within(table, inner)[:, 0]
        beside = (_within(table, outer)[:, 0] - held) / ring
        apart = np.square(inside[:, part] - around[:, part]).sum(axis=1)
        within = held / area - np.square(inside[:, part]).sum(axis=1)
        without = beside - np.square(around[:, part]).sum(axis=1)
        columns += [np.log(np.maximum(each, 0.0) + FLOOR) for each in (apart, within, without)]
    size = np.log(groups.sizes / (SIDE * SIDE))
    touched = (left == 0) * 1.0 + (top == 0) + (right == SIDE) + (bottom == SIDE)
    columns += [
        np.log(groups.added[groups.parents] + FLOOR),
        np.log(groups.added + FLOOR),
        groups.sizes / area,
        size,
        size**2,
        touched,
    ]
    return np.stack(columns, axis=1)


def suppressed(boxes: Array, scores: Array, most: int, overlap: float = OVERLAP) -> list[int]:
    """Return the rows of the best boxes, best first, no two of which overlap more than so much."""
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order) and len(kept) < most:
        kept.append(int(order[0]))
        rest = order[1:]
        order = rest[intersection_over_union(boxes[rest], boxes[kept[-1:]])[:, 0] <= overlap]
    return kept


def intersection_over_union(ones: Array, others: Array) -> Array:
    """Return (n, m) shares for boxes (n, 4) and (m, 4), `x, y, w, h` each."""
    low = np.maximum(ones[:, None, :2], others[None, :, :2])
    high = np.minimum(
        ones[:, None, :2] + ones[:, None, 2:], others[None, :, :2] + others[None, :, 2:]
    )
    shared = np.maximum(high - low, 0.0).prod(axis=2)
    areas = ones[:, None, 2:].prod(axis=2) + others[None, :, 2:].prod(axis=2)
    return np.asarray(shared / np.maximum(areas - shared, 1e-12))


def _narrowed(cells: FloatArray) -> FloatArray:
    """Return the cells in fewer channels with about the same distances (Johnson-Lindenstrauss)."""
    if cells.shape[-1] <= CHANNELS:
        return cells
    drawn = np.random.default_rng(0).standard_normal((cells.shape[-1], CHANNELS))
    return np.asarray(cells @ (drawn / np.sqrt(CHANNELS)).astype(np.float32))


def _summed(cells: FloatArray) -> Array:
    """Return sums over all rectangles from the top left corner (Viola & Jones 2001)."""
    table = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1, cells.shape[2]))
    table[1:, 1:] = cells.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    return table


def _within(
    table: Array,
    box: tuple[npt.NDArray[np.intp], ...],
) -> Array:
    left, top, right, bottom = box
    return np.asarray(
        table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]
    )


def _crop(box: Array) -> Crop:
    x, y, width, height = (round(float(part), 4) for part in box)
    return Crop(x, y, min(width, 1 - x), min(height, 1 - y))
