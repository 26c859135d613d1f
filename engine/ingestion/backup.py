"""A backup: an export with all that lies beside a collection, and the means to prove a restore.

    beside/NAME      feedback, people, dead letters and the like, as they lie in the folder
    backup.json      {"taken", "pins", "probes"}; without probes where others wrote meanwhile

A probe is a question with its exact answer at the moment of the backup: the nearest pins of a pin
with their cosines, and how many pins say its words. A restore asks the same.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np

from engine.errors import StoreError
from engine.features.text import Analyzer
from engine.ingestion.moving import Done, Moved, Place, analysed, export
from engine.store.archive import Archive, ArchiveWriter, BadArchive, line_of
from engine.store.collection import Collection
from engine.store.disk import disk_errors
from engine.store.legs import Scope, VectorLeg
from engine.store.records import Record

BACKUP: Final = "backup.json"
BESIDE: Final = "beside/"
PROBES: Final = 32
NEAREST: Final = 20
WORDS: Final = 3
# Of unit vectors in float32, which are made unit vectors again as they are written.
CLOSE: Final = 1e-5


class NotRestored(StoreError):
    """What was restored is not what the backup has."""

    slug = "not-restored"


@dataclass(frozen=True)
class Probe:
    """A pin's nearest pins, as keys and cosines, and how many pins say all of some words of its."""

    pin: str
    nearest: tuple[tuple[str, float], ...]
    terms: tuple[str, ...]
    saying: int


@dataclass(frozen=True)
class Verified:
    """What of a restore was compared with the backup and found equal."""

    pins: int
    pictures: int
    answers: int


def back_up(
    here: Place,
    name: str,
    archive: ArchiveWriter,
    files: Sequence[Path],
    done: Done,
    *,
    still: bool,
) -> Moved:
    """Write all of a collection and of what lies beside it.

    still: whether nobody writes to it meanwhile, so that there is something to compare with.
    """
    moved = export(here, name, archive, done)
    for path in files:
        if path.exists() and path.name != here.parameters.name:
            archive.add(f"{BESIDE}{path.name}", path.read_bytes())
    told = {
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "pins": moved.written,
        "probes": [asdict(each) for each in _probes(here.collection)] if still else [],
    }
    archive.add(BACKUP, json.dumps(told).encode())
    return moved


def require_backup(archive: Archive) -> None:
    """Raise BadArchive for an export that is no backup."""
    if not archive.has(BACKUP):
        raise BadArchive("the file is an export and no backup: 'engine import' takes it in")


def put_beside(archive: Archive, folder: Path) -> None:
    """Write what lay beside the collection into a folder; what is there already stays."""
    with disk_errors(folder):
        for name in archive.names(BESIDE):
            path = folder / Path(name).name
            if not path.exists():
                path.touch(0o600)
                path.write_bytes(archive.read(name))


def verify(archive: Archive, here: Place, analyzer: Analyzer, done: Done) -> Verified:
    """Compare a restored collection with the backup: each pin, each picture, each probe.

    Raises NotRestored with the first difference.
    """
    told = json.loads(archive.read(BACKUP))
    pins = pictures = 0
    for records in archive.records():
        kept = here.collection.get([each.pin.id for each in records])
        for each in records:
            if (found := kept.get(each.pin.id)) is None or not _equal(
                analysed(each, analyzer), found
            ):
                raise NotRestored(f"pin {each.pin.id!r} is not as the backup has it: {AGAIN}")
            pins += 1
            if each.image_key is not None and archive.has_image(each.image_key):
                if not here.images.has(each.image_key):
                    raise NotRestored(f"the picture of pin {each.pin.id!r} is missing: {AGAIN}")
                pictures += 1
        done(len(records))
    if not pins == told["pins"] == here.collection.count(blocked=True):
        there = here.collection.count(blocked=True)
        raise NotRestored(f"{there:,} pins are here and {told['pins']:,} in the backup: {AGAIN}")
    for value in told["probes"]:
        wanted = Probe(**value)
        if not _answers_alike(wanted, _probe(here.collection, wanted.pin, wanted.terms)):
            raise NotRestored(f"what is like pin {wanted.pin!r} is not what it was: {AGAIN}")
    return Verified(pins, pictures, len(told["probes"]))


AGAIN: Final = "remove the collection's folder and restore again, or take another backup"


def _equal(ours: Record, theirs: Record) -> bool:
    # Blocked pins come without their terms.
    worded = ours.blocked or (
        (ours.description_terms, ours.board_terms) == (theirs.description_terms, theirs.board_terms)
    )
    return (
        line_of(ours) == line_of(theirs)
        and worded
        and all(
            left.shape == right.shape and bool(np.all(np.abs(left - right) < CLOSE))
            for left, right in (
                (ours.vector, theirs.vector),
                (np.asarray(ours.region_vectors), np.asarray(theirs.region_vectors)),
            )
        )
    )


def _probes(collection: Collection) -> Iterator[Probe]:
    """Ask for pins from all over the collection; keys are digests, so equal steps are a sample."""
    seen: set[str] = set()
    for step in range(PROBES):
        after = str(UUID(int=step * 2**128 // PROBES))
        for _, stored in collection.scroll(limit=1, after=after):
            if stored.pin.id not in seen:
                seen.add(stored.pin.id)
                yield _probe(collection, stored.pin.id, None)


def _probe(collection: Collection, pin: str, terms: Sequence[str] | None) -> Probe:
    record = collection.get([pin])[pin]
    if terms is None:
        said = dict.fromkeys(f"{record.description_terms} {record.board_terms}".split())
        terms = tuple(islice(said, WORDS))
    [(keys, cosines)] = collection.nearest([VectorLeg(record.vector, NEAREST, Scope(), exact=True)])
    nearest = tuple((str(key), round(each, 6)) for key, each in zip(keys, cosines, strict=True))
    return Probe(pin, nearest, tuple(terms), collection.saying(terms) if terms else 0)


def _answers_alike(wanted: Probe, found: Probe) -> bool:
    ours, theirs = (dict(probe.nearest) for probe in (wanted, found))
    least: Any = min(theirs.values(), default=-1.0)
    # Of several pins alike the last place may go to any.
    near = all(abs(theirs.get(key, least) - cosine) < 10 * CLOSE for key, cosine in ours.items())
    return near and len(ours) == len(theirs) and wanted.saying == found.saying
