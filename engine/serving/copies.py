"""The routes of copies: those of one pin, and all groups."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field

from engine.discovery.duplicates import MAX_LIMIT
from engine.serving.answers import Score
from engine.serving.deadlines import InTime
from engine.serving.duplicates import DuplicatesRequest
from engine.serving.pins import PinId
from engine.serving.service import Serving

EXAMPLES = Body(
    openapi_examples={"a pin": {"value": {"pin": "dress-001"}}, "all groups": {"value": {}}}
)

router = APIRouter(tags=["pins"], route_class=InTime)


class DuplicateAnswer(BaseModel):
    """A pin that shows what another one shows, or looks like it."""

    id: str
    kind: Literal["same", "near", "alike"] = Field(
        description="`same` bytes; `near`: one picture, changed; `alike`: another, by its vector"
    )
    similarity: Score


class DuplicatesAnswer(BaseModel):
    """Copies of one pin, surest first, or all groups of pins that show one picture."""

    duplicates: list[DuplicateAnswer] | None = None
    groups: list[list[str]] | None = Field(None, description="ids of pins, largest group first")
    took_ms: float


@router.post("/duplicates", response_model=DuplicatesAnswer, response_model_exclude_unset=True)
def post_duplicates(
    service: Serving, body: Annotated[DuplicatesRequest, EXAMPLES]
) -> dict[str, Any]:
    """Find the copies of a pin, or all groups of pins that show one picture."""
    return service.ask(body)


@router.get(
    "/pins/{id:pin}/duplicates",
    response_model=DuplicatesAnswer,
    response_model_exclude_unset=True,
)
def get_duplicates(
    service: Serving,
    identity: PinId,
    limit: Annotated[int, Query(description=f"1 to {MAX_LIMIT}", examples=[20])] = 20,
) -> dict[str, Any]:
    """Find pins that show what a pin shows, and pins that look like it."""
    return service.ask(DuplicatesRequest(pin=identity, limit=limit))
