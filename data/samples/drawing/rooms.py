"""Walls, floors and the corners of a living room, a bedroom and an office."""

from __future__ import annotations

import math
import random

import numpy as np

from drawing.canvas import ONE, Canvas, Colour, Frame, mix, noise, tone
from drawing.item import item
from drawing.palette import WALLS, WARM_WOOD, apart, darker, lighter, pick, rgb
from drawing.paths import blob, box, leaf, oval, poly


def wall(c: Canvas, tint: Colour, window: bool = True) -> None:
    """Fill with a plastered wall, window light falling across it."""
    h, w, rng = c.height, c.width, c.rng
    xs, ys = c.grid()
    shade = (
        1.04
        - 0.16 * xs
        - 0.06 * ys
        + 0.018 * noise(rng, h, w, w * 0.08)
        + 0.012 * noise(rng, h, w, 6)
    )
    base = np.broadcast_to(np.asarray(tint, np.float32), c.pixels.shape)
    c.pixels[:] = tone(np.asarray(base, np.float32), np.asarray(shade, np.float32))
    if window:
        x, y, s = (
            rng.uniform(-0.1, 0.45) * w,
            rng.uniform(-0.05, 0.2) * h,
            w * rng.uniform(0.5, 0.8),
        )
        lean = rng.uniform(0.15, 0.4)
        panes = [
            poly(
                (a, b + lean * a),
                (a + 0.46, b + lean * (a + 0.46)),
                (a + 0.46, b + 0.46 + lean * (a + 0.46)),
                (a, b + 0.46 + lean * a),
            )
            for a in (0.0, 0.54)
            for b in (0.0, 0.54)
        ]
        mark = c.stencil(Frame(x, y, s), panes)
        h2, w2 = mark.alpha.shape
        below = c.pixels[mark.top : mark.top + h2, mark.left : mark.left + w2]
        c.lay(mark, below + (1 - below) * np.array([0.5, 0.44, 0.32], np.float32), 0.5)


def boards(c: Canvas, top: float, tint: Colour, gloss: float = 0.1) -> None:
    """Lay a floor of boards in perspective from ``top`` (a fraction of the height) down."""
    h, w, rng = c.height, c.width, c.rng
    y0 = int(top * h)
    ys, xs = np.mgrid[0 : h - y0, 0:w].astype(np.float32)
    depth = (h - y0) * 0.55 / (ys + (h - y0) * 0.35)
    u = (xs / w - 0.5) * depth * 5 + 20
    plank = np.floor(u)
    hue = np.modf(np.abs(np.sin(plank * 12.9)) * 97)[0]
    seam = np.clip(1.6 - np.abs(u - np.round(u)) / np.maximum(depth * 5 / w, 1e-4), 0, 1)
    grain = (
        noise(rng, h - y0, w, 3.5, (h - y0) * 0.5) * 0.07
        + noise(rng, h - y0, w, 9, (h - y0) * 0.3) * 0.06
    )
    shade = 0.95 + 0.16 * (hue - 0.5) + grain - 0.4 * seam + gloss * (ys / (h - y0))
    base = np.broadcast_to(np.asarray(tint, np.float32), (h - y0, w, 3))
    c.pixels[y0:] = tone(np.asarray(base, np.float32), np.asarray(shade, np.float32))


def _picture(c: Canvas, x: float, y: float, w: float, h: float) -> None:
    rng = c.rng
    f = Frame(x, y, 1)
    c.solid(
        f,
        box(-w, -h, w, h),
        pick(rng, ("2a2a2c", "a9774b", "f3efe6", "8f6139")),
        bulge=0.6,
        depth=3,
        cast=0.0,
    )
    c.shadow(c.stencil(f, box(-w, h - 2, w, h)), 2, 4, 4, 0.3)
    c.fill(f, box(-w * 0.88, -h * 0.9, w * 0.88, h * 0.9), rgb("f6f2ea"))
    tints = ("c98f6b", "8d9c93", "2f4f6f", "d9a441", "b5473c", "e3c9b0", "4a5d4a")
    if rng.random() < 0.5:
        for _ in range(3):
            c.fill(
                f,
                blob(
                    rng,
                    rng.uniform(-0.3, 0.3) * w,
                    rng.uniform(-0.4, 0.4) * h,
                    w * rng.uniform(0.2, 0.42),
                    0.2,
                ),
                pick(rng, tints),
                0.9,
            )
    else:
        for k in range(7):
            c.fill(
                f,
                leaf(
                    0, h * 0.6, h * rng.uniform(0.8, 1.25), w * 0.22, -math.pi / 2 + (k - 3) * 0.3
                ),
                pick(rng, ("4a6a4a", "6f8a63", "8fa380")),
            )


def _pot_plant(c: Canvas, x: float, y: float, s: float) -> None:
    from drawing.home import plant

    c.ground(x, y, s * 0.5, s * 0.08, 0.4)
    plant(c, Frame(x, y - s, s), item(c.rng, "plant", "green", "plain"))


def _curtain(c: Canvas, x0: float, x1: float, y1: float, tint: Colour) -> None:
    h, w = c.height, c.width
    strip = c.stencil(ONE, box(x0 * w, 0, x1 * w, y1 * h))
    sh, sw = strip.alpha.shape
    wave = (
        np.sin(np.linspace(0, (x1 - x0) * 90, sw, dtype=np.float32))[None, :] * 0.2
        + noise(c.rng, sh, sw, 8, h) * 0.1
    )
    c.lay(
        strip,
        tone(
            np.broadcast_to(np.asarray(tint, np.float32), (sh, sw, 3)).copy(),
            np.asarray(1 + wave, np.float32),
        ),
    )
    c.shadow(strip, 4, 0, 6, 0.12)


def room(c: Canvas, setting: str, other: Colour, seen: float) -> None:
    """Draw a corner of a living room, a bedroom or an office; the floor starts at ``seen``."""
    h, w, rng = c.height, c.width, c.rng
    tint = apart(rng, WALLS, other, 0.38)
    wall(c, tint)
    boards(c, seen, pick(rng, WARM_WOOD if sum(other) > 0.9 else WARM_WOOD[1:4]))
    c.solid(
        ONE, box(-4, seen * h - h * 0.035, w + 4, seen * h), lighter(tint, 0.45), bulge=0.3, depth=3
    )
    side = rng.choice((0.14, 0.86))
    if setting == "living room":
        n = rng.choice((1, 2, 3))
        for k in range(n):
            _picture(
                c,
                w * (0.5 + (k - (n - 1) / 2) * 0.26 + rng.uniform(-0.02, 0.02)),
                h * rng.uniform(0.14, 0.2),
                w * 0.095,
                h * rng.uniform(0.08, 0.11),
            )
        if rng.random() < 0.75:
            _pot_plant(c, w * side, h * (seen + 0.06), h * rng.uniform(0.15, 0.24))
        if rng.random() < 0.6:
            rug = pick(rng, ("e6dccb", "cbb9a0", "b9c0bd", "d9b8a0", "8d9c93"))
            c.solid(
                Frame(w * 0.5, h * (seen + (1 - seen) * 0.55), w * 0.5),
                oval(0, 0, 1.0, (1 - seen) * 0.3 * h / (w * 0.5)),
                rug,
                bulge=0.1,
                rough=0.2,
            )
    elif setting == "bedroom":
        _curtain(c, -0.02, 0.13, seen + 0.03, pick(rng, ("f0ebe2", "dfe3e4", "e3d0c4", "b9c7bd")))
        if rng.random() < 0.7:
            _curtain(c, 0.88, 1.02, seen + 0.03, pick(rng, ("f0ebe2", "dfe3e4")))
        x = w * (0.9 if side > 0.5 else 0.12)
        wood = pick(rng, WARM_WOOD)
        c.solid(
            ONE,
            box(x - w * 0.13, h * (seen - 0.16), x + w * 0.13, h * (seen + 0.05), 3),
            wood,
            bulge=0.6,
            depth=4,
            cast=0.0,
        )
        c.fill(
            ONE,
            box(x - w * 0.11, h * (seen - 0.06), x + w * 0.11, h * (seen - 0.055)),
            darker(wood, 0.4),
        )
        c.glow(x, h * (seen - 0.3), w * 0.3, (1.0, 0.85, 0.6), 0.4)
        c.solid(
            ONE, box(x - 2, h * (seen - 0.26), x + 2, h * (seen - 0.16)), rgb("8a7a68"), depth=2
        )
        c.solid(
            ONE,
            poly(
                (x - w * 0.05, h * (seen - 0.36)),
                (x + w * 0.05, h * (seen - 0.36)),
                (x + w * 0.08, h * (seen - 0.24)),
                (x - w * 0.08, h * (seen - 0.24)),
            ),
            rgb("f7e8c8"),
            bulge=0.4,
            depth=5,
        )
    else:
        wood = pick(rng, WARM_WOOD)
        y = h * (seen - 0.2)
        x0, x1 = (w * 0.56, w * 1.05) if side > 0.5 else (-w * 0.05, w * 0.44)
        for lx in (x0 + w * 0.06, x1 - w * 0.06):
            c.solid(ONE, box(lx - 3, y, lx + 3, h * (seen + 0.07)), darker(wood, 0.3), depth=2)
        c.solid(ONE, box(x0, y - 5, x1, y + 4, 2), wood, depth=3)
        xm = (x0 + x1) / 2
        c.solid(
            ONE,
            box(xm - w * 0.12, y - h * 0.2, xm + w * 0.12, y - h * 0.05, 3),
            rgb("2a2b30"),
            depth=3,
        )
        c.fill(
            ONE,
            box(xm - w * 0.11, y - h * 0.19, xm + w * 0.11, y - h * 0.06),
            mix(rgb("7fa5c0"), rgb("dfe8ee"), rng.random()),
        )
        c.solid(
            ONE,
            poly(
                (xm - 4, y - h * 0.05), (xm + 4, y - h * 0.05), (xm + 12, y - 4), (xm - 12, y - 4)
            ),
            rgb("55585e"),
            depth=2,
        )
        for k in range(5):
            bx = w * (0.2 if side > 0.5 else 0.66) + k * w * 0.035
            c.solid(
                ONE,
                box(bx, h * 0.2 - h * rng.uniform(0.07, 0.1), bx + w * 0.03, h * 0.2),
                pick(rng, ("b5473c", "2f4f6f", "d9a441", "6d8a6a", "e6d9bf")),
                depth=2,
            )
        c.solid(
            ONE,
            box(
                w * (0.12 if side > 0.5 else 0.6),
                h * 0.2,
                w * (0.46 if side > 0.5 else 0.94),
                h * 0.215,
            ),
            wood,
            depth=2,
            cast=0.0,
        )


def random_wall(rng: random.Random, other: Colour) -> Colour:
    """Return a wall colour that stands off from ``other``."""
    return apart(rng, WALLS, other, 0.4)
