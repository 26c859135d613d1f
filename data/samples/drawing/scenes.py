"""Pictures that hold several items: outfits, rooms, laid tables."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from PIL import Image

from drawing import backdrop, person, rooms, surfaces
from drawing.canvas import Canvas, Frame
from drawing.catalogue import BY_NAME
from drawing.item import item
from drawing.palette import ALL, pick
from drawing.stage import POTS


@dataclass(frozen=True)
class Part:
    """One item of a scene and where it goes: centre and size in fractions of the picture."""

    kind: str
    x: float
    y: float
    size: float


@dataclass(frozen=True)
class Scene:
    """A scene: its setting and its parts, from the back to the front."""

    name: str
    family: str
    setting: str
    width: int
    height: int
    parts: tuple[Part, ...]


SCENES: tuple[Scene, ...] = (
    Scene("outfit", "fashion", "flat lay", 400, 480, (
        Part("shirt", 0.34, 0.33, 0.74), Part("trousers", 0.74, 0.46, 0.62), Part("sneakers", 0.3,
        0.82, 0.2))),
    Scene("outfit", "fashion", "flat lay", 400, 480, (
        Part("sweater", 0.34, 0.32, 0.72), Part("skirt", 0.74, 0.46, 0.72), Part("boots", 0.3, 0.8,
        0.17))),
    Scene("outfit", "fashion", "flat lay", 400, 480, (
        Part("dress", 0.34, 0.47, 0.66), Part("handbag", 0.75, 0.34, 0.19), Part("hat", 0.74, 0.76,
        0.2))),
    Scene("outfit", "fashion", "flat lay", 400, 480, (
        Part("coat", 0.34, 0.46, 0.7), Part("scarf", 0.74, 0.33, 0.22), Part("boots", 0.74, 0.78,
        0.18))),
    Scene("room", "home", "living room", 480, 380, (
        Part("sofa", 0.46, 0.84, 0.34), Part("lamp", 0.89, 0.84, 0.22), Part("cushion", 0.34, 0.74,
        0.07))),
    Scene("room", "home", "living room", 480, 400, (
        Part("bookshelf", 0.2, 0.8, 0.33), Part("chair", 0.52, 0.86, 0.21), Part("lamp", 0.8, 0.84,
        0.3))),
    Scene("room", "home", "bedroom", 480, 380, (
        Part("bed", 0.46, 0.88, 0.38), Part("plant", 0.87, 0.9, 0.2))),
    Scene("breakfast", "food", "table", 440, 400, (
        Part("pancakes", 0.3, 0.8, 0.2), Part("coffee", 0.7, 0.84, 0.16), Part("apple", 0.5, 0.92,
        0.09))),
    Scene("tea time", "food", "kitchen", 440, 400, (
        Part("teapot", 0.3, 0.78, 0.19), Part("cake", 0.7, 0.8, 0.2), Part("mug", 0.48, 0.9,
        0.11))),
    Scene("sweet table", "food", "cafe", 440, 400, (
        Part("cake", 0.3, 0.8, 0.2), Part("cupcake", 0.62, 0.86, 0.13), Part("cupcake", 0.84, 0.84,
        0.12))),
    Scene("fruit picnic", "food", "picnic", 440, 400, (
        Part("bananas", 0.28, 0.8, 0.16), Part("pear", 0.56, 0.86, 0.14), Part("apple", 0.8, 0.88,
        0.13))),
    Scene("kitchen shelf", "home", "shelf", 400, 400, (
        Part("vase", 0.22, 0.84, 0.3), Part("teapot", 0.52, 0.84, 0.16), Part("mug", 0.8, 0.84,
        0.12))),
)  # fmt: skip


def items_of(scene: Scene, rng: random.Random) -> list[tuple[str, str, str]]:
    """Return kind, colour and pattern of each part."""
    out = []
    for part in scene.parts:
        k = BY_NAME[part.kind]
        pattern = rng.choice(k.patterns) if k.patterns and rng.random() < 0.5 else "plain"
        out.append((part.kind, rng.choice(k.colours or ALL), pattern if k.patterns else ""))
    return out


def draw(scene: Scene, items: list[tuple[str, str, str]], rng: random.Random) -> Image.Image:
    """Return the finished picture of a scene with ``items`` (kind, colour, pattern)."""
    w, h = scene.width, scene.height
    c = Canvas(w, h, rng)
    things = [
        item(rng, kind, colour, pattern or "plain", scene.setting)
        for kind, colour, pattern in items
    ]
    grey = (0.55, 0.5, 0.5)
    if scene.setting == "flat lay":
        surfaces.surface(c, "flat lay", things[0].colour)
    elif scene.family == "home" and scene.setting != "shelf":
        rooms.room(c, scene.setting, things[0].colour, 0.68)
    else:
        backdrop.counter(c, scene.setting, grey, 0.62 if scene.setting != "shelf" else 0.81)
    for part, it in zip(scene.parts, things, strict=True):
        k = BY_NAME[part.kind]
        if k.view == "wear":
            top, bottom, _ = person.EXTENT[part.kind]
            s = part.size * h
            f = Frame(part.x * w, part.y * h - s * (top + bottom) / 2, s, rng.uniform(-0.08, 0.08))
            k.draw(c, f, it)
            continue
        s = part.size * w
        if scene.setting == "flat lay":
            f = Frame(part.x * w, part.y * h, s, rng.uniform(-0.2, 0.2))
        else:
            f = Frame(part.x * w, part.y * h - s * k.foot, s)
            c.ground(f.x, part.y * h, s * 0.8, max(2.0, s * 0.07), 0.5)
        k.draw(c, f, replace(it, second=pick(rng, POTS)) if part.kind == "plant" else it)
    return c.finish(rng.uniform(-0.01, 0.03), 0.007, 0.12)
