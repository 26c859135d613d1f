"""Which kinds pictures show, by the text tower and by what pins say: for what somebody hides.

A kind is wider than what looks like one picture. Knows nothing of stores and of answers.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.discovery.sayings import kind_of
from engine.discovery.wording import Wording
from engine.store.records import Record, StoredPin

FloatArray = npt.NDArray[np.float32]

# Deviations by which a label stands above the mean of all; below it a picture has no kind.
TOLD: Final = 2.5
# The first label is not always the word that one would choose; the first three mostly hold it.
NAMES: Final = 3


@dataclass(frozen=True)
class Kinds:
    """Labels of kinds as unit rows (n, dimension), and what reads words; None reads none."""

    labels: FloatArray
    wording: Wording | None = None

    def said(self, pin: StoredPin | Record) -> str | None:
        """Return the kind that a pin says it shows, None where it says none or several."""
        return None if self.wording is None else kind_of(pin, self.wording)

    def first(self, rows: FloatArray) -> npt.NDArray[np.intp]:
        """Return the label of each unit row, -1 where none stands out."""
        if not len(rows) or len(self.labels) < 2:
            return np.full(len(rows), -1, dtype=np.intp)
        above = self._above(rows)
        best = above.argmax(axis=1)
        told = above[np.arange(len(rows)), best] >= TOLD
        return np.where(told, best, -1)

    def names(self, rows: FloatArray) -> frozenset[int]:
        """Return what any of some unit rows may be called."""
        if not len(rows) or len(self.labels) <= NAMES:
            return frozenset()
        above = self._above(rows)
        best = np.argsort(-above, axis=1, kind="stable")[:, :NAMES]
        told = np.take_along_axis(above, best, axis=1) >= TOLD
        return frozenset(best[told].tolist())

    def _above(self, rows: FloatArray) -> FloatArray:
        """Return by how many deviations each label stands above the mean of all, for each row."""
        cosines = rows @ self.labels.T
        spread = np.maximum(cosines.std(axis=1, keepdims=True), 1e-9)
        return np.asarray((cosines - cosines.mean(axis=1, keepdims=True)) / spread)
