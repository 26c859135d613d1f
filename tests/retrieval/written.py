"""Records with chosen pictures, written past the intake: who resembles whom is up to the test."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.pins import Pin
from engine.store.records import Record

DIMENSION = 8


def at_angle(angle: float) -> npt.NDArray[np.float32]:
    """Return a unit row whose cosine with that of angle 0 falls as the angle grows to pi."""
    row = np.zeros(DIMENSION, dtype=np.float32)
    row[:2] = np.cos(angle), np.sin(angle)
    return row


def written(
    name: str,
    vector: npt.NDArray[np.float32],
    *,
    first: str | None = None,
    picture: str | None = None,
    kept: bool = True,
    words: str = "",
    board: str | None = None,
) -> Record:
    """Return a record; `first` is what it is recorded as a copy of, `picture` names its bytes."""
    digest = hashlib.sha256((picture or name).encode()).hexdigest()
    return Record(
        pin=Pin(name, f"{name}.png", words or None, board),
        vector=vector,
        description_terms=words,
        board_terms="",
        image_sha256=digest,
        image_key=digest if kept else None,
        dhash="0" * 16,
        digest=digest,
        duplicate_of=first,
    )


def in_order(names: Sequence[str]) -> list[Record]:
    """Return records that are the less like angle 0 the later they stand."""
    return [
        written(name, at_angle((place + 1) * 2.5 / (len(names) + 1)))
        for place, name in enumerate(names)
    ]
