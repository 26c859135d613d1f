"""`engine recognize` and `engine shop`: what is in a picture, and where to buy it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.access import Access, reach
from engine.commands.options import (
    AsJson,
    Collection,
    Filters,
    Sheet,
    picture_text,
    pin_named,
    print_json,
    settings_for,
    terminal,
)
from engine.errors import UsageError
from engine.serving.models import filter_pairs
from engine.serving.recognize import RecognizeRequest
from engine.serving.shop import ShopRequest

File = Annotated[Path | None, typer.Argument(help="A picture.")]
OfPin = Annotated[str | None, typer.Option("--pin", help="Id of a pin, instead of a file.")]
Cropped = Annotated[
    str | None, typer.Option(help="x,y,w,h in fractions: the part of the picture that counts.")
]


def recognize(
    file: File = None,
    pin: OfPin = None,
    crop: Cropped = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Draw the pins that are the evidence into this PNG.")
    ] = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Say what is in a picture, how sure that is, and which pins say so."""
    settings = settings_for(collection)
    if (file is None) == (pin is None):
        raise UsageError("give a FILE, or --pin ID")
    image = picture_text(file, settings.images.max_bytes) if file is not None else None
    request = RecognizeRequest(image=image, pin=None if pin is None else pin_named(pin), crop=crop)
    request.part(settings.images.max_bytes)  # what is wrong with it needs no collection
    with reach(settings) as access:
        answer = access.ask(request)
        if sheet is not None:
            rows = [
                (f"{each['facet']}: {each['label']} {each['confidence']:.2f}", each["evidence"], "")
                for each in answer["labels"]
                if each["evidence"]
            ]
            _draw(rows, access, sheet)
    if as_json:
        print_json(answer)
    else:
        terminal.recognition(answer)


def shop(
    file: File = None,
    pin: OfPin = None,
    text: Annotated[str | None, typer.Option(help="Words, instead of a picture.")] = None,
    crop: Cropped = None,
    regions: Annotated[
        bool, typer.Option("--regions", help="Shop for each thing in the picture, too.")
    ] = False,
    filters: Filters = None,
    limit: Annotated[int, typer.Option(help="How many products to show.")] = 5,
    sheet: Sheet = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Find where to buy what a picture shows: the very product first, then similar ones."""
    settings = settings_for(collection)
    if [file, pin, text].count(None) != 2:
        raise UsageError("give a FILE, --pin ID or --text WORDS, and one of them alone")
    request = ShopRequest(
        image=picture_text(file, settings.images.max_bytes) if file is not None else None,
        pin=None if pin is None else pin_named(pin),
        text=text,
        crop=crop,
        regions=regions,
        filter=filter_pairs(filters or ()),
        limit=limit,
    )
    if text is None:
        request.part(settings.images.max_bytes)
    with reach(settings) as access:
        answer = access.ask(request)
        if sheet is not None:
            groups = [("", group) for group in answer["groups"]]
            for each in answer.get("regions", ()):
                groups += [(f"{each['label'] or each['box']}: ", one) for one in each["groups"][:1]]
            rows = [(f"{where}{_named(one)}", _pins(one), one) for where, one in groups]
            _draw(rows, access, sheet)
    if as_json:
        print_json(answer)
    else:
        terminal.shop(answer)


def _named(group: dict[str, Any]) -> str:
    kind = "this" if group["exact"] else "like it"
    return f"{group['title'] or group['offers'][0]['pin']} · {kind} {group['score']:.2f}"


def _pins(group: dict[str, Any]) -> list[str]:
    return [each["pin"] for each in group["offers"]]


def _draw(rows: list[tuple[str, list[str], Any]], access: Access, path: Path) -> None:
    from engine.commands.contact_sheet import Cell, Row, save

    drawn = []
    for asked, pins, group in rows:
        offers = {each["pin"]: each for each in group["offers"]} if group else {}
        cells = []
        for pin in pins:
            offer = offers.get(pin)
            note = ""
            if offer is not None:
                price = f"{offer['price']} {offer['currency'] or ''}" if offer["price"] else "–"
                note = f"{price} · {offer['merchant'] or offer['link']}"
            cells.append(Cell(access.picture(pin), pin, note))
        drawn.append(Row(asked, cells))
    try:
        save(drawn, path)
    except (OSError, ValueError) as error:
        raise UsageError(f"--sheet {path} can't be written: {error}") from None
