"""Pins to train and to judge on, with their split; knows nothing of pixels or models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

JUDGED = ("test", "development")
FOLDS = 3
FIFTHS = (0, 2, 3, 4)
"""Those that may be the test part; the fifth of number 1 is always for development."""


@dataclass(frozen=True, slots=True)
class TrainingPin:
    """One picture of one set and what its source knew about it."""

    set_name: str
    pin_id: str
    image: Path
    digest: str
    """SHA-256 of the picture's bytes, hexadecimal."""
    split: str
    """`test`, `development` or `train`."""
    description: str = ""
    board_title: str = ""
    attributes: Mapping[str, str] | None = None
    captions: tuple[str, ...] = ()

    def attribute(self, name: str) -> str:
        """Return an attribute, or the empty string where the source did not know it."""
        value = (self.attributes or {}).get(name, "")
        return "" if value in ("NA", "") else value


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query text and the grades of the pins that answer it."""

    query_id: str
    text: str
    grades: Mapping[str, int]


def split_of(set_name: str, picture: bytes, fifth: int = 0) -> str:
    """Name the part that a picture belongs to, by its content alone.

    SHA-256 of the set's name, a colon and the bytes, modulo five: `fifth` is test, 1 is
    development.
    """
    number = int(hashlib.sha256(set_name.encode() + b":" + picture).hexdigest(), 16) % 5
    return "test" if number == fifth else "development" if number == 1 else "train"


def split_anew(
    pins: Iterable[TrainingPin], *, fold: int | None = None, everything: bool = False
) -> list[TrainingPin]:
    """Give pins another split: flickr's in thirds, of which `fold` is test, or all to train.

    Flickr is so small that one fifth of it tells little; three folds judge every pin once.
    """
    found: list[TrainingPin] = []
    for pin in pins:
        split = pin.split
        if everything:
            split = "train"
        elif fold is not None and pin.set_name == "flickr":
            split = "test" if int(pin.digest, 16) % FOLDS == fold else "train"
        found.append(replace(pin, split=split))
    return found


def read_set(
    folder: Path, set_name: str, *, judged: bool = True, fifth: int = 0
) -> list[TrainingPin]:
    """Read `folder/pins.jsonl` and hash its pictures.

    Without `judged` the whole set trains (drawn pictures: other ones are kept for judging).
    """
    pins: list[TrainingPin] = []
    with (folder / "pins.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            image = folder / row["image"]
            picture = image.read_bytes()
            pins.append(
                TrainingPin(
                    set_name=set_name,
                    pin_id=row["id"],
                    image=image,
                    digest=hashlib.sha256(picture).hexdigest(),
                    split=split_of(set_name, picture, fifth) if judged else "train",
                    description=(row.get("description") or "").strip(),
                    board_title=(row.get("board_title") or "").strip(),
                    attributes=row.get("attributes") or {},
                    captions=tuple(row.get("captions") or ()),
                )
            )
    return pins


def read_queries(folder: Path) -> list[JudgedQuery]:
    """Read `queries.jsonl` with the grades of `qrels.txt`; a set without queries gives none."""
    if not (folder / "queries.jsonl").exists():
        return []
    grades: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.txt").read_text(encoding="utf-8").splitlines():
        query, _, pin, grade = line.split()
        grades.setdefault(query, {})[pin] = int(grade)
    texts = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(text) for text in texts]
    return [
        JudgedQuery(row["id"], row["text"], grades.get(row["id"], {}))
        for row in rows
        if isinstance(row.get("text"), str)
    ]


def without_twins(pins: Iterable[TrainingPin], twins: frozenset[str]) -> list[TrainingPin]:
    """Keep one training pin per picture, and none whose picture is also judged.

    `twins` holds digests of training pictures that look like a judged one. Judged pins all stay.
    """
    pins = list(pins)
    judged = {pin.digest for pin in pins if pin.split in JUDGED}
    seen: set[tuple[str, str]] = set()
    kept: list[TrainingPin] = []
    for pin in pins:
        if pin.split not in JUDGED:
            key = (pin.set_name, pin.digest)
            if pin.digest in judged or pin.digest in twins or key in seen:
                continue
            seen.add(key)
        kept.append(pin)
    return kept
