"""Landscapes and views that fill the whole picture, in four lights: morning, noon, sunset, night."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
from drawing.canvas import Canvas, Colour, Frame, Stencil, noise, soften, tone
from drawing.palette import darker, lighter, mix, pick, rgb
from drawing.paths import Array, blob, box, curve, leaf, oval, poly, stroke


@dataclass(frozen=True)
class Light:
    """The light of an hour: sky from top to horizon, haze, sun, and how it tints the ground."""

    hour: str
    top: Colour
    low: Colour
    sun: Colour
    ground: float

    def lit(self, colour: Colour, far: float = 0.0) -> Colour:
        """Return ``colour`` in this light, ``far`` in [0, 1] towards the haze."""
        seen = mix(darker(colour, 1 - self.ground), self.sun, 0.12 if self.hour != "night" else 0.0)
        if self.hour == "night":
            seen = mix(seen, rgb("1c2a4a"), 0.45)
        return mix(seen, self.low, far)


SKIES: dict[str, tuple[tuple[str, str, str, float], ...]] = {
    "morning": (("9fc3dc", "f7e3cf", "fff0d0", 0.9), ("a9b9d9", "f9d9d0", "ffe6d0", 0.88), ("8db8cf", "eef0dc", "fff6d8", 0.92)),
    "noon": (("3f86cc", "c4e2f2", "fffbe8", 1.0), ("2f7cc4", "b5dcf0", "fffbe8", 1.0), ("5a9bd5", "dceef5", "fffbe8", 1.0)),
    "sunset": (("5b4a86", "f7a05a", "ffd27a", 0.72), ("3f4f8c", "f58a6a", "ffb870", 0.68), ("7a4a7e", "ffb25e", "ffe08a", 0.74)),
    "night": (("0a1230", "2b3f70", "e8ecff", 0.42), ("0d1028", "34386a", "e8ecff", 0.4), ("081a33", "24506e", "e8ecff", 0.42)),
}  # fmt: skip


def light_of(rng: random.Random, hour: str) -> Light:
    """Return one of the lights of ``hour``."""
    top, low, sun, ground = rng.choice(SKIES[hour])
    return Light(hour, rgb(top), rgb(low), rgb(sun), ground)


def sky(c: Canvas, light: Light, horizon: float, clouds: float = 1.0) -> tuple[float, float]:
    """Fill the picture with sky; return where the sun or moon stands, in fractions."""
    rng = c.rng
    _, ys = c.grid()
    t = np.clip(ys / horizon, 0, 1) ** 1.25
    c.pixels[:] = np.asarray(light.top, np.float32) + (np.asarray(light.low, np.float32) - np.asarray(light.top, np.float32)) * t[..., None]
    w, h = c.width, c.height
    sx = rng.uniform(0.2, 0.8)
    sy = {"morning": horizon * 0.62, "noon": horizon * 0.2, "sunset": horizon * 0.86, "night": horizon * 0.28}[light.hour]
    if light.hour == "night":
        stars = np.random.default_rng(rng.getrandbits(32)).random((h, w), dtype=np.float32)
        mark = np.where(stars > 0.9975, (stars - 0.9975) * 400, 0).astype(np.float32) * (ys < horizon)
        c.pixels += (soften(mark, 0.5) * 1.5 + mark * 0.6)[..., None] * 0.9
        c.glow(sx * w, sy * h, w * 0.2, (0.8, 0.86, 1.0), 0.35)
        c.solid(Frame(sx * w, sy * h, w * 0.045), oval(0, 0, 1), rgb("f3f1e4"), bulge=0.2, rough=0.2, depth=0.5)
    else:
        c.glow(sx * w, sy * h, w * 0.5, light.sun, 0.6)
        c.glow(sx * w, sy * h, w * 0.12, light.sun, 0.75)
        if light.hour != "noon" or rng.random() < 0.5:
            c.fill(Frame(sx * w, sy * h, w * rng.uniform(0.045, 0.06)), oval(0, 0, 1), lighter(light.sun, 0.6))
    _clouds(c, light, horizon, clouds * rng.uniform(0.4, 1.0))
    return sx, sy


def _clouds(c: Canvas, light: Light, horizon: float, amount: float) -> None:
    h, w, rng = c.height, c.width, c.rng
    field = noise(rng, h, w, w * 0.32, h * 0.1) + 0.5 * noise(rng, h, w, w * 0.13, h * 0.045)
    field = field + 0.28 * noise(rng, h, w, w * 0.05, h * 0.02) + 0.14 * noise(rng, h, w, w * 0.025, h * 0.011)
    _, ys = c.grid()
    cover = np.clip((field - 0.75 + amount * 0.55) * 1.3, 0, 1) * np.clip((horizon - ys) * 6, 0, 1)
    under = soften(np.ascontiguousarray(np.roll(cover, -int(h * 0.02), 0)), h * 0.012)
    white = lighter(light.low, 0.75 if light.hour == "noon" else 0.25)
    if light.hour == "night":
        white = mix(light.low, rgb("8793b8"), 0.35)
    tint = mix(white, light.top, 0.4) if light.hour != "sunset" else mix(rgb("f7a58a"), light.top, 0.45)
    shade = np.clip(under * 1.1, 0, 1)[..., None]
    body = np.asarray(white, np.float32) * (1 - shade) + np.asarray(tint, np.float32) * shade
    c.lay(Stencil(0, 0, np.asarray(cover * 0.85, np.float32)), np.asarray(body, np.float32))


def ridge(rng: random.Random, width: int, rough: float, peaks: float) -> Array:
    """Return a mountain skyline (width,) around 0 from summed noise."""
    line = np.zeros((1, width), dtype=np.float32)
    size, gain = width / peaks, 1.0
    for _ in range(6):
        part = noise(rng, 2, width, max(2.0, size))[:1]
        line = line + gain * (1 - 2 * np.abs(part)) if size > width / 12 else line + gain * part
        size, gain = size / 2.1, gain * rough
    return np.asarray(line[0], np.float32)


def below(c: Canvas, line: Array, colour: Array | Colour, fade: Colour | None = None, depth: float = 0.3) -> Array:
    """Fill everything below ``line`` (y in pixels for each column); return its coverage."""
    ys = np.arange(c.height, dtype=np.float32)[:, None]
    alpha = np.clip(ys - line[None, :] + 0.5, 0, 1).astype(np.float32)
    body: Array | Colour = colour
    if fade is not None:
        t = np.clip((ys - line[None, :]) / (depth * c.height), 0, 1)[..., None]
        body = np.asarray(np.asarray(colour, np.float32) * (1 - t) + np.asarray(fade, np.float32) * t, np.float32)
    c.lay(Stencil(0, 0, alpha), body)
    return alpha


def peaks(c: Canvas, light: Light, base: float, height: float, far: float, rock: Colour, snow: float) -> None:
    """Draw one range of mountains with lit and shaded flanks and snow above ``snow``."""
    rng, h, w = c.rng, c.height, c.width
    line = (base - height * (0.5 + 0.42 * ridge(rng, w, 0.52, rng.uniform(2.0, 3.4)))) * h
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    fall = ys - line[None, :]
    wander = noise(rng, h, w, w * 0.09, h * 0.12) * w * 0.05 + noise(rng, h, w, w * 0.03, h * 0.05) * w * 0.02
    at = np.clip(xs + wander + fall * 0.35, 0, w - 1).astype(int)
    slope = np.gradient(soften(line[None, :].repeat(2, 0), 2.0)[0])
    flank = np.clip(-slope[at] * 0.5, -0.5, 0.5) + 0.12 * noise(rng, h, w, w * 0.02, h * 0.03)
    stone = np.broadcast_to(np.asarray(light.lit(rock, far), np.float32), (h, w, 3))
    cap = np.clip((snow * height * h - fall + noise(rng, h, w, w * 0.03) * h * 0.035) / 6 + flank * 3, 0, 1)[..., None] if snow else 0.0
    white = np.asarray(light.lit(rgb("f4f6fa"), far * 0.7), np.float32)
    body = tone(np.asarray(stone * (1 - cap) + white * cap, np.float32), np.asarray(1 + flank * (1 - far * 0.6), np.float32))
    haze = np.clip(fall / (height * h) * 0.55, 0, 0.75)[..., None]
    below(c, line, np.asarray(body * (1 - haze) + np.asarray(light.low, np.float32) * haze, np.float32))


def water(c: Canvas, light: Light, top: float, bottom: float, tint: Colour, sun: float, mirror_sky: bool = True) -> None:
    """Draw water between two heights, with the sky's reflection, ripples and a path of light."""
    rng, h, w = c.rng, c.height, c.width
    y0, y1 = int(top * h), int(bottom * h)
    n = y1 - y0
    flipped = c.pixels[max(0, y0 - n) : y0][::-1]
    flipped = np.pad(flipped, ((0, n - len(flipped)), (0, 0), (0, 0)), mode="edge")
    xs = np.linspace(0, 1, w, dtype=np.float32)[None, :]
    t = np.linspace(0, 1, n, dtype=np.float32)[:, None]
    wave = np.zeros((n, w), dtype=np.float32)
    for k, cell in enumerate((0.012, 0.03, 0.06)):
        wave = wave + np.clip((t - 0.3 * k) * 2 + 0.4, 0, 1) * noise(rng, n, w, w * cell * 6, max(1.2, h * cell * 0.5))
    shift = np.clip(np.arange(w)[None, :] + wave * w * 0.012, 0, w - 1).astype(int)
    image = np.take_along_axis(flipped, shift[..., None], axis=1)
    base = np.asarray(light.lit(tint), np.float32)
    keep = (0.62 if mirror_sky else 0.3) * (1 - 0.5 * t)[..., None]
    body = tone(np.asarray(image * keep + base * (1 - keep), np.float32), np.asarray(1 + wave * 0.13, np.float32))
    path = np.exp(-(((xs - sun) / (0.05 + 0.1 * t)) ** 2)) * np.clip(wave * 2.2 + 0.15, 0, 1)
    body = body + (np.asarray(lighter(light.sun, 0.4), np.float32) - body) * (path * (0.75 if light.hour != "noon" else 0.3))[..., None]
    c.pixels[y0:y1] = body


def conifer(c: Canvas, x: float, y: float, size: float, colour: Colour, snow: bool = False) -> None:
    """Draw a fir tree that stands at (x, y), in pixels."""
    rng = c.rng
    f = Frame(x, y, size)
    c.fill(f, box(-0.04, -0.2, 0.04, 0.02), darker(colour, 0.5))
    pts: list[tuple[float, ...]] = [(0, -1.0)]
    left: list[tuple[float, ...]] = []
    for i in range(1, 8):
        yy, ww = -1.0 + i * 0.125, 0.045 + i * 0.042
        pts += [(ww * rng.uniform(0.85, 1.15), yy + 0.02), (ww * 0.55, yy)]
        left += [(-ww * rng.uniform(0.85, 1.15), yy + 0.02), (-ww * 0.55, yy)]
    c.solid(f, poly(*pts, *reversed(left)), colour, bulge=0.9, depth=0.08, rough=0.2)
    if snow:
        c.fill(f, curve([(0, -1.02), (0.05, -0.85), (0, -0.8), (-0.07, -0.84)]), rgb("eef2f7"), 0.8)


def bush_tree(c: Canvas, x: float, y: float, size: float, colour: Colour, trunk: Colour) -> None:
    """Draw a broad-leaved tree that stands at (x, y), in pixels."""
    rng = c.rng
    f = Frame(x, y, size)
    c.solid(f, stroke([(0, 0.02), (rng.uniform(-0.04, 0.04), -0.3), (0.0, -0.6)], 0.09, 0.04), trunk, depth=0.03)
    n = 4 if size < c.height * 0.4 else 9
    for k in range(n):
        a = rng.uniform(0, 6.3)
        r = rng.uniform(0.1, 0.24)
        shade = mix(darker(colour, 0.35), lighter(colour, 0.08), k / (n - 1))
        crown = blob(rng, math.cos(a) * r, -0.66 + math.sin(a) * r * 0.8, rng.uniform(0.17, 0.27), 0.2)
        c.solid(f, crown, shade, bulge=0.8, depth=0.09, rough=0.22)


def hills(c: Canvas, light: Light, y: float, swing: float, colour: Colour, far: float) -> Array:
    """Draw rolling ground from about ``y`` down; return its line in pixels."""
    rng, h, w = c.rng, c.height, c.width
    line = (y + swing * noise(rng, 2, w, w * rng.uniform(0.35, 0.6))[0] + swing * 0.15 * noise(rng, 2, w, w * 0.1)[0]) * h
    rough = noise(rng, h, w, 5, 2.2) * 0.1 + noise(rng, h, w, w * 0.2, h * 0.05) * 0.16
    near = np.broadcast_to(np.asarray(light.lit(colour, far), np.float32), (h, w, 3))
    below(c, np.asarray(line, np.float32), tone(np.asarray(near, np.float32), np.asarray(1 + rough, np.float32)))
    return np.asarray(line, np.float32)


def beach(c: Canvas, hour: str) -> None:
    """Draw a beach: sea, surf, sand, with palms, a parasol or nothing."""
    rng, light = c.rng, light_of(c.rng, hour)
    h, w = c.height, c.width
    horizon = rng.uniform(0.36, 0.46)
    sun, _ = sky(c, light, horizon)
    if rng.random() < 0.5:
        hills(c, light, horizon - 0.02, 0.02, rgb("5f7f70"), 0.5)
    shore = horizon + rng.uniform(0.2, 0.3)
    water(c, light, horizon, min(0.98, shore + 0.12), rgb(rng.choice(("2f9db0", "2a86b0", "39a8a6"))), sun, False)
    xs = np.arange(w, dtype=np.float32) / w
    slant = rng.uniform(-0.08, 0.08)
    line = (shore + slant * (xs - 0.5) + 0.018 * noise(rng, 2, w, w * 0.22)[0]) * h
    sand = rgb(rng.choice(("e6cfa0", "ead9b5", "dcc092")))
    foam = light.lit(rgb("ffffff"))
    for lift, strong in ((0.05, 0.35), (0.028, 0.5)):
        edge = line - lift * h + noise(rng, 2, w, w * 0.08)[0] * h * 0.006
        ys = np.arange(h, dtype=np.float32)[:, None]
        band = np.exp(-(((ys - edge[None, :]) / (h * 0.006)) ** 2)) * (0.6 + 0.4 * noise(rng, h, w, 9, 3))
        c.lay(Stencil(0, 0, np.asarray(np.clip(band * strong, 0, 1), np.float32)), foam)
    below(c, np.asarray(line - h * 0.012, np.float32), foam)
    below(c, np.asarray(line, np.float32), light.lit(darker(sand, 0.28)), light.lit(sand), 0.1)
    rough = Stencil(0, 0, np.clip((np.arange(h, dtype=np.float32)[:, None] - line[None, :]) / 8, 0, 1).astype(np.float32))
    speck = noise(rng, h, w, 2.5, 1.6) * 0.06 + noise(rng, h, w, w * 0.16, h * 0.02) * 0.09
    c.lay(rough, tone(c.pixels.copy(), np.asarray(1 + speck, np.float32)))
    thing = rng.choice(("palm", "parasol", "palm", "none"))
    side = rng.choice((-1, 1))
    if thing == "palm":
        for _ in range(rng.choice((1, 2))):
            x, s = w * (0.5 - side * rng.uniform(0.28, 0.42)), h * rng.uniform(0.4, 0.56)
            f = Frame(x, h * rng.uniform(0.9, 1.0), s, flip=side < 0)
            c.ground(x + side * s * 0.3, f.y, s * 0.4, s * 0.04, 0.3)
            c.solid(f, stroke([(0, 0), (0.06, -0.5), (0.2, -1.0)], 0.075, 0.04), light.lit(rgb("7d5c3c")), depth=0.03, rough=0.4)
            for k in range(9):
                a = -math.pi / 2 + (k - 4) * 0.52 + rng.uniform(-0.1, 0.1)
                ex, ey = 0.2 + 0.5 * math.cos(a), -1.0 + 0.34 * math.sin(a) + 0.16
                g = light.lit(rgb(rng.choice(("3d7a45", "4f8f4a", "2f6a42"))))
                c.solid(f, stroke([(0.2, -1.0), ((0.2 + ex) / 2, (ey - 1.0) / 2 - 0.14), (ex, ey)], 0.13, 0.01), g, depth=0.04, bulge=0.8)
    elif thing == "parasol":
        f = Frame(w * rng.uniform(0.25, 0.75), h * 0.86, h * 0.17, 0.12 * side)
        tint = pick(rng, ("d9483b", "2d74b4", "efb73a", "2a9795"))
        c.ground(f.x + h * 0.06, f.y + h * 0.01, h * 0.15, h * 0.018, 0.4)
        c.solid(f, box(-0.018, -1.0, 0.018, 0.05), light.lit(rgb("efe6d6")), depth=0.02)
        c.solid(f, curve([(-0.8, -0.55, 1), (-0.5, -0.98), (0, -1.15), (0.5, -0.98), (0.8, -0.55, 1), (0, -0.66)]), light.lit(tint), bulge=1.0, depth=0.15)
        for x in (-0.36, 0.36):
            c.fill(f, curve([(0, -1.15, 1), (x * 1.1, -0.98), (x * 1.55, -0.59, 1), (x * 0.65, -0.63, 1), (x * 0.5, -0.95)]), light.lit(rgb("f7f2e8")), 0.92)
        c.solid(f, poly((-0.7, -0.04), (0.25, -0.08), (0.4, 0.06), (-0.6, 0.1)), light.lit(rgb("f4efe4")), bulge=0.4)


def mountains(c: Canvas, hour: str) -> None:
    """Draw ranges of mountains behind each other, firs before them."""
    rng, light = c.rng, light_of(c.rng, hour)
    h, w = c.height, c.width
    sky(c, light, 0.62)
    rock = rgb(rng.choice(("5c6675", "6b6470", "5a6a72", "75695f")))
    peaks(c, light, 0.62, rng.uniform(0.26, 0.36), 0.5, rock, rng.choice((0.4, 0.55)))
    peaks(c, light, 0.74, rng.uniform(0.24, 0.36), 0.18, darker(rock, 0.15), rng.choice((0.25, 0.42, 0.0)))
    meadow = rgb(rng.choice(("5d7f48", "6d8a4c", "4f7550", "8a8a50")))
    hills(c, light, 0.73, 0.03, darker(meadow, 0.25), 0.15)
    for _ in range(34):
        x, y = rng.uniform(0, w), rng.uniform(0.76, 0.81) * h
        conifer(c, x, y, h * rng.uniform(0.04, 0.075), light.lit(rgb("35563f"), 0.12))
    hills(c, light, 0.84, 0.035, meadow, 0.0)
    for _ in range(rng.randint(3, 8)):
        side = rng.choice((rng.uniform(-0.02, 0.28), rng.uniform(0.72, 1.02)))
        conifer(c, side * w, h * rng.uniform(0.9, 1.02), h * rng.uniform(0.16, 0.32), light.lit(rgb(rng.choice(("2a4a36", "33563c")))))


def forest(c: Canvas, hour: str) -> None:
    """Draw a path through tall trees in haze."""
    rng, light = c.rng, light_of(c.rng, hour)
    h, w = c.height, c.width
    sky(c, light, 0.75, 0.3)
    autumn = rng.random() < 0.3
    greens = ("c9822f", "d99a3a", "b5562a", "8a7a35") if autumn else ("3f7548", "55884a", "2f6242", "6d9a4f")
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
            s, base = h * (0.22 + layer * 0.13) * rng.uniform(0.85, 1.25), (y + rng.uniform(0.0, 0.05)) * h
            leafage = light.lit(rgb(rng.choice(greens)), max(0.0, far))
            if fir:
                conifer(c, x * w, base, s, darker(leafage, 0.25))
            else:
                bush_tree(c, x * w, base, s, leafage, light.lit(rgb("5a4332"), max(0.0, far)))
        if layer == 2:
            path = curve([(0.48, 0.74), (0.52, 0.74), (0.6, 0.84), (0.7, 1.02), (0.3, 1.02), (0.44, 0.86)])
            c.solid(Frame(0, 0, 1), path * np.array([w, h], np.float32), light.lit(rgb("c9ac80")), bulge=0.0)
    if hour in ("morning", "sunset", "noon"):
        xs, ys = c.grid()
        beam = np.clip(np.sin((xs * 1.0 + ys * 0.55) * 22 + rng.uniform(0, 6)), 0, 1) ** 2 * np.clip(1 - ys * 1.1, 0, 1)
        c.pixels += (1 - c.pixels) * np.asarray(light.sun, np.float32) * (soften(np.asarray(beam, np.float32), w * 0.02) * 0.2)[..., None]


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
            bh = (0.16 + 0.3 * math.exp(-(((x - 0.5) / 0.35) ** 2)) * rng.uniform(0.4, 1.25)) * (1.1 - layer * 0.22)
            x0, x1, y0 = x * w, (x + bw) * w, (horizon - bh) * h
            wall = light.lit(rgb(rng.choice(("6d7a8c", "8a8088", "9a9088", "56657a", "a48f80", "7a8a94"))), far)
            c.solid(one, box(x0, y0, x1, horizon * h + 2), wall, bulge=0.0)
            c.fill(one, box(x0 + (x1 - x0) * 0.7, y0, x1, horizon * h + 2), darker(wall, 0.25), 0.5)
            roof = rng.random()
            if roof < 0.2:
                c.fill(one, poly((x0, y0 + 1), (x1, y0 + 1), ((x0 + x1) / 2, y0 - bw * w * 0.7)), wall)
            elif roof < 0.4:
                c.fill(one, box((x0 + x1) / 2 - 1, y0 - 0.06 * h, (x0 + x1) / 2 + 1, y0 + 1), wall)
            elif roof < 0.6:
                c.fill(one, box(x0 + bw * w * 0.2, y0 - 0.02 * h, x1 - bw * w * 0.25, y0 + 1), wall)
            if layer:
                step_x, step_y = max(3.5, w * 0.014), max(4.5, h * 0.014)
                lit, dim = [], []
                for i in range(int((x1 - x0 - 3) / step_x)):
                    for j in range(int((horizon * h - y0 - 4) / step_y)):
                        p = box(x0 + 3 + i * step_x, y0 + 4 + j * step_y, x0 + 3 + (i + 0.55) * step_x, y0 + 4 + (j + 0.55) * step_y)
                        (lit if rng.random() < {"night": 0.5, "sunset": 0.3}.get(hour, 0.0) else dim).append(p)
                if lit:
                    c.fill(one, lit, windows, 0.9)
                if dim:
                    c.fill(one, dim, darker(wall, 0.4) if hour != "noon" else lighter(light.top, 0.2), 0.55)
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
        below(c, np.asarray((0.56 - 0.09 * mesa + 0.0 * x) * h, np.float32), light.lit(rgb("a85f45"), 0.35), light.lit(sand, 0.45), 0.2)
    for k in range(4):
        y = 0.55 + k * 0.13
        line = (y + 0.055 * noise(rng, 2, w, w * rng.uniform(0.4, 0.7))[0] - 0.01 * k) * h
        tint = np.asarray(light.lit(lighter(sand, 0.08), 0.4 - 0.13 * k), np.float32)
        ys = np.arange(h, dtype=np.float32)[:, None]
        fall = ys - line[None, :]
        slope = np.gradient(line)[None, :]
        crest = line + (np.clip(slope, 0, 1) * 90 + 3) * (0.7 + 0.3 * noise(rng, 2, w, w * 0.3)[0])
        dark = np.clip((crest[0] if crest.ndim > 1 else crest)[None, :] - ys + 0.5, 0, 1) * 0.42 * np.clip(slope * 4, 0, 1)
        ripple = np.sin((fall + noise(rng, h, w, w * 0.12, h * 0.05) * 7) * (0.55 - 0.07 * k)) * 0.035
        body = np.broadcast_to(tint, (h, w, 3))
        shade = 1.06 - dark - np.clip(fall / h, 0, 0.3) * 0.4 + ripple
        below(c, np.asarray(line, np.float32), tone(np.asarray(body, np.float32), np.asarray(shade, np.float32)))
    for _ in range(rng.choice((0, 1, 2, 3))):
        f = Frame(rng.uniform(0.1, 0.9) * w, h * rng.uniform(0.78, 0.95), h * rng.uniform(0.1, 0.19))
        g = light.lit(rgb("4f7a4a"))
        c.ground(f.x + f.size * 0.25, f.y, f.size * 0.4, f.size * 0.06, 0.4)
        for arm in ([(0, 0.02), (0, -0.5), (0, -1.0)], [(0, -0.4), (0.28, -0.42), (0.3, -0.75)], [(0, -0.3), (-0.26, -0.34), (-0.27, -0.6)]):
            band = stroke(list(arm), 0.16)
            c.solid(f, [band, oval(arm[-1][0], arm[-1][1], 0.08)], g, depth=0.05, rough=0.2)


def lake(c: Canvas, hour: str) -> None:
    """Draw a still lake before mountains, with a jetty, reeds or a boat."""
    rng, light = c.rng, light_of(c.rng, hour)
    h, w = c.height, c.width
    horizon = rng.uniform(0.46, 0.54)
    sun, _ = sky(c, light, horizon)
    peaks(c, light, horizon + 0.02, rng.uniform(0.22, 0.32), 0.38, rgb("5f6f7c"), rng.choice((0.0, 0.4)))
    hills(c, light, horizon - 0.03, 0.025, rgb("4a6b4a"), 0.2)
    for _ in range(40):
        conifer(c, rng.uniform(0, w), (horizon + 0.005) * h, h * rng.uniform(0.03, 0.08), light.lit(rgb("33523d"), 0.12))
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
                c.solid(one, box(x + s * k - 3 - 4 * t, y - 5, x + s * k + 3 + 4 * t, y + h * 0.05), darker(wood, 0.4))
        n = 16
        for i in range(n):
            t0, t1 = (i / n) ** 1.5, ((i + 0.92) / n) ** 1.5
            a, b = half[0] + (half[1] - half[0]) * t0, half[0] + (half[1] - half[0]) * t1
            y0, y1 = top + (end - top) * t0, top + (end - top) * t1
            c.solid(one, poly((x - a, y0), (x + a, y0), (x + b, y1), (x - b, y1)), darker(wood, rng.uniform(0, 0.15)), bulge=0.0, rough=0.1)
    elif thing == "boat":
        f = Frame(rng.uniform(0.3, 0.7) * w, (horizon + 0.24) * h, w * 0.14, flip=rng.random() < 0.5)
        c.ground(f.x, f.y + f.size * 0.26, f.size * 1.0, f.size * 0.1, 0.4)
        hull = light.lit(pick(rng, ("b5473c", "7c4d2c", "f0ece2", "2f5f7f")))
        c.solid(f, curve([(-1.0, -0.12, 1), (0, 0.02), (1.05, -0.22, 1), (0.7, 0.26), (-0.7, 0.26)]), hull, depth=0.12)
        c.solid(f, curve([(-1.0, -0.13, 1), (0, -0.05), (1.05, -0.23, 1), (0, 0.06)]), light.lit(rgb("6b4a30")), bulge=0.3)
    else:
        for _ in range(36):
            x = rng.choice((rng.uniform(-0.02, 0.32), rng.uniform(0.8, 1.02))) * w
            f = Frame(x, h * rng.uniform(0.97, 1.03), h * rng.uniform(0.14, 0.26))
            lean = rng.uniform(-0.14, 0.14)
            c.fill(f, stroke([(0, 0), (lean * 0.4, -0.5), (lean, -1.0)], 0.035, 0.01), light.lit(rgb(rng.choice(("5f7a3f", "7a8a4a", "4a6a3a")))))
            if rng.random() < 0.35:
                c.fill(f, stroke([(lean * 0.8, -0.85), (lean, -1.0)], 0.07), light.lit(rgb("6b4526")))


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
    line = (1.04 - rise * (0.3 + 0.02 * noise(rng, 2, w, w * 0.1)[0]) - 0.01 * noise(rng, 2, w, w * 0.03)[0]) * h
    body = np.broadcast_to(np.asarray(light.lit(rgb("7a6f62")), np.float32), (h, w, 3))
    crag = noise(rng, h, w, w * 0.04, h * 0.09) * 0.28 + noise(rng, h, w, w * 0.015, h * 0.03) * 0.16
    below(c, np.asarray(line, np.float32), tone(np.asarray(body, np.float32), np.asarray(0.95 + crag, np.float32)))
    turf = np.broadcast_to(np.asarray(light.lit(rgb("6a8a4a")), np.float32), (h, w, 3))
    ys = np.arange(h, dtype=np.float32)[:, None]
    cover = np.clip(ys - line[None, :] + 0.5, 0, 1) * np.clip((line[None, :] + h * 0.045 + noise(rng, h, w, w * 0.04) * h * 0.02 - ys) / 4, 0, 1) * rise[None, :]
    c.lay(Stencil(0, 0, np.asarray(cover, np.float32)), tone(np.asarray(turf, np.float32), np.asarray(1 + noise(rng, h, w, 3) * 0.12, np.float32)))
    f = Frame(x, h * 0.76, h * rng.uniform(0.44, 0.52))
    white, stripe = light.lit(rgb("f6f2ea")), light.lit(pick(rng, ("c4242f", "c4242f", "2d5a9a", "26262a")))
    c.solid(f, poly((-0.1, -0.8), (0.1, -0.8), (0.15, 0.04), (-0.15, 0.04)), white, bulge=1.0, depth=0.07, cast=0.3)
    if rng.random() < 0.75:
        for k in range(3):
            y0, y1 = -0.72 + k * 0.27, -0.72 + k * 0.27 + 0.13
            a, b = 0.1 + 0.05 * (y0 + 0.8) / 0.84, 0.1 + 0.05 * (y1 + 0.8) / 0.84
            c.solid(f, poly((-a, y0), (a, y0), (b, y1), (-b, y1)), stripe, bulge=0.7, depth=0.07)
    c.solid(f, box(-0.135, -0.83, 0.135, -0.79), darker(stripe, 0.3), depth=0.02)
    lamp = rgb("ffe9a8") if hour in ("night", "sunset") else rgb("bfe0ea")
    c.solid(f, box(-0.07, -0.95, 0.07, -0.83), lamp, bulge=0.6, depth=0.04)
    c.solid(f, curve([(-0.09, -0.94, 1), (-0.06, -1.01), (0, -1.05), (0.06, -1.01), (0.09, -0.94, 1)]), stripe, depth=0.04)
    c.fill(f, box(-0.03, -0.08, 0.03, 0.03), darker(stripe, 0.5))
    if hour in ("night", "sunset"):
        lx, ly = f.place(np.array([(0.0, -0.89)], np.float32))[0]
        for s in (-1, 1):
            beam = c.stencil(Frame(float(lx), float(ly), w), poly((0, 0), (s * 1.0, -0.2), (s * 1.0, 0.06)))
            c.lay(beam, (1.0, 0.95, 0.75), 0.2)
        c.glow(float(lx), float(ly), h * 0.07, (1.0, 0.93, 0.7), 0.9)
    cottage_at(c, light, x + side * w * 0.17, h * 0.765, h * 0.085, rgb("f0ece2"), rgb("a85040"))


def cottage_at(c: Canvas, light: Light, x: float, y: float, s: float, wall: Colour, roof: Colour) -> None:
    """Draw a small house whose door sill is at (x, y), in pixels."""
    f = Frame(x, y, s)
    walls, tiles = light.lit(wall), light.lit(roof)
    glass = rgb("ffd98a") if light.hour in ("night", "sunset") else light.lit(rgb("7f9cab"))
    c.solid(f, box(0.42, -1.65, 0.62, -0.9), light.lit(rgb("9a7a68")), bulge=0.5, depth=0.05, rough=0.2)
    c.solid(f, box(-0.9, -0.8, 0.9, 0.04), walls, bulge=0.3, depth=0.06, rough=0.06)
    c.solid(f, poly((-1.08, -0.74), (-0.72, -1.5), (0.72, -1.5), (1.08, -0.74)), tiles, bulge=0.5, depth=0.06, rough=0.3, cast=0.4)
    for k in range(4):
        yy = -0.88 - k * 0.17
        c.fill(f, stroke([(-1.04 + k * 0.08, yy), (1.04 - k * 0.08, yy)], 0.02), darker(tiles, 0.4), 0.5)
    c.solid(f, box(-0.14, -0.56, 0.14, 0.04, 0.05), light.lit(rgb("6b4a35")), bulge=0.4, depth=0.03)
    for wx in (-0.55, 0.55):
        c.fill(f, box(wx - 0.21, -0.62, wx + 0.21, -0.22), light.lit(rgb("f7f3ea")))
        c.fill(f, box(wx - 0.17, -0.58, wx + 0.17, -0.26), glass)
        c.fill(f, [box(wx - 0.015, -0.6, wx + 0.015, -0.24), box(wx - 0.19, -0.43, wx + 0.19, -0.4)], light.lit(rgb("f7f3ea")))


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
        bush_tree(c, tx * w, h * rng.uniform(0.66, 0.72), h * rng.uniform(0.24, 0.38), light.lit(rgb(rng.choice(("4f8048", "62904f", "3f6f45")))), light.lit(rgb("5a4332")))
    hills(c, light, 0.69, 0.015, rgb(rng.choice(("78994f", "6a9150", "86a058"))), 0.0)
    c.ground(x + s * 0.3, h * 0.765, s * 1.3, s * 0.14, 0.4)
    cottage_at(c, light, x, h * 0.76, s, pick(rng, ("f2ead8", "e9d3b8", "f4f1ea", "d9b8a0", "b9c7bd")), pick(rng, ("a8563c", "6b5a50", "8a6a45", "5f6f7c")))
    path = curve([(x - s * 0.13, h * 0.765), (x + s * 0.13, h * 0.765), (x + s * 0.5, h * 0.88), (x + s * 0.35, h * 1.02), (x - s * 0.75, h * 1.02), (x - s * 0.1, h * 0.88)])
    c.solid(Frame(0, 0, 1), path, light.lit(rgb("d9c6a0")), bulge=0.0, rough=0.0)
    for _ in range(150):
        fx, fy = rng.uniform(0, w), h * (0.78 + 0.24 * rng.uniform(0, 1) ** 0.8)
        near = (fy / h - 0.74) * 4
        if abs(fx - x + s * 0.1) < s * (0.3 + (fy / h - 0.76) * 2.2):
            continue
        c.fill(Frame(fx, fy, 1), oval(0, 0, 0.8 + near * 2.0, n=10), light.lit(pick(rng, ("e8455a", "f4d03f", "f7f2ea", "b79ad0", "e98a9c"))))


def waterfall(c: Canvas, hour: str) -> None:
    """Draw a waterfall between rocks and trees, falling into a pool."""
    rng, light = c.rng, light_of(c.rng, hour)
    h, w = c.height, c.width
    sky(c, light, 0.5, 0.5)
    hills(c, light, 0.26, 0.05, rgb("4f7050"), 0.35)
    mid, half = w * rng.uniform(0.42, 0.58), w * rng.uniform(0.07, 0.13)
    top, foot = h * rng.uniform(0.24, 0.3), h * 0.74
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    line = top - np.clip(np.abs(np.arange(w) - mid) / w - 0.08, 0, 1) * h * 0.28 + noise(rng, 2, w, w * 0.08)[0] * h * 0.02
    stone = np.broadcast_to(np.asarray(light.lit(rgb(rng.choice(("6a675f", "5f6668", "75695c")))), np.float32), (h, w, 3))
    crag = noise(rng, h, w, w * 0.09, h * 0.13) * 0.3 + noise(rng, h, w, w * 0.03, h * 0.06) * 0.24 + noise(rng, h, w, 4, 7) * 0.08
    moss = np.clip(noise(rng, h, w, w * 0.12, h * 0.07) * 1.6 - 0.3, 0, 0.75)[..., None]
    rock = stone * (1 - moss) + np.asarray(light.lit(rgb("55763f")), np.float32) * moss
    below(c, np.asarray(line, np.float32), tone(np.asarray(rock, np.float32), np.asarray(0.9 + crag, np.float32)))
    for _ in range(9):
        tx = rng.choice((rng.uniform(-0.02, 0.26), rng.uniform(0.74, 1.02)))
        conifer(c, tx * w, float(line[int(np.clip(tx * w, 0, w - 1))]) + h * 0.03, h * rng.uniform(0.16, 0.28), light.lit(rgb(rng.choice(("2f5a3c", "3d6a45")))))
    fall = np.clip((half * (1 + 0.25 * (ys - top) / (foot - top)) - np.abs(xs - mid) + noise(rng, h, w, 5, h * 0.1) * 3) / 3, 0, 1)
    fall = fall * np.clip((ys - top) / 3, 0, 1) * np.clip((foot - ys) / 4 + 1, 0, 1)
    threads = noise(rng, h, w, 3.2, h * 0.22) * 0.3 + noise(rng, h, w, 7, h * 0.4) * 0.25
    white = np.broadcast_to(np.asarray(light.lit(rgb("e4eef4")), np.float32), (h, w, 3))
    c.lay(Stencil(0, 0, np.asarray(fall * 0.95, np.float32)), tone(np.asarray(white, np.float32), np.asarray(1 + threads, np.float32)))
    water(c, light, foot / h, 1.0, rgb(rng.choice(("2f8a8f", "3a8aa0", "3f9a94"))), 0.5, False)
    for k in range(3):
        c.glow(mid + rng.uniform(-0.5, 0.5) * half, foot, half * (1.0 + 0.3 * k), light.lit(rgb("f4f8fa")), 0.4)
    for _ in range(9):
        bx = rng.choice((rng.uniform(0, 0.3), rng.uniform(0.7, 1.0))) * w
        r = w * rng.uniform(0.05, 0.11)
        by = h * rng.uniform(0.78, 1.0)
        c.ground(bx, by + r * 0.5, r * 1.1, r * 0.2, 0.4)
        c.solid(Frame(bx, by, r), blob(rng, 0, 0, 1, 0.16) * np.array([1.2, 0.75], np.float32), light.lit(rgb("6d6a64")), depth=0.3, rough=0.3)
    for _ in range(26):
        lx = rng.choice((rng.uniform(-0.02, 0.22), rng.uniform(0.78, 1.02))) * w
        c.solid(Frame(lx, h * rng.uniform(0.94, 1.04), h * 0.13), leaf(0, 0, 1.0, 0.16, -math.pi / 2 + rng.uniform(-0.7, 0.7)), light.lit(rgb(rng.choice(("3f7a45", "58904a")))), depth=0.08)

