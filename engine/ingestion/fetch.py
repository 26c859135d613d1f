"""Pictures from URLs, without trust in the host, its name server, or what it says of its answer.

See docs/decisions/0012-safe-fetch.md. Knows nothing of pins.
"""

import secrets
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ipaddress import ip_network

import httpcore
import httpx

from engine import __version__
from engine.errors import HostUnavailable, UnfetchableImage
from engine.ingestion.addresses import Network
from engine.ingestion.answer import header, read_body
from engine.ingestion.host_slots import HostSlots
from engine.ingestion.lookahead import Lookahead
from engine.ingestion.picture_url import PictureUrl, parse_url
from engine.ingestion.pinned import Clock, PinnedBackend, Resolve, resolve
from engine.settings import FetchSettings

REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Answers that may be others a little later; the other errors are the host's last word.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
KEEP_OPEN_S = 15.0

_CHANCE = secrets.SystemRandom()
_Wait = Callable[[float], object]


@dataclass(frozen=True)
class FetchRules:
    """What may be fetched from where, and how long it may take; see `FetchSettings`."""

    allowed: tuple[Network, ...] = ()
    ports: frozenset[int] | None = frozenset({80, 443})
    timeout_s: float = 20.0
    idle_timeout_s: float = 5.0
    attempts: int = 3
    redirects: int = 5
    per_host: int = 4
    parallel: int = 16
    backoff_s: float = 0.5

    @classmethod
    def of(cls, settings: FetchSettings) -> "FetchRules":
        """Return the rules that settings stand for."""
        networks = filter(None, (part.strip() for part in settings.allow.split(",")))
        ports = None if settings.ports == "any" else settings.ports.split(",")
        return cls(
            allowed=tuple(ip_network(network) for network in networks),
            ports=None if ports is None else frozenset(int(port) for port in ports),
            timeout_s=settings.timeout_s,
            idle_timeout_s=settings.idle_timeout_s,
            attempts=settings.attempts,
            redirects=settings.redirects,
            per_host=settings.per_host,
            parallel=settings.parallel,
        )


class _Again(Exception):
    """This attempt failed in a way that may pass; `after` is what the host asks to wait for."""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


class Fetcher:
    """Fetches pictures; one serves all threads of a process, and keeps connections open."""

    def __init__(
        self,
        rules: FetchRules,
        *,
        resolver: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
        wait: _Wait | None = None,
    ) -> None:
        """Resolver, trusted authorities and the wait between attempts can be given by tests."""
        self.rules = rules
        self._clock = Clock()
        self._slots = HostSlots(rules.per_host)
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait
        self._backend = PinnedBackend(self._clock, rules.allowed, resolver, rules.parallel)
        # Neither proxies nor .netrc of the environment are looked at: either would take the
        # request to an address that was not checked.
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls or httpx.create_ssl_context(),
            max_connections=None,
            max_keepalive_connections=rules.parallel,
            keepalive_expiry=KEEP_OPEN_S,
            network_backend=self._backend,
        )

    def fetch(self, url: str, max_bytes: int) -> bytes:
        """Return the picture at a URL; it starts as one of an accepted format does.

        Waits for a place at the host first; the time limit counts from then on. Raises
        UnfetchableImage for what is not allowed or never will be a picture, ImageTooLarge, and
        HostUnavailable for what may work later.
        """
        start = parse_url(url, self.rules.ports)
        self._clock.stop()
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._follow(start, max_bytes)
            except _Again as failure:
                self._pause(start, failure, attempt)

    def close(self) -> None:
        """Stop at once: fetches that run end with HostUnavailable, and so do later ones."""
        self._stopped.set()
        self._backend.close()
        self._pool.close()

    def _follow(self, start: PictureUrl, max_bytes: int) -> bytes:
        """Make one attempt, through all redirects."""
        url, seen = start, {start}
        for _ in range(self.rules.redirects + 1):
            with self._place(url):
                answer = self._request(url, max_bytes)
            if isinstance(answer, bytes):
                return answer
            url = url.join(answer, self.rules.ports)
            if url in seen:
                raise UnfetchableImage(f"{start} redirects in a circle: give the picture's own URL")
            seen.add(url)
        raise UnfetchableImage(
            f"{start} redirects more than {self.rules.redirects} times "
            "(ENGINE_FETCH__REDIRECTS): give the picture's own URL"
        )

    @contextmanager
    def _place(self, url: PictureUrl) -> Iterator[None]:
        """Hold a place at a host; the time of a fetch begins with its first."""
        if self._stopped.is_set():
            raise _Again("fetching was stopped")
        started = self._clock.started()
        with ExitStack() as held:
            try:
                wait = self._clock.left() if started else None
                held.enter_context(self._slots.slot(url.host, wait))
            except TimeoutError as error:
                raise _Again(str(error)) from None
            if not started:
                self._clock.start(self.rules.timeout_s)
            yield

    def _request(self, url: PictureUrl, max_bytes: int) -> bytes | str:
        """Ask once; return a picture, or where it is said to be."""
        idle = self.rules.idle_timeout_s
        try:
            with self._pool.stream(
                "GET",
                httpcore.URL(scheme=url.scheme, host=url.host, port=url.port, target=url.target),
                headers={
                    "Host": url.authority,
                    "User-Agent": f"pin-engine/{__version__}",
                    "Accept": "image/*",
                    "Accept-Encoding": "identity",
                },
                extensions={"timeout": {"connect": idle, "read": idle, "write": idle}},
            ) as response:
                if response.status == HTTPStatus.OK:
                    return read_body(response.headers, response.iter_stream(), max_bytes, str(url))
                return _elsewhere(response, url)
        except httpcore.TimeoutException as error:
            raise _Again(str(error) or f"nothing came for {idle:g} s") from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise _Again(str(error) or type(error).__name__) from None

    def _pause(self, start: PictureUrl, failure: _Again, attempt: int) -> None:
        """Wait before the next attempt; raise HostUnavailable where there is to be none."""
        left = self._clock.left()
        if self._stopped.is_set():
            said = f"{start} was not fetched: this process is stopping"
        elif not left:
            said = (
                f"{start} was not delivered within {self.rules.timeout_s:g} s "
                "(ENGINE_FETCH__TIMEOUT_S)"
            )
        elif attempt >= self.rules.attempts:
            said = f"{start} was not delivered in {attempt} attempts: {failure}"
        else:
            # Half of it by chance, lest all who failed together come back together.
            most = self.rules.backoff_s * 2 ** (attempt - 1)
            delay = max(failure.after, _CHANCE.uniform(most / 2, most))
            if delay < left:
                self._wait(delay)
                return
            said = (
                f"{start} was not delivered: {failure}, and the next attempt is {delay:.0f} s off"
            )
        raise HostUnavailable(f"{said}: try again later")


def fetch_ahead(settings: FetchSettings, max_bytes: int) -> Lookahead:
    """Return a fetcher as the settings want it, with a look ahead; closing that closes both."""
    rules = FetchRules.of(settings)
    fetcher = Fetcher(rules)
    return Lookahead(
        fetcher.fetch,
        max_bytes,
        parallel=rules.parallel,
        per_host=rules.per_host,
        stop=fetcher.close,
    )


def _elsewhere(response: httpcore.Response, url: PictureUrl) -> str:
    """Return where a redirect leads; raise for an answer that is neither redirect nor picture."""
    status = response.status
    if status in REDIRECTS:
        location = header(response.headers, b"location")
        if not location:
            raise UnfetchableImage(f"{url} redirects without saying where: give another URL")
        return location
    if status in PASSING:
        raise _Again(f"its host answers {status}", _retry_after(response))
    raise UnfetchableImage(f"the host of {url} answers {status}: give a URL that holds a picture")


def _retry_after(response: httpcore.Response) -> float:
    """Return the seconds that a host asks to wait for, 0 if it asks for none (RFC 9110, 10.2.3)."""
    said = header(response.headers, b"retry-after")
    if said.isdecimal():
        return float(said[:9])
    try:
        when = parsedate_to_datetime(said)
        return max((when.astimezone(UTC) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, OverflowError):
        return 0.0
