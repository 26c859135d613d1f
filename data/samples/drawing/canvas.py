"""A canvas of light: antialiased outlines, soft shadows and shaded solids.

Outlines are drawn four times larger inside their own bounding box and averaged down; shading
happens at the final size. It knows nothing of what the shapes stand for.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from drawing.paths import Array

Colour = tuple[float, float, float]
Paint = Colour | Callable[[Array, Array], Array]
"""One sRGB colour in [0, 1], or a function from item coordinates (u, v) to colours (h, w, 3)."""
Shade = Callable[[Array, Array], Array]

SUPER = 4
DUSK = np.array([0.22, 0.2, 0.25], dtype=np.float32)
LIGHT = (-0.55, -0.83)


def soften(field: Array, radius: float) -> Array:
    """Return ``field`` (h, w) blurred by about ``radius`` pixels; edges are extended."""
    if radius < 0.4:
        return field
    h, w = field.shape
    f = max(1, int(radius / 2.5))
    small = field
    if f > 1:
        size = (max(2, round(w / f)), max(2, round(h / f)))
        small = np.asarray(Image.fromarray(field).resize(size, Image.Resampling.BOX))
    r = max(1, round(radius / f * 0.85))
    for _ in range(2):
        for axis in (0, 1):
            small = _box(small, r, axis)
    if f > 1:
        small = np.asarray(Image.fromarray(small).resize((w, h), Image.Resampling.BICUBIC))
    return small


def _box(field: Array, r: int, axis: int) -> Array:
    length = field.shape[axis]
    total = np.cumsum(field.take(_edges(length, r), axis=axis), axis=axis, dtype=np.float32)
    n = 2 * r + 1
    if axis == 0:
        return np.asarray((total[n:] - total[:-n]) * np.float32(1 / n))
    return np.asarray((total[:, n:] - total[:, :-n]) * np.float32(1 / n))


@lru_cache(maxsize=4096)
def _edges(length: int, r: int) -> NDArray[np.int64]:
    return np.clip(np.arange(-r - 1, length + r), 0, length - 1)


def noise(rng: random.Random, h: int, w: int, cell_x: float, cell_y: float | None = None) -> Array:
    """Return smooth noise (h, w) around 0, mostly within [-1, 1], with cells in pixels."""
    source = np.random.default_rng(rng.getrandbits(32))
    gx = max(2, math.ceil(w / cell_x) + 1)
    gy = max(2, math.ceil(h / (cell_x if cell_y is None else cell_y)) + 1)
    grid = source.random((gy, gx), dtype=np.float32) * 2 - 1
    return np.asarray(Image.fromarray(grid).resize((w, h), Image.Resampling.BICUBIC))


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """Return the colour ``t`` of the way from ``a`` to ``b``."""
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def tone(rgb: Array, shade: Array) -> Array:
    """Return colours (h, w, 3) lit by ``shade`` (h, w): below 1 darker, above lighter."""
    t = np.clip(shade, 0.0, 2.0) - 1.0
    down, up = np.minimum(t, 0.0), np.maximum(t, 0.0)
    out = np.empty((*t.shape, 3), dtype=np.float32)
    for i, (shadow, light) in enumerate(((0.60, 0.66), (0.64, 0.62), (0.58, 0.56))):
        plane = rgb[..., i] * (1.0 + shadow * down)
        out[..., i] = plane + (1.0 - plane) * (light * up)
    return out


@dataclass(frozen=True)
class Frame:
    """Where an item's own coordinates lie on the canvas: centre, pixels per unit, turn."""

    x: float
    y: float
    size: float
    angle: float = 0.0
    flip: bool = False

    def place(self, path: Array) -> Array:
        """Return ``path`` in pixels."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        u = -path[:, 0] if self.flip else path[:, 0]
        v = path[:, 1]
        x = self.x + self.size * (u * c - v * s)
        return np.stack([x, self.y + self.size * (u * s + v * c)], 1).astype(np.float32)

    def point(self, u: float, v: float) -> tuple[float, float]:
        """Return where (u, v) lies, in pixels."""
        x, y = self.place(np.array([(u, v)], dtype=np.float32))[0]
        return float(x), float(y)

    def local(self, xs: Array, ys: Array) -> tuple[Array, Array]:
        """Return the item coordinates of pixels."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        dx, dy = (xs - self.x) / self.size, (ys - self.y) / self.size
        side = -1 if self.flip else 1
        u = dx * np.float32(c * side) + dy * np.float32(s * side)
        v = dy * np.float32(c) - dx * np.float32(s)
        return np.asarray(u, np.float32), np.asarray(v, np.float32)

    def at(self, u: float, v: float, scale: float = 1.0, turn: float = 0.0) -> Frame:
        """Return the frame of a part whose origin is (u, v) here."""
        x, y = self.point(u, v)
        turned = self.angle + (-turn if self.flip else turn)
        return replace(self, x=x, y=y, size=self.size * scale, angle=turned)


ONE = Frame(0.0, 0.0, 1.0)
"""The canvas itself: its units are pixels."""


@dataclass(frozen=True)
class Stencil:
    """Coverage in [0, 1] of the pixels from (left, top) on."""

    left: int
    top: int
    alpha: Array


class Canvas:
    """A picture in the making: ``pixels`` (h, w, 3) in sRGB [0, 1]."""

    def __init__(self, width: int, height: int, rng: random.Random) -> None:
        self.width, self.height, self.rng = width, height, rng
        self.pixels: Array = np.zeros((height, width, 3), dtype=np.float32)

    def grid(self) -> tuple[Array, Array]:
        """Return x and y of every pixel, in fractions of the width and the height."""
        ys, xs = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        return xs / self.width, ys / self.height

    def stencil(
        self, frame: Frame, paths: Array | Sequence[Array], holes: Sequence[Array] = ()
    ) -> Stencil:
        """Return the coverage of the union of ``paths`` without ``holes``."""
        placed = [frame.place(p) for p in ([paths] if isinstance(paths, np.ndarray) else paths)]
        low = np.min([p.min(0) for p in placed], axis=0)
        high = np.max([p.max(0) for p in placed], axis=0)
        left, top = max(0, int(low[0]) - 2), max(0, int(low[1]) - 2)
        right = min(self.width, math.ceil(high[0]) + 3)
        bottom = min(self.height, math.ceil(high[1]) + 3)
        if right <= left or bottom <= top:
            return Stencil(0, 0, np.zeros((1, 1), dtype=np.float32))
        picture = Image.new("L", ((right - left) * SUPER, (bottom - top) * SUPER))
        pen = ImageDraw.Draw(picture)
        for ink, group in ((255, placed), (0, [frame.place(p) for p in holes])):
            for p in group:
                pen.polygon(((p - (left, top)) * SUPER).ravel().tolist(), fill=ink)
        alpha = np.asarray(picture.reduce(SUPER), dtype=np.float32) / 255.0
        return Stencil(left, top, alpha)

    def lay(self, stencil: Stencil, rgb: Array | Colour, opacity: float = 1.0) -> None:
        """Blend ``rgb`` (one colour, or (h, w, 3) of the stencil) into the picture."""
        h, w = stencil.alpha.shape
        part = self.pixels[stencil.top : stencil.top + h, stencil.left : stencil.left + w]
        alpha = stencil.alpha if opacity == 1.0 else stencil.alpha * np.float32(opacity)
        for i in range(3):
            plane = rgb[i] if isinstance(rgb, tuple) else rgb[..., i]
            part[..., i] += (plane - part[..., i]) * alpha

    def shadow(self, stencil: Stencil, dx: float, dy: float, blur: float, opacity: float) -> None:
        """Darken what lies below ``stencil``, moved by (dx, dy) and blurred, in pixels."""
        pad = int(blur * 2.2) + 2
        alpha = soften(np.pad(stencil.alpha, pad), blur)
        left, top = stencil.left - pad + round(dx), stencil.top - pad + round(dy)
        cut_x, cut_y = max(0, -left), max(0, -top)
        alpha = alpha[cut_y : self.height - top, cut_x : self.width - left]
        if alpha.size:
            part = Stencil(left + cut_x, top + cut_y, np.clip(alpha, 0, 1))
            h, w = part.alpha.shape
            below = self.pixels[part.top : part.top + h, part.left : part.left + w]
            self.lay(part, below * DUSK, opacity)

    def glow(self, x: float, y: float, radius: float, colour: Colour, opacity: float) -> None:
        """Add light around (x, y), in pixels."""
        xs = np.arange(self.width, dtype=np.float32)[None, :]
        ys = np.arange(self.height, dtype=np.float32)[:, None]
        across = np.exp(-((xs - x) ** 2) / (radius * radius))
        fall = np.exp(-((ys - y) ** 2) / (radius * radius)) * across * np.float32(opacity)
        for i in range(3):
            self.pixels[..., i] += (1 - self.pixels[..., i]) * (fall * np.float32(colour[i]))

    def fill(
        self, frame: Frame, paths: Array | Sequence[Array], paint: Paint, opacity: float = 1.0
    ) -> Stencil:
        """Paint flat."""
        stencil = self.stencil(frame, paths)
        self.lay(stencil, self._colours(stencil, frame, paint), opacity)
        return stencil

    def _colours(self, stencil: Stencil, frame: Frame, paint: Paint) -> Array:
        h, w = stencil.alpha.shape
        if callable(paint):
            return paint(*self._local(stencil, frame))
        return np.broadcast_to(np.asarray(paint, dtype=np.float32), (h, w, 3))

    def _local(self, stencil: Stencil, frame: Frame) -> tuple[Array, Array]:
        h, w = stencil.alpha.shape
        xs = np.arange(stencil.left, stencil.left + w, dtype=np.float32)[None, :]
        ys = np.arange(stencil.top, stencil.top + h, dtype=np.float32)[:, None]
        return frame.local(xs, ys)

    def solid(
        self,
        frame: Frame,
        paths: Array | Sequence[Array],
        paint: Paint,
        *,
        holes: Sequence[Array] = (),
        bulge: float = 1.0,
        depth: float = 0.13,
        gloss: float = 0.0,
        rough: float = 0.0,
        shade: Shade | None = None,
        cast: float = 0.0,
    ) -> Stencil:
        """Paint a shape as a softly lit body.

        ``bulge`` is how round it is, over ``depth`` units from its edge; ``gloss`` adds a
        highlight, ``rough`` a fine texture, ``shade`` folds or the like (offsets around 0);
        ``cast`` is the opacity of the shadow on what lies right behind it.
        """
        stencil = self.stencil(frame, paths, holes)
        if stencil.alpha.size <= 1:
            return stencil
        if cast:
            reach = max(1.5, frame.size * 0.035)
            self.shadow(stencil, reach * 0.7, reach, reach, cast)
        rgb = self._colours(stencil, frame, paint)
        h, w = stencil.alpha.shape
        lit: Array = np.ones((h, w), dtype=np.float32)
        if bulge and min(h, w) > 3:
            radius = max(1.0, depth * frame.size)
            pad = int(radius * 2) + 2
            padded = np.pad(stencil.alpha, pad)
            height = soften(padded, radius)
            gy, gx = (np.asarray(np.gradient(height, axis=i), np.float32) for i in (0, 1))
            slope = -(gx * LIGHT[0] + gy * LIGHT[1])[pad:-pad, pad:-pad] * radius
            body = slope * 1.15 + 0.16 * (height[pad:-pad, pad:-pad] - 0.8)
            lit = np.asarray(lit + bulge * body, np.float32)
            if gloss:
                peak = np.clip(slope * 2.6 - 0.42, 0, 1)
                lit = np.asarray(lit + gloss * peak, np.float32)
        if shade is not None:
            lit = lit + shade(*self._local(stencil, frame))
        if rough:
            lit = lit + rough * noise(self.rng, h, w, max(1.0, frame.size * 0.012))
        self.lay(stencil, tone(rgb, np.asarray(lit, dtype=np.float32)))
        return stencil

    def ground(self, x: float, y: float, rx: float, ry: float, opacity: float = 0.45) -> None:
        """Lay the soft shadow of something that stands at (x, y), in pixels."""
        t = np.linspace(0, 2 * math.pi, 40, endpoint=False)
        path = np.stack([np.cos(t) * rx, np.sin(t) * ry], 1).astype(np.float32)
        mark = self.stencil(Frame(x, y, 1.0), path)
        self.shadow(mark, rx * 0.12, ry * 0.25, max(1.5, ry * 0.8), opacity)

    def blur(self, radius: float) -> None:
        """Throw everything drawn so far out of focus."""
        for i in range(3):
            self.pixels[..., i] = soften(np.ascontiguousarray(self.pixels[..., i]), radius)

    def finish(
        self, warmth: float = 0.0, grain: float = 0.012, vignette: float = 0.12
    ) -> Image.Image:
        """Return the picture with the look of a photograph: colour cast, falling corners, grain."""
        xs, ys = self.grid()
        fall = 1 - vignette * (((xs - 0.5) * 1.5) ** 2 + ((ys - 0.5) * 1.5) ** 2) ** 1.3
        source = np.random.default_rng(self.rng.getrandbits(32))
        speck = source.standard_normal((self.height, self.width), dtype=np.float32)
        speck *= np.float32(grain)
        for i, tint in enumerate((1 + warmth, 1.0, 1 - warmth)):
            self.pixels[..., i] = self.pixels[..., i] * (fall * np.float32(tint)) + speck
        return Image.fromarray((np.clip(self.pixels, 0, 1) * 255 + 0.5).astype(np.uint8))
