"""Where a client asks what became of the pins that it handed to the queue."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.exceptions import HTTPException

from engine.serving.answers import SubmissionAnswer
from engine.serving.deadlines import InTime
from engine.serving.service import Serving

router = APIRouter(prefix="/submissions", tags=["pins"], route_class=InTime)


@router.get("/{ticket}", response_model=SubmissionAnswer, response_model_exclude_unset=True)
def get_submission(
    service: Serving,
    ticket: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{16}$", examples=["Zm9yLWV4YW1wbGU1"])],
) -> dict[str, Any]:
    """Say of each pin of a batch whether it still waits and what became of it, for a day."""
    queue = service.queue
    results = queue.submission(ticket) if queue is not None else None
    if results is None:
        raise HTTPException(404, f"no submission {ticket!r}: its status is kept for a day")
    return {"ticket": ticket, "results": results}
