"""Puts one item into its setting: which backdrop, where on it, how it is lit and cropped."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
from PIL import Image

from drawing import backdrop, person, rooms, surfaces
from drawing.canvas import Canvas, Frame, Stencil
from drawing.catalogue import BY_NAME, PLACES, Kind
from drawing.item import Item, item
from drawing.palette import pick, rgb
from drawing.paths import box, curve, stroke

SIZES = (
    (320, 480),
    (340, 480),
    (360, 450),
    (384, 480),
    (400, 400),
    (380, 380),
    (320, 427),
    (360, 480),
)
WIDE = ((480, 320), (480, 360), (460, 345), (400, 300))
POTS = ("f3efe6", "c98f6b", "b5673f", "3c4048", "8d9c93", "d9c3a5", "e9e2d6")


def size(rng: random.Random, kind: str) -> tuple[int, int]:
    """Return a width and a height in pixels that suit ``kind``."""
    if kind in ("sofa", "bed") or (kind in PLACES and rng.random() < 0.4):
        return rng.choice(WIDE) if rng.random() < 0.7 else (400, 400)
    return rng.choice(SIZES)


def draw(kind: str, colour: str, pattern: str, setting: str, rng: random.Random) -> Image.Image:
    """Return the finished picture of one item; ``colour`` and ``pattern`` may be empty."""
    w, h = size(rng, kind)
    c = Canvas(w, h, rng)
    if kind in PLACES:
        PLACES[kind](c, setting)
        return c.finish(rng.uniform(-0.01, 0.02), 0.007, 0.14)
    k = BY_NAME[kind]
    it = item(rng, kind, colour or "brown", pattern or "plain", setting)
    if kind == "plant":
        it = replace(it, second=pick(rng, POTS))
    if k.view == "wear":
        _wear(c, k, it, setting)
    elif k.view == "top":
        _top(c, k, it, setting)
    elif k.view == "hang":
        _hang(c, k, it, setting)
    elif k.view == "wall":
        _wall(c, k, it, setting)
    else:
        _stand(c, k, it, setting)
    return c.finish(rng.uniform(-0.015, 0.03), 0.007, 0.12)


def hanger(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a hanger in the body frame, for shoulders or with clips for a waistband."""
    wood = pick(c.rng, ("a9774b", "c49a6c", "2f2a28"))
    metal = rgb("b9bcc0")
    if it.kind in ("skirt", "trousers"):
        c.solid(f, stroke("-.16,-.39 0,-.4 .16,-.39", 0.022), wood, depth=0.01)
        for x in (-0.09, 0.09):
            c.solid(f, box(x - 0.014, -0.4, x + 0.014, -0.31, 0.005), metal, gloss=0.5, depth=0.01)
        top = -0.4
    else:
        c.solid(f, stroke("-.2,-.6 -.1,-.665 0,-.7 .1,-.665 .2,-.6", 0.03), wood, depth=0.012)
        top = -0.7
    c.solid(
        f,
        stroke(
            [
                (0, top),
                (0.0, top - 0.05),
                (0.03, top - 0.085),
                (0.0, top - 0.12),
                (-0.03, top - 0.095),
            ],
            0.012,
        ),
        metal,
        gloss=0.5,
        depth=0.006,
    )


def _wear(c: Canvas, k: Kind, it: Item, setting: str) -> None:
    w, h, rng = c.width, c.height, c.rng
    top, bottom, half = person.EXTENT[k.name]
    draw = k.draw
    if setting in ("street", "park"):
        seen = rng.uniform(0.6, 0.7)
        backdrop.outdoors(c, setting, seen)
        close = rng.random() < 0.5
        if close and k.name not in ("trousers", "skirt"):
            s = h * rng.uniform(0.6, 0.7)
            f = Frame(w * rng.uniform(0.45, 0.55), s * 1.08 + h * 0.04, s, rng.uniform(-0.02, 0.02))
        else:
            s = h * rng.uniform(0.43, 0.47)
            f = Frame(w * rng.uniform(0.4, 0.6), h * 0.96 - s, s)
            c.ground(f.x + s * 0.12, f.y + s * 0.98, s * 0.28, s * 0.04, 0.5)
        person.person_back(c, f, rng, {k.name})
        draw(c, f, it)
        return
    s = min(h * 0.84 / (bottom - top), w * 0.84 / (2 * half)) * rng.uniform(0.88, 1.0)
    turn = rng.uniform(-0.1, 0.1) if setting == "flat lay" else rng.uniform(-0.015, 0.015)
    f = Frame(w * rng.uniform(0.47, 0.53), h / 2 - s * (top + bottom) / 2, s, turn)
    if setting == "flat lay":
        surfaces.surface(c, "flat lay", it.colour)
    elif setting == "hanger":
        rooms.wall(c, rooms.random_wall(rng, it.colour))
        f = Frame(f.x, h * 0.2 - s * top, s, turn)
        hook = (-0.52 if k.name in ("skirt", "trousers") else -0.82) * s + f.y
        backdrop.rail(c, hook)
        hanger(c, f, it)
    else:
        backdrop.studio(c, it.colour, None)
    ghost = Canvas(w, h, random.Random(0))
    ghost.pixels[:] = -1.0
    state = rng.getstate()
    draw(ghost, f, it)
    rng.setstate(state)
    mark = Stencil(0, 0, (ghost.pixels[..., 0] > -0.5).astype(np.float32))
    c.shadow(mark, s * 0.03, s * 0.05, s * 0.05, 0.4 if setting != "flat lay" else 0.3)
    c.shadow(mark, s * 0.01, s * 0.012, s * 0.012, 0.3)
    draw(c, f, it)


def _top(c: Canvas, k: Kind, it: Item, setting: str) -> None:
    w, h, rng = c.width, c.height, c.rng
    surfaces.surface(c, setting, it.colour)
    s = min(w, h) * k.size * rng.uniform(0.92, 1.1)
    if k.name == "rug":
        s = min(w * 0.62, h * 0.43) * rng.uniform(0.9, 1.0)
    f = Frame(
        w * rng.uniform(0.46, 0.54),
        h * rng.uniform(0.47, 0.54),
        s,
        rng.uniform(-0.12, 0.12) if k.name == "rug" else rng.uniform(-0.6, 0.6),
    )
    k.draw(c, f, it)


def _hang(c: Canvas, k: Kind, it: Item, setting: str) -> None:
    w, h, rng = c.width, c.height, c.rng
    s = min(w * 0.5, h * 0.42) * rng.uniform(0.88, 1.0)
    f = Frame(
        w * rng.uniform(0.47, 0.53),
        h * 0.54,
        s,
        rng.uniform(-0.14, 0.14) if setting == "flat lay" else 0.0,
    )
    if setting == "hanger":
        rooms.wall(c, rooms.random_wall(rng, it.colour))
        y = h * 0.54 - s * 1.05
        knob = Frame(f.x, y + s * 0.22, s * 0.1)
        c.solid(
            Frame(f.x, y + s * 0.1, s),
            box(-0.5, -0.09, 0.5, 0.09, 0.03),
            pick(rng, ("a9774b", "c49a6c")),
            depth=0.05,
            cast=0.4,
        )
        c.solid(
            knob,
            curve("-.7,-1 .7,-1 .8,.4 0,1 -.8,.4"),
            rgb("2f2a28"),
            gloss=0.6,
            depth=0.3,
            cast=0.4,
        )
    elif setting == "flat lay":
        surfaces.surface(c, "flat lay", it.colour)
    else:
        backdrop.studio(c, it.colour, None)
    k.draw(c, f, it)


def _wall(c: Canvas, k: Kind, it: Item, setting: str) -> None:
    w, h, rng = c.width, c.height, c.rng
    if setting == "studio":
        backdrop.studio(c, it.colour, None)
        f = Frame(w * 0.5, h * 0.48, min(w, h) * 0.36)
    elif setting == "kitchen":
        backdrop.counter(c, setting, it.colour, 0.86)
        f = Frame(w * rng.uniform(0.4, 0.6), h * 0.48, min(w, h) * 0.27)
    else:
        rooms.room(c, setting, it.colour, 0.86)
        f = Frame(w * rng.uniform(0.4, 0.6), h * 0.42, min(w, h) * 0.26)
    k.draw(c, f, it)


def _stand(c: Canvas, k: Kind, it: Item, setting: str) -> None:
    w, h, rng = c.width, c.height, c.rng
    big = k.name in ("lamp", "chair", "sofa", "plant", "bed", "bookshelf")
    s = min(w * k.size, h * 0.42) * rng.uniform(0.88, 1.08)
    if k.name == "coffee" and setting != "shelf" and rng.random() < 0.5:
        surfaces.surface(c, setting, it.colour)
        seen = replace(it, setting="from above")
        k.draw(
            c,
            Frame(
                w * rng.uniform(0.45, 0.55), h * rng.uniform(0.46, 0.54), s, rng.uniform(-0.6, 0.6)
            ),
            seen,
        )
        return
    foot = rng.uniform(0.8, 0.88)
    if setting == "flat lay":
        surfaces.surface(c, setting, it.colour)
        f = Frame(w * rng.uniform(0.46, 0.54), h * 0.5, s * 0.95, rng.uniform(-0.3, 0.3))
        k.draw(c, f, it)
        return
    if setting == "studio":
        backdrop.studio(c, it.colour, foot - 0.05)
    elif setting in ("living room", "bedroom", "office"):
        if k.name == "cushion":
            _seat(c, it, foot)
        else:
            rooms.room(c, setting, it.colour, foot - rng.uniform(0.1, 0.16))
    elif setting == "shelf":
        backdrop.counter(c, setting, it.colour, foot - 0.03)
    else:
        backdrop.counter(
            c,
            setting,
            it.colour,
            foot - rng.uniform(0.12, 0.2) - (0.06 if setting == "picnic" else 0),
        )
        if not big:
            s *= rng.uniform(0.85, 1.0)
    x = w * rng.uniform(0.44, 0.56)
    f = Frame(x, h * foot - s * k.foot, s, flip=rng.random() < 0.4)
    half = {
        "sofa": 0.95,
        "bed": 0.95,
        "lamp": 0.3,
        "vase": 0.36,
        "plant": 0.34,
        "bookshelf": 0.62,
        "hat": 0.8,
        "chair": 0.72,
        "cake": 0.9,
        "coffee": 0.5,
        "ice cream": 0.2,
        "mug": 0.55,
        "cupcake": 0.45,
    }.get(k.name, 0.8)
    c.ground(x + s * 0.05, h * foot + 1, s * half * 1.02, max(3.0, s * 0.075), 0.55)
    k.draw(c, f, it)


def _seat(c: Canvas, it: Item, foot: float) -> None:
    """Draw the seat of a sofa or a made bed close up, for a cushion to lie on."""
    w, h, rng = c.width, c.height, c.rng
    tint = pick(rng, ("d9d2c6", "b9b4ae", "8d9c93", "c9b8a0", "6f7f88", "e6dccb"))
    rooms.wall(c, rooms.random_wall(rng, it.colour))
    one = Frame(0, 0, 1)
    y = h * foot
    c.solid(one, box(-30, y - h * 0.42, w + 30, y + 20, 30), tint, bulge=0.8, depth=22, rough=0.06)
    c.solid(
        one,
        box(w * rng.uniform(0.4, 0.6), y - h * 0.4, w + 40, y + 20, 22),
        tint,
        bulge=0.8,
        depth=18,
        rough=0.06,
        cast=0.0,
    )
    c.solid(one, box(-30, y - h * 0.03, w + 30, h + 40, 26), tint, bulge=0.9, depth=22, rough=0.06)
    c.shadow(c.stencil(one, box(-10, y - h * 0.03, w + 10, y)), 0, -6, 8, 0.3)
