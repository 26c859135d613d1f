"""The shards of one embedded collection by encoder: the one that answers, and those beside it.

A generation is a folder with a shard and its description. The first is the collection's folder
itself; each switch of the encoder makes another in it, and replaces one small file that names the
one that answers. Pictures, removals and all else belong to the collection, whichever answers.
"""

import json
import shutil
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from engine.errors import StoreError, UsageError
from engine.store.description import IDENTITY_NAME, described
from engine.store.disk import disk_errors, write_whole
from engine.store.identity import Identity
from engine.store.kept_words import NAME as WORDS_NAME
from engine.store.shard_folder import LIVE_NAME, SHARD_NAME

POINTER_NAME: Final = "generation.json"
ENCODER_NAME: Final = "encoder.txt"
PREFIX: Final = "generation-"
FIRST: Final = "first"


class UnknownGeneration(UsageError):
    """The collection has no generation of that name."""

    slug = "unknown-generation"


@dataclass(frozen=True)
class Generation:
    """Which folder answers, by which encoder (a name as ENGINE_ENCODER takes it).

    before: the folder that answered until the last switch; None where it was dropped.
    """

    folder: str
    encoder: str
    before: str | None = None


def current(place: Path) -> Generation | None:
    """Return what answers in a collection's folder; None before the first switch."""
    path = place / POINTER_NAME
    try:
        found = Generation(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        raise StoreError(f"{path} names no generation: restore it from a backup") from None
    if not _is_name(found.folder) or not (found.before is None or _is_name(found.before)):
        raise StoreError(f"{path} names no generation: restore it from a backup")
    return found


def folder_of(place: Path) -> Path:
    """Return the folder of the generation that answers."""
    now = current(place)
    return place if now is None else _path(place, now.folder)


def exists(place: Path) -> bool:
    """Say whether there is a collection in a folder."""
    return (folder_of(place) / IDENTITY_NAME).exists()


def make_current(place: Path, generation: Generation) -> None:
    """Let a generation answer from now on, durably: after a crash it is that or the one before."""
    write_whole(place / POINTER_NAME, json.dumps(asdict(generation), indent=1))


def named(place: Path, folder: str) -> Path:
    """Return a generation's folder by its name; raise UnknownGeneration."""
    if not _is_name(folder) or not (_path(place, folder) / IDENTITY_NAME).exists():
        raise UnknownGeneration(
            f"the collection has no generation {folder[:40]!r}: 'engine reindex' makes one"
        )
    return _path(place, folder)


def name_of(place: Path, folder: Path) -> str:
    """Return the name of a generation's folder."""
    return FIRST if folder == place else folder.name


def matching(place: Path, identity: Identity) -> Path:
    """Return the generation of some fingerprints, or the folder for a new one."""
    for folder in _all(place):
        if Identity.from_json(described(folder), str(folder)) == identity:
            return folder
    return place / f"{PREFIX}{uuid.uuid4().hex[:12]}"


def note_encoder(folder: Path, encoder: str) -> None:
    """Write down by which name a generation's encoder is loaded."""
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / ENCODER_NAME, encoder)


def noted_encoder(folder: Path) -> str:
    """Return the name of a generation's encoder."""
    try:
        return (folder / ENCODER_NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StoreError(f"{folder} does not say its encoder: run 'engine reindex' again") from None


def drop_others(place: Path) -> int:
    """Remove all generations but the one that answers; return how many that were."""
    live = folder_of(place)
    gone = [folder for folder in _all(place) if folder != live]
    for folder in gone:
        if folder == place:
            # The description first: what is left of the rest is no collection.
            for name in (IDENTITY_NAME, ENCODER_NAME, WORDS_NAME, LIVE_NAME):
                (place / name).unlink(missing_ok=True)
            for shard in (place / SHARD_NAME, *place.glob(f"{SHARD_NAME}-*")):
                shutil.rmtree(shard, ignore_errors=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    # One that was begun and has no description yet is no generation.
    for folder in place.glob(f"{PREFIX}*"):
        if folder != live:
            shutil.rmtree(folder, ignore_errors=True)
    now = current(place)
    if now is not None and now.before is not None:
        make_current(place, Generation(now.folder, now.encoder))
    return len(gone)


def _all(place: Path) -> list[Path]:
    folders = (place, *sorted(place.glob(f"{PREFIX}*")))
    return [folder for folder in folders if (folder / IDENTITY_NAME).exists()]


def _path(place: Path, folder: str) -> Path:
    return place if folder == FIRST else place / folder


def _is_name(folder: str) -> bool:
    return folder == FIRST or (folder.startswith(PREFIX) and Path(folder).name == folder)
