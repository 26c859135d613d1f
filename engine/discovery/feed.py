"""What a person would like: pins near each interest in turn, or variety for who has none yet."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from engine.discovery.kinds import Kinds
from engine.discovery.taste import Taste, in_turn, spread, taste_of
from engine.queries import Filter, For, check_page
from engine.retrieval.answers import Answer
from engine.retrieval.collapse import collapsed
from engine.retrieval.diversity import POOL, beside_best
from engine.retrieval.listing import Entry, Pins, page_of, show
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import Ranking, rank
from engine.store.collection import Collection
from engine.store.legs import Scope, VectorLeg
from engine.store.plan import Candidates
from engine.store.records import Record, point_id

# What is drawn for one interest, and for all of them together.
DEPTH: Final = 240
MOST_DRAWN: Final = 480
# A newcomer's feed stands for so many pins; their keys are digests, so they are a fair sample.
SAMPLE: Final = 240
READ_AHEAD: Final = 40


@dataclass(frozen=True)
class Feed:
    """Makes feeds from one collection; popularity is nowhere in it, and no number of a pin.

    kinds: tells what hidden pins show; only made where something is hidden.
    """

    collection: Collection
    parameters: Parameters
    kinds: Callable[[], Kinds] | None = None

    def taste(self, person: For) -> Taste:
        """Return a taste by the pins that are here; others say nothing, nor do blocked ones."""
        wanted = list(dict.fromkeys((*person.likes, *person.hides)))
        records = self.collection.get(wanted) if wanted else {}
        there = {name: each for name, each in records.items() if not each.blocked}
        kinds = self.kinds() if self.kinds is not None and person.hides else None
        said = {} if kinds is None else {name: kinds.said(each) for name, each in there.items()}
        return taste_of(
            {name: there[name].vector for name in dict.fromkeys(person.likes) if name in there},
            {name: there[name].vector for name in dict.fromkeys(person.hides) if name in there},
            kinds,
            {name: kind for name, kind in said.items() if kind is not None},
        )

    def answer(
        self,
        person: For,
        filter_: Filter,
        limit: int,
        offset: int,
        seen: frozenset[int] = frozenset(),
    ) -> Answer:
        """Answer with a page of a person's feed, without the pins that tell the taste."""
        started = time.perf_counter()
        check_page(limit, offset)
        taste = self.taste(person)
        told = frozenset((*person.likes, *person.hides))
        ordered = self._near(taste, filter_, told)
        if ordered is None:
            ordered = self._varied(taste, filter_, told)
        pins = Pins(ordered.ranking, self.collection)
        entries = (
            replace(each, rank_score=ordered.value[each.row], interest=ordered.interest[each.row])
            for each in collapsed(
                ordered.ranking.order, pins, ordered.vector, offset + limit + READ_AHEAD
            )
        )
        page = page_of(entries, ordered.ranking.candidates.keys, offset, limit, seen)
        hits = show(page.entries, pins, None)
        took = (time.perf_counter() - started) * 1000
        return Answer(hits, page.next_offset, took, seen=page.seen)

    def _near(self, taste: Taste, filter_: Filter, told: frozenset[str]) -> "_Ordered | None":
        """Return what lies near the interests, None where there are none."""
        if not taste.interests:
            return None
        scope = Scope(filter_, frozenset(UUID(point_id(name)) for name in told))
        depth = min(DEPTH, MOST_DRAWN // len(taste.interests))
        legs = [VectorLeg(each.vector, depth, scope) for each in taste.interests]
        found: dict[str, dict[int, float]] = {}
        for at, (keys, scores) in enumerate(self.collection.nearest(legs)):
            for key, score in zip(keys, scores, strict=True):
                found.setdefault(str(key), {})[at] = score
        if found:
            found = self._without_hidden(taste, found)
        keys_ = list(found)
        nearest = [max(found[key], key=lambda at: (found[key][at], -at)) for key in keys_]
        cosine = np.array([found[key][at] for key, at in zip(keys_, nearest, strict=True)])
        ranking = _ranking(keys_, cosine, self.parameters)
        lists: list[list[int]] = [[] for _ in taste.interests]
        for row in ranking.order.tolist():
            lists[nearest[row]].append(row)
        order, values = in_turn([each.share for each in taste.interests], lists)
        return _Ordered(
            replace(ranking, order=np.array(order, dtype=np.intp)),
            dict(zip(order, values, strict=True)),
            {row: taste.interests[at].pin for row, at in enumerate(nearest)},
            taste.interests[0].vector,
        )

    def _without_hidden(
        self, taste: Taste, found: dict[str, dict[int, float]]
    ) -> dict[str, dict[int, float]]:
        """Return the pins that are nearer to an interest than to anything hidden or of its kind."""
        if taste.hidden is None:
            return found
        vectors = self.collection.vectors(list(found))
        if not vectors:
            return {}
        stored = self.collection.pins(list(vectors)) if taste.said else {}
        said = [taste.says(stored.get(key)) for key in vectors]
        nearest, _ = taste.closeness(np.stack(list(vectors.values())), said)
        wanted = {key for key, at in zip(vectors, nearest.tolist(), strict=True) if at >= 0}
        return {key: each for key, each in found.items() if key in wanted}

    def _varied(self, taste: Taste, filter_: Filter, told: frozenset[str]) -> "_Ordered":
        """Return pins that stand for the whole collection."""
        sample = [pin.pin.id for _, pin in self.collection.scroll(filter_, SAMPLE + len(told))]
        there = self.collection.get([name for name in sample if name not in told][:SAMPLE])
        records = [each for each in there.values() if not each.blocked]
        if records and taste.hidden is not None:
            kept, _ = taste.closeness(
                np.stack([each.vector for each in records]), [taste.says(each) for each in records]
            )
            records = [each for each, at in zip(records, kept.tolist(), strict=True) if at >= 0]
        keys = [point_id(each.pin.id) for each in records]
        ranking = _ranking(keys, np.zeros(len(keys)), self.parameters)
        if not records:
            dimension = self.collection.identity.dimension
            return _Ordered(ranking, {}, {}, np.eye(1, dimension, dtype=np.float32)[0])
        rows = np.stack([each.vector for each in records])
        newest = np.array([_time(each) for each in records])
        order, values = _spread(rows.tobytes(), rows.shape[1], newest.tobytes())
        return _Ordered(
            # Nothing was asked, so nothing is likely to be what was asked for.
            replace(
                ranking,
                order=np.array(order, dtype=np.intp),
                relevance=np.zeros(len(keys)),
            ),
            dict(zip(order, values, strict=True)),
            dict.fromkeys(order),
            rows[0],
        )


@dataclass(frozen=True)
class _Ordered:
    """A ranking in the order of a feed: what put each row there, and the pin of its interest."""

    ranking: Ranking
    value: dict[int, float]
    interest: dict[int, str | None] | dict[int, str]
    vector: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Personal:
    """Puts the first hits of a search in an order that a taste has a say in; scores stay."""

    taste: Taste
    strength: float
    collection: Collection
    parameters: Parameters
    vectors: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)

    def __call__(self, entries: Iterator[Entry], pins: Pins) -> Iterator[Entry]:
        """Yield the first POOL entries by relevance and taste, with a `rank_score`; then the rest.

        (1 - strength) relevance, as part of the best, + strength closeness; what is nearer to
        something hidden than to any interest has no closeness.
        """
        if self.strength == 0.0 or (not self.taste.interests and self.taste.hidden is None):
            yield from entries
            return
        pool = tuple(islice(entries, POOL))
        stored = pins.of(each.row for each in pool)
        records = self.collection.get([pin.pin.id for pin in stored.values()])
        there = [each for each in pool if each.row in stored and stored[each.row].pin.id in records]
        if there:
            found = [records[stored[each.row].pin.id] for each in there]
            best, cosine = self.taste.closeness(
                np.stack([each.vector for each in found]), [self.taste.says(one) for one in found]
            )
            visual = self.parameters.mixing("image").visual(cosine)
            close = np.where(best >= 0, visual if self.taste.interests else 1.0, 0.0)
            relevance = beside_best(pins.ranking.relevance[[each.row for each in there]])
            value = (1.0 - self.strength) * relevance + self.strength * close
            for at in np.argsort(-value, kind="stable").tolist():
                named = self.taste.interests[best[at]].pin if self._likes(best[at]) else None
                yield replace(there[at], rank_score=float(value[at]), interest=named)
        yield from entries

    def _likes(self, interest: int) -> bool:
        return interest >= 0 and bool(self.taste.interests)


@lru_cache(maxsize=8)
def _spread(
    rows: bytes, dimension: int, newest: bytes
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return what `spread` does for float32 rows and float64 times.

    All newcomers are told of the same pins, whose order takes a tenth of a second to find.
    """
    pictures = np.frombuffer(rows, dtype=np.float32).reshape(-1, dimension)
    order, values = spread(pictures, np.frombuffer(newest, dtype=np.float64))
    return tuple(order), tuple(values)


def _ranking(keys: list[str], cosine: npt.NDArray[np.float64], parameters: Parameters) -> Ranking:
    """Return pins by their likeness alone, with what it is worth."""
    nothing = np.zeros(len(keys), dtype=np.float32)
    place = np.empty(len(keys), dtype=np.int32)
    place[np.argsort(-cosine, kind="stable")] = np.arange(1, len(keys) + 1)
    candidates = Candidates(
        keys=keys,
        cosine=cosine.astype(np.float32),
        description=nothing,
        board=nothing,
        has_text=np.zeros(len(keys), dtype=np.bool_),
        lexical_rank=np.zeros(len(keys), dtype=np.int32),
        vector_rank=place,
        idf={},
    )
    return rank(candidates, "image", parameters)


def _time(record: Record) -> float:
    made = record.pin.created_at
    return made.timestamp() if made is not None else 0.0
