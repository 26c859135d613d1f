"""A collection in Qdrant Edge: Qdrant's engine inside this process, its data in one folder.

Knows nothing of scoring: it runs the legs of `query_plan`.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import qdrant_edge as edge

from engine.errors import NoCollection
from engine.queries import Filter
from engine.store import edge_schema, query_plan, schema
from engine.store.collection import EVERYTHING, CollectionInfo
from engine.store.description import IDENTITY_NAME, describe, described
from engine.store.disk import MIN_FREE, bytes_in, disk_errors, require_room
from engine.store.flushing import Flushing
from engine.store.frequencies import Frequencies
from engine.store.graph_building import GraphBuilding
from engine.store.identity import Identity, check
from engine.store.kept_words import NAME as WORDS_NAME
from engine.store.kept_words import KeptWords, text_of
from engine.store.legs import FloatArray, Leg, Ranked, VectorLeg
from engine.store.live_shard import Followed, LiveShard, edge_errors
from engine.store.ownership import Ownership
from engine.store.plan import Candidates, Plan
from engine.store.records import Facts, Record, StoredPin, point_id
from engine.store.shard_folder import (
    SHARD_NAME,
    copy_shard,
    create_shard,
    live_folder,
    load_shard,
    remove_others,
)
from engine.store.vectors import named_rows, unit
from engine.store.vocabulary import Vocabulary

# To look at so many pins takes well under a millisecond.
COUNT_ONE_BY_ONE = 10_000
SHOWING_PAGE = 1_000
# A rough facet counts what was deleted since the last `optimize` too, so more values than wanted
# are looked at.
FACET_SLACK = 16
# Few enough that no search waits for them to be noticed.
TEXTS_PAGE = 200


class EdgeCollection:
    """An embedded collection; the process that opens it owns its folder until it closes it."""

    tells_text = True

    def __init__(
        self,
        folder: Path,
        live: LiveShard,
        identity: Identity,
        ownership: Ownership,
        min_free_bytes: int,
    ) -> None:
        self._folder = folder
        self._live = live
        self._identity = identity
        self._min_free = min_free_bytes
        self._frequencies = Frequencies()
        self._blocked_pins: int | None = None
        self._words = KeptWords(folder / WORDS_NAME, self._texts, self.count)
        self.building = GraphBuilding(folder, live, min_free_bytes)
        self._flushing = Flushing(live)
        self.ownership = ownership
        self._holds = True

    @classmethod
    def open(
        cls,
        folder: Path,
        identity: Identity | None,
        *,
        create: bool = False,
        min_free_bytes: int = MIN_FREE,
        ownership: Ownership | None = None,
    ) -> Self:
        """Open the collection in a folder, or make it there with `create`.

        identity: what the opener encodes and analyses with; None takes what is there.
        min_free_bytes: what of the disk that writes leave free.
        ownership: a hold that there is already, which is this one's once it is open.
        Raises NoCollection, FingerprintMismatch, StoreInUse.
        """
        there = (folder / IDENTITY_NAME).exists()
        if not there and (not create or identity is None):
            raise NoCollection(f"{folder} holds no collection yet: index some pins first")
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        hold = ownership or Ownership.take(folder)
        try:
            with edge_errors(folder):
                if not (folder / IDENTITY_NAME).exists() and identity is not None:
                    require_room(folder, min_free_bytes)
                    _create(folder, identity)
                kept = Identity.from_json(described(folder), str(folder))
                check(kept, identity, str(folder))
                place = live_folder(folder)
                live = LiveShard(folder, place, load_shard(place))
                # Only now that the live one is known to be good.
                remove_others(folder)
        except BaseException:
            if ownership is None:
                hold.release()
            raise
        return cls(folder, live, kept, hold, min_free_bytes)

    @property
    def identity(self) -> Identity:
        return self._identity

    @property
    def folder(self) -> Path:
        """Where the collection lies."""
        return self._folder

    @property
    def min_free_bytes(self) -> int:
        """What of the disk writes leave free."""
        return self._min_free

    def upsert(self, records: Sequence[Record]) -> None:
        points = {
            (key := point_id(record.pin.id)): edge.Point(key, vectors, schema.payload(record))
            for record, vectors in zip(records, named_rows(records, self._identity), strict=True)
        }
        if not points:
            return
        require_room(self._folder, self._min_free)
        with self._live.writing(points, len(points)) as shard:
            # Before the write: one that fails may have been done in part.
            if self._blocked_pins or any(each.blocked for each in records):
                self._blocked_pins = None
            shard.update(edge.UpdateOperation.upsert_points(list(points.values())))
            self._frequencies.wrote(len(points))
        self._words.wrote(record.pin for record in records if not record.blocked)

    def delete(self, pin_ids: Sequence[str]) -> int:
        keys = [point_id(each) for each in pin_ids]
        with self._live.writing(keys) as shard:
            there = [each.id for each in self._live.retrieve(keys, False, False)]
            if there:
                self._blocked_pins = None
                shard.update(edge.UpdateOperation.delete_points(there))
                self._frequencies.wrote(len(there))
        return len(there)

    def confirm(self, pin_ids: Sequence[str]) -> None:
        """Do nothing: the one process that has it open changes what answers."""

    def get(self, pin_ids: Sequence[str]) -> dict[str, Record]:
        found = self._live.retrieve([point_id(each) for each in pin_ids], True, True)
        records = (schema.record(each.payload, each.vector) for each in found)
        return {record.pin.id: record for record in records}

    def pins(self, keys: Sequence[str]) -> dict[str, StoredPin]:
        found = self._live.retrieve(list(keys), list(schema.SHOWN), False)
        return {str(each.id): schema.stored_pin(each.payload) for each in found}

    def vectors(self, keys: Sequence[str]) -> dict[str, FloatArray]:
        found = self._live.retrieve(list(keys), False, True)
        return {str(each.id): schema.vector(each.vector) for each in found}

    def facts(self, pin_ids: Sequence[str]) -> dict[str, Facts]:
        names = {point_id(each): each for each in pin_ids}
        found = self._live.retrieve(list(names), list(schema.COMPARED), False)
        return {names[str(each.id)]: schema.facts(each.payload) for each in found}

    def candidates(self, plan: Plan) -> Candidates:
        if plan.vector is not None:
            unit(plan.vector, self._identity.dimension)
        without = frozenset(uuid.UUID(point_id(each)) for each in plan.exclude)
        with self._live.using():
            return query_plan.candidates(
                self, plan, without, self._frequencies, regions=self._identity.regions > 0
            )

    def nearest(self, legs: Sequence[VectorLeg]) -> list[Ranked]:
        with self._live.using():
            return self.run(legs) if legs else []

    def count(self, filter_: Filter = EVERYTHING, *, blocked: bool = False) -> int:
        with self._live.using() as shard:
            if not filter_:
                # As exact as counting one by one, in a thirtieth of the time.
                return int(shard.info().points_count) - (0 if blocked else self._blocked)
            wanted = edge_schema.only(filter_, blocked=blocked)
            return int(shard.count(edge.CountRequest(True, wanted)))

    def uses_image(self, image_key: str) -> bool:
        request = edge.CountRequest(True, edge_schema.keeps_picture(image_key))
        with self._live.using() as shard:
            return int(shard.count(request)) > 0

    def showing(self, sha256: str) -> list[str]:
        out: list[str] = []
        after: str | None = None
        while page := self._page(None, SHOWING_PAGE, after, list(schema.COMPARED), False):
            after = str(page[-1].id)
            out += schema.showing((each.payload for each in page), sha256)
        return out

    def frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        with self._live.using():
            return self._frequencies.counts(self, terms)

    def vocabulary(self) -> Vocabulary:
        return self._words.current()

    def boards(self, limit: int) -> list[tuple[str, int]]:
        return self.facet("board_title", limit)

    def facet(self, name: str, limit: int, filter_: Filter = EVERYTHING) -> list[tuple[str, int]]:
        # Blocked pins have no field that could be counted, and a filter makes a rough count slow.
        wanted = edge_schema.only(filter_, blocked=True)
        looked_at = limit * 2 + FACET_SLACK
        with self._live.using() as shard:
            # An exact facet goes through the pins of every value, a rough one only counts them.
            rough = shard.facet(edge.FacetRequest(name, looked_at, False, wanted)).hits
            if len(rough) < looked_at:
                exact = shard.facet(edge.FacetRequest(name, looked_at, True, wanted)).hits
                return schema.commonest(((each.value, each.count) for each in exact), limit)
            having = (edge_schema.having(name, each.value, filter_) for each in rough)
            counts = [self._matches(each) for each in having]
        return schema.commonest(
            ((each.value, count) for each, count in zip(rough, counts, strict=True)), limit
        )

    def keywords(self, keys: Sequence[str]) -> list[dict[str, tuple[str, ...]]]:
        found = self._live.retrieve(list(keys), list(schema.FACETS), False)
        return [schema.keywords(each.payload) for each in found]

    def saying(self, terms: Sequence[str]) -> int:
        with self._live.using():
            return self._matches(edge_schema.saying(terms))

    def scroll(
        self,
        filter_: Filter = EVERYTHING,
        limit: int = 100,
        after: str | None = None,
        *,
        blocked: bool = False,
    ) -> list[tuple[str, StoredPin]]:
        wanted = edge_schema.only(filter_, blocked=blocked)
        page = self._page(wanted, limit, after, list(schema.SHOWN), False)
        return [(str(each.id), schema.stored_pin(each.payload)) for each in page]

    def records(self, batch: int = 256, *, blocked: bool = False) -> Iterator[list[Record]]:
        after: str | None = None
        wanted = edge_schema.only(EVERYTHING, blocked=blocked)
        while page := self._page(wanted, batch, after, True, True):
            after = str(page[-1].id)
            yield [schema.record(each.payload, each.vector) for each in page]

    def optimize(self) -> None:
        self.building.stop()
        with self._live.writing() as shard:
            shard.optimize()
            self._live.written = 0
            # The old segments are gone, and the log holds only what was never flushed.
            self._live.flush()

    def start_optimizing(self, outside: int) -> None:
        self.building.start(outside)

    def finish_optimizing(self) -> None:
        self.building.wait()

    def flush(self) -> None:
        self._live.sync()
        self._flushing.ask()

    def follow(self) -> Followed:
        """Begin to remember what is written and deleted, until it is let go."""
        return self._live.follow()

    def hand_over(self) -> Ownership:
        """Return the hold on the folder, which closing this no longer gives up."""
        self._holds = False
        return self.ownership

    def copy_to(self, folder: Path) -> None:
        """Put a collection as this one is now into an empty folder; writes wait meanwhile."""
        with self._live.still():
            copy_shard(self._live.place, folder / SHARD_NAME)
        describe(folder, self._identity)

    def info(self) -> CollectionInfo:
        with self._live.using() as shard:
            facts = shard.info()
        return CollectionInfo(
            points=facts.points_count,
            indexed=facts.indexed_vectors_count,
            segments=facts.segments_count,
            disk_bytes=bytes_in(self._folder),
            identity=self._identity,
            building=self.building.running,
        )

    def close(self) -> None:
        self.building.stop()
        self._flushing.stop()
        self._words.close()
        if self._live.close() and self._holds:
            self.ownership.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _texts(self) -> Iterator[list[str]]:
        after: str | None = None
        wanted = edge_schema.only(EVERYTHING)
        while page := self._page(wanted, TEXTS_PAGE, after, [schema.PIN], False):
            after = str(page[-1].id)
            yield [text_of(schema.stored_pin(each.payload).pin) for each in page]

    # The legs that the query plan runs.

    def run(self, legs: Sequence[Leg]) -> list[Ranked]:
        # A search looks at a condition for every pin that it comes by, which takes it twice as
        # long, and mostly nobody is blocked.
        if not all(each.scope.blocked for each in legs) and not self._blocked:
            legs = [replace(each, scope=replace(each.scope, blocked=True)) for each in legs]
        request = edge.QueryBatchRequest([edge_schema.request(leg) for leg in legs])
        answers = self._live.shard.query_batch(request)
        return [([hit.id for hit in hits], [hit.score for hit in hits]) for hits in answers]

    def frequency(self, term: str, points: int) -> int:
        fields = edge_schema.holds_term(term)
        if points <= COUNT_ONE_BY_ONE:
            return self._matches(edge.Filter(should=list(fields)))
        # |D| + |B| - |D and B|, with the lengths of the posting lists for the first two: Edge looks
        # at every pin of a segment to count a term that the segment lacks. A list may still hold
        # pins deleted since the last `optimize`, a fifth of it at most.
        listed = [self._matches(edge.Filter(must=[each]), exact=False) for each in fields]
        if not all(listed):
            return sum(listed)
        return sum(listed) - self._matches(edge.Filter(must=list(fields)))

    @property
    def _blocked(self) -> int:
        """How many pins no answer has; counted where a write may have changed it."""
        if self._blocked_pins is None:
            self._blocked_pins = self._matches(edge.Filter(must=[edge_schema.is_blocked()]))
        return self._blocked_pins

    def _matches(self, wanted: Any, *, exact: bool = True) -> int:
        return int(self._live.shard.count(edge.CountRequest(exact, wanted)))

    def _page(
        self,
        wanted: Any,
        limit: int,
        after: str | None,
        payload: bool | list[str],
        vector: bool,
    ) -> list[Any]:
        # The offset of a scroll is the first point to answer, so the one past `after` comes next.
        request = edge.ScrollRequest(
            offset=None if after is None else str(uuid.UUID(int=uuid.UUID(after).int + 1)),
            limit=limit,
            filter=wanted,
            with_payload=payload,
            with_vector=vector,
        )
        with self._live.using() as shard:
            page: list[Any] = shard.scroll(request)[0]
        return page


def _create(folder: Path, identity: Identity) -> None:
    """Make an empty collection; the description comes last, so that half of one is none."""
    create_shard(folder, identity.dimension, identity.regions > 0)
    describe(folder, identity)
