"""A canvas of light: antialiased outlines, soft shadows and shaded solids.

Outlines are drawn four times larger inside their own bounding box and averaged down; shading
happens at the final size. It knows nothing of what the shapes stand for.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from drawing.paths import Array
from PIL import Image, ImageDraw

Colour = tuple[float, float, float]
Paint = Colour | Callable[[Array, Array], Array]
"""One sRGB colour in [0, 1], or a function from item coordinates (u, v) to colours (h, w, 3)."""
Shade = Callable[[Array, Array], Array]

SUPER = 4
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
    pad = [(r + 1, r), (0, 0)] if axis == 0 else [(0, 0), (r + 1, r)]
    total = np.cumsum(np.pad(field, pad, mode="edge"), axis=axis, dtype=np.float32)
    n = 2 * r + 1
    if axis == 0:
        return np.asarray((total[n:] - total[:-n]) / n, dtype=np.float32)
    return np.asarray((total[:, n:] - total[:, :-n]) / n, dtype=np.float32)


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
    """Return colours (h, w, 3) lit by ``shade`` (h, w): 1 as they are, less darker, more lighter."""
    t = np.clip(shade, 0.0, 2.0)[..., None] - 1.0
    dark = rgb * np.array([0.40, 0.36, 0.42], dtype=np.float32)
    light = rgb + (1.0 - rgb) * np.array([0.66, 0.62, 0.56], dtype=np.float32)
    lit = np.where(t < 0, rgb + (rgb - dark) * t, rgb + (light - rgb) * t)
    return np.asarray(lit, dtype=np.float32)


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

    def local(self, xs: Array, ys: Array) -> tuple[Array, Array]:
        """Return the item coordinates of pixels."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        dx, dy = (xs - self.x) / self.size, (ys - self.y) / self.size
        u = dx * c + dy * s
        v = dy * c - dx * s
        return np.asarray(-u if self.flip else u, np.float32), np.asarray(v, np.float32)

    def at(self, u: float, v: float, scale: float = 1.0, turn: float = 0.0) -> Frame:
        """Return the frame of a part whose origin is (u, v) here."""
        x, y = self.place(np.array([(u, v)], dtype=np.float32))[0]
        turned = self.angle + (-turn if self.flip else turn)
        return replace(self, x=float(x), y=float(y), size=self.size * scale, angle=turned)


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
        part += (np.asarray(rgb, dtype=np.float32) - part) * (stencil.alpha * opacity)[..., None]

    def shadow(
        self, stencil: Stencil, dx: float, dy: float, blur: float, opacity: float
    ) -> None:
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
            self.lay(part, below * np.array([0.22, 0.2, 0.25], dtype=np.float32), opacity)

    def glow(self, x: float, y: float, radius: float, colour: Colour, opacity: float) -> None:
        """Add light around (x, y), in pixels."""
        ys, xs = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        fall = np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (radius * radius)) * opacity
        self.pixels += (1 - self.pixels) * np.array(colour, np.float32) * fall[..., None]

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
        ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
        return frame.local(xs + stencil.left, ys + stencil.top)

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
            gy, gx = np.gradient(height)
            slope = -(gx * LIGHT[0] + gy * LIGHT[1])[pad:-pad, pad:-pad] * radius
            lit = lit + bulge * slope * 1.15 + bulge * 0.16 * (height[pad:-pad, pad:-pad] - 0.8)
            if gloss:
                peak = np.clip(slope * 2.6 - 0.42, 0, 1)
                lit = lit + gloss * peak
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

    def finish(self, warmth: float = 0.0, grain: float = 0.012, vignette: float = 0.12) -> Image.Image:
        """Return the picture with the look of a photograph: colour cast, falling corners, grain."""
        xs, ys = self.grid()
        fall = 1 - vignette * (((xs - 0.5) * 1.5) ** 2 + ((ys - 0.5) * 1.5) ** 2) ** 1.3
        self.pixels *= fall[..., None]
        self.pixels *= np.array([1 + warmth, 1.0, 1 - warmth], dtype=np.float32)
        source = np.random.default_rng(self.rng.getrandbits(32))
        speck = source.standard_normal((self.height, self.width), dtype=np.float32)
        self.pixels += (speck * grain)[..., None]
        return Image.fromarray((np.clip(self.pixels, 0, 1) * 255 + 0.5).astype(np.uint8))
