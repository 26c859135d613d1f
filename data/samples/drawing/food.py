"""Food and drink, each in its own frame from -1 to 1; standing ones end at y=1."""

from __future__ import annotations

import math
import random

import numpy as np
from drawing.canvas import Canvas, Colour, Frame
from drawing.item import Item, creases, folds
from drawing.palette import LEAVES, darker, lighter, mix, pick, rgb
from drawing.paths import Array, blob, box, curve, leaf, mirror, oval, poly, stroke

PLATES = ("f4f1ea", "f7f5f0", "e4e8ea", "d9cfc0", "c9d3cf", "efe2d6", "a9b8c2", "46505c")
CRUST = rgb("d59a52")


def plate_top(c: Canvas, f: Frame, rng: random.Random, r: float = 1.0) -> Colour:
    """Draw a plate seen from above."""
    tint = pick(rng, PLATES)
    c.solid(f, oval(0, 0, r, n=72), tint, bulge=0.45, depth=0.05, gloss=0.3, cast=0.55)
    c.solid(f, oval(0, 0, r * 0.72, n=72), lighter(tint, 0.15), bulge=-0.35, depth=0.06)
    return tint


def plate_side(c: Canvas, f: Frame, rng: random.Random, y: float = 0.88, r: float = 0.98) -> None:
    """Draw a plate or cake stand seen from the side."""
    tint = pick(rng, PLATES)
    c.solid(f, curve([(-r, y), (0, y - 0.09), (r, y), (r * 0.5, y + 0.1), (0, y + 0.12), (-r * 0.5, y + 0.1)]), tint, bulge=0.8, depth=0.05, gloss=0.5)


def _berry(c: Canvas, f: Frame, x: float, y: float, r: float, colour: Colour) -> None:
    c.solid(f, oval(x, y, r), colour, bulge=1.2, depth=r * 0.8, gloss=0.9, cast=0.35)


def cake(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a layered cake on a plate, with icing of the item's colour and fruit on top."""
    rng = it.rng
    plate_side(c, f, rng)
    sponge = pick(rng, ("d9a866", "e6c48d", "6b4226", "b9783f"))
    w, top = rng.uniform(0.6, 0.72), rng.uniform(-0.3, -0.1)
    naked = rng.random() < 0.4
    c.solid(f, box(-w, top, w, 0.9, 0.05), sponge if naked else it.colour, bulge=0.95, depth=0.2, rough=0.25 if naked else 0.05)
    if naked:
        for y in (top + (0.9 - top) * k for k in (0.36, 0.7)):
            c.solid(f, box(-w * 1.02, y - 0.06, w * 1.02, y + 0.05, 0.05), it.colour, bulge=1.0, depth=0.05)
    drip = [(-w * 1.02, top + 0.06), (-w * 0.9, top - 0.07), (0, top - 0.1), (w * 0.9, top - 0.07), (w * 1.02, top + 0.06)]
    x = w
    while x > -w:
        d = rng.uniform(0.1, 0.26)
        drip += [(x, top + d), (x - 0.07, top + d + 0.02), (x - 0.12, top + 0.07)]
        x -= 0.2
    icing = it.colour if naked else rng.choice((lighter(it.colour, 0.35), darker(it.colour, 0.2), it.second))
    c.solid(f, curve(list(drip)), icing, bulge=1.0, depth=0.06, gloss=0.5, cast=0.25)
    deco = rng.choice(("berries", "cherries", "candles", "swirls"))
    fruit = pick(rng, ("c4243a", "a81f38", "d9455a", "3d4a8a"))
    n = rng.randint(5, 7)
    for i in range(n):
        x = -w * 0.8 + i * w * 1.6 / (n - 1)
        if deco == "candles":
            c.solid(f, box(x - 0.02, top - 0.42, x + 0.02, top - 0.08), pick(rng, ("e8b4b8", "9cc3d5", "f3d27a")), depth=0.02)
            c.fill(f, leaf(x, top - 0.43, 0.13, 0.07, -math.pi / 2), rgb("ffc94d"))
            px, py = f.place(np.array([(x, top - 0.5)], np.float32))[0]
            c.glow(float(px), float(py), f.size * 0.14, (1.0, 0.85, 0.5), 0.5)
        elif deco == "swirls":
            for k, r in enumerate((0.12, 0.085, 0.045)):
                c.solid(f, oval(x, top - 0.1 - k * 0.075, r, r * 0.6), lighter(it.colour, 0.4), depth=0.04, cast=0.2)
        else:
            _berry(c, f, x, top - 0.12, 0.1 if deco == "berries" else 0.085, fruit)
            if deco == "cherries":
                c.fill(f, stroke([(x, top - 0.18), (x + 0.03, top - 0.32), (x + 0.09, top - 0.4)], 0.015), rgb("5d7a3a"))


def cupcake(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a cupcake with a swirl of frosting of the item's colour."""
    rng = it.rng
    paper = pick(rng, ("f0e4d0", "b5835a", "e8c7c2", "c9d8d8", "6b4a3a", "f4efe6"))
    cup = mirror([(0, 0.22), (0.56, 0.22, 1), (0.42, 0.96, 1), (0, 1.0)])
    c.solid(f, cup, paper, bulge=0.9, depth=0.14, shade=folds(rng, 7, 0.22, -0.3))
    c.solid(f, oval(0, 0.22, 0.58, 0.13), pick(rng, ("c98f50", "6b4226")), bulge=0.7, depth=0.06)
    for y, w, h in ((0.1, 0.66, 0.2), (-0.12, 0.54, 0.19), (-0.33, 0.4, 0.17), (-0.52, 0.25, 0.15), (-0.68, 0.11, 0.12)):
        tier = curve([(-w, y + 0.05), (-w * 0.6, y - h), (w * 0.5, y - h * 1.1), (w, y - 0.04), (w * 0.5, y + h * 0.9), (-w * 0.5, y + h)])
        c.solid(f, tier, it.colour, bulge=1.1, depth=0.09, gloss=0.25, cast=0.28)
    top = rng.choice(("cherry", "sprinkles", "berry", "none"))
    if top == "sprinkles":
        for _ in range(26):
            y = rng.uniform(-0.6, 0.15)
            x = rng.uniform(-0.5, 0.5) * (y + 0.85)
            a = rng.uniform(0, 3)
            c.fill(f, stroke([(x, y), (x + 0.06 * math.cos(a), y + 0.06 * math.sin(a))], 0.026),
                   pick(rng, ("e8455a", "f4d03f", "58b6c0", "fffaf0", "9b6bc0")))  # fmt: skip
    elif top != "none":
        _berry(c, f, 0.0, -0.8, 0.14, rgb("c0202f") if top == "cherry" else rgb("39427e"))
        c.fill(f, stroke([(0.0, -0.9), (0.05, -1.05), (0.14, -1.12)], 0.02), rgb("5d7a3a"))


def pizza(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a pizza from above on a board or a plate, with its toppings."""
    rng = it.rng
    if rng.random() < 0.5:
        wood = pick(rng, ("a9774b", "c49a6c", "8f6139"))
        c.solid(f, [oval(0, 0, 1.0, n=64), box(0.8, -0.12, 1.35, 0.12, 0.1)], wood, bulge=0.5, depth=0.05, shade=folds(rng, 3, 0.05), cast=0.55)
    else:
        plate_top(c, f, rng)
    c.solid(f, blob(rng, 0, 0, 0.88, 0.025), CRUST, bulge=1.0, depth=0.09, rough=0.35)
    c.solid(f, blob(rng, 0, 0, 0.74, 0.03), rgb("c6482c"), bulge=0.2, depth=0.04, rough=0.2)
    cheese = pick(rng, ("f0cf7a", "f3d88f", "edc566"))
    for _ in range(26):
        a, r = rng.uniform(0, 6.3), 0.62 * rng.uniform(0, 1) ** 0.5
        c.solid(f, blob(rng, r * math.cos(a), r * math.sin(a), rng.uniform(0.09, 0.17), 0.3), cheese, bulge=0.5, depth=0.05, rough=0.15)
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
            c.solid(f, mirror([(0, -0.11), (0.11, -0.04), (0.1, 0.03), (0.04, 0.03), (0.04, 0.12), (0, 0.12)]) + np.array([x, y], np.float32),
                    rgb("d8c3a0"), bulge=0.8, depth=0.04, cast=0.3)  # fmt: skip
        else:
            c.solid(f, oval(x, y, 0.1), rng.choice((rgb("c8323a"), rgb("4c8a3f"), rgb("e6b23a"))), holes=[oval(x, y, 0.055)], depth=0.03, cast=0.3)
    for i in range(rng.randint(4, 8)):
        a, r = i * 2.1 + rng.uniform(0, 0.5), rng.uniform(0.1, 0.55)
        c.solid(f, leaf(r * math.cos(a), r * math.sin(a), 0.22, 0.13, rng.uniform(0, 6.3)), rgb("3f7a3a"), depth=0.04, cast=0.35)
    if rng.random() < 0.5:
        for i in range(4):
            a = i * math.pi / 4 + 0.2
            c.fill(f, stroke([(-0.86 * math.cos(a), -0.86 * math.sin(a)), (0.86 * math.cos(a), 0.86 * math.sin(a))], 0.016), rgb("8a4a22"), 0.6)


def bowl_top(c: Canvas, f: Frame, rng: random.Random) -> None:
    """Draw a bowl seen from above."""
    tint = pick(rng, ("f4f1ea", "e4e8ea", "d9cfc0", "a9b8c2", "46505c", "c98f6b", "b9c7bd"))
    c.solid(f, oval(0, 0, 0.98, n=72), tint, bulge=0.9, depth=0.07, gloss=0.5, cast=0.6)
    c.solid(f, oval(0, 0, 0.88, n=72), darker(tint, 0.15), bulge=-0.8, depth=0.12)


def salad(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a green salad in a bowl from above."""
    rng = it.rng
    bowl_top(c, f, rng)
    for i in range(54):
        a, r = rng.uniform(0, 6.3), 0.74 * rng.uniform(0, 1) ** 0.5
        green = mix(rgb("5b9a44"), rgb("a8cc60"), rng.uniform(0, 0.9))
        c.solid(f, blob(rng, r * math.cos(a), r * math.sin(a), rng.uniform(0.12, 0.2), 0.32), darker(green, rng.uniform(0, 0.35) * (1 - i / 54)),
                bulge=0.9, depth=0.05, shade=creases(rng, 0.2, 0.4), cast=0.2)  # fmt: skip
    for _ in range(rng.randint(5, 8)):
        a, r = rng.uniform(0, 6.3), 0.62 * rng.uniform(0, 1) ** 0.5
        x, y = r * math.cos(a), r * math.sin(a)
        thing = rng.choice(("tomato", "cucumber", "onion", "feta", "tomato"))
        if thing == "tomato":
            _berry(c, f, x, y, 0.11, rgb("cf3a2c"))
        elif thing == "cucumber":
            c.solid(f, oval(x, y, 0.14), rgb("4f8a3f"), depth=0.03, cast=0.35)
            c.solid(f, oval(x, y, 0.118), rgb("d5e5b0"), bulge=0.4, depth=0.05)
        elif thing == "onion":
            c.solid(f, oval(x, y, 0.13), rgb("b46a9e"), holes=[oval(x, y, 0.1)], depth=0.02, cast=0.3)
        else:
            c.solid(f.at(x, y, 0.08, rng.uniform(0, 3)), box(-1, -1, 1, 1, 0.2), rgb("f8f4e8"), depth=0.4, cast=0.4)


def soup(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a bowl of soup from above, with cream, herbs or croutons."""
    rng = it.rng
    bowl_top(c, f, rng)
    c.solid(f, oval(0, 0, 0.8, n=72), _ripe(it), bulge=0.25, depth=0.06, rough=0.07, gloss=0.2)
    for r in (0.42, 0.26):
        t = np.linspace(0.4, 5.4, 9)
        c.fill(f, stroke([(float(r * math.cos(a) * (1 + a * 0.06)), float(r * math.sin(a))) for a in t], 0.06, 0.02), rgb("fbf3e2"), 0.8)
    for _ in range(rng.randint(5, 9)):
        a, r = rng.uniform(0, 6.3), rng.uniform(0, 0.55)
        x, y = r * math.cos(a), r * math.sin(a)
        if rng.random() < 0.4:
            c.solid(f.at(x, y, 0.09, a), box(-1, -1, 1, 1, 0.25), rgb("c98f4a"), rough=0.3, depth=0.4, cast=0.4)
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
        c.solid(f, stroke([(0.5, -0.05), (0.86, -0.12), (0.88, 0.12), (0.52, 0.14)], 0.1), china, depth=0.04, cast=0.4)
        c.solid(f, oval(0, 0, 0.64, n=72), china, bulge=0.9, depth=0.06, gloss=0.5, cast=0.5)
        c.solid(f, oval(0, 0, 0.55, n=72), it.colour, bulge=0.2, depth=0.05)
        c.solid(f, oval(0, 0, 0.46, n=72), mix(it.colour, milk, 0.25), bulge=0.1)
        if rng.random() < 0.5:
            for k in range(4):
                y, w = 0.26 - k * 0.15, 0.26 - k * 0.05
                c.fill(f, curve([(0, y + 0.1), (w, y - 0.06), (w * 0.9, y - 0.12), (0, y + 0.0), (-w * 0.9, y - 0.12), (-w, y - 0.06)]), milk)
        else:
            c.fill(f, curve([(0, 0.32, 1), (0.3, 0.0), (0.24, -0.22), (0.08, -0.24), (0, -0.1, 1), (-0.08, -0.24), (-0.24, -0.22), (-0.3, 0)]), milk)
        return
    c.solid(f, curve([(-1.0, 0.84), (0, 0.66), (1.0, 0.84), (0.5, 0.98), (0, 1.02), (-0.5, 0.98)]), china, bulge=0.8, depth=0.06, gloss=0.4)
    c.solid(f, stroke([(0.52, -0.1), (0.92, -0.16), (0.9, 0.36), (0.4, 0.5)], 0.1), china, depth=0.04, gloss=0.4)
    c.solid(f, mirror([(0, -0.35), (0.66, -0.38, 1), (0.62, 0.2), (0.34, 0.76), (0.3, 0.86, 1), (0, 0.88)]), china, bulge=1.2, depth=0.2, gloss=0.7, cast=0.3)
    c.solid(f, oval(0, -0.38, 0.66, 0.2), lighter(china, 0.3), bulge=0.4, depth=0.04)
    c.solid(f, oval(0, -0.36, 0.58, 0.155), it.colour, bulge=0.2, depth=0.04)
    c.fill(f, oval(0.02, -0.35, 0.4, 0.1), mix(it.colour, milk, 0.75))
    c.fill(f, oval(0.02, -0.345, 0.24, 0.055), mix(it.colour, milk, 0.25))
    for x in (-0.2, 0.06, 0.26):
        c.fill(f, stroke([(x, -0.45), (x + 0.1, -0.62), (x - 0.04, -0.8), (x + 0.08, -1.0)], 0.05, 0.12), (1.0, 1.0, 1.0), 0.2)


def ice_cream(c: Canvas, f: Frame, it: Item) -> None:
    """Draw ice cream in a cone or a cup; the scoops carry the colour."""
    rng = it.rng

    def waffle(u: Array, v: Array) -> Array:
        a = np.abs(((u + v * 0.8) / 0.13) % 1 - 0.5) < 0.09
        b = np.abs(((u - v * 0.8) / 0.13) % 1 - 0.5) < 0.09
        base = np.broadcast_to(np.asarray(rgb("d9a45c"), np.float32), (*u.shape, 3))
        return np.where((a | b)[..., None], np.asarray(rgb("b07a38"), np.float32), base).astype(np.float32)

    cone = it.setting in ("studio", "street", "picnic") or rng.random() < 0.2
    if cone:
        c.solid(f, curve([(-0.4, 0.05, 1), (0.4, 0.05, 1), (0.04, 1.0), (-0.04, 1.0)]), waffle, bulge=1.0, depth=0.14)
        spots = [(0, -0.12, 0.44), (0.0, -0.6, 0.36)] if rng.random() < 0.6 else [(0, -0.16, 0.48)]
    else:
        spots = [(-0.32, -0.02, 0.36), (0.32, -0.02, 0.36), (0, -0.36, 0.38)]
    for i, (x, y, r) in enumerate(spots):
        tint = it.colour if i != 1 or not cone else mix(it.colour, rgb("fbf2df"), rng.choice((0.0, 0.35)))
        c.solid(f, blob(rng, x, y, r, 0.03), tint, bulge=1.2, depth=0.18, rough=0.22, cast=0.25)
        hem = [(x - r * 1.06, y + r * 0.5)]
        hem += [(x - r + k * r / 3, y + r * (0.62 + 0.14 * (k % 2)) + rng.uniform(0, 0.04)) for k in range(7)]
        hem += [(x + r * 1.06, y + r * 0.5), (x, y + r * 0.3)]
        c.solid(f, curve(list(hem)), tint, bulge=0.9, depth=0.06, rough=0.15)
    if not cone:
        glass = pick(rng, ("e6eef0", "f4e2dc", "f4f1ea"))
        c.solid(f, mirror([(0, 0.14), (0.72, 0.1, 1), (0.6, 0.5), (0.16, 0.72), (0.12, 0.86), (0.4, 0.98), (0.4, 1.02, 1), (0, 1.02)]), glass, bulge=1.0, depth=0.14, gloss=0.8)
    x, y, r = spots[-1]
    extra = rng.choice(("cherry", "wafer", "sauce", "none"))
    if extra == "cherry":
        _berry(c, f, x, y - r * 1.02, 0.11, rgb("c0202f"))
        c.fill(f, stroke([(x, y - r - 0.08), (x + 0.08, y - r - 0.26)], 0.018), rgb("5d7a3a"))
    elif extra == "wafer":
        c.solid(f.at(x + r * 0.6, y - r * 0.7, 1.0, 0.5), box(-0.06, -0.3, 0.06, 0.2), waffle, depth=0.03, cast=0.3)
    elif extra == "sauce":
        sauce = [(x - r * 0.85, y - r * 0.2), (x - r * 0.5, y - r * 0.9), (x, y - r * 1.05), (x + r * 0.5, y - r * 0.9), (x + r * 0.85, y - r * 0.2),
                 (x + r * 0.5, y - r * 0.3), (x + r * 0.3, y + r * 0.1), (x, y - r * 0.3), (x - r * 0.35, y + r * 0.05), (x - r * 0.55, y - r * 0.35)]  # fmt: skip
        c.solid(f, curve(list(sauce)), darker(rgb("5a3019"), 0.1), bulge=0.8, depth=0.05, gloss=0.7)


def donut(c: Canvas, f: Frame, it: Item) -> None:
    """Draw an iced ring doughnut from above; the icing carries the colour."""
    rng = it.rng
    hole = oval(0, 0, 0.25)
    c.solid(f, oval(0, 0, 0.86, n=64), rgb("cf9447"), holes=[hole], bulge=1.2, depth=0.18, rough=0.1, cast=0.55)
    pts = []
    for i in range(16):
        a, r = i * math.pi / 8, rng.uniform(0.7, 0.8)
        pts.append((r * math.cos(a), r * math.sin(a)))
    c.solid(f, curve(list(pts)), it.colour, holes=[blob(rng, 0, 0, 0.33, 0.08)], bulge=1.15, depth=0.14, gloss=0.6, cast=0.3)
    if rng.random() < 0.7:
        for _ in range(46):
            a, r, t = rng.uniform(0, 6.3), rng.uniform(0.4, 0.68), rng.uniform(0, 3.2)
            x, y = r * math.cos(a), r * math.sin(a)
            c.fill(f, stroke([(x, y), (x + 0.075 * math.cos(t), y + 0.075 * math.sin(t))], 0.032),
                   pick(rng, ("e8455a", "f4d03f", "58b6c0", "fffaf0", "9b6bc0", "6cb56a")))  # fmt: skip
    else:
        for k in range(9):
            x = -0.6 + k * 0.15
            h = 0.66 * math.sqrt(max(0.05, 1 - (x / 0.72) ** 2))
            for s in (-1, 1):
                y0 = 0.36 * math.sqrt(max(0, 1 - (x / 0.36) ** 2)) if abs(x) < 0.36 else 0.0
                c.fill(f, stroke([(x, s * y0), (x + 0.07, s * h)], 0.03), it.second, 0.9)


def _ripe(it: Item) -> Colour:
    return pick(it.rng, ("86b04a", "93b84e", "7aa544")) if it.name == "green" else it.colour


def apple(c: Canvas, f: Frame, it: Item) -> None:
    """Draw one to three apples."""
    rng = it.rng
    body = _ripe(it)
    blush = mix(body, rgb("e9c94f") if it.name != "yellow" else rgb("d9653a"), 0.35)

    def skin(u: Array, v: Array) -> Array:
        t = np.clip(0.5 + 0.5 * np.sin(np.arctan2(v, u) * 9) * 0.25 - v * 0.5, 0, 1)[..., None] * 0.55
        low = np.asarray(body, np.float32)
        return np.asarray(low + (np.asarray(blush, np.float32) - low) * t, np.float32)

    def one(g: Frame) -> None:
        out = mirror([(0, -0.55), (0.3, -0.74), (0.72, -0.55), (0.84, -0.05), (0.62, 0.66), (0.26, 0.98), (0, 0.9)])
        c.ground(*g.place(np.array([(0.0, 0.95)], np.float32))[0], g.size * 0.75, g.size * 0.13, 0.45)
        c.solid(g, out, skin, bulge=1.2, depth=0.3, gloss=0.8)
        c.solid(g, oval(0, -0.55, 0.24, 0.07), darker(it.colour, 0.5), bulge=0.2, depth=0.03)
        c.solid(g, stroke([(0, -0.52), (0.03, -0.75), (0.1, -0.98)], 0.06, 0.08), rgb("5a3d25"), depth=0.03)
        if rng.random() < 0.7:
            c.solid(g, leaf(0.05, -0.75, 0.5, 0.26, -0.5), rgb("4f8f4a"), bulge=0.8, depth=0.06, cast=0.2)

    spots = rng.choice(([(0, 0, 1.0, 0)], [(-0.44, 0.1, 0.68, -0.15), (0.46, 0.18, 0.64, 0.12)],
                        [(0.0, -0.14, 0.58, 0.0), (-0.5, 0.3, 0.6, -0.1), (0.5, 0.34, 0.58, 0.15)]))  # fmt: skip
    for x, y, s, a in spots:
        one(f.at(x, y, s, a))


def pear(c: Canvas, f: Frame, it: Item) -> None:
    """Draw one or two pears."""
    rng = it.rng
    body = _ripe(it)

    def one(g: Frame) -> None:
        out = mirror([(0, -0.78), (0.2, -0.74), (0.32, -0.4), (0.5, 0.05), (0.66, 0.5), (0.45, 0.92), (0, 0.98)])
        c.ground(*g.place(np.array([(0.0, 0.95)], np.float32))[0], g.size * 0.6, g.size * 0.12, 0.45)
        c.solid(g, out, body, bulge=1.2, depth=0.26, gloss=0.55, rough=0.12)
        c.solid(g, stroke([(0, -0.74), (0.04, -0.9), (0.12, -1.08)], 0.07, 0.09), rgb("5a3d25"), depth=0.03)
        if rng.random() < 0.6:
            c.solid(g, leaf(0.05, -0.88, 0.42, 0.2, 0.1), rgb("4f8f4a"), bulge=0.8, depth=0.05)

    two = rng.random() < 0.55
    for x, y, s, a in ([(-0.36, 0.05, 0.82, -0.1), (0.42, 0.14, 0.78, 0.14)] if two else [(0, 0, 1.0, rng.uniform(-0.1, 0.1))]):
        one(f.at(x, y, s, a))


def bananas(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a small bunch of bananas."""
    rng = it.rng
    body = _ripe(it)
    n = rng.choice((2, 3, 4))
    for i in range(n):
        g = f.at(-0.62, -0.66, 1.0, 0.16 * (n - 1 - i) - 0.12)
        out = curve([(0.0, 0.0), (0.12, -0.02), (0.3, 0.5), (0.75, 0.98), (1.3, 1.1), (1.42, 1.2), (1.3, 1.3), (0.7, 1.34), (0.16, 0.9), (-0.04, 0.4)])
        c.solid(g, out, mix(body, darker(body, 0.2), i / n * 0.5), bulge=1.1, depth=0.12, cast=0.35)
        c.fill(g, stroke([(0.08, 0.2), (0.3, 0.75), (0.8, 1.15), (1.3, 1.2)], 0.03), darker(body, 0.25), 0.35)
        c.solid(g, oval(1.38, 1.2, 0.06), rgb("5a4426"), depth=0.04)
    c.solid(f.at(-0.62, -0.66), stroke([(0.04, 0.1), (0.02, -0.1), (0.06, -0.26)], 0.16, 0.12), rgb("9a8a3a"), depth=0.06)


def pancakes(c: Canvas, f: Frame, it: Item) -> None:
    """Draw a stack of pancakes with syrup, butter and berries."""
    rng = it.rng
    plate_side(c, f, rng)
    n = rng.randint(4, 6)
    for i in range(n):
        y, w = 0.82 - i * 0.155, 0.68 + rng.uniform(-0.04, 0.04)
        x = rng.uniform(-0.04, 0.04)
        c.solid(f, curve([(x - w, y), (x - w * 0.8, y - 0.11), (x, y - 0.14), (x + w * 0.8, y - 0.11), (x + w, y), (x + w * 0.8, y + 0.08), (x, y + 0.1), (x - w * 0.8, y + 0.08)]),
                rgb("edc98a"), bulge=1.0, depth=0.06, cast=0.35)  # fmt: skip
        c.solid(f, curve([(x - w * 0.95, y - 0.04), (x - w * 0.75, y - 0.12), (x, y - 0.15), (x + w * 0.75, y - 0.12), (x + w * 0.95, y - 0.04), (x, y + 0.03)]),
                pick(rng, ("c07c34", "b9732e", "c98840")), bulge=0.5, depth=0.05, rough=0.15)  # fmt: skip
    top = 0.82 - (n - 1) * 0.155 - 0.1
    syrup = [(-0.45, top), (0, top - 0.07), (0.48, top - 0.02), (0.58, top + 0.28), (0.5, top + 0.34), (0.42, top + 0.12), (0.1, top + 0.09),
             (0.04, top + 0.42), (-0.06, top + 0.4), (-0.1, top + 0.1), (-0.36, top + 0.08), (-0.42, top + 0.24), (-0.52, top + 0.2)]  # fmt: skip
    c.solid(f, curve(list(syrup)), rgb("8a4312"), bulge=0.9, depth=0.05, gloss=0.9)
    if rng.random() < 0.5:
        c.solid(f, poly((-0.16, top - 0.1), (0.04, top - 0.15), (0.18, top - 0.07), (0.16, top + 0.02), (-0.02, top + 0.07), (-0.17, top - 0.0)), rgb("f6df86"), depth=0.05, cast=0.3)
    else:
        for x, col in ((-0.2, "39427e"), (-0.02, "c4243a"), (0.16, "39427e"), (0.06, "c4243a")):
            _berry(c, f, x, top - 0.06 - (0.13 if x == 0.06 else 0), 0.095, rgb(col))
