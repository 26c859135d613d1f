"""Which of two states of a pin is the newer one. Knows nothing of pins or stores."""

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

from engine.errors import BadPin

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Age(Enum):
    """What one version is beside another; UNKNOWN where the two have no clock in common."""

    OLDER = "older"
    SAME = "same"
    NEWER = "newer"
    UNKNOWN = "unknown"


class Version(NamedTuple):
    """When a state of a pin came about, as far as anybody said so.

    updated_us: the pin's `updated_at` in whole microseconds since 1970.
    sequence: its number in a stream whose numbers only grow.
    """

    updated_us: int | None = None
    sequence: int | None = None

    def beside(self, other: "Version") -> Age:
        """Compare by time; where that is equal or one has none, by sequence."""
        age = Age.UNKNOWN
        for mine, theirs in zip(self, other, strict=True):
            if mine is None or theirs is None:
                continue
            if mine != theirs:
                return Age.NEWER if mine > theirs else Age.OLDER
            age = Age.SAME
        return age

    def after(self, other: "Version | None") -> "Version":
        """Return the version of a state that replaces `other`; what this lacks stays as it was.

        So a write without a version does not open the way for the writes before it.
        """
        if other is None:
            return self
        updated = other.updated_us if self.updated_us is None else self.updated_us
        return Version(updated, other.sequence if self.sequence is None else self.sequence)


UNVERSIONED: Final = Version()


def version(updated_at: datetime | None, sequence: int | None = None) -> Version:
    """Return the version that a pin's `updated_at` and a stream's number make."""
    return Version(None if updated_at is None else microseconds(updated_at), sequence)


def microseconds(moment: datetime) -> int:
    """Return whole microseconds since 1970 in UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def require_plausible(updated_at: datetime | None, max_ahead: timedelta) -> None:
    """Raise BadPin when a time lies so far ahead that it would lock out all later updates."""
    if updated_at is None:
        return
    limit = datetime.now(UTC) + max_ahead
    if updated_at > limit:
        raise BadPin(
            f"updated_at {updated_at.isoformat()} lies more than {max_ahead} ahead of this "
            "machine's clock: correct it or the clock, or raise ENGINE_VERSIONS__MAX_AHEAD_S"
        )
