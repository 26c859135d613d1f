"""What the settings name, opened: the data folder, the collection, the pictures, the encoder.

The one place where the rooms are put together; the command line and the HTTP service both start
here. The encoder is loaded at its first use, since many commands need none.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.belongings import Belongings
from engine.discovery.feed import Feed, Personal
from engine.discovery.knowledge import Knowledge
from engine.discovery.objects import Finder, named
from engine.errors import UnknownPin, UsageError
from engine.features.encoder import Encoder
from engine.features.factory import load_encoder
from engine.features.images import ImageLimits
from engine.features.text import Analyzer
from engine.ingestion.admission import Admission
from engine.ingestion.changes import Deletion, Patch
from engine.ingestion.classifying import Classifier, load_classifier
from engine.ingestion.erasure import Eraser
from engine.ingestion.intake import Intake
from engine.ingestion.lookahead import Lookahead
from engine.ingestion.outcome import Outcome
from engine.ingestion.unsettled import Unsettled
from engine.queries import MAX_OFFSET, Filter, For, Query
from engine.retrieval.answers import Answer
from engine.retrieval.cursors import binding
from engine.retrieval.facets import FacetRequest, facets
from engine.retrieval.parameters import Parameters
from engine.retrieval.parameters_file import Current
from engine.retrieval.related import related
from engine.retrieval.search import search
from engine.retrieval.suggest import Suggester
from engine.retrieval.understand import Reader
from engine.settings import Settings
from engine.store.collection import Collection
from engine.store.edge import EdgeCollection
from engine.store.feedback_log import Event
from engine.store.generations import exists
from engine.store.identity import Identity, check
from engine.store.image_store import ImageStore
from engine.store.opening import answering, open_collection, open_removals, settled
from engine.store.ownership import Ownership
from engine.store.records import point_id
from engine.store.removals import Removals, RemovalsFile
from engine.store.snapshot import Snapshot, remove_stale, take_snapshot


@dataclass(frozen=True)
class Workspace:
    """One opened collection and all that is needed to fill it and to ask it."""

    settings: Settings
    collection: Collection
    images: ImageStore
    hold: Ownership | None = None
    loaded: Encoder | None = None
    removals: Removals = field(default_factory=RemovalsFile)

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder that the settings name; FingerprintMismatch if the collection has another."""
        encoder = self.loaded or load_encoder(self.settings.encoder)
        check(
            self.collection.identity,
            identity_of(encoder, self.analyzer),
            f"collection {self.settings.collection!r}",
        )
        return encoder

    @cached_property
    def belongings(self) -> Belongings:
        """What lies in the collection's folder beside its pins."""
        return Belongings(collection_folder(self.settings), self.settings)

    @cached_property
    def analyzer(self) -> Analyzer:
        return Analyzer(self.settings.language)

    @cached_property
    def knowledge(self) -> Knowledge:
        """What things can be called, and what finds and names them in pictures."""
        return Knowledge(self.settings, lambda: self.encoder, self.analyzer)

    @property
    def limits(self) -> ImageLimits:
        images = self.settings.images
        return ImageLimits(bytes=images.max_bytes, pixels=images.max_pixels)

    @cached_property
    def _current(self) -> Current:
        return Current(self.belongings.parameters_path, self.collection.identity)

    @property
    def parameters(self) -> Parameters:
        """What decides relevance at this moment: tuned parameters are taken up as they appear."""
        return self._current()

    def search(self, query: Query) -> Answer:
        """Answer a query; raise BadQuery for a cursor that is not of it."""
        parameters = self.parameters
        personal = None
        if query.person is not None and query.person.strength > 0.0:
            taste = self.feed.taste(self.belongings.told(query.person))
            personal = Personal(taste, query.person.strength, self.collection, parameters)
        # Not to the person: who likes something between two pages goes on by the new taste.
        plain = replace(query, limit=1, offset=0, explain=False, cursor=None, person=None)
        asked = binding("search", plain)
        if query.cursor is not None:
            seen = self.belongings.cursors.read(query.cursor, asked)
            query = replace(query, cursor=None, offset=len(seen), seen=seen)
        answer = search(query, self.reader(parameters), parameters, personal)
        return self.sized(self._continued(answer, asked))

    @property
    def feed(self) -> Feed:
        """What makes feeds, by the present parameters."""
        return Feed(self.collection, self.parameters, lambda: self.knowledge.kinds)

    def personal_feed(
        self, person: For, filter_: Filter, limit: int, cursor: str | None = None
    ) -> Answer:
        """Answer with what a person would like; raise BadQuery for a cursor of another filter."""
        asked = binding("feed", filter_)
        seen = frozenset[int]() if cursor is None else self.belongings.cursors.read(cursor, asked)
        answer = self.feed.answer(person, filter_, limit, len(seen), seen)
        return self.sized(self._continued(answer, asked))

    def _continued(self, answer: Answer, asked: bytes) -> Answer:
        """Return an answer with the cursor of the next page, if there is one."""
        if answer.next_offset is None or answer.next_offset > MAX_OFFSET:
            return replace(answer, next_offset=None)
        return replace(answer, cursor=self.belongings.cursors.write(asked, answer.seen))

    @cached_property
    def suggester(self) -> Suggester:
        """What completes half-typed queries."""

        def familiar(word: str) -> bool:
            return self.encoder.knows_word(word)

        return Suggester(self.collection, self.analyzer, familiar)

    def facets(self, request: FacetRequest) -> dict[str, Any]:
        """Return how many pins have each value of some fields, as JSON."""
        started = time.perf_counter()
        parameters = self.parameters
        found = facets(request, self.collection, self.reader(parameters), parameters)
        took = (time.perf_counter() - started) * 1000
        return {"facets": [each.to_json() for each in found], "took_ms": round(took, 3)}

    def reader(self, parameters: Parameters) -> Reader:
        """Return what reads queries for this collection."""
        return Reader(
            self.collection,
            lambda: self.encoder,
            self.analyzer,
            self.images,
            self.limits,
            parameters.text_gain,
            lambda rows: named(rows, self.knowledge.labels("kind")),
        )

    def related(
        self,
        pin_id: str,
        *,
        but: str | None = None,
        minus: str | None = None,
        filter_: Filter | None = None,
        limit: int = 20,
        cursor: str | None = None,
        diversity: float = 0.0,
        explain: bool = False,
    ) -> Answer:
        """Answer with pins like a pin, or like it but for what some words say.

        Raises BadQuery for a cursor that is not of this question.
        """
        parameters = self.parameters
        asked = binding("related", pin_id, but, minus, filter_ or Filter(), diversity)
        seen = frozenset[int]() if cursor is None else self.belongings.cursors.read(cursor, asked)
        answer = related(
            pin_id,
            self.reader(parameters),
            parameters,
            but=but,
            minus=minus,
            filter_=filter_,
            limit=limit,
            offset=len(seen),
            diversity=diversity,
            explain=explain,
            seen=seen,
        )
        return self.sized(self._continued(answer, asked))

    def sized(self, answer: Answer) -> Answer:
        """Return an answer whose hits say how large their kept pictures are."""
        size = self.images.size
        hits = (
            hit if hit.image_key is None else replace(hit, size=size(hit.image_key))
            for hit in answer.hits
        )
        return replace(answer, hits=tuple(hits))

    def patch(
        self, pin_id: str, changes: Mapping[str, Any], *, sequence: int | None = None
    ) -> Outcome:
        """Change a part of a pin by a JSON merge patch (RFC 7396) and say what became of it.

        Where the picture stays, it is neither read nor encoded; a new one comes as a data: URI.
        The outcome has UnknownPin, BadPin or BadImage as its `error`.
        """
        [outcome] = self.intake().run([Patch(pin_id, changes, None, pin_id, sequence)])
        return outcome

    def delete(
        self, pin_id: str, *, updated_at: datetime | None = None, sequence: int | None = None
    ) -> None:
        """Delete a pin, and its picture unless another pin shares it.

        What is older than the deletion does not bring it back; without a version that is all up
        to the state that is deleted. With a version a pin may be deleted that has yet to come.
        Raises UnknownPin, StaleVersion when a newer state is there, BadPin for a far future.
        """
        deletion = Deletion(pin_id, pin_id, updated_at, sequence)
        admission = Admission(self.collection, self.removals, self._max_ahead)
        doomed = admission.doom(deletion, admission.standing([deletion]))
        if doomed.known is None and updated_at is None and sequence is None:
            raise UnknownPin(f"no pin {pin_id!r} is in this collection")
        known = {} if doomed.known is None else {pin_id: doomed.known}
        self.eraser.sweep(self.eraser.bury({pin_id: doomed.version}, known), [pin_id])

    @property
    def eraser(self) -> Eraser:
        """The way out: takedowns, which keep a pin or a picture from ever coming back."""
        letters = self.belongings.letters(queued=True)
        return Eraser(self.collection, self.images, self.removals, letters)

    def keep_feedback(self, events: Sequence[Event]) -> int:
        """Keep events about pins that are here; return how many. Others leave no trace."""
        named = {pin for each in events for pin in (*each.shown, *each.pins) if pin is not None}
        gone = named - self.collection.facts(sorted(named)).keys()
        kept = [left for each in events if (left := each.without(gone))]
        return self.belongings.feedback.append(kept)

    def picture(self, pin_id: str) -> bytes | None:
        """Return the kept JPEG of a pin, or None; raise UnknownPin."""
        key = point_id(pin_id)
        stored = self.collection.pins([key]).get(key)
        if stored is None:
            raise UnknownPin(f"no pin {pin_id!r} is in this collection")
        return self.images.get(stored.image_key) if stored.image_key else None

    def info(self) -> dict[str, Any]:
        """Return what the collection amounts to, as JSON."""
        facts = self.collection.info()
        return {
            "collection": self.settings.collection,
            "pins": facts.points,
            "unindexed": max(facts.points - facts.indexed, 0),
            "encoder": facts.identity.encoder_fingerprint,
            "dimension": facts.identity.dimension,
            "regions": facts.identity.regions,
            "analysis": facts.identity.analysis_fingerprint,
            "parameters": self._current.number or "defaults",
            "store": self.settings.store.url or "embedded",
            "data": str(self.settings.data.resolve()),
            "disk_bytes": facts.disk_bytes,
        }

    def snapshot(self, quiet: AbstractContextManager[object] | None = None) -> Snapshot:
        """Copy all as it is now; see `take_snapshot`. Raises UsageError for one on a server."""
        if not isinstance(self.collection, EdgeCollection):
            raise UsageError("a collection on a server has its snapshots there")
        files, images = self.belongings.files(), self.images.folder
        return take_snapshot(self.collection, images.parent, files, images, quiet or nullcontext())

    def flush(self) -> None:
        """Make writes durable: kept pictures, then the pins that show them."""
        self.images.sync()
        self.collection.flush()

    def settle(self, *, wait: bool = False) -> None:
        """Make writes durable; have the search graph built once enough pins are outside it.

        That goes on in the background unless `wait` is given.
        """
        self.flush()
        self.collection.start_optimizing(self.settings.store.graph_threshold)
        if wait:
            self.collection.finish_optimizing()

    def intake(self) -> Intake:
        """Return the way in for new pins."""
        return Intake(
            self.collection,
            self.encoder,
            self.analyzer,
            self.images,
            self.limits,
            removals=self.removals,
            max_ahead=self._max_ahead,
            fetching=lambda: self.fetching,
            # Deletions in a stream come from a queue, whose worker looks after its own letters.
            letters=self.belongings.letters(queued=False),
            # On a server other processes may be in the middle of theirs.
            unsettled=None if self.hold is None else Unsettled(self.images.folder),
            classifier=self.classifier,
            propose=self.knowledge.detector if self.collection.identity.regions else None,
        )

    @cached_property
    def classifier(self) -> Classifier | None:
        """What may keep arriving pins out of every answer; None by default. Raises BadSetting."""
        return load_classifier(self.settings.blocking, self.encoder)

    @cached_property
    def fetching(self) -> Lookahead:
        """What fetches pictures from URLs; made at its first use, and closed with the rest."""
        from engine.ingestion.fetch import fetch_ahead  # only here: it brings httpx

        return fetch_ahead(self.settings.fetch, self.limits.bytes)

    def close(self) -> None:
        """Stop what was started here."""
        if "fetching" in self.__dict__:
            self.fetching.close()

    @property
    def _max_ahead(self) -> timedelta:
        return timedelta(seconds=self.settings.versions.max_ahead_s)


def finder_of(settings: Settings) -> Finder:
    """Return what finds the things in a picture, without any collection."""
    analyzer = Analyzer(settings.language)
    return Knowledge(settings, lambda: load_encoder(settings.encoder), analyzer).finder


def encoder_of(settings: Settings) -> Encoder:
    """Return the encoder that the settings name."""
    return load_encoder(settings.encoder)


def identity_of(encoder: Encoder, analyzer: Analyzer, regions: int = 0) -> Identity:
    """Return the fingerprints of what these two would write, with so many regions a pin."""
    return Identity(encoder.fingerprint, encoder.dimension, analyzer.fingerprint, regions)


def identity_now(settings: Settings, encoder: Encoder | None = None) -> Identity:
    """Return the fingerprints of a collection that would be made by these settings."""
    encoder = encoder or encoder_of(settled(settings, collection_folder(settings)))
    return identity_of(encoder, Analyzer(settings.language), settings.regions.keep)


@contextmanager
def open_workspace(settings: Settings, *, create: bool = False) -> Iterator[Workspace]:
    """Open what the settings name and close it again.

    Embedded, this process becomes the owner of the collection; StoreInUse names the present one.
    Raises NoCollection unless the collection exists or `create` is given.
    """
    place = collection_folder(settings)
    settings, standing = answering(settings, place)
    # A picture belongs to one collection, which alone can tell when its last pin is gone.
    images = ImageStore(place / "images", settings.images.mode, settings.store.min_free_bytes)
    there = not settings.store.url and exists(place)
    # What exists is opened as it is, since many commands need no encoder; `Workspace.encoder`
    # refuses another than the collection's.
    made = encoder_of(settings) if create and not there else None
    identity = None if made is None else identity_now(settings, made)
    with (
        closing(open_collection(settings.store, place, identity, standing)) as collection,
        closing(open_removals(collection, place, settings.versions.kept)) as removals,
    ):
        hold = collection.ownership if isinstance(collection, EdgeCollection) else None
        workspace = Workspace(settings, collection, images, hold, made, removals)
        workspace.eraser.resume()
        if hold is not None:
            remove_stale(place)
            workspace.eraser.sweep_unsettled()
        with closing(workspace):
            yield workspace


def collection_folder(settings: Settings) -> Path:
    """Return where a collection's pictures live, and all of it if it is embedded."""
    return settings.data / "collections" / settings.collection
