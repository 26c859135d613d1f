"""The routes of what a picture holds: each answers one kind of request."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from engine.serving.answers import SearchAnswer
from engine.serving.deadlines import InTime
from engine.serving.feed import FeedRequest
from engine.serving.regions import RegionsRequest
from engine.serving.segments import AudienceRequest, SegmentsRequest
from engine.serving.service import Serving

router = APIRouter(tags=["discovery"], route_class=InTime)


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


class SegmentAnswer(BaseModel):
    """Pins that show one kind of thing."""

    id: str = Field(description="stays when segments are found anew")
    name: str
    words: list[str] = Field(description="most telling first")
    covers: list[str] = Field(description="ids of pins that show best what it is")
    pins: int


class SegmentsAnswer(BaseModel):
    """What a collection is made of, largest segment first."""

    segments: list[SegmentAnswer]
    pins: int
    took_ms: float


class EvidenceAnswer(BaseModel):
    """A pin that speaks for something."""

    id: str
    score: float = Field(ge=0, le=1)


class AddressedAnswer(BaseModel):
    """Who is spoken to, and the pins that say so, best first."""

    score: float = Field(ge=0, le=1)
    evidence: list[EvidenceAnswer]


class AddressedSegment(SegmentAnswer, AddressedAnswer):
    """A segment that a creative speaks to."""


class AddressedBoard(AddressedAnswer):
    """A board that a creative speaks to."""

    title: str


class AddressedPerson(AddressedAnswer):
    """A person whom a creative speaks to."""

    name: str


class AudienceAnswer(BaseModel):
    """Whom a creative speaks to, each list best first."""

    segments: list[AddressedSegment]
    boards: list[AddressedBoard]
    people: list[AddressedPerson]
    took_ms: float


SegmentsBody = Annotated[
    SegmentsRequest, Body(openapi_examples={"as they are": {"value": {"count": 4}}})
]
AudienceBody = Annotated[
    AudienceRequest,
    Body(
        openapi_examples={
            "words": {"value": {"text": "red dress", "people": {"ann": ["dress-001"]}}}
        }
    ),
]


@router.post("/segments", response_model=SegmentsAnswer)
def post_segments(service: Serving, request: SegmentsBody) -> dict[str, Any]:
    """Say what the collection is made of: segments with names, words and covers."""
    return service.ask(request)


@router.post("/segments/audience", response_model=AudienceAnswer)
def post_audience(service: Serving, request: AudienceBody) -> dict[str, Any]:
    """Say which segments, boards and people a creative speaks to, with evidence."""
    return service.ask(request)


Feed = Annotated[
    FeedRequest,
    Body(
        openapi_examples={
            "newcomer": {"value": {}},
            "person": {"value": {"likes": ["dress-001", "dress-010"], "hides": ["room-1"]}},
        }
    ),
]


@router.post("/feed", response_model=SearchAnswer, response_model_exclude_unset=True)
def post_feed(service: Serving, request: Feed) -> dict[str, Any]:
    """Find what a person would like, by pins that were liked and hidden; never by popularity.

    `interest` names the liked pin that tells which interest brought a hit. Who has no likes yet
    gets pins that stand for the whole collection.
    """
    return service.ask(request)
