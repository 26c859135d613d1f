"""A pin as it is written to and read from a store."""

import hashlib
import uuid
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.pins import Pin
from engine.store.versions import UNVERSIONED, Version

# Any fixed UUID serves as the namespace of the name-based ids; changing it orphans every point.
NAMESPACE = uuid.UUID("6f1f3b0c-6a53-5d7e-9a55-0e6f0a3f7d11")
# RFC 9562: four bits name the version, two the variant.
VERSION_BITS = 0xF000_C000_0000_0000_0000
VERSION_5 = 0x5000_8000_0000_0000_0000


NO_ROWS = np.zeros((0, 0), np.float32)


def point_id(pin_id: str) -> str:
    """Return the point's UUIDv5: a second write of a pin replaces the first."""
    # uuid.uuid5 says the same in three times the time, which counts at ten thousand pins a second.
    digest = hashlib.sha1(NAMESPACE.bytes + pin_id.encode(), usedforsecurity=False).digest()
    number = int.from_bytes(digest[:16], "big") & ~VERSION_BITS | VERSION_5
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_blocked(pin: Pin, withheld: str | None) -> bool:
    """Say whether a pin is kept out of every answer; its owner's word counts before all others."""
    return withheld is not None if pin.blocked is None else pin.blocked


@dataclass(frozen=True)
class Record:
    """One pin with all that the store keeps of it.

    description_terms, board_terms: analysed text, terms joined by single spaces; "" when absent.
    image_sha256: hex digest of the picture's bytes as they arrived.
    image_key: name of the picture in the image store; None where none is kept.
    dhash: 64-bit difference hash of the picture as 16 hex digits.
    digest: hex digest over everything that decides this record; equal digest, nothing to do.
    version: how new this state of the pin is.
    duplicate_of: id of the first pin of those that show nearly this picture, None for that pin.
    phash: 64-bit DCT hash of the picture as 16 hex digits; "" for what was written without one.
    withheld: why a classifier keeps the pin out of every answer, None where it doesn't.
    region_boxes, region_vectors: boxes of things in the picture, `x,y,w,h`, best first, and their
        unit rows; none unless the collection keeps them.
    """

    pin: Pin
    vector: npt.NDArray[np.float32]
    description_terms: str
    board_terms: str
    image_sha256: str
    image_key: str | None
    dhash: str
    digest: str
    version: Version = UNVERSIONED
    duplicate_of: str | None = None
    phash: str = ""
    withheld: str | None = None
    region_boxes: tuple[str, ...] = ()
    region_vectors: npt.NDArray[np.float32] = field(default_factory=lambda: NO_ROWS)

    @property
    def has_text(self) -> bool:
        return bool(self.description_terms or self.board_terms)

    @property
    def blocked(self) -> bool:
        return is_blocked(self.pin, self.withheld)


class Facts(NamedTuple):
    """What decides whether an arriving pin is known: see `Record` for each."""

    digest: str
    image_sha256: str
    image_key: str | None
    version: Version = UNVERSIONED


@dataclass(frozen=True)
class StoredPin:
    """What a page of hits shows of one pin: everything but its vector, digest and version."""

    pin: Pin
    description_terms: str
    board_terms: str
    image_sha256: str
    image_key: str | None
    dhash: str
    duplicate_of: str | None = None
    phash: str = ""
    withheld: str | None = None

    @property
    def has_text(self) -> bool:
        return bool(self.description_terms or self.board_terms)

    @property
    def blocked(self) -> bool:
        return is_blocked(self.pin, self.withheld)
