"""Neighbouring cells of a grid, joined step by step into ever larger groups.

Ward's method (1963) where only neighbours may join: each step joins the two groups that add least
to the sum of squares within. Knows nothing of pictures.
"""

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Groups:
    """Every group that came about, in the order in which they did; single cells are left out.

    boxes: (n, 4) left, top, right, bottom in cells, the last two past the end.
    sizes: cells of each. added: what its joining added to the squares within.
    parents: the group that each went into; the last, which is the whole grid, has itself.
    """

    boxes: IntArray
    sizes: IntArray
    added: FloatArray
    parents: IntArray


def grouped(cells: FloatArray) -> Groups:
    """Join the cells of a (height, width, channels) grid until one group is left."""
    height, width, channels = cells.shape
    count = height * width
    total = 2 * count - 1
    means = np.zeros((total, channels), np.float32)
    means[:count] = cells.reshape(count, channels)
    sizes = np.ones(total, np.intp)
    added = [0.0] * total
    parents = list(range(total))
    # Lists, since a step touches a few numbers, which takes an array ten times as long.
    boxes = [
        (cell % width, cell // width, cell % width + 1, cell // width + 1) for cell in range(count)
    ]
    near = _neighbours(height, width)
    waiting = _first(means, near)
    alive = [True] * count
    while len(alive) < total:
        cost, one, other = heapq.heappop(waiting)
        if not (alive[one] and alive[other]):
            continue
        new = len(alive)
        alive[one] = alive[other] = False
        alive.append(True)
        parents[one] = parents[other] = new
        size = sizes[one] + sizes[other]
        sizes[new] = size
        means[new] = (sizes[one] * means[one] + sizes[other] * means[other]) / size
        (left, top, right, bottom), (x, y, past, below) = boxes[one], boxes[other]
        boxes.append((min(left, x), min(top, y), max(right, past), max(bottom, below)))
        added[new] = cost
        around = (near.pop(one) | near.pop(other)) - {one, other}
        near[new] = around
        for each in around:
            near[each] -= {one, other}
            near[each].add(new)
        listed = np.fromiter(around, np.intp, len(around))
        costs = np.square(means[listed] - means[new]).sum(axis=1)
        costs *= sizes[listed] * size / (sizes[listed] + size)
        for each, price in zip(listed.tolist(), costs.tolist(), strict=True):
            heapq.heappush(waiting, (price, each, new))
    kept = slice(count, total)
    return Groups(
        np.array(boxes[kept], np.intp).reshape(-1, 4),
        sizes[kept],
        np.array(added[kept], np.float32),
        np.array(parents[kept], np.intp) - count,
    )


def _neighbours(height: int, width: int) -> dict[int, set[int]]:
    """Return the eight cells, fewer at the rim, around each."""
    near: dict[int, set[int]] = {cell: set() for cell in range(height * width)}
    for row in range(height):
        for column in range(width):
            for down, right in ((0, 1), (1, -1), (1, 0), (1, 1)):
                if row + down < height and 0 <= column + right < width:
                    one, other = row * width + column, (row + down) * width + column + right
                    near[one].add(other)
                    near[other].add(one)
    return near


def _first(means: FloatArray, near: dict[int, set[int]]) -> list[tuple[float, int, int]]:
    pairs = [(one, other) for one, others in near.items() for other in others if one < other]
    if not pairs:
        return []
    ones, others = np.array(pairs).T
    costs = np.square(means[ones] - means[others]).sum(axis=1) / 2
    waiting = list(zip(costs.tolist(), ones.tolist(), others.tolist(), strict=True))
    heapq.heapify(waiting)
    return waiting
