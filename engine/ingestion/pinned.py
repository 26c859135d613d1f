"""Connections that go to the very addresses that were checked, and end when their time is up.

A name is resolved once for each connection, all its addresses are checked, and the socket is
opened to one of these; TLS still asks for the name. So no second answer of a name server is ever
used. Knows nothing of HTTP.
"""

import contextlib
import ipaddress
import math
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpcore

from engine.errors import UnfetchableImage
from engine.ingestion.addresses import Address, Network, refusal

Resolve = Callable[[str, int], Sequence[str]]

MAX_TRIED = 4


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, in the system's order of preference; OSError if none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Clock(threading.local):
    """When the fetch that runs in this thread must be done."""

    ends = math.inf

    def started(self) -> bool:
        """Say whether this thread's fetch has begun."""
        return self.ends < math.inf

    def stop(self) -> None:
        """Forget the last fetch of this thread."""
        self.ends = math.inf

    def start(self, seconds: float) -> None:
        """Give this thread's fetch so long from now on."""
        self.ends = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left, at least 0."""
        return max(self.ends - time.monotonic(), 0.0)


class PinnedBackend(httpcore.NetworkBackend):
    """Opens connections for httpcore; raises UnfetchableImage for a refused address."""

    def __init__(
        self, clock: Clock, allowed: Sequence[Network], resolver: Resolve, resolvers: int
    ) -> None:
        self._clock = clock
        self._allowed = tuple(allowed)
        self._resolver = resolver
        # The system's resolver knows no timeout, so it is waited for from outside.
        self._resolving = ThreadPoolExecutor(resolvers, thread_name_prefix="resolve")
        self._network = httpcore.SyncBackend()
        self._open: weakref.WeakSet[_TimedStream] = weakref.WeakSet()
        self._opening = threading.Lock()
        self._closed = False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of a host's addresses that answers."""
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._checked(host, port, timeout)[:MAX_TRIED]:
            try:
                stream = self._network.connect_tcp(
                    str(address), port, _shorter(timeout, self._clock), local_address
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return self._timed(stream)
        raise failure

    def close(self) -> None:
        """End all connections, also those that a thread waits on."""
        self._resolving.shutdown(wait=False, cancel_futures=True)
        with self._opening:
            self._closed = True
            streams = list(self._open)
        for stream in streams:
            stream.stop()

    def _checked(self, host: str, port: int, timeout: float | None) -> list[Address]:
        """Return a host's addresses; UnfetchableImage if one of them is refused."""
        try:
            texts = self._resolving.submit(self._resolver, host, port).result(
                _shorter(timeout, self._clock)
            )
            addresses = [ipaddress.ip_address(text) for text in texts]
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"no name server told the address of {host}") from None
        except (OSError, ValueError, RuntimeError) as error:
            raise httpcore.ConnectError(f"{host} can't be resolved: {error}") from None
        for address in addresses:
            why = refusal(address, self._allowed)
            if why is not None:
                raise UnfetchableImage(
                    f"{host[:80]} is at {address} ({why}), which is not connected to: give a "
                    "public host, or allow its network with ENGINE_FETCH__ALLOW"
                )
        return addresses

    def _timed(self, stream: httpcore.NetworkStream) -> "_TimedStream":
        timed = _TimedStream(stream, self._clock, self._timed)
        with self._opening:
            self._open.add(timed)
            closed = self._closed
        if closed:
            timed.close()
            raise httpcore.ConnectError("stopped")
        return timed


class _TimedStream(httpcore.NetworkStream):
    """A stream whose every wait also ends with the fetch's own time."""

    def __init__(
        self,
        stream: httpcore.NetworkStream,
        clock: Clock,
        wrap: "Callable[[httpcore.NetworkStream], _TimedStream]",
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._wrap = wrap

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not self._clock.left():
            raise httpcore.ReadTimeout("the time is up")
        return self._stream.read(max_bytes, _shorter(timeout, self._clock))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not self._clock.left():
            raise httpcore.WriteTimeout("the time is up")
        self._stream.write(buffer, _shorter(timeout, self._clock))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        limit = _shorter(timeout, self._clock)
        try:
            return self._wrap(self._stream.start_tls(ssl_context, server_hostname, limit))
        except httpcore.ConnectError as error:
            if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                raise UnfetchableImage(
                    f"{server_hostname} shows no valid certificate for its name: "
                    f"{error.__cause__.verify_message}"
                ) from None
            raise

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()

    def stop(self) -> None:
        """Wake whoever waits on this stream; it finds the connection at its end."""
        with contextlib.suppress(OSError):  # it may have been closed meanwhile
            self._stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def _shorter(timeout: float | None, clock: Clock) -> float:
    """Return how long to wait; a socket takes 0 for not waiting at all, so never quite that."""
    left = max(clock.left(), 0.001)
    if timeout is None:
        return min(left, threading.TIMEOUT_MAX)
    return min(timeout, left)
