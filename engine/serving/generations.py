"""The route that switches the encoder, for `engine reindex`; only over an embedded collection."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from engine.serving.deadlines import InTime
from engine.serving.service import Serving
from engine.serving.writers import writing

router = APIRouter(prefix="/generations", tags=["service"], route_class=InTime)

Name = Annotated[
    str, Path(description="its folder in the collection's", examples=["generation-0a1b2c3d4e5f"])
]
LeaveOut = Annotated[
    bool, Query(description="lose pins whose pictures are not kept, which can't be encoded")
]


class SwitchedAnswer(BaseModel):
    """What was brought in since the generation was filled."""

    written: int
    encoded: int
    unchanged: int
    removed: int
    lost: int = Field(description="pins that could not be encoded")


@router.post("/{name}/switch", response_model=SwitchedAnswer)
@writing
def post_switch(service: Serving, name: Name, leave_out: LeaveOut = False) -> dict[str, Any]:
    """Answer by another encoder from now on, out of a generation that `engine reindex` filled.

    What was written meanwhile is brought in first; searches and writes go on. It takes as long as
    it takes to compare all pins.
    """
    brought = service.switch(name, leave_out=leave_out)
    return brought.to_json()
