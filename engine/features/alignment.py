"""Where one picture lies in another: a crop, a margin around it, a squeeze, brighter or darker.

Pictures are squares of 64 x 64 greys, whatever their shape. An alignment is an affine map of each
axis, found by Gauss-Newton steps on the difference of both (Lucas & Kanade 1981), with contrast and
brightness solved for beside it (Evangelidis & Psarakis 2008 leave them out of the measure instead),
coarse to fine. Many pairs are aligned at once. Knows nothing of colours, files and verdicts.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

SIDE = 64
# Of a picture's lines, what may differ within a margin of one colour, and from its first line.
FLAT = 0.12
EVEN = 0.06
# Less than this is no picture within a margin.
LEAST_CONTENT = 0.3
LEAST_OVERLAP = 0.45
# Coarse alignments that correlate less are not refined.
HOPEFUL = 0.75
STARTS = 3
STEPS = {16: 6, 32: 3, 64: 2}
LONGEST_STEP = 0.15


class Box(NamedTuple):
    """A part of a picture in fractions of its sides."""

    left: float
    top: float
    right: float
    bottom: float


WHOLE = Box(0.0, 0.0, 1.0, 1.0)


class Aligned(NamedTuple):
    """Where the pictures of some pairs lie, one row a pair.

    maps: (n, 4); a point (x, y) of the one picture is at (a x + b, c y + d) of the other.
    mirrored: whether the other is to be seen in a mirror.
    correlation: of the greys where both pictures are, at a coarse scale; -1 to 1.
    """

    maps: Array
    mirrored: Flags
    correlation: Array


def content(picture: Array, within: Box = WHOLE) -> Box:
    """Return what is left of a (64, 64, 3) picture without margins of one colour.

    A picture that is all margin has none. `within` tells the part that is looked at.
    """
    left, top, right, bottom = (round(each * SIDE) for each in within)
    planes = picture.transpose(2, 0, 1)[:, top:bottom, left:right]
    across, down = _margins(planes, axis=1), _margins(planes, axis=2)
    sides = [across[0], down[0], across[1], down[1]]
    width, height = right - left, bottom - top
    if width - sides[0] - sides[2] < LEAST_CONTENT * SIDE:
        sides[0] = sides[2] = 0
    if height - sides[1] - sides[3] < LEAST_CONTENT * SIDE:
        sides[1] = sides[3] = 0
    edges = (left + sides[0], top + sides[1], right - sides[2], bottom - sides[3])
    return Box(*(each / SIDE for each in edges))


def contents(picture: Array) -> list[Box]:
    """Return a picture's whole, what its margins leave, and what theirs leave: up to three."""
    found = [WHOLE]
    for _ in range(2):
        inner = content(picture, found[-1])
        if inner == found[-1]:
            break
        found.append(inner)
    return found


def align(one: Array, one_boxes: list[Box], others: Array, other_boxes: list[list[Box]]) -> Aligned:
    """Find one picture in others, as they are and mirrored.

    one: (64, 64) greys. others: (n, 64, 64). The boxes are the `contents` of each.
    """
    count = len(others)
    owner, flipped, starts = _starts(one_boxes, other_boxes)
    seen = np.where(flipped[:, None, None], others[owner][:, :, ::-1], others[owner])
    small, coarse = halved(halved(seen)), halved(halved(one[None]))[0]
    rough = correlation(coarse, small, starts)
    kept = _best(owner, rough, count, STARTS)
    maps = _refined(coarse, small[kept], starts[kept])
    found = correlation(coarse, small[kept], maps)
    best = _best(owner[kept], found, count, 1)
    maps, chosen, found = maps[best], kept[best], found[best]
    hopeful = np.flatnonzero(found >= HOPEFUL)
    if len(hopeful):
        fine = seen[chosen[hopeful]]
        better = _refined(halved(one[None])[0], halved(fine), maps[hopeful])
        maps[hopeful] = _refined(one, fine, better)
    return Aligned(maps, flipped[chosen], found)


def closer(one: Array, others: Array, maps: Array) -> Array:
    """Return maps that fit (64, 64) greys once more, each pair in a frame that is its own.

    one, others: (n, 64, 64), in each pair's frame. maps: (n, 4), from that frame to the others'.
    """
    still = np.tile(np.array([1, 0, 1, 0], np.float32), (len(maps), 1))
    return then(_refined(one, others, still), maps)


def then(first: Array, second: Array) -> Array:
    """Return the maps that do the first, then the second."""
    scale = second[:, 0::2] * first[:, 0::2]
    shift = second[:, 0::2] * first[:, 1::2] + second[:, 1::2]
    return np.stack([scale[:, 0], shift[:, 0], scale[:, 1], shift[:, 1]], axis=1)


def laid(pictures: Array, maps: Array, side: int | None = None) -> tuple[Array, Flags]:
    """Return (n, s, s) pictures as the maps lay them, and where they reach, as flags.

    side: of what is returned, if not that of the pictures.
    """
    sides = pictures.shape[-1], side or pictures.shape[-1]
    across, reach_x = _sampling(maps[:, 0], maps[:, 1], *sides)
    down, reach_y = _sampling(maps[:, 2], maps[:, 3], *sides)
    over = np.asarray(down @ pictures @ across.transpose(0, 2, 1), np.float32)
    return over, reach_y[:, :, None] & reach_x[:, None, :]


def correlation(one: Array, others: Array, maps: Array) -> Array:
    """Return how pictures that are laid on another one correlate with it; -1 with little overlap.

    one: (s, s). others: (n, s, s).
    """
    over, reach = laid(others, maps)
    mask = reach.astype(np.float32)
    points = mask.sum((1, 2))
    safe = np.maximum(points, 1.0)[:, None, None]
    first = (one - (one * mask).sum((1, 2), keepdims=True) / safe) * mask
    second = (over - (over * mask).sum((1, 2), keepdims=True) / safe) * mask
    power = (first * first).sum((1, 2)) * (second * second).sum((1, 2))
    found = (first * second).sum((1, 2)) / np.sqrt(power + 1e-9)
    return np.where(points < LEAST_OVERLAP * one.size, -1.0, found).astype(np.float32)


def _margins(planes: Array, axis: int) -> tuple[int, int]:
    """Return how many lines of (3, height, width) planes are margin, from the first and the last.

    axis: along the lines. Margin is of its first line's colour throughout; the line after it is
    half margin as a rule, so it counts as well.
    """
    flat = (planes.max(axis=axis) - planes.min(axis=axis)).max(axis=0) < FLAT
    colours = planes.mean(axis=axis)

    def count(first: int, step: int) -> int:
        even = np.abs(colours - colours[:, first, None]).max(axis=0) < EVEN
        bare = (flat & even)[::step]
        lines = 0 if bare.all() else int(np.argmin(bare))
        return lines and lines + 1

    return count(0, 1), count(-1, -1)


def _starts(one: list[Box], others: list[list[Box]]) -> tuple[npt.NDArray[np.intp], Flags, Array]:
    """Return what to begin with: every part of the one laid on every part of each other."""
    owner: list[int] = []
    flipped: list[bool] = []
    maps: list[tuple[float, ...]] = []
    for number, boxes in enumerate(others):
        for mirror in (False, True):
            turned = [Box(1 - b.right, b.top, 1 - b.left, b.bottom) if mirror else b for b in boxes]
            found = {_between(first, second) for first in one for second in turned}
            maps += sorted(found)
            owner += [number] * len(found)
            flipped += [mirror] * len(found)
    return np.array(owner, np.intp), np.array(flipped), np.array(maps, np.float32)


def _between(first: Box, second: Box) -> tuple[float, float, float, float]:
    """Return the map that takes one box to another."""
    across = (second.right - second.left) / (first.right - first.left)
    down = (second.bottom - second.top) / (first.bottom - first.top)
    return across, second.left - across * first.left, down, second.top - down * first.top


def _best(owner: npt.NDArray[np.intp], worth: Array, count: int, most: int) -> npt.NDArray[np.intp]:
    """Return the rows of the greatest worth, up to `most` for each owner, owners in order."""
    order = np.lexsort((-worth, owner))
    place = np.arange(len(order)) - np.searchsorted(owner[order], owner[order])
    return np.asarray(order[place < most])


def _refined(one: Array, others: Array, maps: Array) -> Array:
    """Take Gauss-Newton steps from the maps, at the scale of the pictures given."""
    side = one.shape[-1]
    grid = ((np.arange(side) + 0.5) / side).astype(np.float32)
    slopes: list[Array] = [np.asarray(np.gradient(others, axis=axis)) for axis in (1, 2)]
    # Steep enough to keep flat pictures from wandering, and no more.
    ridge = np.diag([2e-5 * side**2] * 4 + [2e-7 * side**2] * 2)
    target = one.reshape(-1, side * side, 1).astype(np.float32)
    for _ in range(STEPS[side]):
        over, reach = laid(others, maps)
        low, right = (laid(each, maps)[0] * side for each in slopes)
        rows = (right * grid, right, low * grid[:, None], low, over, np.ones_like(over))
        design = np.stack(rows, axis=-1).reshape(len(maps), -1, 6)
        weighed = (design * reach.reshape(len(maps), -1, 1)).transpose(0, 2, 1)
        normal = (weighed @ design).astype(np.float64) + ridge
        solved = np.linalg.solve(normal, (weighed @ target).astype(np.float64))[..., 0]
        # The fifth unknown is the contrast, by which the four others come multiplied.
        contrast = np.maximum(solved[:, 4:5], 0.2)
        step = np.clip(solved[:, :4] / contrast, -LONGEST_STEP, LONGEST_STEP)
        maps = (maps + step).astype(np.float32)
        maps[:, 0::2] = np.clip(maps[:, 0::2], 0.5, 2.0)
        maps[:, 1::2] = np.clip(maps[:, 1::2], -0.6, 0.6)
    return maps


def _sampling(scale: Array, shift: Array, side: int, out: int) -> tuple[Array, Flags]:
    """Return (n, out, side) matrices that sample a line at `scale` x + `shift`, and what is in."""
    grid = ((np.arange(out) + 0.5) / out).astype(np.float32)
    place = scale[:, None] * grid + shift[:, None]
    pixel = np.clip(place * side - 0.5, 0, side - 1)
    # A triangle about each place: linear interpolation, or a mean where points are skipped.
    width = np.maximum(1, scale * side / out)[:, None, None]
    distance = np.abs(pixel[:, :, None] - np.arange(side, dtype=np.float32))
    weights = np.maximum(0, 1 - distance / width)
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights.astype(np.float32), (place >= 0) & (place <= 1)


def halved(pictures: Array) -> Array:
    """Return (n, s, s) pictures at half the size."""
    upper, lower = pictures[:, 0::2], pictures[:, 1::2]
    rows = upper + lower
    # A mean over two axes of a reshaped picture says the same in several times the time.
    return np.asarray((rows[..., 0::2] + rows[..., 1::2]) * np.float32(0.25))
