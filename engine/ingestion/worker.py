"""What a worker does with what arrives: take it, tell what failed for good from what may pass.

The work is the same for a queue and a folder. Knows nothing of where jobs come from, nor of where
pins go: a `Sink` takes them.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from engine.errors import EngineError, StoreError, UnknownPin
from engine.ingestion.admission import Change
from engine.ingestion.arrivals import Arrival
from engine.ingestion.changes import Deletion
from engine.ingestion.dead import DeadLetter
from engine.ingestion.outcome import Outcome
from engine.jsonl import BadLine
from engine.pins import pin_to_json

Kind = Literal["upsert", "patch", "delete"]
Status = Literal["added", "updated", "unchanged", "deleted", "rejected", "failed"]
KINDS: Final[tuple[Kind, ...]] = ("upsert", "patch", "delete")
# Slugs of what is wrong with a pin today and may be right tomorrow.
PASSING: Final = frozenset({"host-unavailable"})
log = logging.getLogger("engine.worker")


class Sink(Protocol):
    """Where pins go."""

    def take(self, items: Sequence[Change | BadLine]) -> list[Outcome]:
        """Take what arrived and say of each, in its order, what became of it.

        All of that is on disk and searchable when the call returns. Raises StoreError.
        """
        ...

    def settle(self) -> None:
        """Do what is better done while nothing arrives; may stop the process for a while."""
        ...


@dataclass(frozen=True)
class Job:
    """One thing to do.

    kind: of the message, as in a dead letter. value: what arrived, as JSON.
    pin_id: as far as it could be read, also where `item` is a BadLine.
    """

    kind: Kind
    pin_id: str | None
    origin: str
    value: Mapping[str, Any]
    item: Change | BadLine


@dataclass(frozen=True)
class Settled:
    """What became of a job.

    status: `rejected` is for good; `failed` may pass, so the job is worth another attempt.
    """

    job: Job
    status: Status
    error: Exception | None = None
    stage: str = "take"

    @property
    def ok(self) -> bool:
        """Whether the job is done."""
        return self.error is None

    def letter(self, key: str, attempts: int) -> DeadLetter:
        """Return the dead letter of a job that failed."""
        item = self.job.item
        return DeadLetter.of(
            key=key,
            kind=self.job.kind,
            pin_id=self.job.pin_id,
            value=self.job.value,
            base=None if isinstance(item, BadLine | Deletion) else item.base,
            origin=self.job.origin,
            stage="read" if isinstance(item, BadLine) else self.stage,
            error=self.error.slug if isinstance(self.error, EngineError) else "internal-error",
            message=" ".join(str(self.error).split()) or type(self.error).__name__,
            attempts=attempts,
            sequence=None if isinstance(item, BadLine) else item.sequence,
        )


def job_of(item: Arrival | BadLine) -> Job:
    """Return the job that a pin of a file is."""
    if isinstance(item, BadLine):
        return Job("upsert", None, f"{item.file}:{item.number}", {}, item)
    return Job("upsert", item.pin.id, item.origin, pin_to_json(item.pin), item)


def work(jobs: Sequence[Job], sink: Sink) -> list[Settled]:
    """Do jobs in their order; the answers are in the same order.

    Raises StoreError when the store is at fault, which no single job is to pay for: whatever was
    written by then comes back as unchanged when the jobs are done again.
    """
    try:
        outcomes = sink.take([job.item for job in jobs])
    except StoreError:
        raise
    except Exception as error:
        # One pin that breaks something unforeseen must not take its neighbours with it.
        if len(jobs) > 1:
            return [settled for job in jobs for settled in work([job], sink)]
        log.warning("%s failed", jobs[0].origin, exc_info=not isinstance(error, EngineError))
        return [Settled(jobs[0], "failed", error)]
    return [_settled(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True)]


def _settled(job: Job, outcome: Outcome) -> Settled:
    error = outcome.error
    if error is None:
        return Settled(job, outcome.status)
    # The pin that a patch is for may still be on its way.
    early = job.kind == "patch" and isinstance(error, UnknownPin)
    return Settled(job, "failed" if early or error.slug in PASSING else "rejected", error)
