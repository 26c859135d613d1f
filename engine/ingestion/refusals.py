"""Dead letters of pins that are taken in once, from files: what is refused gets one.

A worker keeps its letters by itself. Knows nothing of where pins go.
"""

from collections.abc import Callable, Iterable, Iterator

from engine.ingestion.arrivals import Arrival
from engine.ingestion.dead import DeadFile, DeadLetter
from engine.ingestion.outcome import Outcome
from engine.ingestion.worker import Settled, job_of
from engine.jsonl import BadLine

# Of a file that is no file of pins at all, so many lines will do.
MOST = 10_000
AT_ONCE = 500


class Refusals:
    """The letters of one run; `close` writes the last of them."""

    def __init__(self, file: DeadFile) -> None:
        self._file = file
        self._before = {letter.key for letter in file.letters()} if file.path.exists() else set()
        self._pending: dict[str, Arrival | BadLine] = {}
        self._letters: list[DeadLetter] = []
        self._taken: set[str] = set()
        self._count = 0

    def watch(
        self,
        items: Iterable[Arrival | BadLine],
        index: Callable[[Iterable[Arrival | BadLine]], Iterator[Outcome]],
    ) -> Iterator[Outcome]:
        """Take pins in by `index` and pass its outcomes on."""
        for outcome in index(self._passing(items)):
            self._settled(outcome)
            yield outcome

    def close(self) -> None:
        """Write what is left to be written."""
        self._write()
        if self._taken:
            self._file.remove(self._taken)

    def _passing(self, items: Iterable[Arrival | BadLine]) -> Iterator[Arrival | BadLine]:
        for item in items:
            if isinstance(item, BadLine):
                self._pending[f"{item.file}:{item.number}"] = item
            else:
                self._pending[item.origin] = item
            yield item

    def _settled(self, outcome: Outcome) -> None:
        item = self._pending.pop(outcome.origin, None)
        if outcome.error is None:
            self._taken |= {outcome.origin, outcome.pin_id or ""} & self._before
        elif item is not None and self._count < MOST:
            self._count += 1
            refused = Settled(job_of(item), "rejected", outcome.error)
            letter = refused.letter(outcome.pin_id or outcome.origin, 1)
            self._letters.append(letter)
            # Of a pin that comes twice the later one counts.
            self._before.add(letter.key)
            self._taken.discard(letter.key)
            if len(self._letters) == AT_ONCE:
                self._write()

    def _write(self) -> None:
        self._file.add(self._letters)
        self._letters.clear()
