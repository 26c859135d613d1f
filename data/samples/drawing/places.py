"""Views that fill the whole picture: beach, mountains, forest, city, desert."""

from __future__ import annotations

import math

import numpy as np

from drawing.canvas import Canvas, Frame, Stencil, noise, soften, tone
from drawing.landscape import below, bush_tree, conifer, hills, light_of, peaks, sky, water
from drawing.palette import darker, lighter, pick, rgb
from drawing.paths import Array, box, curve, oval, poly, stroke


def beach(c: Canvas, hour: str) -> None:
    """Draw a beach: sea, surf, sand, with palms, a parasol or nothing."""
    rng, light = c.rng, light_of(c.rng, hour)
    h, w = c.height, c.width
    horizon = rng.uniform(0.36, 0.46)
    sun, _ = sky(c, light, horizon)
    if rng.random() < 0.5:
        hills(c, light, horizon - 0.02, 0.02, rgb("5f7f70"), 0.5)
    shore = horizon + rng.uniform(0.2, 0.3)
    water(
        c,
        light,
        horizon,
        min(0.98, shore + 0.12),
        rgb(rng.choice(("2f9db0", "2a86b0", "39a8a6"))),
        sun,
        False,
    )
    xs = np.arange(w, dtype=np.float32) / w
    slant = rng.uniform(-0.08, 0.08)
    line = (shore + slant * (xs - 0.5) + 0.018 * noise(rng, 2, w, w * 0.22)[0]) * h
    sand = rgb(rng.choice(("e6cfa0", "ead9b5", "dcc092")))
    foam = light.lit(rgb("ffffff"))
    for lift, strong in ((0.05, 0.35), (0.028, 0.5)):
        edge = line - lift * h + noise(rng, 2, w, w * 0.08)[0] * h * 0.006
        ys = np.arange(h, dtype=np.float32)[:, None]
        band = np.exp(-(((ys - edge[None, :]) / (h * 0.006)) ** 2)) * (
            0.6 + 0.4 * noise(rng, h, w, 9, 3)
        )
        c.lay(Stencil(0, 0, np.asarray(np.clip(band * strong, 0, 1), np.float32)), foam)
    below(c, np.asarray(line - h * 0.012, np.float32), foam)
    below(c, np.asarray(line, np.float32), light.lit(darker(sand, 0.28)), light.lit(sand), 0.1)
    rough = Stencil(
        0,
        0,
        np.clip((np.arange(h, dtype=np.float32)[:, None] - line[None, :]) / 8, 0, 1).astype(
            np.float32
        ),
    )
    speck = noise(rng, h, w, 2.5, 1.6) * 0.06 + noise(rng, h, w, w * 0.16, h * 0.02) * 0.09
    c.lay(rough, tone(c.pixels.copy(), np.asarray(1 + speck, np.float32)))
    thing = rng.choice(("palm", "parasol", "palm", "none"))
    side = rng.choice((-1, 1))
    if thing == "palm":
        for _ in range(rng.choice((1, 2))):
            x, s = w * (0.5 - side * rng.uniform(0.28, 0.42)), h * rng.uniform(0.4, 0.56)
            f = Frame(x, h * rng.uniform(0.9, 1.0), s, flip=side < 0)
            c.ground(x + side * s * 0.3, f.y, s * 0.4, s * 0.04, 0.3)
            c.solid(
                f,
                stroke("0,0 .06,-.5 .2,-1", 0.075, 0.04),
                light.lit(rgb("7d5c3c")),
                depth=0.03,
                rough=0.4,
            )
            for k in range(9):
                a = -math.pi / 2 + (k - 4) * 0.52 + rng.uniform(-0.1, 0.1)
                ex, ey = 0.2 + 0.5 * math.cos(a), -1.0 + 0.34 * math.sin(a) + 0.16
                g = light.lit(rgb(rng.choice(("3d7a45", "4f8f4a", "2f6a42"))))
                c.solid(
                    f,
                    stroke(
                        [(0.2, -1.0), ((0.2 + ex) / 2, (ey - 1.0) / 2 - 0.14), (ex, ey)], 0.13, 0.01
                    ),
                    g,
                    depth=0.04,
                    bulge=0.8,
                )
    elif thing == "parasol":
        f = Frame(w * rng.uniform(0.25, 0.75), h * 0.86, h * 0.17, 0.12 * side)
        tint = pick(rng, ("d9483b", "2d74b4", "efb73a", "2a9795"))
        c.ground(f.x + h * 0.06, f.y + h * 0.01, h * 0.15, h * 0.018, 0.4)
        c.solid(f, box(-0.018, -1.0, 0.018, 0.05), light.lit(rgb("efe6d6")), depth=0.02)
        c.solid(
            f,
            curve("-.8,-.55! -.5,-.98 0,-1.15 .5,-.98 .8,-.55! 0,-.66"),
            light.lit(tint),
            bulge=1.0,
            depth=0.15,
        )
        for x in (-0.36, 0.36):
            c.fill(
                f,
                curve(
                    [
                        (0, -1.15, 1),
                        (x * 1.1, -0.98),
                        (x * 1.55, -0.59, 1),
                        (x * 0.65, -0.63, 1),
                        (x * 0.5, -0.95),
                    ]
                ),
                light.lit(rgb("f7f2e8")),
                0.92,
            )
        c.solid(f, poly("-.7,-.04 .25,-.08 .4,.06 -.6,.1"), light.lit(rgb("f4efe4")), bulge=0.4)


def mountains(c: Canvas, hour: str) -> None:
    """Draw ranges of mountains behind each other, firs before them."""
    rng, light = c.rng, light_of(c.rng, hour)
    h, w = c.height, c.width
    sky(c, light, 0.62)
    rock = rgb(rng.choice(("5c6675", "6b6470", "5a6a72", "75695f")))
    peaks(c, light, 0.62, rng.uniform(0.26, 0.36), 0.5, rock, rng.choice((0.4, 0.55)))
    peaks(
        c,
        light,
        0.74,
        rng.uniform(0.24, 0.36),
        0.18,
        darker(rock, 0.15),
        rng.choice((0.25, 0.42, 0.0)),
    )
    meadow = rgb(rng.choice(("5d7f48", "6d8a4c", "4f7550", "8a8a50")))
    hills(c, light, 0.73, 0.03, darker(meadow, 0.25), 0.15)
    for _ in range(34):
        x, y = rng.uniform(0, w), rng.uniform(0.76, 0.81) * h
        conifer(c, x, y, h * rng.uniform(0.04, 0.075), light.lit(rgb("35563f"), 0.12))
    hills(c, light, 0.84, 0.035, meadow, 0.0)
    for _ in range(rng.randint(3, 8)):
        side = rng.choice((rng.uniform(-0.02, 0.28), rng.uniform(0.72, 1.02)))
        conifer(
            c,
            side * w,
            h * rng.uniform(0.9, 1.02),
            h * rng.uniform(0.16, 0.32),
            light.lit(rgb(rng.choice(("2a4a36", "33563c")))),
        )


def forest(c: Canvas, hour: str) -> None:
    """Draw a path through tall trees in haze."""
    rng, light = c.rng, light_of(c.rng, hour)
    h, w = c.height, c.width
    sky(c, light, 0.75, 0.3)
    autumn = rng.random() < 0.3
    greens = (
        ("c9822f", "d99a3a", "b5562a", "8a7a35")
        if autumn
        else ("3f7548", "55884a", "2f6242", "6d9a4f")
    )
    ground = rgb("8a6a3c" if autumn else "4f6b3c")
    fir = rng.random() < 0.45 and not autumn
    for layer in range(4):
        far = 0.62 - layer * 0.2
        y = 0.62 + layer * 0.075
        hills(c, light, y, 0.012, ground, max(0.0, far))
        for _ in range(18 - layer * 3):
            x = rng.uniform(-0.05, 1.05)
            if layer >= 2 and abs(x - 0.5) < 0.13 + layer * 0.04:
                continue
            s, base = (
                h * (0.22 + layer * 0.13) * rng.uniform(0.85, 1.25),
                (y + rng.uniform(0.0, 0.05)) * h,
            )
            leafage = light.lit(rgb(rng.choice(greens)), max(0.0, far))
            if fir:
                conifer(c, x * w, base, s, darker(leafage, 0.25))
            else:
                bush_tree(c, x * w, base, s, leafage, light.lit(rgb("5a4332"), max(0.0, far)))
        if layer == 2:
            path = curve(".48,.74 .52,.74 .6,.84 .7,1.02 .3,1.02 .44,.86")
            c.solid(
                Frame(0, 0, 1),
                path * np.array([w, h], np.float32),
                light.lit(rgb("c9ac80")),
                bulge=0.0,
            )
    if hour in ("morning", "sunset", "noon"):
        xs, ys = c.grid()
        beam = np.clip(
            np.sin((xs * 1.0 + ys * 0.55) * 22 + rng.uniform(0, 6)), 0, 1
        ) ** 2 * np.clip(1 - ys * 1.1, 0, 1)
        c.pixels += (
            (1 - c.pixels)
            * np.asarray(light.sun, np.float32)
            * (soften(np.asarray(beam, np.float32), w * 0.02) * 0.2)[..., None]
        )


def city(c: Canvas, hour: str) -> None:
    """Draw a skyline over water or streets, with lit windows at night."""
    rng, light = c.rng, light_of(c.rng, hour)
    h, w = c.height, c.width
    horizon = rng.uniform(0.66, 0.76)
    sun, _ = sky(c, light, horizon)
    one = Frame(0, 0, 1)
    windows = rgb("ffd98a")
    for layer in range(3):
        far = 0.6 - layer * 0.27
        x = -0.02
        while x < 1.02:
            bw = rng.uniform(0.045, 0.1)
            bh = (0.16 + 0.3 * math.exp(-(((x - 0.5) / 0.35) ** 2)) * rng.uniform(0.4, 1.25)) * (
                1.1 - layer * 0.22
            )
            x0, x1, y0 = x * w, (x + bw) * w, (horizon - bh) * h
            wall = light.lit(
                rgb(rng.choice(("6d7a8c", "8a8088", "9a9088", "56657a", "a48f80", "7a8a94"))), far
            )
            c.solid(one, box(x0, y0, x1, horizon * h + 2), wall, bulge=0.0)
            c.fill(one, box(x0 + (x1 - x0) * 0.7, y0, x1, horizon * h + 2), darker(wall, 0.25), 0.5)
            roof = rng.random()
            if roof < 0.2:
                c.fill(
                    one, poly((x0, y0 + 1), (x1, y0 + 1), ((x0 + x1) / 2, y0 - bw * w * 0.7)), wall
                )
            elif roof < 0.4:
                c.fill(one, box((x0 + x1) / 2 - 1, y0 - 0.06 * h, (x0 + x1) / 2 + 1, y0 + 1), wall)
            elif roof < 0.6:
                c.fill(one, box(x0 + bw * w * 0.2, y0 - 0.02 * h, x1 - bw * w * 0.25, y0 + 1), wall)
            if layer:
                step_x, step_y = max(3.5, w * 0.014), max(4.5, h * 0.014)
                lit: list[Array] = []
                dim: list[Array] = []
                for i in range(int((x1 - x0 - 3) / step_x)):
                    for j in range(int((horizon * h - y0 - 4) / step_y)):
                        p = box(
                            x0 + 3 + i * step_x,
                            y0 + 4 + j * step_y,
                            x0 + 3 + (i + 0.55) * step_x,
                            y0 + 4 + (j + 0.55) * step_y,
                        )
                        (
                            lit
                            if rng.random() < {"night": 0.5, "sunset": 0.3}.get(hour, 0.0)
                            else dim
                        ).append(p)
                if lit:
                    c.fill(one, lit, windows, 0.9)
                if dim:
                    c.fill(
                        one,
                        dim,
                        darker(wall, 0.4) if hour != "noon" else lighter(light.top, 0.2),
                        0.55,
                    )
            x += bw * rng.uniform(0.85, 1.1)
    water(c, light, horizon, 1.0, rgb("4a6f8c"), sun)
    c.fill(one, box(0, horizon * h - 2, w, horizon * h + 3), darker(light.lit(rgb("5a5f66")), 0.3))


def desert(c: Canvas, hour: str) -> None:
    """Draw dunes with sharp crests, or red rocks and cacti."""
    rng, light = c.rng, light_of(c.rng, hour)
    h, w = c.height, c.width
    sky(c, light, 0.58, 0.4)
    sand = rgb(rng.choice(("d9a566", "e0b070", "cf8f55", "d98f5a")))
    if rng.random() < 0.5:
        x = np.arange(w, dtype=np.float32)
        mesa = np.clip(noise(rng, 2, w, w * 0.16)[0] * 3, -0.2, 0.8)
        below(
            c,
            np.asarray((0.56 - 0.09 * mesa + 0.0 * x) * h, np.float32),
            light.lit(rgb("a85f45"), 0.35),
            light.lit(sand, 0.45),
            0.2,
        )
    for k in range(4):
        y = 0.55 + k * 0.13
        line = (y + 0.055 * noise(rng, 2, w, w * rng.uniform(0.4, 0.7))[0] - 0.01 * k) * h
        tint = np.asarray(light.lit(lighter(sand, 0.08), 0.4 - 0.13 * k), np.float32)
        ys = np.arange(h, dtype=np.float32)[:, None]
        fall = ys - line[None, :]
        slope = np.gradient(line)[None, :]
        crest = line + (np.clip(slope, 0, 1) * 90 + 3) * (0.7 + 0.3 * noise(rng, 2, w, w * 0.3)[0])
        dark = (
            np.clip((crest[0] if crest.ndim > 1 else crest)[None, :] - ys + 0.5, 0, 1)
            * 0.42
            * np.clip(slope * 4, 0, 1)
        )
        ripple = (
            np.sin((fall + noise(rng, h, w, w * 0.12, h * 0.05) * 7) * (0.55 - 0.07 * k)) * 0.035
        )
        body = np.broadcast_to(tint, (h, w, 3))
        shade = 1.06 - dark - np.clip(fall / h, 0, 0.3) * 0.4 + ripple
        below(
            c,
            np.asarray(line, np.float32),
            tone(np.asarray(body, np.float32), np.asarray(shade, np.float32)),
        )
    for _ in range(rng.choice((0, 1, 2, 3))):
        f = Frame(
            rng.uniform(0.1, 0.9) * w, h * rng.uniform(0.78, 0.95), h * rng.uniform(0.1, 0.19)
        )
        g = light.lit(rgb("4f7a4a"))
        c.ground(f.x + f.size * 0.25, f.y, f.size * 0.4, f.size * 0.06, 0.4)
        for arm in (
            [(0, 0.02), (0, -0.5), (0, -1.0)],
            [(0, -0.4), (0.28, -0.42), (0.3, -0.75)],
            [(0, -0.3), (-0.26, -0.34), (-0.27, -0.6)],
        ):
            band = stroke(list(arm), 0.16)
            c.solid(f, [band, oval(arm[-1][0], arm[-1][1], 0.08)], g, depth=0.05, rough=0.2)
