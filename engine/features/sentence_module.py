"""The embedded encoder as a module of sentence-transformers, for those who work with that.

`SentenceTransformer(folder, trust_remote_code=True)` finds this class by the folder's list of
modules; the flag is needed because the class is not one of theirs, and no code lies in the folder.
The vectors are those of `EmbeddedEncoder`, which computes them. Knows nothing of training: there is
nothing here that an optimiser could change. The only file of the room, beside `sentence_encoder`,
that needs torch; the engine itself never imports it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import torch
from PIL import Image
from sentence_transformers.base.modality_types import Modality
from sentence_transformers.base.modules import InputModule
from torch import Tensor
from torch.nn.functional import normalize

from engine.errors import UnknownEncoder
from engine.features.embedded import EmbeddedEncoder
from engine.features.embedded_folder import CARD, MEMORY, WEIGHTS

Part = tuple[Literal["text", "image"], Any]


class EmbeddedModule(InputModule):
    """Texts, pictures, and both together, to unit rows in one space.

    An input of several parts (`{"text": ..., "image": ...}`, lists of either, a chat message) gets
    the direction of the sum of its parts' vectors. A string is a text, whatever it looks like: no
    file and no address is ever opened.
    """

    def __init__(self, weights: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._weights = weights
        self._encoder = EmbeddedEncoder.load(weights)
        self.fingerprint = self._encoder.fingerprint

    @classmethod
    def load(
        cls,
        model_name_or_path: str,
        subfolder: str = "",
        token: bool | str | None = None,
        cache_folder: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        init_defaults: dict[str, Any] | None = None,
        **_: Any,
    ) -> Self:
        """Read the weights from a folder, or from a model of that name on the hub."""
        found = cls.load_file_path(
            model_name_or_path,
            WEIGHTS,
            subfolder=subfolder,
            token=token,
            cache_folder=cache_folder,
            revision=revision,
            local_files_only=local_files_only,
        )
        if found is None:
            raise UnknownEncoder(
                f"{model_name_or_path} has no {WEIGHTS}; name a folder that `engine train` wrote"
            )
        return cls(Path(found))

    @property
    def modalities(self) -> list[Modality]:
        """What may go in; "message" stands for batches and inputs that mix the other two."""
        return ["text", "image", "message"]

    def get_embedding_dimension(self) -> int:
        """Return the length of every row."""
        return self._encoder.dimension

    def preprocess(
        self, inputs: Sequence[Any], prompt: str | None = None, **_: Any
    ) -> dict[str, Any]:
        """Sort the parts of all inputs by kind; `rows` tells to which input each belongs.

        Raises ValueError for what is neither a text nor a picture.
        """
        texts: list[tuple[int, str]] = []
        images: list[tuple[int, Image.Image]] = []
        for row, given in enumerate(inputs):
            parts = _parts(given)
            if not parts:
                raise ValueError("an input has no part; give it a text or a picture")
            for kind, value in parts:
                if kind == "text":
                    texts.append((row, (prompt or "") + _text(value)))
                else:
                    images.append((row, _picture(value)))
        return {
            "texts": [text for _, text in texts],
            "images": [image for _, image in images],
            "rows": torch.tensor([row for row, _ in (*texts, *images)], dtype=torch.long),
        }

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Add `sentence_embedding`, (inputs, dimension) float32 unit rows."""
        rows: Tensor = features["rows"]
        parts = torch.cat(
            [
                torch.from_numpy(self._encoder.encode_texts(features["texts"])),
                torch.from_numpy(self._encoder.encode_images(features["images"])),
            ]
        ).to(rows.device)
        sums = parts.new_zeros((int(rows.max()) + 1, self._encoder.dimension))
        sums.index_add_(0, rows, parts)
        return {**features, "sentence_embedding": normalize(sums, dim=1)}

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """Copy the weights, and what the run left beside them; all else is the model's."""
        target = Path(output_path)
        for name in (WEIGHTS, CARD, MEMORY):
            source, copy = self._weights.with_name(name), target / name
            if source.exists() and not (copy.exists() and copy.samefile(source)):
                shutil.copyfile(source, copy)
        self._same(EmbeddedEncoder.load(target / WEIGHTS))

    def __getstate__(self) -> dict[str, Any]:
        """Leave the runtime's session behind: processes of a pool open the weights anew."""
        return {name: value for name, value in self.__dict__.items() if name != "_encoder"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._encoder = self._same(EmbeddedEncoder.load(self._weights))

    def _same(self, encoder: EmbeddedEncoder) -> EmbeddedEncoder:
        if encoder.fingerprint != self.fingerprint:
            raise UnknownEncoder(
                f"{self._weights} was replaced since it was loaded ({encoder.fingerprint}, was "
                f"{self.fingerprint}); load the model again"
            )
        return encoder


def _parts(given: Any) -> list[Part]:
    """Return the texts and pictures of one input, in the forms that sentence-transformers has."""
    if isinstance(given, str):
        return [("text", given)]
    if isinstance(given, Image.Image):
        return [("image", given)]
    if isinstance(given, dict) and {"role", "content"} <= given.keys():
        return _message(given["content"])
    if isinstance(given, list) and given and all(isinstance(turn, dict) for turn in given):
        return [part for turn in given for part in _parts(turn)]
    if isinstance(given, dict) and given and given.keys() <= {"text", "image"}:
        return [(kind, value) for kind, values in given.items() for value in _listed(values)]
    raise ValueError(
        f"this encoder takes texts and pictures, not {type(given).__name__}; "
        'give a str, a PIL image, or {"text": ..., "image": ...}'
    )


def _message(content: Any) -> list[Part]:
    if isinstance(content, str):
        return [("text", content)]
    pieces = content if isinstance(content, list) else [content]
    return [
        part
        for piece in pieces
        for part in _parts(
            {key: value for key, value in piece.items() if key != "type"}
            if isinstance(piece, dict)
            else piece
        )
    ]


def _listed(values: Any) -> Sequence[Any]:
    return values if isinstance(values, list | tuple) else [values]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"a text is a str, not {type(value).__name__}")


def _picture(value: Any) -> Image.Image:
    if isinstance(value, Image.Image):
        return value
    raise ValueError(
        f"a picture is a PIL image, not {type(value).__name__}; open it first, since this encoder "
        "opens neither files nor addresses"
    )
