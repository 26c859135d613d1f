"""How soon a pin that arrives over HTTP is found while others search, at a running `engine serve`.

Requests go out by the clock, whether or not earlier ones are answered, and each is timed from when
it was due: a server that falls behind can't hide it.
"""

import base64
import math
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from benchmarks.serving import Spread
from benchmarks.synthetic import WORDS, corpus
from engine.features.factory import load_encoder
from engine.features.text import Analyzer
from engine.settings import load_settings
from engine.store.edge import EdgeCollection
from engine.store.shard_folder import SHARD_NAME
from engine.workspace import collection_folder, identity_of

PINS_A_SECOND, SEARCHES_A_SECOND = 20, 10
# So many of the pins are looked for until they are found; these searches come on top.
LOOKED_FOR = 4
WARM_UP_S = 3.0
WATCH_S = 0.05
BATCH = 1_000
THREADS = 16


@dataclass(frozen=True)
class Arriving:
    """Times in milliseconds.

    answered: from when a pin was due until the server said that it is written.
    found: until a search gave it back.
    unindexed: how many pins were outside the graph, before and after.
    built_s: for how long the graph was built; the times are of what was due meanwhile. None where
    none was built, and the times are of the whole run.
    """

    answered: Spread
    found: Spread
    searched: Spread
    pins: int
    searches: int
    failed: int
    unindexed: tuple[int, int]
    built_s: float | None


@dataclass
class _Times:
    """When each request was due, and how long it took from then, in seconds."""

    answered: list[tuple[float, float]] = field(default_factory=list)
    found: list[tuple[float, float]] = field(default_factory=list)
    searched: list[tuple[float, float]] = field(default_factory=list)
    failed: int = 0


def fill(data: Path, pins: int, outside: int = 0) -> None:
    """Make a collection of made-up pins with the embedded encoder's fingerprint.

    outside: how many are left outside the graph, the last ones.
    """
    settings = load_settings(data=data)
    identity = identity_of(load_encoder(settings.encoder), Analyzer(settings.language))
    made = corpus(pins, identity.dimension)
    with EdgeCollection.open(collection_folder(settings), identity, create=True) as collection:
        rest = iter(made.records(BATCH))
        for batch in islice(rest, (pins - outside) // BATCH):
            collection.upsert(batch)
        collection.optimize()
        for batch in rest:
            collection.upsert(batch)


def arriving(data: Path, photos: Sequence[Path], seconds: float, threshold: int) -> Arriving:
    """Send pins and searches to a server over a data folder for so many seconds.

    threshold: pins outside the graph at which it is built; where that is reached, the times are
    those of the build, from the copy to the removal of the old shard.
    """
    pins = [_pin(number, photo) for number, photo in enumerate(photos)]
    with served(data, threshold) as address, closing(_Clients(address)) as clients:
        before = int(clients.get("/v1/info")["unindexed"])
        _load(clients, pins[: int(WARM_UP_S * PINS_A_SECOND)], WARM_UP_S, _Times())
        times = _Times()
        with _building(collection_folder(load_settings(data=data))) as seen:
            _load(clients, pins[int(WARM_UP_S * PINS_A_SECOND) :], seconds, times)
        after = int(clients.get("/v1/info")["unindexed"])
    first, last = (seen[0], seen[-1]) if seen else (-math.inf, math.inf)

    def meanwhile(all_: Sequence[tuple[float, float]]) -> list[float]:
        return [took for due, took in all_ if first <= due <= last]

    return Arriving(
        answered=Spread.of(meanwhile(times.answered)),
        found=Spread.of(meanwhile(times.found)),
        searched=Spread.of(meanwhile(times.searched)),
        pins=len(meanwhile(times.answered)),
        searches=len(meanwhile(times.searched)),
        failed=times.failed,
        unindexed=(before, after),
        built_s=last - first if seen else None,
    )


def needed(seconds: float) -> int:
    """Return how many pictures a run takes, warm-up included."""
    return int((seconds + WARM_UP_S) * PINS_A_SECOND)


@contextmanager
def served(data: Path, threshold: int) -> Iterator[str]:
    """Run `engine serve` over a folder and give its address."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ENGINE_")}
    environment |= {
        "ENGINE_DATA": str(data),
        "ENGINE_SERVE__PORT": "0",
        "ENGINE_STORE__GRAPH_THRESHOLD": str(threshold),
    }
    code = "from engine.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "serve", "--allow-write"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stderr is None:
            raise ValueError("stderr is not a pipe")
        try:
            said = process.stderr.readline()
            if " on http" not in said:
                raise ValueError(said + process.stderr.read())
            yield said.rsplit(" on ", 1)[1].strip()
        finally:
            process.terminate()


@contextmanager
def _building(folder: Path) -> Iterator[list[float]]:
    """Note while the block runs the times at which a second shard lies in a collection's folder."""
    seen: list[float] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(WATCH_S):
            if sum(each.is_dir() for each in folder.glob(f"{SHARD_NAME}*")) > 1:
                seen.append(time.perf_counter())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        done.set()
        watching.join()


class _Clients:
    """A connection for each thread."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._mine = threading.local()
        self._all: list[httpx.Client] = []

    def post(self, path: str, value: Any) -> Any:
        return self._client().post(path, json=value).raise_for_status().json()

    def get(self, path: str) -> Any:
        return self._client().get(path).raise_for_status().json()

    def close(self) -> None:
        for each in self._all:
            each.close()

    def _client(self) -> httpx.Client:
        if not hasattr(self._mine, "client"):
            self._mine.client = httpx.Client(base_url=self._address, timeout=120.0, trust_env=False)
            self._all.append(self._mine.client)
        client: httpx.Client = self._mine.client
        return client


def _pin(number: int, photo: Path) -> dict[str, str]:
    inline = base64.b64encode(photo.read_bytes()).decode()
    word = _word(number)
    image = f"data:image/jpeg;base64,{inline}"
    return {"id": f"new-{number}", "image": image, "description": f"{word} {WORDS[number % 500]}"}


def _word(number: int) -> str:
    """Return a word that only this pin has."""
    return f"arrival{number}x"


def _load(clients: _Clients, pins: Sequence[dict[str, str]], seconds: float, times: _Times) -> None:
    """Send pins and searches, each when it is due."""
    chance = random.Random(3)

    def arrive(pin: dict[str, str], due: float) -> None:
        [result] = clients.post("/v1/pins", [pin])["results"]
        if result["status"] != "added":
            raise ValueError(result)
        times.answered.append((due, time.perf_counter() - due))
        number = int(pin["id"].removeprefix("new-"))
        if number % LOOKED_FOR:
            return
        while True:
            hits = clients.post("/v1/search", {"text": _word(number), "limit": 1})["hits"]
            if hits and hits[0]["id"] == pin["id"]:
                break
        times.found.append((due, time.perf_counter() - due))

    def search(text: str, due: float) -> None:
        clients.post("/v1/search", {"text": text, "limit": 10})
        times.searched.append((due, time.perf_counter() - due))

    def tried(act: Callable[[Any, float], None], what: Any, due: float) -> None:
        try:
            act(what, due)
        except (httpx.HTTPError, ValueError) as error:
            print(f"failed: {error}", file=sys.stderr)
            times.failed += 1

    plan: list[tuple[float, Callable[[Any, float], None], Any]] = []
    plan += [(number / PINS_A_SECOND, arrive, pin) for number, pin in enumerate(pins)]
    for number in range(int(seconds * SEARCHES_A_SECOND)):
        words = " ".join(chance.choices(WORDS[:2_000], k=3))
        plan.append(((number + 0.5) / SEARCHES_A_SECOND, search, words))
    start = time.perf_counter()
    # Each kind has threads of its own, or slow pins would hold up searches before they are sent.
    with ThreadPoolExecutor(THREADS) as sending, ThreadPoolExecutor(THREADS) as searching:
        for after, act, what in sorted(plan, key=lambda each: each[0]):
            time.sleep(max(start + after - time.perf_counter(), 0.0))
            (sending if act is arrive else searching).submit(tried, act, what, start + after)
