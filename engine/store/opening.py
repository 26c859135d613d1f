"""A collection and its removals, opened where the settings say: in a folder or on a server.

The one place that knows of both.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import NoCollection, StoreError
from engine.settings import Settings, StoreSettings
from engine.store.cluster import Cluster
from engine.store.collection import Collection
from engine.store.disk import disk_errors
from engine.store.edge import EdgeCollection
from engine.store.generations import current, exists, folder_of
from engine.store.identity import Identity
from engine.store.ownership import Ownership
from engine.store.removals import NAME as REMOVALS_NAME
from engine.store.removals import Removals, RemovalsFile
from engine.store.standing import Standing

if TYPE_CHECKING:
    from engine.store.server import ServerCollection
    from engine.store.server_switch import ServerSwitch


def open_collection(
    given: StoreSettings, place: Path, identity: Identity | None, standing: Standing | None = None
) -> Collection:
    """Open the collection of a folder, or of its name on the server; with an identity it is made.

    standing: what the server says of which collection answers.
    Raises NoCollection, StoreInUse, StoreUnreachable.
    """
    create = identity is not None
    if given.url:
        name = place.name if standing is None else standing.current
        return open_on_server(given, place, name, identity, create=create)
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


def open_on_server(
    given: StoreSettings,
    place: Path,
    name: str,
    identity: Identity | None,
    *,
    create: bool = False,
    followed: bool = True,
) -> "ServerCollection":
    """Open one of a server's collections that go by the name of `place`.

    followed: whether writes are to what answers; a collection that is filled beside it is not.
    Raises NoCollection, FingerprintMismatch, StoreUnreachable.
    """
    # Only here: they bring qdrant-client.
    from engine.store.server import ServerCollection
    from engine.store.server_calls import Calls

    return ServerCollection.open(
        str(given.url),
        _key(given),
        name,
        identity,
        create=create,
        cluster=Cluster(**{each.name: getattr(given, each.name) for each in fields(Cluster)}),
        calls=Calls(given.attempts),
        timeout_s=given.timeout_s,
        ca=given.ca,
        family=place.name if followed else None,
    )


def standing_of(given: StoreSettings, place: Path) -> Standing | None:
    """Return what a server says of which collection answers; None if nothing, or without a server.

    Raises StoreUnreachable.
    """
    if not given.url:
        return None
    with switch_of(given, place) as switch:
        return switch.standing()


@contextmanager
def switch_of(given: StoreSettings, place: Path) -> "Iterator[ServerSwitch]":
    """Return where a server says which collection answers; raise StoreUnreachable."""
    from engine.store.server_calls import Calls
    from engine.store.server_opening import connect
    from engine.store.server_switch import ServerSwitch

    client = connect(str(given.url), _key(given), timeout_s=given.timeout_s, ca=given.ca)
    with closing(client):
        yield ServerSwitch(client, place.name, Calls(given.attempts))


def settled(settings: Settings, place: Path) -> Settings:
    """Return settings whose encoder is the one that the collection was changed to, if it was."""
    return answering(settings, place)[0]


def answering(settings: Settings, place: Path) -> tuple[Settings, Standing | None]:
    """Return the same, and what a server says of which collection answers."""
    standing = standing_of(settings.store, place)
    found = standing if settings.store.url else current(place)
    return (settings if found is None else encoded_by(settings, found.encoder)), standing


def encoded_by(settings: Settings, encoder: str) -> Settings:
    """Return settings with another encoder."""
    return settings.model_copy(update={"encoder": encoder})


def _key(given: StoreSettings) -> str | None:
    return given.api_key.get_secret_value() if given.api_key else None


def open_removals(collection: Collection, place: Path, kept: timedelta) -> Removals:
    """Return where removals are kept: beside the shard, or where all processes find them."""
    if isinstance(collection, EdgeCollection):
        return RemovalsFile(place / REMOVALS_NAME, kept)
    from engine.store.server import ServerCollection

    if not isinstance(collection, ServerCollection):
        raise StoreError(f"{type(collection).__name__} has no list of removals")
    return collection.removals(kept)
