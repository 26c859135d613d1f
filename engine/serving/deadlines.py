"""Until when a request may wait: whose time is over before its turn comes is told so, unanswered.

Nobody listens any more to an answer that took too long, and its work would only delay the others.
"""

import math
import re
import threading
from collections import deque
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from inspect import iscoroutinefunction
from types import TracebackType
from typing import Any, Final, ParamSpec, TypeVar

from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.errors import TooLate
from engine.serving.callers import caller_of
from engine.serving.problems import invalid
from engine.time_left import ends_in, time_left

HEADER: Final = "Engine-Deadline"
LONGEST_S: Final = 3_600.0
_SECONDS: Final = re.compile(r"\d{1,4}(\.\d{1,6})?")

P = ParamSpec("P")
T = TypeVar("T")


def left() -> float | None:
    """Return how many seconds the present request may still wait, None for any; raise TooLate."""
    if (rest := time_left()) == math.inf:
        return None
    if rest > 0:
        return rest
    raise TooLate(
        "the request's time was over before its turn came, and nothing was done: ask again in a "
        f"second, or allow more ({HEADER}, ENGINE_SERVE__DEADLINE_S)"
    )


class Turn:
    """A context that so many may be in at a time, in the order of their coming.

    Entering it raises TooLate. Python's semaphore may let a newcomer in before one who was woken,
    who then waits behind all others.
    """

    def __init__(self, most: int = 1) -> None:
        self._free = most
        self._waiting: deque[threading.Lock] = deque()
        self._state = threading.Lock()

    def __enter__(self) -> None:
        with self._state:
            if self._free:
                self._free -= 1
                return
            called = threading.Lock()
            called.acquire()
            self._waiting.append(called)
        try:
            while not called.acquire(timeout=_patience()):
                pass  # over by now, or so near that `left` has to say
        except BaseException:
            self._give_up(called)
            raise

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        with self._state:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

    def _give_up(self, called: threading.Lock) -> None:
        with self._state:
            waits = called in self._waiting
            if waits:
                self._waiting.remove(called)
        if not waits:
            # The turn came in the very moment.
            self._pass_on()


def _patience() -> float:
    rest = left()
    return threading.TIMEOUT_MAX if rest is None else rest


class InTime(APIRoute):
    """A route that does nothing when its request's time is over once a thread is free for it.

    Its answer is checked and written in that thread, too: the framework would have it wait for a
    second one, behind all who wait for their first.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        # A coroutine waits by itself.
        begun = endpoint if iscoroutinefunction(endpoint) else self._whole(in_time(endpoint))
        super().__init__(path, begun, **options)
        self._model = None if self.response_model is None else TypeAdapter[Any](self.response_model)

    def _whole(self, work: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(work)
        def begun(*args: Any, **kwargs: Any) -> Any:
            answer = work(*args, **kwargs)
            if self._model is None or isinstance(answer, Response):
                return answer
            try:
                checked = self._model.validate_python(answer)
            except ValidationError:
                return answer  # the framework says what is wrong with it
            body = self._model.dump_json(
                checked, exclude_unset=self.response_model_exclude_unset, by_alias=True
            )
            return Response(body, self.status_code or HTTPStatus.OK, media_type="application/json")

        return begun


def in_time(work: Callable[P, T]) -> Callable[P, T]:
    """Return the work with a look at the time before it."""

    @wraps(work)
    def begun(*args: P.args, **kwargs: P.kwargs) -> T:
        left()
        return work(*args, **kwargs)

    return begun


class Dated:
    """ASGI middleware that reads until when a request may wait.

    longest_s: for who says nothing, and at most for who does; 0 for any time. Not for the owner's
    own commands.
    """

    def __init__(self, app: ASGIApp, longest_s: float) -> None:
        self.app = app
        self.longest_s = longest_s or math.inf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER)
        caller = caller_of(scope)
        longest = math.inf if caller is not None and caller.trusted else self.longest_s
        if given is not None:
            seconds = float(given) if _SECONDS.fullmatch(given) else 0.0
            if not 0 < seconds <= LONGEST_S:
                reason = f"give seconds, above 0 and at most {LONGEST_S:,.0f}"
                refusal = invalid(f"header.{HEADER}", reason)
                await refusal.response(scope["path"])(scope, receive, send)
                return
            longest = min(longest, seconds)
        # Never taken back: each request has a context of its own.
        ends_in(longest)
        await self.app(scope, receive, send)
