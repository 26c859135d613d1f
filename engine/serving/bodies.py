"""Bodies of requests: read whole, decoded where no other request waits for it."""

from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import from_json
from starlette.exceptions import HTTPException


def media_type(request: Request) -> str:
    """Return the type of a request's body in lower case, without parameters; "" when not said."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def body_of(request: Request) -> bytes:
    """Read a body; the gate counts it meanwhile."""
    return await request.body()


async def json_body(request: Request) -> bytes:
    """Read a body that must be JSON; it is decoded by `decoded`."""
    kind = media_type(request)
    if kind not in {"application/json", ""}:
        raise HTTPException(415, f"{kind[:80]} is not read here: send application/json")
    return await body_of(request)


def decoded(body: bytes) -> Any:
    """Return the value in a JSON body; raise RequestValidationError when it isn't JSON.

    Without NaN, infinities and unpaired surrogates, and of bounded depth.
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        reason = f"not JSON: {str(error)[:120]}"
        raise RequestValidationError([{"loc": ("body",), "msg": reason}]) from None
