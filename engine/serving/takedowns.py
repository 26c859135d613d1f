"""The takedown routes: pins and pictures that are removed for good, and the list of them."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from engine.serving.answers import LiftedAnswer, RemovedAnswer, TakedownList
from engine.serving.deadlines import InTime
from engine.serving.service import Serving
from engine.serving.writers import writing

router = APIRouter(prefix="/takedowns", tags=["takedowns"], route_class=InTime)

Subject = Annotated[Literal["pin", "picture"], Path(examples=["pin"])]
Value = Annotated[
    str, Path(description="a pin's id, or a picture's SHA-256", examples=["dress-009"])
]
Reason = Annotated[str, Query(max_length=1_000, examples=["asked by its owner"])]


@router.get("", response_model=TakedownList)
def get_takedowns(service: Serving) -> dict[str, Any]:
    """List what was taken down, oldest first."""
    return {"takedowns": [asdict(each) for each in service.workspace.eraser.takedowns()]}


@router.put("/{kind}/{value}", response_model=RemovedAnswer)
@writing
def put_takedown(
    service: Serving, kind: Subject, value: Value, reason: Reason = ""
) -> dict[str, Any]:
    """Remove a pin, or all pins that show a picture, for good.

    Index, kept pictures and dead letters lose it, and it does not come back until it is taken off
    the list. It needs not be here yet.
    """
    return {"removed": service.take_down(kind, value, reason)}


@router.delete("/{kind}/{value}", response_model=LiftedAnswer)
@writing
def delete_takedown(service: Serving, kind: Subject, value: Value) -> dict[str, Any]:
    """Take something off the list, so that it may come again."""
    return {"lifted": service.workspace.eraser.reinstate(kind, value)}
