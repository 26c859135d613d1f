"""Fetchers for which every name is on this machine, and answers that a host may give them."""

import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import ip_network

import pytest
import trustme

from engine.ingestion.fetch import Fetcher, FetchRules
from engine.ingestion.pinned import Resolve
from tests.ingestion.fetch.odd_host import OddHost, Talk, odd_host

MOST = 200_000
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and is quickly made
RULES = FetchRules(
    allowed=(ip_network("127.0.0.1/32"),),
    ports=None,
    timeout_s=5.0,
    idle_timeout_s=2.0,
    backoff_s=0.001,
)


@pytest.fixture
def host() -> Iterator[OddHost]:
    with odd_host() as host:
        yield host


Make = Callable[..., Fetcher]


@pytest.fixture
def fetcher() -> Iterator[Make]:
    """Makes fetchers for which every name is on this machine."""
    with ExitStack() as stack:

        def make(
            resolver: Resolve | None = None,
            tls: ssl.SSLContext | None = None,
            wait: Callable[[float], object] | None = None,
            rules: FetchRules = RULES,
            **changed: object,
        ) -> Fetcher:
            made = Fetcher(
                replace(rules, **changed),  # type: ignore[arg-type]
                resolver=resolver or (lambda *_: ["127.0.0.1"]),
                tls=tls or NO_TLS,
                wait=wait,
            )
            stack.callback(made.close)
            return made

        yield make


def in_turn(*answers: Callable[[Talk], None]) -> Callable[[Talk], None]:
    """Answer each request with the next of these, the last of them for good."""
    left = list(answers)

    def answer(talk: Talk) -> None:
        now = left.pop(0) if len(left) > 1 else left[0]
        now(talk)

    return answer


def says(body: bytes = b"", status: int = 200, **headers: str) -> Callable[[Talk], None]:
    return lambda talk: talk.answer(body, status, None, **headers)


def to(location: str, status: int = 302) -> Callable[[Talk], None]:
    return says(b"moved", status, Location=location)


def reset(talk: Talk) -> None:
    """Break the connection off the hard way."""
    talk.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionAbortedError


def hang(talk: Talk) -> None:
    talk.host.stopping.wait(10)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def serving(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context
