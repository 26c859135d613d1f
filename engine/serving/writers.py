"""Threads of their own for requests that write: what waits for the disk holds no search up.

A write waits for others' pictures, for the sync of the disk, and while a graph is switched for
longer; in the threads that searches work in, a dozen of them would leave none.
"""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Final, ParamSpec, Protocol, TypeVar, cast

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from engine.errors import Overloaded
from engine.ingestion.gathering import MOST
from engine.serving.deadlines import in_time

# As many as are taken in together: fewer would keep a queue from being gone in one go.
THREADS: Final = MOST

P = ParamSpec("P")
T = TypeVar("T")


class Writers:
    """The writing requests of one event loop.

    most_waiting: how many may wait for a thread besides those that have one.
    """

    def __init__(self, most_waiting: int) -> None:
        self._limiter = CapacityLimiter(THREADS)
        self._most_waiting = most_waiting

    @property
    def waiting(self) -> int:
        """How many wait for a thread."""
        return self._limiter.statistics().tasks_waiting

    async def run(self, work: Callable[[], T]) -> T:
        """Do the work in a thread, after whoever came before; raise Overloaded, TooLate."""
        if self.waiting >= self._most_waiting:
            raise Overloaded(
                f"{THREADS + self._most_waiting} writing requests are under way already: send it "
                "again in a second, or several pins in one request"
            )
        return await run_sync(in_time(work), limiter=self._limiter)


class _Written(Protocol):
    writers: Writers


def writing(route: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Have a route that is given the `service` do its work in a writer's thread."""

    @wraps(route)
    async def asked(*args: P.args, **kwargs: P.kwargs) -> T:
        service = cast(_Written, kwargs["service"])
        return await service.writers.run(partial(route, *args, **kwargs))

    return asked
