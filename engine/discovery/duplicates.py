"""Pins that show what a pin shows, and pins that only look alike.

`same`: the picture's bytes are the same. `near`: it is the same picture, saved anew, cropped,
mirrored, framed or marked; the pictures themselves say so, the vectors and hashes only propose.
`alike`: another picture that looks like it, by the vectors. Knows nothing of HTTP.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from engine.errors import BadQuery
from engine.features.phash import bands
from engine.ingestion.duplicates import alike
from engine.ingestion.likeness import Likeness
from engine.queries import Filter
from engine.retrieval.asked_with import asked_with
from engine.store import schema
from engine.store.collection import Collection
from engine.store.image_store import ImageStore
from engine.store.legs import Scope, VectorLeg
from engine.store.records import Record, StoredPin, point_id

Kind = Literal["same", "near", "alike"]

# The nearest by vector among which a changed copy is looked for, and those that share a hash.
NEAREST = 10
SHARING = 4
# A copy's vector is never further away than this, not even that of a heavily framed one.
LEAST_COSINE = 0.5
LOOKS_ALIKE = 0.9
RECORDED = 256
MAX_LIMIT = 100
PAGE = 64
ORDER: dict[Kind, int] = {"same": 0, "near": 1, "alike": 2}


@dataclass(frozen=True)
class Duplicate:
    """A pin beside another one.

    similarity: 1 for the same bytes; of a near copy the share of the picture that agrees; of what
    looks alike the cosine. In [0, 1].
    """

    pin: str
    kind: Kind
    similarity: float


@dataclass(frozen=True)
class Finder:
    """Looks for copies in one collection."""

    collection: Collection
    images: ImageStore

    def of(self, pin_id: str, limit: int = 20, *, looks_alike: bool = True) -> list[Duplicate]:
        """Return the copies of a pin, surest first, then what looks alike, nearest first.

        limit: how many of each kind. Raises UnknownPin, BadQuery.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise BadQuery(f"limit {limit} is out of range: 1 to {MAX_LIMIT}")
        [record] = asked_with(self.collection, [pin_id])
        found = self.beside(record)
        kinds = ("same", "near", "alike") if looks_alike else ("same", "near")
        out: list[Duplicate] = []
        for kind in kinds:
            mine = [each for each in found if each.kind == kind]
            out += sorted(mine, key=lambda each: (-each.similarity, each.pin))[:limit]
        return out

    def beside(self, record: Record) -> list[Duplicate]:
        """Return what is copy of, or like, a record that need not be in the collection."""
        return list(self._judged(record, self._candidates(record)))

    def groups(self, *, thorough: bool = False) -> Iterator[list[str]]:
        """Yield the groups of pins that show one picture, each in the order of ids.

        Those recorded at intake; `thorough` looks for the copies of every pin beside, which also
        finds what was cropped or mirrored and takes some 50 ms a pin.
        """
        leader: dict[str, str] = {}

        def root(name: str) -> str:
            while (above := leader.setdefault(name, name)) != name:
                leader[name] = name = leader[above]
            return name

        ids: list[str] = []
        after: str | None = None
        while page := self.collection.scroll(limit=PAGE, after=after):
            after = page[-1][0]
            for _, stored in page:
                name = f"pin {stored.pin.id}"
                ids.append(stored.pin.id)
                leader[root(name)] = root(f"picture {stored.image_sha256}")
                if stored.duplicate_of is not None:
                    leader[root(name)] = root(f"pin {stored.duplicate_of}")
                if thorough:
                    for each in self.of(stored.pin.id, MAX_LIMIT, looks_alike=False):
                        leader[root(name)] = root(f"pin {each.pin}")
        members: dict[str, list[str]] = {}
        for pin_id in ids:
            members.setdefault(root(f"pin {pin_id}"), []).append(pin_id)
        yield from sorted(sorted(each) for each in members.values() if len(each) > 1)

    def _candidates(self, record: Record) -> dict[str, tuple[StoredPin, float]]:
        """Return by key what may be a copy, with the cosine."""
        itself = frozenset({UUID(point_id(record.pin.id))})
        first = record.duplicate_of or record.pin.id
        fields: list[tuple[dict[str, tuple[str, ...]], int]] = [
            ({schema.DUPLICATE: (first,)}, RECORDED)
        ]
        if record.image_key is not None:
            fields.append(({schema.PICTURE: (schema.picture(record.image_key),)}, RECORDED))
        if record.phash:
            fields.append(({schema.BANDS: tuple(bands(record.phash))}, SHARING))
        legs = [VectorLeg(record.vector, NEAREST, Scope(without=itself))] + [
            VectorLeg(record.vector, most, Scope(Filter(fields=each), itself), exact=True)
            for each, most in fields
        ]
        if record.duplicate_of is not None:
            leader = [UUID(point_id(first))]
            legs.append(VectorLeg(record.vector, 1, Scope(among=leader), exact=True))
        cosines = {
            str(key): score
            for keys, scores in self.collection.nearest(legs)
            for key, score in zip(keys, scores, strict=True)
        }
        stored = self.collection.pins(list(cosines))
        return {key: (pin, cosines[key]) for key, pin in stored.items()}

    def _judged(
        self, record: Record, found: dict[str, tuple[StoredPin, float]]
    ) -> Iterator[Duplicate]:
        unsure: list[tuple[StoredPin, float]] = []
        for stored, cosine in found.values():
            shown = record.image_sha256 == stored.image_sha256
            if shown or (record.image_key and record.image_key == stored.image_key):
                yield Duplicate(stored.pin.id, "same", 1.0)
            elif cosine >= LEAST_COSINE:
                unsure.append((stored, cosine))
        keys = [stored.image_key for stored, _ in unsure]
        told = Likeness(self.images).of(record.image_key, keys)
        for (stored, cosine), compared in zip(unsure, told, strict=True):
            same = alike(record, stored, cosine) if compared is None else compared.same
            if same:
                share = cosine if compared is None else compared.agreeing
                yield Duplicate(stored.pin.id, "near", min(1.0, share))
            elif cosine >= LOOKS_ALIKE:
                yield Duplicate(stored.pin.id, "alike", min(1.0, cosine))
