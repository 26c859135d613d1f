"""A collection brought into another that has another encoder: the same pins, their pictures anew.

What is there as it should be is passed over, so the work can be done again after it was cut short,
and again when something has changed meanwhile. Knows nothing of who writes to the collections.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from engine.features.encoder import Encoder
from engine.features.images import WORKING_SIDE, ImageLimits, crop, decode
from engine.ingestion.recording import usable
from engine.queries import Crop
from engine.store.archive import line_of
from engine.store.collection import Collection
from engine.store.image_store import ImageStore
from engine.store.records import NO_ROWS, Record

BATCH: Final = 32
PAGE: Final = 256
Done = Callable[[int], None]


@dataclass(frozen=True)
class Brought:
    """What was done: pins written, of those encoded anew, pins that were right, pins taken out.

    lost: pins whose picture is no longer kept, which can't be encoded.
    """

    written: int = 0
    encoded: int = 0
    unchanged: int = 0
    removed: int = 0
    lost: tuple[str, ...] = ()

    def to_json(self) -> dict[str, int]:
        """Return the numbers; of lost pins, how many."""
        return {**asdict(self), "lost": len(self.lost)}

    def __add__(self, other: "Brought") -> "Brought":
        return Brought(
            self.written + other.written,
            self.encoded + other.encoded,
            self.unchanged + other.unchanged,
            self.removed + other.removed,
            self.lost + other.lost,
        )


@dataclass(frozen=True)
class Pace:
    """How much of the time is worked; the rest is left to others."""

    share: float = 1.0
    sleep: Callable[[float], None] = time.sleep

    def rest(self, worked_s: float) -> None:
        """Pause after some work."""
        if self.share < 1.0:
            self.sleep(worked_s * (1.0 / self.share - 1.0))


@dataclass(frozen=True)
class Reencoding:
    """The way from one collection to one of another encoder; both have the same analysis."""

    source: Collection
    target: Collection
    images: ImageStore
    limits: ImageLimits
    encoder: Encoder
    pace: Pace = field(default_factory=Pace)

    def bring_all(self, done: Done = lambda _: None) -> Brought:
        """Make the target hold what the source holds, and nothing else.

        done: called with the number of pins of each part.
        """
        brought = Brought()
        for records in self.source.records(BATCH, blocked=True):
            begun = time.monotonic()
            brought += self._bring(records)
            done(len(records))
            self.pace.rest(time.monotonic() - begun)
        after: str | None = None
        while page := self.target.scroll(limit=PAGE, after=after, blocked=True):
            after = page[-1][0]
            brought += Brought(removed=self._remove([stored.pin.id for _, stored in page]))
        return brought

    def bring(self, keys: Sequence[str]) -> Brought:
        """Make the target hold what the source holds under some keys."""
        brought = Brought()
        for start in range(0, len(keys), BATCH):
            part = keys[start : start + BATCH]
            stored = self.source.pins(part)
            records = self.source.get([each.pin.id for each in stored.values()])
            brought += self._bring(list(records.values()))
            gone = self.target.pins([key for key in part if key not in stored]).values()
            brought += Brought(removed=self._remove([each.pin.id for each in gone]))
        return brought

    def _bring(self, records: Sequence[Record]) -> Brought:
        there = self.target.get([each.pin.id for each in records])
        wanted = [each for each in records if not _same(each, there.get(each.pin.id))]
        old = [each for each in wanted if _shows(each, there.get(each.pin.id))]
        made = [
            replace(
                each,
                vector=there[each.pin.id].vector,
                region_boxes=there[each.pin.id].region_boxes,
                region_vectors=there[each.pin.id].region_vectors,
            )
            for each in old
        ]
        new = [each for each in wanted if not _shows(each, there.get(each.pin.id))]
        encoded = list(self._encoded(new))
        self.target.upsert([*made, *encoded])
        found = {each.pin.id for each in encoded}
        lost = tuple(each.pin.id for each in new if each.pin.id not in found)
        # What can't be encoded must not answer as it was.
        self.target.delete([pin for pin in lost if pin in there])
        return Brought(len(made) + len(encoded), len(encoded), len(records) - len(wanted), 0, lost)

    def _encoded(self, records: Sequence[Record]) -> Iterator[Record]:
        """Yield the records whose pictures are kept, with what the encoder makes of these."""
        shown = [
            (each, decode(data, self.limits, longest=WORKING_SIDE))
            for each in records
            if each.image_key is not None and (data := self.images.get(each.image_key))
        ]
        if not shown:
            return
        vectors = self.encoder.encode_images([image for _, image in shown])
        for (record, image), vector in zip(shown, vectors, strict=True):
            if not usable(vector):
                continue
            boxes = [Crop.parse(each) for each in record.region_boxes]
            rows = NO_ROWS
            if boxes:
                rows = self.encoder.encode_images([crop(image, box) for box in boxes])
            yield replace(record, vector=vector, region_vectors=rows)

    def _remove(self, pin_ids: Sequence[str]) -> int:
        """Delete those of some pins that the source does not hold."""
        known = self.source.facts(pin_ids)
        return self.target.delete([pin for pin in pin_ids if pin not in known])


def _same(wanted: Record, there: Record | None) -> bool:
    return there is not None and line_of(wanted) == line_of(there)


def _shows(wanted: Record, there: Record | None) -> bool:
    """Say whether what is there was made of the same picture and the same boxes in it."""
    return there is not None and (
        (wanted.image_key, wanted.image_sha256, wanted.region_boxes)
        == (there.image_key, there.image_sha256, there.region_boxes)
    )
