"""What else than a whole pin may arrive: a change to a part of one, and its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.errors import BadPin
from engine.pins import Pin, moment, patched
from engine.store.versions import Version, version


@dataclass(frozen=True)
class Patch:
    """A JSON merge patch (RFC 7396) of one pin; see `Arrival` for the other fields.

    Its `updated_at`, if it has one, is its version.
    """

    pin_id: str
    changes: Mapping[str, Any]
    base: Path | None
    origin: str
    sequence: int | None = None

    @property
    def updated_at(self) -> datetime | None:
        """The time that the patch gives; BadPin when it is none."""
        given = self.changes.get("updated_at")
        if given is None or given == "":
            return None
        if not isinstance(given, str):
            raise BadPin("updated_at must be a string such as 2026-01-31T12:00:00Z")
        return moment(given)

    @property
    def version(self) -> Version:
        """How new the patch is; BadPin when its `updated_at` is no time."""
        return version(self.updated_at, self.sequence)

    def keeps_picture(self, pin: Pin) -> bool:
        """Say whether the patch leaves a pin's picture alone, also by repeating its name."""
        return bool(self.changes.get("image", pin.image) == pin.image)

    def applied(self, pin: Pin) -> Pin:
        """Return the patched pin, or raise BadPin."""
        return patched(pin, dict(self.changes))


@dataclass(frozen=True)
class Deletion:
    """The end of a pin as of a version; see `Arrival` for the other fields."""

    pin_id: str
    origin: str
    updated_at: datetime | None = None
    sequence: int | None = None

    @property
    def version(self) -> Version:
        """How new the end is."""
        return version(self.updated_at, self.sequence)
