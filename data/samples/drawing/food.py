"""Food and drink, each in its own frame from -1 to 1; standing ones end at y=1."""

from __future__ import annotations

import math

import numpy as np

from drawing.canvas import Canvas, Colour, Frame, mix
from drawing.item import Item, creases
from drawing.palette import LEAVES, darker, lighter, pick, rgb
from drawing.paths import Array, blob, box, curve, leaf, mirror, oval, stroke
from drawing.plates import berry, bowl_top


def salad(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a green salad in a bowl from above."""
    rng = it.rng
    bowl_top(c, f, rng)
    for i in range(54):
        a, r = rng.uniform(0, 6.3), 0.74 * rng.uniform(0, 1) ** 0.5
        green = mix(rgb("5b9a44"), rgb("a8cc60"), rng.uniform(0, 0.9))
        c.solid(
            f,
            blob(rng, r * math.cos(a), r * math.sin(a), rng.uniform(0.12, 0.2), 0.32),
            darker(green, rng.uniform(0, 0.35) * (1 - i / 54)),
            bulge=0.9,
            depth=0.05,
            shade=creases(rng, 0.2, 0.4),
            cast=0.2,
        )
    for _ in range(rng.randint(5, 8)):
        a, r = rng.uniform(0, 6.3), 0.62 * rng.uniform(0, 1) ** 0.5
        x, y = r * math.cos(a), r * math.sin(a)
        thing = rng.choice(("tomato", "cucumber", "onion", "feta", "tomato"))
        if thing == "tomato":
            berry(c, f, x, y, 0.11, rgb("cf3a2c"))
        elif thing == "cucumber":
            c.solid(f, oval(x, y, 0.14), rgb("4f8a3f"), depth=0.03, cast=0.35)
            c.solid(f, oval(x, y, 0.118), rgb("d5e5b0"), bulge=0.4, depth=0.05)
        elif thing == "onion":
            c.solid(
                f, oval(x, y, 0.13), rgb("b46a9e"), holes=[oval(x, y, 0.1)], depth=0.02, cast=0.3
            )
        else:
            c.solid(
                f.at(x, y, 0.08, rng.uniform(0, 3)),
                box(-1, -1, 1, 1, 0.2),
                rgb("f8f4e8"),
                depth=0.4,
                cast=0.4,
            )


def soup(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a bowl of soup from above, with cream, herbs or croutons."""
    rng = it.rng
    bowl_top(c, f, rng)
    c.solid(f, oval(0, 0, 0.8, n=72), _ripe(it), bulge=0.25, depth=0.06, rough=0.07, gloss=0.2)
    for r in (0.42, 0.26):
        t = np.linspace(0.4, 5.4, 9)
        c.fill(
            f,
            stroke(
                [(float(r * math.cos(a) * (1 + a * 0.06)), float(r * math.sin(a))) for a in t],
                0.06,
                0.02,
            ),
            rgb("fbf3e2"),
            0.8,
        )
    for _ in range(rng.randint(5, 9)):
        a, r = rng.uniform(0, 6.3), rng.uniform(0, 0.55)
        x, y = r * math.cos(a), r * math.sin(a)
        if rng.random() < 0.4:
            c.solid(
                f.at(x, y, 0.09, a),
                box(-1, -1, 1, 1, 0.25),
                rgb("c98f4a"),
                rough=0.3,
                depth=0.4,
                cast=0.4,
            )
        else:
            c.solid(f, leaf(x, y, 0.2, 0.11, a * 3), pick(rng, LEAVES), depth=0.04, cast=0.3)


def coffee(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a cup of coffee with milk foam, from above or a little from the side."""
    rng = it.rng
    china = pick(rng, ("f6f3ec", "f3efe6", "dfe4e4", "c98f6b", "5d7378", "2f3338"))
    milk = rgb("f1dfc2")
    if it.setting == "from above":
        c.solid(f, oval(0, 0.06, 1.0, n=72), china, bulge=0.5, depth=0.06, gloss=0.4, cast=0.55)
        c.solid(f, oval(0, 0.06, 0.62), darker(china, 0.08), bulge=-0.4, depth=0.06)
        c.solid(f, stroke(".5,-.05 .86,-.12 .88,.12 .52,.14", 0.1), china, depth=0.04, cast=0.4)
        c.solid(f, oval(0, 0, 0.64, n=72), china, bulge=0.9, depth=0.06, gloss=0.5, cast=0.5)
        c.solid(f, oval(0, 0, 0.55, n=72), it.colour, bulge=0.2, depth=0.05)
        c.solid(f, oval(0, 0, 0.46, n=72), mix(it.colour, milk, 0.25), bulge=0.1)
        if rng.random() < 0.5:
            for k in range(4):
                y, w = 0.26 - k * 0.15, 0.26 - k * 0.05
                c.fill(
                    f,
                    curve(
                        [
                            (0, y + 0.1),
                            (w, y - 0.06),
                            (w * 0.9, y - 0.12),
                            (0, y + 0.0),
                            (-w * 0.9, y - 0.12),
                            (-w, y - 0.06),
                        ]
                    ),
                    milk,
                )
        else:
            c.fill(f, curve("0,.32! .3,0 .24,-.22 .08,-.24 0,-.1! -.08,-.24 -.24,-.22 -.3,0"), milk)
        return
    c.solid(
        f,
        curve("-1,.84 0,.66 1,.84 .5,.98 0,1.02 -.5,.98"),
        china,
        bulge=0.8,
        depth=0.06,
        gloss=0.4,
    )
    c.solid(f, stroke(".52,-.1 .92,-.16 .9,.36 .4,.5", 0.1), china, depth=0.04, gloss=0.4)
    c.solid(
        f,
        mirror("0,-.35 .66,-.38! .62,.2 .34,.76 .3,.86! 0,.88"),
        china,
        bulge=1.2,
        depth=0.2,
        gloss=0.7,
        cast=0.3,
    )
    c.solid(f, oval(0, -0.38, 0.66, 0.2), lighter(china, 0.3), bulge=0.4, depth=0.04)
    c.solid(f, oval(0, -0.36, 0.58, 0.155), it.colour, bulge=0.2, depth=0.04)
    c.fill(f, oval(0.02, -0.35, 0.4, 0.1), mix(it.colour, milk, 0.75))
    c.fill(f, oval(0.02, -0.345, 0.24, 0.055), mix(it.colour, milk, 0.25))
    for x in (-0.2, 0.06, 0.26):
        c.fill(
            f,
            stroke([(x, -0.45), (x + 0.1, -0.62), (x - 0.04, -0.8), (x + 0.08, -1.0)], 0.05, 0.12),
            (1.0, 1.0, 1.0),
            0.2,
        )


def ice_cream(c: Canvas, f: Frame, it: Item) -> None:
    """Draw ice cream in a cone or a cup; the scoops carry the colour."""
    rng = it.rng

    def waffle(u: Array, v: Array) -> Array:
        a = np.abs(((u + v * 0.8) / 0.13) % 1 - 0.5) < 0.09
        b = np.abs(((u - v * 0.8) / 0.13) % 1 - 0.5) < 0.09
        base = np.broadcast_to(np.asarray(rgb("d9a45c"), np.float32), (*u.shape, 3))
        return np.where((a | b)[..., None], np.asarray(rgb("b07a38"), np.float32), base).astype(
            np.float32
        )

    cone = it.setting in ("studio", "street", "picnic") or rng.random() < 0.2
    if cone:
        c.solid(f, curve("-.4,.05! .4,.05! .04,1 -.04,1"), waffle, bulge=1.0, depth=0.14)
        spots = [(0, -0.12, 0.44), (0.0, -0.6, 0.36)] if rng.random() < 0.6 else [(0, -0.16, 0.48)]
    else:
        spots = [(-0.32, -0.02, 0.36), (0.32, -0.02, 0.36), (0, -0.36, 0.38)]
    for i, (x, y, r) in enumerate(spots):
        tint = (
            it.colour
            if i != 1 or not cone
            else mix(it.colour, rgb("fbf2df"), rng.choice((0.0, 0.35)))
        )
        c.solid(f, blob(rng, x, y, r, 0.03), tint, bulge=1.2, depth=0.18, rough=0.22, cast=0.25)
        hem = [(x - r * 1.06, y + r * 0.5)]
        hem += [
            (x - r + k * r / 3, y + r * (0.62 + 0.14 * (k % 2)) + rng.uniform(0, 0.04))
            for k in range(7)
        ]
        hem += [(x + r * 1.06, y + r * 0.5), (x, y + r * 0.3)]
        c.solid(f, curve(list(hem)), tint, bulge=0.9, depth=0.06, rough=0.15)
    if not cone:
        glass = pick(rng, ("e6eef0", "f4e2dc", "f4f1ea"))
        c.solid(
            f,
            mirror("0,.14 .72,.1! .6,.5 .16,.72 .12,.86 .4,.98 .4,1.02! 0,1.02"),
            glass,
            bulge=1.0,
            depth=0.14,
            gloss=0.8,
        )
    x, y, r = spots[-1]
    extra = rng.choice(("cherry", "wafer", "sauce", "none"))
    if extra == "cherry":
        berry(c, f, x, y - r * 1.02, 0.11, rgb("c0202f"))
        c.fill(f, stroke([(x, y - r - 0.08), (x + 0.08, y - r - 0.26)], 0.018), rgb("5d7a3a"))
    elif extra == "wafer":
        c.solid(
            f.at(x + r * 0.6, y - r * 0.7, 1.0, 0.5),
            box(-0.06, -0.3, 0.06, 0.2),
            waffle,
            depth=0.03,
            cast=0.3,
        )
    elif extra == "sauce":
        sauce = [
            (x - r * 0.85, y - r * 0.2),
            (x - r * 0.5, y - r * 0.9),
            (x, y - r * 1.05),
            (x + r * 0.5, y - r * 0.9),
            (x + r * 0.85, y - r * 0.2),
            (x + r * 0.5, y - r * 0.3),
            (x + r * 0.3, y + r * 0.1),
            (x, y - r * 0.3),
            (x - r * 0.35, y + r * 0.05),
            (x - r * 0.55, y - r * 0.35),
        ]
        c.solid(f, curve(list(sauce)), darker(rgb("5a3019"), 0.1), bulge=0.8, depth=0.05, gloss=0.7)


def _ripe(it: Item) -> Colour:
    return pick(it.rng, ("86b04a", "93b84e", "7aa544")) if it.name == "green" else it.colour


def apple(c: Canvas, f: Frame, it: Item) -> None:
    """Draw one to three apples."""
    rng = it.rng
    body = _ripe(it)
    blush = mix(body, rgb("e9c94f") if it.name != "yellow" else rgb("d9653a"), 0.35)

    def skin(u: Array, v: Array) -> Array:
        t = (
            np.clip(0.5 + 0.5 * np.sin(np.arctan2(v, u) * 9) * 0.25 - v * 0.5, 0, 1)[..., None]
            * 0.55
        )
        low = np.asarray(body, np.float32)
        return np.asarray(low + (np.asarray(blush, np.float32) - low) * t, np.float32)

    def one(g: Frame) -> None:
        out = mirror("0,-.55 .3,-.74 .72,-.55 .84,-.05 .62,.66 .26,.98 0,.9")
        c.ground(*g.point(0.0, 0.95), g.size * 0.75, g.size * 0.13, 0.45)
        c.solid(g, out, skin, bulge=1.2, depth=0.3, gloss=0.8)
        c.solid(g, oval(0, -0.55, 0.24, 0.07), darker(it.colour, 0.5), bulge=0.2, depth=0.03)
        c.solid(g, stroke("0,-.52 .03,-.75 .1,-.98", 0.06, 0.08), rgb("5a3d25"), depth=0.03)
        if rng.random() < 0.7:
            c.solid(
                g,
                leaf(0.05, -0.75, 0.5, 0.26, -0.5),
                rgb("4f8f4a"),
                bulge=0.8,
                depth=0.06,
                cast=0.2,
            )

    spots = rng.choice(
        (
            [(0, 0, 1.0, 0)],
            [(-0.44, 0.1, 0.68, -0.15), (0.46, 0.18, 0.64, 0.12)],
            [(0.0, -0.14, 0.58, 0.0), (-0.5, 0.3, 0.6, -0.1), (0.5, 0.34, 0.58, 0.15)],
        )
    )
    for x, y, s, a in spots:
        one(f.at(x, y, s, a))


def pear(c: Canvas, f: Frame, it: Item) -> None:
    """Draw one or two pears."""
    rng = it.rng
    body = _ripe(it)

    def one(g: Frame) -> None:
        out = mirror("0,-.78 .2,-.74 .32,-.4 .5,.05 .66,.5 .45,.92 0,.98")
        c.ground(*g.point(0.0, 0.95), g.size * 0.6, g.size * 0.12, 0.45)
        c.solid(g, out, body, bulge=1.2, depth=0.26, gloss=0.55, rough=0.12)
        c.solid(g, stroke("0,-.74 .04,-.9 .12,-1.08", 0.07, 0.09), rgb("5a3d25"), depth=0.03)
        if rng.random() < 0.6:
            c.solid(g, leaf(0.05, -0.88, 0.42, 0.2, 0.1), rgb("4f8f4a"), bulge=0.8, depth=0.05)

    two = rng.random() < 0.55
    for x, y, s, a in (
        [(-0.36, 0.05, 0.82, -0.1), (0.42, 0.14, 0.78, 0.14)]
        if two
        else [(0, 0, 1.0, rng.uniform(-0.1, 0.1))]
    ):
        one(f.at(x, y, s, a))


def bananas(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a small bunch of bananas."""
    rng = it.rng
    body = _ripe(it)
    n = rng.choice((2, 3, 4))
    for i in range(n):
        g = f.at(-0.62, -0.66, 1.0, 0.16 * (n - 1 - i) - 0.12)
        out = curve("0,0 .12,-.02 .3,.5 .75,.98 1.3,1.1 1.42,1.2 1.3,1.3 .7,1.34 .16,.9 -.04,.4")
        c.solid(g, out, mix(body, darker(body, 0.2), i / n * 0.5), bulge=1.1, depth=0.12, cast=0.35)
        c.fill(g, stroke(".08,.2 .3,.75 .8,1.15 1.3,1.2", 0.03), darker(body, 0.25), 0.35)
        c.solid(g, oval(1.38, 1.2, 0.06), rgb("5a4426"), depth=0.04)
    c.solid(
        f.at(-0.62, -0.66), stroke(".04,.1 .02,-.1 .06,-.26", 0.16, 0.12), rgb("9a8a3a"), depth=0.06
    )
