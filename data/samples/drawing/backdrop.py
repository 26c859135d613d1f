"""What stands behind or under an item: rooms, streets, tables; it knows nothing of the items."""

from __future__ import annotations

import math
import random

import numpy as np
from drawing.canvas import Canvas, Colour, Frame, Paint, Stencil, noise, tone
from drawing.item import checks, item
from drawing.palette import BACKDROPS, WALLS, WARM_WOOD, apart, darker, lighter, mix, pick, rgb
from drawing.paths import Array, blob, box, curve, leaf, oval, poly, stroke

ONE = Frame(0, 0, 1)


def studio(c: Canvas, other: Colour, floor: float | None) -> None:
    """Fill with a seamless paper backdrop that stands off from ``other``."""
    tint = apart(c.rng, BACKDROPS, other, 0.42)
    xs, ys = c.grid()
    spot = np.exp(-(((xs - c.rng.uniform(0.25, 0.45)) / 0.6) ** 2 + ((ys - 0.3) / 0.6) ** 2))
    shade = 0.88 + 0.2 * spot
    if floor is not None:
        bend = 1 / (1 + np.exp(-(ys - floor + 0.12) * 26))
        shade = shade + 0.1 * bend * (1 - 0.7 * (ys - floor))- 0.03
    rgb_ = np.broadcast_to(np.asarray(tint, np.float32), c.pixels.shape)
    c.pixels[:] = tone(np.asarray(rgb_, np.float32), np.asarray(shade, np.float32))


def wall(c: Canvas, tint: Colour, window: bool = True) -> None:
    """Fill with a plastered wall, window light falling across it."""
    h, w, rng = c.height, c.width, c.rng
    xs, ys = c.grid()
    shade = 1.04 - 0.16 * xs - 0.06 * ys + 0.018 * noise(rng, h, w, w * 0.08) + 0.012 * noise(rng, h, w, 6)
    base = np.broadcast_to(np.asarray(tint, np.float32), c.pixels.shape)
    c.pixels[:] = tone(np.asarray(base, np.float32), np.asarray(shade, np.float32))
    if window:
        x, y, s = rng.uniform(-0.1, 0.45) * w, rng.uniform(-0.05, 0.2) * h, w * rng.uniform(0.5, 0.8)
        lean = rng.uniform(0.15, 0.4)
        panes = [poly((a, b + lean * a), (a + 0.46, b + lean * (a + 0.46)), (a + 0.46, b + 0.46 + lean * (a + 0.46)), (a, b + 0.46 + lean * a))
                 for a in (0.0, 0.54) for b in (0.0, 0.54)]  # fmt: skip
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
    grain = noise(rng, h - y0, w, 3.5, (h - y0) * 0.5) * 0.07 + noise(rng, h - y0, w, 9, (h - y0) * 0.3) * 0.06
    shade = 0.95 + 0.16 * (hue - 0.5) + grain - 0.4 * seam + gloss * (ys / (h - y0))
    base = np.broadcast_to(np.asarray(tint, np.float32), (h - y0, w, 3))
    c.pixels[y0:] = tone(np.asarray(base, np.float32), np.asarray(shade, np.float32))


def _picture(c: Canvas, x: float, y: float, w: float, h: float) -> None:
    rng = c.rng
    f = Frame(x, y, 1)
    c.solid(f, box(-w, -h, w, h), pick(rng, ("2a2a2c", "a9774b", "f3efe6", "8f6139")), bulge=0.6, depth=3, cast=0.0)
    c.shadow(c.stencil(f, box(-w, h - 2, w, h)), 2, 4, 4, 0.3)
    c.fill(f, box(-w * 0.88, -h * 0.9, w * 0.88, h * 0.9), rgb("f6f2ea"))
    tints = ("c98f6b", "8d9c93", "2f4f6f", "d9a441", "b5473c", "e3c9b0", "4a5d4a")
    if rng.random() < 0.5:
        for k in range(3):
            c.fill(f, blob(rng, rng.uniform(-0.3, 0.3) * w, rng.uniform(-0.4, 0.4) * h, w * rng.uniform(0.2, 0.42), 0.2), pick(rng, tints), 0.9)
    else:
        for k in range(7):
            c.fill(f, leaf(0, h * 0.6, h * rng.uniform(0.8, 1.25), w * 0.22, -math.pi / 2 + (k - 3) * 0.3), pick(rng, ("4a6a4a", "6f8a63", "8fa380")))


def _pot_plant(c: Canvas, x: float, y: float, s: float) -> None:
    from drawing.home import plant

    c.ground(x, y, s * 0.5, s * 0.08, 0.4)
    plant(c, Frame(x, y - s, s), item(c.rng, "plant", "green", "plain"))


def _curtain(c: Canvas, x0: float, x1: float, y1: float, tint: Colour) -> None:
    h, w = c.height, c.width
    strip = c.stencil(ONE, box(x0 * w, 0, x1 * w, y1 * h))
    sh, sw = strip.alpha.shape
    wave = np.sin(np.linspace(0, (x1 - x0) * 90, sw, dtype=np.float32))[None, :] * 0.2 + noise(c.rng, sh, sw, 8, h) * 0.1
    c.lay(strip, tone(np.broadcast_to(np.asarray(tint, np.float32), (sh, sw, 3)).copy(), np.asarray(1 + wave, np.float32)))
    c.shadow(strip, 4, 0, 6, 0.12)


def room(c: Canvas, setting: str, other: Colour, seen: float) -> None:
    """Draw a corner of a living room, a bedroom or an office; the floor starts at ``seen``."""
    h, w, rng = c.height, c.width, c.rng
    tint = apart(rng, WALLS, other, 0.38)
    wall(c, tint)
    boards(c, seen, pick(rng, WARM_WOOD if sum(other) > 0.9 else WARM_WOOD[1:4]))
    c.solid(ONE, box(-4, seen * h - h * 0.035, w + 4, seen * h), lighter(tint, 0.45), bulge=0.3, depth=3)
    side = rng.choice((0.14, 0.86))
    if setting == "living room":
        n = rng.choice((1, 2, 3))
        for k in range(n):
            _picture(c, w * (0.5 + (k - (n - 1) / 2) * 0.26 + rng.uniform(-0.02, 0.02)), h * rng.uniform(0.14, 0.2), w * 0.095, h * rng.uniform(0.08, 0.11))
        if rng.random() < 0.75:
            _pot_plant(c, w * side, h * (seen + 0.06), h * rng.uniform(0.15, 0.24))
        if rng.random() < 0.6:
            rug = pick(rng, ("e6dccb", "cbb9a0", "b9c0bd", "d9b8a0", "8d9c93"))
            c.solid(Frame(w * 0.5, h * (seen + (1 - seen) * 0.55), w * 0.5), oval(0, 0, 1.0, (1 - seen) * 0.3 * h / (w * 0.5)), rug, bulge=0.1, rough=0.2)
    elif setting == "bedroom":
        _curtain(c, -0.02, 0.13, seen + 0.03, pick(rng, ("f0ebe2", "dfe3e4", "e3d0c4", "b9c7bd")))
        if rng.random() < 0.7:
            _curtain(c, 0.88, 1.02, seen + 0.03, pick(rng, ("f0ebe2", "dfe3e4")))
        x = w * (0.9 if side > 0.5 else 0.12)
        wood = pick(rng, WARM_WOOD)
        c.solid(ONE, box(x - w * 0.13, h * (seen - 0.16), x + w * 0.13, h * (seen + 0.05), 3), wood, bulge=0.6, depth=4, cast=0.0)
        c.fill(ONE, box(x - w * 0.11, h * (seen - 0.06), x + w * 0.11, h * (seen - 0.055)), darker(wood, 0.4))
        c.glow(x, h * (seen - 0.3), w * 0.3, (1.0, 0.85, 0.6), 0.4)
        c.solid(ONE, box(x - 2, h * (seen - 0.26), x + 2, h * (seen - 0.16)), rgb("8a7a68"), depth=2)
        c.solid(ONE, poly((x - w * 0.05, h * (seen - 0.36)), (x + w * 0.05, h * (seen - 0.36)), (x + w * 0.08, h * (seen - 0.24)), (x - w * 0.08, h * (seen - 0.24))),
                rgb("f7e8c8"), bulge=0.4, depth=5)  # fmt: skip
    else:
        wood = pick(rng, WARM_WOOD)
        y = h * (seen - 0.2)
        x0, x1 = (w * 0.56, w * 1.05) if side > 0.5 else (-w * 0.05, w * 0.44)
        for lx in (x0 + w * 0.06, x1 - w * 0.06):
            c.solid(ONE, box(lx - 3, y, lx + 3, h * (seen + 0.07)), darker(wood, 0.3), depth=2)
        c.solid(ONE, box(x0, y - 5, x1, y + 4, 2), wood, depth=3)
        xm = (x0 + x1) / 2
        c.solid(ONE, box(xm - w * 0.12, y - h * 0.2, xm + w * 0.12, y - h * 0.05, 3), rgb("2a2b30"), depth=3)
        c.fill(ONE, box(xm - w * 0.11, y - h * 0.19, xm + w * 0.11, y - h * 0.06), mix(rgb("7fa5c0"), rgb("dfe8ee"), rng.random()))
        c.solid(ONE, poly((xm - 4, y - h * 0.05), (xm + 4, y - h * 0.05), (xm + 12, y - 4), (xm - 12, y - 4)), rgb("55585e"), depth=2)
        for k in range(5):
            bx = w * (0.2 if side > 0.5 else 0.66) + k * w * 0.035
            c.solid(ONE, box(bx, h * 0.2 - h * rng.uniform(0.07, 0.1), bx + w * 0.03, h * 0.2), pick(rng, ("b5473c", "2f4f6f", "d9a441", "6d8a6a", "e6d9bf")), depth=2)
        c.solid(ONE, box(w * (0.12 if side > 0.5 else 0.6), h * 0.2, w * (0.46 if side > 0.5 else 0.94), h * 0.215), wood, depth=2, cast=0.0)


def counter(c: Canvas, setting: str, other: Colour, seen: float) -> None:
    """Draw a kitchen worktop, a cafe table, a wooden table or a shelf before a soft background."""
    h, w, rng = c.height, c.width, c.rng
    if setting == "kitchen":
        tint = apart(rng, ("f1efe9", "dfe6e2", "c9d8d8", "e9ded0", "b7c7c9", "f4e9dc", "8fa39a"), other, 0.4)
        wall(c, tint, window=False)
        step, offset = w * rng.uniform(0.1, 0.16), rng.uniform(0, 20)
        rows = int(seen * h / (step * 0.5)) + 1
        for r in range(rows):
            y = seen * h - r * step * 0.5
            c.fill(ONE, box(0, y - 1.2, w, y), darker(tint, 0.16), 0.7)
            for k in range(-1, 12):
                x = k * step + offset + (r % 2) * step * 0.5
                c.fill(ONE, box(x, y - step * 0.5, x + 1.3, y), darker(tint, 0.16), 0.7)
        c.solid(ONE, box(-4, h * 0.12, w + 4, h * 0.14), pick(rng, WARM_WOOD), depth=3)
        for k in range(rng.randint(3, 5)):
            x = w * (0.1 + k * 0.2) + rng.uniform(-8, 8)
            jar = pick(rng, ("e9e2d6", "c98f6b", "b9c7bd", "d9a441", "8d9c93", "f4efe6"))
            c.solid(Frame(x, h * 0.12, h * rng.uniform(0.05, 0.09)), box(-0.4, -1, 0.4, 0, 0.12), jar, gloss=0.6, depth=0.2)
        c.blur(1.6)
        _slab(c, seen, pick(rng, ("efece6", "d9d5cc", "c49a6c", "b98a5c")))
    elif setting == "cafe":
        c.pixels[:] = np.asarray(pick(rng, ("5a4638", "4a4f48", "6b5242", "54463f")), np.float32)
        for _ in range(7):
            x, y = rng.uniform(0, w), rng.uniform(0.2, 0.6) * h
            c.fill(ONE, box(x, y, x + w * rng.uniform(0.08, 0.2), h * seen), pick(rng, ("7a5c45", "3f3a36", "8f6f52", "a08060", "5f6b62")), 0.8)
        c.blur(9)
        for _ in range(16):
            x, y, r = rng.uniform(0, w), rng.uniform(0, seen * 0.85) * h, w * rng.uniform(0.025, 0.06)
            c.fill(Frame(x, y, r), oval(0, 0, 1), pick(rng, ("ffdf9e", "ffc97a", "ffe9c4", "f7b267")), rng.uniform(0.15, 0.5))
        c.blur(1.5)
        _slab(c, seen, pick(rng, ("8f6139", "7a5233", "d9d2c6", "a9774b")), round_=True)
    elif setting in ("street", "park", "picnic", "terrace"):
        outdoors(c, setting, seen)
    else:
        tint = apart(rng, WALLS, other, 0.4)
        wall(c, tint)
        if setting == "table":
            for _ in range(4):
                x, y, r = rng.uniform(0, w), rng.uniform(0.1, 0.5) * h, w * rng.uniform(0.08, 0.2)
                c.fill(Frame(x, y, r), blob(rng, 0, 0, 1, 0.3), mix(tint, pick(rng, ("6f8a63", "c98f6b", "8fa3b0")), 0.5), 0.6)
            c.blur(11)
        _slab(c, seen, pick(rng, WARM_WOOD))


def _slab(c: Canvas, seen: float, tint: Colour, round_: bool = False) -> None:
    h, w, rng = c.height, c.width, c.rng
    top = seen * h
    path = curve([(-w * 0.1, top + h * 0.09), (w * 0.2, top + h * 0.01), (w * 0.5, top), (w * 0.8, top + h * 0.01), (w * 1.1, top + h * 0.09), (w * 1.1, h * 1.05, 1), (-w * 0.1, h * 1.05, 1)]) if round_ else box(-4, top, w + 4, h + 4)
    mark = c.stencil(ONE, path)
    sh, sw = mark.alpha.shape
    streak = noise(rng, sh, sw, w * 0.5, 3) * 0.07 + noise(rng, sh, sw, w * 0.3, 8) * 0.07
    streak = streak + np.linspace(-0.05, 0.1, sh, dtype=np.float32)[:, None]
    c.lay(mark, tone(np.broadcast_to(np.asarray(tint, np.float32), (sh, sw, 3)).copy(), np.asarray(1 + streak, np.float32)))
    if not round_:
        c.fill(ONE, box(-4, top, w + 4, top + 1.5), lighter(tint, 0.4), 0.5)


def outdoors(c: Canvas, setting: str, seen: float) -> None:
    """Draw a street, a park, a picnic meadow or a terrace, out of focus behind the ground."""
    h, w, rng = c.height, c.width, c.rng
    xs, ys = c.grid()
    low, high = np.asarray(rgb("e9eef0"), np.float32), np.asarray(rgb(rng.choice(("a9c8e0", "c4d6e2", "b9cfe4"))), np.float32)
    c.pixels[:] = high + (low - high) * np.clip(ys / seen, 0, 1)[..., None]
    if setting == "street":
        x = -0.05
        while x < 1.05:
            bw, y0 = rng.uniform(0.14, 0.3), rng.uniform(-0.1, 0.22)
            front = pick(rng, ("c9b39a", "b98a70", "d9cbb8", "a9a49c", "c4a58a", "8f9aa0", "d3b8a8"))
            c.fill(ONE, box(x * w, y0 * h, (x + bw) * w, seen * h), front)
            for i in range(3):
                for j in range(6):
                    a, b = (x + bw * (0.14 + 0.29 * i)) * w, (y0 + 0.06 + 0.12 * j) * h
                    if b < h * seen * 0.72:
                        c.fill(ONE, box(a, b, a + bw * w * 0.16, b + h * 0.07), rgb(rng.choice(("5f6f7c", "48545e", "e8d9a8", "7f8f9a"))), 0.85)
            c.fill(ONE, box(x * w, seen * h * 0.78, (x + bw) * w, seen * h), darker(front, 0.45))
            c.fill(ONE, poly((x * w, seen * h * 0.76), ((x + bw) * w, seen * h * 0.76), ((x + bw) * w + 4, seen * h * 0.84), (x * w - 4, seen * h * 0.84)),
                   pick(rng, ("b5473c", "3f6f5a", "e9dcc4", "2f4f6f")), rng.choice((0.0, 0.9)))  # fmt: skip
            x += bw
        c.blur(rng.uniform(4, 7))
        ground = pick(rng, ("a39c94", "b3aaa0", "8f8b88"))
    else:
        greens = ("6f9a58", "86ac66", "55804c", "9abb74")
        for _ in range(26):
            c.fill(Frame(rng.uniform(0, w), rng.uniform(0.05, seen) * h, w * rng.uniform(0.08, 0.2)), blob(rng, 0, 0, 1, 0.25), pick(rng, greens), 0.7)
        c.blur(9)
        for _ in range(14):
            c.fill(Frame(rng.uniform(0, w), rng.uniform(0, seen) * h, w * rng.uniform(0.02, 0.05)), oval(0, 0, 1), rgb("fff7d0"), rng.uniform(0.1, 0.35))
        c.blur(1.5)
        ground = pick(rng, ("7fa35a", "8db063", "6f954f"))
        if setting == "terrace":
            boards(c, seen, pick(rng, ("b09a82", "a5927c", "c2ac90")))
            return
    y0 = int(seen * h)
    streak = noise(rng, h - y0, w, w * 0.2, 6) * 0.07
    streak = streak + (noise(rng, h - y0, w, 2.5, 5) * 0.14 if setting != "street" else noise(rng, h - y0, w, 2) * 0.05)
    c.pixels[y0:] = tone(np.broadcast_to(np.asarray(ground, np.float32), (h - y0, w, 3)).copy(), np.asarray(1 + streak, np.float32))
    if setting == "street":
        for k in range(5):
            y = seen * h + (h - seen * h) * (k / 5) ** 1.6 + 3
            c.fill(ONE, box(0, y, w, y + 1.2), darker(ground, 0.3), 0.5)
        for k in range(-5, 6):
            c.fill(ONE, poly((w * (0.5 + k * 0.11), seen * h), (w * (0.5 + k * 0.11) + 1, seen * h), (w * (0.5 + k * 0.32) + 2, h), (w * (0.5 + k * 0.32), h)), darker(ground, 0.3), 0.45)
    if setting == "picnic":
        f = Frame(w * 0.5, h * (seen + (1 - seen) * 0.62), w * 0.62)
        top = (1 - seen) * 0.44 * h / f.size
        red = rgb(rng.choice(("c4343a", "2f5f9a", "c4343a", "3f7a4c")))
        c.solid(f, poly((-0.7, -top), (0.7, -top), (1.05, top), (-1.05, top)), gingham(red, 0.16), bulge=0.1, cast=0.4)


def gingham(colour: Colour, scale: float) -> Paint:
    """Return the classic picnic check of white and ``colour``."""
    white, half = np.asarray(rgb("f6f1e8"), np.float32), np.asarray(colour, np.float32)

    def paint(u: Array, v: Array) -> Array:
        a = ((u / scale) % 1.0 < 0.5).astype(np.float32)
        b = ((v / scale) % 1.0 < 0.5).astype(np.float32)
        return np.asarray(white + (half - white) * ((a + b) * 0.5)[..., None], np.float32)

    return paint


def surface(c: Canvas, setting: str, other: Colour) -> None:
    """Fill with a surface seen from above, with a few props along the edges."""
    h, w, rng = c.height, c.width, c.rng
    whole = Stencil(0, 0, np.ones((h, w), np.float32))
    if setting == "picnic":
        c.pixels[:] = np.asarray(rgb("7fa35a"), np.float32)
        c.lay(whole, tone(c.pixels.copy(), np.asarray(1 + noise(rng, h, w, 3, 6) * 0.25, np.float32)))
        f = Frame(w * 0.5, h * 0.5, max(w, h) * 0.5, rng.uniform(-0.35, 0.35))
        c.solid(f, box(-0.95, -0.92, 0.95, 0.92), gingham(rgb(rng.choice(("c4343a", "2f5f9a", "3f7a4c", "d99a3a"))), rng.uniform(0.16, 0.22)), bulge=0.1, rough=0.06, cast=0.5)
    elif setting == "kitchen":
        tint = pick(rng, ("efece8", "e6e4e0", "f2efe9"))
        vein = np.abs(noise(rng, h, w, w * 0.4) + 0.5 * noise(rng, h, w, w * 0.14) + 0.22 * noise(rng, h, w, w * 0.05))
        shade = 1.02 - 0.3 * np.clip(1 - vein * 11, 0, 1) + 0.05 * noise(rng, h, w, w * 0.3)
        c.lay(whole, tone(np.broadcast_to(np.asarray(tint, np.float32), (h, w, 3)).copy(), np.asarray(shade, np.float32)))
    elif setting in ("studio", "flat lay"):
        studio(c, other, None)
        if setting == "flat lay":
            weave = noise(rng, h, w, 1.5, 4) * 0.04 + noise(rng, h, w, 4, 1.5) * 0.04 + noise(rng, h, w, w * 0.25) * 0.04
            c.lay(whole, tone(c.pixels.copy(), np.asarray(1 + weave, np.float32)))
            _sprigs(c)
    elif setting == "bedroom":
        tint = apart(rng, ("d9d2c6", "c9c4bc", "cdb9a4", "b9b4ae"), other, 0.3)
        c.lay(whole, tone(np.broadcast_to(np.asarray(tint, np.float32), (h, w, 3)).copy(), np.asarray(1 + noise(rng, h, w, 2) * 0.1, np.float32)))
        y = h * 0.13
        c.solid(ONE, curve([(w * 0.08, -20, 1), (w * 0.92, -20, 1), (w * 0.92, y), (w * 0.7, y + 4), (w * 0.5, y - 2), (w * 0.3, y + 4), (w * 0.08, y)]),
                pick(rng, ("f0ebe2", "b9c7bd", "c9d4dc", "e3c9bd")), bulge=1.0, depth=14)  # fmt: skip
        c.shadow(c.stencil(ONE, box(w * 0.08, y - 8, w * 0.92, y)), 2, 8, 8, 0.4)
        for x in (0.86, 0.94):
            c.solid(Frame(w * x, h * 0.9, w * 0.045), oval(0, 0, 0.8, 1.8), pick(rng, ("d9b8a0", "8d9c93")), depth=0.4)
    else:
        tint = pick(rng, ("7a5233", "6b4a30", "8f6139") if setting == "cafe" else WARM_WOOD)
        if setting == "table" and rng.random() < 0.3:
            tint = pick(rng, ("e6dfd4", "cfc8bd", "8a8d8f"))
        n = rng.randint(4, 6)
        y = (np.arange(h, dtype=np.float32) / h * n + rng.random()) if setting != "living room" else (np.arange(h, dtype=np.float32) / h * n * 2)
        plank = np.modf(np.abs(np.sin(np.floor(y) * 7.3 + 1.1)) * 31)[0]
        seam = np.clip(1.4 - np.abs(y - np.round(y)) * h / n, 0, 1)
        grain = noise(rng, h, w, w * 0.6, 2.5) * 0.09 + noise(rng, h, w, w * 0.35, 7) * 0.1
        shade = 0.96 + grain + (plank[:, None] - 0.5) * 0.14 - seam[:, None] * 0.5
        c.lay(whole, tone(np.broadcast_to(np.asarray(tint, np.float32), (h, w, 3)).copy(), np.asarray(shade, np.float32)))
    if setting in ("table", "cafe", "picnic", "kitchen"):
        _cutlery(c, setting)
    if setting == "living room":
        f = Frame(w * rng.choice((0.03, 0.97)), h * rng.choice((0.06, 0.94)), w * 0.2)
        for k in range(14):
            c.solid(f, leaf(0, 0, rng.uniform(0.7, 1.1), 0.36, k * 0.45), pick(rng, ("3d7a45", "4f8f4a", "2f6a42")), depth=0.1, cast=0.4)
    xs, ys = c.grid()
    c.pixels *= (1.05 - 0.16 * (xs + ys) / 2)[..., None]


def _sprigs(c: Canvas) -> None:
    rng = c.rng
    green = pick(rng, ("8fa380", "6f8a63", "a9b59a", "b99a6b"))
    for cx, cy in rng.sample([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)], rng.choice((0, 1, 2))):
        f = Frame(c.width * cx, c.height * cy, c.width * 0.26, math.atan2(0.5 - cy, 0.5 - cx) + rng.uniform(-0.4, 0.4))
        c.fill(f, stroke([(0, 0), (0.5, 0.05), (1.0, 0)], 0.025), darker(green, 0.25))
        for k in range(7):
            for s in (-1, 1):
                c.solid(f, leaf(0.1 + k * 0.13, 0.03, 0.3, 0.14, s * 0.9), lighter(green, rng.uniform(0, 0.15)), depth=0.05, cast=0.3)


def _cutlery(c: Canvas, setting: str) -> None:
    h, w, rng = c.height, c.width, c.rng
    side = rng.choice((-1, 1))
    if rng.random() < 0.6:
        f = Frame(w * (0.5 + side * 0.43), h * 0.55, h * 0.3, rng.uniform(-0.12, 0.12))
        napkin = pick(rng, ("e9e2d6", "8fa3b0", "c98f7a", "b9c7bd", "d9c08a"))
        c.solid(f, box(-0.2, -0.62, 0.2, 0.62), napkin, bulge=0.25, depth=0.03, cast=0.4, rough=0.08)
        steel = pick(rng, ("c7c9cc", "c9a860"))
        c.solid(f, [stroke([(-0.06, 0.5), (-0.06, -0.1)], 0.05, 0.035), curve([(-0.06, -0.05), (0.0, -0.25), (0.0, -0.5, 1), (-0.12, -0.5, 1), (-0.12, -0.25)])],
                steel, gloss=0.6, depth=0.03, cast=0.4)  # fmt: skip
        c.solid(f, [stroke([(0.08, 0.5), (0.08, -0.05)], 0.05), curve([(0.05, -0.03), (0.12, -0.1), (0.12, -0.42), (0.05, -0.52, 1)])], steel, gloss=0.6, depth=0.03, cast=0.4)
    if rng.random() < 0.6:
        f = Frame(w * (0.5 - side * rng.uniform(0.36, 0.46)), h * rng.choice((0.1, 0.92)), w * 0.11)
        if setting == "cafe":
            c.solid(f, oval(0, 0, 1), rgb("f4f1ea"), bulge=0.6, depth=0.1, cast=0.5)
            c.solid(f, oval(0, 0, 0.6), rgb("6b4226"), bulge=0.3)
        else:
            for k in range(5):
                c.solid(f, leaf(0, 0, 0.9, 0.5, k * 1.25 + rng.random()), pick(rng, ("4f8f4a", "3d7a45")), depth=0.12, cast=0.4)


def rail(c: Canvas, y: float) -> None:
    """Draw a clothes rail across the picture at ``y`` pixels."""
    metal = pick(c.rng, ("2a2a2c", "b8975a", "a9774b"))
    path = box(-5, y - 3, c.width + 5, y + 3)
    c.shadow(c.stencil(ONE, path), 3, 9, 5, 0.3)
    c.solid(ONE, path, metal, gloss=0.5, depth=3)


def random_wall(rng: random.Random, other: Colour) -> Colour:
    """Return a wall colour that stands off from ``other``."""
    return apart(rng, WALLS, other, 0.4)


__all__ = ["checks", "counter", "outdoors", "rail", "random_wall", "room", "studio", "surface", "wall"]
