"""All dead letters of a collection, wherever they lie: in its file and in its queue's stream."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.access import reach
from engine.errors import BadPin
from engine.ingestion.arrivals import Arrival
from engine.ingestion.dead import DEAD_NAME, DeadFile, DeadLetter, chosen
from engine.ingestion.inbox import INBOX_NAME, Inbox
from engine.ingestion.queue_client import QueueClient
from engine.jsonl import BadLine
from engine.pins import pin_from_json
from engine.settings import Settings
from engine.workspace import collection_folder


@dataclass(frozen=True)
class DeadLetters:
    """The letters as they were when this was opened."""

    settings: Settings
    file: DeadFile
    filed: Sequence[DeadLetter]
    queue: QueueClient | None
    queued: dict[int, DeadLetter]

    def named(self, names: Iterable[str]) -> list[DeadLetter]:
        """Return the letters of pins or of keys, all without any; raise UnknownPin."""
        return chosen([*self.filed, *self.queued.values()], names)

    def retry(self, letters: Sequence[DeadLetter]) -> dict[str, int]:
        """Take letters in again: those of the queue go back into it, others are taken at once.

        Returns counts by what became of them; a letter that fails once more stays.
        """
        counts = dict.fromkeys(("added", "updated", "unchanged", "rejected", "queued"), 0)
        filed = [each for each in letters if each in self.filed]
        if filed:
            done: list[str] = []
            with reach(self.settings, create=True) as access:
                outcomes = access.index([_arrival(each) for each in filed])
                for letter, outcome in zip(filed, outcomes, strict=True):
                    counts[outcome.status] += 1
                    if outcome.error is None:
                        done.append(letter.key)
            self.file.remove(done)
        if self.queue is not None:
            counts["queued"] = self.queue.retry_dead(self._sequences(letters))
        return {name: count for name, count in counts.items() if count} or {"letters": 0}

    def drop(self, letters: Sequence[DeadLetter]) -> dict[str, int]:
        """Forget letters and return how many there were."""
        count = self.file.remove(each.key for each in letters if each in self.filed)
        if self.queue is not None:
            count += self.queue.drop_dead(self._sequences(letters))
        return {"dropped": count}

    def _sequences(self, letters: Sequence[DeadLetter]) -> list[int]:
        return [sequence for sequence, each in self.queued.items() if each in letters]


@contextmanager
def open_dead_letters(settings: Settings) -> Iterator[DeadLetters]:
    """Read the dead letters of the settings' collection and, if one is configured, its queue."""
    place = collection_folder(settings)
    file = DeadFile(place / DEAD_NAME)
    filed = file.letters()
    if settings.queue.url is None:
        yield DeadLetters(settings, file, filed, None, {})
        return
    with QueueClient(settings.queue, Inbox(place / INBOX_NAME)) as queue:
        yield DeadLetters(settings, file, filed, queue, queue.dead_letters())


def _arrival(letter: DeadLetter) -> Arrival | BadLine:
    try:
        pin, _ = pin_from_json(dict(letter.value))
    except BadPin:
        # A line that was no pin: only the file that it came from can be mended.
        return BadLine(letter.key, 1, f"{letter.origin}: {letter.message}")
    return Arrival(pin, None if letter.base is None else Path(letter.base), letter.origin)
