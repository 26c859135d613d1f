"""The feedback route: what people did with answers, kept for `engine tune --feedback`.

It changes no score: parameters alone are fitted to it, and only when somebody tunes.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from engine.errors import BadQuery
from engine.pins import pin_id
from engine.retrieval.cursors import Cursors
from engine.serving.bodies import decoded, json_body
from engine.serving.deadlines import InTime
from engine.serving.models import SearchRequest
from engine.serving.service import Serving
from engine.serving.writers import writing
from engine.store.feedback_log import Event

router = APIRouter(tags=["feedback"], route_class=InTime)

MAX_BATCH = 1_000
MAX_SHOWN = 200
MAX_QUERY = 4_000
# Paging and showing are no part of what was asked.
_NOT_ASKED = {"limit", "cursor", "explain", "min_relevance"}

_CLICK: Final[dict[str, Any]] = {
    "event": "click",
    "query": {"text": "red dress"},
    "pin": "dress-010",
    "rank": 2,
    "shown": ["dress-001", "dress-010", "gown-1"],
    "answer": "5f0c",
}
_VIEW: Final[dict[str, Any]] = {
    "event": "view",
    "query": {"text": "sofa"},
    "shown": ["room-1", "room-2"],
}


class FeedbackEvent(BaseModel):
    """What was done with one pin of an answer, or with none of it (`view`)."""

    model_config = ConfigDict(extra="forbid")

    event: Literal["click", "save", "hide", "view"]
    query: SearchRequest = Field(description="what was asked, as /v1/search takes it")
    pin: str | None = Field(None, description="id of the pin; none with `view`")
    rank: int | None = Field(
        None, ge=1, description="its place in the whole answer, from 1; none with `view`"
    )
    shown: list[str] = Field(
        min_length=1, max_length=MAX_SHOWN, description="ids of the page as shown, in order"
    )
    answer: str = Field(
        "",
        max_length=64,
        description="what tells this answer from others of the query: events that share it count "
        "as one look at it",
    )
    at: AwareDatetime | None = Field(None, description="RFC 3339; now, if left out")

    def to_event(self, max_bytes: int, cursors: Cursors) -> Event:
        """Return the event to keep; raise BadQuery, BadFilter or BadPin."""
        query = self.query.to_query(max_bytes)
        cursor = self.query.cursor
        # Of any query: what was sent with it may leave out what does not change the answer.
        before = 0 if cursor is None else len(cursors.read(cursor, None))
        told = self.query.model_dump(mode="json", exclude_defaults=True, exclude=_NOT_ASKED)
        if any(part.kind == "image" for part in query.parts):
            raise BadQuery(
                "feedback on a query with a picture of its own is not kept: leave it out"
            )
        if len(str(told)) > MAX_QUERY:
            raise BadQuery(f"the query of an event is longer than {MAX_QUERY:,} characters")
        shown = tuple(pin_id(each) for each in self.shown)
        if len(set(shown)) < len(shown):
            raise BadQuery("shown names a pin twice: give each once, in order")
        self._check_place(before, shown)
        at = (self.at or datetime.now(UTC)).isoformat(timespec="seconds")
        return Event(self.event, told, self.pin, before + 1, shown, self.answer, at)

    def _check_place(self, before: int, shown: tuple[str, ...]) -> None:
        if self.event == "view":
            if self.pin is not None or self.rank is not None:
                raise BadQuery("a view is of no pin: leave pin and rank out")
            return
        if self.pin is None or self.rank is None:
            raise BadQuery(f"a {self.event} needs a pin and its rank")
        if self.pin not in shown:
            raise BadQuery(f"pin {self.pin[:128]!r} is not among those shown")
        place = before + shown.index(self.pin) + 1
        if self.rank != place:
            raise BadQuery(
                f"rank {self.rank} is not that of pin {self.pin!r}, which stands at {place} by "
                "shown and the query's cursor"
            )


class FeedbackAnswer(BaseModel):
    """How many events were kept; dropped are those about pins that are not in the collection."""

    kept: int
    dropped: int


_ONE = {"$ref": "#/components/schemas/FeedbackEvent"}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [_ONE, {"type": "array", "maxItems": MAX_BATCH, "items": _ONE}]
                },
                "examples": {"one": {"value": _CLICK}, "batch": {"value": [_CLICK, _VIEW]}},
            }
        },
    }
}


@router.post("/feedback", response_model=FeedbackAnswer, openapi_extra=_BODY)
@writing
def post_feedback(service: Serving, body: Annotated[bytes, Depends(json_body)]) -> dict[str, int]:
    """Keep one event, or up to 1,000: a pin was clicked, saved or hidden, or an answer just seen.

    No score follows from it. `engine tune --feedback` makes judgments of events, corrected for the
    place at which a pin stood, and fits weights and calibrations to them. One bad event refuses
    the whole batch. Events about a pin go when the pin goes.
    """
    value = decoded(body)
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_BATCH:
        raise BadQuery(f"{len(values):,} events; the limit is {MAX_BATCH:,}: split the batch")
    try:
        events = [FeedbackEvent.model_validate(each) for each in values]
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False)) from None
    kept = service.keep_feedback(
        [
            each.to_event(service.workspace.limits.bytes, service.workspace.belongings.cursors)
            for each in events
        ]
    )
    return {"kept": kept, "dropped": len(events) - kept}
