"""Pins that several callers bring at a time, taken in together.

One caller works while the others wait, and the next takes all that has gathered by then: pictures
are encoded together, and one write serves all. So a queue that grew while something stood still is
gone in one go; one pin at a time, it would last for as long as pins keep coming.
Knows nothing of pins, nor of how they are taken in.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

from engine.ingestion.admission import Change
from engine.ingestion.outcome import Outcome
from engine.jsonl import BadLine

Item = Change | BadLine
# What is waiting is not taken beyond so many at a time; one caller's items stay together.
MOST: Final = 64


@dataclass(eq=False)
class _Turn:
    """What one caller brought, and what became of it."""

    items: Sequence[Item]
    outcomes: list[Outcome] | None = None
    error: BaseException | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Gathering:
    """The callers of one collection.

    take: takes items in and returns an outcome for each, in their order.
    holding: what is held meanwhile; more items gather until it is.
    turn: what one caller at a time is in. Where entering it, or `holding`, raises, the caller is
    told so, and what it brought is not taken.
    """

    def __init__(
        self,
        take: Callable[[Sequence[Item]], list[Outcome]],
        holding: Callable[[], AbstractContextManager[None]],
        turn: AbstractContextManager[object] | None = None,
    ) -> None:
        self._take = take
        self._holding = holding
        self._waiting: deque[_Turn] = deque()
        self._working = turn or threading.Lock()
        self._listed = threading.Lock()

    def take(self, items: Sequence[Item]) -> list[Outcome]:
        """Return what became of the items, once they are taken in; raise what went wrong.

        Callers are served in the order in which they came. What goes wrong with one of them is
        not raised in others: where some were taken together, each is then taken by itself.
        """
        turn = _Turn(items)
        with self._listed:
            self._waiting.append(turn)
        try:
            with self._working:
                if not turn.done.is_set():
                    with self._holding():
                        while not turn.done.is_set():
                            self._serve(self._gathered())
        except BaseException:
            if self._withdrawn(turn):
                raise
            turn.done.wait()  # another caller is at it
        if turn.error is not None:
            raise turn.error
        return turn.outcomes or []

    def _gathered(self) -> list[_Turn]:
        """Return who is served next: at least one, and as many as fit."""
        with self._listed:
            turns = [self._waiting.popleft()]
            count = len(turns[0].items)
            while self._waiting and (count := count + len(self._waiting[0].items)) <= MOST:
                turns.append(self._waiting.popleft())
        return turns

    def _withdrawn(self, turn: _Turn) -> bool:
        """Take back what nobody has taken in yet; say whether there was time for it."""
        with self._listed:
            if turn not in self._waiting:
                return False
            self._waiting.remove(turn)
        return True

    def _serve(self, turns: list[_Turn]) -> None:
        try:
            outcomes = self._take([item for turn in turns for item in turn.items])
        # Whatever it is belongs to the thread of who brought the items.
        except BaseException as error:
            if len(turns) > 1:
                # Taking is idempotent, so what a failed attempt has written does no harm.
                for turn in turns:
                    self._serve([turn])
                return
            turns[0].error = error
            turns[0].done.set()
            return
        at = 0
        for turn in turns:
            turn.outcomes = outcomes[at : at + len(turn.items)]
            at += len(turn.items)
            turn.done.set()
