"""A collection on a Qdrant server or cluster, through qdrant-client.

Also runs over the client's local mode, a Python re-implementation that is good for tests only.
Knows nothing of scoring: it runs the legs of `query_plan`.
"""

import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self, cast

from qdrant_client import QdrantClient, models

from engine.errors import StoreError
from engine.queries import Filter
from engine.store import query_plan, schema, server_schema
from engine.store.cluster import Cluster
from engine.store.collection import EVERYTHING, CollectionInfo
from engine.store.frequencies import Frequencies
from engine.store.identity import Identity
from engine.store.kept_words import KeptWords, text_of
from engine.store.legs import FloatArray, Leg, Ranked, VectorLeg
from engine.store.plan import Candidates, Plan
from engine.store.records import Facts, Record, StoredPin, point_id
from engine.store.server_calls import Calls
from engine.store.server_opening import TIMEOUT_S, connect, opened
from engine.store.server_removals import ServerRemovals
from engine.store.server_switch import ServerSwitch
from engine.store.vectors import named_rows, unit
from engine.store.vocabulary import Vocabulary

_log = logging.getLogger(__name__)
POINTS_PER_REQUEST = 256
# Other processes write to the same server, so what was counted can't be believed for ever.
COUNTS_AGE_S = 60.0
# The server can't list its words, so each process goes through the texts of some pins at times.
# Keys are digests, so the first of them are a sample that no order of arrival bends.
SAMPLED_PINS = 20_000
WORDS_AGE_S = 600.0


class ServerCollection:
    """A collection that a Qdrant server holds; any number of processes may have it open."""

    # Each shard of a cluster would cut by the raised scores, not by the cosines.
    tells_text = False

    def __init__(
        self,
        client: QdrantClient,
        name: str,
        identity: Identity,
        cluster: Cluster | None = None,
        calls: Calls | None = None,
        switch: ServerSwitch | None = None,
    ) -> None:
        """Take what is there.

        switch: where it is said which collection answers; without it nobody is asked.
        """
        self._client = client
        self._name = name
        self._switch = switch
        self._identity = identity
        self._calls = calls or Calls()
        self._cluster = cluster or Cluster()
        self._ordering = models.WriteOrdering(self._cluster.ordering)
        self._consistency = server_schema.consistency(self._cluster.read_consistency)
        self._frequencies = Frequencies(max_age_s=COUNTS_AGE_S)
        self._words = KeptWords(
            None,
            self._texts,
            self.count,
            sample=SAMPLED_PINS,
            renew_s=WORDS_AGE_S,
            at_once=POINTS_PER_REQUEST,
        )

    @classmethod
    def open(
        cls,
        url: str,
        api_key: str | None,
        name: str,
        identity: Identity | None,
        *,
        create: bool = False,
        cluster: Cluster | None = None,
        calls: Calls | None = None,
        timeout_s: int = TIMEOUT_S,
        ca: Path | None = None,
        family: str | None = None,
    ) -> Self:
        """Open the collection `name` of the server at `url`, or make it there with `create`.

        family: what people call it, where writes are to make sure that it is what answers.
        Raises NoCollection, FingerprintMismatch, StoreUnreachable.
        """
        client = connect(url, api_key, timeout_s=timeout_s, ca=ca)
        switch = None if family is None else ServerSwitch(client, family, calls)
        try:
            return cls.over(
                client, name, identity, create=create, cluster=cluster, calls=calls, switch=switch
            )
        except BaseException:
            client.close()
            raise

    @classmethod
    def over(
        cls,
        client: QdrantClient,
        name: str,
        identity: Identity | None,
        *,
        create: bool = False,
        tokenizer: models.TokenizerType = models.TokenizerType.WHITESPACE,
        cluster: Cluster | None = None,
        calls: Calls | None = None,
        switch: ServerSwitch | None = None,
    ) -> Self:
        """Open a collection through a client that is there; local mode wants the WORD tokenizer."""
        cluster, calls = cluster or Cluster(), calls or Calls()
        kept = opened(client, name, identity, cluster, calls, tokenizer, create=create)
        return cls(client, name, kept, cluster, calls, switch)

    @property
    def name(self) -> str:
        """The name on the server: no alias, so that a vector never meets another's vectors."""
        return self._name

    @property
    def switch(self) -> ServerSwitch:
        """Where it is said which collection answers."""
        return self._switch or ServerSwitch(self._client, self._name, self._calls)

    @property
    def identity(self) -> Identity:
        return self._identity

    def upsert(self, records: Sequence[Record]) -> None:
        points = {
            record.pin.id: models.PointStruct(
                id=point_id(record.pin.id), vector=vectors, payload=schema.payload(record)
            )
            for record, vectors in zip(records, named_rows(records, self._identity), strict=True)
        }
        batch = list(points.values())
        for start in range(0, len(batch), POINTS_PER_REQUEST):
            part = batch[start : start + POINTS_PER_REQUEST]
            self._calls(partial(self._client.upsert, self._name, part, ordering=self._ordering))
        self._frequencies.wrote(len(batch))
        self._words.wrote(record.pin for record in records if not record.blocked)
        self.confirm(list(points))

    def delete(self, pin_ids: Sequence[str]) -> int:
        found = self._retrieve([point_id(each) for each in pin_ids], False, False)
        if found:
            doomed = models.PointIdsList(points=[each.id for each in found])
            self._calls(lambda: self._client.delete(self._name, doomed, ordering=self._ordering))
            self._frequencies.wrote(len(found))
        self.confirm(pin_ids)
        return len(found)

    def confirm(self, pin_ids: Sequence[str]) -> None:
        if self._switch is not None and pin_ids:
            self._switch.wrote(self._name, [point_id(each) for each in pin_ids])

    def get(self, pin_ids: Sequence[str]) -> dict[str, Record]:
        found = self._retrieve([point_id(each) for each in pin_ids], True, True)
        records = (_record(each) for each in found)
        return {record.pin.id: record for record in records}

    def pins(self, keys: Sequence[str]) -> dict[str, StoredPin]:
        found = self._retrieve(list(keys), list(schema.SHOWN), False)
        return {str(each.id): schema.stored_pin(each.payload or {}) for each in found}

    def vectors(self, keys: Sequence[str]) -> dict[str, FloatArray]:
        found = self._retrieve(list(keys), False, True)
        return {str(each.id): schema.vector(cast(Any, each.vector)) for each in found}

    def facts(self, pin_ids: Sequence[str]) -> dict[str, Facts]:
        names = {point_id(each): each for each in pin_ids}
        found = self._retrieve(list(names), list(schema.COMPARED), False)
        return {names[str(each.id)]: schema.facts(each.payload or {}) for each in found}

    def candidates(self, plan: Plan) -> Candidates:
        if plan.vector is not None:
            unit(plan.vector, self._identity.dimension)
        without = frozenset(uuid.UUID(point_id(each)) for each in plan.exclude)
        regions = self._identity.regions > 0
        return query_plan.candidates(self, plan, without, self._frequencies, regions=regions)

    def nearest(self, legs: Sequence[VectorLeg]) -> list[Ranked]:
        return self._run(legs, self._calls) if legs else []

    def count(self, filter_: Filter = EVERYTHING, *, blocked: bool = False) -> int:
        return self._count(server_schema.only(filter_, blocked=blocked))

    def uses_image(self, image_key: str) -> bool:
        return self._count(server_schema.keeps_picture(image_key)) > 0

    def showing(self, sha256: str) -> list[str]:
        out: list[str] = []
        after: str | None = None
        while page := self._page(None, POINTS_PER_REQUEST, after, list(schema.COMPARED), False):
            after = str(page[-1].id)
            out += schema.showing((each.payload or {} for each in page), sha256)
        return out

    def frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        return self._frequencies.counts(self, terms)

    def vocabulary(self) -> Vocabulary:
        return self._words.current()

    def _texts(self) -> Iterator[list[str]]:
        after: str | None = None
        wanted = server_schema.only(EVERYTHING)
        while page := self._page(wanted, POINTS_PER_REQUEST, after, list(schema.SHOWN), False):
            after = str(page[-1].id)
            yield [text_of(schema.stored_pin(each.payload or {}).pin) for each in page]

    def boards(self, limit: int) -> list[tuple[str, int]]:
        return self.facet("board_title", limit)

    def facet(self, name: str, limit: int, filter_: Filter = EVERYTHING) -> list[tuple[str, int]]:
        answer = self._calls(
            lambda: self._client.facet(
                self._name,
                name,
                facet_filter=server_schema.only(filter_, blocked=True),
                limit=limit,
                exact=True,
                consistency=self._consistency,
            )
        )
        return schema.commonest(((str(hit.value), hit.count) for hit in answer.hits), limit)

    def keywords(self, keys: Sequence[str]) -> list[dict[str, tuple[str, ...]]]:
        found = self._retrieve(list(keys), list(schema.FACETS), False)
        return [schema.keywords(each.payload or {}) for each in found]

    def saying(self, terms: Sequence[str]) -> int:
        return self._count(server_schema.saying(terms))

    def scroll(
        self,
        filter_: Filter = EVERYTHING,
        limit: int = 100,
        after: str | None = None,
        *,
        blocked: bool = False,
    ) -> list[tuple[str, StoredPin]]:
        wanted = server_schema.only(filter_, blocked=blocked)
        page = self._page(wanted, limit, after, list(schema.SHOWN), False)
        return [(str(each.id), schema.stored_pin(each.payload or {})) for each in page]

    def records(self, batch: int = 256, *, blocked: bool = False) -> Iterator[list[Record]]:
        after: str | None = None
        wanted = server_schema.only(EVERYTHING, blocked=blocked)
        while page := self._page(wanted, batch, after, True, True):
            after = str(page[-1].id)
            yield [_record(each) for each in page]

    def optimize(self) -> None:
        """Wait until the server, which builds its graphs by itself, has caught up."""
        while True:
            status = self._calls(lambda: self._client.get_collection(self._name)).status
            if status is not models.CollectionStatus.YELLOW:
                return
            time.sleep(1.0)

    def start_optimizing(self, outside: int) -> None:
        """Do nothing: a server starts by itself."""

    def finish_optimizing(self) -> None:
        self.optimize()

    def flush(self) -> None:
        """Do nothing: a server answers a write only after its log has it."""

    def info(self) -> CollectionInfo:
        facts = self._calls(lambda: self._client.get_collection(self._name))
        return CollectionInfo(
            points=self.count(blocked=True),
            indexed=facts.indexed_vectors_count or 0,
            segments=facts.segments_count,
            disk_bytes=None,
            identity=self._identity,
        )

    def close(self) -> None:
        self._words.close()
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def removals(self, kept: timedelta) -> ServerRemovals:
        """Return the list of what was removed from here, which all processes share."""
        return ServerRemovals(self._client, self.switch.name, kept, self._cluster, self._calls)

    # The legs that the query plan runs.

    def run(self, legs: Sequence[Leg]) -> list[Ranked | None]:
        """Run legs in one go; where the whole can't be had, each by itself, None where it failed.

        Raises StoreUnreachable or StoreError when not one of them can be had.
        """
        try:
            return list(self._run(legs, self._calls))
        except StoreError:
            if len(legs) == 1:
                raise
            found = [self._alone(leg) for leg in legs]
            if all(each is None for each in found):
                raise
            return found

    def _alone(self, leg: Leg) -> Ranked | None:
        try:
            return self._run([leg], Calls(1))[0]
        except StoreError as error:
            _log.warning("a leg of a query failed: %s", error)
            return None

    def _run(self, legs: Sequence[Leg], calls: Calls) -> list[Ranked]:
        requests = [server_schema.request(leg) for leg in legs]
        answers = calls(
            lambda: self._client.query_batch_points(
                self._name, requests, consistency=self._consistency
            )
        )
        return [
            (
                [server_schema.key_of(hit.id) for hit in answer.points],
                [hit.score for hit in answer.points],
            )
            for answer in answers
        ]

    def frequency(self, term: str, points: int) -> int:
        return self._count(server_schema.holds_term(term))

    def _count(self, wanted: models.Filter | None) -> int:
        return self._calls(lambda: self._client.count(self._name, wanted, exact=True)).count

    def _retrieve(
        self, ids: list[str], payload: bool | list[str], vector: bool
    ) -> list[models.Record]:
        if not ids:
            return []
        return self._calls(
            lambda: self._client.retrieve(
                self._name,
                ids,
                with_payload=payload,
                with_vectors=vector,
                consistency=self._consistency,
            )
        )

    def _page(
        self,
        wanted: models.Filter | None,
        limit: int,
        after: str | None,
        payload: bool | list[str],
        vector: bool,
    ) -> list[models.Record]:
        # The offset of a scroll is the first point to answer, so the one past `after` comes next.
        offset = None if after is None else str(uuid.UUID(int=uuid.UUID(after).int + 1))
        page, _ = self._calls(
            lambda: self._client.scroll(
                self._name,
                scroll_filter=wanted,
                limit=limit,
                offset=offset,
                with_payload=payload,
                with_vectors=vector,
                consistency=self._consistency,
            )
        )
        return page


def _record(point: models.Record) -> Record:
    vectors: Any = point.vector
    return schema.record(point.payload or {}, vectors)
