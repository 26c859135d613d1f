"""`engine export` and `engine import`: a collection as one file, and out of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from engine.commands.options import AsJson, Collection, print_json, settings_for, terminal
from engine.errors import UsageError
from engine.ingestion.moving import Moved, Place, bring_in, identity_in, require_same_encoder
from engine.ingestion.moving import export as write_all
from engine.settings import Settings
from engine.store.archive import Archive, reading, writing
from engine.workspace import Workspace, identity_now, open_workspace


def export(
    file: Annotated[Path, typer.Argument(help="Where to write it, as a tar file.")],
    collection: Collection = None,
    force: Annotated[bool, typer.Option(help="Replace the file if it is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a collection into one file: pins, vectors, kept pictures, and what was deleted.

    `engine import` takes it in again, here or elsewhere, embedded or on a server, without encoding
    a picture. The collection must not be served meanwhile.
    """
    settings = settings_for(collection)
    refuse_present(file, force)
    with (
        open_workspace(settings) as workspace,
        progress("exporting", workspace.collection.count(blocked=True)) as done,
        writing(file) as archive,
    ):
        moved = write_all(place_of(workspace), settings.collection, archive, done)
    tell(moved, as_json)


def import_(
    file: Annotated[Path, typer.Argument(help="What `engine export` wrote.")],
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Take in what `engine export` wrote; all of it is checked before anything is written.

    Goes into the collection that is there, or makes one. Pins that are here in a newer state stay,
    and what was deleted or taken down here stays out. May be run again after it was cut short.
    """
    settings = settings_for(collection)
    if not file.is_file():
        raise UsageError(f"{file} is no file: give what 'engine export' wrote")
    with reading(file) as archive:
        settings = settings_like(archive, settings)
        with open_workspace(settings, create=True) as workspace:
            with progress("importing", None) as done:
                moved = bring_in(archive, place_of(workspace), workspace.analyzer, done)
            workspace.settle(wait=True)
    tell(moved, as_json)


def refuse_present(file: Path, force: bool) -> None:
    """Raise UsageError where a file would be replaced that nobody said to replace."""
    if file.exists() and not force:
        raise UsageError(f"{file} is there already: name another file, or give --force")


def settings_like(archive: Archive, settings: Settings) -> Settings:
    """Return settings by which a collection is made that takes an archive.

    Raises FingerprintMismatch, before one is made that could not.
    """
    regions = settings.regions.model_copy(update={"keep": identity_in(archive).regions})
    settings = settings.model_copy(update={"regions": regions})
    require_same_encoder(identity_in(archive), identity_now(settings))
    return settings


def place_of(workspace: Workspace) -> Place:
    """Return a workspace as one end of a move."""
    return Place(
        workspace.collection,
        workspace.images,
        workspace.removals,
        workspace.belongings.parameters_path,
    )


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show how far something is; yields what is told of pins that are done."""
    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda pins: shown.advance(task, pins)


def tell(moved: Moved, as_json: bool) -> None:
    """Print what a move did."""
    if as_json:
        print_json(asdict(moved))
        return
    parts = [
        f"{count:,} {name.replace('_', ' ')}" for name, count in asdict(moved).items() if count
    ]
    terminal.out.print(", ".join(parts) or "no pins", markup=False)
