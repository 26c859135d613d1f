"""What stands behind or under an item: rooms, streets, tables; it knows nothing of the items."""

from __future__ import annotations

import numpy as np

from drawing.canvas import ONE, Canvas, Colour, Frame, mix, noise, tone
from drawing.item import gingham
from drawing.palette import BACKDROPS, WALLS, WARM_WOOD, apart, darker, lighter, pick, rgb
from drawing.paths import blob, box, curve, oval, poly
from drawing.rooms import boards, wall


def studio(c: Canvas, other: Colour, floor: float | None) -> None:
    """Fill with a seamless paper backdrop that stands off from ``other``."""
    tint = apart(c.rng, BACKDROPS, other, 0.42)
    xs, ys = c.grid()
    spot = np.exp(-(((xs - c.rng.uniform(0.25, 0.45)) / 0.6) ** 2 + ((ys - 0.3) / 0.6) ** 2))
    shade = 0.88 + 0.2 * spot
    if floor is not None:
        bend = 1 / (1 + np.exp(-(ys - floor + 0.12) * 26))
        shade = shade + 0.1 * bend * (1 - 0.7 * (ys - floor)) - 0.03
    rgb_ = np.broadcast_to(np.asarray(tint, np.float32), c.pixels.shape)
    c.pixels[:] = tone(np.asarray(rgb_, np.float32), np.asarray(shade, np.float32))


def counter(c: Canvas, setting: str, other: Colour, seen: float) -> None:
    """Draw a kitchen worktop, a cafe table, a wooden table or a shelf before a soft background."""
    h, w, rng = c.height, c.width, c.rng
    if setting == "kitchen":
        tint = apart(
            rng, ("f1efe9", "dfe6e2", "c9d8d8", "e9ded0", "b7c7c9", "f4e9dc", "8fa39a"), other, 0.4
        )
        wall(c, tint, window=False)
        step, offset = w * rng.uniform(0.1, 0.16), rng.uniform(0, 20)
        rows = int(seen * h / (step * 0.5)) + 1
        for row in range(rows):
            y = seen * h - row * step * 0.5
            c.fill(ONE, box(0, y - 1.2, w, y), darker(tint, 0.16), 0.7)
            for k in range(-1, 12):
                x = k * step + offset + (row % 2) * step * 0.5
                c.fill(ONE, box(x, y - step * 0.5, x + 1.3, y), darker(tint, 0.16), 0.7)
        c.solid(ONE, box(-4, h * 0.12, w + 4, h * 0.14), pick(rng, WARM_WOOD), depth=3)
        for k in range(rng.randint(3, 5)):
            x = w * (0.1 + k * 0.2) + rng.uniform(-8, 8)
            jar = pick(rng, ("e9e2d6", "c98f6b", "b9c7bd", "d9a441", "8d9c93", "f4efe6"))
            c.solid(
                Frame(x, h * 0.12, h * rng.uniform(0.05, 0.09)),
                box(-0.4, -1, 0.4, 0, 0.12),
                jar,
                gloss=0.6,
                depth=0.2,
            )
        c.blur(1.6)
        _slab(c, seen, pick(rng, ("efece6", "d9d5cc", "c49a6c", "b98a5c")))
    elif setting == "cafe":
        c.pixels[:] = np.asarray(pick(rng, ("5a4638", "4a4f48", "6b5242", "54463f")), np.float32)
        for _ in range(7):
            x, y = rng.uniform(0, w), rng.uniform(0.2, 0.6) * h
            c.fill(
                ONE,
                box(x, y, x + w * rng.uniform(0.08, 0.2), h * seen),
                pick(rng, ("7a5c45", "3f3a36", "8f6f52", "a08060", "5f6b62")),
                0.8,
            )
        c.blur(9)
        for _ in range(16):
            x, y, r = (
                rng.uniform(0, w),
                rng.uniform(0, seen * 0.85) * h,
                w * rng.uniform(0.025, 0.06),
            )
            c.fill(
                Frame(x, y, r),
                oval(0, 0, 1),
                pick(rng, ("ffdf9e", "ffc97a", "ffe9c4", "f7b267")),
                rng.uniform(0.15, 0.5),
            )
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
                c.fill(
                    Frame(x, y, r),
                    blob(rng, 0, 0, 1, 0.3),
                    mix(tint, pick(rng, ("6f8a63", "c98f6b", "8fa3b0")), 0.5),
                    0.6,
                )
            c.blur(11)
        _slab(c, seen, pick(rng, WARM_WOOD))


def _slab(c: Canvas, seen: float, tint: Colour, round_: bool = False) -> None:
    h, w, rng = c.height, c.width, c.rng
    top = seen * h
    path = (
        curve(
            [
                (-w * 0.1, top + h * 0.09),
                (w * 0.2, top + h * 0.01),
                (w * 0.5, top),
                (w * 0.8, top + h * 0.01),
                (w * 1.1, top + h * 0.09),
                (w * 1.1, h * 1.05, 1),
                (-w * 0.1, h * 1.05, 1),
            ]
        )
        if round_
        else box(-4, top, w + 4, h + 4)
    )
    mark = c.stencil(ONE, path)
    sh, sw = mark.alpha.shape
    streak = noise(rng, sh, sw, w * 0.5, 3) * 0.07 + noise(rng, sh, sw, w * 0.3, 8) * 0.07
    streak = streak + np.linspace(-0.05, 0.1, sh, dtype=np.float32)[:, None]
    c.lay(
        mark,
        tone(
            np.broadcast_to(np.asarray(tint, np.float32), (sh, sw, 3)).copy(),
            np.asarray(1 + streak, np.float32),
        ),
    )
    if not round_:
        c.fill(ONE, box(-4, top, w + 4, top + 1.5), lighter(tint, 0.4), 0.5)


def _houses(c: Canvas, seen: float) -> None:
    """Draw a row of house fronts with shops, down to ``seen``."""
    h, w, rng = c.height, c.width, c.rng
    x = -0.05
    while x < 1.05:
        bw, y0 = rng.uniform(0.14, 0.3), rng.uniform(-0.1, 0.22)
        front = pick(rng, ("c9b39a", "b98a70", "d9cbb8", "a9a49c", "c4a58a", "8f9aa0", "d3b8a8"))
        c.fill(ONE, box(x * w, y0 * h, (x + bw) * w, seen * h), front)
        for i in range(3):
            for j in range(6):
                a, b = (x + bw * (0.14 + 0.29 * i)) * w, (y0 + 0.06 + 0.12 * j) * h
                if b < h * seen * 0.72:
                    c.fill(
                        ONE,
                        box(a, b, a + bw * w * 0.16, b + h * 0.07),
                        rgb(rng.choice(("5f6f7c", "48545e", "e8d9a8", "7f8f9a"))),
                        0.85,
                    )
        c.fill(ONE, box(x * w, seen * h * 0.78, (x + bw) * w, seen * h), darker(front, 0.45))
        c.fill(
            ONE,
            poly(
                (x * w, seen * h * 0.76),
                ((x + bw) * w, seen * h * 0.76),
                ((x + bw) * w + 4, seen * h * 0.84),
                (x * w - 4, seen * h * 0.84),
            ),
            pick(rng, ("b5473c", "3f6f5a", "e9dcc4", "2f4f6f")),
            rng.choice((0.0, 0.9)),
        )
        x += bw


def outdoors(c: Canvas, setting: str, seen: float) -> None:
    """Draw a street, a park, a picnic meadow or a terrace, out of focus behind the ground."""
    h, w, rng = c.height, c.width, c.rng
    _, ys = c.grid()
    low, high = (
        np.asarray(rgb("e9eef0"), np.float32),
        np.asarray(rgb(rng.choice(("a9c8e0", "c4d6e2", "b9cfe4"))), np.float32),
    )
    c.pixels[:] = high + (low - high) * np.clip(ys / seen, 0, 1)[..., None]
    if setting == "street":
        _houses(c, seen)
        c.blur(rng.uniform(4, 7))
        ground = pick(rng, ("a39c94", "b3aaa0", "8f8b88"))
    else:
        greens = ("6f9a58", "86ac66", "55804c", "9abb74")
        for _ in range(26):
            c.fill(
                Frame(rng.uniform(0, w), rng.uniform(0.05, seen) * h, w * rng.uniform(0.08, 0.2)),
                blob(rng, 0, 0, 1, 0.25),
                pick(rng, greens),
                0.7,
            )
        c.blur(9)
        for _ in range(14):
            c.fill(
                Frame(rng.uniform(0, w), rng.uniform(0, seen) * h, w * rng.uniform(0.02, 0.05)),
                oval(0, 0, 1),
                rgb("fff7d0"),
                rng.uniform(0.1, 0.35),
            )
        c.blur(1.5)
        ground = pick(rng, ("7fa35a", "8db063", "6f954f"))
        if setting == "terrace":
            boards(c, seen, pick(rng, ("b09a82", "a5927c", "c2ac90")))
            return
    y0 = int(seen * h)
    streak = noise(rng, h - y0, w, w * 0.2, 6) * 0.07
    streak = streak + (
        noise(rng, h - y0, w, 2.5, 5) * 0.14
        if setting != "street"
        else noise(rng, h - y0, w, 2) * 0.05
    )
    c.pixels[y0:] = tone(
        np.broadcast_to(np.asarray(ground, np.float32), (h - y0, w, 3)).copy(),
        np.asarray(1 + streak, np.float32),
    )
    if setting == "street":
        _paving(c, seen, ground)
    if setting == "picnic":
        f = Frame(w * 0.5, h * (seen + (1 - seen) * 0.62), w * 0.62)
        top = (1 - seen) * 0.44 * h / f.size
        red = rgb(rng.choice(("c4343a", "2f5f9a", "c4343a", "3f7a4c")))
        c.solid(
            f,
            poly((-0.7, -top), (0.7, -top), (1.05, top), (-1.05, top)),
            gingham(red, 0.16),
            bulge=0.1,
            cast=0.4,
        )


def rail(c: Canvas, y: float) -> None:
    """Draw a clothes rail across the picture at ``y`` pixels."""
    metal = pick(c.rng, ("2a2a2c", "b8975a", "a9774b"))
    path = box(-5, y - 3, c.width + 5, y + 3)
    c.shadow(c.stencil(ONE, path), 3, 9, 5, 0.3)
    c.solid(ONE, path, metal, gloss=0.5, depth=3)


def _paving(c: Canvas, seen: float, ground: Colour) -> None:
    h, w = c.height, c.width
    for k in range(5):
        y = seen * h + (h - seen * h) * float(k / 5) ** 1.6 + 3
        c.fill(ONE, box(0, y, w, y + 1.2), darker(ground, 0.3), 0.5)
    for k in range(-5, 6):
        c.fill(
            ONE,
            poly(
                (w * (0.5 + k * 0.11), seen * h),
                (w * (0.5 + k * 0.11) + 1, seen * h),
                (w * (0.5 + k * 0.32) + 2, h),
                (w * (0.5 + k * 0.32), h),
            ),
            darker(ground, 0.3),
            0.45,
        )
