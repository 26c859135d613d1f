"""Pins on their way in: windows of a stream, looked at ahead, encoded and written together.

Patches and deletions come in the same stream and keep their place in it. A pin that did not change
costs one hash; a picture that did not change is not encoded again. Reading and decoding run ahead
in threads while the encoder works; what is in flight is bounded. `looking.py` knows one pin,
`recording.py` one batch of records.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta

from engine.errors import BadPin, StaleVersion, TakenDown, UsageError
from engine.features.encoder import Encoder
from engine.features.images import ImageLimits
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
from engine.ingestion.classifying import Classifier
from engine.ingestion.erasure import Eraser
from engine.ingestion.letters import Letters
from engine.ingestion.lookahead import Lookahead
from engine.ingestion.looking import Looker, Seen, reuses
from engine.ingestion.outcome import Outcome, Status
from engine.ingestion.pictures import is_url
from engine.ingestion.recording import Propose, Recorder
from engine.ingestion.unsettled import Progress, Unsettled
from engine.jsonl import BadLine
from engine.store.collection import Collection
from engine.store.image_store import ImageStore
from engine.store.records import Record
from engine.store.removals import Removals, RemovalsFile

BATCH = 64
AHEAD = 2
MAX_STALE = 4_096


@dataclass(frozen=True)
class _Window:
    """Arrivals that are worked on together, in their order; no pin stands twice in it.

    begun: before its first picture was kept, as time.time() counts.
    """

    ids: frozenset[str]
    results: list[Future[Seen | Outcome] | Doomed | Outcome]
    begun: float


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
    removals: Removals = field(default_factory=RemovalsFile)
    max_ahead: timedelta = MAX_AHEAD
    fetching: Callable[[], Lookahead] | None = None
    letters: Letters | None = None
    unsettled: Unsettled | None = None
    classifier: Classifier | None = None
    propose: Propose | None = None

    def run(self, arrivals: Iterable[Change | BadLine]) -> Iterator[Outcome]:
        """Take in a stream; outcomes come in its order, each once it is settled."""
        mark = Progress(None) if self.unsettled is None else self.unsettled.begin(time.time())
        yield from self._run(arrivals, mark)
        # Not where the stream broke off: of what was in flight some pictures are kept already.
        mark.end()

    def _run(self, arrivals: Iterable[Change | BadLine], mark: Progress) -> Iterator[Outcome]:
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
                begun = time.time()
                ahead.append(self._begin(items, ids, pool, begun))
                mark.reached(ahead[0].begun)
            while ahead:
                yield from self._settle(ahead.popleft(), left)
            self._drop(left)

    def _begin(
        self,
        items: list[Change | BadLine],
        ids: frozenset[str],
        pool: ThreadPoolExecutor,
        begun: float,
    ) -> _Window:
        """Start on a window: what has changed is read and decoded in threads."""
        admission = Admission(self.collection, self.removals, self.max_ahead)
        standing = admission.standing(items)
        decided = [_decided(item, admission, standing) for item in items]
        wanted = [each for each in decided if isinstance(each, Admitted) and not reuses(each)]
        urls = [image for each in wanted if is_url(image := each.arrival.pin.image)]
        if urls and self.fetching is not None:
            self.fetching().prepare(urls)
        judge = "" if self.classifier is None else self.classifier.fingerprint
        looker = Looker(self.images, self.limits, self.analyzer.fingerprint, self.fetching, judge)
        results: list[Future[Seen | Outcome] | Doomed | Outcome] = [
            pool.submit(looker.look, each) if isinstance(each, Admitted) else each
            for each in decided
        ]
        return _Window(ids, results, begun)

    def _settle(self, window: _Window, left: _Leftovers) -> Iterator[Outcome]:
        """Finish a window: encode the new pictures together, write all records, then tell."""
        results = [each.result() if isinstance(each, Future) else each for each in window.results]
        seen = [result for result in results if isinstance(result, Seen)]
        recorder = Recorder(
            self.collection,
            self.encoder,
            self.analyzer,
            self.removals,
            self.images,
            self.classifier,
            self.propose,
        )
        made = recorder.made(seen)
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
        same = [name for result in results if (name := _as_it_was(result)) is not None]
        if same:
            self.collection.confirm(same)
        for result in results:
            if isinstance(result, Outcome):
                yield result
            elif isinstance(result, Doomed):
                status: Status = "unchanged" if result.known is None else "deleted"
                yield Outcome(result.origin, result.pin_id, status)
            else:
                yield _outcome(result, made[result.pin.id])

    def _note(
        self, seen: list[Seen], made: dict[str, Record | UsageError], left: _Leftovers
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

    def _drop(self, left: _Leftovers) -> None:
        """Forget pictures that no pin shows; only while no window that may bring one is open."""
        if left.pictures or left.pins:
            self._eraser.sweep(left.pictures, left.pins)
            left.pictures.clear()
            left.pins.clear()

    @property
    def _eraser(self) -> Eraser:
        return Eraser(self.collection, self.images, self.removals, self.letters)


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


def _as_it_was(result: Seen | Doomed | Outcome) -> str | None:
    """Return the pin of which it is about to be said that nothing was to be done."""
    if isinstance(result, Outcome):
        return result.pin_id if result.status == "unchanged" else None
    return result.pin_id if isinstance(result, Doomed) and result.known is None else None


def _outcome(seen: Seen, made: Record | UsageError) -> Outcome:
    if isinstance(made, TakenDown):
        return seen.outcome("unchanged", made)
    if isinstance(made, UsageError):
        return seen.outcome("rejected", made)
    done = seen.outcome("added" if seen.known is None else "updated")
    return done if seen.image is None else replace(done, duplicate_of=made.duplicate_of)


def _present(key: str | None) -> tuple[str, ...]:
    return () if key is None else (key,)


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
