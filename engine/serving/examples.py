"""The pin that a client sends, as a schema, and one that can be sent as it stands.

The contract itself is `engine/pins.py`, which also checks it; this describes it to a reader.
"""

from typing import Any, Final

from engine.pins import (
    ID_PATTERN,
    MAX_ATTRIBUTES,
    MAX_CURRENCY,
    MAX_FIELD,
    MAX_INLINE_IMAGE,
    MAX_LANGUAGE,
    MAX_TEXT,
)

# A red square of eight by eight pixels.
RED: Final = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAFUlEQVR42mO8IyfHgA0wMeAAg1MCAOBW"
    "AShOAhDlAAAAAElFTkSuQmCC"
)

NEW_PIN: Final[dict[str, Any]] = {
    "id": "dress-002",
    "image": RED,
    "description": "Plain red dress",
    "board_title": "Summer dresses",
    "link": "https://shop.example/dresses/2",
    "price": "24.00",
    "currency": "EUR",
    "merchant": "Example Shop",
    "attributes": {"kind": "dress", "colour": "red"},
}

_TEXT: Final = {"type": ["string", "null"], "maxLength": MAX_FIELD}
_MOMENT: Final = {"type": ["string", "null"], "description": "RFC 3339"}

PIN_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Pin",
    "required": ["image"],
    "properties": {
        "id": {"type": "string", "pattern": f"^{ID_PATTERN.pattern}$"},
        "image": {
            "type": "string",
            "maxLength": MAX_INLINE_IMAGE,
            "description": "the picture as data:image/TYPE;base64,DATA",
        },
        "description": {"type": ["string", "null"], "maxLength": MAX_TEXT},
        "board_title": _TEXT,
        "link": {**_TEXT, "description": "http(s) URL"},
        "price": {"type": ["string", "number", "null"], "description": "decimal, such as 19.90"},
        "currency": {**_TEXT, "maxLength": MAX_CURRENCY},
        "merchant": _TEXT,
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
        "language": {**_TEXT, "maxLength": MAX_LANGUAGE},
        "attributes": {
            "type": ["object", "null"],
            "maxProperties": MAX_ATTRIBUTES,
            "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        },
        "blocked": {
            "type": ["boolean", "null"],
            "description": "true keeps the pin out of every answer, false asks no classifier",
        },
    },
    "description": "Unknown keys are ignored.",
}

PATCH_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Pin patch",
    "properties": {key: schema for key, schema in PIN_SCHEMA["properties"].items() if key != "id"},
    "description": "A JSON merge patch (RFC 7396): null takes a value away.",
}
