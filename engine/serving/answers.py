"""What the routes answer, as models: the schema of the contract's JSON.

`retrieval/answers.py` makes that JSON; here it is described and checked on its way out.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from engine.pins import pin_to_json
from engine.store.records import Record, StoredPin

Score = Annotated[float, Field(ge=0, le=1)]

PIN: JsonDict = {
    "id": "dress-001",
    "image": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "description": "Red summer dress with white dots",
    "board_title": "Summer dresses",
    "link": "https://shop.example/dresses/1",
    "price": "39.90",
    "currency": "EUR",
    "merchant": "Example Shop",
    "created_at": "2026-05-01T09:30:00Z",
    "language": "en",
    "attributes": {"kind": "dress", "colour": "red"},
}


class PinAnswer(BaseModel):
    """A pin; what is not known of it is absent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [PIN]})

    id: str
    image: str = Field(description="as it arrived; `sha256:…` for a picture that came inline")
    description: str | None = None
    board_title: str | None = None
    link: str | None = None
    price: str | None = Field(None, description="decimal")
    currency: str | None = None
    merchant: str | None = None
    created_at: str | None = Field(None, description="RFC 3339, UTC")
    updated_at: str | None = Field(None, description="RFC 3339, UTC")
    language: str | None = None
    attributes: dict[str, str] | None = None
    blocked: bool | None = Field(None, description="true: no answer has the pin; not in hits")
    withheld: str | None = Field(
        None, description="why a classifier keeps the pin out of every answer; not in hits"
    )
    duplicate_of: str | None = Field(
        None, description="the first pin with nearly this picture; not in hits"
    )


def pin_answer(stored: StoredPin | Record) -> dict[str, Any]:
    """Return the JSON of a pin as it is stored, with what its owner may want to know of it."""
    more: dict[str, Any] = {"blocked": True} if stored.blocked else {}
    if stored.withheld is not None:
        more["withheld"] = stored.withheld
    if stored.duplicate_of is not None:
        more["duplicate_of"] = stored.duplicate_of
    return pin_to_json(stored.pin) | more


class TextWhy(BaseModel):
    """The lexical leg: BM25 of each field, before weights."""

    description_bm25: float
    board_bm25: float
    matched_terms: dict[str, list[str]] = Field(description="analysed terms by field")
    rank: int | None = Field(description="1-based place in this leg; null if not found by it")


class RegionWhy(BaseModel):
    """A thing in the picture that matched better than the whole picture."""

    box: str = Field(description="x,y,w,h in fractions of the picture")
    label: str | None = Field(description="null where no label fits surely")
    cosine: float


class ImageWhy(BaseModel):
    """The vector leg."""

    cosine: float
    rank: int | None = Field(description="1-based place in this leg; null if not found by it")
    region: RegionWhy | None = Field(
        None, description="in a collection that keeps region vectors, the thing that matched"
    )


class CalibratedWhy(BaseModel):
    """Both signals in [0, 1], ready to be mixed."""

    lexical: Score
    lexical_from: str = Field(description="`text`, `neighbours` for a pin without text, or `none`")
    visual: Score


class WeightsWhy(BaseModel):
    """Each signal's share in the score."""

    lexical: Score
    visual: Score


class WhyAnswer(BaseModel):
    """Why a hit stands where it stands."""

    found_by: list[str] = Field(description="the legs that found it")
    text: TextWhy
    image: ImageWhy
    calibrated: CalibratedWhy
    mixed: Score = Field(description="both by weight, or as the collection's parameters say")
    weights: WeightsWhy


class CollapsedAnswer(BaseModel):
    """Pins with nearly the picture of a hit that answer too, and that the hit stands for."""

    count: int = Field(ge=1)
    ids: list[str] = Field(max_length=10, description="the first few, best first")


class PictureAnswer(BaseModel):
    """How large the kept picture is, in pixels."""

    width: int = Field(ge=1)
    height: int = Field(ge=1)


class HitAnswer(BaseModel):
    """A pin that answers; `why` with `explain` alone, `duplicates` where there are any."""

    id: str
    score: Score = Field(description="how likely the pin is what was asked for")
    rank_score: Score | None = Field(
        None,
        description="what the order follows in a feed, and in the first 100 hits where `diversity` "
        "or a person's taste re-ranks",
    )
    interest: str | None = Field(
        None, description="the liked pin that tells the interest which brought this one"
    )
    duplicates: CollapsedAnswer | None = None
    picture: PictureAnswer | None = Field(None, description="absent where none is kept")
    pin: PinAnswer
    why: WhyAnswer | None = None


class SearchAnswer(BaseModel):
    """One page of hits, best first."""

    hits: list[HitAnswer]
    next: str | None = Field(description="cursor of the next page; null on the last")
    nothing_relevant: bool = Field(
        description="whether it is unlikely that anything here is what was asked for"
    )
    corrections: dict[str, str] = Field(
        description="words that no pin says, as asked, and what they were read as"
    )
    took_ms: float
    degraded: list[str] | None = Field(
        None, description="what a part of the store could not answer; hits are without it"
    )


class SuggestionAnswer(BaseModel):
    """What a half-typed query may become."""

    text: str
    kind: Literal["words", "board"] = Field(description="words that pins say, or a board's title")
    pins: int = Field(description="how many pins say them, or are on that board")


class SuggestAnswer(BaseModel):
    """Suggestions, most useful first."""

    suggestions: list[SuggestionAnswer]
    did_you_mean: str | None = Field(description="only where nothing begins as typed")


class FacetValue(BaseModel):
    """One value and how many pins have it."""

    value: str
    pins: int


class FacetAnswer(BaseModel):
    """The commonest values of one key, as a filter takes it, commonest first."""

    key: str
    values: list[FacetValue]


class FacetsAnswer(BaseModel):
    """Facets, in the order asked for."""

    facets: list[FacetAnswer]
    took_ms: float


class BoardSize(BaseModel):
    """A board and how many pins it has."""

    title: str
    pins: int


class BoardList(BaseModel):
    """The largest boards, largest first."""

    boards: list[BoardSize]


class RelatedBoard(BaseModel):
    """A board like another, and its pins that say so."""

    title: str
    score: Score
    hits: list[HitAnswer]


class RelatedBoards(BaseModel):
    """Boards, best first."""

    boards: list[RelatedBoard]
    took_ms: float


class PinOutcome(BaseModel):
    """What became of one pin of a batch; `number` is its place in the list, from 1."""

    number: int
    id: str | None = Field(description="null where none could be read")
    status: Literal["added", "updated", "unchanged", "rejected"]
    reason: str | None = Field(
        None, description="why it was rejected, or why it is right that nothing changed"
    )
    type: str | None = Field(
        None,
        description="the kind of the reason, as in a problem's details",
        examples=["/problems/host-unavailable"],
    )
    duplicate_of: str | None = Field(
        None, description="the first pin with nearly the picture that this one came with"
    )


class SubmittedPin(BaseModel):
    """A pin of a batch that went to the queue; `number` is its place in the list, from 1."""

    number: int
    id: str | None = Field(description="null where none could be read")
    status: Literal["queued", "added", "updated", "unchanged", "deleted", "rejected"]
    reason: str | None = Field(None, description="why it was rejected")


class BatchAnswer(BaseModel):
    """What became of each pin of a batch, in its order."""

    results: list[PinOutcome]
    unknown_keys: dict[str, int] = Field(description="keys that no pin knows, and how often")


class QueuedAnswer(BaseModel):
    """What was handed to the queue; `status` says later what became of it."""

    ticket: str
    status: str = Field(description="path that tells of each pin", examples=["/v1/submissions/…"])
    queued: int
    results: list[SubmittedPin]
    unknown_keys: dict[str, int] = Field(description="keys that no pin knows, and how often")


class SubmissionAnswer(BaseModel):
    """What became of each pin of a submission, in its order."""

    ticket: str
    results: list[SubmittedPin]


class Takedown(BaseModel):
    """What does not come back."""

    kind: Literal["pin", "picture"]
    value: str = Field(description="a pin's id, or a picture's SHA-256")
    reason: str
    since: str = Field(description="RFC 3339")


class TakedownList(BaseModel):
    """All that was taken down, oldest first."""

    takedowns: list[Takedown]


class RemovedAnswer(BaseModel):
    """The pins that a takedown removed."""

    removed: list[str]


class LiftedAnswer(BaseModel):
    """Whether something was taken off the list of takedowns."""

    lifted: bool = Field(description="false if it was not on the list")


class Info(BaseModel):
    """What this server serves."""

    collection: str
    pins: int
    unindexed: int = Field(description="vectors outside the graph, which are searched one by one")
    encoder: str = Field(description="fingerprint")
    dimension: int
    regions: int = Field(description="things of a picture that are kept with vectors of their own")
    analysis: str = Field(description="fingerprint of the text analysis")
    parameters: int | Literal["defaults"] = Field(
        description="version of the collection's own parameters, see `engine tune`"
    )
    store: str = Field(description="`embedded`, or the address of the Qdrant server")
    data: str = Field(description="the data folder")
    disk_bytes: int | None


class Alive(BaseModel):
    """The process runs."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """The encoder is loaded and the store answers."""

    status: Literal["ready"] = "ready"
