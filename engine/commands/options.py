"""What commands share: options that several take, and how settings are read and answers shown.

Knows nothing of any one command.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.commands.terminal import Terminal
from engine.errors import BadImage, BadPin, ImageTooLarge, UsageError
from engine.jsonl import Extra
from engine.pins import pin_id
from engine.settings import Settings, load_settings

terminal = Terminal()

Collection = Annotated[
    str | None, typer.Option(help="Name of the collection [env ENGINE_COLLECTION; default pins].")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Limit = Annotated[int, typer.Option(help="How many pins to show.")]
Cursor = Annotated[str | None, typer.Option(help="`next` of the page before.")]
Filters = Annotated[
    list[str] | None,
    typer.Option("--filter", help="k=v, k=a,b, price=10..50, has_text=no, attributes.kind=lamp."),
]
MinRelevance = Annotated[
    float, typer.Option(help="Leave out pins less likely than this to be what is asked, 0 to 1.")
]
Collapse = Annotated[
    bool, typer.Option(help="Of pins that show nearly the same picture, show the best alone.")
]
Diversity = Annotated[
    float, typer.Option(help="How much being unlike the pins before counts, 0 to 1; try 0.2.")
]
Like = Annotated[
    list[str] | None, typer.Option(help="Id of a pin that somebody likes; oldest first.")
]
Hide = Annotated[list[str] | None, typer.Option(help="Id of a pin that somebody wants no more of.")]
Explain = Annotated[bool, typer.Option(help="Say why each pin stands where it stands.")]
Sheet = Annotated[Path | None, typer.Option(help="Draw the pictures found into this PNG.")]


def settings_for(collection: str | None) -> Settings:
    return load_settings(collection=collection)


def extra_keys(extra: str) -> Extra:
    if extra not in {"ignore", "keep"}:
        raise UsageError(f"--extra {extra!r} is unknown: use ignore or keep")
    return "keep" if extra == "keep" else "ignore"


def print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False))  # noqa: T201


def pin_named(text: str) -> str:
    """Return a pin's id as typed; raise UsageError if no pin can be called that."""
    try:
        return pin_id(text)
    except BadPin as error:
        raise UsageError(str(error)) from None


def picture_text(path: Path, max_bytes: int) -> str:
    """Return a picture's bytes as base64, reading no more of them than may be."""
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise BadImage(f"image {path} can't be read: {error}") from None
    if len(data) > max_bytes:
        raise ImageTooLarge(
            f"image {path} is larger than {max_bytes:,} bytes: make it smaller, "
            "or raise ENGINE_IMAGES__MAX_BYTES"
        )
    return base64.b64encode(data).decode()
