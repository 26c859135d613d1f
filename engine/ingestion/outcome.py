"""What became of what arrived. Knows nothing of how it was taken in."""

from dataclasses import dataclass
from typing import Literal

from engine.errors import UsageError

Status = Literal["added", "updated", "unchanged", "deleted", "rejected"]


@dataclass(frozen=True)
class Outcome:
    """What became of one arrival.

    error: why it was rejected.
    ignored: why it is right that it changed nothing: StaleVersion or TakenDown.
    duplicate_of: the first pin that shows the same picture, if an arriving picture is not new.
    """

    origin: str
    pin_id: str | None
    status: Status
    error: UsageError | None = None
    ignored: UsageError | None = None
    duplicate_of: str | None = None

    @property
    def reason(self) -> str | None:
        """The message of either."""
        why = self.error or self.ignored
        return None if why is None else str(why)
