"""An item to draw: its colour, its pattern and the cloth that both make."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np

from drawing.canvas import Colour, Paint, Shade
from drawing.palette import accent, darker, rgb, word
from drawing.paths import Array

FLOWERS = ("d8455f", "f2b5c4", "f5e6c8", "e98a3c", "8d6fc0", "fbf7ee", "e7c343", "5f8fd0")


@dataclass(frozen=True)
class Item:
    """What to draw: the colour word and its shade, the pattern, and the source of chance."""

    kind: str
    name: str
    colour: Colour
    second: Colour
    pattern: str
    rng: random.Random
    setting: str = "studio"

    @property
    def dark(self) -> Colour:
        """The colour in shade, for linings and seams."""
        return darker(self.colour, 0.35)

    def cloth(self, scale: float = 1.0, bend: float = 0.0, turn: float = 0.0) -> Paint:
        """Return the paint of the patterned surface; ``scale`` is the pattern's size in units."""
        rng = random.Random(self.rng.getrandbits(32))
        angle = turn + rng.uniform(-0.06, 0.06)
        if self.pattern == "striped":
            return stripes(self.colour, self.second, scale * rng.uniform(0.8, 1.15), angle, bend)
        if self.pattern == "dotted":
            return dots(self.colour, self.second, scale * rng.uniform(0.85, 1.15), angle, bend)
        if self.pattern == "checked":
            return checks(self.colour, self.second, scale * rng.uniform(0.9, 1.25), angle, bend)
        if self.pattern == "floral":
            return floral(rng, self.colour, self.second, scale * rng.uniform(1.0, 1.25), angle)
        return self.colour


def item(rng: random.Random, kind: str, name: str, pattern: str, setting: str = "studio") -> Item:
    """Return an item with shades chosen by ``rng``."""
    base = word(rng, name)
    return Item(kind, name, base, accent(rng, name, base), pattern, rng, setting)


def _turn(u: Array, v: Array, angle: float, bend: float) -> tuple[Array, Array]:
    c, s = math.cos(angle), math.sin(angle)
    x = u * c + v * s + bend * np.sin(v * 5.0) * 0.05
    y = v * c - u * s + bend * np.sin(u * 6.0 + 0.7) * 0.05
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _edge(field: Array, soft: float) -> Array:
    return np.asarray(np.clip(field / soft + 0.5, 0, 1), dtype=np.float32)


def _blend(a: Colour, b: Colour, t: Array) -> Array:
    low, high = np.asarray(a, np.float32), np.asarray(b, np.float32)
    return low + (high - low) * t[..., None]


def _soft(x: Array) -> float:
    step = abs(float(x[0, -1]) - float(x[0, 0])) / max(1, int(x.shape[1]) - 1)
    return max(1e-3, step * 1.4)


def stripes(a: Colour, b: Colour, scale: float, angle: float = 0.0, bend: float = 0.0) -> Paint:
    """Return bands of ``b`` on ``a``, across x when ``angle`` is 0."""
    period = 0.17 * scale

    def paint(u: Array, v: Array) -> Array:
        x, _ = _turn(u, v, angle, bend)
        wave = np.abs((x / period) % 1.0 - 0.5) - 0.31
        return _blend(a, b, _edge(wave * period, _soft(u)))

    return paint


def dots(a: Colour, b: Colour, scale: float, angle: float = 0.0, bend: float = 0.0) -> Paint:
    """Return round spots of ``b`` on ``a``, in a diamond grid."""
    period = 0.17 * scale

    def paint(u: Array, v: Array) -> Array:
        x, y = _turn(u, v, angle, bend)
        row = np.floor(y / period)
        dx = (x / period + 0.5 * (row % 2)) % 1.0 - 0.5
        dy = (y / period) % 1.0 - 0.5
        return _blend(a, b, _edge((0.29 - np.hypot(dx, dy)) * period, _soft(u)))

    return paint


def checks(a: Colour, b: Colour, scale: float, angle: float = 0.0, bend: float = 0.0) -> Paint:
    """Return a woven check: bands both ways, strong where they cross, with a thin dark line."""
    period = 0.26 * scale

    def paint(u: Array, v: Array) -> Array:
        x, y = _turn(u, v, angle, bend)
        soft = _soft(u)
        across = _edge((np.abs((x / period) % 1.0 - 0.5) - 0.29) * period, soft)
        down = _edge((np.abs((y / period) % 1.0 - 0.5) - 0.29) * period, soft)
        rgb_ = _blend(a, b, across * 0.5 + down * 0.5)
        for z in (x, y):
            line = _edge((0.045 - np.abs((z / period + 0.5) % 1.0 - 0.5)) * period, soft)
            rgb_ = (
                rgb_ + (np.asarray(darker(a, 0.45), np.float32) - rgb_) * (line * 0.75)[..., None]
            )
        return np.asarray(rgb_, np.float32)

    return paint


def floral(rng: random.Random, a: Colour, b: Colour, scale: float, angle: float = 0.0) -> Paint:
    """Return scattered five-petalled flowers with leaves on ``a``."""
    period = 0.25 * scale
    shades = [b, *(rgb(c) for c in rng.sample(FLOWERS, 3))]
    shades = sorted(shades, key=lambda c: -sum((x - y) ** 2 for x, y in zip(c, a, strict=True)))
    table = np.array(shades[:3], dtype=np.float32)
    key = rng.uniform(0, 50)
    green = np.array(rgb("5d8a4f") if sum(a) > 1.0 else rgb("86b070"), dtype=np.float32)

    def chance(i: Array, j: Array, k: float) -> Array:
        return np.asarray(np.modf(np.abs(np.sin(i * 12.9898 + j * 78.233 + k) * 4375.85))[0])

    def paint(u: Array, v: Array) -> Array:
        along, down = _turn(u, v, angle, 0.0)
        y = np.asarray(down / period, np.float32)
        j = np.asarray(np.floor(y), np.float32)
        x = np.asarray(along / period + 0.5 * (j % 2), np.float32)
        i = np.asarray(np.floor(x), np.float32)
        dx = x - i - 0.5 - (chance(i, j, key) - 0.5) * 0.24
        dy = y - j - 0.5 - (chance(i, j, key + 3) - 0.5) * 0.24
        r, theta = np.hypot(dx, dy), np.arctan2(dy, dx) + chance(i, j, key + 5) * 6.28
        reach = 0.27 + 0.11 * chance(i, j, key + 7)
        petal = reach * (0.62 + 0.38 * np.abs(np.cos(theta * 2.5)))
        soft = _soft(u) / period
        out = np.broadcast_to(np.asarray(a, np.float32), (*u.shape, 3))
        leaf = (reach * 1.45) * np.abs(np.cos(theta * 1.0 + 0.6)) ** 9
        out = out + (green - out) * _edge(leaf - r, soft)[..., None]
        pick = np.clip((chance(i, j, key + 9) * len(table)).astype(int), 0, len(table) - 1)
        bloom = table[pick] * (0.86 + 0.16 * np.clip(r / reach, 0, 1))[..., None]
        out = out + (bloom - out) * _edge(petal - r, soft)[..., None]
        heart = np.where(
            table[pick].mean(-1, keepdims=True) > 0.75, rgb("d9a02c"), rgb("f6d978")
        ).astype(np.float32)
        return np.asarray(out + (heart - out) * _edge(reach * 0.3 - r, soft)[..., None], np.float32)

    return paint


def folds(rng: random.Random, count: float, depth: float, flare: float = 0.0) -> Shade:
    """Return hanging folds: ``count`` a unit of width, spreading downwards by ``flare``."""
    a, b, c = (rng.uniform(0, 6.28) for _ in range(3))

    def shade(u: Array, v: Array) -> Array:
        x = u / np.maximum(0.3, 1 + flare * v) * count
        wave = np.sin(x * 6.28 + a + np.sin(v * 2.3 + b) * 0.6) + 0.5 * np.sin(x * 11.1 + c + v)
        return np.asarray(depth * wave * np.clip(0.55 + v * 0.5, 0.15, 1.0), dtype=np.float32)

    return shade


def creases(rng: random.Random, depth: float, scale: float = 1.0) -> Shade:
    """Return the soft irregular creases of worn cloth."""
    p = [rng.uniform(0, 6.28) for _ in range(4)]

    def shade(u: Array, v: Array) -> Array:
        x, y = u / scale, v / scale
        wave = np.sin(x * 7 + y * 4 + p[0] + 1.3 * np.sin(y * 5 + p[1]))
        wave = wave + 0.7 * np.sin(x * 3 - y * 9 + p[2] + 1.1 * np.sin(x * 6 + p[3]))
        return np.asarray(depth * wave * 0.6, dtype=np.float32)

    return shade


def gingham(colour: Colour, scale: float) -> Paint:
    """Return the classic picnic check of white and ``colour``."""
    white, half = np.asarray(rgb("f6f1e8"), np.float32), np.asarray(colour, np.float32)

    def paint(u: Array, v: Array) -> Array:
        a = ((u / scale) % 1.0 < 0.5).astype(np.float32)
        b = ((v / scale) % 1.0 < 0.5).astype(np.float32)
        return np.asarray(white + (half - white) * ((a + b) * 0.5)[..., None], np.float32)

    return paint
