"""`engine takedown`: pins and pictures that go for good, and what was let in again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.access import reach
from engine.commands.options import AsJson, Collection, print_json, settings_for, terminal
from engine.errors import BadImage, BadPin, UsageError
from engine.features.fingerprint import content_sha256
from engine.ingestion.erasure import checked
from engine.store.removals import Kind


def takedown(
    pins: Annotated[
        list[str] | None, typer.Argument(help="Ids of pins; without anything the list is shown.")
    ] = None,
    picture: Annotated[
        list[str] | None,
        typer.Option(help="A picture, as a file or its SHA-256: all pins that show it go."),
    ] = None,
    reason: Annotated[str, typer.Option(help="What to remember it by.")] = "",
    lift: Annotated[bool, typer.Option(help="Take it off the list: it may come again.")] = False,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Remove pins or pictures for good: from the index, the pictures and the dead letters.

    They do not come back, whatever sends them, until they are taken off the list.
    """
    settings = settings_for(collection)
    limit = settings.images.max_bytes
    named = [_named("pin", pin) for pin in pins or ()]
    named += [_named("picture", _digest(each, limit)) for each in picture or ()]
    if lift and not named:
        raise UsageError("say what may come again: engine takedown PIN_ID --lift")
    with reach(settings) as access:
        if not named:
            listed = access.takedowns()
            if as_json:
                print_json(listed)
            else:
                terminal.takedowns(listed["takedowns"])
            return
        if lift:
            lifted = [value for kind, value in named if access.reinstate(kind, value)]
            told = {"lifted": lifted}
        else:
            gone = [pin for kind, value in named for pin in access.take_down(kind, value, reason)]
            told = {"taken_down": [value for _, value in named], "removed": gone}
    if as_json:
        print_json(told)
    else:
        terminal.out.print(", ".join(f"{len(each):,} {name}" for name, each in told.items()))


def _named(kind: Kind, text: str) -> tuple[Kind, str]:
    try:
        return kind, checked(kind, text)
    except BadPin as error:
        raise UsageError(str(error)) from None


def _digest(text: str, max_bytes: int) -> str:
    """Return a picture's SHA-256 from a file, or from itself."""
    path = Path(text)
    try:
        if not path.is_file():
            return text
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise BadImage(f"picture {text[:200]} can't be read: {error}") from None
    if len(data) > max_bytes:
        raise BadImage(f"picture {text[:200]} is larger than any that is taken in")
    return content_sha256(data)
