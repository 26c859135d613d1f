"""The encoder that ships with the package: a graph for pictures, a table and a reader for texts.

Knows nothing of how it was made (`engine/training`) and never imports torch.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from tokenizers import Tokenizer

from engine.errors import UnknownEncoder
from engine.features import colour
from engine.features.onnx_taps import averaged, opened
from engine.features.reading import CLOSE, LEAST, MOST, WordReader
from engine.features.wordpiece import begin_words, tokenizer, unknown_id

FloatArray = npt.NDArray[np.float32]

MODEL_FILE = Path(__file__).parent / "embedded_model" / "encoder.safetensors"
FORMATS = ("1", "2")
"""Layouts of the weight file that this code reads: a table alone, and one with a reader."""

# Measured: fewer pictures at once cost more calls, more no longer fit the processor's cache.
_PICTURES = 8
_TEXTS = 1024
_READ = 64
_LEAST_LENGTH = 1e-9
MAP_SIDE = 384
"""Side of the picture that maps are made of: twice that of a vector's, to tell smaller things."""


class EmbeddedEncoder:
    """A small dual encoder: 2.2M-parameter convolutions with colours, and a text table.

    A text is the mean of its tokens' rows, or what the reader makes of them where there is one.
    A text in which no token is known, the empty one included, gets the vector of `[UNK]`: the
    average direction of all tokens, finite and near nothing in particular.
    """

    def __init__(self, weights: bytes, *, threads: int | None = None) -> None:
        """`weights` is the content of a weight file; `threads` defaults to the cores.

        One picture is the work of one thread, which takes it from PIL to vector: several threads
        on the same picture would wait for each other at every layer. They share batches instead.
        """
        tensors, metadata = _read(weights)
        self.dimension = int(metadata["dimension"])
        self.fingerprint = (
            f"embedded/{metadata['format']}:{hashlib.sha256(weights).hexdigest()[:12]}"
        )
        self._side = int(metadata["image_side"])
        self._table = tensors["text.table"]
        self._scale = tensors["text.scale"].astype(np.float32)[:, None]
        self._tokenizer: Tokenizer = tokenizer(
            tensors["text.vocabulary"].tobytes().decode("utf-8").split("\n")
        )
        self._unknown = unknown_id(self._tokenizer)
        self._begin_words = begin_words(self._tokenizer)
        self._reader = WordReader.of(tensors, metadata)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._graph = tensors["image.onnx"].tobytes()
        self._session = onnxruntime.InferenceSession(
            self._graph, options, providers=["CPUExecutionProvider"]
        )
        self._threads = threads or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="embedded")

    @classmethod
    def load(cls, path: Path | None = None, *, threads: int | None = None) -> Self:
        """Read a weight file, by default the one in the package.

        Raises `UnknownEncoder` when the file is missing or not one of ours.
        """
        path = path or MODEL_FILE
        try:
            weights = path.read_bytes()
        except OSError as error:
            raise UnknownEncoder(
                f"the embedded encoder's weights can't be read from {path} ({error.strerror}); "
                "reinstall the package, or set another encoder"
            ) from error
        try:
            return cls(weights, threads=threads)
        except _UnreadableError as error:
            raise UnknownEncoder(
                f"{path} is not a weight file of format {' or '.join(FORMATS)} ({error}); "
                "reinstall the package, or set another encoder"
            ) from error

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Return (n, dimension) float32 unit rows in the order of `texts`."""
        rows = [
            self._texts(texts[start : start + _TEXTS]) for start in range(0, len(texts), _TEXTS)
        ]
        return np.concatenate(rows) if rows else np.zeros((0, self.dimension), np.float32)

    def knows_word(self, word: str) -> bool:
        """Say whether a word is one token of the table."""
        ids = self._tokenizer.encode(word, add_special_tokens=False).ids
        return len(ids) == 1 and ids != [self._unknown]

    def encode_images(self, images: Sequence[Image.Image]) -> FloatArray:
        """Return (n, dimension) float32 unit rows; pictures are upright RGB of any size."""
        return self._shared(self._pictures, images)

    def encode_pixels(self, pixels: npt.NDArray[np.uint8]) -> FloatArray:
        """Return unit rows for pictures that `prepare` has made, (n, side, side, 3)."""
        return self._shared(self._vectors, pixels)

    def maps(self, image: Image.Image) -> list[FloatArray]:
        """Return what the layers see of a picture before they average it, the finest map first.

        The last layer tells what a picture is rather than where, and is left out.
        """
        names, session = self._looking
        if session is None:
            return []
        found = session.run(names, {"pixels": prepare(image, MAP_SIDE)[None]})
        return [np.asarray(each[0].transpose(1, 2, 0), np.float32) for each in found]

    @cached_property
    def _looking(self) -> tuple[list[str], onnxruntime.InferenceSession | None]:
        """The same graph up to what it averages; loaded once something asks for maps."""
        names = averaged(self._graph)[:-1]
        if not names:
            return [], None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # weights past the last map are not used, which is meant
        graph = opened(self._graph, "pixels", names)
        return names, onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"]
        )

    def _shared(
        self,
        work: Callable[[Any], FloatArray],
        items: Sequence[Image.Image] | npt.NDArray[np.uint8],
    ) -> FloatArray:
        """Let the threads share `items`, a few at a time; rows come in the items' order."""
        size = max(1, min(_PICTURES, -(-len(items) // self._threads)))
        chunks = [items[start : start + size] for start in range(0, len(items), size)]
        if not chunks:
            return np.zeros((0, self.dimension), np.float32)
        if len(chunks) == 1:
            return work(chunks[0])
        mapped = self._pool.map if self._threads > 1 else map
        return np.concatenate(list(mapped(work, chunks)))

    def _pictures(self, images: Sequence[Image.Image]) -> FloatArray:
        return self._vectors(np.stack([prepare(image, self._side) for image in images]))

    def _vectors(self, pixels: npt.NDArray[np.uint8]) -> FloatArray:
        feeds = {"pixels": pixels, "colours": colour.histograms(pixels)}
        return np.asarray(self._session.run(["vectors"], feeds)[0], np.float32)

    def _texts(self, texts: Sequence[str]) -> FloatArray:
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ids = [encoding.ids or [self._unknown] for encoding in encoded]
        flat = np.concatenate([np.asarray(row, np.intp) for row in ids])
        starts = np.cumsum([0] + [len(row) for row in ids[:-1]])
        # The sum has the mean's direction, and only the direction is kept.
        rows = self._table[flat] * self._scale[flat]
        sums = np.add.reduceat(rows, starts, axis=0)
        if self._reader is not None:
            words = np.add.reduceat(self._begin_words[flat], starts)
            self._read(self._reader, rows, starts, words, sums)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        return np.asarray(sums / np.maximum(lengths, _LEAST_LENGTH), np.float32)

    def _read(
        self,
        reader: WordReader,
        rows: FloatArray,
        starts: npt.NDArray[np.intp],
        words: npt.NDArray[np.intp],
        sums: FloatArray,
    ) -> None:
        """Put what the reader makes of requests into `sums`, texts of one length together."""
        lengths = np.diff(np.append(starts, len(rows)))
        are_read = (words >= LEAST) & (lengths <= MOST)
        for length in np.unique(lengths[are_read]):
            alike = np.flatnonzero(are_read & (lengths == length))
            for first in range(0, len(alike), _READ):
                chosen = alike[first : first + _READ]
                found = reader(rows[starts[chosen, None] + np.arange(length)])
                asks = _cosines(found, sums[chosen]) < CLOSE
                sums[chosen[asks]] = found[asks]


def _cosines(some: FloatArray, others: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(some, axis=1) * np.linalg.norm(others, axis=1)
    return np.asarray((some * others).sum(1) / np.maximum(lengths, _LEAST_LENGTH), np.float32)


class _UnreadableError(Exception):
    """The bytes are not a weight file of this format."""


def prepare(image: Image.Image, side: int) -> npt.NDArray[np.uint8]:
    """Bring a picture to (side, side, 3) bytes: RGB, squashed without keeping proportions.

    A larger picture is first reduced to `side` at its longest, as the training pictures were, so
    that both have the same sharpness.
    """
    picture = image if image.mode == "RGB" else image.convert("RGB")
    longest = max(picture.size)
    if longest > side:
        size = (
            max(1, round(picture.width * side / longest)),
            max(1, round(picture.height * side / longest)),
        )
        # Past three times the size, blocks are averaged first: a fifth of the time on a picture of
        # 1,000 pixels, and the same vector to a cosine of .999.
        picture = picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=1.5)
    if picture.size != (side, side):
        picture = picture.resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(picture, np.uint8)


def _read(weights: bytes) -> tuple[dict[str, npt.NDArray[np.generic]], dict[str, str]]:
    """Take a weight file apart: its tensors by name, and its metadata."""
    try:
        tensors = load_tensors(weights)
    except SafetensorError as error:
        raise _UnreadableError("it is damaged or something else") from error
    size = int.from_bytes(weights[:8], "little")
    metadata = json.loads(weights[8 : 8 + size]).get("__metadata__") or {}
    if metadata.get("format") not in FORMATS:
        raise _UnreadableError(f"its format is {metadata.get('format', 'not given')}")
    return tensors, metadata
