"""Outlines: smooth closed curves from a few points, in an item's own units (y points down)."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Point = tuple[float, ...]
Points = str | Sequence[Point]
"""Points (x, y) or (x, y, 1) for a corner, or the same as text: ``"0,-.5 .3,-.4! 0,.5"``."""


@cache
def _read(text: str) -> tuple[Point, ...]:
    points: list[Point] = []
    for word in text.split():
        x, y = word.rstrip("!").split(",")
        points.append((float(x), float(y), 1.0) if word.endswith("!") else (float(x), float(y)))
    return tuple(points)


def _points(points: Points) -> Sequence[Point]:
    return _read(points) if isinstance(points, str) else points


def curve(points: Points, closed: bool = True, steps: int = 8) -> Array:
    """Return a smooth path through ``points``; that of a text is kept and cannot be changed."""
    if isinstance(points, str):
        return _kept(points, closed, steps)
    n = len(points)
    xy = np.array([(p[0], p[1]) for p in points], dtype=np.float32)
    sharp = [len(p) > 2 and p[2] == 1 for p in points]
    t = np.linspace(0.0, 1.0, steps, endpoint=False, dtype=np.float32)[:, None]
    parts: list[Array] = []
    for i in range(n if closed else n - 1):
        a, b = xy[i], xy[(i + 1) % n]
        before = a if sharp[i] or (not closed and i == 0) else xy[i - 1]
        j = (i + 1) % n
        after = b if sharp[j] or (not closed and j == n - 1) else xy[(i + 2) % n]
        reach = float(np.hypot(*(b - a)))
        ta = _tangent(before, b, reach) if before is not a else (b - a) * 0.6
        tb = _tangent(a, after, reach) if after is not b else (b - a) * 0.6
        h00, h10 = 2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t
        h01, h11 = -2 * t**3 + 3 * t**2, t**3 - t**2
        parts.append((h00 * a + h10 * ta + h01 * b + h11 * tb).astype(np.float32))
    if not closed:
        parts.append(xy[-1:])
    return np.concatenate(parts)


@cache
def _kept(text: str, closed: bool, steps: int) -> Array:
    path = curve(_read(text), closed, steps)
    path.setflags(write=False)
    return path


def _tangent(before: Array, after: Array, reach: float) -> Array:
    way = after - before
    length = float(np.hypot(*way))
    return np.asarray(way * (reach / length if length else 0.0), dtype=np.float32)


def mirror(right: Points) -> Array:
    """Return the closed outline whose right half runs from the top centre to the bottom centre."""
    right = _points(right)
    left: list[Point] = [(-p[0], *p[1:]) for p in reversed(right) if abs(p[0]) > 1e-6]
    return curve([*right, *left])


def oval(x: float, y: float, rx: float, ry: float | None = None, n: int = 48) -> Array:
    """Return an ellipse around (x, y)."""
    t = np.linspace(0, 2 * math.pi, n, endpoint=False)
    return np.stack([x + rx * np.cos(t), y + (rx if ry is None else ry) * np.sin(t)], 1).astype(
        np.float32
    )


def box(x0: float, y0: float, x1: float, y1: float, r: float = 0.0) -> Array:
    """Return a rectangle with corners rounded by ``r``."""
    if r <= 0:
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=np.float32)
    r = min(r, abs(x1 - x0) / 2, abs(y1 - y0) / 2)
    t = np.linspace(0, math.pi / 2, 7)
    corners = [(x1 - r, y0 + r, -math.pi / 2), (x1 - r, y1 - r, 0.0)]
    corners += [(x0 + r, y1 - r, math.pi / 2), (x0 + r, y0 + r, math.pi)]
    parts = [np.stack([x + r * np.cos(t + a), y + r * np.sin(t + a)], 1) for x, y, a in corners]
    return np.concatenate(parts).astype(np.float32)


def poly(*points: str | Point) -> Array:
    """Return the straight-edged polygon through ``points``, tuples or words like ``"0,1 1,1"``."""
    found = [p for one in points for p in (_read(one) if isinstance(one, str) else (one,))]
    return np.array([(p[0], p[1]) for p in found], dtype=np.float32)


def stroke(points: Points, width: float, end: float | None = None) -> Array:
    """Return a smooth band along ``points``, ``width`` wide and ``end`` wide at its end."""
    line = curve(points, closed=False)
    way = np.gradient(line, axis=0)
    way /= np.maximum(np.hypot(way[:, :1], way[:, 1:]), 1e-6)
    side = np.stack([-way[:, 1], way[:, 0]], 1)
    last = width if end is None else end
    half = np.linspace(width / 2, last / 2, len(line), dtype=np.float32)[:, None]
    return np.concatenate([line + side * half, (line - side * half)[::-1]]).astype(np.float32)


def blob(rng: random.Random, x: float, y: float, r: float, rough: float = 0.15) -> Array:
    """Return an irregular round shape."""
    n = 9
    pts: list[Point] = []
    for i in range(n):
        s = r * (1 + rng.uniform(-rough, rough))
        a = 2 * math.pi * i / n
        pts.append((x + s * math.cos(a), y + s * math.sin(a)))
    return curve(pts)


def leaf(x: float, y: float, length: float, width: float, angle: float) -> Array:
    """Return a pointed leaf that starts at (x, y) and grows towards ``angle`` (radians)."""
    t = np.linspace(0, 1, 13)
    w = width * np.sin(math.pi * t**0.8) / 2
    along = np.concatenate([t * length, t[::-1] * length])
    across = np.concatenate([w, -w[::-1]])
    c, s = math.cos(angle), math.sin(angle)
    return np.stack([x + along * c - across * s, y + along * s + across * c], 1).astype(np.float32)
