"""A workspace with a tiny encoder, and pins with plain pictures to send into it."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from engine.features.text import Analyzer
from engine.ingestion.arrivals import Arrival
from engine.ingestion.changes import Deletion, Patch
from engine.pins import Pin
from engine.settings import load_settings
from engine.store.edge import EdgeCollection
from engine.store.image_store import ImageStore
from engine.store.removals import RemovalsFile
from engine.workspace import Workspace, collection_folder, identity_of
from tests.tiny_encoder import COLOURS, TinyEncoder

START = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def opened(folder: Path, **versions: float) -> Iterator[Workspace]:
    """Open an embedded workspace in a folder, as `open_workspace` does, with a tiny encoder."""
    settings = load_settings(data=folder, versions=versions or None)
    place = collection_folder(settings)
    encoder = TinyEncoder()
    identity = identity_of(encoder, Analyzer("english"))
    kept = timedelta(days=settings.versions.keep_deleted_days)
    with EdgeCollection.open(place, identity, create=True) as collection:
        removals = RemovalsFile(place / "removals.db", kept)
        images = ImageStore(place / "images")
        made = Workspace(settings, collection, images, collection.ownership, encoder, removals)
        made.eraser.resume()
        try:
            yield made
        finally:
            removals.close()


def uri(colour: str, size: int = 16) -> str:
    """Return a plain picture as a data: URI."""
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), COLOURS[colour]).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def at(hour: int | None) -> datetime | None:
    """Return a time so many hours after the start."""
    return None if hour is None else START + timedelta(hours=hour)


def put(
    name: str,
    text: str = "",
    hour: int | None = None,
    sequence: int | None = None,
    colour: str = "red",
    **more: Any,
) -> Arrival:
    """Return a whole pin on its way in."""
    pin = Pin(name, uri(colour), text or None, updated_at=at(hour), **more)
    return Arrival(pin, None, name, sequence)


def patch(name: str, sequence: int | None = None, **changes: Any) -> Patch:
    """Return a change to a pin on its way in."""
    return Patch(name, changes, None, name, sequence)


def gone(name: str, hour: int | None = None, sequence: int | None = None) -> Deletion:
    """Return the end of a pin on its way in."""
    return Deletion(name, name, at(hour), sequence)


def send(workspace: Workspace, *changes: Arrival | Patch | Deletion) -> list[str]:
    """Send changes in one stream and return the statuses, or the slugs of what was ignored."""
    outcomes = workspace.intake().run(changes)
    return [
        why.slug if (why := each.error or each.ignored) is not None else each.status
        for each in outcomes
    ]


def text_of(workspace: Workspace, name: str) -> str | None:
    """Return a pin's description, None when it is not there."""
    record = workspace.collection.get([name]).get(name)
    return None if record is None else record.pin.description


def pictures(workspace: Workspace) -> int:
    """Return how many pictures are kept."""
    return len(list(workspace.images.folder.rglob("*.jpg")))
