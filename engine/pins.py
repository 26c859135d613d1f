"""The pin, and its contract as one JSON object.

Knows nothing of files, stores or vectors: `jsonl.py` reads and writes streams of pins.
"""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from engine.errors import BadPin

_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
ID_PATTERN = re.compile(r"[A-Za-z0-9._:-]{1,128}")
MAX_TEXT = 10_000
MAX_FIELD = 2_048
MAX_CURRENCY = 16
MAX_LANGUAGE = 32
MAX_INLINE_IMAGE = 28_000_000
MAX_ATTRIBUTES = 64
MAX_ATTRIBUTE = 256

KNOWN_KEYS = (
    "id",
    "image",
    "description",
    "board_title",
    "link",
    "price",
    "currency",
    "merchant",
    "created_at",
    "updated_at",
    "language",
    "attributes",
    "blocked",
)

_EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Pin:
    """A picture that somebody keeps, with what little is known of it; absent is None, never "".

    blocked: whether the pin is kept out of every answer; None where its owner doesn't say, and a
        classifier may.
    """

    id: str
    image: str
    description: str | None = None
    board_title: str | None = None
    link: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    merchant: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    language: str | None = None
    attributes: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    blocked: bool | None = None


def pin_id(value: object) -> str:
    """Return a valid pin id, or raise BadPin."""
    if not isinstance(value, str) or not ID_PATTERN.fullmatch(value) or value in {".", ".."}:
        shown = repr(value)[:60]
        raise BadPin(
            f"id {shown} is not valid: use 1 to 128 of A-Z a-z 0-9 . _ : - (and not '.' or '..')"
        )
    return value


def pin_from_json(value: object) -> tuple[Pin, dict[str, Any]]:
    """Return the pin in a decoded JSON object and its unknown keys, or raise BadPin."""
    if not isinstance(value, dict):
        raise BadPin(f"a pin is a JSON object, this is {_kind(value)}")
    identity = pin_id(value.get("id"))
    image = _text(value, "image", MAX_INLINE_IMAGE)
    if image is None:
        raise BadPin("image is missing: give a file path, an http(s) URL or a data: URI")
    if not image.startswith("data:") and len(image) > MAX_FIELD:
        raise BadPin(
            f"image has {len(image):,} characters; a path or URL may have {MAX_FIELD:,}: shorten it"
        )
    pin = Pin(
        id=identity,
        image=image,
        description=_text(value, "description", MAX_TEXT),
        board_title=_text(value, "board_title", MAX_FIELD),
        link=_link(value),
        price=_price(value.get("price")),
        currency=_text(value, "currency", MAX_CURRENCY),
        merchant=_text(value, "merchant", MAX_FIELD),
        created_at=_moment(value, "created_at"),
        updated_at=_moment(value, "updated_at"),
        language=_text(value, "language", MAX_LANGUAGE),
        attributes=_attributes(value.get("attributes")),
        blocked=_flag(value, "blocked"),
    )
    return pin, {key: item for key, item in value.items() if key not in KNOWN_KEYS}


def pin_as_kept(value: Mapping[str, Any]) -> Pin:
    """Return the pin in what `pin_to_json` wrote: all of it was checked before it was kept."""
    get = value.get
    price, created, updated = get("price"), get("created_at"), get("updated_at")
    attributes = get("attributes")
    return Pin(
        id=value["id"],
        image=value["image"],
        description=get("description"),
        board_title=get("board_title"),
        link=get("link"),
        price=None if price is None else Decimal(price),
        currency=get("currency"),
        merchant=get("merchant"),
        created_at=None if created is None else datetime.fromisoformat(created),
        updated_at=None if updated is None else datetime.fromisoformat(updated),
        language=get("language"),
        attributes=_EMPTY if attributes is None else MappingProxyType(attributes),
        blocked=get("blocked"),
    )


def pin_to_json(pin: Pin) -> dict[str, Any]:
    """Return the JSON object of a pin, without absent fields; the inverse of `pin_from_json`."""
    out: dict[str, Any] = {"id": pin.id, "image": pin.image}
    for key in ("description", "board_title", "link"):
        if (text := getattr(pin, key)) is not None:
            out[key] = text
    if pin.price is not None:
        out["price"] = f"{pin.price:f}"
    for key in ("currency", "merchant"):
        if (text := getattr(pin, key)) is not None:
            out[key] = text
    for key in ("created_at", "updated_at"):
        if (moment := getattr(pin, key)) is not None:
            out[key] = moment.isoformat().replace("+00:00", "Z")
    if pin.language is not None:
        out["language"] = pin.language
    if pin.attributes:
        out["attributes"] = dict(pin.attributes)
    if pin.blocked is not None:
        out["blocked"] = pin.blocked
    return out


def patched(pin: Pin, changes: object) -> Pin:
    """Return a pin as a JSON merge patch (RFC 7396) changes it, or raise BadPin.

    Unknown keys are ignored, as they are in a pin; an id may be repeated but not changed.
    """
    if not isinstance(changes, dict):
        raise BadPin(f"a patch is a JSON object of what changes, this is {_kind(changes)}")
    if changes.get("id", pin.id) != pin.id:
        raise BadPin(f"id {str(changes['id'])[:60]!r} in the patch is not {pin.id!r}: leave it out")
    return pin_from_json(merge_patch(pin_to_json(pin), changes))[0]


def merge_patch(target: object, patch: object) -> Any:
    """Return the JSON value that RFC 7396, section 2, makes of a target; neither is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, item in patch.items():
        if item is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), item)
    return merged


def moment(text: str) -> datetime:
    """Return the UTC moment of an RFC 3339 timestamp; a bare date is its first instant in UTC."""
    try:
        parsed = datetime.fromisoformat(text)
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=UTC)
        return parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadPin(f"{text[:40]!r} is not a time: write it like 2026-01-31T12:00:00Z") from None


def decimal(text: str) -> Decimal:
    """Return the exact, finite, non-negative amount that a decimal string writes."""
    if not _AMOUNT.fullmatch(text.strip()):
        raise BadPin(
            f"price {text[:40]!r} is not a decimal number such as '19.90', "
            "with at most 12 digits before and 6 after the point"
        )
    return Decimal(text.strip())


def merge_extra(pin_object: dict[str, Any]) -> dict[str, Any]:
    """Return a pin's JSON object with its unknown scalar keys moved into `attributes`.

    Lists of scalars are joined by "; ", as the contract's `--extra keep` says; other values are
    left where they are, to be named as unknown.
    """
    known = {key: item for key, item in pin_object.items() if key in KNOWN_KEYS}
    given = known.get("attributes")
    attributes = dict(given) if isinstance(given, dict) else {}
    for key, item in pin_object.items():
        if key in KNOWN_KEYS:
            continue
        text = _scalar(item)
        if text is None and isinstance(item, list):
            parts = [part for each in item if (part := _scalar(each)) is not None]
            text = "; ".join(parts) or None
        if text is None:
            known[key] = item
        else:
            attributes.setdefault(key, text[:MAX_ATTRIBUTE])
    if attributes and (given is None or isinstance(given, dict)):
        known["attributes"] = attributes
    return known


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", type(None): "null"}
    return names.get(type(value), f"a {type(value).__name__}")


def _scalar(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str | int | float):
        return str(value).strip() or None
    return None


def _text(value: dict[str, Any], key: str, limit: int) -> str | None:
    item = value.get(key)
    if item is None:
        return None
    if not isinstance(item, str):
        raise BadPin(f"{key} must be a string, this is {_kind(item)}")
    if len(item) > limit:
        raise BadPin(f"{key} has {len(item):,} characters; the limit is {limit:,}: shorten it")
    return _clean(item, key) or None


def is_text(item: str) -> bool:
    """Say whether a string is valid Unicode: Python's may hold halves of surrogate pairs."""
    try:
        item.encode()
    except UnicodeEncodeError:
        return False
    return True


def _clean(item: str, name: str) -> str:
    """Return text without control characters, which mean nothing in it and break terminals."""
    if not is_text(item):
        raise BadPin(f"{name} holds half of a surrogate pair, which is not text: send it in UTF-8")
    if not item.isprintable():
        item = "".join(c for c in item if c in "\n\t" or unicodedata.category(c) != "Cc")
    return item.strip()


def _link(value: dict[str, Any]) -> str | None:
    link = _text(value, "link", MAX_FIELD)
    if link is not None and not link.lower().startswith(("http://", "https://")):
        raise BadPin(f"link {link[:40]!r} must begin with http:// or https://")
    return link


def _price(value: object) -> Decimal | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadPin(f"price must be a decimal string such as '19.90', this is {_kind(value)}")
    return decimal(str(value))


def _moment(value: dict[str, Any], key: str) -> datetime | None:
    text = _text(value, key, 64)
    if text is None:
        return None
    try:
        return moment(text)
    except BadPin as error:
        raise BadPin(f"{key} {error}") from None


def _flag(value: dict[str, Any], key: str) -> bool | None:
    item = value.get(key)
    if isinstance(item, str):
        # Tables have no other way to say it.
        item = {"": None, "true": True, "false": False}.get(item.strip().lower(), item)
    if item is None or isinstance(item, bool):
        return item
    raise BadPin(f"{key} must be true or false, this is {_kind(item)}")


def _attributes(value: object) -> Mapping[str, str]:
    if value is None:
        return _EMPTY
    if not isinstance(value, dict):
        raise BadPin(f"attributes must be a flat object of strings, this is {_kind(value)}")
    if len(value) > MAX_ATTRIBUTES:
        raise BadPin(
            f"attributes has {len(value):,} entries; the limit is {MAX_ATTRIBUTES}: leave some out"
        )
    kept: dict[str, str] = {}
    for name, item in value.items():
        key = _clean(name, "a name in attributes")
        if isinstance(item, float) and not math.isfinite(item):
            raise BadPin(f"attributes.{key[:40]} is {item}: give a finite number or a string")
        text = _scalar(item)
        if item is None or (text is None and isinstance(item, str)):
            continue
        if text is not None:
            text = _clean(text, f"attributes.{key[:40]}")
        if text is None:
            raise BadPin(f"attributes.{key[:40]} must be a string, this is {_kind(item)}")
        if not key or "=" in key or len(key) > MAX_ATTRIBUTE or len(text) > MAX_ATTRIBUTE:
            raise BadPin(
                f"attributes.{key[:40]}: names and values may have {MAX_ATTRIBUTE} characters, "
                "and a name no '='"
            )
        if text:
            kept[key] = text
    return MappingProxyType(kept) if kept else _EMPTY
