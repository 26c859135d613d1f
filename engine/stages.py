"""The stages of a search, told to whoever watches: nobody by default, which costs nothing.

What counts and traces is the business of whoever watches; the rooms only say what they begin.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

Entered = AbstractContextManager[object]


@dataclass(frozen=True)
class Watch:
    """Who watches; `enter` gives what is entered for as long as a stage lasts.

    apart: whether the legs of a plan run one by one, so that each can be told; together they are
    a little quicker.
    """

    enter: Callable[[str], Entered]
    apart: bool = False


_WATCH: ContextVar[Watch | None] = ContextVar("stages", default=None)
_UNWATCHED: Final = nullcontext()


def stage(name: str) -> Entered:
    """Return what is entered for as long as a stage lasts."""
    watch = _WATCH.get()
    return _UNWATCHED if watch is None else watch.enter(name)


def apart() -> bool:
    """Say whether the legs of a plan should run one by one."""
    watch = _WATCH.get()
    return watch is not None and watch.apart


def watched_by(watch: Watch | None) -> None:
    """Have the stages of this context told from now on."""
    _WATCH.set(watch)
