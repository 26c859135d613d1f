"""Cakes, pizza and pancakes, each in its own frame from -1 to 1; standing ones end at y=1."""

from __future__ import annotations

import math

import numpy as np

from drawing.canvas import Canvas, Frame
from drawing.item import Item, folds
from drawing.palette import darker, lighter, pick, rgb
from drawing.paths import blob, box, curve, leaf, mirror, oval, poly, stroke
from drawing.plates import berry, plate_side, plate_top

CRUST = rgb("d59a52")


def cake(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a layered cake on a plate, with icing of the item's colour and fruit on top."""
    rng = it.rng
    plate_side(c, f, rng)
    sponge = pick(rng, ("d9a866", "e6c48d", "6b4226", "b9783f"))
    w, top = rng.uniform(0.6, 0.72), rng.uniform(-0.3, -0.1)
    naked = rng.random() < 0.4
    c.solid(
        f,
        box(-w, top, w, 0.9, 0.05),
        sponge if naked else it.colour,
        bulge=0.95,
        depth=0.2,
        rough=0.25 if naked else 0.05,
    )
    if naked:
        for y in (top + (0.9 - top) * k for k in (0.36, 0.7)):
            c.solid(
                f,
                box(-w * 1.02, y - 0.06, w * 1.02, y + 0.05, 0.05),
                it.colour,
                bulge=1.0,
                depth=0.05,
            )
    drip = [
        (-w * 1.02, top + 0.06),
        (-w * 0.9, top - 0.07),
        (0, top - 0.1),
        (w * 0.9, top - 0.07),
        (w * 1.02, top + 0.06),
    ]
    x = w
    while x > -w:
        d = rng.uniform(0.1, 0.26)
        drip += [(x, top + d), (x - 0.07, top + d + 0.02), (x - 0.12, top + 0.07)]
        x -= 0.2
    icing = (
        it.colour
        if naked
        else rng.choice((lighter(it.colour, 0.35), darker(it.colour, 0.2), it.second))
    )
    c.solid(f, curve(list(drip)), icing, bulge=1.0, depth=0.06, gloss=0.5, cast=0.25)
    deco = rng.choice(("berries", "cherries", "candles", "swirls"))
    fruit = pick(rng, ("c4243a", "a81f38", "d9455a", "3d4a8a"))
    n = rng.randint(5, 7)
    for i in range(n):
        x = -w * 0.8 + i * w * 1.6 / (n - 1)
        if deco == "candles":
            c.solid(
                f,
                box(x - 0.02, top - 0.42, x + 0.02, top - 0.08),
                pick(rng, ("e8b4b8", "9cc3d5", "f3d27a")),
                depth=0.02,
            )
            c.fill(f, leaf(x, top - 0.43, 0.13, 0.07, -math.pi / 2), rgb("ffc94d"))
            px, py = f.point(x, top - 0.5)
            c.glow(px, py, f.size * 0.14, (1.0, 0.85, 0.5), 0.5)
        elif deco == "swirls":
            for k, r in enumerate((0.12, 0.085, 0.045)):
                c.solid(
                    f,
                    oval(x, top - 0.1 - k * 0.075, r, r * 0.6),
                    lighter(it.colour, 0.4),
                    depth=0.04,
                    cast=0.2,
                )
        else:
            berry(c, f, x, top - 0.12, 0.1 if deco == "berries" else 0.085, fruit)
            if deco == "cherries":
                c.fill(
                    f,
                    stroke([(x, top - 0.18), (x + 0.03, top - 0.32), (x + 0.09, top - 0.4)], 0.015),
                    rgb("5d7a3a"),
                )


def cupcake(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a cupcake with a swirl of frosting of the item's colour."""
    rng = it.rng
    paper = pick(rng, ("f0e4d0", "b5835a", "e8c7c2", "c9d8d8", "6b4a3a", "f4efe6"))
    cup = mirror("0,.22 .56,.22! .42,.96! 0,1")
    c.solid(f, cup, paper, bulge=0.9, depth=0.14, shade=folds(rng, 7, 0.22, -0.3))
    c.solid(f, oval(0, 0.22, 0.58, 0.13), pick(rng, ("c98f50", "6b4226")), bulge=0.7, depth=0.06)
    for y, w, h in (
        (0.1, 0.66, 0.2),
        (-0.12, 0.54, 0.19),
        (-0.33, 0.4, 0.17),
        (-0.52, 0.25, 0.15),
        (-0.68, 0.11, 0.12),
    ):
        tier = curve(
            [
                (-w, y + 0.05),
                (-w * 0.6, y - h),
                (w * 0.5, y - h * 1.1),
                (w, y - 0.04),
                (w * 0.5, y + h * 0.9),
                (-w * 0.5, y + h),
            ]
        )
        c.solid(f, tier, it.colour, bulge=1.1, depth=0.09, gloss=0.25, cast=0.28)
    top = rng.choice(("cherry", "sprinkles", "berry", "none"))
    if top == "sprinkles":
        for _ in range(26):
            y = rng.uniform(-0.6, 0.15)
            x = rng.uniform(-0.5, 0.5) * (y + 0.85)
            a = rng.uniform(0, 3)
            c.fill(
                f,
                stroke([(x, y), (x + 0.06 * math.cos(a), y + 0.06 * math.sin(a))], 0.026),
                pick(rng, ("e8455a", "f4d03f", "58b6c0", "fffaf0", "9b6bc0")),
            )
    elif top != "none":
        berry(c, f, 0.0, -0.8, 0.14, rgb("c0202f") if top == "cherry" else rgb("39427e"))
        c.fill(f, stroke("0,-.9 .05,-1.05 .14,-1.12", 0.02), rgb("5d7a3a"))


def pizza(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a pizza from above on a board or a plate, with its toppings."""
    rng = it.rng
    if rng.random() < 0.5:
        wood = pick(rng, ("a9774b", "c49a6c", "8f6139"))
        c.solid(
            f,
            [oval(0, 0, 1.0, n=64), box(0.8, -0.12, 1.35, 0.12, 0.1)],
            wood,
            bulge=0.5,
            depth=0.05,
            shade=folds(rng, 3, 0.05),
            cast=0.55,
        )
    else:
        plate_top(c, f, rng)
    c.solid(f, blob(rng, 0, 0, 0.88, 0.025), CRUST, bulge=1.0, depth=0.09, rough=0.35)
    c.solid(f, blob(rng, 0, 0, 0.74, 0.03), rgb("c6482c"), bulge=0.2, depth=0.04, rough=0.2)
    cheese = pick(rng, ("f0cf7a", "f3d88f", "edc566"))
    for _ in range(26):
        a, r = rng.uniform(0, 6.3), 0.62 * rng.uniform(0, 1) ** 0.5
        c.solid(
            f,
            blob(rng, r * math.cos(a), r * math.sin(a), rng.uniform(0.09, 0.17), 0.3),
            cheese,
            bulge=0.5,
            depth=0.05,
            rough=0.15,
        )
    top = rng.choice(("salami", "margherita", "mushroom", "veggie"))
    for i in range(9):
        a = i * 2.4
        r = 0.6 * ((i + 0.5) / 9) ** 0.5
        x, y = r * math.cos(a), r * math.sin(a)
        if top == "salami":
            c.solid(f, oval(x, y, 0.14), rgb("b23a2e"), bulge=-0.4, depth=0.04, rough=0.2, cast=0.3)
        elif top == "margherita":
            c.solid(f, blob(rng, x, y, 0.13, 0.2), rgb("faf3e0"), bulge=0.8, depth=0.06, cast=0.2)
        elif top == "mushroom":
            c.solid(
                f,
                mirror("0,-.11 .11,-.04 .1,.03 .04,.03 .04,.12 0,.12")
                + np.array([x, y], np.float32),
                rgb("d8c3a0"),
                bulge=0.8,
                depth=0.04,
                cast=0.3,
            )
        else:
            c.solid(
                f,
                oval(x, y, 0.1),
                rng.choice((rgb("c8323a"), rgb("4c8a3f"), rgb("e6b23a"))),
                holes=[oval(x, y, 0.055)],
                depth=0.03,
                cast=0.3,
            )
    for i in range(rng.randint(4, 8)):
        a, r = i * 2.1 + rng.uniform(0, 0.5), rng.uniform(0.1, 0.55)
        c.solid(
            f,
            leaf(r * math.cos(a), r * math.sin(a), 0.22, 0.13, rng.uniform(0, 6.3)),
            rgb("3f7a3a"),
            depth=0.04,
            cast=0.35,
        )
    if rng.random() < 0.5:
        for i in range(4):
            a = i * math.pi / 4 + 0.2
            c.fill(
                f,
                stroke(
                    [
                        (-0.86 * math.cos(a), -0.86 * math.sin(a)),
                        (0.86 * math.cos(a), 0.86 * math.sin(a)),
                    ],
                    0.016,
                ),
                rgb("8a4a22"),
                0.6,
            )


def donut(c: Canvas, f: Frame, it: Item) -> None:
    """Draw an iced ring doughnut from above; the icing carries the colour."""
    rng = it.rng
    hole = oval(0, 0, 0.25)
    c.solid(
        f,
        oval(0, 0, 0.86, n=64),
        rgb("cf9447"),
        holes=[hole],
        bulge=1.2,
        depth=0.18,
        rough=0.1,
        cast=0.55,
    )
    pts = []
    for i in range(16):
        a, r = i * math.pi / 8, rng.uniform(0.7, 0.8)
        pts.append((r * math.cos(a), r * math.sin(a)))
    c.solid(
        f,
        curve(list(pts)),
        it.colour,
        holes=[blob(rng, 0, 0, 0.33, 0.08)],
        bulge=1.15,
        depth=0.14,
        gloss=0.6,
        cast=0.3,
    )
    if rng.random() < 0.7:
        for _ in range(46):
            a, r, t = rng.uniform(0, 6.3), rng.uniform(0.4, 0.68), rng.uniform(0, 3.2)
            x, y = r * math.cos(a), r * math.sin(a)
            c.fill(
                f,
                stroke([(x, y), (x + 0.075 * math.cos(t), y + 0.075 * math.sin(t))], 0.032),
                pick(rng, ("e8455a", "f4d03f", "58b6c0", "fffaf0", "9b6bc0", "6cb56a")),
            )
    else:
        for k in range(9):
            x = -0.6 + k * 0.15
            h = 0.66 * math.sqrt(max(0.05, 1 - (x / 0.72) ** 2))
            for s in (-1, 1):
                y0 = 0.36 * math.sqrt(max(0, 1 - (x / 0.36) ** 2)) if abs(x) < 0.36 else 0.0
                c.fill(f, stroke([(x, s * y0), (x + 0.07, s * h)], 0.03), it.second, 0.9)


def pancakes(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a stack of pancakes with syrup, butter and berries."""
    rng = it.rng
    plate_side(c, f, rng)
    n = rng.randint(4, 6)
    for i in range(n):
        y, w = 0.82 - i * 0.155, 0.68 + rng.uniform(-0.04, 0.04)
        x = rng.uniform(-0.04, 0.04)
        c.solid(
            f,
            curve(
                [
                    (x - w, y),
                    (x - w * 0.8, y - 0.11),
                    (x, y - 0.14),
                    (x + w * 0.8, y - 0.11),
                    (x + w, y),
                    (x + w * 0.8, y + 0.08),
                    (x, y + 0.1),
                    (x - w * 0.8, y + 0.08),
                ]
            ),
            rgb("edc98a"),
            bulge=1.0,
            depth=0.06,
            cast=0.35,
        )
        c.solid(
            f,
            curve(
                [
                    (x - w * 0.95, y - 0.04),
                    (x - w * 0.75, y - 0.12),
                    (x, y - 0.15),
                    (x + w * 0.75, y - 0.12),
                    (x + w * 0.95, y - 0.04),
                    (x, y + 0.03),
                ]
            ),
            pick(rng, ("c07c34", "b9732e", "c98840")),
            bulge=0.5,
            depth=0.05,
            rough=0.15,
        )
    top = 0.82 - (n - 1) * 0.155 - 0.1
    syrup = [
        (-0.45, top),
        (0, top - 0.07),
        (0.48, top - 0.02),
        (0.58, top + 0.28),
        (0.5, top + 0.34),
        (0.42, top + 0.12),
        (0.1, top + 0.09),
        (0.04, top + 0.42),
        (-0.06, top + 0.4),
        (-0.1, top + 0.1),
        (-0.36, top + 0.08),
        (-0.42, top + 0.24),
        (-0.52, top + 0.2),
    ]
    c.solid(f, curve(list(syrup)), rgb("8a4312"), bulge=0.9, depth=0.05, gloss=0.9)
    if rng.random() < 0.5:
        c.solid(
            f,
            poly(
                (-0.16, top - 0.1),
                (0.04, top - 0.15),
                (0.18, top - 0.07),
                (0.16, top + 0.02),
                (-0.02, top + 0.07),
                (-0.17, top - 0.0),
            ),
            rgb("f6df86"),
            depth=0.05,
            cast=0.3,
        )
    else:
        for x, col in ((-0.2, "39427e"), (-0.02, "c4243a"), (0.16, "39427e"), (0.06, "c4243a")):
            berry(c, f, x, top - 0.06 - (0.13 if x == 0.06 else 0), 0.095, rgb(col))
