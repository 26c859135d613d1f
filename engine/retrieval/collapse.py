"""Of pins that show nearly the same picture, one is a hit and stands for the others.

Groups are those recorded at intake (docs/decisions/0016-near-duplicates.md), joined where pins of
two show a picture of the same bytes. They are looked up by index among a query's candidates, and
only for rows that a page has come to, so that few pins are read. Knows nothing of vectors' meaning.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
import numpy.typing as npt

from engine.queries import Filter
from engine.retrieval.listing import Entry, Pins
from engine.store import schema
from engine.store.legs import Ranked, Scope, VectorLeg
from engine.store.records import Record, StoredPin, point_id

WINDOW = 32
MANY = 64


def collapsed(
    order: npt.NDArray[np.intp],
    pins: Pins,
    vector: npt.NDArray[np.float32],
    first: int,
    shown: Record | None = None,
) -> Iterator[Entry]:
    """Yield the best row of each group, in order; its copies are the other rows of `order` in it.

    vector: any unit row of the collection's dimension.
    first: how many rows are surely looked at; more are read only as entries are taken.
    shown: a pin whose own group is left out.
    """
    groups = Groups(order, pins, vector)
    rows = order.tolist()
    place = {row: at for at, row in enumerate(rows)}
    settled: set[int] = set()
    if shown is not None:
        settled |= groups.shown(shown)
    start, end = 0, max(first, 1)
    while start < len(rows):
        found = groups.of([row for row in rows[start:end] if row not in settled])
        for row, group in found.items():
            # Where no pictures are kept, the same bytes may join a group that had its hit.
            if row not in settled and groups.first_of_its_kind(row):
                yield Entry(row, tuple(sorted(group - {row}, key=place.__getitem__)))
            settled |= group
        start, end = end, end + WINDOW


@dataclass(frozen=True)
class Groups:
    """Which of some rows show the same picture, as far as it was asked.

    leader: a disjoint-set forest (Galler & Fischer 1964) over names of groups and digests of
        pictures. members: the group's name of each row that was read. answered: leaders of groups
        that have their hit.
    """

    order: npt.NDArray[np.intp]
    pins: Pins
    vector: npt.NDArray[np.float32]
    leader: dict[str, str] = field(default_factory=dict)
    members: dict[int, str] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    rows: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keys = self.pins.ranking.candidates.keys
        self.rows.update({keys[row]: row for row in self.order.tolist()})

    def of(self, rows: Iterable[int]) -> dict[int, set[int]]:
        """Return each row with all the rows of its group; a pin deleted since has none."""
        found = self.pins.of(rows)
        self._gather(found)
        groups: dict[str, set[int]] = {}
        for row, name in self.members.items():
            groups.setdefault(self._root(name), set()).add(row)
        return {row: groups[self._root(self.members[row])] for row in found}

    def shown(self, pin: Record) -> set[int]:
        """Let a pin that is no row itself be the hit of its group, and return the group's rows."""
        self._join(pin)
        self._gather(self._looked_up([pin]))
        root = self._root(_named(pin))
        self.answered.add(root)
        return {row for row, name in self.members.items() if self._root(name) == root}

    def first_of_its_kind(self, row: int) -> bool:
        """Say whether the group of a row has had no hit; from now on it has."""
        name = self._root(self.members[row])
        if name in self.answered:
            return False
        self.answered.add(name)
        return True

    def _gather(self, found: dict[int, StoredPin]) -> None:
        """Take pins in, with all that show the same, and all that show the same as those."""
        while fresh := {row: pin for row, pin in found.items() if row not in self.members}:
            for row, pin in fresh.items():
                self.members[row] = _named(pin)
                self._join(pin)
            found = self._looked_up(fresh.values())

    def _looked_up(self, pins: Iterable[Record | StoredPin]) -> dict[int, StoredPin]:
        """Return the rows, unknown so far, that share a group or a kept picture with pins."""
        known = list(pins)
        names = tuple(dict.fromkeys(_named(pin) for pin in known))
        keys = {point_id(name) for name in names}
        pictures = tuple({schema.picture(pin.image_key) for pin in known if pin.image_key})
        if all(row in self.members for row in self.rows.values()):
            return {}
        for ranked, _ in self._sharing({schema.DUPLICATE: names}, {schema.PICTURE: pictures}):
            keys.update(map(str, ranked))
        rows = [row for key, row in self.rows.items() if key in keys and row not in self.members]
        return self.pins.of(rows)

    def _sharing(self, *wanted: dict[str, tuple[str, ...]]) -> Sequence[Ranked]:
        """Return the pins that have one of some values in a field, for each field.

        Mostly they are few in the whole collection. Only where they may be more than were asked
        for are the candidates named one by one, which takes as long as drawing them.
        """
        fields = [each for each in wanted if any(each.values())]
        limit = MANY + sum(len(values) for each in fields for values in each.values())
        nearest = self.pins.collection.nearest
        found = nearest(
            [VectorLeg(self.vector, limit, Scope(Filter(each)), True) for each in fields]
        )
        if all(len(ranked) < limit for ranked, _ in found):
            return found
        others = [UUID(key) for key, row in self.rows.items() if row not in self.members]
        scopes = [Scope(Filter(each), among=others) for each in fields]
        return nearest([VectorLeg(self.vector, len(others), scope, True) for scope in scopes])

    def _join(self, pin: Record | StoredPin) -> None:
        picture, group = self._root(f"picture {pin.image_sha256}"), self._root(_named(pin))
        self.leader[picture] = group
        if picture in self.answered:
            self.answered.add(group)

    def _root(self, name: str) -> str:
        while (above := self.leader.setdefault(name, name)) != name:
            # Halves the path, so that the next walk along it is short.
            self.leader[name] = name = self.leader[above]
        return name


def _named(pin: Record | StoredPin) -> str:
    """Return the name of a pin's recorded group: the id of its first pin (which has no blank)."""
    return pin.duplicate_of or pin.pin.id
