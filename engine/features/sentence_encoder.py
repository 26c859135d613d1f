"""Any CLIP or SigLIP model, by name or folder, through sentence-transformers.

Strings from outside never meet its guessing of what an input is: every text goes in as
`{"text": ...}`, every picture as `{"image": ...}`. Code that comes with a model is never run.
Knows nothing of collections; imports torch only when a model is loaded.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.errors import BadVector, EngineError, UnknownEncoder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

FloatArray = npt.NDArray[np.float32]

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?")
_BATCH = 32
_HUB_SECONDS = 10.0
# Models scale a picture by its shorter side: a line of pixels would become gigabytes.
_MAX_ASPECT = 16
# In fewer pixels a side, preprocessing takes rows for colour channels.
_MIN_SIDE = 8
# Two vectors of one text are the same up to rounding; a text that sees its batch is far off.
_SAME = 0.999
_PROBES = ("red", "a long green dress with small white flowers, long sleeves and a belt")


@dataclass(frozen=True)
class Source:
    """Where a model is loaded from.

    cached: take only what is on this machine. problem: why the hub could not be asked.
    """

    name: str
    revision: str | None = None
    cached: bool = False
    problem: str = ""


class SentenceTransformerEncoder:
    """A model that embeds texts and pictures in one space; safe to use from many threads."""

    def __init__(self, model: SentenceTransformer, *, origin: str) -> None:
        """`origin` names where the model came from, for messages and the fingerprint."""
        self._model = model
        self._origin = origin
        # The tokenizers keep padding and truncation in themselves while they work.
        self._busy = threading.Lock()
        self._text_options: dict[str, Any] = {"truncation": True}
        if (context := _context(model)) is not None:
            self._text_options["max_length"] = context
        self.dimension = self._probed()
        self.fingerprint = self._named()

    @classmethod
    def load(
        cls, name_or_folder: str, *, revision: str | None = None, device: str | None = None
    ) -> Self:
        """Return the model in a folder, or of a name on the Hugging Face hub.

        Raises UnknownEncoder where there is none, or where it does not embed both kinds.
        """
        folder = _folder(name_or_folder)
        if folder is None and not _HUB_NAME.fullmatch(name_or_folder):
            raise UnknownEncoder(
                f"encoder {name_or_folder[:120]!r}: no such folder, and not the name of a model; "
                "use 'embedded', the folder of a CLIP or SigLIP model, or its hub name"
            )
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise UnknownEncoder(
                f"encoder {name_or_folder[:120]!r} needs sentence-transformers, which is not "
                f"installed or does not load ({error}); use 'embedded'"
            ) from error
        source = (
            _on_hub(name_or_folder, revision)
            if folder is None
            else Source(str(folder), cached=True)
        )
        try:
            model = SentenceTransformer(
                source.name,
                revision=source.revision,
                device=device,
                trust_remote_code=False,
                local_files_only=source.cached,
            )
        # A model can fail to load in as many ways as there are libraries below it.
        except Exception as error:
            raise UnknownEncoder(
                f"encoder {name_or_folder[:120]!r} can't be loaded: "
                f"{source.problem or _reason(error)}; check the name or folder, and for a hub "
                "name the connection, or use 'embedded'"
            ) from error
        return cls(model, origin="folder" if folder else _origin(model, source.name))

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Return (n, dimension) float32 unit rows; what is over the model's context is cut off."""
        # Half a surrogate pair is no text to a tokenizer.
        whole = [text.encode("utf-8", "replace").decode() for text in texts]
        return self._unit([{"text": text} for text in whole])

    def knows_word(self, word: str) -> bool:
        """Say whether a word is one token; False where the model does not show its tokenizer."""
        tokenizer: Any = getattr(self._model[0], "tokenizer", None)
        if not hasattr(tokenizer, "tokenize"):
            return False
        with self._busy:
            return len(tokenizer.tokenize(word)) == 1

    def encode_images(self, images: Sequence[Image.Image]) -> FloatArray:
        """Return (n, dimension) float32 unit rows; pictures are upright RGB of any size."""
        return self._unit([{"image": _sized(image)} for image in images])

    def _unit(self, inputs: list[dict[str, Any]]) -> FloatArray:
        if not inputs:
            return np.zeros((0, self.dimension), np.float32)
        rows = self._raw(inputs)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        if not np.isfinite(rows).all() or not lengths.all():
            raise BadVector("the encoder gave a vector that is not finite or has no direction")
        unit: FloatArray = rows / lengths
        return unit

    def _raw(self, inputs: list[dict[str, Any]]) -> FloatArray:
        with self._busy:
            rows = self._model.encode(
                inputs,
                batch_size=_BATCH,
                show_progress_bar=False,
                convert_to_numpy=True,
                processing_kwargs={"text": self._text_options},
            )
        return np.asarray(rows, np.float32)

    def _probed(self) -> int:
        """Return the dimension, once texts and pictures are seen to meet in one space."""
        picture = Image.new("RGB", (64, 64), (200, 30, 60))
        try:
            images = self._raw([{"image": picture}])
            texts = self._text_probe()
        except EngineError:
            raise
        except Exception as error:
            raise UnknownEncoder(
                f"the model ({self._origin}) does not embed both texts and pictures: "
                f"{_reason(error)}; use a CLIP or SigLIP model, or 'embedded'"
            ) from error
        if images.ndim != 2 or texts.shape[1:] != images.shape[1:]:
            raise UnknownEncoder(
                f"the model ({self._origin}) gives texts of {texts.shape[-1]} and pictures of "
                f"{images.shape[-1]} dimensions; use a CLIP or SigLIP model, or 'embedded'"
            )
        return int(images.shape[1])

    def _text_probe(self) -> FloatArray:
        """Embed two texts alone and together; pad to the full context if that makes a difference.

        SigLIP has no attention mask: it was trained on texts of one length and must be given such,
        else a vector depends on the other texts of its batch.
        """
        for padding in (True, "max_length"):
            self._text_options["padding"] = padding
            together = self._raw([{"text": text} for text in _PROBES])
            alone = np.concatenate([self._raw([{"text": text}]) for text in _PROBES])
            lengths = np.linalg.norm(together, axis=1) * np.linalg.norm(alone, axis=1)
            if bool(((together * alone).sum(axis=1) >= _SAME * lengths).all()):
                return alone
        raise UnknownEncoder(
            f"the model ({self._origin}) gives a text another vector in another batch, which a "
            "collection can't hold; use a CLIP or SigLIP model, or 'embedded'"
        )

    def _named(self) -> str:
        from engine.features.model_digest import model_digest

        digest = model_digest(self._model, self._text_options)
        return f"sentence-transformers:{self._origin}:{digest[:16]}:d{self.dimension}"


def _context(model: SentenceTransformer) -> int | None:
    """Return how many tokens the text side takes; None where the model does not say."""
    config = getattr(model[0], "config", None)
    text = getattr(config, "text_config", config)
    limits = [
        getattr(text, "max_position_embeddings", None),
        getattr(getattr(model[0], "tokenizer", None), "model_max_length", None),
    ]
    known = [limit for limit in limits if isinstance(limit, int) and 0 < limit < 1_000_000]
    return min(known, default=None)


def _folder(name: str) -> Path | None:
    """Return the folder of that name, if there is one."""
    if not name.strip():
        return None
    try:
        folder = Path(name).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError):  # a name too long for a file; ~ of a user who is not here
        return None


def _on_hub(name: str, revision: str | None) -> Source:
    """Ask the hub once for the commit; where it does not answer, what was downloaded must do.

    Without this question an unreachable hub is tried over and over for every file of a model.
    """
    from huggingface_hub import HfApi

    full = name if "/" in name else f"sentence-transformers/{name}"
    try:
        found = HfApi().model_info(full, revision=revision, timeout=_HUB_SECONDS)
    # No connection, no such model, no permission, offline by setting: the cache decides.
    except Exception as error:
        return Source(full, revision, cached=True, problem=_reason(error))
    return Source(full, found.sha or revision)


def _origin(model: SentenceTransformer, name: str) -> str:
    commit = getattr(getattr(model[0], "config", None), "_commit_hash", None)
    return f"{name}@{commit[:12]}" if isinstance(commit, str) else name


def _reason(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def _sized(image: Image.Image) -> Image.Image:
    """Return the picture in RGB, neither a line nor a speck: its middle, blown up if need be."""
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    width, height = rgb.size
    short = min(width, height)
    if max(width, height) > _MAX_ASPECT * short:
        wide, high = min(width, _MAX_ASPECT * short), min(height, _MAX_ASPECT * short)
        left, top = (width - wide) // 2, (height - high) // 2
        rgb = rgb.crop((left, top, left + wide, top + high))
    if short < _MIN_SIDE:
        factor = -(-_MIN_SIDE // short)
        rgb = rgb.resize((rgb.width * factor, rgb.height * factor), Image.Resampling.NEAREST)
    return rgb
