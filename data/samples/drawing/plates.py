"""Plates, bowls and berries: what several dishes share."""

from __future__ import annotations

import random

from drawing.canvas import Canvas, Colour, Frame
from drawing.palette import darker, lighter, pick
from drawing.paths import curve, oval

PLATES = ("f4f1ea", "f7f5f0", "e4e8ea", "d9cfc0", "c9d3cf", "efe2d6", "a9b8c2", "46505c")


def plate_top(c: Canvas, f: Frame, rng: random.Random, r: float = 1.0) -> Colour:
    """Draw a plate seen from above."""
    tint = pick(rng, PLATES)
    c.solid(f, oval(0, 0, r, n=72), tint, bulge=0.45, depth=0.05, gloss=0.3, cast=0.55)
    c.solid(f, oval(0, 0, r * 0.72, n=72), lighter(tint, 0.15), bulge=-0.35, depth=0.06)
    return tint


def plate_side(c: Canvas, f: Frame, rng: random.Random, y: float = 0.88, r: float = 0.98) -> None:
    """Draw a plate or cake stand seen from the side."""
    tint = pick(rng, PLATES)
    c.solid(
        f,
        curve(
            [(-r, y), (0, y - 0.09), (r, y), (r * 0.5, y + 0.1), (0, y + 0.12), (-r * 0.5, y + 0.1)]
        ),
        tint,
        bulge=0.8,
        depth=0.05,
        gloss=0.5,
    )


def berry(c: Canvas, f: Frame, x: float, y: float, r: float, colour: Colour) -> None:
    c.solid(f, oval(x, y, r), colour, bulge=1.2, depth=r * 0.8, gloss=0.9, cast=0.35)


def bowl_top(c: Canvas, f: Frame, rng: random.Random) -> None:
    """Draw a bowl seen from above."""
    tint = pick(rng, ("f4f1ea", "e4e8ea", "d9cfc0", "a9b8c2", "46505c", "c98f6b", "b9c7bd"))
    c.solid(f, oval(0, 0, 0.98, n=72), tint, bulge=0.9, depth=0.07, gloss=0.5, cast=0.6)
    c.solid(f, oval(0, 0, 0.88, n=72), darker(tint, 0.15), bulge=-0.8, depth=0.12)
