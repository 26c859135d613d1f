"""`engine segments`: what the collection is made of, or whom a creative speaks to."""

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.access import Access, reach
from engine.commands.options import (
    AsJson,
    Collection,
    Sheet,
    picture_text,
    print_json,
    settings_for,
    terminal,
)
from engine.errors import UsageError
from engine.serving.segments import AudienceRequest, SegmentsRequest


def segments(
    creative: Annotated[Path | None, typer.Option(help="A picture: whom does it speak to?")] = None,
    text: Annotated[str | None, typer.Option(help="Words of the creative.")] = None,
    count: Annotated[int | None, typer.Option(help="How many segments at most.")] = None,
    refresh: Annotated[
        bool, typer.Option(help="Find them anew; those found again keep their ids.")
    ] = False,
    limit: Annotated[int, typer.Option(help="Of a creative: how many segments and boards.")] = 10,
    sheet: Sheet = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Say what the collection is made of, or which segments and boards a creative speaks to."""
    settings = settings_for(collection)
    asked = creative is not None or text is not None
    if asked and (count is not None or refresh):
        raise UsageError("--count and --refresh find segments: leave out the creative and its text")
    with reach(settings) as access:
        if asked:
            size = settings.images.max_bytes
            image = picture_text(creative, size) if creative is not None else None
            answer = access.ask(AudienceRequest(image=image, text=text, limit=limit))
        else:
            answer = access.ask(SegmentsRequest(count=count, refresh=refresh))
        if sheet is not None:
            _draw(answer, access, sheet)
    if as_json:
        print_json(answer)
    else:
        _show(answer)


def _show(answer: dict[str, Any]) -> None:
    for each in answer["segments"]:
        score = f"{each['score']:.2f}  " if "score" in each else ""
        line = f"{score}{each['id']}  {each['name']}  {each['pins']:,} pins"
        pins = [pin["id"] for pin in each["evidence"]] if "evidence" in each else each["covers"]
        terminal.out.print(line, markup=False)
        terminal.out.print(f"    {' '.join(pins)}", markup=False)
    if answer.get("boards"):
        terminal.out.print("boards:")
    for each in answer.get("boards", ()):
        pins = " ".join(pin["id"] for pin in each["evidence"])
        terminal.out.print(f"{each['score']:.2f}  {each['title']}  ({pins})", markup=False)


def _draw(answer: dict[str, Any], access: Access, path: Path) -> None:
    from engine.commands.contact_sheet import Cell, Row, save

    rows = []
    for each in answer["segments"]:
        if "evidence" in each:
            shown = [(pin["id"], f"{pin['score']:.2f}") for pin in each["evidence"]]
        else:
            shown = [(pin, "") for pin in each["covers"]]
        cells = [Cell(access.picture(pin), pin, note) for pin, note in shown]
        rows.append(Row(f"{each['id']}  {each['name']}  ({each['pins']:,} pins)", cells))
    try:
        save(rows, path)
    except (OSError, ValueError) as error:
        raise UsageError(f"--sheet {path} can't be written: {error}") from None
