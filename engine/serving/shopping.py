"""The routes of what is in a picture and where to buy it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from engine.serving.answers import Score
from engine.serving.deadlines import InTime
from engine.serving.recognize import RecognizeRequest
from engine.serving.service import Serving
from engine.serving.shop import ShopRequest

router = APIRouter(tags=["discovery"], route_class=InTime)


class LabelAnswer(BaseModel):
    """What a picture may be called in one facet."""

    facet: Literal["kind", "product", "place", "style", "colour"]
    label: str
    confidence: Score = Field(description="the probability that it is right")
    evidence: list[str] = Field(description="pins that say it; none where only the encoder does")


class RecognizeAnswer(BaseModel):
    """What is in a picture, the likeliest label of a facet first."""

    sure: bool = Field(
        description="whether a kind, a product or a place is .7 likely; else each label is "
        "but a guess"
    )
    labels: list[LabelAnswer]
    took_ms: float


class OfferAnswer(BaseModel):
    """A pin that leads to where a thing can be had."""

    pin: str
    title: str | None
    price: str | None = Field(description="decimal")
    currency: str | None
    merchant: str | None
    link: str = Field(description="http or https")
    score: Score = Field(description="how likely the pin is what was asked for, as in a search")
    same_by: Literal["picture", "name", "title", "likeness"] | None = Field(
        description="why it is of this product; null for the pin that the others are compared with"
    )


class GroupAnswer(BaseModel):
    """One product and where it can be had, the cheapest first and those without a price last."""

    exact: bool = Field(description="whether it is the very thing, rather than one like it")
    score: Score = Field(description="how likely it is what was asked for; groups follow it")
    title: str
    offers: list[OfferAnswer]
    more: int = Field(description="offers beside these")


class RegionShopAnswer(BaseModel):
    """One thing of a picture and where to buy it."""

    box: str
    label: str | None
    groups: list[GroupAnswer]


class ShopAnswer(BaseModel):
    """Products that are offered: the very thing first, then those like it."""

    groups: list[GroupAnswer]
    regions: list[RegionShopAnswer] | None = None
    took_ms: float


Recognize = Annotated[
    RecognizeRequest,
    Body(
        openapi_examples={
            "pin": {"value": {"pin": "dress-001"}},
            "crop": {"value": {"pin": "dress-001", "crop": "0.1,0.1,0.8,0.8"}},
        }
    ),
]
Shop = Annotated[
    ShopRequest,
    Body(
        openapi_examples={
            "pin": {"value": {"pin": "dress-001", "filter": {"price": "10..80"}}},
            "words": {"value": {"text": "red dress", "limit": 5}},
            "look": {"value": {"pin": "dress-001", "regions": True, "limit": 3}},
        }
    ),
]


@router.post("/recognize", response_model=RecognizeAnswer)
def post_recognize(service: Serving, request: Recognize) -> dict[str, Any]:
    """Say what is in a picture: kind, product, place, style and colour, or that it isn't sure."""
    return service.ask(request)


@router.post("/shop", response_model=ShopAnswer, response_model_exclude_unset=True)
def post_shop(service: Serving, request: Shop) -> dict[str, Any]:
    """Find where to buy what a picture shows: the very product first, then similar ones."""
    return service.ask(request)
