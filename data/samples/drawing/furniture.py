"""Furniture, each piece in its own frame from -1 to 1, standing on y=1."""

from __future__ import annotations

import numpy as np

from drawing.canvas import Canvas, Frame
from drawing.item import Item, creases
from drawing.palette import WARM_WOOD, darker, lighter, pick
from drawing.paths import Array, box, curve, mirror, oval, poly, stroke

METAL = ("b8975a", "2a2a2c", "c7c9cc", "3c3a38", "a9845a")


def lamp(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a lit lamp: a floor lamp, a table lamp with a round base or an arched one."""
    rng = it.rng
    style = rng.choice(("floor", "table", "table", "tripod"))
    stand = pick(rng, METAL)
    shade_top = -0.95 if style != "table" else -0.9
    low = {"floor": -0.42, "table": -0.08, "tripod": -0.4}[style]
    wide = {"floor": 0.34, "table": 0.6, "tripod": 0.4}[style]
    if style == "floor":
        c.solid(f, box(-0.02, low - 0.1, 0.02, 0.96), stand, gloss=0.5, depth=0.02)
        c.solid(f, oval(0, 0.96, 0.24, 0.05), stand, gloss=0.4, depth=0.05)
    elif style == "tripod":
        wood = pick(rng, WARM_WOOD)
        for x in (0.1, -0.42, 0.42):
            c.solid(
                f,
                stroke([(x * 0.05, low), (x * 0.5, 0.3), (x, 1.0)], 0.05, 0.035),
                wood,
                depth=0.025,
            )
    else:
        base = pick(rng, ("e9e2d6", "b6a48c", "8d9c93", "c98f6b", "4a4f5a", "d8c6ad"))
        c.solid(f, box(-0.03, low - 0.1, 0.03, 0.3), stand, gloss=0.5, depth=0.02)
        body = mirror("0,.08 .1,.12 .34,.4 .38,.65 .24,.95 .2,1! 0,1")
        c.solid(f, body, base, bulge=1.15, depth=0.2, gloss=0.6)
    taper = rng.choice((0.55, 0.7, 0.9))
    out = mirror(
        [
            (0, shade_top - 0.02),
            (wide * taper, shade_top, 1),
            (wide, low, 1),
            (wide * 0.5, low + 0.035),
            (0, low + 0.045),
        ]
    )
    x, y = f.point(0.0, (shade_top + low) / 2)
    c.glow(x, y, f.size * wide * 1.7, (1.0, 0.86, 0.6), 0.5)

    def light(u: Array, v: Array) -> Array:
        return np.asarray(
            0.34 * np.exp(-((u / wide) ** 2) * 2.4 - ((v - low) / 0.5) ** 2), np.float32
        )

    c.solid(f, out, it.cloth(0.8), bulge=0.6, depth=0.1, shade=light)
    c.fill(
        f, stroke([(-wide, low - 0.005), (0, low + 0.04), (wide, low - 0.005)], 0.025), it.dark, 0.6
    )


def chair(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a chair: an armchair with wooden legs or a side chair."""
    rng = it.rng
    wood = pick(rng, WARM_WOOD)
    for x in (-0.5, 0.5):
        c.solid(
            f,
            stroke([(x * 0.86, 0.5), (x * 0.95, 0.92)], 0.07, 0.045),
            darker(wood, 0.3),
            depth=0.03,
        )
    if rng.random() < 0.6:
        back = mirror("0,-.95 .42,-.93 .6,-.75 .66,-.2 .6,.4 0,.45")
        c.solid(f, back, it.cloth(1.1), bulge=1.0, depth=0.14, shade=creases(rng, 0.06, 2))
        if it.pattern == "plain":
            for i, y in enumerate((-0.6, -0.3)):
                for x in (-0.25, 0.0, 0.25) if i else (-0.13, 0.13):
                    c.solid(f, oval(x, y, 0.03), it.dark, bulge=0.6, depth=0.03)
        for s in (-1, 1):
            c.solid(
                f,
                stroke([(0.62 * s, 0.5), (0.7 * s, 0.75), (0.74 * s, 1.0)], 0.1, 0.055),
                wood,
                depth=0.04,
            )
        seat = mirror("0,.12 .52,.14 .66,.3 .66,.52 0,.58")
        c.solid(f, seat, it.cloth(1.1), bulge=1.1, depth=0.14, cast=0.35)
        arm = curve(".52,0 .68,-.1 .84,-.02 .86,.4 .82,.66 .56,.66 .52,.3")
        for side in (arm, arm * np.array([-1, 1], np.float32)):
            c.solid(f, side, it.cloth(1.1), bulge=1.1, depth=0.12, cast=0.35)
    else:
        for s in (-1, 1):
            c.solid(
                f,
                stroke([(0.44 * s, -0.2), (0.48 * s, 0.4), (0.56 * s, 1.0)], 0.085, 0.06),
                wood,
                depth=0.04,
            )
            c.solid(
                f,
                stroke([(0.42 * s, -0.95), (0.43 * s, -0.4), (0.44 * s, 0.2)], 0.075),
                wood,
                depth=0.04,
            )
        back = mirror("0,-.98 .46,-.94 .5,-.7 .46,-.42 0,-.4")
        c.solid(f, back, it.cloth(1.0), bulge=1.0, depth=0.1, cast=0.3)
        seat = mirror("0,.06 .5,.08 .62,.26 .58,.36 0,.4")
        c.solid(f, seat, it.cloth(1.0), bulge=1.0, depth=0.1, cast=0.4)


def sofa(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a sofa from the front, with two or three cushions."""
    rng = it.rng
    wood = pick(rng, WARM_WOOD)
    n = rng.choice((2, 2, 3))
    low = 0.62
    for x in (-0.85, 0.85):
        c.solid(f, stroke([(x, 0.4), (x * 1.02, low)], 0.06, 0.04), wood, depth=0.03)
    c.solid(f, box(-0.9, -0.42, 0.9, 0.3, 0.14), it.cloth(0.8), bulge=1.0, depth=0.1)
    w = 1.56 / n
    for i in range(n):
        x = -0.78 + i * w
        c.solid(
            f,
            box(x + 0.01, -0.36, x + w - 0.01, 0.16, 0.09),
            it.cloth(0.8),
            bulge=1.0,
            depth=0.1,
            shade=creases(rng, 0.07, 1),
            cast=0.25,
        )
    c.solid(f, box(-0.86, 0.2, 0.86, 0.48, 0.05), darker(it.colour, 0.1), bulge=0.7, depth=0.06)
    for i in range(n):
        x = -0.78 + i * w
        c.solid(
            f,
            box(x + 0.005, 0.05, x + w - 0.005, 0.3, 0.07),
            it.cloth(0.8),
            bulge=1.1,
            depth=0.07,
            cast=0.35,
        )
    for s in (-1, 1):
        arm = box(0.74, -0.18, 1.0, 0.5, 0.11)
        c.solid(
            f, arm * np.array([s, 1], np.float32), it.cloth(0.8), bulge=1.1, depth=0.09, cast=0.35
        )
    if rng.random() < 0.75:
        tint = pick(rng, ("d9a441", "c8694b", "efe6d6", "5b7f86", "8a9a6b", "d7a6a0"))
        for x, a in ((-0.52, 0.2), (0.5, -0.15))[: rng.choice((1, 2))]:
            square = f.at(x, -0.02, 0.2, a)
            pillow = curve("-1,-.95! 0,-.82 1,-.95! .86,0 1,.95! 0,.84 -1,.95! -.86,0")
            c.solid(square, pillow, tint, bulge=1.0, depth=0.4, cast=0.5)


def bed(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a bed from its foot, with pillows and a duvet that carries colour and pattern."""
    rng = it.rng
    wood = pick(rng, (*WARM_WOOD, "d8cbb8", "8b8f94"))
    top = rng.choice((-0.72, -0.6, -0.85))
    c.solid(
        f,
        box(-0.92, top, 0.92, 0.4, 0.1 if rng.random() < 0.5 else 0.02),
        wood,
        bulge=0.7,
        depth=0.06,
    )
    if rng.random() < 0.5:
        for i in range(1, 6):
            c.fill(
                f,
                stroke([(-0.92 + i * 0.306, top + 0.04), (-0.92 + i * 0.306, 0.3)], 0.012),
                darker(wood, 0.4),
                0.6,
            )
    linen = pick(rng, ("f6f2ea", "f3eee6", "eef0f0"))
    c.solid(f, box(-0.86, -0.16, 0.86, 0.4, 0.06), linen, bulge=0.6, depth=0.06)
    for x in (-0.42, 0.42):
        pillow = curve(
            [
                (x - 0.38, -0.42),
                (x, -0.47),
                (x + 0.38, -0.42),
                (x + 0.4, -0.2),
                (x + 0.36, -0.02),
                (x, 0.0),
                (x - 0.36, -0.02),
                (x - 0.4, -0.2),
            ]
        )
        c.solid(f, pillow, linen, bulge=1.1, depth=0.12, shade=creases(rng, 0.06, 1), cast=0.35)
        if rng.random() < 0.5:
            small = curve(
                [
                    (x - 0.24, -0.27, 1),
                    (x, -0.24),
                    (x + 0.24, -0.27, 1),
                    (x + 0.22, 0.05, 1),
                    (x, 0.02),
                    (x - 0.22, 0.05, 1),
                ]
            )
            c.solid(f, small, it.colour, bulge=1.0, depth=0.1, cast=0.35)
    duvet = mirror("0,.02 .8,0 .94,.1 .98,.5 .97,.86 .5,.83 0,.86")
    c.solid(
        f, duvet, it.cloth(1.0), bulge=1.0, depth=0.13, shade=creases(rng, 0.12, 1.3), cast=0.35
    )
    cuff = mirror("0,0 .8,-.02 .93,.06 .94,.16 0,.18")
    c.solid(f, cuff, lighter(it.colour, 0.5), bulge=0.7, depth=0.05, cast=0.25)
    for x in (-0.84, 0.84):
        c.solid(f, box(x - 0.05, 0.84, x + 0.05, 0.99), wood, depth=0.03)


def bookshelf(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a bookcase full of books and small things; its wood carries the colour."""
    rng = it.rng
    w = 0.62
    c.solid(f, box(-w, -0.98, w, 0.98, 0.01), it.colour, bulge=0.5, depth=0.03)
    rows, inner = 4, w - 0.06
    step = 1.86 / rows
    for r in range(rows):
        y0 = -0.93 + r * step
        y1 = y0 + step - 0.05
        c.solid(f, box(-inner, y0, inner, y1), darker(it.colour, 0.45), bulge=-0.7, depth=0.06)
        x = -inner + 0.02
        while x < inner - 0.1:
            if rng.random() < 0.16:
                c.solid(
                    f.at(x + 0.1, y1 - 0.11, 0.11),
                    mirror("0,-.7 .3,-.7 .7,.2 .4,1! 0,1"),
                    pick(rng, ("e9e2d6", "c98f6b", "8d9c93", "d9a441")),
                    gloss=0.5,
                    depth=0.3,
                )
                x += 0.24
                continue
            bw, bh = rng.uniform(0.045, 0.085), rng.uniform(0.6, 0.92) * (step - 0.08)
            spine = pick(
                rng,
                (
                    "b5473c",
                    "2f4f6f",
                    "e6d9bf",
                    "6d8a6a",
                    "d9a441",
                    "7a4a6e",
                    "3b3b42",
                    "c98f6b",
                    "f0ece2",
                    "4a7f86",
                ),
            )
            lean = 0.0 if rng.random() < 0.85 else 0.04
            c.solid(
                f,
                poly((x + lean, y1 - bh), (x + bw + lean, y1 - bh), (x + bw, y1), (x, y1)),
                spine,
                bulge=0.7,
                depth=0.02,
            )
            x += bw + 0.006 + lean
