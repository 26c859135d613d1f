"""How many pins have which board, merchant or attribute: of all pins, or of those that answer.

The facet of a field that the filter constrains is counted without that constraint, so that it shows
what another choice would lead to.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from engine.errors import BadQuery
from engine.queries import KEYWORD_KEYS, Filter, Part, Query
from engine.retrieval.parameters import Parameters
from engine.retrieval.search import ranked
from engine.retrieval.understand import Reader
from engine.store.collection import Collection
from engine.store.schema import ATTRIBUTES

MAX_VALUES: Final = 100
# Of attributes so many values are looked at, of so many names those with the most pins are told.
ATTRIBUTE_VALUES: Final = 1_000
ATTRIBUTE_NAMES: Final = 20
_NAMED: Final = f"{ATTRIBUTES}."
Row = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class FacetRequest:
    """What is to be counted.

    keys: `board_title`, `merchant`, `currency`, `language`, `attributes.NAME`, or `attributes` for
        every name; empty for all of them.
    text: count only pins that answer these words, as far as one can page through the answer.
    limit: of each facet the commonest values.
    """

    keys: tuple[str, ...] = ()
    filter: Filter = field(default_factory=Filter)
    text: str | None = None
    min_relevance: float = 0.0
    limit: int = 20

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAX_VALUES:
            raise BadQuery(f"limit {self.limit} is out of range: 1 to {MAX_VALUES}")
        for key in self.keys:
            if key not in {*KEYWORD_KEYS, ATTRIBUTES} and not _name_of(key):
                known = ", ".join((*KEYWORD_KEYS, ATTRIBUTES, f"{_NAMED}NAME"))
                raise BadQuery(f"facet {key[:40]!r} is unknown; known facets: {known}")


@dataclass(frozen=True)
class Facet:
    """The commonest values of a field and their numbers of pins."""

    key: str
    values: tuple[tuple[str, int], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the contract's JSON."""
        return {"key": self.key, "values": [{"value": v, "pins": n} for v, n in self.values]}


def facets(
    request: FacetRequest, collection: Collection, reader: Reader, parameters: Parameters
) -> list[Facet]:
    """Count; raise BadQuery for words that can't be asked."""
    counting = _Counting(request, collection, reader, parameters)
    out: list[Facet] = []
    for key in dict.fromkeys(request.keys or (*KEYWORD_KEYS, ATTRIBUTES)):
        if key == ATTRIBUTES:
            found = _by_name(counting.values(key, request.filter))
            names = sorted(found, key=lambda name: (-sum(found[name].values()), name))
            own = {*names[:ATTRIBUTE_NAMES], *request.filter.attributes}
            out += [counting.facet(_NAMED + name, found) for name in sorted(own)]
        else:
            out.append(counting.facet(key))
    return [each for each in out if each.values or each.key in request.keys]


@dataclass
class _Counting:
    request: FacetRequest
    collection: Collection
    reader: Reader
    parameters: Parameters
    rows: list[tuple[Filter, list[Row]]] = field(default_factory=list)

    def facet(self, key: str, known: Mapping[str, Counter[str]] | None = None) -> Facet:
        """Return one facet; `known` are attributes as counted under the whole filter."""
        wanted, name = _without(self.request.filter, key), _name_of(key)
        if not name:
            counts = self.values(key, wanted)
        elif known is not None and wanted is self.request.filter:
            counts = known.get(name, Counter())
        else:
            counts = _by_name(self.values(ATTRIBUTES, wanted)).get(name, Counter())
        ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        return Facet(key, tuple(ordered[: self.request.limit]))

    def values(self, stored: str, wanted: Filter) -> Counter[str]:
        """Return a stored field's values and their numbers of pins."""
        if self.request.text is None:
            limit = ATTRIBUTE_VALUES if stored == ATTRIBUTES else self.request.limit
            return Counter(dict(self.collection.facet(stored, limit, wanted)))
        return Counter(value for row in self._answering(wanted) for value in row.get(stored, ()))

    def _answering(self, wanted: Filter) -> Sequence[Row]:
        for filter_, rows in self.rows:
            if filter_ is wanted:
                return rows
        relevance = self.request.min_relevance
        query = Query((Part("text", self.request.text or ""),), wanted, min_relevance=relevance)
        _, ranking = ranked(query, self.reader, self.parameters)
        keys = [ranking.candidates.keys[row] for row in ranking.at_least(relevance).tolist()]
        found: list[Row] = [*self.collection.keywords(keys)]
        self.rows.append((wanted, found))
        return found


def _by_name(counts: Mapping[str, int]) -> dict[str, Counter[str]]:
    """Return the values of attributes, which are stored as `name=value`, by name."""
    found: dict[str, Counter[str]] = {}
    for pair, pins in counts.items():
        name, _, value = pair.partition("=")
        found.setdefault(name, Counter())[value] = pins
    return found


def _without(filter_: Filter, key: str) -> Filter:
    """Return a filter without what it asks of a key; the same one where it asks nothing."""
    name = _name_of(key)
    if name in filter_.attributes:
        return replace(filter_, attributes=_less(filter_.attributes.items(), name))
    if key in filter_.fields:
        return replace(filter_, fields=_less(filter_.fields.items(), key))
    return filter_


def _less(items: Iterable[tuple[str, tuple[str, ...]]], key: str) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({name: values for name, values in items if name != key})


def _name_of(key: str) -> str:
    return key.removeprefix(_NAMED) if key.startswith(_NAMED) else ""
