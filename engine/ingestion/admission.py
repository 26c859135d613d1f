"""Whether what arrives may come in: not over a newer state, not after a deletion or a takedown.

One look per window at the collection and at the removals decides for all of its pins. Knows
nothing of pictures' content.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AnySet
from dataclasses import dataclass
from datetime import timedelta

from engine.errors import StaleVersion, TakenDown, UnknownPin
from engine.ingestion.arrivals import Arrival
from engine.ingestion.changes import Deletion, Patch
from engine.jsonl import BadLine
from engine.pins import Pin
from engine.store.collection import Collection
from engine.store.records import Facts, point_id
from engine.store.removals import Removals
from engine.store.versions import Age, Version, require_plausible, version

Change = Arrival | Patch | Deletion
MAX_AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class Standing:
    """What is known of the pins of a window; `stored` has those that are to be patched."""

    known: Mapping[str, Facts]
    graves: Mapping[str, Version]
    taken_down: AnySet[str]
    stored: Mapping[str, Pin]


@dataclass(frozen=True)
class Admitted:
    """A pin that may be written.

    version: what to write it as; known: the facts of what it replaces.
    keeps_picture: the stored picture and its vector serve, whatever `image` says.
    buried: a tombstone lies there, and goes.
    """

    arrival: Arrival
    version: Version
    known: Facts | None
    keeps_picture: bool = False
    buried: bool = False


@dataclass(frozen=True)
class Doomed:
    """A pin that is to go, or to stay away, as of a version."""

    pin_id: str
    origin: str
    version: Version
    known: Facts | None


@dataclass(frozen=True)
class Admission:
    """The door of one collection; `max_ahead` is how far the clocks of senders may go ahead."""

    collection: Collection
    removals: Removals
    max_ahead: timedelta = MAX_AHEAD

    def standing(self, items: Sequence[Change | BadLine]) -> Standing:
        """Look up the pins of a window, all at once."""
        ids = list({name for item in items if (name := pin_of(item)) is not None})
        patched = [point_id(item.pin_id) for item in items if isinstance(item, Patch)]
        stored = self.collection.pins(patched) if patched else {}
        return Standing(
            known=self.collection.facts(ids),
            graves=self.removals.tombstones(ids),
            taken_down=self.removals.taken_down("pin", ids),
            stored={each.pin.id: each.pin for each in stored.values()},
        )

    def decide(self, item: Change, standing: Standing) -> Admitted | Doomed:
        """Return what is to be done.

        Raises StaleVersion and TakenDown where nothing is to be done, other UsageErrors where
        what came is at fault.
        """
        if isinstance(item, Deletion):
            return self.doom(item, standing)
        pin_id = item.pin_id if isinstance(item, Patch) else item.pin.id
        if pin_id in standing.taken_down:
            raise TakenDown(f"pin {pin_id!r} was taken down and stays out until it is reinstated")
        known, grave = standing.known.get(pin_id), standing.graves.get(pin_id)
        mine = self._version(item)
        if known is not None:
            # Beside a pin a tombstone says nothing more: it came back in a newer version.
            grave = None
            _require_not_older(pin_id, mine, known.version)
        elif grave is not None and mine.beside(grave) in {Age.OLDER, Age.SAME}:
            raise StaleVersion(
                f"pin {pin_id!r} was deleted, and this is no newer than that: "
                "send it with a later updated_at to have it back"
            )
        before = known.version if known is not None else grave
        if isinstance(item, Arrival):
            return Admitted(item, mine.after(before), known, buried=grave is not None)
        pin = standing.stored.get(pin_id)
        if known is None or pin is None:
            raise UnknownPin(f"no pin {pin_id!r} is in this collection: send the whole of it")
        arrival = Arrival(item.applied(pin), item.base, item.origin, item.sequence)
        return Admitted(arrival, mine.after(before), known, item.keeps_picture(pin))

    def doom(self, item: Deletion, standing: Standing) -> Doomed:
        """Return what a deletion does; raise StaleVersion, or BadPin for a far future."""
        require_plausible(item.updated_at, self.max_ahead)
        known, grave = standing.known.get(item.pin_id), standing.graves.get(item.pin_id)
        before = known.version if known is not None else grave
        if before is not None:
            _require_not_older(item.pin_id, item.version, before)
        return Doomed(item.pin_id, item.origin, item.version.after(before), known)

    def _version(self, item: Arrival | Patch) -> Version:
        updated_at = item.updated_at if isinstance(item, Patch) else item.pin.updated_at
        require_plausible(updated_at, self.max_ahead)
        return version(updated_at, item.sequence)


def pin_of(item: Change | BadLine) -> str | None:
    """Return the id of the pin that an item is about; None for a line that is none."""
    if isinstance(item, BadLine):
        return None
    return item.pin.id if isinstance(item, Arrival) else item.pin_id


def _require_not_older(pin_id: str, mine: Version, kept: Version) -> None:
    if mine.beside(kept) is Age.OLDER:
        raise StaleVersion(
            f"pin {pin_id!r} is there in a newer version: this one changes nothing, "
            "send it with a later updated_at if it is meant"
        )
