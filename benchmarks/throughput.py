"""Pins a second from JPEG files to a collection, beside the encoder alone and a plain loop.

The three take turns over parts of the same files in one process, so that what else the machine
does hits each of them; a ratio is the median of the turns' ratios.
"""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from unittest.mock import patch

from PIL import Image

from benchmarks.photos import pins_of, write_lines
from engine.features.encoder import Encoder
from engine.features.images import WORKING_SIDE, Decoded, ImageLimits, decode, decode_whole
from engine.ingestion import looking
from engine.ingestion.arrivals import Arrivals
from engine.ingestion.intake import BATCH
from engine.ingestion.metrics import Metrics, timed
from engine.settings import load_settings
from engine.workspace import Workspace, open_workspace

TURNS = 5
WARM_UP = 64
STAGES = ("decode", "keep", "encode", "write", "flush")
Files = Sequence[Path]


@dataclass(frozen=True)
class Throughput:
    """Pictures a second, a figure a turn; `stages` are seconds by stage, which overlap."""

    ours: list[float]
    alone: list[float]
    sequential: list[float]
    stages: dict[str, float]
    seconds: float
    file_bytes: float

    @property
    def of_limit(self) -> float:
        """How near the whole comes to the encoder alone."""
        return median(a / b for a, b in zip(self.ours, self.alone, strict=True))

    @property
    def over_sequential(self) -> float:
        """How many times as quick as the plain loop."""
        return median(a / b for a, b in zip(self.ours, self.sequential, strict=True))


def throughput(files: list[Path], scratch: Path) -> Throughput:
    """Index the files in turns, each beside the two others."""
    metrics = Metrics()
    ours, alone, sequential = [], [], []
    spent = 0.0
    with open_workspace(load_settings(data=scratch / "data"), create=True) as workspace:
        encoder = workspace.encoder
        _take(workspace, Metrics(), files[:WARM_UP], scratch / "warm")
        _loop(files[:8], encoder, scratch / "warm.db")
        left = files[WARM_UP:]
        size = len(left) // TURNS
        for turn in range(TURNS):
            part = left[turn * size : (turn + 1) * size]
            seconds = _take(workspace, metrics, part, scratch / f"turn-{turn}")
            spent += seconds
            ours.append(len(part) / seconds)
            alone.append(_alone(part[: 4 * BATCH], encoder))
            sequential.append(len(part) / _loop(part, encoder, scratch / f"{turn}.db"))
    stages = {name: float(metrics.spent[name]) for name in STAGES}
    mean = sum(file.stat().st_size for file in files) / len(files)
    return Throughput(ours, alone, sequential, stages, spent, mean)


def _take(workspace: Workspace, metrics: Metrics, files: Files, place: Path) -> float:
    """Take files in as `engine index` does, and return the seconds until they are on disk."""
    lines = write_lines(files[0].parent / f"{place.name}.jsonl", pins_of(list(files)))

    def timed_decode(data: bytes, limits: ImageLimits, *, longest: int | None) -> Decoded:
        with metrics.stage("decode"):
            return decode_whole(data, limits, longest=longest)

    with patch.object(looking, "decode_whole", timed_decode):
        start = time.perf_counter()
        for outcome in timed(workspace.intake(), metrics).run(Arrivals(lines)):
            if outcome.status != "added":
                raise ValueError(f"{outcome.origin}: {outcome.reason}")
        with metrics.stage("flush"):
            workspace.flush()
        return time.perf_counter() - start


def _alone(files: Files, encoder: Encoder) -> float:
    """Return the pictures a second of the encoder, on pictures that are decoded already."""
    images = [decode(file.read_bytes(), longest=WORKING_SIDE) for file in files]
    start = time.perf_counter()
    for at in range(0, len(images), BATCH):
        encoder.encode_images(images[at : at + BATCH])
    return len(images) / (time.perf_counter() - start)


def _loop(files: Files, encoder: Encoder, database: Path) -> float:
    """Index files one after the other, as rclip and its like do: open, encode, insert."""
    start = time.perf_counter()
    with closing(sqlite3.connect(database)) as table:
        table.execute("CREATE TABLE images (path TEXT PRIMARY KEY, vector BLOB NOT NULL)")
        for number, file in enumerate(files, 1):
            with Image.open(file) as opened:
                image = opened.convert("RGB")
            [vector] = encoder.encode_images([image])
            table.execute("INSERT INTO images VALUES (?, ?)", (str(file), vector.tobytes()))
            if number % BATCH == 0:
                table.commit()
        table.commit()
    return time.perf_counter() - start
