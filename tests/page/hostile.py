"""Pins that have, in each text field, what a careless page would run."""

import random
from pathlib import Path
from typing import Any

from PIL import Image

# Run in each page before anything else, so that a short payload can leave its mark as well.
HIT = "window.hit = 0; window.h = () => { window.hit += 1; };"
PAYLOAD = '"><img src=x onerror=h()><svg onload=h()>'
SCRIPT = "'><script>h()</script><iframe srcdoc='<script>parent.h()</script>'>{{h()}}${h()}"
SHORT = "<svg onload=h()>"
# Every field of the contract that takes such a text at all; the others refuse it.
TAKEN: dict[str, dict[str, Any]] = {
    "description": {"description": f"zebra {PAYLOAD}{SCRIPT}"},
    "board_title": {"board_title": f"zebra {PAYLOAD}{SCRIPT}"},
    "merchant": {"merchant": PAYLOAD + SCRIPT},
    "link": {"link": f"https://x.example/{PAYLOAD}?q='onclick='h()'"},
    "currency": {"currency": SHORT, "price": "1"},
    "language": {"language": SHORT},
    "attributes": {"attributes": {"kind": PAYLOAD, "zebra": SCRIPT[:60]}},
    "attribute names": {"attributes": {'"><script>h()</script>': "zebra"}},
    "image": {"image": f"images/{PAYLOAD}.jpg"},
}
REFUSED: dict[str, Any] = {
    "id": PAYLOAD,
    "link": "javascript:h()",
    "price": SHORT,
    "created_at": SHORT,
    "updated_at": SHORT,
    "blocked": SHORT,
    "attributes": PAYLOAD,
}
# The page tells nothing of them.
UNSEEN = {"language", "image"}


def hostile_id(field: str) -> str:
    """Return the id of the pin whose field is hostile."""
    return f"evil-{field.replace(' ', '-')}"


def hostile_pins(folder: Path) -> list[dict[str, Any]]:
    """Return the pins; their pictures, none like another, are put into the folder."""
    chance = random.Random(7)
    pins = []
    for field, values in TAKEN.items():
        pin = {
            "id": hostile_id(field),
            "description": "zebra",
            "image": f"images/{hostile_id(field)}.jpg",
        } | values
        made = Image.new("RGB", (6, 5))
        made.putdata([tuple(chance.randrange(256) for _ in "rgb") for _ in range(30)])
        made.resize((300, 250), Image.Resampling.NEAREST).save(folder / pin["image"])
        pins.append(pin)
    return pins
