"""Which new pins show what an earlier pin shows: that is recorded, and no pin is dropped for it.

Candidates share a part of their perceptual hash, which an index finds; the pictures themselves, or
the vectors where none are kept, confirm. See docs/decisions/0016-near-duplicates.md and
0033-one-picture.md for the figures behind the rule.
"""

from collections.abc import Collection as Ids
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np

from engine.features.fingerprint import hamming
from engine.features.phash import bands
from engine.ingestion.likeness import Likeness
from engine.queries import Filter
from engine.store import schema
from engine.store.collection import Collection
from engine.store.image_store import ImageStore
from engine.store.legs import FloatArray, Scope, VectorLeg
from engine.store.records import Record, StoredPin, point_id
from engine.store.vectors import unit

# Two pictures are one if their vectors' cosine is .8, and .025 more for each bit that differs.
LEAST_COSINE = 0.8
COSINE_PER_BIT = 0.025
MOST_BITS = 6
# Where the pictures can be compared, this much of a difference is worth a look at them.
WORTH_COSINE = 0.6
WORTH_BITS = 10
# Of the pins that share a part of the hash, those that are compared in full.
DEPTH = 8
PAGE = 256


@dataclass(frozen=True)
class Duplicates:
    """The groups of near-identical pictures of one collection, each named by its first pin.

    Blocked pins belong to them too, so that a group is whole when one of them is shown again.
    """

    collection: Collection
    images: ImageStore | None = None

    def marked(self, new: Sequence[Record], replaced: Ids[str] = ()) -> list[Record]:
        """Return pins with new pictures, each with the first pin that shows the same, if any does.

        new: what is about to be written, in order of arrival; no pin comes twice.
        replaced: those of them that the collection holds with other pictures.
        """
        vectors = [unit(each.vector, len(each.vector)) for each in new]
        done: list[Record] = []
        for record, vector, stored in zip(
            new, vectors, self._candidates(new, vectors, replaced), strict=True
        ):
            earlier: list[tuple[Record | StoredPin, float]] = [*stored]
            for each, other in zip(done, vectors, strict=False):
                earlier.append((each, float(np.dot(vector, other))))
            first = next(
                (
                    each.duplicate_of or each.pin.id
                    for each, cosine in earlier
                    if self._one_picture(record, each, cosine)
                ),
                None,
            )
            done.append(replace(record, duplicate_of=first))
        return done

    def hand_over(self, leaving: Ids[str]) -> None:
        """Let groups go on without their first pins, which go or are to show something else.

        One of those that stay becomes the first of the group.
        """
        names = tuple(leaving)
        heirs: dict[str, str] = {}
        while names and (copies := self.collection.scroll(_copies_of(names), PAGE, blocked=True)):
            found = self.collection.get([stored.pin.id for _, stored in copies])
            moved: list[Record] = []
            for pin_id, record in found.items():
                heir = None
                if pin_id not in names and record.duplicate_of is not None:
                    heir = heirs.setdefault(record.duplicate_of, pin_id)
                moved.append(replace(record, duplicate_of=None if heir == pin_id else heir))
            self.collection.upsert(moved)

    def _one_picture(
        self, first: Record | StoredPin, second: Record | StoredPin, cosine: float
    ) -> bool:
        """Say whether two pins show the same picture; one that is kept is looked at if need be."""
        if first.image_sha256 == second.image_sha256:
            return True
        if self.images is not None and worth_a_look(first, second, cosine):
            [told] = Likeness(self.images).of(first.image_key, [second.image_key])
            if told is not None:
                return told.same
        return alike(first, second, cosine)

    def _candidates(
        self, new: Sequence[Record], vectors: Sequence[FloatArray], replaced: Ids[str]
    ) -> list[list[tuple[StoredPin, float]]]:
        """Return for each pin the stored ones that may show the same, with cosines, best first."""
        without = frozenset(UUID(point_id(each)) for each in replaced)
        legs = [
            VectorLeg(vector, DEPTH, _sharing(each.phash, without), exact=True)
            for each, vector in zip(new, vectors, strict=True)
        ]
        least = LEAST_COSINE if self.images is None else WORTH_COSINE
        ranked = [
            [(str(key), score) for key, score in zip(*each, strict=True) if score >= least]
            for each in self.collection.nearest(legs)
        ]
        stored = self.collection.pins(list({key for each in ranked for key, _ in each}))
        return [[(stored[key], score) for key, score in each if key in stored] for each in ranked]


def alike(first: Record | StoredPin, second: Record | StoredPin, cosine: float) -> bool:
    """Say whether two pins show the same picture, as far as hashes and their cosine tell."""
    if first.image_sha256 == second.image_sha256:
        return True
    if not first.phash or not second.phash:
        return False
    bits = hamming(first.phash, second.phash)
    return bits <= MOST_BITS and cosine >= LEAST_COSINE + COSINE_PER_BIT * bits


def worth_a_look(first: Record | StoredPin, second: Record | StoredPin, cosine: float) -> bool:
    """Say whether the pictures of two pins may be one, by their hashes and vectors."""
    if not first.phash or not second.phash:
        return False
    return cosine >= WORTH_COSINE and hamming(first.phash, second.phash) <= WORTH_BITS


def _sharing(hashed: str, without: frozenset[UUID]) -> Scope:
    shared = Filter(fields={schema.BANDS: tuple(bands(hashed))})
    return Scope(shared, without, blocked=True)


def _copies_of(pin_ids: tuple[str, ...]) -> Filter:
    return Filter(fields={schema.DUPLICATE: pin_ids})
