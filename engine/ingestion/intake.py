"""Pins into records: read the picture, look at it, analyse the words, write whole batches.

A pin that did not change costs one hash; a picture that did not change is not encoded again.
Reading and decoding run ahead in threads while the encoder works; what is in flight is bounded.
"""

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
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
from engine.store.records import Facts, Record

BATCH = 64
AHEAD = 2
MAX_STALE = 4_096

Status = Literal["added", "updated", "unchanged", "rejected"]


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
    known: Facts | None
    image: Image.Image | None = None
    image_key: str | None = None
    dhash: str = ""


_Result = _Seen | Outcome


@dataclass(frozen=True)
class _Window:
    """Arrivals that are worked on together, in their order; no pin stands twice in it."""

    ids: frozenset[str]
    results: list[Future[_Result]]


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
        """Take in a stream; outcomes come in its order, each once it is settled."""
        with ThreadPoolExecutor(self.threads) as pool:
            ahead: deque[_Window] = deque()
            stale: set[str] = set()
            for items in _windows(arrivals, self.batch):
                ids = frozenset(item.pin.id for item in items if isinstance(item, Arrival))
                # A pin that is still on its way is waited for, or its old state would be read.
                while len(ahead) >= AHEAD or any(ids & window.ids for window in ahead):
                    yield from self._settle(ahead.popleft(), stale)
                if len(stale) >= MAX_STALE:
                    while ahead:
                        yield from self._settle(ahead.popleft(), stale)
                    self._drop(stale)
                ahead.append(self._begin(items, ids, pool))
            while ahead:
                yield from self._settle(ahead.popleft(), stale)
            self._drop(stale)

    def _begin(
        self, items: list[Arrival | BadLine], ids: frozenset[str], pool: ThreadPoolExecutor
    ) -> _Window:
        """Start on a window: what has changed is read and decoded in threads."""
        known = self.collection.facts(list(ids))
        return _Window(ids, [pool.submit(self._look, item, known) for item in items])

    def _look(self, item: Arrival | BadLine, known: Mapping[str, Facts]) -> _Result:
        if isinstance(item, BadLine):
            return Outcome(f"{item.file}:{item.number}", None, "rejected", BadPin(item.reason))
        pin, before = item.pin, known.get(item.pin.id)
        try:
            data = read_picture(pin.image, item.base, self.limits)
            content = content_sha256(data)
            digest = pin_digest(pin, content, self.analyzer.fingerprint)
            if before is not None and before.image_sha256 == content and self._keeps(before):
                if before.digest == digest:
                    return Outcome(item.origin, pin.id, "unchanged")
                return _Seen(item, digest, content, before)
            image = decode(data, self.limits, longest=WORKING_SIDE)
            key = self.images.put(image)
            return _Seen(item, digest, content, before, image, key, dhash(image))
        except UsageError as error:
            return Outcome(item.origin, pin.id, "rejected", error)

    def _keeps(self, facts: Facts) -> bool:
        """Say whether a pin's picture is kept as the settings want it."""
        if self.images.mode == "reference":
            return True
        return facts.image_key is not None and self.images.has(facts.image_key)

    def _settle(self, window: _Window, stale: set[str]) -> Iterator[Outcome]:
        """Finish a window: encode the new pictures together, write all records, then tell.

        Keys of pictures that no pin may show any more go into `stale`.
        """
        results = [future.result() for future in window.results]
        seen = [result for result in results if isinstance(result, _Seen)]
        made = dict(zip(map(id, seen), self._records(seen), strict=True))
        records = [record for record in made.values() if isinstance(record, Record)]
        if records:
            self.collection.upsert(records)
        for result in results:
            if isinstance(result, Outcome):
                yield result
                continue
            record, arrival = made[id(result)], result.arrival
            if isinstance(record, UsageError):
                stale.update(_present(result.image_key))
                yield Outcome(arrival.origin, arrival.pin.id, "rejected", record)
            else:
                if result.known is not None and result.image is not None:
                    stale.update(_present(result.known.image_key))
                status: Status = "added" if result.known is None else "updated"
                yield Outcome(arrival.origin, arrival.pin.id, status)

    def _records(self, seen: list[_Seen]) -> Iterator[Record | UsageError]:
        """Yield what is to be written for each, or why it can't be."""
        new = [item.image for item in seen if item.image is not None]
        vectors = iter(self.encoder.encode_images(new))
        stored = self.collection.get([item.arrival.pin.id for item in seen if item.image is None])
        for item in seen:
            pin = item.arrival.pin
            if item.image is not None:
                vector, key, hashed = next(vectors), item.image_key, item.dhash
            elif (old := stored.get(pin.id)) is not None:
                vector, key, hashed = old.vector, old.image_key, old.dhash
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
                image_key=key,
                dhash=hashed,
                digest=item.digest,
            )

    def _drop(self, stale: set[str]) -> None:
        """Forget pictures that no pin shows; only while no window that may bring one is open."""
        for key in stale:
            if not self.collection.uses_image(key):
                self.images.delete(key)
        stale.clear()


def _present(key: str | None) -> tuple[str, ...]:
    return () if key is None else (key,)


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
    """Cut a stream into windows; one ends early before a pin that it holds already."""
    window: list[Arrival | BadLine] = []
    ids: set[str] = set()
    for item in items:
        again = isinstance(item, Arrival) and item.pin.id in ids
        if len(window) == size or again:
            yield window
            window, ids = [], set()
        window.append(item)
        if isinstance(item, Arrival):
            ids.add(item.pin.id)
    if window:
        yield window
