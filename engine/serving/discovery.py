"""The routes of what a picture holds: each answers one kind of request."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from engine.serving.regions import RegionsRequest
from engine.serving.service import Serving

router = APIRouter(tags=["discovery"])


class RegionAnswer(BaseModel):
    """A box that may hold a thing; it can be sent back as `crop`."""

    box: str = Field(description="x,y,w,h in fractions of the upright picture")
    label: str | None = Field(description="what it is; null where nothing fits surely")
    score: float = Field(ge=0, le=1, description="how likely the box fits one thing")
    vector: list[float] | None = Field(None, description="unit vector of what is in the box")


class RegionsAnswer(BaseModel):
    """The things in a picture, best first."""

    regions: list[RegionAnswer]
    took_ms: float


Regions = Annotated[
    RegionsRequest,
    Body(
        openapi_examples={
            "pin": {"value": {"pin": "dress-001", "limit": 5}},
            "crop": {"value": {"pin": "dress-001", "crop": "0.1,0.1,0.8,0.8"}},
        }
    ),
]


@router.post("/regions", response_model=RegionsAnswer, response_model_exclude_unset=True)
def post_regions(service: Serving, request: Regions) -> dict[str, Any]:
    """Find the things in a picture: boxes worth searching, with labels where they are sure."""
    return service.ask(request)
