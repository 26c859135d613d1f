"""`engine duplicates`: pins that show what a pin shows, or all groups that show one picture."""

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.access import Access, reach
from engine.commands.options import (
    AsJson,
    Collection,
    Sheet,
    pin_named,
    print_json,
    settings_for,
    terminal,
)
from engine.errors import UsageError
from engine.serving.duplicates import DuplicatesRequest


def duplicates(
    pin: Annotated[
        str | None, typer.Argument(help="Id of a pin; without one all groups are shown.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many of each kind, or groups, to show.")] = 20,
    thorough: Annotated[
        bool,
        typer.Option(help="Look for cropped and mirrored copies of every pin: some 50 ms each."),
    ] = False,
    sheet: Sheet = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Find pins that show the same picture as a pin, and pins that only look like it."""
    if pin is not None and thorough:
        raise UsageError("--thorough is for all groups: leave out the pin, or leave it out")
    named = None if pin is None else pin_named(pin)
    asked = DuplicatesRequest(pin=named, limit=limit, thorough=thorough)
    with reach(settings_for(collection)) as access:
        answer = access.ask(asked)
        if sheet is not None:
            _draw(answer, access, named, sheet)
    if as_json:
        print_json(answer)
    elif named is not None:
        _show(answer["duplicates"])
    else:
        for group in answer["groups"]:
            terminal.out.print(" ".join(group), markup=False)
        if not answer["groups"]:
            terminal.out.print("no two pins are known to show the same picture")


def _show(found: list[dict[str, Any]]) -> None:
    words = {"same": "the same file", "near": "the same picture", "alike": "looks alike"}
    for each in found:
        line = f"{each['id']}  {words[each['kind']]}  {each['similarity']:.2f}"
        terminal.out.print(line, markup=False)
    if not found:
        terminal.out.print("nothing shows this picture, and nothing looks like it")


def _draw(answer: dict[str, Any], access: Access, pin: str | None, path: Path) -> None:
    from engine.commands.contact_sheet import Cell, Row, save

    if pin is not None:
        cells = [Cell(access.picture(pin), pin, "")]
        cells += [
            Cell(access.picture(each["id"]), each["id"], f"{each['kind']} {each['similarity']:.2f}")
            for each in answer["duplicates"]
        ]
        rows = [Row(f"as {pin}", cells)]
    else:
        rows = [
            Row(f"{len(group)} pins", [Cell(access.picture(each), each, "") for each in group[:6]])
            for group in answer["groups"]
        ]
    try:
        save(rows, path)
    except (OSError, ValueError) as error:
        raise UsageError(f"--sheet {path} can't be written: {error}") from None
