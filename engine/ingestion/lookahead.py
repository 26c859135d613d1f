"""Pictures that are fetched while others are still looked at.

Fetches start in the order in which they were asked for, save that a host with its places taken
lets the others pass: a slow one holds up itself alone. What runs, and what lies fetched and not
yet taken, is bounded. Knows nothing of HTTP.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from engine.ingestion.pictures import Fetch

HELD = 32


@dataclass(eq=False)
class _Entry:
    url: str
    host: str
    picture: Future[bytes] = field(default_factory=Future)


class Lookahead:
    """Fetches ahead of `fetch`, which this stands in for: anything not prepared is fetched at once.

    parallel: fetches at a time; held: those plus the pictures that wait to be taken.
    """

    def __init__(
        self,
        fetch: Fetch,
        max_bytes: int,
        *,
        parallel: int,
        per_host: int,
        held: int = HELD,
        stop: Callable[[], None] | None = None,
    ) -> None:
        """`stop` makes what runs in `fetch` end; it is called on closing."""
        self._fetch = fetch
        self._stop = stop
        self._max_bytes = max_bytes
        self._parallel = parallel
        self._per_host = per_host
        self._held = held
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="fetch")
        self._lock = threading.Lock()
        self._waiting: list[_Entry] = []
        self._prepared: dict[str, deque[_Entry]] = {}
        self._running: Counter[str] = Counter()
        self._started = 0
        self._closed = False

    def prepare(self, urls: Iterable[str]) -> None:
        """Begin to fetch; each is to be taken, or forgotten, as often as it was prepared."""
        with self._lock:
            for url in urls:
                entry = _Entry(url, _host(url))
                self._waiting.append(entry)
                self._prepared.setdefault(url, deque()).append(entry)
        self._start()

    def take(self, url: str, max_bytes: int) -> bytes:
        """Return a picture, fetched by now or fetched here; raises what `fetch` raises."""
        entry, waiting = self._remove(url)
        if entry is None or waiting or max_bytes != self._max_bytes:
            return self._fetch(url, max_bytes)
        return entry.picture.result()

    def forget(self, urls: Iterable[str]) -> None:
        """Let go of pictures that nobody will take."""
        for url in urls:
            self._remove(url)

    def close(self) -> None:
        """Start no more, stop those that run, and wait for their end."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            self._prepared.clear()
        if self._stop is not None:
            self._stop()
        self._pool.shutdown()

    def _remove(self, url: str) -> tuple[_Entry | None, bool]:
        """Return what was prepared for a URL, and whether it had yet to start."""
        with self._lock:
            entries = self._prepared.get(url)
            if not entries:
                return None, False
            entry = entries.popleft()
            if not entries:
                del self._prepared[url]
            waiting = entry in self._waiting
            if waiting:
                self._waiting.remove(entry)
            else:
                self._started -= 1
        self._start()
        return entry, waiting

    def _start(self) -> None:
        """Start what may be started."""
        with self._lock:
            kept: list[_Entry] = []
            for entry in self._waiting:
                if (
                    self._closed
                    or self._started >= self._held
                    or self._running.total() >= self._parallel
                    or self._running[entry.host] >= self._per_host
                ):
                    kept.append(entry)
                    continue
                self._running[entry.host] += 1
                self._started += 1
                self._pool.submit(self._run, entry)
            self._waiting = kept

    def _run(self, entry: _Entry) -> None:
        try:
            picture = self._fetch(entry.url, self._max_bytes)
        # Whatever it is belongs to the one who takes the picture.
        except BaseException as error:
            entry.picture.set_exception(error)
        else:
            entry.picture.set_result(picture)
        with self._lock:
            self._running[entry.host] -= 1
            if not self._running[entry.host]:
                del self._running[entry.host]
        self._start()


def _host(url: str) -> str:
    """Return what counts as one host; what can't be read fails at once and counts as another."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
