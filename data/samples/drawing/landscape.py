"""The parts of a view: light of the hour, sky, mountains, hills, water, trees, a house."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np

from drawing.canvas import Canvas, Colour, Frame, Stencil, mix, noise, soften, tone
from drawing.palette import darker, lighter, rgb
from drawing.paths import Array, blob, box, curve, oval, poly, stroke


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
    "morning": (
        ("9fc3dc", "f7e3cf", "fff0d0", 0.9),
        ("a9b9d9", "f9d9d0", "ffe6d0", 0.88),
        ("8db8cf", "eef0dc", "fff6d8", 0.92),
    ),
    "noon": (
        ("3f86cc", "c4e2f2", "fffbe8", 1.0),
        ("2f7cc4", "b5dcf0", "fffbe8", 1.0),
        ("5a9bd5", "dceef5", "fffbe8", 1.0),
    ),
    "sunset": (
        ("5b4a86", "f7a05a", "ffd27a", 0.72),
        ("3f4f8c", "f58a6a", "ffb870", 0.68),
        ("7a4a7e", "ffb25e", "ffe08a", 0.74),
    ),
    "night": (
        ("0a1230", "2b3f70", "e8ecff", 0.42),
        ("0d1028", "34386a", "e8ecff", 0.4),
        ("081a33", "24506e", "e8ecff", 0.42),
    ),
}


def light_of(rng: random.Random, hour: str) -> Light:
    """Return one of the lights of ``hour``."""
    top, low, sun, ground = rng.choice(SKIES[hour])
    return Light(hour, rgb(top), rgb(low), rgb(sun), ground)


def sky(c: Canvas, light: Light, horizon: float, clouds: float = 1.0) -> tuple[float, float]:
    """Fill the picture with sky; return where the sun or moon stands, in fractions."""
    rng = c.rng
    _, ys = c.grid()
    t = np.clip(ys / horizon, 0, 1) ** 1.25
    c.pixels[:] = (
        np.asarray(light.top, np.float32)
        + (np.asarray(light.low, np.float32) - np.asarray(light.top, np.float32)) * t[..., None]
    )
    w, h = c.width, c.height
    sx = rng.uniform(0.2, 0.8)
    sy = {
        "morning": horizon * 0.62,
        "noon": horizon * 0.2,
        "sunset": horizon * 0.86,
        "night": horizon * 0.28,
    }[light.hour]
    if light.hour == "night":
        stars = np.random.default_rng(rng.getrandbits(32)).random((h, w), dtype=np.float32)
        mark = np.where(stars > 0.9975, (stars - 0.9975) * 400, 0).astype(np.float32) * (
            ys < horizon
        )
        c.pixels += (soften(mark, 0.5) * 1.5 + mark * 0.6)[..., None] * 0.9
        c.glow(sx * w, sy * h, w * 0.2, (0.8, 0.86, 1.0), 0.35)
        c.solid(
            Frame(sx * w, sy * h, w * 0.045),
            oval(0, 0, 1),
            rgb("f3f1e4"),
            bulge=0.2,
            rough=0.2,
            depth=0.5,
        )
    else:
        c.glow(sx * w, sy * h, w * 0.5, light.sun, 0.6)
        c.glow(sx * w, sy * h, w * 0.12, light.sun, 0.75)
        if light.hour != "noon" or rng.random() < 0.5:
            c.fill(
                Frame(sx * w, sy * h, w * rng.uniform(0.045, 0.06)),
                oval(0, 0, 1),
                lighter(light.sun, 0.6),
            )
    _clouds(c, light, horizon, clouds * rng.uniform(0.4, 1.0))
    return sx, sy


def _clouds(c: Canvas, light: Light, horizon: float, amount: float) -> None:
    h, w, rng = c.height, c.width, c.rng
    field = noise(rng, h, w, w * 0.32, h * 0.1) + 0.5 * noise(rng, h, w, w * 0.13, h * 0.045)
    field = (
        field
        + 0.28 * noise(rng, h, w, w * 0.05, h * 0.02)
        + 0.14 * noise(rng, h, w, w * 0.025, h * 0.011)
    )
    _, ys = c.grid()
    cover = np.clip((field - 0.75 + amount * 0.55) * 1.3, 0, 1) * np.clip((horizon - ys) * 6, 0, 1)
    under = soften(np.ascontiguousarray(np.roll(cover, -int(h * 0.02), 0)), h * 0.012)
    white = lighter(light.low, 0.75 if light.hour == "noon" else 0.25)
    if light.hour == "night":
        white = mix(light.low, rgb("8793b8"), 0.35)
    tint = (
        mix(white, light.top, 0.4)
        if light.hour != "sunset"
        else mix(rgb("f7a58a"), light.top, 0.45)
    )
    shade = np.clip(under * 1.1, 0, 1)[..., None]
    body = np.asarray(white, np.float32) * (1 - shade) + np.asarray(tint, np.float32) * shade
    c.lay(Stencil(0, 0, np.asarray(cover * 0.85, np.float32)), np.asarray(body, np.float32))


def ridge(rng: random.Random, width: int, rough: float, peaks: float) -> Array:
    """Return a mountain skyline (width,) around 0 from summed noise."""
    line: Array = np.zeros((1, width), dtype=np.float32)
    size, gain = width / peaks, 1.0
    for _ in range(6):
        part = noise(rng, 2, width, max(2.0, size))[:1]
        sharp = 1 - 2 * np.abs(part) if size > width / 12 else part
        line = line + np.float32(gain) * np.asarray(sharp, np.float32)
        size, gain = size / 2.1, gain * rough
    return np.asarray(line[0], np.float32)


def below(
    c: Canvas, line: Array, colour: Array | Colour, fade: Colour | None = None, depth: float = 0.3
) -> Array:
    """Fill everything below ``line`` (y in pixels for each column); return its coverage."""
    ys = np.arange(c.height, dtype=np.float32)[:, None]
    alpha: Array = np.asarray(np.clip(ys - line[None, :] + 0.5, 0, 1), np.float32)
    body: Array | Colour = colour
    top = np.asarray(colour, np.float32)
    if fade is not None:
        t = np.clip((ys - line[None, :]) / (depth * c.height), 0, 1)[..., None]
        body = np.asarray(top * (1 - t) + np.asarray(fade, np.float32) * t, np.float32)
    c.lay(Stencil(0, 0, alpha), body)
    return alpha


def peaks(
    c: Canvas, light: Light, base: float, height: float, far: float, rock: Colour, snow: float
) -> None:
    """Draw one range of mountains with lit and shaded flanks and snow above ``snow``."""
    rng, h, w = c.rng, c.height, c.width
    line = (base - height * (0.5 + 0.42 * ridge(rng, w, 0.52, rng.uniform(2.0, 3.4)))) * h
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    fall = ys - line[None, :]
    wander = (
        noise(rng, h, w, w * 0.09, h * 0.12) * w * 0.05
        + noise(rng, h, w, w * 0.03, h * 0.05) * w * 0.02
    )
    at = np.clip(xs + wander + fall * 0.35, 0, w - 1).astype(int)
    slope = np.gradient(soften(line[None, :].repeat(2, 0), 2.0)[0])
    flank = np.clip(-slope[at] * 0.5, -0.5, 0.5) + 0.12 * noise(rng, h, w, w * 0.02, h * 0.03)
    stone = np.broadcast_to(np.asarray(light.lit(rock, far), np.float32), (h, w, 3))
    cap = (
        np.clip(
            (snow * height * h - fall + noise(rng, h, w, w * 0.03) * h * 0.035) / 6 + flank * 3,
            0,
            1,
        )[..., None]
        if snow
        else 0.0
    )
    white = np.asarray(light.lit(rgb("f4f6fa"), far * 0.7), np.float32)
    body = tone(
        np.asarray(stone * (1 - cap) + white * cap, np.float32),
        np.asarray(1 + flank * (1 - far * 0.6), np.float32),
    )
    haze = np.clip(fall / (height * h) * 0.55, 0, 0.75)[..., None]
    below(
        c,
        line,
        np.asarray(body * (1 - haze) + np.asarray(light.low, np.float32) * haze, np.float32),
    )


def water(
    c: Canvas,
    light: Light,
    top: float,
    bottom: float,
    tint: Colour,
    sun: float,
    mirror_sky: bool = True,
) -> None:
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
        wave = wave + np.clip((t - 0.3 * k) * 2 + 0.4, 0, 1) * noise(
            rng, n, w, w * cell * 6, max(1.2, h * cell * 0.5)
        )
    shift = np.clip(np.arange(w)[None, :] + wave * w * 0.012, 0, w - 1).astype(int)
    image = np.take_along_axis(flipped, shift[..., None], axis=1)
    base = np.asarray(light.lit(tint), np.float32)
    keep = (0.62 if mirror_sky else 0.3) * (1 - 0.5 * t)[..., None]
    body = tone(
        np.asarray(image * keep + base * (1 - keep), np.float32),
        np.asarray(1 + wave * 0.13, np.float32),
    )
    path = np.exp(-(((xs - sun) / (0.05 + 0.1 * t)) ** 2)) * np.clip(wave * 2.2 + 0.15, 0, 1)
    body = (
        body
        + (np.asarray(lighter(light.sun, 0.4), np.float32) - body)
        * (path * (0.75 if light.hour != "noon" else 0.3))[..., None]
    )
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
        c.fill(f, curve("0,-1.02 .05,-.85 0,-.8 -.07,-.84"), rgb("eef2f7"), 0.8)


def bush_tree(c: Canvas, x: float, y: float, size: float, colour: Colour, trunk: Colour) -> None:
    """Draw a broad-leaved tree that stands at (x, y), in pixels."""
    rng = c.rng
    f = Frame(x, y, size)
    c.solid(
        f,
        stroke([(0, 0.02), (rng.uniform(-0.04, 0.04), -0.3), (0.0, -0.6)], 0.09, 0.04),
        trunk,
        depth=0.03,
    )
    n = 4 if size < c.height * 0.4 else 9
    for k in range(n):
        a = rng.uniform(0, 6.3)
        r = rng.uniform(0.1, 0.24)
        shade = mix(darker(colour, 0.35), lighter(colour, 0.08), k / (n - 1))
        crown = blob(
            rng, math.cos(a) * r, -0.66 + math.sin(a) * r * 0.8, rng.uniform(0.17, 0.27), 0.2
        )
        c.solid(f, crown, shade, bulge=0.8, depth=0.09, rough=0.22)


def hills(c: Canvas, light: Light, y: float, swing: float, colour: Colour, far: float) -> Array:
    """Draw rolling ground from about ``y`` down; return its line in pixels."""
    rng, h, w = c.rng, c.height, c.width
    line = (
        y
        + swing * noise(rng, 2, w, w * rng.uniform(0.35, 0.6))[0]
        + swing * 0.15 * noise(rng, 2, w, w * 0.1)[0]
    ) * h
    rough = noise(rng, h, w, 5, 2.2) * 0.1 + noise(rng, h, w, w * 0.2, h * 0.05) * 0.16
    near = np.broadcast_to(np.asarray(light.lit(colour, far), np.float32), (h, w, 3))
    below(
        c,
        np.asarray(line, np.float32),
        tone(np.asarray(near, np.float32), np.asarray(1 + rough, np.float32)),
    )
    return np.asarray(line, np.float32)


def cottage_at(
    c: Canvas, light: Light, x: float, y: float, s: float, wall: Colour, roof: Colour
) -> None:
    """Draw a small house whose door sill is at (x, y), in pixels."""
    f = Frame(x, y, s)
    walls, tiles = light.lit(wall), light.lit(roof)
    glass = rgb("ffd98a") if light.hour in ("night", "sunset") else light.lit(rgb("7f9cab"))
    c.solid(
        f, box(0.42, -1.65, 0.62, -0.9), light.lit(rgb("9a7a68")), bulge=0.5, depth=0.05, rough=0.2
    )
    c.solid(f, box(-0.9, -0.8, 0.9, 0.04), walls, bulge=0.3, depth=0.06, rough=0.06)
    c.solid(
        f,
        poly("-1.08,-.74 -.72,-1.5 .72,-1.5 1.08,-.74"),
        tiles,
        bulge=0.5,
        depth=0.06,
        rough=0.3,
        cast=0.4,
    )
    for k in range(4):
        yy = -0.88 - k * 0.17
        c.fill(
            f,
            stroke([(-1.04 + k * 0.08, yy), (1.04 - k * 0.08, yy)], 0.02),
            darker(tiles, 0.4),
            0.5,
        )
    c.solid(f, box(-0.14, -0.56, 0.14, 0.04, 0.05), light.lit(rgb("6b4a35")), bulge=0.4, depth=0.03)
    for wx in (-0.55, 0.55):
        c.fill(f, box(wx - 0.21, -0.62, wx + 0.21, -0.22), light.lit(rgb("f7f3ea")))
        c.fill(f, box(wx - 0.17, -0.58, wx + 0.17, -0.26), glass)
        c.fill(
            f,
            [box(wx - 0.015, -0.6, wx + 0.015, -0.24), box(wx - 0.19, -0.43, wx + 0.19, -0.4)],
            light.lit(rgb("f7f3ea")),
        )
