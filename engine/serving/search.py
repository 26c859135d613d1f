"""The search routes: words in a URL, or a whole query as JSON or as a form with a picture."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from engine.retrieval.answers import answer_to_json
from engine.serving.answers import SearchAnswer
from engine.serving.bodies import body_of, decoded, media_type
from engine.serving.deadlines import InTime
from engine.serving.forms import form_of
from engine.serving.models import (
    DIVERSITY,
    EXAMPLE,
    EXAMPLE_FOR,
    EXAMPLE_MIX,
    SearchRequest,
    filter_pairs,
)
from engine.serving.service import Serving, service_in

router = APIRouter(tags=["search"], route_class=InTime)

Limit = Annotated[int, Query(description="hits on a page, 1 to 200")]
Cursor = Annotated[str | None, Query(description="`next` of the page before")]
Filters = Annotated[
    list[str] | None,
    Query(
        alias="filter",
        description="`key=value`, may be repeated: `price=10..50`, `attributes.kind=dress,skirt`, "
        "`has_text=no`",
        examples=[["price=10..80", "attributes.kind=dress,skirt"]],
    ),
]
MinRelevance = Annotated[
    float, Query(description="leave out pins less likely than this to be what is asked, 0 to 1")
]
Collapse = Annotated[
    bool, Query(description="of pins that show nearly the same picture, answer with the best alone")
]
Diversity = Annotated[float, Query(description=DIVERSITY)]
Explain = Annotated[bool, Query(description="say of each hit why it stands where it stands")]

_FORM = {
    "type": "object",
    "properties": {
        "image": {
            "type": "string",
            "format": "binary",
            "description": "an image file to look like",
        },
        "query": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "a SearchRequest as JSON; the other fields are laid over it",
        },
        "text": {"type": "string"},
        "pin": {"type": "string"},
        "crop": {"type": "string", "description": "x,y,w,h in fractions of the upright picture"},
        "minus": {"type": "string"},
        "filter": {
            "type": "array",
            "items": {"type": "string"},
            "description": "key=value, may be repeated",
        },
        "limit": {"type": "integer"},
        "cursor": {"type": "string"},
        "min_relevance": {"type": "number"},
        "collapse": {"type": "boolean"},
        "diversity": {"type": "number"},
        "explain": {"type": "boolean"},
    },
    "additionalProperties": False,
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/SearchRequest"},
                "examples": {
                    "words": {"value": EXAMPLE},
                    "mix": {"value": EXAMPLE_MIX},
                    "for": {"value": EXAMPLE_FOR},
                },
            },
            "multipart/form-data": {
                "schema": _FORM,
                "examples": {
                    "crop": {"value": {"crop": "0.1,0.1,0.8,0.8", "minus": "dots", "limit": 5}}
                },
            },
        },
    }
}


@dataclass(frozen=True)
class Asked:
    """A body as it was sent: JSON, or the fields of a form, with the file that came with them."""

    json: bytes = b""
    fields: dict[str, Any] | None = None
    image: bytes | None = None

    def request(self) -> SearchRequest:
        """Return the checked request; raise RequestValidationError."""
        value: Any = decoded(self.json) if self.json or self.fields is None else {}
        if self.fields is not None and isinstance(value, dict):
            given = value.get("filter")
            more = self.fields.get("filter", {})
            value = {**value, **self.fields}
            if isinstance(given, dict):
                value["filter"] = {**given, **more}
        try:
            return SearchRequest.model_validate(value)
        except ValidationError as error:
            raise RequestValidationError(error.errors(include_url=False)) from None


async def read_asked(request: Request) -> Asked:
    """Read the body of a search, whichever of both kinds it is."""
    kind = media_type(request)
    if kind == "multipart/form-data":
        form = await form_of(request, service_in(request).workspace.limits.bytes)
        try:
            return await _from_form(form)
        finally:
            await form.close()
    if kind in {"application/json", ""}:
        return Asked(json=await body_of(request))
    raise HTTPException(415, f"{kind[:80]} is not read here: send application/json or a form")


async def _from_form(form: FormData) -> Asked:
    fields: dict[str, Any] = {}
    filters: list[str] = []
    query, image = b"", None
    for key, value in form.multi_items():
        if isinstance(value, UploadFile):
            if key != "image":
                raise RequestValidationError(
                    [{"loc": ("body", key), "msg": "the only file is called image"}]
                )
            image = await value.read()
        elif key == "query":
            query = value.encode()
        elif key == "filter":
            filters.append(value)
        elif key in fields or key == "parts":
            raise RequestValidationError(
                [{"loc": ("body", key), "msg": "a form has each field once; parts go into query"}]
            )
        else:
            fields[key] = value
    if filters:
        fields["filter"] = filter_pairs(filters)
    return Asked(query, fields, image)


@router.get("/search", response_model=SearchAnswer, response_model_exclude_unset=True)
def get_search(
    service: Serving,
    q: Annotated[str | None, Query(description="words", examples=["red dress"])] = None,
    pin: Annotated[
        str | None, Query(description="id of a pin to look like", examples=["dress-001"])
    ] = None,
    crop: Annotated[
        str | None,
        Query(description="x,y,w,h: the part of the pin to use", examples=["0.1,0.1,0.8,0.8"]),
    ] = None,
    minus: Annotated[
        str | None, Query(description="words to move away from", examples=["dots"])
    ] = None,
    filters: Filters = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    min_relevance: MinRelevance = 0.0,
    collapse: Collapse = True,
    diversity: Diversity = 0.0,
    explain: Explain = False,
) -> dict[str, Any]:
    """Find pins by words, by a pin, or by both."""
    asked = SearchRequest(
        text=q,
        pin=pin,
        crop=crop,
        minus=minus,
        filter=filter_pairs(filters or ()),
        limit=limit,
        cursor=cursor,
        min_relevance=min_relevance,
        collapse=collapse,
        diversity=diversity,
        explain=explain,
    )
    workspace = service.workspace
    return answer_to_json(service.search(asked.to_query(workspace.limits.bytes)))


@router.post(
    "/search",
    response_model=SearchAnswer,
    response_model_exclude_unset=True,
    openapi_extra=_BODY,
)
def post_search(service: Serving, asked: Annotated[Asked, Depends(read_asked)]) -> dict[str, Any]:
    """Find pins by any signed mix of words, pictures and pins."""
    workspace = service.workspace
    query = asked.request().to_query(workspace.limits.bytes, asked.image)
    return answer_to_json(service.search(query))
