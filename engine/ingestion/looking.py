"""One pin looked at: its picture read, decoded and kept, its digest taken.

Many run at once, in threads. Knows nothing of batches, encoders or writing.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from engine.errors import BadImage, UsageError
from engine.features.fingerprint import content_sha256, dhash
from engine.features.images import WORKING_SIDE, ImageLimits, decode, decode_whole
from engine.features.phash import phash
from engine.ingestion.admission import Admitted
from engine.ingestion.lookahead import Lookahead
from engine.ingestion.outcome import Outcome, Status
from engine.ingestion.pictures import read_picture
from engine.pins import Pin, pin_to_json
from engine.store.image_store import ImageStore
from engine.store.records import Facts


@dataclass(frozen=True)
class Seen:
    """A picture that was read and looked at; `image` is None where the stored vector serves.

    known_image: the picture where the stored vector serves and a classifier wants to see it.
    """

    admitted: Admitted
    digest: str
    image_sha256: str
    image: Image.Image | None = None
    image_key: str | None = None
    dhash: str = ""
    phash: str = ""
    known_image: Image.Image | None = None

    @property
    def known(self) -> Facts | None:
        return self.admitted.known

    @property
    def pin(self) -> Pin:
        return self.admitted.arrival.pin

    def outcome(self, status: Status, why: UsageError | None = None) -> Outcome:
        """Return what became of it; the reason of what is unchanged is no error."""
        origin = self.admitted.arrival.origin
        if status == "rejected":
            return Outcome(origin, self.pin.id, status, why)
        return Outcome(origin, self.pin.id, status, ignored=why)


@dataclass(frozen=True)
class Looker:
    """Looks at pins for one collection.

    analysis: the fingerprint of how words are read. classifier: that of what may block pins, ""
    where nothing does.
    """

    images: ImageStore
    limits: ImageLimits
    analysis: str
    fetching: Callable[[], Lookahead] | None = None
    classifier: str = ""

    def look(self, admitted: Admitted) -> Seen | Outcome:
        """Return what there is to be written, or the outcome where nothing is."""
        item, before = admitted.arrival, admitted.known
        try:
            if before is not None and reuses(admitted):
                digest = self._digest(item.pin, before.image_sha256)
                kept = self._kept(before)
                return _again(Seen(admitted, digest, before.image_sha256, known_image=kept))
            fetch = self._fetch if self.fetching is not None else None
            data = read_picture(item.pin.image, item.base, self.limits, fetch)
            content = content_sha256(data)
            digest = self._digest(item.pin, content)
            if before is not None and before.image_sha256 == content and self._keeps(before):
                return _again(Seen(admitted, digest, content, known_image=self._kept(before)))
            decoded = decode_whole(data, self.limits, longest=WORKING_SIDE)
            image = decoded.image
            key = self.images.put(image, decoded.jpeg)
            grey = image.convert("L")  # once for both
            return Seen(admitted, digest, content, image, key, dhash(grey), phash(grey))
        except UsageError as error:
            return Outcome(item.origin, item.pin.id, "rejected", error)

    def _fetch(self, url: str, max_bytes: int) -> bytes:
        if self.fetching is None:
            raise BadImage("image is a URL, which is not fetched here: send a data: URI")
        return self.fetching().take(url, max_bytes)

    def _digest(self, pin: Pin, image_sha256: str) -> str:
        return pin_digest(pin, image_sha256, self.analysis, self.classifier)

    def _kept(self, facts: Facts) -> Image.Image | None:
        """Return the picture that is kept of a pin, if a classifier is to see it."""
        data = self.images.get(facts.image_key) if self.classifier and facts.image_key else None
        return None if data is None else decode(data, self.limits, longest=WORKING_SIDE)

    def _keeps(self, facts: Facts) -> bool:
        """Say whether a pin's picture is kept as the settings want it."""
        if self.images.mode == "reference":
            return True
        return facts.image_key is not None and self.images.has(facts.image_key)


def reuses(admitted: Admitted) -> bool:
    """Say whether a pin's picture is the stored one, which is not read again."""
    return admitted.keeps_picture and admitted.known is not None


def pin_digest(pin: Pin, image_sha256: str, analysis: str, classifier: str = "") -> str:
    """Return a digest over all that decides a pin's record.

    The picture counts by its content: where it came from, by path or inline, changes nothing.
    """
    value = pin_to_json(pin) | {"image": image_sha256}
    told = [value, analysis, classifier] if classifier else [value, analysis]
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _again(seen: Seen) -> Seen | Outcome:
    """Return what is seen with its old picture, or that nothing about it is new."""
    before = seen.known
    if before is None or (before.digest, before.version) != (seen.digest, seen.admitted.version):
        return seen
    return seen.outcome("unchanged")
