"""The removals of a collection that lives on a Qdrant server, where every process finds them.

A collection of its own beside the pins', whose points have no vector: no search, count or term
statistic of the pins ever meets it. A file could not be shared by processes on several machines.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from engine.store.cluster import Cluster
from engine.store.removals import KEPT, Kind, Takedown, Unfinished
from engine.store.server_calls import Calls
from engine.store.versions import Version

ENDING: Final = ".removals"
# A namespace of our own: the same thing has the same point in every process.
_NAMES: Final = uuid.UUID("6f7a2e52-5d39-4d0a-9f0e-3f6a1c1a77c4")
PAGE: Final = 512
# A copy that missed a deletion would let the pin come back.
AGREED: Final = models.ReadConsistencyType.MAJORITY

GRAVE: Final = "tombstone"
ORPHAN: Final = "orphan"
"""A picture that may have to go."""
_KIND: Final = "kind"
_VALUE: Final = "value"
_BURIED: Final = "buried"
_UNFINISHED: Final = "unfinished"
_INDEXES: Final[Mapping[str, models.PayloadSchemaType]] = {
    _KIND: models.PayloadSchemaType.KEYWORD,
    _BURIED: models.PayloadSchemaType.FLOAT,
    _UNFINISHED: models.PayloadSchemaType.INTEGER,
}


class ServerRemovals:
    """Removals as points; every call returns once enough copies have the change."""

    def __init__(
        self,
        client: QdrantClient,
        collection: str,
        kept: timedelta = KEPT,
        cluster: Cluster | None = None,
        calls: Calls | None = None,
    ) -> None:
        """Make the list of `collection` unless it is there."""
        self._client = client
        self._name = collection + ENDING
        self._kept = kept
        self._calls = calls or Calls()
        if not self._calls(lambda: client.collection_exists(self._name)):
            self._calls(lambda: _create(client, self._name, cluster or Cluster()))
        there = self._calls(lambda: client.get_collection(self._name)).payload_schema
        for field, index in _INDEXES.items():
            if field not in there:
                self._calls(partial(client.create_payload_index, self._name, field, index))

    def tombstones(self, pin_ids: Collection[str]) -> dict[str, Version]:
        since = self._horizon()
        return {
            each[_VALUE]: _version(each)
            for each in self._named(GRAVE, pin_ids)
            if each[_BURIED] >= since
        }

    def graves(self) -> dict[str, Version]:
        since = self._horizon()
        found = self._all(models.Filter(must=[holds(_KIND, GRAVE)]))
        found.sort(key=lambda each: str(each[_VALUE]))
        return {each[_VALUE]: _version(each) for each in found if each[_BURIED] >= since}

    def taken_down(self, kind: Kind, values: Collection[str]) -> set[str]:
        return {str(each[_VALUE]) for each in self._named(kind, values)}

    def bury(self, graves: Mapping[str, Version], pictures: Iterable[str] = ()) -> None:
        now = datetime.now(UTC).timestamp()
        served = [
            holds(_KIND, GRAVE),
            holds(_UNFINISHED, 0),
            models.FieldCondition(key=_BURIED, range=models.Range(lt=self._horizon())),
        ]
        self._write(
            [
                entry(
                    GRAVE,
                    pin,
                    updated_us=version.updated_us,
                    sequence=version.sequence,
                    buried=now,
                )
                for pin, version in graves.items()
            ]
            + [entry(ORPHAN, key, buried=now) for key in pictures]
        )
        if graves:
            self._delete(models.FilterSelector(filter=models.Filter(must=served)))

    def finish(self, pin_ids: Iterable[str], pictures: Iterable[str] = ()) -> None:
        self._settle(GRAVE, pin_ids)
        self._forget(ORPHAN, pictures)

    def lift(self, pin_ids: Iterable[str]) -> None:
        self._forget(GRAVE, pin_ids)

    def take_down(self, kind: Kind, value: str, reason: str = "") -> None:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        for known in self._named(kind, [value]):
            since, reason = known["since"], reason or known["reason"]
        self._write([entry(kind, value, reason=reason, since=since)])

    def finish_takedown(self, kind: Kind, value: str) -> None:
        self._settle(kind, [value])

    def reinstate(self, kind: Kind, value: str) -> bool:
        there = bool(self._named(kind, [value]))
        self._forget(kind, [value])
        return there

    def takedowns(self) -> list[Takedown]:
        listed = [
            Takedown(each[_KIND], each[_VALUE], each["reason"], each["since"])
            for each in self._all(
                models.Filter(should=[holds(_KIND, "pin"), holds(_KIND, "picture")])
            )
        ]
        return sorted(listed, key=lambda each: (each.since, each.kind, each.value))

    def unfinished(self) -> Unfinished:
        left = self._all(models.Filter(must=[holds(_UNFINISHED, 1)]))
        return Unfinished(
            {each[_VALUE]: _version(each) for each in left if each[_KIND] == GRAVE},
            frozenset(each[_VALUE] for each in left if each[_KIND] == ORPHAN),
            tuple(
                Takedown(each[_KIND], each[_VALUE], each["reason"], each["since"])
                for each in left
                if each[_KIND] in ("pin", "picture")
            ),
        )

    def close(self) -> None:
        """Do nothing: the client is its owner's."""

    def _horizon(self) -> float:
        return (datetime.now(UTC) - self._kept).timestamp()

    def _named(self, kind: str, values: Collection[str]) -> list[dict[str, Any]]:
        ids = [point(kind, value) for value in values]
        out: list[dict[str, Any]] = []
        for start in range(0, len(ids), PAGE):
            part = ids[start : start + PAGE]
            found = self._calls(
                partial(
                    self._client.retrieve,
                    self._name,
                    part,
                    with_payload=True,
                    consistency=AGREED,
                )
            )
            out += [each.payload or {} for each in found]
        return out

    def _all(self, wanted: models.Filter) -> list[dict[str, Any]]:
        found = pages(self._client, self._calls, self._name, wanted)
        return [each for page in found for each in page]

    def _write(self, points: Sequence[models.PointStruct]) -> None:
        for start in range(0, len(points), PAGE):
            part = list(points[start : start + PAGE])
            ordering = models.WriteOrdering.STRONG
            self._calls(partial(self._client.upsert, self._name, part, ordering=ordering))

    def _settle(self, kind: str, values: Iterable[str]) -> None:
        ids: list[Any] = [point(kind, value) for value in values]
        if ids:
            # By filter: a point that is gone meanwhile is no error.
            among = models.Filter(must=[models.HasIdCondition(has_id=ids)])
            self._calls(
                lambda: self._client.set_payload(
                    self._name,
                    {_UNFINISHED: 0},
                    points=among,
                    ordering=models.WriteOrdering.STRONG,
                )
            )

    def _forget(self, kind: str, values: Iterable[str]) -> None:
        ids: list[Any] = [point(kind, value) for value in values]
        if ids:
            self._delete(models.PointIdsList(points=ids))

    def _delete(self, chosen: models.PointIdsList | models.FilterSelector) -> None:
        self._calls(
            lambda: self._client.delete(self._name, chosen, ordering=models.WriteOrdering.STRONG)
        )


def pages(
    client: QdrantClient, calls: Calls, name: str, wanted: models.Filter
) -> Iterator[list[dict[str, Any]]]:
    """Yield what a collection's points of a filter hold, page by page, as most copies have it."""
    offset: Any = None
    while True:
        page, offset = calls(
            partial(
                client.scroll,
                name,
                scroll_filter=wanted,
                limit=PAGE,
                offset=offset,
                with_payload=True,
                consistency=AGREED,
            )
        )
        if page:
            yield [each.payload or {} for each in page]
        if offset is None:
            return


def point(kind: str, value: str) -> str:
    """Return the id of the point for something."""
    return str(uuid.uuid5(_NAMES, f"{kind}\n{value}"))


def entry(kind: str, value: str, **facts: object) -> models.PointStruct:
    """Return the point for something, unfinished unless said otherwise."""
    payload = {_KIND: kind, _VALUE: value, _UNFINISHED: 1, **facts}
    return models.PointStruct(id=point(kind, value), vector={}, payload=payload)


def _version(entry: Mapping[str, Any]) -> Version:
    return Version(entry.get("updated_us"), entry.get("sequence"))


def holds(key: str, value: str | int) -> models.FieldCondition:
    """Return the condition that a field has a value."""
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def _create(client: QdrantClient, name: str, cluster: Cluster) -> None:
    try:
        client.create_collection(
            name,
            vectors_config={},
            shard_number=1,
            replication_factor=cluster.replicas,
            write_consistency_factor=cluster.write_consistency,
        )
    except UnexpectedResponse as error:
        if error.status_code != HTTPStatus.CONFLICT:
            raise
