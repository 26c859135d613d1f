"""Colours by their words, and colours that go with them; it knows nothing of shapes."""

from __future__ import annotations

import colorsys
import random

from drawing.canvas import Colour, mix


def rgb(code: str) -> Colour:
    """Return the colour of a six-digit hex code."""
    return (int(code[0:2], 16) / 255, int(code[2:4], 16) / 255, int(code[4:6], 16) / 255)


COLOURS: dict[str, tuple[str, ...]] = {
    "red": ("c4242f", "b51f2b", "d2362f", "c21a33"),
    "orange": ("ea7a1e", "e8862f", "f08a24", "de6c17"),
    "yellow": ("f2c530", "f5cf45", "ecc02b", "f7d548"),
    "green": ("3f8a4c", "4e9a52", "2f7a45", "5b9e4d"),
    "teal": ("1c8a8c", "168083", "2a9795", "127779"),
    "blue": ("2d62b4", "3a74c8", "2554a0", "4480cf"),
    "purple": ("7a4a9e", "6d3f95", "8757ab", "7f4fb0"),
    "pink": ("ee8fae", "f09cb8", "e97ba0", "f4a6bd"),
    "brown": ("7c4d2c", "845534", "6e4226", "8b5a36"),
    "black": ("26262a", "1f1f24", "2b2a2d", "222228"),
    "white": ("f4f2ee", "f7f6f3", "f2f1ef", "f6f4f0"),
    "grey": ("8d9095", "999b9e", "83868b", "9ea1a4"),
    "beige": ("dcc6a4", "d8c19d", "e0cdb0", "d4bc97"),
}
ALL = tuple(COLOURS)
WARM_WOOD = ("a9774a", "b98a5c", "8f6139", "c49a6c", "7a5233")
LEAVES = ("3d7a45", "4f8f4a", "2f6a42", "6a9a4e", "54864f")
BACKDROPS = (
    "efe8de", "e9dfd3", "f3e3dc", "e6d3c8", "dfe6df", "cfdccf", "d9e4ea", "c8d8e2",
    "e9e4ef", "f4efe2", "e8d8b8", "d8cfc4", "c9b8a8", "b9c7bd", "a9bcc7", "f2f2f0",
)  # fmt: skip
WALLS = (
    "ece6db", "e4dccd", "dfe3dd", "c9d2c6", "d5dde2", "b7c4c9", "e9d9cd", "d9bfae",
    "e8e4ec", "f1ede4", "8fa39a", "6f8592", "c7b7a3", "e3cfa9", "b08f80",
)  # fmt: skip
SKINS = ("f1c9a8", "e3b08a", "c98e66", "a06a45", "7a4d33", "f4d3b8")
HAIR = ("2a1d17", "4b2f20", "6b4528", "a5763f", "c9a063", "1b1a1c", "7d3b22")


def word(rng: random.Random, name: str) -> Colour:
    """Return a shade that looks like the colour word ``name``."""
    r, g, b = rgb(rng.choice(COLOURS[name]))
    k = rng.uniform(0.95, 1.05)
    h, s, v = colorsys.rgb_to_hsv(r, g, b)
    return colorsys.hsv_to_rgb(
        (h + rng.uniform(-0.006, 0.006)) % 1.0,
        min(1.0, s * rng.uniform(0.93, 1.05)),
        min(1.0, v * k),
    )


def pick(rng: random.Random, codes: tuple[str, ...]) -> Colour:
    """Return one of ``codes``, slightly varied."""
    r, g, b = rgb(rng.choice(codes))
    k = rng.uniform(0.96, 1.03)
    return (min(1.0, r * k), min(1.0, g * k), min(1.0, b * k))


def distance(a: Colour, b: Colour) -> float:
    """Return how far apart two colours look, roughly, in [0, 1.7]."""
    return float(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5)


def apart(rng: random.Random, codes: tuple[str, ...], other: Colour, least: float = 0.3) -> Colour:
    """Return one of ``codes`` that stands off from ``other``."""
    fit = [c for c in codes if distance(rgb(c), other) >= least]
    far = max(codes, key=lambda c: distance(rgb(c), other))
    return pick(rng, tuple(fit) if fit else (far,))


def accent(rng: random.Random, name: str, base: Colour) -> Colour:
    """Return the second colour of a pattern on a cloth of the colour ``name``."""
    codes: tuple[str, ...] = ("f6f1e6", "f9f6ef", "f3ead8")
    if name in ("white", "beige"):
        codes = ("2c3e66", "26262a", "9c2f35", "3f6e55", "7c4d2c", "2d62b4")
    elif name in ("yellow", "pink", "grey"):
        codes = ("fbf8f2", "fffdf8", "2c3550")
    return apart(rng, codes, base, 0.35)


def darker(colour: Colour, t: float = 0.3) -> Colour:
    """Return ``colour`` with less light."""
    return mix(colour, (0.06, 0.05, 0.07), t)


def lighter(colour: Colour, t: float = 0.3) -> Colour:
    """Return ``colour`` with more light."""
    return mix(colour, (1.0, 0.99, 0.97), t)
