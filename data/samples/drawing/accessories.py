"""Shoes, bags, hats and scarves, each in its own frame from -1 to 1, standing on y=1."""

from __future__ import annotations

from drawing.canvas import Canvas, Colour, Frame
from drawing.item import Item, creases, folds
from drawing.palette import darker, lighter, pick, rgb
from drawing.paths import Point, curve, mirror, oval, stroke


def sneaker(c: Canvas, f: Frame, it: Item, lace: Colour, sole: Colour) -> None:
    """Draw one sneaker seen from its side, toe to the right."""
    upper = curve(
        "-.9,.62 -.94,.3 -.86,-.06! -.62,.04 -.34,-.1 -.16,-.14! .12,.1 .44,.26 "
        ".78,.36 .95,.52 .95,.66 0,.7"
    )
    inner = curve("-.86,-.05! -.52,-.15 -.17,-.14! -.34,-.02 -.62,.08")
    c.solid(f, inner, darker(it.colour, 0.6), bulge=0.3)
    c.solid(f, upper, it.cloth(1.7), bulge=0.95, depth=0.16, rough=0.05)
    toe = curve(".56,.68! .52,.46 .66,.33 .84,.4 .96,.56 .95,.68!")
    c.solid(
        f,
        toe,
        lighter(it.colour, 0.25) if it.name != "white" else rgb("e9e6df"),
        bulge=0.6,
        depth=0.08,
    )
    heel = curve("-.93,.6! -.95,.3 -.87,-.04! -.74,.16 -.68,.6!")
    c.solid(f, heel, darker(it.colour, 0.22), bulge=0.5, depth=0.06)
    tongue = curve("-.36,-.1! -.3,-.3 -.14,-.26 -.04,-.04! -.22,-0")
    c.solid(f, tongue, lighter(it.colour, 0.1), bulge=0.6, depth=0.05)
    stripe = stroke("-.5,.58 -.28,.38 -.02,.22", 0.15, 0.05)
    c.solid(f, stripe, it.second, bulge=0.3, depth=0.03)
    for i in range(5):
        x, y = -0.18 + i * 0.112, -0.07 + i * 0.075
        c.solid(
            f,
            stroke([(x - 0.1, y + 0.08), (x, y), (x + 0.09, y - 0.01)], 0.05),
            lace,
            depth=0.02,
            cast=0.35,
        )
    rubber = curve("-.92,.6! -.4,.66 .3,.64 .93,.6 .97,.78 .86,.92! 0,.94 -.88,.93! -.96,.78")
    c.solid(f, rubber, sole, bulge=0.8, depth=0.06, cast=0.3)
    c.fill(f, stroke("-.9,.76 0,.79 .92,.74", 0.022), darker(sole, 0.25), 0.6)


def sneakers(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a pair of sneakers, one behind the other."""
    lace = lighter(it.colour, 0.75) if it.rng.random() < 0.7 else darker(it.colour, 0.5)
    sole = pick(it.rng, ("f3f0ea", "faf8f4", "e6dfd2", "d9b98c"))
    far = f.at(0.2, -0.12, 0.82, -0.04)
    sneaker(c, far, it, lace, sole)
    near = f.at(-0.12, 0.14, 0.84, 0.02)
    c.ground(*near.point(0.0, 0.9), near.size * 0.9, near.size * 0.1, 0.4)
    sneaker(c, near, it, lace, sole)


def boot(c: Canvas, f: Frame, it: Item, tall: bool, heel: bool) -> None:
    """Draw one boot from its side, toe to the right."""
    top = -0.95 if tall else -0.45
    shaft: list[Point] = [(-0.56, top + 0.04, 1), (-0.05, top, 1), (0.0, top + 0.35), (-0.05, 0.1)]
    out = curve(
        [
            *shaft,
            (0.12, 0.32),
            (0.5, 0.46),
            (0.72, 0.62),
            (0.74, 0.8),
            (0, 0.82),
            (-0.55, 0.8),
            (-0.6, 0.5),
            (-0.52, 0.1),
        ]
    )
    c.solid(
        f,
        curve([(-0.56, top + 0.04), (-0.3, top - 0.05), (-0.05, top), (-0.3, top + 0.07)]),
        darker(it.colour, 0.65),
        bulge=0.2,
    )
    c.solid(f, out, it.colour, bulge=1.05, depth=0.14, gloss=0.55, shade=creases(it.rng, 0.1, 1.6))
    c.fill(f, stroke("-.56,.42 -.3,.36 -.02,.25", 0.02), it.dark, 0.7)
    if not tall:
        panel = curve(
            [
                (-0.4, top + 0.1, 1),
                (-0.22, top + 0.09, 1),
                (-0.2, 0.25),
                (-0.3, 0.35),
                (-0.42, 0.25),
            ]
        )
        c.solid(
            f, panel, darker(it.colour, 0.5), bulge=0.3, depth=0.04, shade=folds(it.rng, 14, 0.2)
        )
    else:
        c.solid(
            f,
            stroke([(-0.56, top + 0.3), (-0.28, top + 0.36), (0.0, top + 0.28)], 0.07),
            darker(it.colour, 0.3),
            cast=0.3,
            gloss=0.4,
        )
        c.solid(f, oval(-0.18, top + 0.33, 0.05, 0.06), rgb("d3b168"), gloss=0.9, depth=0.03)
    sole = darker(it.colour, 0.72) if it.name != "black" else rgb("5a4636")
    h = 0.16 if heel else 0.07
    c.solid(f, curve("-.58,.76! .74,.76! .78,.83 .5,.88 0,.86 -.2,.84 -.57,.84"), sole, depth=0.03)
    c.solid(
        f,
        curve([(-0.58, 0.8, 1), (-0.24, 0.8, 1), (-0.28, 0.84 + h, 1), (-0.53, 0.84 + h, 1)]),
        sole,
        depth=0.04,
    )


def boots(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a pair of boots."""
    tall, heel = it.rng.random() < 0.5, it.rng.random() < 0.5
    boot(c, f.at(0.32, -0.05, 0.86), it, tall, heel)
    boot(c, f.at(-0.22, 0.08, 0.9), it, tall, heel)


def handbag(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a handbag: a tote, a flap bag or a half moon, with handle and metal."""
    rng = it.rng
    style = rng.choice(("tote", "flap", "moon"))
    metal = pick(rng, ("d9b766", "c9ccd1", "e0c27a"))
    strap = it.dark if rng.random() < 0.6 else rgb("7a4d2f")
    arch: list[Point] = [
        (-0.42, 0.0),
        (-0.4, -0.5),
        (-0.2, -0.86),
        (0.2, -0.86),
        (0.4, -0.5),
        (0.42, 0.0),
    ]
    c.solid(
        f,
        stroke([(x * 0.9 + 0.06, y - 0.04) for x, y in arch], 0.055),
        darker(strap, 0.25),
        depth=0.03,
    )
    if style == "tote":
        out = mirror("0,-.28 .72,-.3! .8,.3 .84,.86 .74,.96 0,.99")
    elif style == "flap":
        out = mirror("0,-.2 .78,-.2 .86,-.08 .88,.8 .8,.92 0,.95")
    else:
        out = mirror("0,-.1 .5,-.24 .92,-.16 .95,.25 .66,.8 0,.96")
    c.solid(f, out, it.cloth(1.35), bulge=1.0, depth=0.13, gloss=0.3, shade=creases(rng, 0.07, 2.2))
    if style == "flap":
        flap = mirror("0,-.22 .8,-.21 .87,-.05 .8,.3 .4,.44 0,.47")
        c.solid(f, flap, it.cloth(1.35), bulge=0.8, depth=0.09, gloss=0.4, cast=0.45)
        c.solid(f, oval(0, 0.42, 0.11, 0.08), metal, gloss=0.9, depth=0.05, cast=0.4)
    elif style == "tote":
        c.solid(
            f, mirror("0,-.32 .74,-.33! .745,-.2! 0,-.17"), strap, bulge=0.5, depth=0.04, gloss=0.3
        )
    else:
        c.fill(f, stroke("-.84,-.06 0,.06 .84,-.06", 0.035), metal)
        c.solid(f, stroke(".78,-.04 .82,.2 .78,.34", 0.05), strap, cast=0.35, depth=0.02)
    c.solid(f, stroke(arch, 0.065), strap, bulge=1.0, depth=0.03, gloss=0.3, cast=0.35)
    for x in (-0.42, 0.42):
        c.solid(f, oval(x, 0.0, 0.06), metal, gloss=0.9, depth=0.03, cast=0.3)


def hat(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a brimmed hat with a ribbon, or a knitted beanie."""
    rng = it.rng
    if rng.random() < 0.35:
        dome = mirror("0,-.68 .42,-.56 .62,-.1 .66,.4 0,.48")
        c.solid(
            f, oval(0.0, -0.74, 0.2), lighter(it.colour, 0.25), bulge=0.9, rough=0.5, depth=0.08
        )
        c.solid(
            f, dome, it.cloth(1.3), bulge=1.0, depth=0.16, shade=folds(rng, 9, 0.12), rough=0.12
        )
        c.solid(
            f,
            mirror("0,.3 .68,.22 .7,.62 0,.74"),
            it.colour,
            bulge=0.9,
            depth=0.08,
            shade=folds(rng, 12, 0.18),
            cast=0.35,
        )
        return
    band = it.second if it.pattern == "plain" else it.dark
    brim = curve("-1,.34 -.6,.12 0,.06 .6,.12 1,.3 .7,.62 0,.74 -.7,.64")
    c.solid(f, brim, it.cloth(1.3), bulge=0.7, depth=0.12, rough=0.07)
    crown = curve(
        "-.56,.36! -.52,-.1 -.42,-.5 -.16,-.56 0,-.5 .2,-.57 .44,-.48 .53,-.1 .56,.36! 0,.48"
    )
    c.solid(f, crown, it.cloth(1.3), bulge=0.95, depth=0.16, rough=0.07, cast=0.4)
    c.solid(f, curve("-.3,-.5 0,-.44 .3,-.5 0,-.34"), it.dark, bulge=0.2, depth=0.06)
    c.solid(
        f,
        curve("-.555,.16! 0,.28 .555,.14! .565,.36! 0,.5 -.565,.38!"),
        band,
        bulge=0.5,
        depth=0.05,
    )


def scarf(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a scarf looped once, with two fringed ends."""
    rng = it.rng
    drape = folds(rng, 5, 0.12)
    for x, y, lean in ((-0.22, 0.7, -0.05), (0.3, 0.86, 0.06)):
        for i in range(9):
            s = x - 0.2 + i * 0.05
            c.solid(
                f,
                stroke(
                    [(s + lean, y - 0.04), (s + lean * 1.3 + rng.uniform(-0.02, 0.02), y + 0.13)],
                    0.022,
                ),
                it.colour,
                depth=0.02,
            )
        tail = curve(
            [
                (x * 0.5 - 0.18, -0.3, 1),
                (x * 0.5 + 0.18, -0.3, 1),
                (x + 0.2 + lean, 0.3),
                (x + 0.22 + lean, y, 1),
                (x - 0.21 + lean, y, 1),
                (x - 0.2 + lean * 0.5, 0.2),
            ]
        )
        c.solid(
            f,
            tail,
            it.cloth(1.0, turn=lean),
            bulge=0.9,
            depth=0.1,
            shade=drape,
            cast=0.35,
            rough=0.06,
        )
    loop = curve("-.62,-.5 -.4,-.86 0,-.95 .42,-.86 .62,-.5 .45,-.1 0,.06 -.45,-.1")
    hole = curve("-.3,-.62 0,-.74 .3,-.62 .2,-.46 0,-.4 -.2,-.46")
    c.solid(f, hole, darker(it.colour, 0.55), bulge=0.2)
    c.solid(
        f,
        loop,
        it.cloth(1.0, turn=0.5),
        holes=[hole],
        bulge=1.1,
        depth=0.12,
        shade=creases(rng, 0.16, 1.2),
        cast=0.35,
        rough=0.06,
    )
