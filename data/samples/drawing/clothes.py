"""Clothes and the person who wears them, in one body frame: crown at y=-1, soles at y=1.

Each garment has the place where it sits on that body, so it can be worn, hung up or laid flat.
"""

from __future__ import annotations

from drawing.canvas import Canvas, Frame, Shade
from drawing.item import Item, creases, folds
from drawing.palette import darker, lighter, rgb
from drawing.paths import Array, Point, curve, mirror, oval, stroke
from drawing.person import SHOULDER, WAIST, flipped


def _line(c: Canvas, f: Frame, points: list[Point], it: Item, width: float = 0.006) -> None:
    c.fill(f, stroke(points, width), it.dark, 0.55)


def dress(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a dress: strap, short or long sleeves; fitted or wide; knee to ankle."""
    rng = it.rng
    hem, wide = rng.choice(((0.36, 0.26), (0.44, 0.3), (0.56, 0.33), (0.6, 0.24)))
    sleeve = rng.choice(("none", "none", "short", "long", "straps"))
    cloth, turn = it.cloth(0.42), 0.06
    top = -0.5 if sleeve == "straps" else SHOULDER
    if sleeve == "straps":
        for s in (-1, 1):
            c.solid(
                f,
                stroke([(0.1 * s, -0.46), (0.085 * s, -0.56), (0.075 * s, -0.66)], 0.02),
                it.colour,
            )
        neck: list[Point] = [(0, -0.45), (0.07, -0.49), (0.115, -0.5, 1), (0.15, -0.44)]
    else:
        back = mirror("0,-.61 .085,-.655 .08,-.55 0,-.5")
        c.solid(f, back, it.dark, bulge=0.3)
        low = rng.choice((-0.5, -0.56, -0.44))
        neck = [
            (0, low, 1 if low > -0.5 else 0),
            (0.06, -0.59),
            (0.085, -0.66, 1),
            (0.185, -0.62, 1),
            (0.155, -0.47),
        ]
    if sleeve in ("short", "long"):
        _sleeves(c, f, it, long=sleeve == "long", wide=0.055, cloth_scale=0.42)
    body = mirror(
        [
            *neck,
            (0.145, -0.42),
            (0.118, WAIST),
            (0.16, -0.14),
            (wide * 0.86, hem * 0.5),
            (wide, hem - 0.02, 1),
            (wide * 0.5, hem + 0.025),
            (0, hem + 0.035),
        ]
    )
    c.solid(f, body, cloth, bulge=0.75, depth=0.06, cast=0.2, shade=folds(rng, 3.4, 0.2, 0.9))
    if rng.random() < 0.6:
        band = mirror("0,-.315 .122,-.32! .124,-.285! 0,-.278")
        c.solid(f, band, it.dark if rng.random() < 0.5 else it.second, bulge=0.5, depth=0.02)
    else:
        c.fill(
            f, stroke([(-0.12, WAIST), (0, WAIST + turn * 0.2), (0.12, WAIST)], 0.008), it.dark, 0.5
        )
    if top == SHOULDER:
        _line(c, f, [(0.155, -0.47), (0.165, -0.55), (0.185, -0.62)], it)
        _line(c, f, [(-0.155, -0.47), (-0.165, -0.55), (-0.185, -0.62)], it)


def skirt(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a skirt: pleated, wide or straight."""
    rng = it.rng
    style = rng.choice(("wide", "pleats", "straight", "wide"))
    hem = {"wide": 0.36, "pleats": 0.3, "straight": 0.26}[style] + rng.uniform(-0.04, 0.08)
    wide = {"wide": 0.31, "pleats": 0.29, "straight": 0.175}[style]
    knee = 0.168 if style == "straight" else wide * 0.78
    body = mirror(
        [
            (0, -0.29),
            (0.122, -0.29, 1),
            (0.16, -0.13),
            (knee, hem * 0.4),
            (wide * (0.9 if style == "straight" else 1), hem - 0.01, 1),
            (0, hem + (0.005 if style == "straight" else 0.03)),
        ]
    )
    deep = {"wide": 0.22, "pleats": 0.24, "straight": 0.07}[style]
    count = {"wide": 3.2, "pleats": 8.0, "straight": 2.0}[style]
    c.solid(
        f,
        body,
        it.cloth(0.4),
        bulge=0.75,
        depth=0.06,
        cast=0.25,
        shade=folds(rng, count, deep, 1.4),
    )
    band = mirror("0,-.32 .12,-.325! .125,-.275! 0,-.265")
    c.solid(
        f, band, it.dark if rng.random() < 0.4 else it.colour, bulge=0.5, depth=0.025, cast=0.15
    )
    if style == "straight":
        for y in (-0.2, -0.1, 0.0, 0.1):
            c.solid(
                f, oval(0.02, y, 0.011), lighter(it.colour, 0.5), bulge=0.6, depth=0.01, cast=0.3
            )


def _sleeves(
    c: Canvas,
    f: Frame,
    it: Item,
    long: bool,
    wide: float = 0.05,
    cloth_scale: float = 0.42,
    cuff: bool = False,
) -> None:
    """Draw both sleeves along the arms."""
    crease: Shade = creases(it.rng, 0.12, 0.5)
    if long:
        w = wide
        arm = curve(
            [
                (0.1, -0.65),
                (0.19, -0.625),
                (0.2 + w, -0.42),
                (0.255 + w, -0.2),
                (0.275 + w, -0.06, 1),
                (0.25 - w * 0.2, -0.045, 1),
                (0.235 - w * 0.4, -0.2),
                (0.2 - w * 0.6, -0.36),
                (0.14, -0.5),
            ]
        )
        end = stroke([(0.245 - w * 0.2, -0.06), (0.28 + w, -0.075)], 0.035)
    else:
        arm = curve(
            [
                (0.1, -0.65),
                (0.19, -0.628),
                (0.225 + wide * 0.6, -0.5),
                (0.262 + wide, -0.4, 1),
                (0.19, -0.365, 1),
                (0.14, -0.47),
            ]
        )
        end = stroke([(0.192, -0.372), (0.262 + wide, -0.406)], 0.02)
    for side in (-1, 1):
        path = arm if side > 0 else flipped(arm)
        c.solid(
            f,
            path,
            it.cloth(cloth_scale, turn=-0.3 * side),
            bulge=0.85,
            depth=0.05,
            shade=crease,
            cast=0.15,
        )
        if cuff:
            c.solid(f, end if side > 0 else flipped(end), it.dark, bulge=0.5, depth=0.02)


def _torso(neck: list[Point], hem: float, wide: float) -> Array:
    return mirror(
        [
            *neck,
            (0.19, -0.63, 1),
            (0.168, -0.47),
            (0.17, -0.35),
            (wide, hem - 0.03),
            (wide, hem, 1),
            (wide * 0.5, hem + 0.012),
            (0, hem + 0.016),
        ]
    )


def t_shirt(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a t-shirt with a round or a V neck."""
    rng = it.rng
    low = rng.choice((-0.57, -0.58, -0.53))
    c.solid(f, mirror("0,-.64 .075,-.66 .07,-.58 0,-.55"), it.dark, bulge=0.2)
    _sleeves(c, f, it, long=False, wide=0.06)
    neck: list[Point] = [(0, low, 1 if low > -0.55 else 0), (0.05, -0.605), (0.08, -0.668, 1)]
    hem = rng.uniform(-0.06, 0.0)
    c.solid(
        f,
        _torso(neck, hem, 0.178),
        it.cloth(0.42),
        bulge=0.75,
        depth=0.06,
        cast=0.2,
        shade=creases(rng, 0.13, 0.6),
    )
    rim = [(-0.08, -0.664), (-0.05, -0.6), (0, low + 0.008), (0.05, -0.6), (0.08, -0.664)]
    c.solid(
        f,
        stroke(list(rim), 0.016),
        it.dark if it.pattern != "plain" else darker(it.colour, 0.1),
        bulge=0.5,
        depth=0.01,
    )
    _line(c, f, [(-0.17, hem - 0.005), (0, hem + 0.004), (0.17, hem - 0.005)], it)


def shirt(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a buttoned shirt with a collar."""
    rng = it.rng
    c.solid(f, mirror("0,-.69 .08,-.68 .07,-.6 0,-.58"), it.dark, bulge=0.2)
    _sleeves(c, f, it, long=rng.random() < 0.75, wide=0.035, cuff=True)
    hem = rng.uniform(-0.06, 0.0)
    body = mirror(
        [
            (0, -0.58, 1),
            (0.07, -0.67, 1),
            (0.19, -0.63, 1),
            (0.168, -0.47),
            (0.165, -0.3),
            (0.175, hem - 0.06),
            (0.15, hem - 0.02),
            (0.08, hem + 0.03),
            (0, hem + 0.04),
        ]
    )
    c.solid(
        f, body, it.cloth(0.4), bulge=0.75, depth=0.06, cast=0.2, shade=creases(rng, 0.13, 0.55)
    )
    placket = stroke([(0.0, -0.58), (0.0, hem + 0.035)], 0.036)
    c.solid(f, placket, it.cloth(0.4), bulge=0.35, depth=0.012)
    for i in range(6):
        y = -0.52 + i * (hem + 0.5) / 5.6
        c.solid(f, oval(0, y, 0.0085), lighter(it.second, 0.3), bulge=0.6, depth=0.01, cast=0.4)
    collar = curve("0,-.585! .06,-.7! .1,-.675 .095,-.62 .06,-.545!")
    for side in (collar, flipped(collar)):
        c.solid(f, side, lighter(it.colour, 0.12), bulge=0.5, depth=0.02, cast=0.35)
    if rng.random() < 0.5:
        pocket = curve(".05,-.45! .13,-.45! .13,-.37 .09,-.345! .05,-.37")
        c.solid(f, pocket, it.cloth(0.4), bulge=0.3, depth=0.015, cast=0.25)


def sweater(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a knitted sweater with ribbed edges, round neck or roll neck."""
    rng = it.rng
    roll = rng.random() < 0.4
    c.solid(f, mirror("0,-.66 .08,-.67 .07,-.59 0,-.57"), it.dark, bulge=0.2)
    _sleeves(c, f, it, long=True, wide=0.062, cuff=True)
    neck: list[Point] = [(0, -0.6), (0.06, -0.63), (0.09, -0.675, 1)]
    hem = rng.uniform(-0.06, -0.02)
    knit = folds(rng, 26, 0.06)
    c.solid(
        f,
        _torso(neck, hem, 0.185),
        it.cloth(0.5),
        bulge=0.95,
        depth=0.07,
        cast=0.2,
        shade=knit,
        rough=0.12,
    )
    rib = folds(rng, 40, 0.16)
    c.solid(
        f,
        mirror([(0, hem - 0.02), (0.18, hem - 0.03, 1), (0.172, hem + 0.03, 1), (0, hem + 0.04)]),
        it.colour,
        bulge=0.6,
        depth=0.02,
        shade=rib,
    )
    if roll:
        tube = mirror("0,-.72 .075,-.725 .082,-.66 .085,-.6 0,-.58")
        c.solid(f, tube, it.colour, bulge=0.9, depth=0.03, shade=rib, cast=0.3)
    else:
        rim = stroke("-.09,-.67 -.06,-.625 0,-.6 .06,-.625 .09,-.67", 0.03)
        c.solid(f, rim, it.colour, bulge=0.8, depth=0.012, cast=0.2)


def trousers(c: Canvas, f: Frame, it: Item) -> None:
    """Draw trousers, narrow to wide."""
    rng = it.rng
    w = rng.choice((0.0, 0.02, 0.05, 0.07))
    end = rng.choice((0.86, 0.82, 0.76))
    leg = curve(
        [
            (-0.005, -0.29, 1),
            (0.122, -0.29, 1),
            (0.17, -0.12),
            (0.165 + w * 0.6, 0.2),
            (0.14 + w, 0.5),
            (0.125 + w * 1.1, end, 1),
            (0.03 - w * 0.1, end + 0.01, 1),
            (0.025, 0.4),
            (-0.005, 0.0, 1),
        ]
    )
    crease = creases(rng, 0.12, 0.5)
    for side in (leg, flipped(leg)):
        c.solid(f, side, it.cloth(0.38), bulge=0.85, depth=0.06, cast=0.22, shade=crease)
    for s in (-1, 1):
        c.fill(
            f,
            stroke([(0.08 * s, -0.1), (0.09 * s, 0.3), (0.085 * s, end - 0.02)], 0.006),
            it.dark,
            0.35,
        )
        c.fill(
            f,
            stroke([(0.075 * s, -0.255), (0.11 * s, -0.2), (0.145 * s, -0.17)], 0.007),
            it.dark,
            0.6,
        )
    _line(c, f, [(0.0, -0.27), (0.012, -0.15), (0.0, -0.04)], it)
    band = mirror("0,-.325 .12,-.33! .125,-.28! 0,-.27")
    c.solid(f, band, darker(it.colour, 0.15), bulge=0.5, depth=0.02, cast=0.2)
    if rng.random() < 0.5:
        belt = mirror("0,-.315 .122,-.318! .124,-.29! 0,-.285")
        c.solid(
            f, belt, rgb("5a3a24") if it.name != "brown" else rgb("2a2420"), bulge=0.6, depth=0.01
        )
        c.solid(f, oval(0, -0.3, 0.018, 0.016), rgb("d6b56a"), bulge=0.8, depth=0.01, gloss=0.8)
    else:
        c.solid(f, oval(0, -0.3, 0.01), rgb("c9b48a"), bulge=0.8, depth=0.01)


def coat(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a long coat with lapels, belted or buttoned."""
    rng = it.rng
    hem = rng.choice((0.24, 0.36, 0.46))
    c.solid(f, mirror("0,-.7 .09,-.69 .07,-.5 0,-.4"), lighter(rgb("8b7f78"), 0.3), bulge=0.2)
    _sleeves(c, f, it, long=True, wide=0.06, cuff=rng.random() < 0.5)
    body = mirror(
        [
            (0, -0.36, 1),
            (0.08, -0.69, 1),
            (0.195, -0.64, 1),
            (0.185, -0.47),
            (0.17, -0.3),
            (0.2, 0.0),
            (0.235, hem, 1),
            (0.12, hem + 0.02),
            (0, hem + 0.02),
        ]
    )
    c.solid(
        f,
        body,
        it.cloth(0.44),
        bulge=0.85,
        depth=0.07,
        cast=0.25,
        shade=folds(rng, 2.2, 0.11, 0.4),
        rough=0.08,
    )
    _line(c, f, [(0.035, -0.36), (0.04, 0.0), (0.045, hem + 0.01)], it, 0.012)
    lapel = curve("0,-.34! .05,-.72! .1,-.7 .125,-.58! .095,-.565! .13,-.53!")
    for side in (flipped(lapel), lapel):
        c.solid(f, side, lighter(it.colour, 0.06), bulge=0.55, depth=0.025, cast=0.4)
    if rng.random() < 0.5:
        belt = mirror("0,-.27 .178,-.275! .178,-.225! 0,-.22")
        c.solid(f, belt, darker(it.colour, 0.12), bulge=0.6, depth=0.015, cast=0.35)
        for x in (-0.03, 0.03):
            c.solid(
                f,
                stroke([(0.0, -0.25), (x, -0.14), (x * 1.4, -0.02)], 0.032),
                darker(it.colour, 0.1),
                cast=0.35,
            )
        c.solid(f, oval(0, -0.248, 0.03, 0.034), darker(it.colour, 0.18), depth=0.02, cast=0.3)
    else:
        for y in (-0.28, -0.16, -0.04):
            for x in (-0.05, 0.09) if hem > 0.3 else (0.0,):
                c.solid(
                    f,
                    oval(x, y, 0.015),
                    darker(it.colour, 0.5),
                    bulge=0.8,
                    depth=0.012,
                    gloss=0.6,
                    cast=0.4,
                )
    for s in (-1, 1):
        flap = curve(
            [
                (0.1 * s, -0.05, 1),
                (0.185 * s, -0.07, 1),
                (0.19 * s, -0.03, 1),
                (0.103 * s, -0.01, 1),
            ]
        )
        c.solid(f, flap, it.cloth(0.44), bulge=0.5, depth=0.012, cast=0.35)
