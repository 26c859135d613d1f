"""`engine index`, `get` and `delete`: pins in, as they are stored, and out."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from engine.access import reach
from engine.commands.options import (
    AsJson,
    Collection,
    extra_keys,
    pin_named,
    print_json,
    settings_for,
    terminal,
)
from engine.errors import BadPin, UnknownPin
from engine.ingestion.arrivals import Arrivals, unknown_keys
from engine.ingestion.dead import DEAD_NAME, DeadFile
from engine.ingestion.outcome import Outcome
from engine.ingestion.refusals import Refusals
from engine.workspace import collection_folder


def index(
    paths: Annotated[
        list[Path], typer.Argument(help="JSONL or CSV files, folders, or - for stdin.")
    ],
    collection: Collection = None,
    extra: Annotated[
        str, typer.Option(help="Unknown keys: ignore, or keep as attributes.")
    ] = "ignore",
    strict: Annotated[bool, typer.Option(help="Stop at the first bad pin.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take pins in; what has not changed since the last time costs next to nothing.

    Pins that are refused are named here, and kept with the reason: see 'engine dead'.
    """
    kind = extra_keys(extra)
    sources = [Arrivals(path, kind) for path in paths]
    statuses = ("added", "updated", "unchanged", "rejected")
    counts: dict[str, int] = dict.fromkeys((*statuses, "duplicates"), 0)
    settings = settings_for(collection)
    with (
        reach(settings, create=True) as access,
        closing(Refusals(DeadFile(collection_folder(settings) / DEAD_NAME))) as refusals,
    ):
        for source in sources:
            for outcome in _watched(refusals.watch(source, access.index), source):
                counts[outcome.status] += 1
                counts["duplicates"] += outcome.duplicate_of is not None
                if outcome.status == "rejected":
                    terminal.warn(f"{outcome.origin}: {outcome.reason}")
                    if strict:
                        raise BadPin("stopped at the first bad pin, as --strict says")
            if source.unknown:
                terminal.warn(unknown_keys(source.unknown))
    if as_json:
        print_json(counts)
    else:
        told = ", ".join(f"{counts[name]:,} {name}" for name in statuses)
        if counts["duplicates"]:
            told += f"; {counts['duplicates']:,} show what another pin shows"
        terminal.out.print(told)
    if counts["rejected"]:
        raise typer.Exit(1)


def get(
    pin: Annotated[str, typer.Argument(help="Id of a pin.")],
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Show a pin as it is stored."""
    with reach(settings_for(collection)) as access:
        found = access.get(pin_named(pin))
    if as_json:
        print_json(found)
    else:
        terminal.facts(found)


def delete(
    pins: Annotated[list[str], typer.Argument(help="Ids of pins.")],
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Delete pins and their pictures."""
    ids = [pin_named(pin) for pin in pins]
    deleted: list[str] = []
    unknown: list[str] = []
    with reach(settings_for(collection)) as access:
        for pin in ids:
            try:
                access.delete(pin)
            except UnknownPin:
                unknown.append(pin)
            else:
                deleted.append(pin)
    if as_json and deleted:
        print_json({"deleted": deleted})
    elif deleted:
        terminal.out.print(f"{len(deleted):,} deleted")
    if unknown:
        named = ", ".join(map(repr, unknown[:5]))
        raise UnknownPin(f"no pin {named} is in this collection; {len(deleted):,} were deleted")


def _watched(outcomes: Iterator[Outcome], source: Arrivals) -> Iterator[Outcome]:
    """Pass outcomes on, with a progress bar where somebody watches."""
    if not terminal.err.is_terminal:
        yield from outcomes
        return
    with terminal.progress(f"indexing {source.path}", source.expected()) as bars:
        for outcome in outcomes:
            bars.advance(bars.task_ids[0])
            yield outcome
