"""How a question is put into a request, and what a picture comes back as."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import quote

Source = bytes | Path
Filters = Mapping[str, str | Sequence[str]]


class Part(TypedDict, total=False):
    """One thing to look for: exactly one of `text`, `image`, `pin`; a weight below 0 subtracts."""

    text: str
    image: Source
    pin: str
    crop: str
    weight: float


class ForPerson(TypedDict, total=False):
    """For whom a search is made: ids of pins, oldest first; `strength` 0 to 1."""

    likes: Sequence[str]
    hides: Sequence[str]
    strength: float
    person: str


@dataclass(frozen=True)
class Picture:
    """A pin's picture; `jpeg` is empty where it is the one whose `etag` was given."""

    jpeg: bytes
    etag: str
    changed: bool


def body(**given: Any) -> dict[str, Any]:
    """Return a JSON body of what is given; pictures become base64, None is left out."""
    return {name: _sent(value) for name, value in given.items() if value is not None}


def query(filters: Filters | None = None, **given: Any) -> list[tuple[str, str]]:
    """Return the parameters of an address of what is given; None is left out."""
    pairs: list[tuple[str, str]] = []
    for name, value in given.items():
        values = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, _text(each)) for each in values if each is not None]
    for name, value in (filters or {}).items():
        pairs.append(("filter", f"{name}={value if isinstance(value, str) else ','.join(value)}"))
    return pairs


def headers(**given: Any) -> dict[str, str]:
    """Return headers of what is given, with `_` for a dash; None is left out."""
    return {
        name.replace("_", "-"): ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in given.items()
        if value is not None
    }


def inline(picture: Source | str) -> str:
    """Return a picture as a pin has it; a text is a URL or a data: URI already."""
    return picture if isinstance(picture, str) else f"data:image/any;base64,{_sent(picture)}"


def pin_body(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pin as it is sent."""
    return {**facts, "image": inline(facts["image"])} if "image" in facts else dict(facts)


def place(*segments: str) -> str:
    """Return the path of a resource, each part of it escaped."""
    return "/v1/" + "/".join(quote(each, safe="") for each in segments)


def _sent(value: Any) -> Any:
    if isinstance(value, Path):
        value = value.read_bytes()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: _sent(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_sent(each) for each in value]
    return value


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
