"""The route that backups begin with: a copy of the collection as it is between two writes.

Only over an embedded collection; `engine backup` reads the copy and removes it.
"""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from engine.serving.deadlines import InTime
from engine.serving.service import Serving
from engine.serving.writers import writing

router = APIRouter(prefix="/snapshots", tags=["service"], route_class=InTime)


class SnapshotAnswer(BaseModel):
    """A snapshot that another process of this machine may open."""

    snapshot: str = Field(
        description="its folder in the collection's", examples=["snapshot-0a1b2c"]
    )
    pins: int
    held_ms: float = Field(description="for how long writes waited")


@router.post("", response_model=SnapshotAnswer, status_code=201)
@writing
def post_snapshot(service: Serving) -> dict[str, Any]:
    """Copy all as it is now, for a backup; searches go on, and writes wait for milliseconds.

    Snapshots that nobody has opened within ten minutes go with the next one.
    """
    taken = service.snapshot()
    held = round(taken.held_ms, 3)
    return {"snapshot": taken.folder.name, "pins": taken.pins, "held_ms": held}
