"""Whether two pictures that lie on each other are one in what is small, cell by cell.

A picture that was saved anew keeps the light and the colour of each of its cells, whatever became
of their texture; a thing of another colour, or another thing of the same outline, does not. Pure
functions over arrays; knows nothing of how one picture is laid on another.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

GREY: Final = np.array([0.299, 0.587, 0.114], np.float32)
CELL: Final = 8
# How far something may be from the colour of the margin and still be margin.
GROUND: Final = 0.06
# What of a cell both pictures must reach, and what of it must be no margin.
REACHED, SOLID = 0.95, 0.25
FEWEST: Final = 6
# A cell is recoloured from this distance on, and so many times that of the cells in the middle,
# where what is small in it differs by no more than this part of it: a mark brings edges along.
RECOLOURED, TIMES, PLAIN = 0.03, 3.0, 0.25
CLUMP, PAIR = 2, 1
# Less power than this in what is small is noise.
NOISE: Final = 2e-5
# Where both pictures have this much detail, over so many cells a side, the fainter is looked for.
DETAILED: Final = 5e-4
PLACE: Final = 3
# By so much details of one place correlate by chance.
CHANCE: Final = 0.15

# The thresholds, chosen on development and train pictures: docs/decisions/0046-one-outline.md.
MOST_LIGHT: Final = 0.01
MOST_DISTANCE: Final = 0.024
MOST_CLUMPED: Final = 0.012
MOST_PAIRED: Final = 0.025
# docs/decisions/0055-a-mark-adds.md
LEAST_KEPT: Final = 0.6


@dataclass(frozen=True)
class Detail:
    """How the cells of two pictures differ once contrast and brightness are made equal.

    light, distance: of the cell in the middle, of light alone and of light and hues together.
    clumped, paired: the share of cells that are recoloured and touch two others that are, or one.
    texture: how what is small within cells correlates, of the cell in the middle; -1 to 1.
    kept: how much of the fainter detail may be in the stronger, where that is least; 1 where the
        two never both have any. A mark adds to what is there; another print takes its place.
    """

    light: float
    distance: float
    clumped: float
    paired: float
    texture: float
    kept: float = 1.0

    @property
    def same(self) -> bool:
        """Whether the two may be one picture."""
        return (
            self.light <= MOST_LIGHT
            and self.distance <= MOST_DISTANCE
            and self.clumped <= MOST_CLUMPED
            and self.paired <= MOST_PAIRED
            and self.kept >= LEAST_KEPT
        )


def detail(first: Array, second: Array, reached: Flags, ground: Array | None) -> Detail | None:
    """Compare (s, s, 3) pictures that lie on each other; None where too little is to be seen.

    reached: where the second one is. ground: the colour of the margin, if there is one.
    """
    solid = reached
    if ground is not None:
        off = [np.abs(each - ground).max(axis=-1) for each in (first, second)]
        solid = reached & (np.maximum(*off) > GROUND)
    one, other = _meant(first), _meant(second)
    whole = _meant(reached.astype(np.float32)) > REACHED
    seen = whole & (_meant(solid.astype(np.float32)) > SOLID)
    if seen.sum() < FEWEST:
        seen = whole
    if seen.sum() < FEWEST:
        return None
    contrast, brightness = _fitted(one[seen] @ GREY, other[seen] @ GREY)
    light = np.abs(one @ GREY - contrast * (other @ GREY) - brightness)
    distance = np.sqrt(light**2 + (_hues(one - contrast * other) ** 2).sum(axis=-1))
    small = _high(first @ GREY), _high(second @ GREY)
    powers = _meant(small[0] ** 2), _meant(small[1] ** 2)
    shared = _meant(small[0] * small[1])
    middle = float(np.median(distance[seen]))
    rest = powers[0] - 2 * contrast * shared + contrast**2 * powers[1]
    edges = np.sqrt(np.maximum(rest, 0.0))
    inner = seen.copy()
    # What is left of a frame stands at the rim.
    inner[[0, -1]] = inner[:, [0, -1]] = False
    off_colour = inner & (distance > max(RECOLOURED, TIMES * middle)) & (edges < PLAIN * distance)
    beside = _beside(off_colour)
    count = max(1, int(inner.sum()))
    told = whole & (np.maximum(*powers) > NOISE)
    level = np.sqrt((powers[0] + NOISE / 10) * (powers[1] + NOISE / 10))
    texture = (shared + NOISE / 10) / level
    return Detail(
        light=float(np.median(light[seen])),
        distance=middle,
        clumped=float((off_colour & (beside >= CLUMP)).sum() / count),
        paired=float((off_colour & (beside >= PAIR)).sum() / count),
        texture=float(np.median(texture[told])) if told.any() else 1.0,
        kept=_kept(first @ GREY, second @ GREY, whole),
    )


def _kept(first: Array, second: Array, whole: Flags) -> float:
    """Return the least share of the fainter detail that the stronger may hold, over all places.

    Detail is what differs from its surroundings, softened, so that a shift of a part of a point is
    not seen. What is found is more by what a strong mark may hide of it by chance. A place is PLACE
    by PLACE cells, all of them `whole`, none at the rim.
    """
    one, other = (_high(_softened(greys), 2) for greys in (first, second))
    powers = [_places(_meant(each * each)) for each in (one, other)]
    fainter = np.minimum(*powers)
    there = (_places(whole.astype(np.float32)) > 0.99) & (fainter > DETAILED)
    found = _places(_meant(one * other)) + CHANCE * np.sqrt(powers[0] * powers[1])
    return min(1.0, float((found[there] / fainter[there]).min())) if there.any() else 1.0


def _places(cells: Array) -> Array:
    """Return the mean over each place, of (s, s) cells without those at the rim."""
    windows = np.lib.stride_tricks.sliding_window_view(cells[1:-1, 1:-1], (PLACE, PLACE))
    return np.asarray(windows.mean(axis=(2, 3)), np.float32)


def _softened(greys: Array) -> Array:
    """Return greys of which each is the mean of itself and those to the left, above and between."""
    wide = np.pad(greys, ((1, 0), (1, 0)), mode="edge")
    rows = wide[1:] + wide[:-1]
    return np.asarray((rows[:, 1:] + rows[:, :-1]) / np.float32(4))


def _fitted(light: Array, other: Array) -> tuple[float, float]:
    """Return contrast and brightness that bring the other to the light, marks left aside."""
    kept = np.ones(len(light), np.bool_)
    contrast, brightness = 1.0, 0.0
    for _ in range(3):
        x, y = other[kept], light[kept]
        if (spread := float(x.var())) > 1e-4:
            slope = float(((x - x.mean()) * (y - y.mean())).mean()) / spread
            contrast = min(max(slope, 0.6), 1.6)
        else:
            contrast = 1.0
        brightness = float(y.mean()) - contrast * float(x.mean())
        away = np.abs(light - contrast * other - brightness)
        kept = away <= np.quantile(away, 0.6)
    return contrast, brightness


def _meant(values: Array) -> Array:
    """Return the mean of each cell of an (s, s) or (s, s, c) array."""
    side = len(values) // CELL
    cells = values.reshape(side, CELL, side, CELL, *values.shape[2:])
    return np.asarray(cells.mean(axis=(1, 3)), np.float32)


def _high(greys: Array, reach: int = 1) -> Array:
    """Return what is left of greys without their means over the points within `reach` of each."""
    side, across = len(greys), 2 * reach + 1
    wide = np.pad(greys, reach, mode="edge")
    around = sum(wide[y : y + side, x : x + side] for y in range(across) for x in range(across))
    return np.asarray(greys - around / np.float32(across**2))


def _beside(flags: Flags) -> npt.NDArray[np.intp]:
    """Return how many of the eight cells around each are set."""
    side = len(flags)
    wide = np.pad(flags.astype(np.intp), 1)
    around = sum(wide[y : y + side, x : x + side] for y in range(3) for x in range(3))
    return np.asarray(around - flags)


def _hues(off: Array) -> Array:
    """Return differences of colours along red-green and yellow-blue."""
    red, green, blue = off[..., 0], off[..., 1], off[..., 2]
    return np.stack([red - green, (red + green) / 2 - blue], axis=-1)
