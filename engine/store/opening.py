"""A collection and its removals, opened where the settings say: in a folder or on a server.

The one place that knows of both.
"""

from dataclasses import fields
from datetime import timedelta
from pathlib import Path

from engine.errors import NoCollection, StoreError
from engine.settings import StoreSettings
from engine.store.cluster import Cluster
from engine.store.collection import Collection
from engine.store.disk import disk_errors
from engine.store.edge import EdgeCollection
from engine.store.generations import exists, folder_of
from engine.store.identity import Identity
from engine.store.ownership import Ownership
from engine.store.removals import NAME as REMOVALS_NAME
from engine.store.removals import Removals, RemovalsFile


def open_collection(given: StoreSettings, place: Path, identity: Identity | None) -> Collection:
    """Open the collection of a folder, or of its name on the server; with an identity it is made.

    Raises NoCollection, StoreInUse, StoreUnreachable.
    """
    create = identity is not None
    if given.url:
        # Only here: they bring qdrant-client.
        from engine.store.server import ServerCollection
        from engine.store.server_calls import Calls

        return ServerCollection.open(
            given.url,
            given.api_key.get_secret_value() if given.api_key else None,
            place.name,
            identity,
            create=create,
            cluster=Cluster(**{each.name: getattr(given, each.name) for each in fields(Cluster)}),
            calls=Calls(given.attempts),
            timeout_s=given.timeout_s,
            ca=given.ca,
        )
    if identity is None and not exists(place):
        raise NoCollection(
            f"no collection {place.name!r} in {place.parent.parent}: make it with "
            "'engine index PINS.jsonl', or name another with --collection"
        )
    with disk_errors(place):
        place.mkdir(parents=True, exist_ok=True)
    # Whichever generation answers, its owner is that of the collection.
    hold = Ownership.take(place)
    reserve = given.min_free_bytes
    try:
        return EdgeCollection.open(
            folder_of(place), identity, create=create, min_free_bytes=reserve, ownership=hold
        )
    except BaseException:
        hold.release()
        raise


def open_removals(collection: Collection, place: Path, kept: timedelta) -> Removals:
    """Return where removals are kept: beside the shard, or where all processes find them."""
    if isinstance(collection, EdgeCollection):
        return RemovalsFile(place / REMOVALS_NAME, kept)
    from engine.store.server import ServerCollection

    if not isinstance(collection, ServerCollection):
        raise StoreError(f"{type(collection).__name__} has no list of removals")
    return collection.removals(kept)
