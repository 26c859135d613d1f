"""Connections whose request does not begin: closed after a while, as the server itself does not.

Bodies have limits of their own (`incoming.py`), and so has a connection between two requests.
"""

import asyncio
from typing import Any


def hurried(protocol: type[Any], patience_s: float) -> type[Any]:
    """Return a server's protocol that waits so long for the whole head of a request.

    protocol: one of uvicorn's two.
    """

    class Hurried(protocol):  # type: ignore[misc]
        _waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._begun:
                self._stop_waiting()
            elif self._waiting is None:
                self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        @property
        def _begun(self) -> bool:
            """Whether a request is under way."""
            return self.cycle is not None and not self.cycle.response_complete

        def _wait(self) -> None:
            self._waiting = self.loop.call_later(patience_s, self._give_up)

        def _stop_waiting(self) -> None:
            if self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None

        def _give_up(self) -> None:
            self._waiting = None
            if not self._begun:
                self.transport.close()

    return Hurried
