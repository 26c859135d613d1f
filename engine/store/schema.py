"""How a record lies in a Qdrant point: the payload's fields, and which of them are indexed.

Knows nothing of Qdrant's own types: each adapter turns `INDEXES` into its engine's.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from engine.pins import Pin, pin_from_json, pin_to_json
from engine.store.records import Record, StoredPin

VERSION: Final = 1
VECTOR: Final = "image"

PIN: Final = "pin"
DESCRIPTION: Final = "description_terms"
BOARD: Final = "board_terms"
ATTRIBUTES: Final = "attributes"
PRICE: Final = "price"
CREATED: Final = "created_at"
HAS_TEXT: Final = "has_text"

IndexKind = Literal["text", "keyword", "float", "datetime"]

# Every index must exist before the graph is built: a filtered search over a graph that was built
# without them loses most of its recall. `has_text` is "yes" or "no" because Edge's MatchValue
# takes a Python bool for an integer, and then matches nothing.
INDEXES: Final[Mapping[str, IndexKind]] = MappingProxyType(
    {
        DESCRIPTION: "text",
        BOARD: "text",
        "board_title": "keyword",
        "merchant": "keyword",
        "currency": "keyword",
        "language": "keyword",
        ATTRIBUTES: "keyword",
        HAS_TEXT: "keyword",
        PRICE: "float",
        CREATED: "datetime",
    }
)

SHOWN: Final = (PIN, DESCRIPTION, BOARD, "image_sha256", "image_key", "dhash")
DIGESTS: Final = ("digest", "image_sha256")


def payload(record: Record) -> dict[str, Any]:
    """Return the payload of a record; absent facts take no room."""
    pin = record.pin
    # The pin itself is one JSON string: exact (a price keeps its digits) and cheap to hand to
    # Python; what filters need stands beside it.
    out: dict[str, Any] = {
        PIN: json.dumps(pin_to_json(pin), ensure_ascii=False, separators=(",", ":")),
        HAS_TEXT: truth(record.has_text),
        "image_sha256": record.image_sha256,
        "dhash": record.dhash,
        "digest": record.digest,
    }
    if record.image_key is not None:
        out["image_key"] = record.image_key
    if record.description_terms:
        out[DESCRIPTION] = record.description_terms
    if record.board_terms:
        out[BOARD] = record.board_terms
    for key in ("board_title", "merchant", "currency", "language"):
        if (text := getattr(pin, key)) is not None:
            out[key] = text
    if pin.attributes:
        out[ATTRIBUTES] = [attribute(key, value) for key, value in pin.attributes.items()]
    if pin.price is not None:
        out[PRICE] = float(pin.price)
    if pin.created_at is not None:
        out[CREATED] = pin.created_at.isoformat()
    return out


def stored_pin(fields: Mapping[str, Any]) -> StoredPin:
    """Return what a page of hits shows of a pin; needs the `SHOWN` fields."""
    return StoredPin(
        pin=_pin(fields),
        description_terms=fields.get(DESCRIPTION, ""),
        board_terms=fields.get(BOARD, ""),
        image_sha256=fields["image_sha256"],
        image_key=fields.get("image_key"),
        dhash=fields["dhash"],
    )


def record(fields: Mapping[str, Any], vector: npt.ArrayLike) -> Record:
    """Return the record of a whole payload and its vector; the inverse of `payload`."""
    return Record(
        pin=_pin(fields),
        vector=np.asarray(vector, dtype=np.float32),
        description_terms=fields.get(DESCRIPTION, ""),
        board_terms=fields.get(BOARD, ""),
        image_sha256=fields["image_sha256"],
        image_key=fields.get("image_key"),
        dhash=fields["dhash"],
        digest=fields["digest"],
    )


def attribute(key: str, value: str) -> str:
    """Return the indexed form of one attribute; a key holds no "=", so it reads one way only."""
    return f"{key}={value}"


def truth(value: bool) -> str:
    """Return the indexed form of yes and no."""
    return "yes" if value else "no"


def _pin(fields: Mapping[str, Any]) -> Pin:
    return pin_from_json(json.loads(fields[PIN]))[0]
