"""Pins into records: read the picture, look at it, analyse the words, write whole batches.

A pin that did not change costs one hash; a picture that did not change is not encoded again.
Reading and decoding run ahead in threads while the encoder works; what is in flight is bounded.
"""

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.errors import BadImage, BadPin, UsageError
from engine.features.encoder import Encoder
from engine.features.fingerprint import content_sha256, dhash
from engine.features.images import WORKING_SIDE, ImageLimits, decode
from engine.features.text import Analyzer
from engine.ingestion.arrivals import Arrival
from engine.ingestion.pictures import read_picture
from engine.jsonl import BadLine
from engine.pins import Pin, pin_to_json
from engine.store.collection import Collection
from engine.store.image_store import ImageStore
from engine.store.records import Record

BATCH = 64
AHEAD = 2

Status = Literal["added", "updated", "unchanged", "replaced", "rejected"]


@dataclass(frozen=True)
class Outcome:
    """What became of one arrival; when it was rejected, `error` says why."""

    origin: str
    pin_id: str | None
    status: Status
    error: UsageError | None = None

    @property
    def reason(self) -> str | None:
        """The error's message."""
        return None if self.error is None else str(self.error)


@dataclass(frozen=True)
class _Seen:
    """A picture that was read and looked at; `image` is None where the stored vector serves."""

    arrival: Arrival
    digest: str
    image_sha256: str
    known: bool
    image: Image.Image | None
    image_key: str | None
    dhash: str


@dataclass
class _Batch:
    ids: frozenset[str]
    outcomes: list[Outcome] = field(default_factory=list)
    pending: list[Future[_Seen | Outcome]] = field(default_factory=list)


@dataclass(frozen=True)
class Intake:
    """The way into one collection."""

    collection: Collection
    encoder: Encoder
    analyzer: Analyzer
    images: ImageStore
    limits: ImageLimits
    batch: int = BATCH
    threads: int = 2

    def run(self, arrivals: Iterable[Arrival | BadLine]) -> Iterator[Outcome]:
        """Take in a stream; each outcome comes once it is settled: written, or refused."""
        with ThreadPoolExecutor(self.threads) as pool:
            ahead: deque[_Batch] = deque()
            for window in _windows(arrivals, self.batch):
                ids = frozenset(item.pin.id for item in window if isinstance(item, Arrival))
                # A pin that is still on its way is waited for, or its old state would be read.
                while len(ahead) >= AHEAD or any(ids & batch.ids for batch in ahead):
                    yield from self._settle(ahead.popleft())
                ahead.append(self._begin(window, ids, pool))
            while ahead:
                yield from self._settle(ahead.popleft())

    def _begin(
        self, window: list[Arrival | BadLine], ids: frozenset[str], pool: ThreadPoolExecutor
    ) -> _Batch:
        """Start on a window: refuse what can't be, skip what is known, decode in threads."""
        batch = _Batch(ids)
        last = {item.pin.id: item for item in window if isinstance(item, Arrival)}
        wanted: list[Arrival] = []
        for item in window:
            if isinstance(item, BadLine):
                origin = f"{item.file}:{item.number}"
                batch.outcomes.append(Outcome(origin, None, "rejected", BadPin(item.reason)))
            elif last[item.pin.id] is not item:
                batch.outcomes.append(Outcome(item.origin, item.pin.id, "replaced"))
            else:
                wanted.append(item)
        known = self.collection.digests([item.pin.id for item in wanted])
        for item in wanted:
            digest, sha256 = known.get(item.pin.id, (None, None))
            batch.pending.append(pool.submit(self._look, item, digest, sha256))
        return batch

    def _look(self, arrival: Arrival, digest: str | None, sha256: str | None) -> _Seen | Outcome:
        pin = arrival.pin
        try:
            data = read_picture(pin.image, arrival.base, self.limits)
            content = content_sha256(data)
            fresh = pin_digest(pin, content, self.analyzer.fingerprint)
            if fresh == digest:
                return Outcome(arrival.origin, pin.id, "unchanged")
            if content == sha256:
                return _Seen(arrival, fresh, content, True, None, None, "")
            image = decode(data, self.limits, longest=WORKING_SIDE)
            key = self.images.put(image)
            return _Seen(arrival, fresh, content, digest is not None, image, key, dhash(image))
        except UsageError as error:
            return Outcome(arrival.origin, pin.id, "rejected", error)

    def _settle(self, batch: _Batch) -> Iterator[Outcome]:
        """Finish a window: encode the new pictures together, write all records together."""
        yield from batch.outcomes
        results = [future.result() for future in batch.pending]
        yield from (result for result in results if isinstance(result, Outcome))
        seen = [result for result in results if isinstance(result, _Seen)]
        records, outcomes = self._records(seen)
        if records:
            self.collection.upsert(records)
        yield from outcomes

    def _records(self, seen: list[_Seen]) -> tuple[list[Record], list[Outcome]]:
        new = [item.image for item in seen if item.image is not None]
        vectors = iter(self.encoder.encode_images(new))
        stored = self.collection.get([item.arrival.pin.id for item in seen if item.image is None])
        records, outcomes = [], []
        for item in seen:
            pin = item.arrival.pin
            if item.image is None:
                old = stored[pin.id]
                vector, key, hashed = old.vector, old.image_key, old.dhash
            else:
                vector, key, hashed = next(vectors), item.image_key, item.dhash
            if not usable(vector):
                error = BadImage("the encoder gave no usable vector for this picture")
                outcomes.append(Outcome(item.arrival.origin, pin.id, "rejected", error))
                continue
            records.append(
                Record(
                    pin=_without_data(pin, item.image_sha256),
                    vector=vector,
                    description_terms=" ".join(self.analyzer.terms(pin.description or "")),
                    board_terms=" ".join(self.analyzer.terms(pin.board_title or "")),
                    image_sha256=item.image_sha256,
                    image_key=key,
                    dhash=hashed,
                    digest=item.digest,
                )
            )
            status: Status = "updated" if item.known else "added"
            outcomes.append(Outcome(item.arrival.origin, pin.id, status))
        return records, outcomes


def pin_digest(pin: Pin, image_sha256: str, analysis: str) -> str:
    """Return a digest over all that decides a pin's record.

    The picture counts by its content: where it came from, by path or inline, changes nothing.
    """
    value = pin_to_json(pin) | {"image": image_sha256}
    text = json.dumps([value, analysis], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def usable(vector: npt.NDArray[np.float32]) -> bool:
    """Say whether a vector is finite and has a direction."""
    return bool(np.isfinite(vector).all() and np.any(vector))


def _without_data(pin: Pin, image_sha256: str) -> Pin:
    """Return the pin with a reference instead of an inline picture: the image store has it."""
    if not pin.image.startswith("data:"):
        return pin
    return replace(pin, image=f"sha256:{image_sha256}")


def _windows(items: Iterable[Arrival | BadLine], size: int) -> Iterator[list[Arrival | BadLine]]:
    window: list[Arrival | BadLine] = []
    for item in items:
        window.append(item)
        if len(window) == size:
            yield window
            window = []
    if window:
        yield window
