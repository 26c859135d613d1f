"""A collection as one tar file: what `engine export` writes and `engine import` reads.

    manifest.json               {"format": 1, "collection", "identity": see Identity.to_json}
    records/000000.jsonl        a pin a line with all that is kept of it but vectors and terms
    vectors/000000.npy          float32, a unit row for each line
    regions/000000.npy          float32, the rows of all its `region_boxes`, in their order
    images/KEY.jpg              kept pictures that those lines name, each once
    removals.jsonl              tombstones and takedowns
    parameters.json             tuned parameters, if there are any
    backup.json, beside/*       only in a backup, see `ingestion/backup.py`
    SHA256SUMS                  of all the others, as `sha256sum -c` takes it; the last one

A file that was cut short has no SHA256SUMS, so that it is never taken for a whole one. Terms are
not in it: whoever reads it analyses anew. Knows nothing of collections.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.errors import StoreError
from engine.pins import pin_from_json, pin_to_json
from engine.store.disk import disk_errors
from engine.store.records import NO_ROWS, Record
from engine.store.versions import Version

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
REMOVALS: Final = "removals.jsonl"
PARAMETERS: Final = "parameters.json"
SUMS: Final = "SHA256SUMS"
PART_SUFFIX: Final = ".part"
CHUNK: Final = 2**20


class BadArchive(StoreError):
    """A file is no export, is cut short, or was changed."""

    slug = "bad-archive"


class ArchiveWriter:
    """Writes the members of one archive, one after the other."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._sums: list[str] = []
        self._parts = 0
        self._images: set[str] = set()

    def add(self, name: str, data: bytes) -> None:
        """Add one member."""
        member = tarfile.TarInfo(name)
        member.size = len(data)
        self._tar.addfile(member, io.BytesIO(data))
        self._sums.append(f"{hashlib.sha256(data).hexdigest()}  {name}\n")

    def add_records(self, records: Sequence[Record]) -> list[str]:
        """Add some records, and return the keys of their pictures that are not here yet."""
        number = f"{self._parts:06d}"
        self._parts += 1
        lines = "".join(json.dumps(line_of(each), ensure_ascii=False) + "\n" for each in records)
        self.add(f"records/{number}.jsonl", lines.encode())
        self.add(f"vectors/{number}.npy", _packed([each.vector for each in records]))
        rows = [row for each in records for row in each.region_vectors]
        if rows:
            self.add(f"regions/{number}.npy", _packed(rows))
        keys = dict.fromkeys(each.image_key for each in records if each.image_key is not None)
        new = [key for key in keys if key not in self._images]
        self._images.update(new)
        return new

    def add_image(self, key: str, jpeg: bytes) -> None:
        """Add a kept picture."""
        self.add(f"images/{key}.jpg", jpeg)

    def finish(self) -> None:
        """Say that the archive is whole."""
        self.add(SUMS, "".join(self._sums).encode())


@contextmanager
def writing(path: Path, *, private: bool = False) -> Iterator[ArchiveWriter]:
    """Write an archive, which appears under its name once it is whole.

    private: it is for nobody else on this machine to read.
    """
    part = path.with_name(path.name + PART_SUFFIX)
    with disk_errors(path.parent):
        try:
            part.unlink(missing_ok=True)  # one left by a crash has permissions of its own
            part.touch(0o600 if private else 0o666)
            with tarfile.open(part, "w") as tar:
                writer = ArchiveWriter(tar)
                yield writer
                writer.finish()
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


class Archive:
    """One archive, opened by `reading`: every byte of it was compared with its sums."""

    def __init__(self, tar: tarfile.TarFile, path: Path) -> None:
        self._tar = tar
        self._path = path
        self._names = {member.name: member for member in tar.getmembers()}

    def has(self, name: str) -> bool:
        """Say whether there is such a member."""
        return name in self._names

    def read(self, name: str) -> bytes:
        """Return a member."""
        file = self._tar.extractfile(self._names[name]) if name in self._names else None
        if file is None:
            raise BadArchive(f"{self._path} has no {name}: it is no export of this engine")
        return file.read()

    def manifest(self) -> dict[str, Any]:
        """Return what the archive says of itself; raise BadArchive for another format."""
        value = _decoded(self.read(MANIFEST), self._path)
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            raise BadArchive(f"{self._path} has another format than {FORMAT}, which this reads")
        return value

    def records(self) -> Iterator[list[Record]]:
        """Yield the records a part at a time, without terms."""
        for name in self.names("records/"):
            yield self._part(name.removeprefix("records/").removesuffix(".jsonl"))

    def removals(self) -> list[dict[str, Any]]:
        """Return the lines of removals."""
        return [_decoded(line, self._path) for line in self.read(REMOVALS).splitlines()]

    def names(self, start: str) -> list[str]:
        """Return the names of the members that begin so."""
        return sorted(name for name in self._names if name.startswith(start))

    def has_image(self, key: str) -> bool:
        """Say whether a kept picture is here."""
        return self.has(f"images/{key}.jpg")

    def image(self, key: str) -> bytes | None:
        """Return a kept picture, None where it was not kept any more."""
        return self.read(f"images/{key}.jpg") if self.has_image(key) else None

    def _part(self, number: str) -> list[Record]:
        lines = self.read(f"records/{number}.jsonl").splitlines()
        vectors = _unpacked(self.read(f"vectors/{number}.npy"))
        regions = f"regions/{number}.npy"
        rows = _unpacked(self.read(regions)) if self.has(regions) else NO_ROWS
        if len(vectors) != len(lines):
            raise BadArchive(f"{self._path}: part {number} has other vectors than pins")
        records = []
        start = 0
        for line, vector in zip(lines, vectors, strict=True):
            value = _decoded(line, self._path)
            end = start + len(value["region_boxes"])
            records.append(_record(value, vector, rows[start:end]))
            start = end
        return records


@contextmanager
def reading(path: Path) -> Iterator[Archive]:
    """Open an archive after all of it was compared with its sums; raise BadArchive."""
    try:
        with tarfile.open(path, "r:") as tar:
            _verify(tar, path)
            yield Archive(tar, path)
    except tarfile.TarError as error:
        raise BadArchive(f"{path} is no export, or is cut short ({error}): export again") from None


def _verify(tar: tarfile.TarFile, path: Path) -> None:
    found: dict[str, str] = {}
    told: bytes | None = None
    for member in tar:
        file = tar.extractfile(member)
        if file is None or told is not None:
            raise BadArchive(f"{path} has {member.name[:80]!r}, which no export has")
        digest = hashlib.sha256()
        kept = io.BytesIO()
        while piece := file.read(CHUNK):
            digest.update(piece)
            if member.name == SUMS:
                kept.write(piece)
        if member.name == SUMS:
            told = kept.getvalue()
        else:
            found[member.name] = digest.hexdigest()
    if told is None:
        raise BadArchive(f"{path} was cut short: it has no {SUMS}; export again")
    wanted = {line[66:]: line[:64] for line in told.decode(errors="replace").splitlines()}
    wrong = [name for name in sorted(found | wanted) if found.get(name) != wanted.get(name)]
    if wrong:
        raise BadArchive(
            f"{path} is damaged: {len(wrong):,} of its members are not what was written, the first "
            f"is {wrong[0][:80]}; take another copy of it"
        )


def line_of(record: Record) -> dict[str, Any]:
    """Return all that is kept of a record but vectors and terms, as JSON."""
    return {
        "pin": pin_to_json(record.pin),
        "image_sha256": record.image_sha256,
        "image_key": record.image_key,
        "dhash": record.dhash,
        "phash": record.phash,
        "digest": record.digest,
        "version": list(record.version),
        "duplicate_of": record.duplicate_of,
        "withheld": record.withheld,
        "region_boxes": list(record.region_boxes),
    }


def _record(
    value: dict[str, Any], vector: npt.NDArray[np.float32], regions: npt.NDArray[np.float32]
) -> Record:
    return Record(
        pin=pin_from_json(value["pin"])[0],
        vector=vector,
        description_terms="",
        board_terms="",
        image_sha256=value["image_sha256"],
        image_key=value["image_key"],
        dhash=value["dhash"],
        digest=value["digest"],
        version=Version(*value["version"]),
        duplicate_of=value["duplicate_of"],
        phash=value["phash"],
        withheld=value["withheld"],
        region_boxes=tuple(value["region_boxes"]),
        region_vectors=regions,
    )


def _packed(rows: Sequence[npt.NDArray[np.float32]]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(rows, np.float32), allow_pickle=False)
    return buffer.getvalue()


def _unpacked(data: bytes) -> npt.NDArray[np.float32]:
    rows: npt.NDArray[np.float32] = np.load(io.BytesIO(data), allow_pickle=False)
    return rows


def _decoded(data: bytes, path: Path) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        raise BadArchive(f"{path} holds no valid JSON where it should: export again") from None
