"""Judged pins as collections to be asked, and the pictures to ask about.

A pool is what is indexed: the pins of a set that may train, with their words or some of them. A
question is a picture of another part of the set, with what its source calls it. Vectors are kept in
a scratch folder, since encoding takes longer than all else.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.discovery.sight import seen
from engine.features.encoder import Encoder
from engine.features.images import WORKING_SIDE, decode
from engine.features.text import Analyzer
from engine.pins import Pin
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.records import Record
from engine.training.left_out import CHOSEN, LeftOut
from engine.training.pins import TrainingPin, read_set

FloatArray = npt.NDArray[np.float32]
LEFT_OUT = LeftOut.read(CHOSEN)
SHOPS = ("Greens", "Corner Shop", "Market Hall", "Daily Foods", "Baskets")


@dataclass(frozen=True)
class JudgedSet:
    """A set with the vectors of its pins; `looked` has those of its judged pictures, asked about.

    Pictures are looked at as a request looks at them: three times.
    """

    name: str
    pins: Sequence[TrainingPin]
    plain: FloatArray
    looked: FloatArray

    def rows(self, split: str, *, hidden: bool | None = False) -> list[int]:
        """Return the pins of a split; those of classes that are left out, the others, or all."""
        return [
            row
            for row, pin in enumerate(self.pins)
            if pin.split == split and (hidden is None or LEFT_OUT.hides(pin) == hidden)
        ]


def read(data: Path, name: str, encoder: Encoder, scratch: Path) -> JudgedSet:
    """Read a set and encode it, or take its vectors from the scratch folder."""
    pins = read_set(data / name, name)
    mark = hashlib.sha256(encoder.fingerprint.encode()).hexdigest()[:12]
    kept = scratch / f"{name}-{mark}.npz"
    if not kept.exists():
        print(f"encoding {name}", flush=True)
        plain = np.zeros((len(pins), encoder.dimension), np.float32)
        for start in range(0, len(pins), 64):
            batch = [picture_of(pin) for pin in pins[start : start + 64]]
            plain[start : start + 64] = encoder.encode_images(batch)
        looked = plain.copy()
        for row, pin in enumerate(pins):
            if pin.split != "train":
                looked[row] = seen(picture_of(pin), encoder)
        scratch.mkdir(parents=True, exist_ok=True)
        np.savez(kept, plain=plain, looked=looked)
    found = np.load(kept)
    return JudgedSet(name, pins, found["plain"], found["looked"])


def picture_of(pin: TrainingPin) -> Image.Image:
    """Return a judged picture as a request would decode it."""
    return decode(pin.image.read_bytes(), longest=WORKING_SIDE)


Change = Callable[[TrainingPin], Pin]


def as_it_is(pin: TrainingPin) -> Pin:
    """Return a pin with all that its source knew but ImageNet's numbers."""
    known = {key: value for key, value in (pin.attributes or {}).items() if value and key != "wnid"}
    return Pin(
        pin.pin_id,
        pin.image.name,
        pin.description or None,
        pin.board_title or None,
        attributes=known,
    )


def words_alone(pin: TrainingPin) -> Pin:
    """Return a pin with its title and board, and no attribute."""
    return replace(as_it_is(pin), attributes={})


def for_sale(pin: TrainingPin) -> Pin:
    """Return a pin as an offer: the digest of its id decides shop and price, so that one product
    is sold by several shops at several prices."""
    number = int(hashlib.sha256(pin.pin_id.encode()).hexdigest()[:12], 16)
    shop = SHOPS[number % len(SHOPS)]
    return replace(
        as_it_is(pin),
        price=Decimal(50 + number // 7 % 450) / 100,
        currency="EUR",
        merchant=shop,
        link=f"https://{shop.lower().replace(' ', '-')}.example/{pin.pin_id}",
    )


def fill(
    folder: Path,
    encoder: Encoder,
    parts: Iterable[tuple[JudgedSet, Sequence[int], Change]],
) -> EdgeCollection:
    """Make a collection of some pins of some sets; its caller closes it."""
    analyzer = Analyzer()
    identity = Identity(encoder.fingerprint, encoder.dimension, analyzer.fingerprint)
    collection = EdgeCollection.open(folder, identity, create=True)
    for judged, rows, change in parts:
        records = [
            _record(change(judged.pins[row]), judged.pins[row].digest, judged.plain[row], analyzer)
            for row in rows
        ]
        for start in range(0, len(records), 1_000):
            collection.upsert(records[start : start + 1_000])
    return collection


def _record(pin: Pin, digest: str, vector: FloatArray, analyzer: Analyzer) -> Record:
    return Record(
        pin=pin,
        vector=vector,
        description_terms=" ".join(analyzer.terms(pin.description or "")),
        board_terms=" ".join(analyzer.terms(pin.board_title or "")),
        image_sha256=digest,
        image_key=None,
        dhash="0" * 16,
        digest=digest,
    )
