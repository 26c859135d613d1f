"""A user's pins with what the frozen backbone sees in their pictures; knows nothing of training.

What has been seen is kept by the pictures' digests, so that a run that was killed looks at no
picture twice. Pixels are dropped as soon as they have been looked at.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from engine.errors import BadImage, UsageError
from engine.features.embedded import prepare
from engine.features.images import WORKING_SIDE, decode
from engine.jsonl import BadLine
from engine.pins import Pin
from engine.training.own_texts import OwnPin
from engine.training.progress import Report

HalfArray = npt.NDArray[np.float16]
ReadPicture = Callable[[str, Path | None], bytes]
See = Callable[[npt.NDArray[np.uint8]], HalfArray]

LEAST_PINS = 60
"""Fewer usable pins than this can't both train and tell whether it helped."""
_CHUNK = 128
_AT_ONCE = 8
_NAMED = 10
_TOLD = 500


class TooFewPins(UsageError):
    """Not enough pins have both a picture that can be read and something said of it."""

    slug = "too-few-pins"


class Arriving(Protocol):
    """A pin on its way in: where its picture's path starts, and what to call it."""

    @property
    def pin(self) -> Pin:
        """The pin."""

    @property
    def base(self) -> Path | None:
        """The folder below which its picture may lie."""

    @property
    def origin(self) -> str:
        """What to call it in a message."""


@dataclass(frozen=True)
class OwnPins:
    """Usable pins, what the head reads of their pictures, and how many were of no use, by why."""

    pins: tuple[OwnPin, ...]
    inputs: HalfArray
    """(pins, 2277): features, then colours."""
    counts: Counter[str]


@dataclass
class _Gathered:
    pins: list[OwnPin] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    digests: set[str] = field(default_factory=set)


class Views:
    """What `see` made of pictures, by the SHA-256 of their bytes, in files of `folder`.

    `see` takes (n, side, side, 3) and gives (n, 2277).
    """

    def __init__(self, folder: Path, see: See, side: int) -> None:
        self._folder, self._see, self._side = folder, see, side
        folder.mkdir(parents=True, exist_ok=True)
        self._seen: dict[str, npt.NDArray[np.float16]] = {}
        self._waiting: dict[str, npt.NDArray[np.uint8]] = {}
        for part in sorted(folder.glob("*.npz")):
            stored = np.load(part)
            self._seen |= dict(zip(stored["digests"].tolist(), stored["inputs"], strict=True))

    def look(self, digest: str, data: bytes) -> None:
        """Look at a picture, now or with the next ones; raises `BadImage` for what is none."""
        if digest in self._seen or digest in self._waiting:
            return
        picture = decode(data, longest=WORKING_SIDE)
        self._waiting[digest] = prepare(picture, self._side)
        if len(self._waiting) >= _CHUNK:
            self.finish()

    def finish(self) -> None:
        """Look at all that wait, and keep what was seen."""
        if not self._waiting:
            return
        waiting = list(self._waiting.values())
        parts = [waiting[start : start + _AT_ONCE] for start in range(0, len(waiting), _AT_ONCE)]
        inputs = np.concatenate([self._see(np.stack(part)) for part in parts])
        digests = list(self._waiting)
        self._seen |= dict(zip(digests, inputs, strict=True))
        stored = io.BytesIO()
        np.savez(stored, digests=np.array(digests), inputs=inputs)
        name = hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
        fresh = self._folder / f"{name}.new"
        fresh.write_bytes(stored.getvalue())
        fresh.replace(fresh.with_suffix(".npz"))
        self._waiting = {}

    def of(self, digests: Iterable[str]) -> HalfArray:
        """Return what was seen of pictures, in order."""
        return np.stack([self._seen[digest] for digest in digests])


def gather_own(
    arrivals: Iterable[Arriving | BadLine],
    read: ReadPicture,
    views: Views,
    report: Report,
    expected: int | None = None,
) -> OwnPins:
    """Read pins and look at their pictures; what is of no use is reported and left out.

    `expected` is about how many come, for those who wait.
    Raises `TooFewPins` when fewer than `LEAST_PINS` are left.
    """
    gathered = _Gathered()
    for number, arrival in enumerate(arrivals, 1):
        reason = _take(arrival, read, views, gathered)
        if reason is not None:
            if gathered.counts.total() <= _NAMED:
                report(reason)
            elif gathered.counts.total() == _NAMED + 1:
                report("and more pins of no use; they are counted at the end")
        if number % _TOLD == 0:
            report(f"pictures {number}/{max(number, expected or 0)}")
    views.finish()
    if gathered.counts:
        told = ", ".join(f"{count:,} {why}" for why, count in gathered.counts.most_common())
        report(f"of no use: {told}")
    if len(gathered.pins) < LEAST_PINS:
        raise TooFewPins(
            f"{len(gathered.pins)} pins can be used, {LEAST_PINS} are needed: each needs a picture "
            "of its own and a description, a board_title or attributes"
        )
    pins = tuple(gathered.pins)
    return OwnPins(pins, views.of(pin.digest for pin in pins), gathered.counts)


def _take(
    arrival: Arriving | BadLine, read: ReadPicture, views: Views, gathered: _Gathered
) -> str | None:
    """Take one pin in; returns the reason when it is of no use."""
    if isinstance(arrival, BadLine):
        gathered.counts["not a pin"] += 1
        return str(arrival)
    pin = arrival.pin
    if not (pin.description or pin.board_title or pin.attributes):
        gathered.counts["without text"] += 1
        return f"{arrival.origin}: no description, board_title or attributes to learn from"
    try:
        data = read(pin.image, arrival.base)
        digest = hashlib.sha256(data).hexdigest()
        if digest in gathered.digests:
            gathered.counts["same picture again"] += 1
            return None
        views.look(digest, data)
    except BadImage as error:
        gathered.counts["picture unreadable"] += 1
        return f"{arrival.origin}: {error}"
    gathered.digests.add(digest)
    gathered.pins.append(
        OwnPin(digest, pin.description or "", pin.board_title or "", dict(pin.attributes))
    )
    return None
