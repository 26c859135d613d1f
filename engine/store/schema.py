"""How a record lies in a Qdrant point: the payload's fields, and which of them are indexed.

Knows nothing of Qdrant's own types: each adapter turns `INDEXES` into its engine's.
"""

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.errors import StoreError
from engine.features.phash import bands
from engine.pins import Pin, pin_as_kept, pin_to_json
from engine.queries import KEYWORD_KEYS
from engine.store.records import NO_ROWS, Facts, Record, StoredPin
from engine.store.versions import Version, microseconds

VERSION: Final = 3
VERSION_WITH_REGIONS: Final = 4
"""The same, with a second vector that holds those of the things in a picture."""
VECTOR: Final = "image"
REGIONS: Final = "regions"

PIN: Final = "pin"
DESCRIPTION: Final = "description_terms"
BOARD: Final = "board_terms"
ATTRIBUTES: Final = "attributes"
PRICE: Final = "price"
CREATED: Final = "created_us"
HAS_TEXT: Final = "has_text"
PICTURE: Final = "picture"
DUPLICATE: Final = "duplicate_of"
BANDS: Final = "phash_bands"
BLOCKED: Final = "blocked"
WITHHELD: Final = "withheld"
BOXES: Final = "region_boxes"
# Stands for what a pin lacks in its line of facts: no id, digest or number is written so.
ABSENT: Final = "/"

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
        DUPLICATE: "reference",
        BANDS: "reference",
        BLOCKED: "flag",
        PRICE: "float",
        CREATED: "moment",
    }
)

SHOWN: Final = (PIN, DESCRIPTION, BOARD, WITHHELD)
COMPARED: Final = (PIN,)
FACETS: Final = (*KEYWORD_KEYS, ATTRIBUTES)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def payload(record: Record) -> dict[str, Any]:
    """Return the payload of a record; absent facts take no room.

    A blocked pin has nothing that it could be found, counted or completed by: its terms are made
    anew when it is shown again. What is left to every reader is to leave `BLOCKED` points out.
    """
    pin = record.pin
    # Every field costs a conversion of its own, so what no index needs is one string: a line of
    # facts, then the pin as exact JSON (a price keeps its digits).
    out: dict[str, Any] = {PIN: f"{_facts(record)}\n{_encode(pin_to_json(pin))}"}
    if record.image_key is not None:
        out[PICTURE] = picture(record.image_key)
    if record.phash:
        out[BANDS] = bands(record.phash)
    if record.duplicate_of is not None:
        out[DUPLICATE] = record.duplicate_of
    if record.region_boxes:
        out[BOXES] = list(record.region_boxes)
    if record.withheld is not None:
        out[WITHHELD] = record.withheld
    return out | ({BLOCKED: flag(True)} if record.blocked else _found_by(record))


def _found_by(record: Record) -> dict[str, Any]:
    """Return what a pin is searched, filtered and counted by."""
    pin = record.pin
    out: dict[str, Any] = {HAS_TEXT: flag(record.has_text)}
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
        out[CREATED] = microseconds(pin.created_at)
    return out


def stored_pin(fields: Mapping[str, Any]) -> StoredPin:
    """Return what a page of hits shows of a pin; needs the `SHOWN` fields."""
    line, pin = _read(fields)
    return StoredPin(
        pin=pin,
        description_terms=fields.get(DESCRIPTION, ""),
        board_terms=fields.get(BOARD, ""),
        image_sha256=line.image_sha256,
        image_key=line.image_key,
        dhash=line.dhash,
        duplicate_of=line.duplicate_of,
        phash=line.phash,
        withheld=fields.get(WITHHELD),
    )


def vector(vectors: Mapping[str, npt.ArrayLike]) -> npt.NDArray[np.float32]:
    """Return a picture's unit row out of a point's vectors."""
    return np.asarray(vectors[VECTOR], dtype=np.float32)


def record(fields: Mapping[str, Any], vectors: Mapping[str, npt.ArrayLike]) -> Record:
    """Return the record of a whole payload and its vectors; the inverse of `payload`.

    But for the terms of a blocked pin, which are not kept.
    """
    line, pin = _read(fields)
    regions = vectors.get(REGIONS)
    rows = NO_ROWS if regions is None else np.asarray(regions, dtype=np.float32)
    return Record(
        pin=pin,
        vector=vector(vectors),
        description_terms=fields.get(DESCRIPTION, ""),
        board_terms=fields.get(BOARD, ""),
        image_sha256=line.image_sha256,
        image_key=line.image_key,
        dhash=line.dhash,
        digest=line.digest,
        version=line.version,
        duplicate_of=line.duplicate_of,
        phash=line.phash,
        withheld=fields.get(WITHHELD),
        region_boxes=() if regions is None else tuple(fields.get(BOXES, ()))[: len(rows)],
        region_vectors=rows,
    )


def facts(fields: Mapping[str, Any]) -> Facts:
    """Return what an arriving pin is compared with; needs the `COMPARED` fields."""
    line = _line(fields[PIN].partition("\n")[0])
    return Facts(line.digest, line.image_sha256, line.image_key, line.version)


def showing(payloads: Iterable[Mapping[str, Any]], sha256: str) -> list[str]:
    """Return the ids of those pins whose picture came, or is kept, under a SHA-256."""
    out: list[str] = []
    for fields in payloads:
        # Few show it: only theirs are read as JSON.
        line = _line(fields[PIN].partition("\n")[0])
        if sha256 in {line.image_sha256, line.image_key}:
            out.append(_read(fields)[1].id)
    return out


def keywords(fields: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the values of a pin's `FACETS`, without those that it lacks."""
    found = {name: fields[name] for name in FACETS if name in fields}
    return {
        name: (value,) if isinstance(value, str) else tuple(value) for name, value in found.items()
    }


def commonest(counts: Iterable[tuple[str, int]], limit: int) -> list[tuple[str, int]]:
    """Return the values that some pin has, commonest first."""
    there = (each for each in counts if each[1])
    return sorted(there, key=lambda each: (-each[1], each[0]))[:limit]


def attribute(key: str, value: str) -> str:
    """Return the indexed form of one attribute; a key holds no "=", so it reads one way only."""
    return f"{key}={value}"


def picture(image_key: str) -> str:
    """Return the indexed form of an image key: 128 of its bits tell pictures apart."""
    return image_key[:32]


def flag(value: bool) -> int:
    """Return the indexed form of yes and no."""
    return 1 if value else 0


class _Line(NamedTuple):
    """The facts before a pin's JSON, in the order in which they are written."""

    digest: str
    image_sha256: str
    dhash: str
    image_key: str | None
    version: Version
    duplicate_of: str | None
    phash: str


def _facts(record: Record) -> str:
    version = record.version
    optional = (record.image_key, version.updated_us, version.sequence, record.duplicate_of)
    parts = [record.digest, record.image_sha256, record.dhash]
    parts += [ABSENT if each is None else str(each) for each in optional]
    parts.append(record.phash or ABSENT)
    text = " ".join(parts)
    if len(text.split()) != len(parts):
        raise StoreError(f"pin {record.pin.id}: a digest or an image key is empty or has a blank")
    return text


def _line(text: str) -> _Line:
    # What was written before the second hash was has seven facts.
    digest, image_sha256, dhash, key, updated, sequence, duplicate, *rest = text.split(" ")
    version = Version(
        None if updated == ABSENT else int(updated), None if sequence == ABSENT else int(sequence)
    )
    phash = "".join(rest).replace(ABSENT, "")
    return _Line(digest, image_sha256, dhash, _present(key), version, _present(duplicate), phash)


def _present(text: str) -> str | None:
    return None if text == ABSENT else text


def _read(fields: Mapping[str, Any]) -> tuple[_Line, Pin]:
    line, _, pin = fields[PIN].partition("\n")
    return _line(line), pin_as_kept(json.loads(pin))
