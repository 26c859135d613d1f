"""Views by the water and among trees: lake, lighthouse, cottage, waterfall."""

from __future__ import annotations

import math

import numpy as np

from drawing.canvas import Canvas, Frame, Stencil, noise, tone
from drawing.landscape import (
    below,
    bush_tree,
    conifer,
    cottage_at,
    hills,
    light_of,
    peaks,
    sky,
    water,
)
from drawing.palette import darker, pick, rgb
from drawing.paths import blob, box, curve, leaf, oval, poly, stroke


def lake(c: Canvas, hour: str) -> None:
    """Draw a still lake before mountains, with a jetty, reeds or a boat."""
    rng, light = c.rng, light_of(c.rng, hour)
    h, w = c.height, c.width
    horizon = rng.uniform(0.46, 0.54)
    sun, _ = sky(c, light, horizon)
    peaks(
        c,
        light,
        horizon + 0.02,
        rng.uniform(0.22, 0.32),
        0.38,
        rgb("5f6f7c"),
        rng.choice((0.0, 0.4)),
    )
    hills(c, light, horizon - 0.03, 0.025, rgb("4a6b4a"), 0.2)
    for _ in range(40):
        conifer(
            c,
            rng.uniform(0, w),
            (horizon + 0.005) * h,
            h * rng.uniform(0.03, 0.08),
            light.lit(rgb("33523d"), 0.12),
        )
    water(c, light, horizon, 1.0, rgb(rng.choice(("3f7f93", "3a6f8f", "4a8a8c"))), sun)
    thing = rng.choice(("jetty", "boat", "reeds", "jetty"))
    one = Frame(0, 0, 1)
    if thing == "jetty":
        x = rng.uniform(0.3, 0.7) * w
        top, end = (horizon + 0.17) * h, h * 1.02
        half = w * 0.045, w * 0.19
        wood = light.lit(rgb("9a7650"))
        for s in (-1, 1):
            for t in (0.0, 0.4):
                y, k = top + (end - top) * t, half[0] + (half[1] - half[0]) * t
                c.solid(
                    one,
                    box(x + s * k - 3 - 4 * t, y - 5, x + s * k + 3 + 4 * t, y + h * 0.05),
                    darker(wood, 0.4),
                )
        n = 16
        for i in range(n):
            t0, t1 = (i / n) ** 1.5, ((i + 0.92) / n) ** 1.5
            a, b = half[0] + (half[1] - half[0]) * t0, half[0] + (half[1] - half[0]) * t1
            y0, y1 = top + (end - top) * t0, top + (end - top) * t1
            c.solid(
                one,
                poly((x - a, y0), (x + a, y0), (x + b, y1), (x - b, y1)),
                darker(wood, rng.uniform(0, 0.15)),
                bulge=0.0,
                rough=0.1,
            )
    elif thing == "boat":
        f = Frame(
            rng.uniform(0.3, 0.7) * w, (horizon + 0.24) * h, w * 0.14, flip=rng.random() < 0.5
        )
        c.ground(f.x, f.y + f.size * 0.26, f.size * 1.0, f.size * 0.1, 0.4)
        hull = light.lit(pick(rng, ("b5473c", "7c4d2c", "f0ece2", "2f5f7f")))
        c.solid(f, curve("-1,-.12! 0,.02 1.05,-.22! .7,.26 -.7,.26"), hull, depth=0.12)
        c.solid(f, curve("-1,-.13! 0,-.05 1.05,-.23! 0,.06"), light.lit(rgb("6b4a30")), bulge=0.3)
    else:
        for _ in range(36):
            x = rng.choice((rng.uniform(-0.02, 0.32), rng.uniform(0.8, 1.02))) * w
            f = Frame(x, h * rng.uniform(0.97, 1.03), h * rng.uniform(0.14, 0.26))
            lean = rng.uniform(-0.14, 0.14)
            c.fill(
                f,
                stroke([(0, 0), (lean * 0.4, -0.5), (lean, -1.0)], 0.035, 0.01),
                light.lit(rgb(rng.choice(("5f7a3f", "7a8a4a", "4a6a3a")))),
            )
            if rng.random() < 0.35:
                c.fill(
                    f, stroke([(lean * 0.8, -0.85), (lean, -1.0)], 0.07), light.lit(rgb("6b4526"))
                )


def lighthouse(c: Canvas, hour: str) -> None:
    """Draw a lighthouse on a cliff by the sea."""
    rng, light = c.rng, light_of(c.rng, hour)
    h, w = c.height, c.width
    horizon = rng.uniform(0.58, 0.66)
    sun, _ = sky(c, light, horizon)
    water(c, light, horizon, 1.0, rgb("2f6f94"), sun, False)
    side = rng.choice((-1, 1))
    x = w * (0.5 + side * rng.uniform(0.08, 0.22))
    xs = np.arange(w, dtype=np.float32)
    rise = 1 / (1 + np.exp(-(xs - x + side * w * 0.24) * side * 26 / w))
    line = (
        1.04
        - rise * (0.3 + 0.02 * noise(rng, 2, w, w * 0.1)[0])
        - 0.01 * noise(rng, 2, w, w * 0.03)[0]
    ) * h
    body = np.broadcast_to(np.asarray(light.lit(rgb("7a6f62")), np.float32), (h, w, 3))
    crag = (
        noise(rng, h, w, w * 0.04, h * 0.09) * 0.28 + noise(rng, h, w, w * 0.015, h * 0.03) * 0.16
    )
    below(
        c,
        np.asarray(line, np.float32),
        tone(np.asarray(body, np.float32), np.asarray(0.95 + crag, np.float32)),
    )
    turf = np.broadcast_to(np.asarray(light.lit(rgb("6a8a4a")), np.float32), (h, w, 3))
    ys = np.arange(h, dtype=np.float32)[:, None]
    cover = (
        np.clip(ys - line[None, :] + 0.5, 0, 1)
        * np.clip(
            (line[None, :] + h * 0.045 + noise(rng, h, w, w * 0.04) * h * 0.02 - ys) / 4, 0, 1
        )
        * rise[None, :]
    )
    c.lay(
        Stencil(0, 0, np.asarray(cover, np.float32)),
        tone(np.asarray(turf, np.float32), np.asarray(1 + noise(rng, h, w, 3) * 0.12, np.float32)),
    )
    f = Frame(x, h * 0.76, h * rng.uniform(0.44, 0.52))
    white, stripe = (
        light.lit(rgb("f6f2ea")),
        light.lit(pick(rng, ("c4242f", "c4242f", "2d5a9a", "26262a"))),
    )
    c.solid(f, poly("-.1,-.8 .1,-.8 .15,.04 -.15,.04"), white, bulge=1.0, depth=0.07, cast=0.3)
    if rng.random() < 0.75:
        for k in range(3):
            y0, y1 = -0.72 + k * 0.27, -0.72 + k * 0.27 + 0.13
            a, b = 0.1 + 0.05 * (y0 + 0.8) / 0.84, 0.1 + 0.05 * (y1 + 0.8) / 0.84
            c.solid(f, poly((-a, y0), (a, y0), (b, y1), (-b, y1)), stripe, bulge=0.7, depth=0.07)
    c.solid(f, box(-0.135, -0.83, 0.135, -0.79), darker(stripe, 0.3), depth=0.02)
    lamp = rgb("ffe9a8") if hour in ("night", "sunset") else rgb("bfe0ea")
    c.solid(f, box(-0.07, -0.95, 0.07, -0.83), lamp, bulge=0.6, depth=0.04)
    c.solid(f, curve("-.09,-.94! -.06,-1.01 0,-1.05 .06,-1.01 .09,-.94!"), stripe, depth=0.04)
    c.fill(f, box(-0.03, -0.08, 0.03, 0.03), darker(stripe, 0.5))
    if hour in ("night", "sunset"):
        lx, ly = f.point(0.0, -0.89)
        for s in (-1, 1):
            beam = c.stencil(Frame(lx, ly, w), poly((0, 0), (s * 1.0, -0.2), (s * 1.0, 0.06)))
            c.lay(beam, (1.0, 0.95, 0.75), 0.2)
        c.glow(lx, ly, h * 0.07, (1.0, 0.93, 0.7), 0.9)
    cottage_at(c, light, x + side * w * 0.17, h * 0.765, h * 0.085, rgb("f0ece2"), rgb("a85040"))


def cottage(c: Canvas, hour: str) -> None:
    """Draw a cottage among trees, meadow and flowers."""
    rng, light = c.rng, light_of(c.rng, hour)
    h, w = c.height, c.width
    sky(c, light, 0.6)
    hills(c, light, 0.52, 0.05, rgb("6d8f78"), 0.5)
    hills(c, light, 0.6, 0.04, rgb("5d8550"), 0.25)
    x = w * rng.uniform(0.38, 0.62)
    s = min(w, h) * rng.uniform(0.2, 0.25)
    for _ in range(7):
        tx = rng.choice((rng.uniform(0, 0.22), rng.uniform(0.78, 1.0)))
        bush_tree(
            c,
            tx * w,
            h * rng.uniform(0.66, 0.72),
            h * rng.uniform(0.24, 0.38),
            light.lit(rgb(rng.choice(("4f8048", "62904f", "3f6f45")))),
            light.lit(rgb("5a4332")),
        )
    hills(c, light, 0.69, 0.015, rgb(rng.choice(("78994f", "6a9150", "86a058"))), 0.0)
    c.ground(x + s * 0.3, h * 0.765, s * 1.3, s * 0.14, 0.4)
    cottage_at(
        c,
        light,
        x,
        h * 0.76,
        s,
        pick(rng, ("f2ead8", "e9d3b8", "f4f1ea", "d9b8a0", "b9c7bd")),
        pick(rng, ("a8563c", "6b5a50", "8a6a45", "5f6f7c")),
    )
    path = curve(
        [
            (x - s * 0.13, h * 0.765),
            (x + s * 0.13, h * 0.765),
            (x + s * 0.5, h * 0.88),
            (x + s * 0.35, h * 1.02),
            (x - s * 0.75, h * 1.02),
            (x - s * 0.1, h * 0.88),
        ]
    )
    c.solid(Frame(0, 0, 1), path, light.lit(rgb("d9c6a0")), bulge=0.0, rough=0.0)
    for _ in range(150):
        fx, fy = rng.uniform(0, w), h * (0.78 + 0.24 * rng.uniform(0, 1) ** 0.8)
        near = (fy / h - 0.74) * 4
        if abs(fx - x + s * 0.1) < s * (0.3 + (fy / h - 0.76) * 2.2):
            continue
        c.fill(
            Frame(fx, fy, 1),
            oval(0, 0, 0.8 + near * 2.0, n=10),
            light.lit(pick(rng, ("e8455a", "f4d03f", "f7f2ea", "b79ad0", "e98a9c"))),
        )


def waterfall(c: Canvas, hour: str) -> None:
    """Draw a waterfall between rocks and trees, falling into a pool."""
    rng, light = c.rng, light_of(c.rng, hour)
    h, w = c.height, c.width
    sky(c, light, 0.5, 0.5)
    hills(c, light, 0.26, 0.05, rgb("4f7050"), 0.35)
    mid, half = w * rng.uniform(0.42, 0.58), w * rng.uniform(0.07, 0.13)
    top, foot = h * rng.uniform(0.24, 0.3), h * 0.74
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    line = (
        top
        - np.clip(np.abs(np.arange(w) - mid) / w - 0.08, 0, 1) * h * 0.28
        + noise(rng, 2, w, w * 0.08)[0] * h * 0.02
    )
    stone = np.broadcast_to(
        np.asarray(light.lit(rgb(rng.choice(("6a675f", "5f6668", "75695c")))), np.float32),
        (h, w, 3),
    )
    crag = (
        noise(rng, h, w, w * 0.09, h * 0.13) * 0.3
        + noise(rng, h, w, w * 0.03, h * 0.06) * 0.24
        + noise(rng, h, w, 4, 7) * 0.08
    )
    moss = np.clip(noise(rng, h, w, w * 0.12, h * 0.07) * 1.6 - 0.3, 0, 0.75)[..., None]
    rock = stone * (1 - moss) + np.asarray(light.lit(rgb("55763f")), np.float32) * moss
    below(
        c,
        np.asarray(line, np.float32),
        tone(np.asarray(rock, np.float32), np.asarray(0.9 + crag, np.float32)),
    )
    for _ in range(9):
        tx = rng.choice((rng.uniform(-0.02, 0.26), rng.uniform(0.74, 1.02)))
        conifer(
            c,
            tx * w,
            float(line[int(np.clip(tx * w, 0, w - 1))]) + h * 0.03,
            h * rng.uniform(0.16, 0.28),
            light.lit(rgb(rng.choice(("2f5a3c", "3d6a45")))),
        )
    fall = np.clip(
        (
            half * (1 + 0.25 * (ys - top) / (foot - top))
            - np.abs(xs - mid)
            + noise(rng, h, w, 5, h * 0.1) * 3
        )
        / 3,
        0,
        1,
    )
    fall = fall * np.clip((ys - top) / 3, 0, 1) * np.clip((foot - ys) / 4 + 1, 0, 1)
    threads = noise(rng, h, w, 3.2, h * 0.22) * 0.3 + noise(rng, h, w, 7, h * 0.4) * 0.25
    white = np.broadcast_to(np.asarray(light.lit(rgb("e4eef4")), np.float32), (h, w, 3))
    c.lay(
        Stencil(0, 0, np.asarray(fall * 0.95, np.float32)),
        tone(np.asarray(white, np.float32), np.asarray(1 + threads, np.float32)),
    )
    water(c, light, foot / h, 1.0, rgb(rng.choice(("2f8a8f", "3a8aa0", "3f9a94"))), 0.5, False)
    for k in range(3):
        c.glow(
            mid + rng.uniform(-0.5, 0.5) * half,
            foot,
            half * (1.0 + 0.3 * k),
            light.lit(rgb("f4f8fa")),
            0.4,
        )
    for _ in range(9):
        bx = rng.choice((rng.uniform(0, 0.3), rng.uniform(0.7, 1.0))) * w
        r = w * rng.uniform(0.05, 0.11)
        by = h * rng.uniform(0.78, 1.0)
        c.ground(bx, by + r * 0.5, r * 1.1, r * 0.2, 0.4)
        c.solid(
            Frame(bx, by, r),
            blob(rng, 0, 0, 1, 0.16) * np.array([1.2, 0.75], np.float32),
            light.lit(rgb("6d6a64")),
            depth=0.3,
            rough=0.3,
        )
    for _ in range(26):
        lx = rng.choice((rng.uniform(-0.02, 0.22), rng.uniform(0.78, 1.02))) * w
        c.solid(
            Frame(lx, h * rng.uniform(0.94, 1.04), h * 0.13),
            leaf(0, 0, 1.0, 0.16, -math.pi / 2 + rng.uniform(-0.7, 0.7)),
            light.lit(rgb(rng.choice(("3f7a45", "58904a")))),
            depth=0.08,
        )
