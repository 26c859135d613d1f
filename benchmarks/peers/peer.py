"""What a peer must be able to do to be compared; each lies in a file of its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from benchmarks.peers.dataset import Dataset

FloatArray = npt.NDArray[np.float32]
BATCH = 20_000


class Index(Protocol):
    """A built index that answers."""

    def search(self, words: Sequence[str], vector: FloatArray, depth: int) -> list[int]:
        """Return the first ten pins by words and vector, best first.

        depth: how many candidates each signal brings in.
        """
        ...

    def nearest(self, vector: FloatArray) -> list[int]:
        """Return the nearest ten pins by vector alone, best first."""
        ...

    def add(self, pin: int, description: str, board: str, vector: FloatArray) -> None:
        """Take in one pin more; afterwards it can be found."""
        ...

    def close(self) -> None:
        """Let go of what is held."""
        ...


class Peer(Protocol):
    """A way to build an index and to open it.

    name: of its results. depth: how many candidates each signal brings in where the user says
    nothing but that he wants ten. weights: the settings of its one knob for how much words count,
    its default first; none where it has no such knob. rebuilds: whether one more pin means that an
    index is built anew. most: the largest collection that it is asked to hold.
    """

    name: str
    depth: int
    weights: tuple[float, ...]
    rebuilds: bool
    most: int

    def build(self, folder: Path, pins: Dataset) -> None:
        """Build an index of all pins on the disk, ready to be asked."""
        ...

    def open(self, folder: Path, pins: Dataset, weight: float | None = None) -> Index:
        """Open what was built; `weight` is one of `weights`."""
        ...
