"""Another encoder for a collection under load: what requests meet meanwhile, and what is lost.

    python -m benchmarks.reindexing --from ENCODER --to ENCODER [--pins 20000] [--data FOLDER]

Photographs of ../shared/data, two folders of encoders. `engine serve` answers 10 searches a second,
each by the picture of a pin that must come first, and takes 10 new pins a second. Meanwhile
`engine reindex` is killed at five moments with SIGKILL and begun again, then goes through to the
switch, and back. Wrong is a search whose own pin does not come first; lost is a pin that was
acknowledged and is not there in the end.
"""

import argparse
import base64
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from benchmarks.machine import OtherWork

SHARED = Path(__file__).parents[2] / "shared" / "data"
JUDGED = (SHARED / "fashion" / "queries.jsonl", SHARED / "fashion" / "qrels.txt")
RATE = 10.0
# Each run is let go on for six seconds longer than the one before.
KILLS = 5
TIMEOUT_S = 120.0


@dataclass
class Traffic:
    """Searches and new pins by the clock, each timed from when it was due."""

    address: str
    known: list[tuple[str, str]]
    new: Iterator[dict[str, str]]
    phase: str = "before"
    took: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    added: int = 0

    def __enter__(self) -> "Traffic":
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(kind,)) for kind in _KINDS]
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for each in self._threads:
            each.join()

    def _run(self, kind: str) -> None:
        chance = random.Random(kind)
        due = time.monotonic()
        with httpx.Client(base_url=self.address, timeout=TIMEOUT_S) as http:
            while not self._ended.wait(max(0.0, due - time.monotonic())):
                phase = self.phase
                try:
                    getattr(self, kind)(http, chance)
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                self.took.setdefault((phase, kind), []).append(time.monotonic() - due)
                due += 1.0 / RATE

    def searches(self, http: httpx.Client, chance: random.Random) -> None:
        """Ask by the picture of a pin."""
        pin, picture = chance.choice(self.known)
        body = {"image": picture, "limit": 3, "collapse": False}
        answer = http.post("/v1/search", json=body)
        if answer.status_code != 200:
            self.failures.append(answer.text)
            return
        if pin not in [hit["id"] for hit in answer.json()["hits"]]:
            self.wrong.append(f"{pin} ({self.phase})")

    def pins(self, http: httpx.Client, _: random.Random) -> None:
        """Send a new pin."""
        pin = next(self.new)
        answer = http.put(f"/v1/pins/{pin['id']}", json=pin)
        if answer.is_success:
            self.kept.append(pin["id"])
            self.added += answer.status_code == 201
        else:
            self.failures.append(answer.text)


_KINDS = ("searches", "pins")


def main() -> None:
    """Run it all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--from", dest="before", required=True)
    parser.add_argument("--to", dest="after", required=True)
    parser.add_argument("--pins", type=int, default=20_000)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--share", type=float, default=0.5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        data = given.data or Path(place)
        os.environ |= {"ENGINE_DATA": str(data), "ENGINE_ENCODER": given.before}
        os.environ |= {"ENGINE_SERVE__PORT": "0"}
        pins = _pictures()
        if not (data / "collections").exists():
            _index(data, pins[: given.pins])
        _measure(pins, given)


def _measure(pins: list[tuple[str, Path]], given: argparse.Namespace) -> None:
    known = [(name, _sent(path)) for name, path in random.Random(7).sample(pins[: given.pins], 500)]
    judged = [f"--{each.stem.replace('qrels', 'judgments')}={each}" for each in JUDGED]
    change = ["reindex", "--encoder", given.after, *judged, "--even-if-worse"]
    change += ["--share", str(given.share)]
    other = OtherWork()
    fresh = _fresh(pins[given.pins :])
    with _serving() as address:
        first = httpx.get(f"{address}/v1/info").json()["pins"]
        if first > given.pins:
            raise SystemExit("new pins of an earlier run are there: give another --data")
        with Traffic(address, known, fresh) as traffic:
            taken = _changed(traffic, change)
        after = httpx.get(f"{address}/v1/info").json()["pins"]
        lost = [pin for pin in traffic.kept if _missing(address, pin)]
    print(f"{first:,} pins at first; other work on the machine: {other.share():.2f} processors")
    _table(traffic, taken, lost, after - first - traffic.added)


def _changed(traffic: Traffic, change: list[str]) -> dict[str, float]:
    """Change the encoder, killed and begun again, and go back; return what each took in seconds."""
    time.sleep(10)
    taken: dict[str, float] = {}
    for number in range(KILLS):
        traffic.phase = "killed"
        pause = 8.0 + 6.0 * number
        process = _engine(*change)
        try:
            process.wait(pause)
            raise SystemExit(f"it was done within {pause:.0f} s: take more pins")
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    for phase, words in (("change", change), ("back", ["reindex", "--back"])):
        traffic.phase = phase
        begun = time.monotonic()
        status = _engine(*words).wait()
        if status != 0:
            raise SystemExit(f"{phase} ended with {status}")
        taken[phase] = time.monotonic() - begun
    traffic.phase = "after"
    time.sleep(10)
    return taken


def _table(traffic: Traffic, taken: dict[str, float], lost: list[str], more: int) -> None:
    print("| phase | seconds | searches | p50 / p95 / most | new pins | p50 / p95 / most |")
    print("|---|---|---|---|---|---|")
    for phase in ("before", "killed", "change", "back", "after"):
        cells = [phase, f"{taken.get(phase, 0):.0f}" if phase in taken else ""]
        for kind in _KINDS:
            took = np.array(traffic.took.get((phase, kind), [float("nan")])) * 1e3
            middle, late = np.percentile(took, (50, 95))
            cells += [f"{len(took):,}", f"{middle:.0f} / {late:.0f} / {took.max():,.0f} ms"]
        print("| " + " | ".join(cells) + " |")
    print(
        f"failed requests {len(traffic.failures)}, wrong answers {len(traffic.wrong)}, "
        f"lost pins {len(lost)}, pins that nobody sent {more}"
    )
    for each in (*traffic.failures[:3], *traffic.wrong[:5]):
        print(f"  {each[:200]}")


def _missing(address: str, pin: str) -> bool:
    return httpx.get(f"{address}/v1/pins/{pin}").status_code != 200


def _pictures() -> list[tuple[str, Path]]:
    found = [
        (json.loads(line)["id"], lines.parent / json.loads(line)["image"])
        for lines in sorted(SHARED.glob("*/pins.jsonl"))
        for line in lines.read_text(encoding="utf-8").splitlines()
    ]
    random.Random(1).shuffle(found)
    return found


def _index(data: Path, pins: list[tuple[str, Path]]) -> None:
    lines = data / "pins.jsonl"
    data.mkdir(parents=True, exist_ok=True)
    with lines.open("w", encoding="utf-8") as file:
        for name, path in pins:
            pin = {"id": name, "image": f"data:image/jpeg;base64,{_sent(path)}"}
            file.write(json.dumps(pin) + "\n")
    if _engine("index", str(lines)).wait() != 0:
        raise SystemExit("the pins can't be indexed")


def _sent(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _fresh(pins: list[tuple[str, Path]]) -> Iterator[dict[str, str]]:
    """Yield pictures that are not there yet, then the same with another margin."""
    for margin in range(100):
        for name, path in pins:
            with Image.open(path) as picture:
                shown = picture.convert("RGB")
            if margin:
                shown = shown.crop((margin, margin, shown.width - margin, shown.height - margin))
            buffer = io.BytesIO()
            shown.save(buffer, "JPEG", quality=90)
            image = base64.b64encode(buffer.getvalue()).decode()
            yield {"id": f"{name}-{margin}", "image": f"data:image/jpeg;base64,{image}"}


def _engine(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "engine.cli", *words], stdout=subprocess.DEVNULL)


@contextmanager
def _serving() -> Iterator[str]:
    command = [sys.executable, "-m", "engine.cli", "serve", "--allow-write"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stderr.readline() if process.stderr is not None else ""
            found = re.search(r"on (http://\S+)", line)
            if found is None:
                raise SystemExit(line)
            yield found[1]
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
