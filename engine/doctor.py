"""Checks an installation and says of each finding what to do about it."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL
from PIL import Image, features

from engine.errors import EngineError
from engine.features.factory import load_encoder
from engine.features.text import Analyzer
from engine.settings import Settings
from engine.store.ownership import owner_of
from engine.workspace import collection_folder, open_workspace

OLDEST = (3, 11)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    detail: str

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return {"what": self.what, "ok": self.ok, "detail": self.detail}


def examine(settings: Settings) -> list[Finding]:
    """Look at everything that search and intake stand on; one failure never hides another."""
    checks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("python", _python),
        ("pictures", _pictures),
        ("text analysis", lambda each: Analyzer(each.language).fingerprint),
        ("encoder", _encoder),
        ("data folder", _data_folder),
        ("collection", _collection),
    )
    return list(_run(checks, settings))


def _run(
    checks: tuple[tuple[str, Callable[[Settings], str]], ...], settings: Settings
) -> Iterator[Finding]:
    for what, check in checks:
        try:
            yield Finding(what, True, check(settings))
        except (EngineError, OSError) as error:
            yield Finding(what, False, str(error))


def _python(_: Settings) -> str:
    if sys.version_info < OLDEST:
        raise EngineError("this Python is older than 3.11: install a newer one")
    return sys.version.split()[0]


def _pictures(_: Settings) -> str:
    missing = [name for name in ("jpg", "zlib", "webp", "avif") if not features.check(name)]
    if missing:
        raise EngineError(f"Pillow was built without {', '.join(missing)}: reinstall its wheel")
    return f"Pillow {PIL.__version__} reads JPEG, PNG, WebP and AVIF"


def _encoder(settings: Settings) -> str:
    encoder = load_encoder(settings.encoder)
    row = encoder.encode_texts(["a red dress"])[0]
    picture = encoder.encode_images([Image.new("RGB", (64, 64), "red")])[0]
    if row.shape != (encoder.dimension,) or picture.shape != (encoder.dimension,):
        raise EngineError(f"encoder {settings.encoder!r} gives vectors of the wrong length")
    return f"{encoder.fingerprint}, {encoder.dimension} dimensions"


def _data_folder(settings: Settings) -> str:
    place = _existing(settings.data)
    with tempfile.TemporaryFile(dir=place):
        free = shutil.disk_usage(place).free
    if free < settings.store.min_free_bytes:
        raise EngineError(
            f"only {free:,} bytes are free for {settings.data}: free some space, "
            "or lower ENGINE_STORE__MIN_FREE_BYTES"
        )
    return f"{settings.data.resolve()}, writable, {free / 2**30:.1f} GiB free"


def _existing(folder: Path) -> Path:
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        raise EngineError(f"{place} can't be written: set ENGINE_DATA to a folder of yours")
    return place


def _collection(settings: Settings) -> str:
    name = settings.collection
    if not settings.store.url:
        owner = owner_of(collection_folder(settings))
        if owner is not None:
            at = owner.address or "no address"
            return f"{name!r} is served by process {owner.pid} ({owner.command}) at {at}"
        if not collection_folder(settings).is_dir():
            return f"{name!r} does not exist yet: 'engine index PINS.jsonl' makes it"
    with open_workspace(settings) as workspace:
        facts = workspace.info()
        if facts["pins"]:
            _ = workspace.encoder  # raises when it is not the one that the collection was made with
    return f"{name!r} holds {facts['pins']:,} pins, {facts['unindexed']:,} outside the graph"
