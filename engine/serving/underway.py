"""Requests under way: what answers no longer is closed once those that began with it have ended.

Knows nothing of what they do.
"""

import threading
from collections import Counter
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send


class UnderWay:
    """Counts requests by the turn that they began in; each change begins another."""

    def __init__(self) -> None:
        self._state = threading.Condition()
        self._turn = 0
        self._counts: Counter[int] = Counter()

    def enter(self) -> int:
        """Count a request; returns its turn, for `leave`."""
        with self._state:
            self._counts[self._turn] += 1
            return self._turn

    def leave(self, turn: int) -> None:
        """Count a request no longer."""
        with self._state:
            self._counts[turn] -= 1
            self._state.notify_all()

    def change(self, end: Callable[[], None]) -> threading.Thread:
        """Begin a turn; `end` is called in the thread when no request of an earlier one is left."""

        def wait() -> None:
            with self._state:
                self._state.wait_for(lambda: not any(self._counts[each] for each in range(before)))
            end()

        with self._state:
            self._turn += 1
            before = self._turn
        thread = threading.Thread(target=wait, name="retired", daemon=True)
        thread.start()
        return thread


class Passing:
    """ASGI middleware that counts requests while they are under way."""

    def __init__(self, app: ASGIApp, under_way: UnderWay) -> None:
        self.app = app
        self.under_way = under_way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        turn = self.under_way.enter()
        try:
            await self.app(scope, receive, send)
        finally:
            self.under_way.leave(turn)
