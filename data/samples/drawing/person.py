"""The person who wears the clothes, in the body frame: crown at y=-1, soles at y=1."""

from __future__ import annotations

import random

from drawing.canvas import Canvas, Frame
from drawing.item import folds
from drawing.palette import HAIR, SKINS, apart, darker, pick
from drawing.paths import Array, curve, mirror, oval

SHOULDER, WAIST, HIP, KNEE, ANKLE = -0.64, -0.3, -0.1, 0.4, 0.88

EXTENT: dict[str, tuple[float, float, float]] = {
    "dress": (-0.70, 0.62, 0.34),
    "skirt": (-0.32, 0.46, 0.34),
    "t-shirt": (-0.70, -0.02, 0.42),
    "shirt": (-0.72, 0.02, 0.40),
    "sweater": (-0.72, 0.00, 0.42),
    "trousers": (-0.33, 0.92, 0.26),
    "coat": (-0.74, 0.50, 0.40),
}
"""Top, bottom and half width of each garment in the body frame."""


def flipped(path: Array) -> Array:
    """Return the other side's copy of ``path``."""
    other = path.copy()
    other[:, 0] *= -1
    return other


def person_back(c: Canvas, f: Frame, rng: random.Random, wears: set[str]) -> None:
    """Draw the body; garments come on top, then ``person_front``."""
    skin = pick(rng, SKINS)
    hair = pick(rng, HAIR)
    style = rng.choice(("long", "bun", "bob", "bob", "long", "short"))
    if style == "long":
        tress = mirror("0,-1.02 .11,-.97 .135,-.8 .15,-.6 .1,-.47 0,-.5")
        c.solid(f, tress, hair, bulge=0.8, shade=folds(rng, 9, 0.12))
    if style == "bun":
        c.solid(f, oval(0.02, -1.03, 0.06, 0.055), hair, bulge=0.9)
    trousers = apart(rng, ("2f3b52", "26262a", "8a8178", "d9d2c6", "4a5d74"), (0.5, 0.5, 0.5), 0.2)
    leg = curve(
        [
            (0.02, -0.12),
            (0.165, -0.12),
            (0.15, 0.12),
            (0.105, KNEE),
            (0.11, 0.52),
            (0.075, ANKLE),
            (0.035, ANKLE),
            (0.03, 0.55),
            (0.035, KNEE),
            (0.012, 0.1),
        ]
    )
    shoe = curve(".03,.85 .085,.85 .1,.92 .14,.965 .13,.995 .03,.99")
    shoes = pick(rng, ("26262a", "f0ede6", "7c4d2c", "b9a58b"))
    covered = bool(wears & {"t-shirt", "shirt", "sweater", "coat"}) and not wears & {
        "skirt",
        "dress",
    }
    for side in (leg, flipped(leg)):
        c.solid(f, side, trousers if covered else skin, bulge=0.8, depth=0.05)
    for side in (shoe, flipped(shoe)):
        c.solid(f, side, shoes, bulge=0.8, depth=0.03)
    arm = curve(
        ".15,-.63 .2,-.6 .245,-.4 .285,-.2 .3,-.04 .315,.03 .275,.045 .265,-.04 "
        ".225,-.24 .18,-.42 .14,-.5"
    )
    for side in (arm, flipped(arm)):
        c.solid(f, side, skin, bulge=0.8, depth=0.04)
    trunk = mirror(
        [
            (0, -0.66),
            (0.1, -0.645),
            (0.19, -0.61),
            (0.165, -0.45),
            (0.12, WAIST),
            (0.165, -0.1),
            (0.1, -0.02),
            (0, -0.03),
        ]
    )
    under = pick(rng, ("f0ede6", "e6ddd0", "d5d8dc")) if wears & {"skirt", "trousers"} else skin
    c.solid(f, trunk, under, bulge=0.7, depth=0.06)
    neck = curve("-.05,-.82 .05,-.82 .05,-.68 .1,-.64 0,-.58 -.1,-.64 -.05,-.68")
    c.solid(f, neck, darker(skin, 0.08), bulge=0.5, depth=0.04)
    head = mirror("0,-1 .075,-.965 .088,-.88 .07,-.8 .03,-.755 0,-.75")
    c.solid(f, head, skin, bulge=0.7, depth=0.06, cast=0.25)
    low = {"long": -0.86, "bob": -0.8, "bun": -0.93, "short": -0.93}[style]
    part = rng.choice((-1, 1)) * 0.03
    cap = curve(
        [
            (part, -0.955, 1),
            (0.06, -0.93),
            (0.08, -0.87),
            (0.085, low, 1),
            (0.115, low, 1),
            (0.108, -0.93),
            (0.07, -1.02),
            (0, -1.04),
            (-0.07, -1.02),
            (-0.108, -0.93),
            (-0.115, low, 1),
            (-0.085, low, 1),
            (-0.08, -0.87),
            (-0.06, -0.93),
        ]
    )
    c.solid(f, cap, hair, bulge=0.8, depth=0.05, shade=folds(rng, 10, 0.1))
