"""`engine search` and `related`: what is found, as a table, as JSON or as a sheet of pictures."""

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from engine.access import Access, reach
from engine.commands.options import (
    AsJson,
    Collapse,
    Collection,
    Cursor,
    Diversity,
    Explain,
    Filters,
    Hide,
    Like,
    Limit,
    MinRelevance,
    Sheet,
    picture_text,
    pin_named,
    print_json,
    settings_for,
    terminal,
)
from engine.commands.terminal import caption
from engine.errors import BadQuery, UsageError
from engine.serving.models import SearchRequest, filter_pairs


def search(
    text: Annotated[str | None, typer.Argument(help="Words to look for.")] = None,
    image: Annotated[Path | None, typer.Option(help="A picture to look like.")] = None,
    pin: Annotated[str | None, typer.Option(help="Id of a pin to look like.")] = None,
    crop: Annotated[
        str | None, typer.Option(help="x,y,w,h in fractions: the part of the picture that counts.")
    ] = None,
    minus: Annotated[str | None, typer.Option(help="Words to move away from.")] = None,
    filters: Filters = None,
    limit: Limit = 10,
    cursor: Cursor = None,
    min_relevance: MinRelevance = 0.0,
    collapse: Collapse = True,
    diversity: Diversity = 0.0,
    like: Like = None,
    hide: Hide = None,
    person: Annotated[
        str | None,
        typer.Option("--for", help="Id of somebody whose likes are kept (ENGINE_PEOPLE__KEEP)."),
    ] = None,
    strength: Annotated[
        float, typer.Option(help="How much a person's taste counts, 0 (not at all) to 1.")
    ] = 0.5,
    explain: Explain = False,
    sheet: Sheet = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Search by words, a picture, a crop of it, a pin, or any mix of them."""
    settings = settings_for(collection)
    limit_bytes = settings.images.max_bytes
    request = _request(
        text=text,
        image=picture_text(image, limit_bytes) if image is not None else None,
        pin=pin,
        crop=crop,
        minus=minus,
        filter=filter_pairs(filters or ()),
        limit=limit,
        cursor=cursor,
        min_relevance=min_relevance,
        collapse=collapse,
        diversity=diversity,
        **_for(like, hide, person, strength),
        explain=explain or not as_json,
    )
    request.to_query(limit_bytes)  # what is wrong with it needs no collection
    named = (text, image.name if image else None, pin, f"minus {minus}" if minus else None)
    asked = " + ".join(name for name in named if name)
    with reach(settings) as access:
        show_answer(access.search(request), access, asked, explain, as_json, sheet)


def related(
    pin: Annotated[str, typer.Argument(help="Id of a pin.")],
    but: Annotated[
        str | None, typer.Option(help="Words for what should be different, such as blue.")
    ] = None,
    minus: Annotated[str | None, typer.Option(help="Words to move away from.")] = None,
    filters: Filters = None,
    limit: Limit = 10,
    cursor: Cursor = None,
    diversity: Diversity = 0.0,
    explain: Explain = False,
    sheet: Sheet = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Find pins like a pin, by what is in its picture, or like it but for what words say."""
    request = _request(
        text=but,
        minus=minus,
        filter=filter_pairs(filters or ()),
        limit=limit,
        cursor=cursor,
        diversity=diversity,
        explain=explain or not as_json,
    )
    named = [f"related to {pin}", *([f"but {but}"] if but else [])]
    named += [f"minus {minus}"] if minus else []
    with reach(settings_for(collection)) as access:
        answer = access.related(pin_named(pin), request)
        show_answer(answer, access, " ".join(named), explain, as_json, sheet)


def _for(
    like: list[str] | None, hide: list[str] | None, person: str | None, strength: float
) -> dict[str, Any]:
    """Return for whom is searched, nothing where that is anybody."""
    if not like and not hide and person is None:
        return {}
    told: dict[str, Any] = {"likes": [pin_named(each) for each in like or ()]}
    told |= {"hides": [pin_named(each) for each in hide or ()]}
    return {"for": told | {"person": person, "strength": strength}}


def _request(**given: Any) -> SearchRequest:
    try:
        return SearchRequest(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadQuery(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def show_answer(
    answer: dict[str, Any],
    access: Access,
    asked: str,
    explain: bool,
    as_json: bool,
    sheet: Path | None,
) -> None:
    """Print an answer, and draw it if a sheet is wanted."""
    if sheet is not None:
        _draw(answer, access, asked, sheet)
    if as_json:
        print_json(answer)
    else:
        terminal.answer(answer, explain)


def _draw(answer: dict[str, Any], access: Access, asked: str, path: Path) -> None:
    from engine.commands.contact_sheet import Cell, Row, save

    cells = []
    for hit in answer["hits"]:
        note = f"{hit['score']:.3f}"
        if "why" in hit:
            note += " · " + " + ".join(hit["why"]["found_by"])
        cells.append(Cell(access.picture(hit["id"]), caption(hit["pin"]), note))
    try:
        save([Row(asked, cells)], path)
    except (OSError, ValueError) as error:
        raise UsageError(f"--sheet {path} can't be written: {error}") from None
