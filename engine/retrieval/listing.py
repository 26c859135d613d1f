"""Rows of a ranking on their way to be hits: which pins they stand for, and one page of them.

Knows nothing of how rows were put in order.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from engine.retrieval.answers import Duplicates, Hit
from engine.retrieval.cursors import mark
from engine.retrieval.explain import explain
from engine.retrieval.ranking import Ranking
from engine.store.collection import Collection, StoredPin

# Of the pins that a hit stands for, so many are named.
NAMED = 10


@dataclass(frozen=True)
class Entry:
    """A row of a ranking that is to be a hit.

    copies: rows of the pins that it stands for, best first.
    rank_score: what put it in its place, where that is not its relevance.
    interest: the liked pin that tells the interest which brought it.
    """

    row: int
    copies: tuple[int, ...] = ()
    rank_score: float | None = None
    interest: str | None = None


@dataclass(frozen=True)
class Pins:
    """The pins behind a ranking's rows, each fetched once; a pin deleted since has none."""

    ranking: Ranking
    collection: Collection
    known: dict[int, StoredPin | None] = field(default_factory=dict)

    def of(self, rows: Iterable[int]) -> dict[int, StoredPin]:
        """Return the pins of some rows, in their order."""
        wanted = list(rows)
        keys = {row: self.ranking.candidates.keys[row] for row in wanted if row not in self.known}
        if keys:
            found = self.collection.pins(list(keys.values()))
            self.known.update({row: found.get(key) for row, key in keys.items()})
        return {row: pin for row in wanted if (pin := self.known[row]) is not None}


@dataclass(frozen=True)
class Page:
    """Some entries; `next_offset` is where the next page begins, None if there is none.

    seen: marks of all pins up to the end of it.
    """

    entries: tuple[Entry, ...]
    next_offset: int | None
    seen: frozenset[int]


def page_of(
    entries: Iterator[Entry], keys: Sequence[str], offset: int, limit: int, seen: frozenset[int]
) -> Page:
    """Return the page after `offset` entries, or after all pins that were seen, if any were.

    keys: of the pins by row. Reads one entry beyond the page.
    """
    if seen:
        entries = (each for each in entries if mark(keys[each.row]) not in seen)
    skipped = [] if seen else list(islice(entries, offset))
    page = tuple(islice(entries, limit))
    more = next(entries, None) is not None
    marks = seen.union(mark(keys[each.row]) for each in (*skipped, *page))
    return Page(page, offset + limit if more else None, marks)


def show(
    entries: Iterable[Entry], pins: Pins, explained_terms: tuple[str, ...] | None
) -> tuple[Hit, ...]:
    """Return the hits of entries, explained when terms are given, without pins deleted since."""
    shown = tuple(entries)
    stored = pins.of([row for each in shown for row in (each.row, *each.copies[:NAMED])])
    ranking = pins.ranking
    hits = []
    for each in shown:
        if (pin := stored.get(each.row)) is None:
            continue
        why = None
        if explained_terms is not None:
            why = explain(each.row, ranking, pin, explained_terms)
        score = float(ranking.relevance[each.row])
        copies = _duplicates(each, stored)
        hit = Hit(pin.pin.id, score, pin.pin, pin.image_key, why, each.rank_score, copies)
        hits.append(replace(hit, interest=each.interest))
    return tuple(hits)


def _duplicates(entry: Entry, stored: dict[int, StoredPin]) -> Duplicates | None:
    if not entry.copies:
        return None
    named = tuple(stored[row].pin.id for row in entry.copies[:NAMED] if row in stored)
    return Duplicates(len(entry.copies), named)
