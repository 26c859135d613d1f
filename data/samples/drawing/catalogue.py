"""The kinds of things in the samples: their family, colours, patterns and settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drawing import accessories, baking, clothes, food, furniture, home, places, waterside
from drawing.canvas import Canvas, Frame
from drawing.item import Item
from drawing.palette import ALL

PATTERNS = ("plain", "striped", "dotted", "checked", "floral")
Drawer = Callable[[Canvas, Frame, Item], None]


@dataclass(frozen=True)
class Kind:
    """A kind: how it is drawn and which attributes it can have.

    ``view`` is wear, stand, top or wall; ``foot`` the y on which it stands, ``size`` its half
    width or height as a share of the picture's width.
    """

    name: str
    family: str
    draw: Drawer
    view: str
    colours: tuple[str, ...]
    patterns: tuple[str, ...]
    settings: tuple[str, ...]
    foot: float = 1.0
    size: float = 0.36


WORN = ("studio", "hanger", "street", "park", "flat lay")
HELD = ("studio", "street", "shelf", "flat lay")
ROOMS = ("living room", "bedroom", "office", "studio")
SIDE = ("table", "picnic", "cafe", "kitchen", "studio")
HOURS = ("morning", "noon", "sunset", "night")
ICING = ("pink", "white", "brown", "yellow", "blue", "purple", "red", "green")
WARM = ("plain", "plain", "checked", "striped")
PLAIN = ("plain",)

KINDS: tuple[Kind, ...] = (
    Kind("dress", "fashion", clothes.dress, "wear", ALL, PATTERNS, WORN),
    Kind("skirt", "fashion", clothes.skirt, "wear", ALL, PATTERNS, WORN),
    Kind("t-shirt", "fashion", clothes.t_shirt, "wear", ALL, PATTERNS, WORN),
    Kind("shirt", "fashion", clothes.shirt, "wear", ALL, PATTERNS, WORN),
    Kind("sweater", "fashion", clothes.sweater, "wear", ALL, WARM, WORN),
    Kind(
        "trousers",
        "fashion",
        clothes.trousers,
        "wear",
        ALL,
        ("plain", "plain", "striped", "checked", "floral"),
        WORN,
    ),
    Kind("coat", "fashion", clothes.coat, "wear", ALL, WARM, WORN),
    Kind("sneakers", "fashion", accessories.sneakers, "stand", ALL, PLAIN, HELD, 0.98, 0.38),
    Kind(
        "boots",
        "fashion",
        accessories.boots,
        "stand",
        ("black", "brown", "red", "beige", "white", "grey", "yellow", "green", "blue"),
        PLAIN,
        HELD,
        0.94,
        0.36,
    ),
    Kind(
        "handbag",
        "fashion",
        accessories.handbag,
        "stand",
        ALL,
        PATTERNS,
        (*HELD, "cafe"),
        0.97,
        0.36,
    ),
    Kind(
        "hat",
        "fashion",
        accessories.hat,
        "stand",
        ALL,
        ("plain", "plain", "striped", "checked"),
        ("studio", "shelf", "flat lay"),
        0.7,
        0.36,
    ),
    Kind(
        "scarf",
        "fashion",
        accessories.scarf,
        "hang",
        ALL,
        PATTERNS,
        ("studio", "hanger", "flat lay"),
        1.0,
        0.42,
    ),
    Kind("lamp", "home", furniture.lamp, "stand", ALL, PATTERNS, ROOMS, 1.0, 0.42),
    Kind(
        "chair",
        "home",
        furniture.chair,
        "stand",
        ALL,
        PATTERNS,
        ("living room", "bedroom", "office", "studio", "terrace"),
        1.0,
        0.36,
    ),
    Kind(
        "sofa",
        "home",
        furniture.sofa,
        "stand",
        ALL,
        PATTERNS,
        ("living room", "living room", "studio", "terrace"),
        0.6,
        0.44,
    ),
    Kind(
        "vase",
        "home",
        home.vase,
        "stand",
        ALL,
        PATTERNS,
        ("kitchen", "shelf", "table", "studio"),
        1.0,
        0.38,
    ),
    Kind(
        "plant",
        "home",
        home.plant,
        "stand",
        ("green",),
        PLAIN,
        ("living room", "bedroom", "office", "studio", "terrace"),
        1.0,
        0.4,
    ),
    Kind(
        "rug",
        "home",
        home.rug,
        "top",
        ALL,
        PATTERNS,
        ("living room", "bedroom", "studio"),
        1.0,
        0.52,
    ),
    Kind(
        "clock",
        "home",
        home.clock,
        "wall",
        ALL,
        PLAIN,
        ("living room", "kitchen", "office", "studio"),
        1.0,
        0.3,
    ),
    Kind(
        "mug",
        "home",
        home.mug,
        "stand",
        ALL,
        PATTERNS,
        ("kitchen", "cafe", "table", "studio"),
        1.02,
        0.36,
    ),
    Kind(
        "bed",
        "home",
        furniture.bed,
        "stand",
        ALL,
        PATTERNS,
        ("bedroom", "bedroom", "studio"),
        0.97,
        0.44,
    ),
    Kind(
        "cushion",
        "home",
        home.cushion,
        "stand",
        ALL,
        PATTERNS,
        ("living room", "bedroom", "studio", "terrace"),
        0.84,
        0.34,
    ),
    Kind(
        "teapot",
        "home",
        home.teapot,
        "stand",
        ALL,
        PATTERNS,
        ("kitchen", "cafe", "table", "studio"),
        1.0,
        0.36,
    ),
    Kind(
        "bookshelf",
        "home",
        furniture.bookshelf,
        "stand",
        ("brown", "white", "black", "beige", "grey", "blue", "green", "teal"),
        PLAIN,
        ROOMS,
        0.98,
        0.5,
    ),
    Kind("cake", "food", baking.cake, "stand", ICING, (), SIDE, 0.98, 0.38),
    Kind("cupcake", "food", baking.cupcake, "stand", ICING, (), SIDE, 0.99, 0.36),
    Kind("pizza", "food", baking.pizza, "top", (), (), SIDE, 1.0, 0.38),
    Kind("salad", "food", food.salad, "top", ("green",), (), SIDE, 1.0, 0.38),
    Kind(
        "soup",
        "food",
        food.soup,
        "top",
        ("orange", "red", "green", "beige", "yellow"),
        (),
        SIDE,
        1.0,
        0.38,
    ),
    Kind("coffee", "food", food.coffee, "stand", ("brown",), (), SIDE, 1.0, 0.36),
    Kind(
        "ice cream",
        "food",
        food.ice_cream,
        "stand",
        (*ICING, "beige"),
        (),
        ("table", "picnic", "cafe", "street", "studio"),
        1.02,
        0.36,
    ),
    Kind("donut", "food", baking.donut, "top", ICING, (), SIDE, 1.0, 0.38),
    Kind("apple", "food", food.apple, "stand", ("red", "green", "yellow"), (), SIDE, 0.93, 0.36),
    Kind("pear", "food", food.pear, "stand", ("green", "yellow"), (), SIDE, 0.95, 0.36),
    Kind("bananas", "food", food.bananas, "stand", ("yellow", "green"), (), SIDE, 0.72, 0.36),
    Kind("pancakes", "food", baking.pancakes, "stand", ("brown",), (), SIDE, 0.98, 0.4),
)
PLACES: dict[str, Callable[[Canvas, str], None]] = {
    "beach": places.beach, "mountains": places.mountains, "forest": places.forest,
    "city": places.city, "desert": places.desert, "lake": waterside.lake,
    "lighthouse": waterside.lighthouse, "cottage": waterside.cottage,
    "waterfall": waterside.waterfall,
}  # fmt: skip
BY_NAME: dict[str, Kind] = {k.name: k for k in KINDS}
FAMILY: dict[str, str] = {**{k.name: k.family for k in KINDS}, **dict.fromkeys(PLACES, "places")}
