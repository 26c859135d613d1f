"""How quick the embedded encoder is, beside plain torch and plain ONNX Runtime on its weights.

    python benchmarks/encoder.py [--encoder FILE] [--save]

All contenders take PIL pictures and give vectors, turn by turn in one run, so that what else the
machine does hits each of them; a time is the median of the rounds, a ratio the median of the
rounds' ratios. The peers compute in float32 with their own defaults. `--save` also writes the
table to benchmarks/results/encoder.md.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the repository is importable from here on
import numpy.typing as npt  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

from engine.features import colour  # noqa: E402
from engine.features.embedded import MODEL_FILE, EmbeddedEncoder, prepare  # noqa: E402
from engine.features.images import decode  # noqa: E402
from engine.training.backbone import to_input  # noqa: E402
from engine.training.onnx_graph import image_graph  # noqa: E402
from engine.training.unpack import Unpacked, unpack  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "encoder.md"
SAMPLES = ROOT / "data" / "samples" / "images"
ROUNDS = 21
TOGETHER = 64
SINGLES = 5
PEER_BATCH = 8
SMALL = (192, 144)
"""Pixels of a picture as thumbnails come, and as the judged sets have them."""
TEXTS = [f"a {kind} for {use}" for kind in ("red dress", "lamp", "boat", "cake") for use in "abcde"]
# Threads of the one before may still be spinning when the next begins.
PAUSE_S = 0.05

Array = npt.NDArray[np.float32]
Encode = Callable[[Sequence[Image.Image]], Array]


@dataclass(frozen=True)
class Line:
    """One row of the table: milliseconds or seconds as text, and how much slower each peer is."""

    name: str
    here: str
    target: str
    peers: tuple[str, str] = ("", "")


def with_torch(unpacked: Unpacked) -> Encode:
    """Return the peer that runs the tower itself."""

    def encode(images: Sequence[Image.Image]) -> Array:
        rows = []
        for start in range(0, len(images), PEER_BATCH):
            pixels = _prepared(images[start : start + PEER_BATCH], unpacked.side)
            with torch.inference_mode():
                colours = torch.from_numpy(colour.histograms(pixels))
                rows.append(unpacked.image(to_input(torch.from_numpy(pixels)), colours).numpy())
        return np.concatenate(rows)

    return encode


def with_runtime(unpacked: Unpacked) -> Encode:
    """Return the peer that runs the float graph in a session as it comes."""
    graph = image_graph(unpacked.image, unpacked.side)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])

    def encode(images: Sequence[Image.Image]) -> Array:
        rows = []
        for start in range(0, len(images), PEER_BATCH):
            pixels = _prepared(images[start : start + PEER_BATCH], unpacked.side)
            feeds = {"pixels": pixels, "colours": colour.histograms(pixels)}
            rows.append(np.asarray(session.run(["vectors"], feeds)[0]))
        return np.concatenate(rows)

    return encode


def _prepared(images: Sequence[Image.Image], side: int) -> npt.NDArray[np.uint8]:
    return np.stack([prepare(image, side) for image in images])


def paired(contenders: Sequence[Callable[[], object]], repeat: int) -> list[list[float]]:
    """Return milliseconds a call by contender and round, taking turns."""
    for contender in contenders:
        contender()
    rounds: list[list[float]] = [[] for _ in contenders]
    for _ in range(ROUNDS):
        for contender, times in zip(contenders, rounds, strict=True):
            time.sleep(PAUSE_S)
            start = time.perf_counter()
            for _ in range(repeat):
                contender()
            times.append((time.perf_counter() - start) / repeat * 1e3)
    return rounds


def against(rounds: Sequence[Sequence[float]]) -> tuple[str, str]:
    """Return how many times as long as the first contender the two others took."""
    first, *others = rounds
    ratios = [
        statistics.median(b / a for a, b in zip(first, times, strict=True)) for times in others
    ]
    return f"{ratios[0]:.1f}", f"{ratios[1]:.1f}"


def loaded(path: Path) -> tuple[float, bool]:
    """Return seconds to import and load in a fresh process, and whether torch was imported."""
    code = (
        "import sys, time; start = time.perf_counter(); from pathlib import Path;"
        "from engine.features.embedded import EmbeddedEncoder;"
        f"EmbeddedEncoder.load(Path({str(path)!r}));"
        "print(time.perf_counter() - start, 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    seconds, torch_too = ran.stdout.split()
    return float(seconds), torch_too == "True"


def measure(path: Path) -> list[Line]:
    """Run every contender and return the lines of the table."""
    encoder, unpacked = EmbeddedEncoder.load(path), unpack(path)
    contenders = [encoder.encode_images, with_torch(unpacked), with_runtime(unpacked)]
    files = sorted(SAMPLES.iterdir())[:TOGETHER]
    images = [decode(file.read_bytes()) for file in files]
    large = images[0].size
    vectors = [contender(images[:SINGLES]) for contender in contenders]
    agreement = min(float((vectors[0] * other).sum(1).min()) for other in vectors[1:])
    turn = iter(range(10**9))

    def single(contender: Encode) -> Callable[[], object]:
        return lambda: contender([images[next(turn) % len(images)]])

    def batch(contender: Encode) -> Callable[[], object]:
        return lambda: contender(images)

    alone = paired([single(each) for each in contenders], SINGLES)
    images = [image.resize(SMALL) for image in images]
    small_rounds = paired([single(each) for each in contenders], SINGLES)
    together = paired([batch(each) for each in contenders], 1)
    query = paired([lambda: [encoder.encode_texts([text]) for text in TEXTS]], SINGLES)[0]
    pixels = _prepared(images[:1], unpacked.side)
    prepared, counted = paired(
        [lambda: _prepared(images[:1], unpacked.side), lambda: colour.histograms(pixels)], SINGLES
    )
    loads = [loaded(path) for _ in range(5)]
    rate = TOGETHER / statistics.median(together[0]) * 1e3
    return [
        Line(
            f"one picture of {large[0]} x {large[1]}",
            f"{statistics.median(alone[0]):.1f} ms (best {min(alone[0]):.1f})",
            "≤ 8 ms",
            against(alone),
        ),
        Line(
            f"one picture of {SMALL[0]} x {SMALL[1]}",
            f"{statistics.median(small_rounds[0]):.1f} ms (best {min(small_rounds[0]):.1f})",
            "≤ 8 ms",
            against(small_rounds),
        ),
        Line("of it: preparing", f"{statistics.median(prepared):.1f} ms", ""),
        Line("of it: colours", f"{statistics.median(counted):.1f} ms", ""),
        Line(
            f"{TOGETHER} such pictures together",
            f"{rate:.0f} images/s (best {TOGETHER / min(together[0]) * 1e3:.0f})",
            "≥ 150 images/s",
            against(together),
        ),
        Line("one query", f"{statistics.median(query) / len(TEXTS):.2f} ms", "≤ 1 ms"),
        Line(
            "imported and loaded",
            f"{statistics.median(seconds for seconds, _ in loads):.2f} s",
            "≤ 0.7 s",
        ),
        Line("torch is imported", "yes" if any(each for _, each in loads) else "no", "no"),
        Line("size of the weight file", f"{path.stat().st_size / 1e6:.1f} MB", ""),
        Line("least cosine to the peers' vectors", f"{agreement:.3f}", ""),
    ]


def table(lines: Sequence[Line], fingerprint: str, others: float) -> str:
    """Lay the lines out, with what the machine was and did meanwhile."""
    rows = [
        f"| {each.name} | {each.here} | {each.target} | {' | '.join(each.peers)} |"
        for each in lines
    ]
    told = (
        f"`python benchmarks/encoder.py` on {os.cpu_count()} cores, {fingerprint}; PIL picture "
        f"in, vector out; medians of {ROUNDS} rounds in which all took turns. Other work had "
        f"{others:.0%} of the CPUs meanwhile. The last columns tell how many times as long plain "
        "torch and plain ONNX Runtime take, both float32 with the same weights, preparing and "
        "colours."
    )
    heads = "| measured | here | target | torch | ONNX Runtime |\n|---|---|---|---|---|"
    return "\n".join(["# The embedded encoder's speed", "", told, "", heads, *rows])


def _busy() -> float:
    """Seconds that all processors have worked since the machine started (Linux)."""
    ticks = [int(part) for part in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--encoder", type=Path, default=MODEL_FILE)
    arguments.add_argument("--save", action="store_true")
    given = arguments.parse_args()
    busy, wall, own = _busy(), time.perf_counter(), sum(os.times()[:4])
    lines = measure(given.encoder)
    spent = _busy() - busy - (sum(os.times()[:4]) - own)
    others = max(0.0, spent) / ((time.perf_counter() - wall) * (os.cpu_count() or 1))
    shown = table(lines, EmbeddedEncoder.load(given.encoder).fingerprint, others)
    print(shown)
    if given.save:
        RESULT.write_text(shown + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
