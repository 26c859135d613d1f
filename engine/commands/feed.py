"""`engine feed`: what somebody would like, by pins that were liked and hidden."""

from typing import Annotated

import typer

from engine.access import reach
from engine.commands.options import (
    AsJson,
    Collection,
    Cursor,
    Filters,
    Hide,
    Like,
    Limit,
    Sheet,
    pin_named,
    settings_for,
)
from engine.commands.search import show_answer
from engine.serving.feed import FeedRequest
from engine.serving.models import filter_pairs


def feed(
    like: Like = None,
    hide: Hide = None,
    person: Annotated[
        str | None, typer.Option(help="Id of somebody whose likes are kept (ENGINE_PEOPLE__KEEP).")
    ] = None,
    filters: Filters = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    sheet: Sheet = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Find what somebody would like; who likes nothing yet gets variety."""
    request = FeedRequest(
        likes=[pin_named(each) for each in like or ()],
        hides=[pin_named(each) for each in hide or ()],
        person=person,
        filter=filter_pairs(filters or ()),
        limit=limit,
        cursor=cursor,
    )
    asked = (
        f"liked {', '.join(like)}" if like else f"for {person}" if person else "nothing liked yet"
    )
    if hide:
        asked += f"; hidden {', '.join(hide)}"
    with reach(settings_for(collection)) as access:
        show_answer(access.ask(request), access, asked, False, as_json, sheet)
