"""A collection out to an archive and in from one, without a picture being encoded again.

Vectors go as they are, terms are analysed anew, and what was deleted or taken down stays so. Knows
nothing of where a collection lies: embedded or on a server, both ends are the same.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from engine.errors import FingerprintMismatch
from engine.features.text import Analyzer
from engine.store.archive import (
    FORMAT,
    MANIFEST,
    PARAMETERS,
    REMOVALS,
    Archive,
    ArchiveWriter,
)
from engine.store.collection import Collection
from engine.store.disk import write_whole
from engine.store.identity import Identity
from engine.store.image_store import ImageStore
from engine.store.records import Facts, Record
from engine.store.removals import Removals, Takedown
from engine.store.versions import Age, Version

PART: Final = 512
Done = Callable[[int], None]


@dataclass(frozen=True)
class Place:
    """One end of a move: a collection and what lies beside it.

    parameters: the file of tuned parameters, which may not exist.
    """

    collection: Collection
    images: ImageStore
    removals: Removals
    parameters: Path


@dataclass(frozen=True)
class Moved:
    """What a move did: pins written, pins that were here as they are or newer, pins kept out.

    missing: pictures that were not kept any more where they came from.
    """

    written: int = 0
    unchanged: int = 0
    kept_out: int = 0
    pictures: int = 0
    missing: int = 0

    def __add__(self, other: "Moved") -> "Moved":
        return Moved(*(a + b for a, b in zip(_numbers(self), _numbers(other), strict=True)))


def export(here: Place, name: str, archive: ArchiveWriter, done: Done) -> Moved:
    """Write all of a collection, the blocked pins as well.

    done: called with the number of pins of each part.
    """
    identity = here.collection.identity.to_json()
    told = {"format": FORMAT, "collection": name, "identity": identity}
    archive.add(MANIFEST, json.dumps(told, indent=2).encode())
    moved = Moved()
    for records in here.collection.records(PART, blocked=True):
        new = archive.add_records(records)
        kept = [(key, data) for key in new if (data := here.images.get(key)) is not None]
        for key, data in kept:
            archive.add_image(key, data)
        moved += Moved(len(records), 0, 0, len(kept), len(new) - len(kept))
        done(len(records))
    graves = [{"pin": pin, "version": list(at)} for pin, at in here.removals.graves().items()]
    listed = [asdict(each) for each in here.removals.takedowns()]
    lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in (*graves, *listed))
    archive.add(REMOVALS, lines.encode())
    if here.parameters.exists():
        archive.add(PARAMETERS, here.parameters.read_bytes())
    return moved


def identity_in(archive: Archive) -> Identity:
    """Return the fingerprints that an archive was made with."""
    return Identity.from_json(archive.manifest().get("identity"), "the export")


def bring_in(archive: Archive, here: Place, analyzer: Analyzer, done: Done) -> Moved:
    """Write all of an archive that is not here already, or here in a newer state.

    May be done again after it was cut short. Raises FingerprintMismatch where its vectors are of
    another encoder.
    """
    require_same_encoder(identity_in(archive), here.collection.identity)
    graves, listed = _removals(archive)
    for each in listed:
        here.removals.take_down(each.kind, each.value, each.reason)
        here.removals.finish_takedown(each.kind, each.value)
    newer = {
        pin: at
        for pin, at in graves.items()
        if at.beside(here.removals.tombstones([pin]).get(pin, Version())) is not Age.OLDER
    }
    here.removals.bury(newer)
    here.removals.finish(newer)
    moved = Moved()
    for records in archive.records():
        moved += _written(archive, here, [analysed(each, analyzer) for each in records])
        done(len(records))
    if archive.has(PARAMETERS) and not here.parameters.exists():
        write_whole(here.parameters, archive.read(PARAMETERS).decode())
    return moved


def _written(archive: Archive, here: Place, records: Sequence[Record]) -> Moved:
    allowed = list(_allowed(here, records))
    known = here.collection.facts([each.pin.id for each in allowed])
    fresh = [each for each in allowed if not _stands(known.get(each.pin.id), each)]
    wanted = {each.image_key for each in fresh if each.image_key is not None}
    pictures = missing = 0
    for key in sorted(wanted):
        data = archive.image(key)
        if data is not None and here.images.restore(key, data):
            pictures += 1
        else:
            missing += 1
    most = here.collection.identity.regions
    here.collection.upsert(
        [
            replace(
                each,
                region_boxes=each.region_boxes[:most],
                region_vectors=each.region_vectors[:most],
            )
            for each in fresh
        ]
    )
    # What pins showed here before, and none does any more.
    for pin in fresh:
        before = known.get(pin.pin.id)
        old = None if before is None else before.image_key
        if old is not None and old not in wanted and not here.collection.uses_image(old):
            here.images.delete(old)
    same = len(allowed) - len(fresh)
    return Moved(len(fresh), same, len(records) - len(allowed), pictures, missing)


def _allowed(here: Place, records: Sequence[Record]) -> Iterator[Record]:
    """Yield those that were neither taken down nor deleted here in a newer state."""
    ids = [each.pin.id for each in records]
    shown = {digest for each in records for digest in (each.image_sha256, each.image_key) if digest}
    pins = here.removals.taken_down("pin", ids)
    pictures = here.removals.taken_down("picture", shown)
    graves = here.removals.tombstones(ids)
    for each in records:
        banned = each.pin.id in pins or {each.image_sha256, each.image_key} & pictures
        grave = graves.get(each.pin.id)
        if not banned and (grave is None or each.version.beside(grave) is Age.NEWER):
            yield each


def _stands(known: Facts | None, record: Record) -> bool:
    """Say whether what is here needs nothing of a record."""
    if known is None:
        return False
    age = record.version.beside(known.version)
    return age is Age.OLDER or (known.digest == record.digest and age is not Age.NEWER)


def analysed(record: Record, analyzer: Analyzer) -> Record:
    """Return a record of an archive with the terms of its texts."""
    return replace(
        record,
        description_terms=" ".join(analyzer.terms(record.pin.description or "")),
        board_terms=" ".join(analyzer.terms(record.pin.board_title or "")),
    )


def _removals(archive: Archive) -> tuple[dict[str, Version], list[Takedown]]:
    graves: dict[str, Version] = {}
    listed: list[Takedown] = []
    for line in archive.removals():
        if "pin" in line:
            graves[line["pin"]] = Version(*line["version"])
        else:
            listed.append(Takedown(**line))
    return graves, listed


def require_same_encoder(theirs: Identity, ours: Identity) -> None:
    """Raise FingerprintMismatch where an export's vectors are of another encoder than ours."""
    if (theirs.encoder_fingerprint, theirs.dimension) != (ours.encoder_fingerprint, ours.dimension):
        raise FingerprintMismatch(
            f"the export has vectors of {theirs.encoder_fingerprint}, this engine has those of "
            f"{ours.encoder_fingerprint}: set ENGINE_ENCODER to the export's, or index the pins "
            "anew"
        )


def _numbers(moved: Moved) -> tuple[Any, ...]:
    return tuple(asdict(moved).values())
