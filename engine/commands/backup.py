"""`engine backup` and `engine restore`: a collection in safety, and back again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from engine.access import reach
from engine.belongings import Belongings
from engine.commands.moving import place_of, progress, refuse_present, settings_like, tell
from engine.commands.options import AsJson, Collection, print_json, settings_for, terminal
from engine.errors import NoCollection, UsageError
from engine.ingestion.backup import back_up, put_beside, require_backup, verify
from engine.ingestion.moving import Moved, Place, bring_in
from engine.settings import Settings
from engine.store.archive import reading, writing
from engine.store.disk import disk_errors
from engine.store.edge import EdgeCollection
from engine.store.image_store import ImageStore
from engine.store.removals import NAME as REMOVALS_NAME
from engine.store.removals import RemovalsFile
from engine.store.snapshot import PICTURES
from engine.workspace import collection_folder, open_workspace

RESTORING = "restoring"


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it, as a tar file.")],
    collection: Collection = None,
    force: Annotated[bool, typer.Option(help="Replace the file if it is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Back a collection up as it is at this moment, also while it is served and written to.

    Into one file go pins, vectors, pictures, what was deleted, feedback, people and dead letters.
    """
    settings = settings_for(collection)
    refuse_present(file, force)
    done: Callable[[int], None]
    if settings.store.url:
        # Nothing holds a server's pins still: each is in one of the states that it had meanwhile.
        with (
            open_workspace(settings) as workspace,
            progress("backing up", workspace.collection.count(blocked=True)) as done,
            writing(file, private=True) as archive,
        ):
            files, here = workspace.belongings.files(), place_of(workspace)
            moved = back_up(here, settings.collection, archive, files, done, still=False)
    else:
        with reach(settings) as access:
            folder = collection_folder(settings) / access.snapshot()
        try:
            moved = _backed_up(folder, settings, file)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    tell(moved, as_json)


def restore(
    file: Annotated[Path, typer.Argument(help="What `engine backup` wrote.")],
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup where there is no such collection, and prove that it is all there.

    The file's sums are checked first; afterwards each pin and picture is compared with it, and what
    is near to some pins with what was near then. May be run again after it was cut short.
    """
    settings = settings_for(collection)
    if not file.is_file():
        raise UsageError(f"{file} is no file: give what 'engine backup' wrote")
    with reading(file) as archive:
        require_backup(archive)
        settings = settings_like(archive, settings)
        folder = collection_folder(settings)
        mark = folder / RESTORING
        _require_nothing(settings, mark)
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            mark.touch()
        with open_workspace(settings, create=True) as workspace:
            here = place_of(workspace)
            with progress("restoring", None) as done:
                moved = bring_in(archive, here, workspace.analyzer, done)
            put_beside(archive, folder)
            workspace.settle(wait=True)
            with progress("comparing", moved.written + moved.unchanged) as done:
                verified = verify(archive, here, workspace.analyzer, done)
        mark.unlink()
    if as_json:
        print_json({**asdict(moved), "verified": asdict(verified)})
        return
    tell(moved, as_json=False)
    terminal.out.print(
        f"compared with the backup: {verified.pins:,} pins, {verified.pictures:,} pictures, "
        f"{verified.answers:,} answers, all equal"
    )


def _backed_up(folder: Path, settings: Settings, file: Path) -> Moved:
    with (
        _opened(folder, settings) as here,
        progress("backing up", here.collection.count(blocked=True)) as done,
        writing(file, private=True) as archive,
    ):
        files = Belongings(folder, settings).files()
        return back_up(here, settings.collection, archive, files, done, still=True)


@contextmanager
def _opened(folder: Path, settings: Settings) -> Iterator[Place]:
    kept = timedelta(days=settings.versions.keep_deleted_days)
    with (
        closing(EdgeCollection.open(folder, None)) as collection,
        closing(RemovalsFile(folder / REMOVALS_NAME, kept)) as removals,
    ):
        parameters = Belongings(folder, settings).parameters_path
        yield Place(collection, ImageStore(folder / PICTURES), removals, parameters)


def _require_nothing(settings: Settings, mark: Path) -> None:
    """Raise UsageError where there is a collection already, unless a restore was cut short."""
    if mark.exists():
        return
    try:
        with open_workspace(settings):
            pass
    except NoCollection:
        return
    raise UsageError(
        f"collection {settings.collection!r} is there already: name another with --collection, or "
        "move its folder away; 'engine import' adds the pins of a backup to what is there"
    )
