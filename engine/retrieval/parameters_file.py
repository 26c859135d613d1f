"""A collection's own parameters as a file: versioned, checked, and read again when it changes.

Calibrations belong to the encoder and the text analysis that they were fitted with, so the file
names both, and is passed over where they differ. Earlier versions stay beside it.
"""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from engine.errors import BadParameters
from engine.retrieval.parameters import Parameters, for_encoder
from engine.store.identity import Identity

NAME = "parameters.json"
UNREADABLE = "parameters-unreadable.json"
FORMAT = 1
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tuned:
    """Parameters with what they were made for and how they were judged.

    number: 1 for a collection's first, one more for each that replaces it.
    evaluation: what was measured on queries that nothing was tuned on, as JSON.
    """

    parameters: Parameters
    encoder: str
    analysis: str
    made_at: datetime
    evaluation: Mapping[str, Any]
    number: int = 1
    format: int = FORMAT

    def fits(self, identity: Identity) -> bool:
        """Whether they were fitted with this encoder and this analysis of texts."""
        return (self.encoder, self.analysis) == (
            identity.encoder_fingerprint,
            identity.analysis_fingerprint,
        )


_TUNED = TypeAdapter(Tuned)


def read(path: Path) -> Tuned | None:
    """Return what a file holds, None where there is none; BadParameters says what is wrong."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        tuned = _TUNED.validate_json(data, strict=False)
    except (ValidationError, BadParameters) as error:
        raise BadParameters(
            f"{path.name}: {_told(error)}: mend it, delete it, or run 'engine tune' again"
        ) from None
    if tuned.format != FORMAT:
        raise BadParameters(
            f"{path.name} has format {tuned.format}, and {FORMAT} is read here: "
            "run 'engine tune' again"
        )
    return tuned


def _readable(path: Path) -> Tuned | None:
    """Return what a file holds; what can't be read is put aside under a name that says so."""
    try:
        return read(path)
    except BadParameters:
        path.replace(path.with_name(UNREADABLE))
        return None


def _told(error: ValidationError | BadParameters) -> str:
    if isinstance(error, BadParameters):
        return str(error)
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{where}: {first['msg']}"


def write(path: Path, tuned: Tuned) -> Tuned:
    """Put parameters in the place of the present ones, which stay as `parameters-NUMBER.json`.

    Returns them with their number. A reader finds the old file or the new one, never a part.
    """
    before = _readable(path)
    numbered = replace(tuned, number=_next_number(path, before))
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("wb") as file:
        file.write(_TUNED.dump_json(numbered, indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if before is not None:
        kept = _kept(path, before.number)
        kept.unlink(missing_ok=True)
        kept.hardlink_to(path)
    fresh.replace(path)
    return numbered


def withdraw(path: Path) -> int | None:
    """Put the present parameters aside, so that the defaults hold; return their number, if any."""
    before = _readable(path)
    if before is None:
        return None
    path.replace(_kept(path, before.number))
    return before.number


def _kept(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


def _next_number(path: Path, before: Tuned | None) -> int:
    """Return a number that no version has had, also none that was withdrawn."""
    kept = path.parent.glob(f"{path.stem}-*{path.suffix}")
    names = [each.stem.removeprefix(f"{path.stem}-") for each in kept]
    known = [int(name) for name in names if name.isdecimal()]
    return 1 + max([0 if before is None else before.number, *known])


class Current:
    """The parameters that hold now: the collection's own, else what fits its encoder.

    Looks at the file's time at each call, so that a service goes by new ones without a restart. A
    file that can't be used is said once in the log, and what held before goes on.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        self._path = path
        self._identity = identity
        self._seen: tuple[int, int] | None = None
        self._number = 0
        self._parameters = for_encoder(identity.encoder_fingerprint)

    def __call__(self) -> Parameters:
        """Return the parameters of this moment."""
        try:
            state = self._path.stat()
            stamp = (state.st_mtime_ns, state.st_ino)
        except FileNotFoundError:
            stamp = None
        if stamp != self._seen:
            self._seen = stamp
            self._load()
        return self._parameters

    @property
    def number(self) -> int:
        """The number of the collection's own parameters, 0 for the defaults."""
        self()
        return self._number

    def _load(self) -> None:
        try:
            tuned = read(self._path)
        except BadParameters as error:
            _log.warning("%s; the parameters before it stay", error)
            return
        if tuned is not None and not tuned.fits(self._identity):
            _log.warning(
                "%s was fitted with another encoder or text analysis and is passed over: "
                "run 'engine tune' again",
                self._path.name,
            )
            tuned = None
        if tuned is None:
            self._parameters, self._number = for_encoder(self._identity.encoder_fingerprint), 0
        else:
            self._parameters, self._number = tuned.parameters, tuned.number
