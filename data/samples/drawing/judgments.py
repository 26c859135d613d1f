"""Queries over the sample pins, and the judgments that follow from the pins' attributes.

Every query has a ``want``: values that attributes must have. A pin is graded by rule:

* 2 when its ``kind`` is wanted and every other wanted attribute has a wanted value;
* 1 when its ``kind`` is wanted but another wanted attribute differs; places, which have no colour
  or pattern, and queries that want only a ``setting`` besides the kind follow the same rule;
* 1 for a scene that holds an item of a wanted kind, 2 when the query also wants attributes of the
  item and the item in the scene has them all (the scene's own setting counts as the item's);
* nothing otherwise.

Vague queries ("something warm for winter") want several kinds, and all their pins are grade 2.
A query by pin wants the kind and the colour of that pin; a pin with words ("this but blue") wants
its kind and the colour that the words name. The pin itself is never judged.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drawing.catalogue import PLACES

Want = Mapping[str, tuple[str, ...]]
Attributes = Mapping[str, str]


@dataclass(frozen=True)
class Ask:
    """A query as written to ``queries.jsonl``, and what it wants."""

    query: dict[str, object]
    want: Want
    seed: str | None = None


VAGUE: tuple[tuple[str, Want], ...] = (
    ("something warm for winter", {"kind": ("coat", "sweater", "scarf")}),
    ("shoes", {"kind": ("sneakers", "boots")}),
    ("cosy seat for a reading corner", {"kind": ("chair", "sofa")}),
    ("something sweet", {"kind": ("cake", "cupcake", "donut", "ice cream", "pancakes")}),
    ("fresh fruit", {"kind": ("apple", "pear", "bananas")}),
    ("healthy dinner", {"kind": ("salad", "soup")}),
    ("holiday by the sea", {"kind": ("beach", "lighthouse")}),
    ("sunset views", {"kind": tuple(PLACES), "setting": ("sunset",)}),
    ("places at night", {"kind": tuple(PLACES), "setting": ("night",)}),
    ("for drinking tea and coffee", {"kind": ("mug", "teapot", "coffee")}),
    ("picnic food", {"kind": ("cake", "cupcake", "pizza", "salad", "soup", "coffee", "ice cream",
                              "donut", "apple", "pear", "bananas", "pancakes"),
                     "setting": ("picnic",)}),
    ("patterned things for the bed and sofa", {"kind": ("bed", "cushion", "sofa"),
                                               "pattern": ("striped", "dotted", "checked",
                                               "floral")}),
    ("floral clothes", {"kind": ("dress", "skirt", "t-shirt", "shirt", "trousers"),
                        "pattern": ("floral",)}),
    ("trees and water", {"kind": ("lake", "waterfall", "forest")}),
)  # fmt: skip
SAID = {
    "dotted": "polka dot", "checked": "checked", "striped": "striped", "floral": "floral",
    "studio": "on a plain background", "hanger": "on a hanger", "street": "on the street",
    "park": "in a park", "flat lay": "flat lay", "shelf": "on a shelf",
    "living room": "in a living room", "bedroom": "in a bedroom", "office": "in a home office",
    "kitchen": "in a kitchen", "table": "on a wooden table", "picnic": "at a picnic",
    "cafe": "in a cafe", "terrace": "on a terrace", "morning": "in the morning",
    "noon": "in bright daylight", "sunset": "at sunset", "night": "at night",
}  # fmt: skip
SPOKEN = {"city": "city skyline", "plant": "potted plant", "clock": "wall clock"}


def items(a: Attributes) -> list[Attributes]:
    """Return the attributes of every item in the picture; one, but for scenes."""
    if a["kind"] != "scene":
        return [a]
    columns = (a[k].split("; ") for k in ("holds", "colours", "patterns"))
    return [
        {"kind": kind, "colour": colour, "pattern": pattern, "setting": a["setting"]}
        for kind, colour, pattern in zip(*columns, strict=True)
    ]


def grade(want: Want, a: Attributes) -> int:
    """Return 2, 1 or 0 for a pin with attributes ``a``, by the rules above."""
    best = 0
    for one in items(a):
        if one["kind"] in want["kind"]:
            full = all(one.get(k) in v for k, v in want.items())
            plain_scene = a["kind"] == "scene" and len(want) == 1
            best = max(best, 2 if full and not plain_scene else 1)
    return best


def ask(pins: Sequence[tuple[str, Attributes]], seed: int) -> list[Ask]:
    """Return about ninety queries; each has at least two pins of grade 2."""
    rng = random.Random(f"queries/{seed}")
    single = [(i, a) for i, a in pins if a["kind"] != "scene"]
    kinds = list(dict.fromkeys(a["kind"] for _, a in single))
    found: list[Ask] = []
    taken: set[str] = set()

    def add(text: str, want: Want, least: int = 2) -> bool:
        full = sum(grade(want, a) == 2 for _, a in pins)
        if full < least or text in taken:
            return False
        taken.add(text)
        found.append(Ask({"id": f"q{len(found) + 1:03d}", "text": text}, want))
        return True

    for kind in rng.sample(kinds, min(16, len(kinds))):
        add(SPOKEN.get(kind, kind), {"kind": (kind,)})
    for key, limit in (("colour", 20), ("pattern", 12), ("setting", 12)):
        pairs = list(
            dict.fromkeys(
                (a["kind"], a[key]) for _, a in single if a.get(key) and a[key] != "plain"
            )
        )
        more = 0
        least = 2 if len(pins) >= 200 else 1
        for kind, value in rng.sample(pairs, len(pairs)):
            if more == limit:
                break
            fixed = {a[key] for _, a in single if a["kind"] == kind and key in a}
            name = SPOKEN.get(kind, kind)
            said = SAID.get(value, value)
            text = f"{name} {said}" if key == "setting" else f"{said} {name}"
            if len(fixed) > 1 and add(text, {"kind": (kind,), key: (value,)}, least):
                more += 1
    for text, want in VAGUE:
        add(text, want)
    found += _by_pin(rng, single, len(found))
    return found


def _by_pin(rng: random.Random, single: Sequence[tuple[str, Attributes]], start: int) -> list[Ask]:
    found: list[Ask] = []
    mixed = 0
    for i, a in rng.sample(list(single), len(single)):
        name = f"q{start + len(found) + 1:03d}"
        want = {k: (a[k],) for k in ("kind", "colour") if k in a}
        others = [b for j, b in single if j != i]
        alike = sum(grade(want, b) == 2 for b in others)
        if len(found) < 8 and alike and a["kind"] not in {f.want["kind"][0] for f in found}:
            found.append(Ask({"id": name, "pin": i}, want, i))
        elif len(found) >= 8 and mixed < 10 and "colour" in a:
            rest = {b["colour"] for b in others if b["kind"] == a["kind"]} - {a["colour"]}
            if not rest:
                continue
            colour = rng.choice(sorted(rest))
            text = rng.choice(("but {c}", "the same in {c}", "this but {c}")).format(c=colour)
            want = {"kind": (a["kind"],), "colour": (colour,)}
            found.append(Ask({"id": name, "pin": i, "text": text}, want, i))
            mixed += 1
    return found


def judge(asks: Sequence[Ask], pins: Sequence[tuple[str, Attributes]]) -> list[str]:
    """Return the lines of a TREC qrels file, best grade first."""
    lines = []
    for one in asks:
        graded = [(grade(one.want, a), i) for i, a in pins if i != one.seed]
        graded = sorted((g for g in graded if g[0]), key=lambda g: (-g[0], g[1]))
        lines += [f"{one.query['id']} 0 {pin} {g}" for g, pin in graded]
    return lines
