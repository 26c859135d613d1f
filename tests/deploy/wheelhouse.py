"""Wheels of what is installed here, so that a test can install it elsewhere without a network.

A wheel is unpacked by an installer and little else, so what lies in the environment, zipped again
under its own record, is that wheel once more. Knows nothing of this project.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# What an installer writes itself, about its own work.
_WRITTEN_ANEW = {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"}


def fill(folder: Path, requirements: Iterable[str]) -> None:
    """Put a wheel of every distribution that `requirements` need, directly or not, into `folder`.

    Raises PackageNotFoundError for one that is not installed here.
    """
    for found in needed(requirements):
        pack(found, folder)


def needed(requirements: Iterable[str]) -> list[Distribution]:
    """Return the installed distributions that `requirements` need, each once."""
    waiting = [Requirement(line) for line in requirements]
    seen: dict[tuple[str, frozenset[str]], Distribution] = {}
    while waiting:
        asked = waiting.pop()
        key = (canonicalize_name(asked.name), frozenset(asked.extras))
        if key in seen:
            continue
        seen[key] = distribution(asked.name)
        waiting += _asked_by(seen[key], asked.extras)
    return list({name: found for (name, _), found in seen.items()}.values())


def _asked_by(found: Distribution, extras: set[str]) -> Iterator[Requirement]:
    for line in found.requires or []:
        asked = Requirement(line)
        marker = asked.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield asked


def pack(found: Distribution, folder: Path) -> Path:
    """Write the wheel of one installed distribution, and return its path."""
    # Each of these reads all the metadata again.
    name, version = found.metadata["Name"].replace("-", "_"), found.version
    wheel = folder / f"{name}-{version}-{_tag(found)}.whl"
    record = io.StringIO()
    lines = csv.writer(record, lineterminator="\n")
    # Not compressed: it is unpacked again at once.
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_STORED) as archive:
        about = ""
        for file in found.files or []:
            inside = _inside(file, name, version)
            if inside is None:
                continue
            if _is_about(file) and file.name == "METADATA":
                about = file.parts[0]
            archive.write(str(file.locate()), inside)
            lines.writerow([inside, file.hash and f"{file.hash.mode}={file.hash.value}", file.size])
        lines.writerow([f"{about}/RECORD", "", ""])
        archive.writestr(f"{about}/RECORD", record.getvalue())
    return wheel


def _inside(file: PurePosixPath, name: str, version: str) -> str | None:
    """Return where a wheel holds an installed file; None for what the installer makes itself."""
    outside = [part for part in file.parts if part != ".."]
    if len(outside) < len(file.parts):
        commands = outside[0] in {"bin", "Scripts"}
        return None if commands else f"{name}-{version}.data/data/{'/'.join(outside)}"
    anew = _is_about(file) and file.name in _WRITTEN_ANEW
    return None if anew or file.suffix == ".pyc" else str(file)


def _is_about(file: PurePosixPath) -> bool:
    """Tell a file about the distribution itself; packages may hold others' as plain data."""
    return len(file.parts) == 2 and file.parts[0].endswith(".dist-info")


def _tag(found: Distribution) -> str:
    """Return the compressed tag: every interpreter, ABI and platform that the wheel is for."""
    lines = (found.read_text("WHEEL") or "").splitlines()
    tags = [line.removeprefix("Tag: ").split("-") for line in lines if line.startswith("Tag: ")]
    return "-".join(".".join(dict.fromkeys(part)) for part in zip(*tags, strict=True))
