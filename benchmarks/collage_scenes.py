"""Collages whose boxes are known: photos of single items on backgrounds of many kinds.

An item photographed on white is cut out along its outline; any other photo is laid down as a card.
Equal arguments give equal collages. Knows nothing of how they are judged.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

SETS: Final = ("fashion", "grocery", "caltech")
SPLITS: Final = {"test": 0, "development": 1}
CANVASES: Final = ((640, 480), (480, 640), (560, 560), (600, 450), (450, 600))
GROUNDS: Final = ("plain", "gradient", "pattern", "texture", "photo")
MOST_ITEMS: Final = 5
LONGEST: Final = (0.26, 0.62)
"""Longest side of an item as a share of the canvas's shorter side."""
VISIBLE: Final = 0.75
"""Share of an item's box that later items leave free."""
WHITE: Final = 238
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Item:
    """A photo of one thing: which pin it is, of what kind, and where it lies."""

    pin: str
    kind: str
    path: Path

    @property
    def photo(self) -> Image.Image:
        """The picture as it is, which a query would show."""
        return Image.open(self.path).convert("RGB")


@dataclass(frozen=True)
class Scene:
    """A collage with the box of each item, `x, y, w, h` in fractions."""

    picture: Image.Image
    ground: str
    items: tuple[Item, ...]
    boxes: tuple[Box, ...]


def split_of(name: str, data: bytes) -> int:
    """Return the fifth that a picture belongs to, by its bytes alone."""
    return int(hashlib.sha256(f"{name}:".encode() + data).hexdigest(), 16) % 5


def items_of(folder: Path, name: str, split: str) -> list[Item]:
    """Return a set's photos of a split in the order of its file, each picture once."""
    out: list[Item] = []
    seen: set[bytes] = set()
    for line in (folder / name / "pins.jsonl").read_text(encoding="utf-8").splitlines():
        pin = json.loads(line)
        path = folder / name / pin["image"]
        data = path.read_bytes()
        if split_of(name, data) == SPLITS[split] and data not in seen:
            seen.add(data)
            known = pin.get("attributes") or {}
            out.append(Item(pin["id"], str(known.get("articleType") or known.get("label")), path))
    return out


def cut_out(photo: Image.Image) -> Image.Image:
    """Return the thing on a white ground with the ground clear, or the whole photo as a card."""
    pixels = np.asarray(photo)
    near_white = pixels.min(axis=2) >= WHITE
    edge = np.concatenate([near_white[0], near_white[-1], near_white[:, 0], near_white[:, -1]])
    card = photo.convert("RGBA")
    if edge.mean() < 0.8:
        return card
    parts, _ = ndimage.label(near_white)
    rim = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    ground = np.isin(parts, np.unique(rim[rim > 0]))
    thing = ndimage.binary_opening(~ground, iterations=1)
    if not 0.04 <= thing.mean() <= 0.95:
        return card
    rows, columns = np.flatnonzero(thing.any(axis=1)), np.flatnonzero(thing.any(axis=0))
    card.putalpha(Image.fromarray(np.where(thing, 255, 0).astype(np.uint8)))
    return card.crop((int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))


def scenes(items: Sequence[Item], photos: Sequence[Item], count: int, seed: int) -> list[Scene]:
    """Make collages of 2 to 5 items each; `photos` are scenes that serve as grounds."""
    chance = np.random.default_rng(seed)
    by_set: dict[str, list[Item]] = {}
    for item in items:
        by_set.setdefault(item.pin[:3], []).append(item)
    out: list[Scene] = []
    while len(out) < count:
        scene = _scene(by_set, photos, chance, GROUNDS[len(out) % len(GROUNDS)])
        if scene is not None:
            out.append(scene)
    return out


def _scene(
    by_set: dict[str, list[Item]],
    photos: Sequence[Item],
    chance: np.random.Generator,
    ground: str,
) -> Scene | None:
    size = CANVASES[int(chance.integers(len(CANVASES)))]
    canvas = _ground(ground, size, photos, chance)
    count = int(chance.integers(2, MOST_ITEMS + 1))
    placed: list[tuple[Item, tuple[int, int, int, int]]] = []
    names = sorted(by_set)
    for _ in range(40 * count):
        if len(placed) == count:
            break
        pool = by_set[names[int(chance.integers(len(names)))]]
        item = pool[int(chance.integers(len(pool)))]
        shown = _shown(item, size, chance)
        left = int(chance.integers(max(1, size[0] - shown.width)))
        top = int(chance.integers(max(1, size[1] - shown.height)))
        box = (left, top, left + shown.width, top + shown.height)
        if any(each.pin == item.pin for each, _ in placed) or not _leaves(box, placed):
            continue
        canvas.paste(shown, (left, top), shown)
        placed.append((item, box))
    if len(placed) < 2:
        return None
    boxes = tuple(
        (left / size[0], top / size[1], (right - left) / size[0], (bottom - top) / size[1])
        for _, (left, top, right, bottom) in placed
    )
    return Scene(canvas, ground, tuple(item for item, _ in placed), boxes)


def _shown(item: Item, size: tuple[int, int], chance: np.random.Generator) -> Image.Image:
    """Return an item at a size of its own; some of those that were cut out are turned a little."""
    picture = cut_out(item.photo)
    longest = float(chance.uniform(*LONGEST)) * min(size)
    scale = longest / max(picture.size)
    picture = picture.resize(
        (max(8, round(picture.width * scale)), max(8, round(picture.height * scale))),
        Image.Resampling.LANCZOS,
    )
    clear = np.asarray(picture.getchannel("A")).min() < 128
    if clear and chance.random() < 0.3:
        turned = picture.rotate(
            float(chance.uniform(-12, 12)), Image.Resampling.BICUBIC, expand=True
        )
        picture = turned.crop(turned.getchannel("A").getbbox() or (0, 0, *turned.size))
    return picture


def _leaves(
    box: tuple[int, int, int, int], placed: Sequence[tuple[Item, tuple[int, int, int, int]]]
) -> bool:
    """Say whether a further item would leave enough of each of those before it."""
    for _, other in placed:
        wide = min(box[2], other[2]) - max(box[0], other[0])
        high = min(box[3], other[3]) - max(box[1], other[1])
        area = (other[2] - other[0]) * (other[3] - other[1])
        if max(wide, 0) * max(high, 0) > (1 - VISIBLE) * area:
            return False
    return True


def _ground(
    kind: str, size: tuple[int, int], photos: Sequence[Item], chance: np.random.Generator
) -> Image.Image:
    first, second = (chance.integers(40, 256, 3).astype(np.float64) for _ in range(2))
    wide, high = size
    across, down = np.meshgrid(np.arange(wide), np.arange(high))
    share: npt.NDArray[np.float64]
    if kind == "photo":
        photo = photos[int(chance.integers(len(photos)))].photo
        scale = max(wide / photo.width, high / photo.height)
        large = photo.resize(
            (round(photo.width * scale) + 1, round(photo.height * scale) + 1),
            Image.Resampling.BICUBIC,
        )
        return large.crop((0, 0, wide, high))
    if kind == "plain":
        share = np.zeros((high, wide))
    elif kind == "gradient":
        angle = float(chance.uniform(0, 2 * np.pi))
        slope = across * np.cos(angle) / wide + down * np.sin(angle) / high
        share = (slope - slope.min()) / (slope.max() - slope.min())
    elif kind == "pattern":
        return _pattern(size, first, second, chance)
    else:
        grain = chance.normal(0, 1, (high, wide))
        sigma = float(chance.uniform(1, 8))
        share = ndimage.gaussian_filter(grain, sigma)
        share = np.clip(0.5 + 0.25 * share / share.std(), 0, 1)
    pixels = first + (second - first) * share[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _pattern(
    size: tuple[int, int],
    first: npt.NDArray[np.float64],
    second: npt.NDArray[np.float64],
    chance: np.random.Generator,
) -> Image.Image:
    """Return stripes, checks or dots in two colours that are not too far apart."""
    second = first + (second - first) * float(chance.uniform(0.3, 0.8))
    ink, paper = (tuple(int(part) for part in each) for each in (second, first))
    picture = Image.new("RGB", size, paper)
    pen = ImageDraw.Draw(picture)
    step = int(chance.integers(16, 60))
    kind = int(chance.integers(3))
    for left in range(0, size[0] + step, step):
        if kind == 0:
            pen.rectangle((left, 0, left + step // 2, size[1]), ink)
            continue
        for top in range(0, size[1] + step, step):
            if kind == 1 and (left // step + top // step) % 2:
                pen.rectangle((left, top, left + step, top + step), ink)
            elif kind == 2:
                pen.ellipse((left, top, left + step // 2, top + step // 2), ink)
    return picture.filter(ImageFilter.GaussianBlur(0.6))
