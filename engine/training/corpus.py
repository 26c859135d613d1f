"""Texts that the text tower learns from, with no word of a judged picture; knows no vectors."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.training.mix import Mix
from engine.training.pins import JUDGED, TrainingPin

_LATIN = re.compile(r"[A-Z][a-z]+ [a-z]+")
DESCRIPTION_FILES = (
    "caltech_descriptions.json",
    "imagenet_descriptions.json.gz",
    "food_descriptions.json.gz",
    "sun_descriptions.json.gz",
)


def read_descriptions(
    folder: Path, names: Iterable[str] = DESCRIPTION_FILES
) -> dict[str, list[str]]:
    """Read sentences on what each class looks like, by lower-case class name."""
    told: dict[str, list[str]] = {}
    for name in names:
        path = folder / name
        raw = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
        for label, sentences in json.loads(raw).items():
            clean = [" ".join(sentence.split()) for sentence in sentences]
            told.setdefault(label.lower(), []).extend(filter(None, clean))
    return told


def read_class_names(path: Path) -> list[list[str]]:
    """Read the classifier's classes, each with all of its names; row 0 is the background."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [[name.strip() for name in line.split(",")] for line in lines]


def everyday(names: Sequence[str]) -> list[str]:
    """Drop Latin names of two words, unless there is no other."""
    return [name for name in names if not _LATIN.fullmatch(name)] or list(names)


def read_captions(path: Path, pins: Sequence[TrainingPin]) -> list[str]:
    """Read captions of everyday photos, without those that also describe a judged picture."""
    judged = {_plain(text) for pin in pins if pin.split in JUDGED for text in pin.captions}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        captions = dict.fromkeys(line.strip() for line in lines)
    return [caption for caption in captions if caption and _plain(caption) not in judged]


def assemble(
    captions: Sequence[str],
    descriptions: dict[str, list[str]],
    classes: Sequence[Sequence[str]],
    mix: Mix,
    limit: int,
    seed: int,
) -> list[str]:
    """Return distinct texts of every kind that is searched with, in random order.

    `limit` caps the captions; descriptions take 0.7 of it, phrases of pins as many draws as it.
    """
    told = [text for texts in descriptions.values() for text in texts]
    texts = _some(captions, limit) + _some(told, int(limit * 0.7))
    texts += [name for names in classes for name in names]
    texts += list(descriptions)
    texts += [phrase.text for phrase in mix.draw(max(1, limit // 2)).phrases]
    distinct = list(dict.fromkeys(text for text in texts if text.strip()))
    random.Random(seed).shuffle(distinct)
    return distinct


def _some(texts: Iterable[str], limit: int) -> list[str]:
    """Choose by hash, so that taking some texts away hardly changes which others are chosen."""
    return sorted(set(texts), key=lambda text: hashlib.sha256(text.encode()).digest())[:limit]


def _plain(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
