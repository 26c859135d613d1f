"""Calls to a Qdrant server or cluster: tried again where that can help, failing in our own errors.

Knows nothing of collections. Every call that goes through here may be sent twice: reads, writes of
whole points by id, and deletions by id leave the same state after the second time as after one.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeVar

from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import (
    ApiException,
    ResponseHandlingException,
    UnexpectedResponse,
)

from engine.errors import StoreError, StoreFull, StoreUnreachable, TooLate
from engine.time_left import time_left

T = TypeVar("T")

# A node that went, or a leader that is being chosen, is back or replaced within seconds.
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
PASSING: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True)
class Calls:
    """How often a call is tried, and how the waits between tries are spent.

    attempts: 1 tries once.
    """

    attempts: int = 3
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, call: Callable[[], T]) -> T:
        """Return what the call gives; raise StoreUnreachable, StoreFull, StoreError or TooLate.

        Waits double from a tenth of a second, each shortened by chance so that processes that
        failed together do not come back together; a server that names a wait is given it.
        """
        for number in range(1, self.attempts):
            try:
                return call()
            except (ResponseHandlingException, ConnectionError, TimeoutError):
                wait = self._pause(number)
            except ResourceExhaustedResponse as error:
                wait = min(float(error.retry_after_s), LONGEST_PAUSE_S)
            except UnexpectedResponse as error:
                if error.status_code not in PASSING or _is_full(error):
                    with server_errors():
                        raise
                wait = self._pause(number)
            _require_time(wait)
            self.sleep(wait)
        with server_errors():
            return call()

    @staticmethod
    def _pause(number: int) -> float:
        longest = min(FIRST_PAUSE_S * 2.0 ** (number - 1), LONGEST_PAUSE_S)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret hangs on it


@contextmanager
def server_errors() -> Iterator[None]:
    """Turn what the client raises into the errors that say what to do."""
    try:
        yield
    except UnexpectedResponse as error:
        if error.status_code in REFUSED:
            raise StoreUnreachable(
                "the Qdrant server refuses the key: set ENGINE_STORE__API_KEY"
            ) from None
        if _is_full(error):
            raise StoreFull("the Qdrant server's disk is full: free some room there") from None
        reason = error.reason_phrase or "no reason given"
        raise StoreError(
            f"the Qdrant server says {error.status_code} {reason}: {_body(error)}"
        ) from error
    except ResourceExhaustedResponse as error:
        raise StoreUnreachable(
            f"the Qdrant server has too much to do ({error}): ask again, or give it more nodes"
        ) from error
    except (ResponseHandlingException, ApiException, ConnectionError, TimeoutError) as error:
        _require_time(0.0)
        raise StoreUnreachable(
            f"the Qdrant server does not answer ({error}): check ENGINE_STORE__URL"
        ) from error


def _require_time(seconds: float) -> None:
    """Raise TooLate where the request that calls are made for has no such time left."""
    if time_left() <= seconds:
        raise TooLate(
            "the request's time was over before the Qdrant server answered; what was to be written "
            "may be there: ask again, or allow more (Engine-Deadline, ENGINE_SERVE__DEADLINE_S)"
        )


def _is_full(error: UnexpectedResponse) -> bool:
    return error.status_code == HTTPStatus.INSUFFICIENT_STORAGE or "No space left" in _body(error)


def _body(error: UnexpectedResponse) -> str:
    return error.content.decode(errors="replace")[:300]
