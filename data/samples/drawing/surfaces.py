"""Surfaces seen from above, with what lies along their edges."""

from __future__ import annotations

import math

import numpy as np

from drawing.backdrop import studio
from drawing.canvas import ONE, Canvas, Colour, Frame, Stencil, noise, tone
from drawing.item import gingham
from drawing.palette import WARM_WOOD, apart, darker, lighter, pick, rgb
from drawing.paths import box, curve, leaf, oval, stroke


def surface(c: Canvas, setting: str, other: Colour) -> None:
    """Fill with a surface seen from above, with a few props along the edges."""
    h, w, rng = c.height, c.width, c.rng
    whole = Stencil(0, 0, np.ones((h, w), np.float32))
    if setting == "picnic":
        c.pixels[:] = np.asarray(rgb("7fa35a"), np.float32)
        c.lay(
            whole, tone(c.pixels.copy(), np.asarray(1 + noise(rng, h, w, 3, 6) * 0.25, np.float32))
        )
        f = Frame(w * 0.5, h * 0.5, max(w, h) * 0.5, rng.uniform(-0.35, 0.35))
        c.solid(
            f,
            box(-0.95, -0.92, 0.95, 0.92),
            gingham(
                rgb(rng.choice(("c4343a", "2f5f9a", "3f7a4c", "d99a3a"))), rng.uniform(0.16, 0.22)
            ),
            bulge=0.1,
            rough=0.06,
            cast=0.5,
        )
    elif setting == "kitchen":
        tint = pick(rng, ("efece8", "e6e4e0", "f2efe9"))
        vein = np.abs(
            noise(rng, h, w, w * 0.4)
            + 0.5 * noise(rng, h, w, w * 0.14)
            + 0.22 * noise(rng, h, w, w * 0.05)
        )
        shade = 1.02 - 0.3 * np.clip(1 - vein * 11, 0, 1) + 0.05 * noise(rng, h, w, w * 0.3)
        c.lay(
            whole,
            tone(
                np.broadcast_to(np.asarray(tint, np.float32), (h, w, 3)).copy(),
                np.asarray(shade, np.float32),
            ),
        )
    elif setting in ("studio", "flat lay"):
        studio(c, other, None)
        if setting == "flat lay":
            weave = (
                noise(rng, h, w, 1.5, 4) * 0.04
                + noise(rng, h, w, 4, 1.5) * 0.04
                + noise(rng, h, w, w * 0.25) * 0.04
            )
            c.lay(whole, tone(c.pixels.copy(), np.asarray(1 + weave, np.float32)))
            _sprigs(c)
    elif setting == "bedroom":
        tint = apart(rng, ("d9d2c6", "c9c4bc", "cdb9a4", "b9b4ae"), other, 0.3)
        c.lay(
            whole,
            tone(
                np.broadcast_to(np.asarray(tint, np.float32), (h, w, 3)).copy(),
                np.asarray(1 + noise(rng, h, w, 2) * 0.1, np.float32),
            ),
        )
        y = h * 0.13
        c.solid(
            ONE,
            curve(
                [
                    (w * 0.08, -20, 1),
                    (w * 0.92, -20, 1),
                    (w * 0.92, y),
                    (w * 0.7, y + 4),
                    (w * 0.5, y - 2),
                    (w * 0.3, y + 4),
                    (w * 0.08, y),
                ]
            ),
            pick(rng, ("f0ebe2", "b9c7bd", "c9d4dc", "e3c9bd")),
            bulge=1.0,
            depth=14,
        )
        c.shadow(c.stencil(ONE, box(w * 0.08, y - 8, w * 0.92, y)), 2, 8, 8, 0.4)
        for x in (0.86, 0.94):
            c.solid(
                Frame(w * x, h * 0.9, w * 0.045),
                oval(0, 0, 0.8, 1.8),
                pick(rng, ("d9b8a0", "8d9c93")),
                depth=0.4,
            )
    else:
        tint = pick(rng, ("7a5233", "6b4a30", "8f6139") if setting == "cafe" else WARM_WOOD)
        if setting == "table" and rng.random() < 0.3:
            tint = pick(rng, ("e6dfd4", "cfc8bd", "8a8d8f"))
        n = rng.randint(4, 6)
        rows = np.arange(h, dtype=np.float32) / h * n
        across = rows * 2 if setting == "living room" else rows + rng.random()
        plank = np.modf(np.abs(np.sin(np.floor(across) * 7.3 + 1.1)) * 31)[0]
        seam = np.clip(1.4 - np.abs(across - np.round(across)) * h / n, 0, 1)
        grain = noise(rng, h, w, w * 0.6, 2.5) * 0.09 + noise(rng, h, w, w * 0.35, 7) * 0.1
        shade = 0.96 + grain + (plank[:, None] - 0.5) * 0.14 - seam[:, None] * 0.5
        c.lay(
            whole,
            tone(
                np.broadcast_to(np.asarray(tint, np.float32), (h, w, 3)).copy(),
                np.asarray(shade, np.float32),
            ),
        )
    if setting in ("table", "cafe", "picnic", "kitchen"):
        _cutlery(c, setting)
    if setting == "living room":
        f = Frame(w * rng.choice((0.03, 0.97)), h * rng.choice((0.06, 0.94)), w * 0.2)
        for k in range(14):
            c.solid(
                f,
                leaf(0, 0, rng.uniform(0.7, 1.1), 0.36, k * 0.45),
                pick(rng, ("3d7a45", "4f8f4a", "2f6a42")),
                depth=0.1,
                cast=0.4,
            )
    xs, ys = c.grid()
    c.pixels *= (1.05 - 0.16 * (xs + ys) / 2)[..., None]


def _sprigs(c: Canvas) -> None:
    rng = c.rng
    green = pick(rng, ("8fa380", "6f8a63", "a9b59a", "b99a6b"))
    for cx, cy in rng.sample(
        [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)], rng.choice((0, 1, 2))
    ):
        f = Frame(
            c.width * cx,
            c.height * cy,
            c.width * 0.26,
            math.atan2(0.5 - cy, 0.5 - cx) + rng.uniform(-0.4, 0.4),
        )
        c.fill(f, stroke("0,0 .5,.05 1,0", 0.025), darker(green, 0.25))
        for k in range(7):
            for s in (-1, 1):
                c.solid(
                    f,
                    leaf(0.1 + k * 0.13, 0.03, 0.3, 0.14, s * 0.9),
                    lighter(green, rng.uniform(0, 0.15)),
                    depth=0.05,
                    cast=0.3,
                )


def _cutlery(c: Canvas, setting: str) -> None:
    h, w, rng = c.height, c.width, c.rng
    side = rng.choice((-1, 1))
    if rng.random() < 0.6:
        f = Frame(w * (0.5 + side * 0.43), h * 0.55, h * 0.3, rng.uniform(-0.12, 0.12))
        napkin = pick(rng, ("e9e2d6", "8fa3b0", "c98f7a", "b9c7bd", "d9c08a"))
        c.solid(
            f, box(-0.2, -0.62, 0.2, 0.62), napkin, bulge=0.25, depth=0.03, cast=0.4, rough=0.08
        )
        steel = pick(rng, ("c7c9cc", "c9a860"))
        c.solid(
            f,
            [
                stroke("-.06,.5 -.06,-.1", 0.05, 0.035),
                curve("-.06,-.05 0,-.25 0,-.5! -.12,-.5! -.12,-.25"),
            ],
            steel,
            gloss=0.6,
            depth=0.03,
            cast=0.4,
        )
        c.solid(
            f,
            [stroke(".08,.5 .08,-.05", 0.05), curve(".05,-.03 .12,-.1 .12,-.42 .05,-.52!")],
            steel,
            gloss=0.6,
            depth=0.03,
            cast=0.4,
        )
    if rng.random() < 0.6:
        f = Frame(w * (0.5 - side * rng.uniform(0.36, 0.46)), h * rng.choice((0.1, 0.92)), w * 0.11)
        if setting == "cafe":
            c.solid(f, oval(0, 0, 1), rgb("f4f1ea"), bulge=0.6, depth=0.1, cast=0.5)
            c.solid(f, oval(0, 0, 0.6), rgb("6b4226"), bulge=0.3)
        else:
            for k in range(5):
                c.solid(
                    f,
                    leaf(0, 0, 0.9, 0.5, k * 1.25 + rng.random()),
                    pick(rng, ("4f8f4a", "3d7a45")),
                    depth=0.12,
                    cast=0.4,
                )
