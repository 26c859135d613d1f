"""A collection encoded anew beside itself, from snapshots, in a process that does nothing else.

It may be ended at any time and begun again: what is there is passed over. The process that owns the
collection only makes the snapshots, and switches in the end (`switching.py`).
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

from engine.errors import StoreError, UsageError
from engine.features.encoder import Encoder
from engine.ingestion.reencoding import Brought, Done, Pace, Reencoding
from engine.settings import Settings
from engine.store import generations
from engine.store.edge import EdgeCollection
from engine.store.image_store import ImageStore
from engine.store.ownership import Ownership
from engine.store.removals import NAME as REMOVALS_NAME
from engine.store.removals import RemovalsFile
from engine.store.snapshot import PICTURES
from engine.workspace import Workspace, collection_folder, encoder_of, identity_of

# Snapshots are taken until so few pins were new in one: the owner encodes those that come then.
FEW: Final = 64
SNAPSHOTS: Final = 6
BUILDING: Final = "reindexing"
PATIENCE_S: Final = 30.0
Snap = Callable[[], str]


@dataclass(frozen=True)
class Filled:
    """A generation with all pins of a snapshot, both open.

    folder: the generation's name.
    """

    now: Workspace
    then: Workspace
    folder: str
    brought: Brought


@contextmanager
def filled(settings: Settings, name: str, snap: Snap, share: float, done: Done) -> Iterator[Filled]:
    """Fill the generation of an encoder, making it if need be, until it is as good as up to date.

    name: as ENGINE_ENCODER takes it. snap: has the collection's owner take a snapshot, and returns
    its name. share: how much of the time is worked. Raises UsageError where that encoder answers
    already, StoreInUse where another process does the same.
    """
    place = collection_folder(settings)
    chosen = settings.model_copy(update={"encoder": name})
    encoder = encoder_of(chosen)
    brought = Brought()
    (place / BUILDING).mkdir(parents=True, exist_ok=True)
    hold = Ownership.take(place / BUILDING)
    try:
        for left in reversed(range(SNAPSHOTS)):
            with _snapshot(settings, snap) as now, _target(now, encoder, name, hold) as target:
                bringing = Reencoding(
                    now.collection, target, now.images, now.limits, encoder, Pace(share)
                )
                brought += (found := bringing.bring_all(done))
                target.flush()
                if left and found.written + found.removed > FEW:
                    continue
                target.start_optimizing(settings.store.graph_threshold)
                target.finish_optimizing()
                then = Workspace(chosen, target, now.images, None, encoder, now.removals)
                yield Filled(now, then, generations.name_of(place, target.folder), brought)
                return
    finally:
        hold.release()


@contextmanager
def _snapshot(settings: Settings, snap: Snap) -> Iterator[Workspace]:
    folder = collection_folder(settings) / snap()
    try:
        with (
            closing(EdgeCollection.open(folder, None)) as collection,
            closing(RemovalsFile(folder / REMOVALS_NAME, settings.versions.kept)) as removals,
        ):
            images = ImageStore(folder / PICTURES)
            yield Workspace(settings, collection, images, removals=removals)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _target(
    now: Workspace, encoder: Encoder, name: str, hold: Ownership
) -> Iterator[EdgeCollection]:
    place = collection_folder(now.settings)
    identity = identity_of(encoder, now.analyzer, now.collection.identity.regions)
    if identity == now.collection.identity:
        raise UsageError(f"the collection has the vectors of encoder {name!r} already")
    folder = generations.matching(place, identity)
    generations.note_encoder(folder, name)
    reserve = now.settings.store.min_free_bytes
    collection = _let_go(
        lambda: EdgeCollection.open(
            folder, identity, create=True, min_free_bytes=reserve, ownership=hold
        )
    )
    # Held until all is done, not until this is closed.
    collection.hand_over()
    with closing(collection):
        yield collection


def _let_go(opened: Callable[[], EdgeCollection]) -> EdgeCollection:
    """Open what the owner may yet have open for requests that began before its last switch."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return opened()
        except StoreError as error:
            if "WouldBlock" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.2)
