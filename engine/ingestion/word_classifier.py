"""A classifier that ships, as an example: pictures that come close to words which the owner names.

It sees what the encoder sees and no more: see docs/discovery.md for what that is worth.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from engine.errors import BadSetting
from engine.features.encoder import Encoder
from engine.settings import BlockingSettings

if TYPE_CHECKING:
    from engine.ingestion.classifying import Shown


@dataclass(frozen=True)
class WordClassifier:
    """Blocks what lies near one of some words.

    rows: a unit row for each word. threshold: cosine of picture and word from which on it counts.
    """

    words: tuple[str, ...]
    rows: npt.NDArray[np.float32]
    threshold: float
    encoder: str

    @classmethod
    def of(cls, settings: BlockingSettings, encoder: Encoder) -> Self:
        """Return the classifier of the words in the settings; raise BadSetting where are none."""
        words = tuple(filter(None, (word.strip() for word in settings.words.split(","))))
        if not words:
            raise BadSetting(
                "ENGINE_BLOCKING__WORDS is empty: name what to block, with commas between, "
                "or unset ENGINE_BLOCKING__CLASSIFIER"
            )
        rows = encoder.encode_texts(list(words))
        return cls(words, rows, settings.threshold, encoder.fingerprint)

    @property
    def fingerprint(self) -> str:
        """Names words, threshold and encoder."""
        told = f"{'|'.join(self.words)} {self.threshold} {self.encoder}"
        return f"words/{hashlib.sha256(told.encode()).hexdigest()[:12]}"

    def judge(self, shown: "Sequence[Shown]") -> list[str | None]:
        """Return for each pin the nearest word if it is near enough."""
        cosines = np.stack([each.vector for each in shown]) @ self.rows.T
        return [
            f"its picture looks like {self.words[best]!r} (cosine {row[best]:.2f})"
            if row[best] >= self.threshold
            else None
            for row, best in zip(cosines, cosines.argmax(axis=1).tolist(), strict=True)
        ]
