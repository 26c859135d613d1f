"""The pin routes: one pin in, out and away, a batch of them in, its picture, and pins like it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.convertors import Convertor, register_url_convertor

from engine.errors import BadImage, BadPin, UnknownPicture, UnknownPin
from engine.features.images import ImageLimits
from engine.ingestion.arrivals import Arrival
from engine.ingestion.changes import Patch
from engine.ingestion.outcome import Outcome
from engine.ingestion.pictures import is_url
from engine.ingestion.queue_client import QueueClient
from engine.jsonl import BadLine
from engine.pins import KNOWN_KEYS, Pin, moment, pin_from_json, pin_id
from engine.queries import parse_filter
from engine.retrieval.answers import answer_to_json
from engine.serving.answers import BatchAnswer, PinAnswer, QueuedAnswer, SearchAnswer, pin_answer
from engine.serving.bodies import decoded, json_body
from engine.serving.deadlines import InTime
from engine.serving.examples import NEW_PIN, PATCH_SCHEMA, PIN_SCHEMA
from engine.serving.models import SEQUENCE_HEADER, filter_pairs
from engine.serving.problems import TYPE
from engine.serving.search import Cursor, Diversity, Explain, Filters, Limit
from engine.serving.service import Service, Serving
from engine.serving.writers import writing
from engine.store.records import StoredPin, point_id

MAX_BATCH = 1_000
# A pin's picture may be replaced or taken down: after a minute it is asked for again, which is
# mostly answered with a 304. Never by a cache that others share, as a key may guard it.
CACHED = "private, max-age=60, must-revalidate"
router = APIRouter(prefix="/pins", tags=["pins"], route_class=InTime)


class _AnyId(Convertor[str]):
    """Takes whatever stands in an id's place, so that `pin_in_path` can say what is wrong with it.

    Also slashes and line breaks, which arrive percent-encoded.
    """

    regex = "(?s:.+)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("pin", _AnyId())


async def pin_in_path(
    identity: Annotated[str, Path(alias="id", examples=["dress-001"])],
) -> str:
    """Return the id in a path; raise BadPin if no pin can be called that."""
    return pin_id(identity)


async def sequences_in_header(
    sequence: Annotated[
        str | None, Header(alias=SEQUENCE_HEADER, pattern=r"^\d{1,18}(,\d{1,18})*$")
    ] = None,
) -> list[int]:
    """Return the numbers that a stream gave to what a request brings; none where none stand."""
    return [int(each) for each in sequence.split(",")] if sequence else []


PinId = Annotated[str, Depends(pin_in_path)]
Sequences = Annotated[list[int], Depends(sequences_in_header)]
JsonBody = Annotated[bytes, Depends(json_body)]


def _json(schema: dict[str, Any], example: object) -> dict[str, Any]:
    content = {"schema": schema, "examples": {"one": {"value": example}}}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


@router.post(
    "",
    response_model=BatchAnswer,
    response_model_exclude_unset=True,
    responses={202: {"model": QueuedAnswer, "description": "The pins wait in the queue"}},
    openapi_extra=_json(
        {"type": "array", "maxItems": MAX_BATCH, "items": PIN_SCHEMA}, [NEW_PIN, {"id": "no-image"}]
    ),
)
@writing
def post_pins(
    service: Serving,
    body: JsonBody,
    sequences: Sequences,
    prefer: Annotated[str | None, Header()] = None,
) -> Any:
    """Add or replace up to 1,000 pins; each is settled on its own.

    A pin that is older than what is there (by `updated_at`, or by `Engine-Sequence`, one number a
    pin with commas between them) changes nothing: it is `unchanged`, and the reason says why.

    Where a queue is configured the pins go there and the answer is 202, with the path of their
    status; `Prefer: wait=120` (RFC 7240) has them written at once all the same.

    A store that fails midway fails the request. Sending all of it again is safe and cheap: what was
    written by then comes back as unchanged.
    """
    values = decoded(body)
    if not isinstance(values, list):
        raise RequestValidationError([{"loc": ("body",), "msg": "a batch is a list of pins"}])
    if len(values) > MAX_BATCH:
        raise BadPin(f"the batch has {len(values):,} pins; the limit is {MAX_BATCH:,}: split it")
    counts = Counter(
        key[:80] for value in values if isinstance(value, dict) for key in value.keys() - KNOWN_KEYS
    )
    unknown = dict(counts.most_common(50))
    if service.queue is not None and "wait=" not in (prefer or ""):
        return _queued(service.queue, values, unknown, service.workspace.limits)
    if len(sequences) not in {0, len(values)}:
        raise BadPin(
            f"{SEQUENCE_HEADER} has {len(sequences):,} numbers for {len(values):,} pins: "
            "give one for each, or leave it out"
        )
    outcomes = service.take_in(_arrivals(values, sequences))
    return {"results": [_outcome(each, values) for each in outcomes], "unknown_keys": unknown}


@router.get("/{id:pin}/related", response_model=SearchAnswer, response_model_exclude_unset=True)
def get_related(
    service: Serving,
    identity: PinId,
    but: Annotated[
        str | None, Query(description="words for what should be different", examples=["blue"])
    ] = None,
    minus: Annotated[
        str | None, Query(description="words to move away from", examples=["dots"])
    ] = None,
    filters: Filters = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    diversity: Diversity = 0.0,
    explain: Explain = False,
) -> dict[str, Any]:
    """Find pins like a pin: never itself or its copies, and of near-identical pictures one."""
    answer = service.workspace.related(
        identity,
        but=but,
        minus=minus,
        filter_=parse_filter(filter_pairs(filters or ())),
        limit=limit,
        cursor=cursor,
        diversity=diversity,
        explain=explain,
    )
    return answer_to_json(answer)


@router.get(
    "/{id:pin}/image",
    response_class=Response,
    responses={
        200: {"description": "The picture", "content": {"image/jpeg": {}}},
        304: {"description": "The picture is still the one that the client has"},
    },
)
def get_image(
    service: Serving,
    identity: PinId,
    size: Annotated[
        Literal["full", "thumb"],
        Query(description="`thumb` has a longest side of 320 pixels at most"),
    ] = "full",
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return the picture of a pin as it is kept: upright, without metadata, made small."""
    key = _stored(service, identity).image_key
    tag = f"{key}-thumb" if size == "thumb" else str(key)
    headers = {"ETag": f'"{tag}"', "Cache-Control": CACHED}
    if key is not None and _matches(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    data = service.workspace.images.get(key) if key is not None else None
    if data is None or key is None:
        raise UnknownPicture(
            f"the picture of pin {identity[:60]!r} is not kept: see ENGINE_IMAGES__MODE"
        )
    if size == "thumb":
        data = service.thumbnails.of(key, data)
    return Response(data, headers=headers, media_type="image/jpeg")


# Below the longer paths, since an id takes all that is left of one.
@router.get("/{id:pin}", response_model=PinAnswer, response_model_exclude_unset=True)
def get_pin(service: Serving, identity: PinId) -> dict[str, Any]:
    """Return a pin as it is stored."""
    return pin_answer(_stored(service, identity))


@router.put(
    "/{id:pin}",
    response_model=PinAnswer,
    response_model_exclude_unset=True,
    responses={201: {"model": PinAnswer, "description": "The pin is new"}},
    openapi_extra=_json(PIN_SCHEMA, {key: NEW_PIN[key] for key in NEW_PIN if key != "id"}),
)
@writing
def put_pin(service: Serving, identity: PinId, body: JsonBody, sequences: Sequences) -> Response:
    """Add a pin, or replace the whole of it; its picture comes as a data: URI.

    One that is older than what is there (or than the pin's deletion), by `updated_at`, changes
    nothing: 409 `stale-version`. What was taken down stays out: 409 `taken-down`.
    """
    value = decoded(body)
    if isinstance(value, dict) and value.setdefault("id", identity) != identity:
        raise BadPin(f"id {str(value['id'])[:60]!r} is not the {identity[:60]!r} of the address")
    pin, _ = pin_from_json(value)
    _require_inline_or_url(pin)
    added = _settled(service, Arrival(pin, None, identity, _one(sequences))).status == "added"
    return JSONResponse(pin_answer(_stored(service, identity)), 201 if added else 200)


@router.patch(
    "/{id:pin}",
    response_model=PinAnswer,
    response_model_exclude_unset=True,
    openapi_extra=_json(PATCH_SCHEMA, {"price": "19.90", "merchant": None}),
)
@writing
def patch_pin(
    service: Serving, identity: PinId, body: JsonBody, sequences: Sequences
) -> dict[str, Any]:
    """Change what is given of a pin and leave the rest: a JSON merge patch (RFC 7396).

    One whose `updated_at` is older than the pin's changes nothing: 409 `stale-version`.
    """
    changes = decoded(body)
    if not isinstance(changes, dict):
        raise RequestValidationError([{"loc": ("body",), "msg": "a patch is a JSON object"}])
    if changes.pop("id", identity) != identity:
        raise BadPin(f"a patch can't rename pin {identity[:60]!r}: delete it and send it anew")
    _settled(service, Patch(identity, changes, None, identity, _one(sequences)))
    return pin_answer(_stored(service, identity))


@router.delete("/{id:pin}", status_code=204, response_class=Response)
@writing
def delete_pin(
    service: Serving,
    identity: PinId,
    sequences: Sequences,
    updated_at: Annotated[
        str | None,
        Query(description="the deletion's version, RFC 3339", examples=["2026-05-02T00:00:00Z"]),
    ] = None,
) -> None:
    """Delete a pin.

    With a version also one that has yet to come; if a newer state is there, 409 `stale-version`.
    """
    when = moment(updated_at) if updated_at else None
    service.delete(identity, when, _one(sequences))


def _settled(service: Service, item: Arrival | Patch) -> Outcome:
    """Take in one item; raise the reason if it changed nothing that it meant to change."""
    [outcome] = service.take_in([item])
    if (why := outcome.error or outcome.ignored) is not None:
        raise why
    return outcome


def _one(sequences: list[int]) -> int | None:
    if len(sequences) > 1:
        raise BadPin(f"{SEQUENCE_HEADER} has {len(sequences)} numbers for one pin: give one")
    return sequences[0] if sequences else None


def _stored(service: Service, identity: str) -> StoredPin:
    key = point_id(identity)
    stored = service.workspace.collection.pins([key]).get(key)
    if stored is None:
        raise UnknownPin(f"no pin {identity[:128]!r} is in this collection")
    return stored


def _require_inline_or_url(pin: Pin) -> None:
    if not pin.image.startswith("data:") and not is_url(pin.image):
        raise BadImage(
            f"image {pin.image[:60]!r} is a file path: over HTTP a picture comes inline, as "
            "data:image/jpeg;base64,…, or is a URL"
        )


def _arrivals(values: list[Any], sequences: Sequence[int] = ()) -> Iterator[Arrival | BadLine]:
    for number, (value, sequence) in enumerate(zip_longest(values, sequences), 1):
        try:
            pin, _ = pin_from_json(value)
            _require_inline_or_url(pin)
        except (BadPin, BadImage) as error:
            yield BadLine("pins", number, str(error))
        else:
            yield Arrival(pin, None, f"pins:{number}", sequence)


def _queued(
    queue: QueueClient, values: list[Any], unknown: dict[str, int], limits: ImageLimits
) -> JSONResponse:
    pins = [each.pin if isinstance(each, Arrival) else each for each in _arrivals(values)]
    sent = queue.publish(pins, limits)
    results: list[dict[str, Any]] = []
    for number, pin in enumerate(pins, 1):
        if isinstance(pin, BadLine):
            bad = {"id": _named(values[number - 1]), "status": "rejected", "reason": pin.reason}
            results.append({"number": number, **bad})
        else:
            results.append({"number": number, "id": pin.id, "status": "queued"})
    status = f"/v1/submissions/{sent.ticket}"
    queued = len(sent.sequences)
    answer = {"ticket": sent.ticket, "status": status, "queued": queued, "results": results}
    return JSONResponse(answer | {"unknown_keys": unknown}, 202, {"Location": status})


def _outcome(outcome: Outcome, values: list[Any]) -> dict[str, Any]:
    number = int(outcome.origin.rpartition(":")[2])
    known = outcome.pin_id if outcome.pin_id is not None else _named(values[number - 1])
    out = {"number": number, "id": known, "status": outcome.status}
    if outcome.duplicate_of is not None:
        out["duplicate_of"] = outcome.duplicate_of
    if (why := outcome.error or outcome.ignored) is not None:
        out |= {"reason": str(why), "type": TYPE + why.slug}
    return out


def _named(value: Any) -> str | None:
    try:
        return pin_id(value.get("id")) if isinstance(value, dict) else None
    except BadPin:
        return None


def _matches(header: str | None, tag: str) -> bool:
    """Say whether an If-None-Match header names the picture (weak comparison, RFC 9110, 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in (header or "").split(",")]
    return "*" in tags or f'"{tag}"' in tags
