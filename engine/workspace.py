"""What the settings name, opened: the data folder, the collection, the pictures, the encoder.

The one place where the rooms are put together; the command line and the HTTP service both start
here. The encoder is loaded at its first use, since many commands need none.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from engine.errors import NoCollection, StoreError
from engine.features.encoder import Encoder
from engine.features.factory import load_encoder
from engine.features.images import ImageLimits
from engine.features.text import Analyzer
from engine.ingestion.intake import Intake
from engine.queries import Filter, Query
from engine.retrieval.answers import Answer
from engine.retrieval.parameters import Parameters, for_encoder
from engine.retrieval.related import related
from engine.retrieval.search import search
from engine.retrieval.understand import Reader
from engine.settings import Settings
from engine.store.collection import Collection
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity, check
from engine.store.image_store import ImageStore
from engine.store.ownership import Ownership


@dataclass(frozen=True)
class Workspace:
    """One opened collection and all that is needed to fill it and to ask it."""

    settings: Settings
    collection: Collection
    images: ImageStore
    hold: Ownership | None = None

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder that the settings name; raises FingerprintMismatch if it isn't the collection's."""
        encoder = load_encoder(self.settings.encoder)
        check(
            self.collection.identity,
            identity_of(encoder, self.analyzer),
            f"collection {self.settings.collection!r}",
        )
        return encoder

    @cached_property
    def analyzer(self) -> Analyzer:
        return Analyzer(self.settings.language)

    @property
    def limits(self) -> ImageLimits:
        images = self.settings.images
        return ImageLimits(max_bytes=images.max_bytes, max_pixels=images.max_pixels)

    @cached_property
    def parameters(self) -> Parameters:
        return for_encoder(self.collection.identity.encoder_fingerprint)

    def search(self, query: Query) -> Answer:
        """Answer a query."""
        reader = Reader(
            self.collection,
            self.encoder,
            self.analyzer,
            self.images,
            self.limits,
            self.parameters.text_gain,
        )
        return search(query, reader, self.parameters)

    def related(
        self,
        pin_id: str,
        *,
        filter_: Filter | None = None,
        limit: int = 20,
        offset: int = 0,
        explain: bool = False,
    ) -> Answer:
        """Answer with pins like a pin."""
        return related(
            pin_id,
            self.collection,
            self.parameters,
            filter_=filter_,
            limit=limit,
            offset=offset,
            explain=explain,
        )

    def intake(self) -> Intake:
        """Return the way in for new pins."""
        return Intake(self.collection, self.encoder, self.analyzer, self.images, self.limits)


def identity_of(encoder: Encoder, analyzer: Analyzer) -> Identity:
    """Return the fingerprints of what these two would write."""
    return Identity(encoder.fingerprint, encoder.dimension, analyzer.fingerprint)


@contextmanager
def open_workspace(settings: Settings, *, create: bool = False) -> Iterator[Workspace]:
    """Open what the settings name and close it again.

    Embedded, this process becomes the owner of the data folder; StoreInUse names the present one.
    Raises NoCollection unless the collection exists or `create` is given.
    """
    folder = settings.data
    if create:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the data folder {folder} can't be made: {error.strerror}") from None
    images = ImageStore(folder / "images", settings.images.mode)
    if settings.store.url:
        with closing(_server(settings, create)) as collection:
            yield Workspace(settings, collection, images)
        return
    place = collection_folder(settings)
    if not create and not place.is_dir():
        raise NoCollection(
            f"no collection {settings.collection!r} in {folder}: make it with "
            "'engine index PINS.jsonl', or name another with --collection"
        )
    hold = Ownership.take(folder)
    try:
        with closing(_embedded(settings, place, create)) as collection:
            yield Workspace(settings, collection, images, hold)
    finally:
        hold.release()


def collection_folder(settings: Settings) -> Path:
    """Return where an embedded collection lives."""
    return settings.data / "collections" / settings.collection


def _embedded(settings: Settings, place: Path, create: bool) -> EdgeCollection:
    identity = None if place.is_dir() else _identity(settings, create)
    return EdgeCollection.open(
        place, identity, create=create, min_free_bytes=settings.store.min_free_bytes
    )


def _server(settings: Settings, create: bool) -> Collection:
    from engine.store.server import ServerCollection  # only here: it brings qdrant-client along

    key = settings.store.api_key
    return ServerCollection.open(
        str(settings.store.url),
        key.get_secret_value() if key else None,
        settings.collection,
        _identity(settings, create),
        create=create,
    )


def _identity(settings: Settings, create: bool) -> Identity | None:
    if not create:
        return None
    return identity_of(load_encoder(settings.encoder), Analyzer(settings.language))
