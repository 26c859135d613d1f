"""Writes the two towers as the one weight file that the engine ships; knows nothing of data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import load, save

from engine.features.embedded_folder import CARD, WEIGHTS
from engine.features.reading import PREFIX
from engine.training.model_card import describe
from engine.training.onnx_graph import image_graph
from engine.training.quantise import quantise_backbone
from engine.training.reader import Reader
from engine.training.towers import ImageTower, TextTower

FORMAT, READING = "1", "2"
"""Layouts: a table of words alone, and one with a reader."""
LARGEST = 25 * 2**20
_UNKNOWN_LENGTH = 0.05


class WeightsTooLarge(ValueError):
    """The packed encoder is over the limit that the package sets itself."""


def quantise(
    table: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Round each row to int8 by its own scale; `values * scale` gives the row back."""
    scale = np.abs(table).max(axis=1, keepdims=True) / 127.0
    scale = np.maximum(scale, 1e-12).astype(np.float32)
    return np.rint(table / scale).astype(np.int8), scale[:, 0]


def neutral_unknown(text: TextTower) -> None:
    """Let an unknown token stand for the average direction of all tokens, but weigh little.

    So a text of unknown words alone gets a finite, neutral vector, and one unknown word hardly
    moves the words around it.
    """
    with torch.no_grad():
        table = text.table.weight
        mean = table.mean(0)
        table[text.unknown] = (
            mean / mean.norm().clamp(min=1e-6) * _UNKNOWN_LENGTH * table.norm(dim=1).median()
        )


def pack(
    image: ImageTower,
    text: TextTower,
    side: int,
    pictures: npt.NDArray[np.uint8] | None = None,
) -> bytes:
    """Return the weight file: the image graph, the int8 text table and the vocabulary.

    With `pictures` (n, side, side, 3) the backbone is rounded to int8, so that pictures like these
    lose least; some fifty of those that trained will do. Without, it stays in floating point.
    """
    image.eval()
    quantised = None if pictures is None else quantise_backbone(image.backbone, pictures)
    graph = image_graph(image, side, quantised)
    table = text.table.weight.detach().numpy().astype(np.float32)
    values, scale = quantise(table)
    numbers = text.tokenizer.get_vocab()
    vocabulary = "\n".join(sorted(numbers, key=lambda token: int(numbers[token])))
    metadata = {
        "format": FORMAT,
        "dimension": str(table.shape[1]),
        "image_side": str(side),
        "image": "RGB, squashed by a bicubic filter, bytes; colour histogram of the same pixels",
        "text": "lower-case WordPiece, mean of token rows, unit length",
    }
    tensors: dict[str, npt.NDArray[np.generic]] = {
        "image.onnx": np.frombuffer(graph, np.uint8),
        "text.table": values,
        "text.scale": scale,
        "text.vocabulary": np.frombuffer(vocabulary.encode(), np.uint8),
    }
    return _within_limit(steady(save(tensors, metadata)))


def with_reader(packed: bytes, reader: Reader) -> bytes:
    """Return a weight file that reads words in their order, at half precision; the rest stays."""
    size = int.from_bytes(packed[:8], "little")
    metadata = json.loads(packed[8 : 8 + size])["__metadata__"] | {
        "format": READING,
        "reader_heads": str(reader.heads),
        "text": "lower-case WordPiece, token rows read in order, unit length",
    }
    tensors = {name: part for name, part in load(packed).items() if not name.startswith(PREFIX)}
    tensors |= {PREFIX + name: part for name, part in reader.tensors().items()}
    return _within_limit(steady(save(tensors, metadata)))


def _within_limit(packed: bytes) -> bytes:
    if len(packed) > LARGEST:
        raise WeightsTooLarge(
            f"the encoder is {len(packed):,} bytes, the limit is {LARGEST:,}; "
            "use a smaller dimension, hidden layer, vocabulary or reader"
        )
    return packed


def steady(packed: bytes) -> bytes:
    """Sort the header, whose order is a matter of chance: the same weights are the same file."""
    size = int.from_bytes(packed[:8], "little")
    header = json.dumps(json.loads(packed[8 : 8 + size]), sort_keys=True, separators=(",", ":"))
    return packed[:8] + header.encode().ljust(size) + packed[8 + size :]


def write(folder: Path, packed: bytes, card: dict[str, object]) -> Path:
    """Write an encoder into `folder`, and return its weight file.

    The folder is complete in itself: the engine takes it by its name, and so does
    sentence-transformers, from the same weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / WEIGHTS
    weights.write_bytes(packed)
    text = json.dumps(card, indent=2, ensure_ascii=False)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")
    describe(folder)
    return weights
