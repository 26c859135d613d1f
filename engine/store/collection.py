"""A collection of pins as the rest of the engine sees it, whichever engine holds it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from engine.queries import Filter
from engine.store.identity import Identity
from engine.store.legs import FloatArray, Ranked, VectorLeg
from engine.store.plan import Candidates, Plan
from engine.store.records import Facts, Record, StoredPin
from engine.store.vocabulary import Vocabulary

__all__ = ["EVERYTHING", "Collection", "CollectionInfo", "StoredPin"]

EVERYTHING: Final = Filter()


@dataclass(frozen=True)
class CollectionInfo:
    """What a collection amounts to.

    indexed: vectors that the graph covers; the others are searched one by one.
    disk_bytes: what it takes on disk; None where the engine doesn't say.
    building: whether a graph is being built.
    """

    points: int
    indexed: int
    segments: int
    disk_bytes: int | None
    identity: Identity
    building: bool = False


class Collection(Protocol):
    """Pins with their terms and vectors; every write is searchable once it returned.

    No answer has a blocked pin in it: whatever finds, lists or counts pins passes them over unless
    it is told otherwise, and words, boards and frequencies never come from them. Asked for by name
    (`get`, `pins`, `facts`) they are there.

    Pins are named by pin id where they come from outside, and by key (the point's UUID as text,
    see `point_id`) where they come from `candidates`.
    """

    @property
    def identity(self) -> Identity:
        """The fingerprints that the collection belongs to."""
        ...

    def upsert(self, records: Sequence[Record]) -> None:
        """Write a batch, replacing pins of the same id; a repeated id within it: the last wins.

        Raises BadVector before anything is written if one vector is not finite, zero, or of
        another dimension; StoreFull when the disk has no room.
        """
        ...

    def delete(self, pin_ids: Sequence[str]) -> int:
        """Delete pins and return how many of them existed."""
        ...

    def confirm(self, pin_ids: Sequence[str]) -> None:
        """Make sure, before anybody is told that pins are here or gone, that this is what answers.

        Writes and deletions do it themselves; it is for those that found nothing to be done. Where
        many processes share a collection whose encoder is changed, it raises EncoderChanged.
        """
        ...

    def get(self, pin_ids: Sequence[str]) -> dict[str, Record]:
        """Return the records that exist, by pin id, with their unit vectors."""
        ...

    def pins(self, keys: Sequence[str]) -> dict[str, StoredPin]:
        """Return what a page of hits shows, by key; unknown keys are left out."""
        ...

    def vectors(self, keys: Sequence[str]) -> dict[str, FloatArray]:
        """Return the unit vectors of pictures, by key; unknown keys are left out."""
        ...

    def facts(self, pin_ids: Sequence[str]) -> dict[str, Facts]:
        """Return what arriving pins are compared with, of those that exist, by pin id."""
        ...

    def candidates(self, plan: Plan) -> Candidates:
        """Run one query's plan."""
        ...

    def nearest(self, legs: Sequence[VectorLeg]) -> list[Ranked]:
        """Run vector legs in one go: the points and cosines of each, in their order."""
        ...

    def count(self, filter_: Filter = EVERYTHING, *, blocked: bool = False) -> int:
        """Return exactly how many pins pass a filter, also blocked ones if wanted."""
        ...

    def uses_image(self, image_key: str) -> bool:
        """Say whether any pin's picture is kept under a key of the image store."""
        ...

    def showing(self, sha256: str) -> list[str]:
        """Return the ids of all pins whose picture came, or is kept, under a SHA-256.

        Looks at every pin: what a takedown needs once in a while is not worth an index that every
        write would pay for.
        """
        ...

    def frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """Return how many pins have each term in either text; 0 is said only of terms of no pin."""
        ...

    def vocabulary(self) -> Vocabulary:
        """Return the words that pins say as far as they are counted: proposals, not facts."""
        ...

    def boards(self, limit: int) -> list[tuple[str, int]]:
        """Return the titles of the largest boards and their numbers of pins, largest first."""
        ...

    def facet(self, name: str, limit: int, filter_: Filter = EVERYTHING) -> list[tuple[str, int]]:
        """Return the commonest values of a field and their numbers of pins, commonest first.

        name: one of `KEYWORD_KEYS`, or `attributes`, whose values are `key=value`. Numbers are
        exact; where there are many more values than `limit`, one that is hardly rarer may be
        missing. Looks at each value once, so it is quick however many pins there are.
        """
        ...

    def keywords(self, keys: Sequence[str]) -> list[dict[str, tuple[str, ...]]]:
        """Return the values of the fields of `facet`, of each pin that exists."""
        ...

    def saying(self, terms: Sequence[str]) -> int:
        """Return how many pins have all the terms, each in either text."""
        ...

    def scroll(
        self,
        filter_: Filter = EVERYTHING,
        limit: int = 100,
        after: str | None = None,
        *,
        blocked: bool = False,
    ) -> list[tuple[str, StoredPin]]:
        """Return up to `limit` (key, pin) in the order of keys, those past the key `after`.

        blocked: also those that no answer has; a filter finds them by their pictures and groups
        alone.
        """
        ...

    def records(self, batch: int = 256, *, blocked: bool = False) -> Iterator[list[Record]]:
        """Yield every record in the order of keys; an export or a copy wants the blocked ones too.

        Those come without their terms.
        """
        ...

    def optimize(self) -> None:
        """Build what makes search fast over everything written so far; may take minutes.

        Embedded, the process can do nothing else meanwhile.
        """
        ...

    def start_optimizing(self, outside: int) -> None:
        """Have the same done while the collection is in use, if so many pins wait for it.

        Returns at once, also where it can't be done now: then the log says why.
        """
        ...

    def finish_optimizing(self) -> None:
        """Wait until what was started is done."""
        ...

    def flush(self) -> None:
        """Make sure that a power cut takes none of the writes that returned before.

        Searches and other writes go on meanwhile. What closing and opening take is the engine's own
        business: it may keep writes in a log at first, and in its tables when there is time.
        """
        ...

    def info(self) -> CollectionInfo:
        """Return the collection's size and state."""
        ...

    def close(self) -> None:
        """Give the collection free; a second call does nothing."""
        ...
