"""Requests as JSON: checked at the edge, then turned into the engine's own values.

Knows nothing of HTTP, so that the command line builds the same requests.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from engine.errors import BadFilter, BadImage, BadQuery
from engine.features.images import ImageLimits, data_uri
from engine.queries import MINUS, Crop, For, Part, Query, parse_filter, split_filter

# Carries the numbers that a stream gave to the pins of a request, with commas between them.
SEQUENCE_HEADER = "Engine-Sequence"
MAX_IMAGE_TEXT = 28_000_000
DIVERSITY = "how much being unlike the hits before counts beside relevance, 0 (not at all) to 1"
PERSON = "id of somebody whose likes and hides are kept (ENGINE_PEOPLE__KEEP); these are added"
ImageText = Annotated[str, Field(max_length=MAX_IMAGE_TEXT)]

EXAMPLE: JsonDict = {"text": "red dress", "limit": 5, "explain": True}
EXAMPLE_FOR: JsonDict = {
    "text": "dress",
    "for": {"likes": ["dress-001"], "hides": ["dress-010"], "strength": 0.5},
}
EXAMPLE_MIX: JsonDict = {
    "parts": [{"pin": "dress-001"}, {"text": "blue"}, {"text": "dots", "weight": -0.5}],
    "filter": {"price": "10..80", "attributes.kind": ["dress", "skirt"]},
    "diversity": 0.2,
}


class PartRequest(BaseModel):
    """One thing to look for: exactly one of `text`, `image`, `pin`; a weight below 0 subtracts."""

    model_config = ConfigDict(extra="forbid")

    text: str | None = None
    image: ImageText | None = Field(None, description="data: URI or base64 of an image file")
    pin: str | None = None
    crop: str | None = Field(None, description="x,y,w,h in fractions of the upright picture")
    weight: float = 1.0

    def to_part(self, max_bytes: int) -> Part:
        """Return the domain's part; raise BadQuery, BadCrop or BadImage."""
        given = [name for name in ("text", "image", "pin") if getattr(self, name) is not None]
        if len(given) != 1:
            raise BadQuery("each part has exactly one of text, image and pin")
        crop = Crop.parse(self.crop) if self.crop is not None else None
        if self.text is not None:
            return Part("text", self.text, self.weight, crop)
        if self.pin is not None:
            return Part("pin", self.pin, self.weight, crop)
        return Part("image", image_bytes(self.image or "", max_bytes), self.weight, crop)


class ForRequest(BaseModel):
    """For whom a search is made; ids of pins that are not here say nothing."""

    model_config = ConfigDict(extra="forbid")

    likes: list[str] = Field(default_factory=list, description="ids of pins, oldest like first")
    hides: list[str] = Field(default_factory=list, description="ids of pins, oldest first")
    strength: float = Field(0.5, description="how much it counts, 0 (not at all) to 1")
    person: str | None = Field(None, description=PERSON)


class SearchRequest(BaseModel):
    """A query: signed parts, or the shorthands `text`, `image`, `pin`, `minus`, or both."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [EXAMPLE, EXAMPLE_MIX]}
    )

    text: str | None = Field(None, description="words to look for")
    image: ImageText | None = Field(None, description="data: URI or base64 of an image file")
    pin: str | None = Field(None, description="id of a pin to look like")
    crop: str | None = Field(None, description="x,y,w,h: the part of `image`, or of `pin`, to use")
    minus: str | None = Field(None, description="words to move away from")
    parts: list[PartRequest] = Field(default_factory=list)
    filter: dict[str, Any] = Field(default_factory=dict)
    limit: int = 20
    cursor: str | None = Field(None, description="`next` of the page before")
    min_relevance: float = Field(
        0.0, description="leave out pins less likely than this to be what is asked, 0 to 1"
    )
    collapse: bool = Field(
        True, description="of pins that show nearly the same picture, answer with the best alone"
    )
    diversity: float = Field(0.0, description=DIVERSITY)
    person: ForRequest | None = Field(
        None, alias="for", description="re-rank the first 100 hits for a person"
    )
    explain: bool = False

    def to_query(self, max_bytes: int, image: bytes | None = None) -> Query:
        """Return the domain's query; `image` stands for an uploaded file."""
        if image is not None and self.image is not None:
            raise BadQuery("the image is given twice: as a file and as text")
        parts = [part.to_part(max_bytes) for part in self.parts]
        crop = Crop.parse(self.crop) if self.crop is not None else None
        if self.text is not None:
            parts.append(Part("text", self.text))
        if self.image is not None:
            image = image_bytes(self.image, max_bytes)
        if crop is not None and image is None and self.pin is None:
            raise BadQuery("a crop needs a picture: give an image or a pin beside it")
        if image is not None:
            parts.append(Part("image", image, crop=crop))
        if self.pin is not None:
            parts.append(Part("pin", self.pin, crop=crop if image is None else None))
        if self.minus is not None:
            parts.append(Part("text", self.minus, MINUS))
        return Query(
            parts=tuple(parts),
            filter=parse_filter(self.filter),
            limit=self.limit,
            cursor=self.cursor,
            explain=self.explain,
            min_relevance=self.min_relevance,
            collapse=self.collapse,
            diversity=self.diversity,
            person=self._for(),
        )

    def _for(self) -> For | None:
        if self.person is None:
            return None
        told = self.person
        return For(tuple(told.likes), tuple(told.hides), told.strength, told.person)


def filter_pairs(texts: Iterable[str]) -> dict[str, Any]:
    """Return the `filter` of a request from texts such as `price=10..50`."""
    pairs: dict[str, Any] = {}
    for text in texts:
        key, value = split_filter(text)
        if key in pairs:
            raise BadFilter(f"filter {key[:40]} is given twice: write {key[:40]}=a,b for either")
        pairs[key] = value
    return pairs


def image_bytes(text: str, max_bytes: int) -> bytes:
    """Return the bytes in a data: URI or in bare base64; raise BadImage or ImageTooLarge."""
    if text.startswith("data:"):
        return data_uri(text, ImageLimits(bytes=max_bytes))
    if "://" in text[:16]:
        raise BadImage("image is a URL, which is not fetched: send the picture as a data: URI")
    return data_uri(f"data:image/any;base64,{text}", ImageLimits(bytes=max_bytes))
