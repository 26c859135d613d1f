"""How a record lies in a Qdrant point: the payload's fields, and which of them are indexed.

Knows nothing of Qdrant's own types: each adapter turns `INDEXES` into its engine's.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from engine.errors import StoreError
from engine.pins import Pin, pin_from_json, pin_to_json
from engine.store.records import Facts, Record, StoredPin

VERSION: Final = 2
VECTOR: Final = "image"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

PIN: Final = "pin"
DESCRIPTION: Final = "description_terms"
BOARD: Final = "board_terms"
ATTRIBUTES: Final = "attributes"
PRICE: Final = "price"
CREATED: Final = "created_us"
HAS_TEXT: Final = "has_text"
PICTURE: Final = "picture"

IndexKind = Literal["text", "keyword", "reference", "flag", "float", "moment"]

# Every index must exist before the graph is built: a filtered search over a graph that was built
# without them loses most of its recall. A flag is 1 or 0 because Edge's MatchValue takes a Python
# bool for an integer, which then matches no stored bool.
INDEXES: Final[Mapping[str, IndexKind]] = MappingProxyType(
    {
        DESCRIPTION: "text",
        BOARD: "text",
        "board_title": "keyword",
        "merchant": "keyword",
        "currency": "keyword",
        "language": "keyword",
        ATTRIBUTES: "keyword",
        HAS_TEXT: "flag",
        PICTURE: "reference",
        PRICE: "float",
        CREATED: "moment",
    }
)

SHOWN: Final = (PIN, DESCRIPTION, BOARD)
COMPARED: Final = (PIN,)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def payload(record: Record) -> dict[str, Any]:
    """Return the payload of a record; absent facts take no room."""
    pin = record.pin
    # Every field costs a conversion of its own, so what no index needs is one string: a line of
    # facts, then the pin as exact JSON (a price keeps its digits).
    out: dict[str, Any] = {
        PIN: f"{_facts(record)}\n{_encode(pin_to_json(pin))}",
        HAS_TEXT: flag(record.has_text),
    }
    if record.description_terms:
        out[DESCRIPTION] = record.description_terms
    if record.board_terms:
        out[BOARD] = record.board_terms
    for key in ("board_title", "merchant", "currency", "language"):
        if (text := getattr(pin, key)) is not None:
            out[key] = text
    if record.image_key is not None:
        out[PICTURE] = picture(record.image_key)
    if pin.attributes:
        out[ATTRIBUTES] = [attribute(key, value) for key, value in pin.attributes.items()]
    if pin.price is not None:
        out[PRICE] = float(pin.price)
    if pin.created_at is not None:
        out[CREATED] = microseconds(pin.created_at)
    return out


def stored_pin(fields: Mapping[str, Any]) -> StoredPin:
    """Return what a page of hits shows of a pin; needs the `SHOWN` fields."""
    (_, image_sha256, dhash, image_key), pin = _read(fields)
    return StoredPin(
        pin=pin,
        description_terms=fields.get(DESCRIPTION, ""),
        board_terms=fields.get(BOARD, ""),
        image_sha256=image_sha256,
        image_key=image_key or None,
        dhash=dhash,
    )


def record(fields: Mapping[str, Any], vector: npt.ArrayLike) -> Record:
    """Return the record of a whole payload and its vector; the inverse of `payload`."""
    (digest, image_sha256, dhash, image_key), pin = _read(fields)
    return Record(
        pin=pin,
        vector=np.asarray(vector, dtype=np.float32),
        description_terms=fields.get(DESCRIPTION, ""),
        board_terms=fields.get(BOARD, ""),
        image_sha256=image_sha256,
        image_key=image_key or None,
        dhash=dhash,
        digest=digest,
    )


def facts(fields: Mapping[str, Any]) -> Facts:
    """Return what an arriving pin is compared with; needs the `COMPARED` fields."""
    digest, image_sha256, _, image_key = fields[PIN].partition("\n")[0].split(" ")
    return Facts(digest, image_sha256, image_key or None)


def attribute(key: str, value: str) -> str:
    """Return the indexed form of one attribute; a key holds no "=", so it reads one way only."""
    return f"{key}={value}"


def picture(image_key: str) -> str:
    """Return the indexed form of an image key: 128 of its bits tell pictures apart."""
    return image_key[:32]


def flag(value: bool) -> int:
    """Return the indexed form of yes and no."""
    return 1 if value else 0


def microseconds(moment: datetime) -> int:
    """Return the indexed form of a moment: whole microseconds since 1970 in UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def _facts(record: Record) -> str:
    parts = (record.digest, record.image_sha256, record.dhash, record.image_key or "")
    text = " ".join(parts)
    if len(text.split()) != len(parts) - (not record.image_key):
        raise StoreError(f"pin {record.pin.id}: a digest or an image key is empty or has a blank")
    return text


def _read(fields: Mapping[str, Any]) -> tuple[list[str], Pin]:
    line, _, pin = fields[PIN].partition("\n")
    return line.split(" "), pin_from_json(json.loads(pin))[0]
