"""Pictures to take in: JPEG files of 500 pixels made from the samples, and tiny ones for streams.

Equal arguments give equal pictures, and no two of them are the same.
"""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples" / "images"
LONGEST = 500
# The samples are drawn: with grain their files are as large, and as slow to decode, as photos'.
GRAIN = 6.0


def photos(folder: Path, count: int, seed: int = 5) -> list[Path]:
    """Write pictures with a longest side of 500 pixels: parts of the samples, grained."""
    chance = np.random.default_rng(seed)
    samples = [Image.open(file).convert("RGB") for file in sorted(SAMPLES.iterdir())[::4]]
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for number in range(count):
        sample = samples[int(chance.integers(len(samples)))]
        width, height = (int(side * chance.uniform(0.5, 1.0)) for side in sample.size)
        left = int(chance.integers(sample.width - width + 1))
        top = int(chance.integers(sample.height - height + 1))
        scale = LONGEST / max(width, height)
        size = (round(width * scale), round(height * scale))
        part = sample.resize(
            size, Image.Resampling.BICUBIC, (left, top, left + width, top + height)
        )
        grain = chance.normal(0.0, GRAIN, (size[1], size[0], 1))
        pixels = np.clip(np.asarray(part) + grain, 0, 255).astype(np.uint8)
        path = folder / f"photo-{number:06d}.jpg"
        Image.fromarray(pixels).save(path, quality=85)
        out.append(path)
    return out


def pins_of(files: list[Path], words: bool = True) -> Iterator[dict[str, str]]:
    """Yield a pin as JSON for each file; two of three have a description."""
    for number, file in enumerate(files):
        pin = {"id": file.stem, "image": file.name}
        if words and number % 3:
            pin |= {"description": f"a thing of kind {number % 97}", "board_title": "things"}
        yield pin


def write_lines(path: Path, pins: Iterator[dict[str, str]]) -> Path:
    """Write pins as JSON lines."""
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(pin) + "\n" for pin in pins)
    return path


def tiny_pins(count: int) -> Iterator[dict[str, str]]:
    """Yield pins with pictures of 16 x 16 pixels inside."""
    chance = np.random.default_rng(9)
    for number in range(count):
        stream = io.BytesIO()
        coarse = chance.integers(0, 256, (4, 4, 3), np.uint8)
        Image.fromarray(np.kron(coarse, np.ones((4, 4, 1), np.uint8))).save(stream, "PNG")
        inline = base64.b64encode(stream.getvalue()).decode()
        yield {
            "id": f"tiny-{number}",
            "image": f"data:image/png;base64,{inline}",
            "description": f"tiny thing {number % 997}",
        }
