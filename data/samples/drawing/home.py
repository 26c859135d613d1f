"""Smaller things of the house, each in its own frame from -1 to 1, standing on y=1."""

from __future__ import annotations

import math

from drawing.canvas import Canvas, Colour, Frame
from drawing.furniture import METAL
from drawing.item import Item, creases
from drawing.palette import LEAVES, WARM_WOOD, darker, lighter, pick, rgb
from drawing.paths import Point, box, curve, leaf, mirror, oval, stroke


def vase(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a vase with a few flowers, twigs or nothing in it."""
    rng = it.rng
    shape = rng.choice(
        (
            [(0.2, -0.2), (0.17, -0.05), (0.42, 0.3), (0.46, 0.6), (0.28, 0.98)],
            [(0.32, -0.15), (0.26, 0.1), (0.3, 0.5), (0.36, 0.85), (0.3, 0.99)],
            [(0.15, -0.3), (0.13, 0.0), (0.2, 0.2), (0.5, 0.55), (0.3, 0.98)],
            [(0.26, -0.1), (0.4, 0.1), (0.4, 0.5), (0.26, 0.8), (0.24, 0.99)],
        )
    )
    rim, top = shape[0]
    inside = rng.choice(("flowers", "twigs", "flowers", "dry", "none"))
    stem = pick(rng, LEAVES if inside != "dry" else ("b99a6b", "a98755"))
    bloom = pick(rng, ("f4ede0", "e58f9c", "d9485e", "f0c24b", "b79ad0", "f2b48a"))
    for i in range(0 if inside == "none" else rng.randint(5, 8)):
        x, y = rng.uniform(-0.62, 0.62), rng.uniform(-0.95, -0.45)
        y -= 0.1 * (1 - abs(x))
        c.fill(
            f,
            stroke(
                [(rng.uniform(-0.1, 0.1) * rim * 4, top + 0.1), (x * 0.4, (y + top) / 2), (x, y)],
                0.02,
            ),
            stem,
        )
        for _ in range(3):
            t = rng.uniform(0.3, 0.85)
            a = math.atan2(y - top, x) + rng.choice((-1, 1)) * rng.uniform(0.4, 1.0)
            lx, ly = x * t * 0.75, top + (y - top) * t
            c.solid(
                f,
                leaf(lx, ly, 0.24, 0.09, a),
                stem if inside != "dry" else bloom,
                bulge=0.6,
                depth=0.04,
            )
        if inside == "flowers":
            for k in range(6):
                a = k * math.pi / 3 + i
                c.solid(
                    f,
                    oval(x + 0.065 * math.cos(a), y + 0.065 * math.sin(a), 0.06),
                    bloom,
                    bulge=0.6,
                    depth=0.04,
                )
            c.solid(f, oval(x, y, 0.04), rgb("e3b040"), depth=0.03)
        elif inside == "twigs":
            c.solid(f, leaf(x, y, 0.2, 0.09, math.atan2(y - top, x)), stem, depth=0.03)
    c.solid(f, oval(0, top, rim, 0.05), darker(it.colour, 0.65), bulge=0.0)
    out = mirror(
        [
            (0, top + 0.05),
            (rim * 0.7, top + 0.035),
            (rim, top, 1),
            *shape[1:-1],
            (shape[-1][0], shape[-1][1], 1),
            (0, 1.0),
        ]
    )
    c.solid(f, out, it.cloth(0.9), bulge=1.25, depth=0.2, gloss=0.75)


def plant(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a potted plant: big leaves, long blades, or a round bush; the pot has its own colour."""
    rng = it.rng
    style = rng.choice(("big", "blades", "bush", "big"))
    green = it.colour
    stems: list[tuple[float, float]] = []
    if style == "big":
        for i in range(11):
            a = -math.pi / 2 + (i - 5) * 0.27 + rng.uniform(-0.1, 0.1)
            r = rng.uniform(0.55, 0.95)
            stems.append((math.cos(a) * r * 0.75, 0.25 + math.sin(a) * r))
        stems.sort(key=lambda s: s[1])
        for x, y in stems:
            c.fill(f, stroke([(0, 0.35), (x * 0.35, 0.1), (x, y)], 0.022), darker(green, 0.25))
            a = math.atan2(y - 0.5, x)
            shade = darker(lighter(green, rng.uniform(0, 0.18)), rng.uniform(0, 0.25))
            c.solid(
                f,
                leaf(x - 0.1 * math.cos(a), y - 0.1 * math.sin(a), 0.52, 0.34, a),
                shade,
                bulge=0.9,
                depth=0.08,
                gloss=0.35,
                cast=0.3,
            )
            end = (x + 0.36 * math.cos(a), y + 0.36 * math.sin(a))
            c.fill(
                f,
                stroke([(x - 0.08 * math.cos(a), y - 0.08 * math.sin(a)), end], 0.012),
                lighter(shade, 0.3),
                0.7,
            )
    elif style == "blades":
        for i in range(15):
            a = -math.pi / 2 + (i - 7) * 0.1 + rng.uniform(-0.08, 0.08)
            shade = darker(lighter(green, rng.uniform(0, 0.2)), rng.uniform(0, 0.3))
            c.solid(
                f,
                leaf((i - 7) * 0.025, 0.42, rng.uniform(0.9, 1.4), 0.13, a),
                shade,
                bulge=0.8,
                depth=0.05,
                cast=0.2,
            )
    else:
        for _ in range(70):
            a, r = rng.uniform(0, 2 * math.pi), rng.uniform(0, 1) ** 0.5
            x, y = math.cos(a) * r * 0.58, -0.22 + math.sin(a) * r * 0.6
            shade = darker(lighter(green, max(0.0, 0.25 - 0.3 * (y + 0.5))), rng.uniform(0, 0.3))
            c.solid(f, leaf(x, y, 0.22, 0.12, rng.uniform(0, 6.3)), shade, bulge=0.7, depth=0.04)
    out = mirror("0,.36 .4,.36! .36,.7 .28,1! 0,1")
    c.solid(f, out, it.second, bulge=1.1, depth=0.15, gloss=0.3, cast=0.2)
    c.solid(f, box(-0.43, 0.33, 0.43, 0.48, 0.03), it.second, bulge=0.9, depth=0.06, cast=0.3)


def rug(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a rug seen from above: rectangular with fringes, or round."""
    rng = it.rng
    if rng.random() < 0.35:
        c.solid(f, oval(0, 0, 0.9), it.second, bulge=0.3, depth=0.03, rough=0.25, cast=0.5)
        c.solid(f, oval(0, 0, 0.84), it.cloth(0.9), bulge=0.15, depth=0.03, rough=0.22)
        return
    w, h = 0.66, 0.95
    for s in (-1, 1):
        for i in range(34):
            x = -w + 0.02 + i * (2 * w - 0.04) / 33
            c.fill(
                f,
                stroke(
                    [(x, s * (h - 0.02)), (x + rng.uniform(-0.012, 0.012), s * (h + 0.06))], 0.014
                ),
                rgb("efe7d6"),
            )
    c.solid(f, box(-w, -h, w, h, 0.01), it.cloth(0.9), bulge=0.2, depth=0.03, rough=0.22, cast=0.5)
    frame_width = rng.choice((0.0, 0.05, 0.08))
    if frame_width:
        a, b = 0.08, 0.08 + frame_width
        c.solid(
            f,
            box(-w + a, -h + a, w - a, h - a),
            it.second,
            holes=[box(-w + b, -h + b, w - b, h - b)],
            bulge=0.1,
            depth=0.02,
            rough=0.2,
        )


def clock(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a round wall clock; its rim and face carry the colour."""
    rng = it.rng
    pale = it.name in ("white", "beige", "grey", "yellow", "pink")
    c.solid(
        f,
        oval(0, 0, 0.95, n=80),
        darker(it.colour, 0.08) if pale else it.colour,
        bulge=1.0,
        depth=0.09,
        gloss=0.6,
        cast=0.6,
    )
    face = lighter(it.colour, 0.1) if rng.random() < 0.6 or pale else rgb("f6f2ea")
    c.solid(f, oval(0, 0, 0.8, n=80), face, bulge=-0.5, depth=0.05)
    ink: Colour = rgb("2b2a2c") if sum(face) > 1.5 else rgb("f4efe4")
    for i in range(12):
        a = i * math.pi / 6
        x, y = math.sin(a), -math.cos(a)
        r = 0.6 if i % 3 == 0 else 0.66
        c.fill(
            f, stroke([(x * r, y * r), (x * 0.72, y * 0.72)], 0.05 if i % 3 == 0 else 0.025), ink
        )
    hour, minute = rng.uniform(0, 2 * math.pi), rng.uniform(0, 2 * math.pi)
    for a, r, w in ((hour, 0.38, 0.06), (minute, 0.58, 0.04)):
        c.solid(
            f,
            stroke(
                [(-math.sin(a) * 0.1, math.cos(a) * 0.1), (math.sin(a) * r, -math.cos(a) * r)],
                w,
                w * 0.5,
            ),
            ink,
            depth=0.02,
            cast=0.35,
        )
    c.solid(f, oval(0, 0, 0.055), pick(rng, METAL), gloss=0.8, depth=0.03)


def mug(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a mug with a handle."""
    rng = it.rng
    handle: list[Point] = [(0.5, -0.35), (0.92, -0.38), (0.96, 0.25), (0.45, 0.5)]
    c.solid(f, stroke(handle, 0.15), it.colour, bulge=1.1, depth=0.06, gloss=0.5)
    w = rng.uniform(0.52, 0.6)
    out = mirror(
        [(0, -0.62), (w, -0.66, 1), (w * 1.0, 0.2), (w * 0.94, 0.82), (w * 0.7, 1.0), (0, 1.03)]
    )
    c.solid(f, out, it.cloth(1.0), bulge=1.25, depth=0.2, gloss=0.7)
    c.solid(f, oval(0, -0.66, w, 0.15), lighter(it.colour, 0.3), bulge=0.4, depth=0.04)
    c.fill(
        f,
        oval(0, -0.645, w * 0.9, 0.115),
        rgb(rng.choice(("4a2c1a", "6b4226", "c89a6a", "8a5a33"))),
    )
    if rng.random() < 0.5:
        for x in (-0.12, 0.12):
            wisp = stroke(
                [(x, -0.7), (x + 0.08, -0.88), (x - 0.04, -1.02), (x + 0.06, -1.2)], 0.04, 0.1
            )
            c.fill(f, wisp, (1.0, 1.0, 1.0), 0.22)


def cushion(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a square cushion, sometimes with tassels."""
    rng = it.rng
    out = curve("-.86,-.84! 0,-.72 .86,-.84! .74,0 .86,.86! 0,.78 -.86,.86! -.74,0")
    if rng.random() < 0.4:
        for x, y in ((-0.86, -0.84), (0.86, -0.84), (0.86, 0.86), (-0.86, 0.86)):
            c.solid(
                f,
                stroke(
                    [(x, y), (x * 1.1, y * 1.1 + 0.02), (x * 1.14, y * 1.14 + 0.08)], 0.07, 0.13
                ),
                it.second,
                depth=0.04,
            )
    c.solid(
        f,
        out,
        it.cloth(1.3),
        bulge=1.25,
        depth=0.3,
        shade=creases(rng, 0.07, 1.6),
        rough=0.06,
        cast=0.3,
    )
    c.fill(f, stroke("-.8,.84 0,.765 .8,.84", 0.016), it.dark, 0.45)


def teapot(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a round teapot with spout, lid and handle."""
    spout = curve(".4,.3 .62,.1 .74,-.3 .98,-.42! .92,-.28 .84,.2 .5,.66")
    c.solid(f, spout, it.colour, bulge=1.1, depth=0.1, gloss=0.6)
    c.solid(
        f,
        stroke("-.5,-.25 -.95,-.3 -.95,.35 -.52,.5", 0.12),
        it.colour,
        bulge=1.1,
        depth=0.05,
        gloss=0.5,
    )
    body = mirror("0,-.42 .36,-.36 .66,.05 .66,.5 .4,.92 .34,1! 0,1")
    c.solid(f, body, it.cloth(1.0), bulge=1.25, depth=0.24, gloss=0.8)
    lid = mirror("0,-.64 .2,-.6 .4,-.38 0,-.31")
    c.solid(f, lid, it.colour, bulge=1.0, depth=0.1, gloss=0.6, cast=0.35)
    c.solid(
        f,
        oval(0, -0.7, 0.1, 0.09),
        pick(it.rng, WARM_WOOD),
        bulge=1.0,
        depth=0.06,
        gloss=0.4,
        cast=0.3,
    )
