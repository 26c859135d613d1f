"""How many requests a second `engine serve` answers, how fast, and what five times more do to it.

    python -m benchmarks.load --save

100,000 made-up pins, the embedded encoder, every query another one, no cache. The load comes from a
process of its own on the same processors. First as many connections as keep the server busy find
the rate at which it is full; then requests come by the clock (Poisson), whether or not earlier ones
are answered, each timed from when it was due. Beside it, in the same run: the naive service
(FastAPI, rank-bm25, qdrant-client's local mode), full in the same way.
"""

import argparse
import asyncio
import base64
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from benchmarks.arriving import fill, served
from benchmarks.machine import OtherWork, anonymous_bytes
from benchmarks.synthetic import WORDS

CONNECTIONS = 16
OVERLOAD = 5
MOST_CONNECTIONS = 1_000
Body = Callable[[int], bytes]


@dataclass(frozen=True)
class Loaded:
    """Answers of one load: seconds from when each was due by status, and for how long it ran."""

    took: dict[int, list[float]]
    seconds: float

    @property
    def rate(self) -> float:
        """Accepted requests a second."""
        return len(self.took.get(200, ())) / self.seconds

    def quantile(self, share: float) -> float:
        """Return milliseconds within which so many of the accepted were answered."""
        return float(np.percentile(self.took.get(200) or [float("nan")], share * 100)) * 1e3

    @property
    def refused(self) -> float:
        """Return the share of requests that were answered with 503."""
        return len(self.took.get(503, ())) / max(sum(map(len, self.took.values())), 1)

    @property
    def broken(self) -> int:
        """Return how many got neither an answer nor a 503."""
        return sum(len(each) for status, each in self.took.items() if status not in (200, 503))


def words(number: int) -> bytes:
    """Return a search by words that no other number has."""
    chance = random.Random(number)
    text = " ".join(chance.choices(WORDS[:2_000], k=3))
    return json.dumps({"text": text, "limit": 20}).encode()


def picture(number: int) -> bytes:
    """Return a search by a picture that no other number has, a JPEG of 400 pixels."""
    chance = np.random.default_rng(number)
    coarse = chance.integers(0, 256, (12, 12, 3), np.uint8)
    image = Image.fromarray(coarse).resize((400, 400), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    inline = base64.b64encode(buffer.getvalue()).decode()
    return json.dumps({"image": f"data:image/jpeg;base64,{inline}", "limit": 20}).encode()


class Connection:
    """One connection that is kept open, with just as much HTTP as this needs."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes) -> int:
        """Return the status of a search, 0 where the connection broke."""
        try:
            # The server closes what was idle for some seconds: nobody would send into that.
            if self._streams is None or self._streams[0].at_eof():
                self.close()
                self._streams = await asyncio.open_connection(self._host, self._port)
            reader, writer = self._streams
            head = (
                f"POST /v1/search HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            fields = answer.decode("latin-1").lower().split("\r\n")
            length = next(int(f.split(":")[1]) for f in fields if f.startswith("content-length"))
            await reader.readexactly(length)
            if "connection: close" in fields:
                self.close()
            return int(fields[0].split()[1])
        except (OSError, asyncio.IncompleteReadError, StopIteration):
            self.close()
            return 0

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def full(address: str, body: Body, first: int, seconds: float) -> Loaded:
    """Keep some connections busy for so long."""
    host, port = _place(address)

    async def run() -> dict[int, list[float]]:
        took: dict[int, list[float]] = {}
        numbers = iter(range(first, sys.maxsize))
        end = time.perf_counter() + seconds

        async def one() -> None:
            connection = Connection(host, port)
            while time.perf_counter() < end:
                data = body(next(numbers))
                begun = time.perf_counter()
                status = await connection.post(data)
                took.setdefault(status, []).append(time.perf_counter() - begun)
            connection.close()

        await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
        return took

    return Loaded(asyncio.run(run()), seconds)


def steady(address: str, body: Body, first: int, rate: float, seconds: float) -> Loaded:
    """Send requests by the clock, their distances exponential."""
    host, port = _place(address)
    chance = random.Random(first)
    due, at = [], 0.0
    while (at := at + chance.expovariate(rate)) < seconds:
        due.append(at)
    bodies = [body(first + number) for number in range(len(due))]

    async def run() -> dict[int, list[float]]:
        took: dict[int, list[float]] = {}
        free: list[Connection] = []
        room = asyncio.Semaphore(MOST_CONNECTIONS)
        start = time.perf_counter()

        async def one(data: bytes, when: float) -> None:
            async with room:
                connection = free.pop() if free else Connection(host, port)
                status = await connection.post(data)
                took.setdefault(status, []).append(time.perf_counter() - when)
                free.append(connection)

        tasks = []
        for data, after in zip(bodies, due, strict=True):
            await asyncio.sleep(max(start + after - time.perf_counter(), 0.0))
            tasks.append(asyncio.create_task(one(data, start + after)))
        await asyncio.gather(*tasks)
        for connection in free:
            connection.close()
        return took

    return Loaded(asyncio.run(run()), seconds)


def _place(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    return str(parts.hostname), int(parts.port or 80)


@contextmanager
def naive(pins: int) -> Iterator[str]:
    """Run the naive service over as many pins and give its address."""
    command = [sys.executable, "-m", "benchmarks.naive_service", str(pins)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise ValueError("stdout is not a pipe")
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def resident() -> int:
    """Return the anonymous memory in MiB of what this process runs as `serve`."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            ours = parent == os.getpid()
            if ours and b"serve" in (folder / "cmdline").read_bytes().split(b"\0"):
                total += anonymous_bytes(folder.name)
        except OSError:
            continue  # it has ended meanwhile
    return total // 2**20


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pins", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--keep", type=Path, help="folder of the collection, made if need be")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/load.md")
    given = parser.parse_args()
    folder = given.keep or Path(tempfile.mkdtemp(prefix="load-"))
    if not (folder / "collections").exists():
        fill(folder, given.pins)
    spawn = get_context("spawn")
    others = OtherWork()
    with ProcessPoolExecutor(1, mp_context=spawn) as sender:

        def send(load: Callable[..., Loaded], *arguments: object) -> Loaded:
            return sender.submit(load, *arguments).result()

        rows = []
        with served(folder, 1_000_000) as address:
            send(full, address, words, 10**6, 3.0)
            for name, body, first in (("words", words, 0), ("a picture", picture, 10**7)):
                most = send(full, address, body, first, given.seconds)
                fair = send(steady, address, body, first + 10**5, most.rate * 0.8, given.seconds)
                before = resident()
                flood = send(
                    steady, address, body, first + 2 * 10**5, most.rate * OVERLOAD, given.seconds
                )
                rows.append((name, most, fair, flood, before, resident()))
        with naive(given.pins) as address:
            send(full, address, words, 10**6, 3.0)
            plain = send(full, address, words, 3 * 10**6, given.seconds)
    lines = [
        f"# Load: {given.pins:,} pins behind `engine serve`",
        "",
        f"`python -m benchmarks.load --pins {given.pins} --seconds {given.seconds:g}`"
        f" on {os.cpu_count()} cores, which the"
        f" sender shares. Other work had {others.share():.0%} of the CPUs. Times are p50 /"
        f" p95 / p99 in milliseconds from when a request was due.",
        "",
        "| search by | full at | at 80 % of that | at five times that: accepted | their times |"
        " refused with 503 | neither | memory before, after |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, most, fair, flood, before, after in rows:
        lines.append(
            f"| {name} | {most.rate:.0f}/s | {_times(fair)} | {flood.rate:.0f}/s | {_times(flood)}"
            f" | {flood.refused:.0%} | {fair.broken + flood.broken + most.broken}"
            f" | {before}, {after} MiB |"
        )
    ratio = rows[0][1].rate / max(plain.rate, 1e-9)
    lines += [
        "",
        f"The naive service (FastAPI, rank-bm25, qdrant-client's local mode, the same encoder) is"
        f" full at {plain.rate:.1f}/s by words, with {_times(plain)} ms: this engine answers"
        f" {ratio:.0f} times as many.",
    ]
    table = "\n".join(lines)
    print(table)
    if given.save:
        place = Path(__file__).parent / "results" / "load.md"
        place.write_text(table + "\n", encoding="utf-8")


def _times(loaded: Loaded) -> str:
    return " / ".join(f"{loaded.quantile(share):.0f}" for share in (0.5, 0.95, 0.99))


if __name__ == "__main__":
    main()
