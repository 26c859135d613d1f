"""Pins into records: read the picture, look at it, analyse the words, write whole batches.

Patches and deletions come in the same stream and keep their place in it. A pin that did not change
costs one hash; a picture that did not change is not encoded again. Reading and decoding run ahead
in threads while the encoder works; what is in flight is bounded.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.errors import BadImage, BadPin, StaleVersion, TakenDown, UsageError
from engine.features.encoder import Encoder
from engine.features.fingerprint import content_sha256, dhash
from engine.features.images import WORKING_SIDE, ImageLimits, decode
from engine.features.text import Analyzer
from engine.ingestion.admission import (
    MAX_AHEAD,
    Admission,
    Admitted,
    Change,
    Doomed,
    Standing,
    pin_of,
)
from engine.ingestion.erasure import Eraser
from engine.ingestion.lookahead import Lookahead
from engine.ingestion.pictures import is_url, read_picture
from engine.jsonl import BadLine
from engine.pins import Pin, pin_to_json
from engine.store.collection import Collection
from engine.store.image_store import ImageStore
from engine.store.records import Facts, Record
from engine.store.removals import Removals

BATCH = 64
AHEAD = 2
MAX_STALE = 4_096

Status = Literal["added", "updated", "unchanged", "deleted", "rejected"]


@dataclass(frozen=True)
class Outcome:
    """What became of one arrival.

    error: why it was rejected.
    ignored: why it is right that it changed nothing: StaleVersion or TakenDown.
    """

    origin: str
    pin_id: str | None
    status: Status
    error: UsageError | None = None
    ignored: UsageError | None = None

    @property
    def reason(self) -> str | None:
        """The message of either."""
        why = self.error or self.ignored
        return None if why is None else str(why)


@dataclass(frozen=True)
class _Seen:
    """A picture that was read and looked at; `image` is None where the stored vector serves."""

    admitted: Admitted
    digest: str
    image_sha256: str
    image: Image.Image | None = None
    image_key: str | None = None
    dhash: str = ""

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


_Result = _Seen | Doomed | Outcome


@dataclass(frozen=True)
class _Window:
    """Arrivals that are worked on together, in their order; no pin stands twice in it."""

    ids: frozenset[str]
    results: list[Future[_Result] | Doomed | Outcome]


@dataclass
class _Leftovers:
    """Pictures that no pin may show any more, and deleted pins that wait for theirs to go."""

    pictures: set[str] = field(default_factory=set)
    pins: set[str] = field(default_factory=set)


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
    removals: Removals = field(default_factory=Removals)
    max_ahead: timedelta = MAX_AHEAD
    fetching: Callable[[], Lookahead] | None = None

    def run(self, arrivals: Iterable[Change | BadLine]) -> Iterator[Outcome]:
        """Take in a stream; outcomes come in its order, each once it is settled."""
        with ThreadPoolExecutor(self.threads) as pool:
            ahead: deque[_Window] = deque()
            left = _Leftovers()
            for items in _windows(arrivals, self.batch):
                ids = frozenset(name for item in items if (name := pin_of(item)) is not None)
                # A pin that is still on its way is waited for, or its old state would be read.
                while len(ahead) >= AHEAD or any(ids & window.ids for window in ahead):
                    yield from self._settle(ahead.popleft(), left)
                if len(left.pictures) >= MAX_STALE or left.pins:
                    while ahead:
                        yield from self._settle(ahead.popleft(), left)
                    self._drop(left)
                ahead.append(self._begin(items, ids, pool))
            while ahead:
                yield from self._settle(ahead.popleft(), left)
            self._drop(left)

    def _begin(
        self, items: list[Change | BadLine], ids: frozenset[str], pool: ThreadPoolExecutor
    ) -> _Window:
        """Start on a window: what has changed is read and decoded in threads."""
        admission = Admission(self.collection, self.removals, self.max_ahead)
        standing = admission.standing(items)
        decided = [_decided(item, admission, standing) for item in items]
        wanted = [each for each in decided if isinstance(each, Admitted) and not _reuses(each)]
        urls = [image for each in wanted if is_url(image := each.arrival.pin.image)]
        if urls and self.fetching is not None:
            self.fetching().prepare(urls)
        results: list[Future[_Result] | Doomed | Outcome] = [
            pool.submit(self._look, each) if isinstance(each, Admitted) else each
            for each in decided
        ]
        return _Window(ids, results)

    def _look(self, admitted: Admitted) -> _Result:
        item, before = admitted.arrival, admitted.known
        try:
            if before is not None and _reuses(admitted):
                digest = pin_digest(item.pin, before.image_sha256, self.analyzer.fingerprint)
                return self._again(_Seen(admitted, digest, before.image_sha256))
            fetch = self._fetch if self.fetching is not None else None
            data = read_picture(item.pin.image, item.base, self.limits, fetch)
            content = content_sha256(data)
            digest = pin_digest(item.pin, content, self.analyzer.fingerprint)
            if before is not None and before.image_sha256 == content and self._keeps(before):
                return self._again(_Seen(admitted, digest, content))
            image = decode(data, self.limits, longest=WORKING_SIDE)
            key = self.images.put(image)
            return _Seen(admitted, digest, content, image, key, dhash(image))
        except UsageError as error:
            return Outcome(item.origin, item.pin.id, "rejected", error)

    def _fetch(self, url: str, max_bytes: int) -> bytes:
        if self.fetching is None:
            raise BadImage("image is a URL, which is not fetched here: send a data: URI")
        return self.fetching().take(url, max_bytes)

    @staticmethod
    def _again(seen: _Seen) -> _Result:
        """Return what is seen with its old picture, or that nothing about it is new."""
        before = seen.known
        if before is None or (before.digest, before.version) != (
            seen.digest,
            seen.admitted.version,
        ):
            return seen
        return seen.outcome("unchanged")

    def _keeps(self, facts: Facts) -> bool:
        """Say whether a pin's picture is kept as the settings want it."""
        if self.images.mode == "reference":
            return True
        return facts.image_key is not None and self.images.has(facts.image_key)

    def _settle(self, window: _Window, left: _Leftovers) -> Iterator[Outcome]:
        """Finish a window: encode the new pictures together, write all records, then tell."""
        results = [each.result() if isinstance(each, Future) else each for each in window.results]
        seen = [result for result in results if isinstance(result, _Seen)]
        made = self._made(seen)
        self._note(seen, made, left)
        records = [record for record in made.values() if isinstance(record, Record)]
        if records:
            self.collection.upsert(records)
        back = [
            each.pin.id
            for each in seen
            if each.admitted.buried and isinstance(made[each.pin.id], Record)
        ]
        if back:
            self.removals.lift(back)
        self._bury([result for result in results if isinstance(result, Doomed)], left)
        for result in results:
            if isinstance(result, Outcome):
                yield result
            elif isinstance(result, Doomed):
                status: Status = "unchanged" if result.known is None else "deleted"
                yield Outcome(result.origin, result.pin_id, status)
            else:
                yield _outcome(result, made[result.pin.id])

    def _made(self, seen: list[_Seen]) -> dict[str, Record | UsageError]:
        """Return by pin what is to be written, or why nothing is."""
        shown = {
            digest for each in seen for digest in (each.image_sha256, each.image_key) if digest
        }
        banned = self.removals.taken_down("picture", shown)
        allowed = [each for each in seen if not {each.image_sha256, each.image_key} & banned]
        why = TakenDown("the picture was taken down, and stays out until it is reinstated")
        made = dict.fromkeys((each.pin.id for each in seen), why)
        keys = [each.pin.id for each in allowed]
        return {**made, **dict(zip(keys, self._records(allowed), strict=True))}

    def _note(
        self, seen: list[_Seen], made: dict[str, Record | UsageError], left: _Leftovers
    ) -> None:
        """Write down, before anything is replaced, which pictures may lose their last pin."""
        pictures: set[str] = set()
        for each in seen:
            if each.image is None:
                continue
            if not isinstance(made[each.pin.id], Record):
                pictures.update(_present(each.image_key))
            elif each.known is not None and each.known.image_key != each.image_key:
                pictures.update(_present(each.known.image_key))
        if pictures:
            self.removals.bury({}, pictures)
            left.pictures |= pictures

    def _bury(self, doomed: list[Doomed], left: _Leftovers) -> None:
        if not doomed:
            return
        graves = {each.pin_id: each.version for each in doomed}
        known = {each.pin_id: each.known for each in doomed if each.known is not None}
        left.pictures |= self._eraser.bury(graves, known)
        left.pins |= graves.keys()

    def _records(self, seen: list[_Seen]) -> Iterator[Record | UsageError]:
        """Yield what is to be written for each, or why it can't be."""
        new = [item.image for item in seen if item.image is not None]
        vectors = iter(self.encoder.encode_images(new))
        stored = self.collection.get([item.pin.id for item in seen if item.image is None])
        for item in seen:
            pin = item.pin
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
                version=item.admitted.version,
            )

    def _drop(self, left: _Leftovers) -> None:
        """Forget pictures that no pin shows; only while no window that may bring one is open."""
        if left.pictures or left.pins:
            self._eraser.sweep(left.pictures, left.pins)
            left.pictures.clear()
            left.pins.clear()

    @property
    def _eraser(self) -> Eraser:
        return Eraser(self.collection, self.images, self.removals)


def _decided(
    item: Change | BadLine, admission: Admission, standing: Standing
) -> Admitted | Doomed | Outcome:
    if isinstance(item, BadLine):
        return Outcome(f"{item.file}:{item.number}", None, "rejected", BadPin(item.reason))
    try:
        return admission.decide(item, standing)
    except (StaleVersion, TakenDown) as error:
        return Outcome(item.origin, pin_of(item), "unchanged", ignored=error)
    except UsageError as error:
        return Outcome(item.origin, pin_of(item), "rejected", error)


def _reuses(admitted: Admitted) -> bool:
    """Say whether a pin's picture is the stored one, which is not read again."""
    return admitted.keeps_picture and admitted.known is not None


def _outcome(seen: _Seen, made: Record | UsageError) -> Outcome:
    if isinstance(made, TakenDown):
        return seen.outcome("unchanged", made)
    if isinstance(made, UsageError):
        return seen.outcome("rejected", made)
    return seen.outcome("added" if seen.known is None else "updated")


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


def _windows(items: Iterable[Change | BadLine], size: int) -> Iterator[list[Change | BadLine]]:
    """Cut a stream into windows; one ends early before a pin that it holds already."""
    window: list[Change | BadLine] = []
    ids: set[str] = set()
    for item in items:
        name = pin_of(item)
        if len(window) == size or name in ids:
            yield window
            window, ids = [], set()
        window.append(item)
        if name is not None:
            ids.add(name)
    if window:
        yield window
