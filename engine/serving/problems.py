"""Errors as problem details (RFC 9457): each has a stable `type`, and none shows a traceback."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from engine.errors import (
    BadImage,
    BadSetting,
    EngineError,
    FingerprintMismatch,
    ImageTooLarge,
    NoCollection,
    Overloaded,
    StaleVersion,
    StoreFull,
    StoreInUse,
    StoreUnreachable,
    TakenDown,
    UnknownEncoder,
    UnknownPicture,
    UnknownPin,
    UsageError,
)
from engine.ingestion.queue import QueueUnreachable
from engine.retrieval.boards import UnknownBoard
from engine.serving.request_ids import HEADER, request_id
from engine.store.generations import UnknownGeneration
from engine.store.people_file import PeopleNotKept, UnknownPerson

MEDIA_TYPE = "application/problem+json"
TYPE = "/problems/"
# After an overload: by then the queue of a moment ago is answered.
RETRY_AFTER_S: Final = 1
log = logging.getLogger("engine.serving")

# The nearest class in an error's family decides. What only the operator can mend is a 500, though
# the command line calls it a mistake in usage.
STATUS: Mapping[type[EngineError], HTTPStatus] = MappingProxyType(
    {
        EngineError: HTTPStatus.INTERNAL_SERVER_ERROR,
        UsageError: HTTPStatus.BAD_REQUEST,
        StaleVersion: HTTPStatus.CONFLICT,
        TakenDown: HTTPStatus.CONFLICT,
        BadImage: HTTPStatus.UNPROCESSABLE_ENTITY,
        ImageTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        UnknownPin: HTTPStatus.NOT_FOUND,
        UnknownPicture: HTTPStatus.NOT_FOUND,
        UnknownBoard: HTTPStatus.NOT_FOUND,
        UnknownPerson: HTTPStatus.NOT_FOUND,
        UnknownGeneration: HTTPStatus.NOT_FOUND,
        PeopleNotKept: HTTPStatus.NOT_FOUND,
        UnknownEncoder: HTTPStatus.INTERNAL_SERVER_ERROR,
        BadSetting: HTTPStatus.INTERNAL_SERVER_ERROR,
        NoCollection: HTTPStatus.NOT_FOUND,
        FingerprintMismatch: HTTPStatus.CONFLICT,
        StoreInUse: HTTPStatus.SERVICE_UNAVAILABLE,
        StoreUnreachable: HTTPStatus.SERVICE_UNAVAILABLE,
        StoreFull: HTTPStatus.INSUFFICIENT_STORAGE,
        QueueUnreachable: HTTPStatus.SERVICE_UNAVAILABLE,
        Overloaded: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)

# Names of our own, as the phrases of the standard library change with its version.
SLUGS: Mapping[int, str] = MappingProxyType(
    {
        HTTPStatus.BAD_REQUEST: "bad-request",
        HTTPStatus.UNAUTHORIZED: "unauthorized",
        HTTPStatus.REQUEST_TIMEOUT: "body-too-slow",
        HTTPStatus.NOT_FOUND: "not-found",
        HTTPStatus.METHOD_NOT_ALLOWED: "method-not-allowed",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body-too-large",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported-media-type",
        HTTPStatus.SERVICE_UNAVAILABLE: "not-ready",
    }
)


class ProblemDetails(BaseModel):
    """What is sent instead of an answer."""

    type: str = Field(
        description="stable name of the kind of problem", examples=["/problems/bad-query"]
    )
    title: str = Field(examples=["Bad query"])
    status: int = Field(examples=[400])
    detail: str = Field(
        description="what happened, the limit, the remedy",
        examples=["the text of a query is empty: give at least one word"],
    )
    instance: str = Field(description="path of the request", examples=["/v1/search"])
    request_id: str = Field(
        description="the request's X-Request-ID, or one made for it", examples=["8f3c1e60a5d2b794"]
    )
    errors: list[dict[str, str]] | None = Field(
        None, description="for an invalid request: each place that is wrong, and why"
    )


_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request is at fault", "content": _CONTENT},
    "5XX": {"description": "The engine could not", "content": _CONTENT},
}


@dataclass(frozen=True)
class Problem:
    """One problem; `slug` is the last part of its `type`."""

    status: int
    slug: str
    detail: str
    errors: tuple[Mapping[str, str], ...] = ()

    @classmethod
    def of(cls, error: EngineError) -> "Problem":
        """Return the problem that an error of the engine is to a client."""
        status = next(STATUS[family] for family in type(error).__mro__ if family in STATUS)
        return cls(status, error.slug, str(error))

    def response(self, path: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
        """Return the response; `path` is the request's."""
        content: dict[str, Any] = {
            "type": TYPE + self.slug,
            "title": self.slug.replace("-", " ").capitalize(),
            "status": int(self.status),
            "detail": self.detail,
            "instance": path,
            "request_id": request_id(),
        }
        if self.errors:
            content["errors"] = [dict(item) for item in self.errors]
        return JSONResponse(
            content, int(self.status), {**(headers or {}), HEADER: request_id()}, MEDIA_TYPE
        )


def invalid(where: str, reason: str) -> Problem:
    """Return the problem of a request that does not fit its schema."""
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-request",
        f"{where}: {reason}",
        errors=(MappingProxyType({"where": where, "reason": reason}),),
    )


def install(app: FastAPI) -> None:
    """Make every error of an app a problem."""
    app.add_exception_handler(EngineError, _engine_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unforeseen)


async def _engine_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, EngineError):
        raise TypeError(f"{error!r} is no error of the engine")
    problem = Problem.of(error)
    if isinstance(error, Overloaded):
        return problem.response(request.url.path, {"Retry-After": str(RETRY_AFTER_S)})
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s %s: %s", request.method, request.url.path, error)
    return problem.response(request.url.path)


async def _invalid_request(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise TypeError(f"{error!r} is no validation error")
    # Only place and reason: what was sent may be a picture of megabytes.
    found = [
        invalid(".".join(str(part) for part in item["loc"]), str(item["msg"])[:200])
        for item in error.errors()[:10]
    ]
    places = tuple(place for each in found for place in each.errors)
    problem = Problem(found[0].status, found[0].slug, found[0].detail, errors=places)
    return problem.response(request.url.path)


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise TypeError(f"{error!r} is no HTTP error")
    slug = SLUGS.get(error.status_code, f"http-{error.status_code}")
    detail = str(error.detail)
    if detail == HTTPStatus(error.status_code).phrase:
        detail = f"{request.method} {request.url.path[:200]} is not offered here: see /docs"
    problem = Problem(error.status_code, slug, detail)
    return problem.response(request.url.path, error.headers)


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=HTTPStatus.BAD_REQUEST)  # for the log alone: nobody listens


async def _unforeseen(request: Request, _error: Exception) -> Response:
    # The server's log gets the traceback from the middleware that called this.
    detail = "the engine failed on this request; its log says why"
    problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", detail)
    return problem.response(request.url.path)
