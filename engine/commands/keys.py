"""`engine keys`: who may ask a service that others can reach, and for what."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from engine.commands.options import AsJson, Collection, print_json, settings_for, terminal
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.store.key_file import Key, KeyFile

keys = typer.Typer(
    name="keys",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Keys of the HTTP service: add, list, rotate, revoke. A running service follows at once.",
)
Named = Annotated[str, typer.Argument(help="Name or id of a key.")]
Expires = Annotated[
    str | None, typer.Option("--expires", help="How long it holds: 90d, 12h, 30m; else for ever.")
]


@keys.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What or whom it is for.")],
    scope: Annotated[str, typer.Option(help="read, write or admin.")] = "read",
    expires: Expires = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Make a key; it is shown this once. --collection binds it to one collection."""
    from engine.store.key_file import SCOPES, lifetime_of

    found = next((each for each in SCOPES if each == scope), None)
    if found is None:
        raise UsageError(f"--scope {scope[:20]!r} is unknown: use {', '.join(SCOPES)}")
    lifetime = lifetime_of(expires) if expires else None
    _told(*_file().add(name, found, lifetime, collection), as_json)


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys: names, scopes and times, never the keys themselves."""
    found = [_shown(each) for each in _file().listed()]
    if as_json:
        print_json({"keys": found})
        return
    if not found:
        terminal.out.print("no keys: make one with 'engine keys add NAME --scope read'")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("id", "name", "scope", "collection", "created", "expires", "state"):
        table.add_column(column, overflow="fold")
    for each in found:
        table.add_row(*(str(value or "–") for value in each.values()))
    terminal.out.print(table)


@keys.command("rotate")
def rotate(
    named: Named,
    overlap: Annotated[
        str, typer.Option(help="How long the old one still holds; 0 ends it now.")
    ] = "24h",
    expires: Expires = None,
    as_json: AsJson = False,
) -> None:
    """Make a successor with the same name and rights; the old key ends a day later."""
    from datetime import timedelta

    from engine.store.key_file import lifetime_of

    lifetime = lifetime_of(expires) if expires else None
    left = timedelta() if overlap == "0" else lifetime_of(overlap)
    _told(*_file().rotate(named, left, lifetime), as_json)


@keys.command("revoke")
def revoke(named: Named, as_json: AsJson = False) -> None:
    """Forget a key by its id, or all of one name: it opens nothing any more."""
    gone = [_shown(each) for each in _file().revoke(named)]
    if as_json:
        print_json({"revoked": gone})
    else:
        terminal.out.print(f"revoked {', '.join(each['id'] for each in gone)}")


def _file() -> KeyFile:
    from engine.store.key_file import KeyFile

    return KeyFile(settings_for(None).data)


def _shown(key: Key) -> dict[str, Any]:
    told = {name: value for name, value in asdict(key).items() if name != "digest"}
    order = ("id", "name", "scope", "collection", "created", "expires")
    state = "holds" if key.holds(datetime.now(UTC)) else "expired"
    return {name: told[name] for name in order} | {"state": state}


def _told(key: Key, text: str, as_json: bool) -> None:
    if as_json:
        print_json(_shown(key) | {"key": text})
        return
    terminal.err.print(f"{key.scope} key {key.name!r} ({key.id}); it is not shown again:")
    print(text)  # noqa: T201
