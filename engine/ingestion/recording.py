"""Pins that were looked at into records: new pictures encoded, judged, compared, words analysed.

Knows nothing of where pins come from, nor of when records are written.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.errors import BadImage, BadPin, TakenDown, UsageError
from engine.features.encoder import Encoder
from engine.features.images import crop
from engine.features.regions import Proposal, proposals
from engine.features.spatial import maps_of
from engine.features.text import Analyzer
from engine.ingestion.classifying import Classifier, Shown, judged
from engine.ingestion.duplicates import Duplicates
from engine.ingestion.looking import Seen
from engine.pins import Pin
from engine.store.collection import Collection
from engine.store.image_store import ImageStore
from engine.store.records import NO_ROWS, Record
from engine.store.removals import Removals

FloatArray = npt.NDArray[np.float32]
Propose = Callable[[Image.Image], Sequence[Proposal]]
WHOLE = 0.8
"""Share of a picture from which on a box counts as the whole."""


@dataclass(frozen=True)
class Recorder:
    """Makes the records of one collection.

    propose: finds boxes of things in pictures, in place of the encoder.
    """

    collection: Collection
    encoder: Encoder
    analyzer: Analyzer
    removals: Removals
    images: ImageStore
    classifier: Classifier | None = None
    propose: Propose | None = None

    def made(self, seen: Sequence[Seen]) -> dict[str, Record | UsageError]:
        """Return by pin what is to be written, or why nothing is; no pin comes twice."""
        shown = {
            digest for each in seen for digest in (each.image_sha256, each.image_key) if digest
        }
        banned = self.removals.taken_down("picture", shown)
        allowed = [each for each in seen if not {each.image_sha256, each.image_key} & banned]
        why = TakenDown("the picture was taken down, and stays out until it is reinstated")
        made: dict[str, Record | UsageError] = dict.fromkeys((each.pin.id for each in seen), why)
        # What leads a group and is about to show something else leaves it, before anything of the
        # group is read.
        replaced = [each.pin.id for each in allowed if each.image is not None and each.known]
        groups = Duplicates(self.collection, self.images)
        groups.hand_over(replaced)
        keys = [each.pin.id for each in allowed]
        made |= self._judged(allowed, dict(zip(keys, self._records(allowed), strict=True)))
        new = [
            record
            for each in allowed
            if each.image is not None and isinstance(record := made[each.pin.id], Record)
        ]
        return made | {record.pin.id: record for record in groups.marked(new, replaced)}

    def _judged(
        self, seen: Sequence[Seen], made: dict[str, Record | UsageError]
    ) -> dict[str, Record | UsageError]:
        """Return the records with what a classifier says of those whose owner doesn't say."""
        if self.classifier is None:
            return made
        asked = [
            (each, record)
            for each in seen
            if isinstance(record := made[each.pin.id], Record) and record.pin.blocked is None
        ]
        shown = [
            Shown(record.pin, each.image or each.known_image, record.vector)
            for each, record in asked
        ]
        verdicts = judged(self.classifier, shown)
        return made | {
            record.pin.id: replace(record, withheld=verdict)
            for (_, record), verdict in zip(asked, verdicts, strict=True)
        }

    def _records(self, seen: Sequence[Seen]) -> Iterator[Record | UsageError]:
        """Yield what is to be written for each, or why it can't be."""
        new = [item.image for item in seen if item.image is not None]
        vectors = iter(self.encoder.encode_images(new))
        regions = iter([self._regions(image) for image in new])
        stored = self.collection.get([item.pin.id for item in seen if item.image is None])
        shown: Seen | Record
        for item in seen:
            pin = item.pin
            if item.image is not None:
                vector, shown = next(vectors), item
                boxes, rows = next(regions)
            elif pin.id in stored:
                shown = stored[pin.id]
                vector = shown.vector
                boxes, rows = shown.region_boxes, shown.region_vectors
            else:
                yield BadPin("the pin was deleted by another process meanwhile: send it again")
                continue
            if not usable(vector):
                yield BadImage("the encoder gave no usable vector for this picture")
                continue
            yield Record(
                pin=_without_data(pin, item.image_sha256),
                vector=vector,
                description_terms=" ".join(self.analyzer.terms(pin.description or "")),
                board_terms=" ".join(self.analyzer.terms(pin.board_title or "")),
                image_sha256=item.image_sha256,
                image_key=shown.image_key,
                dhash=shown.dhash,
                digest=item.digest,
                version=item.admitted.version,
                duplicate_of=shown.duplicate_of if isinstance(shown, Record) else None,
                phash=shown.phash,
                # Without a classifier to ask, what one said of the picture stays.
                withheld=shown.withheld if isinstance(shown, Record) else None,
                region_boxes=boxes,
                region_vectors=rows,
            )

    def _regions(self, image: Image.Image) -> tuple[tuple[str, ...], FloatArray]:
        """Return the boxes of the things in a picture that are kept, and their vectors."""
        most = self.collection.identity.regions
        if not most:
            return (), NO_ROWS
        found = (
            self.propose(image)
            if self.propose is not None
            else proposals(maps_of(self.encoder, image))
        )
        # What fills the picture has the picture's own vector.
        boxes = [each.box for each in found if each.box.width * each.box.height < WHOLE][:most]
        rows = self.encoder.encode_images([crop(image, box) for box in boxes])
        good = [number for number, row in enumerate(rows) if usable(row)]
        return tuple(str(boxes[number]) for number in good), rows[good]


def usable(vector: npt.NDArray[np.float32]) -> bool:
    """Say whether a vector is finite and has a direction."""
    return bool(np.isfinite(vector).all() and np.any(vector))


def _without_data(pin: Pin, image_sha256: str) -> Pin:
    """Return the pin with a reference instead of an inline picture: the image store has it."""
    if not pin.image.startswith("data:"):
        return pin
    return replace(pin, image=f"sha256:{image_sha256}")
