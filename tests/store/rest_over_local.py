"""Qdrant's REST as far as the engine speaks it, over the client's local mode: for many processes.

Local mode is in one process. Behind this, several can share a collection as on a server, though
one request is done after another, and nothing is said of speed.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel, TypeAdapter
from qdrant_client import QdrantClient, models

from tests.store.faulty_server import Faulty, Reply, Request, faulty_server

_PATH = re.compile(r"/collections(?:/([^/]+)(/.*)?)?")
_SCHEMA: TypeAdapter[Any] = TypeAdapter(models.PayloadFieldSchema)


@contextmanager
def rest_over_local() -> Iterator[Faulty]:
    """Serve on loopback until the block ends; `answer` may be wrapped to let some calls fail."""
    with faulty_server() as server:
        server.answer = _Local().answer
        yield server


class _Local:
    def __init__(self) -> None:
        self._client = QdrantClient(":memory:")
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Reply:
        found = _PATH.fullmatch(request.path.partition("?")[0])
        if found is None:
            return Reply("no such path", 404)
        name, rest = unquote(found[1] or ""), found[2] or ""
        with self._lock:
            try:
                made = self._done(request.method, name, rest, request.body or {})
            except ValueError as error:
                return Reply(str(error), 404 if "not found" in str(error) else 409)
        return Reply(_plain(made))

    def _done(self, method: str, name: str, rest: str, body: dict[str, Any]) -> Any:
        if rest.startswith("/points") or rest == "/facet":
            return self._points(method, name, rest, body)
        client = self._client
        match method, rest:
            case "GET", "" if not name:
                return client.get_collections()
            case "GET", "/exists":
                return {"exists": client.collection_exists(name)}
            case "GET", "":
                return client.get_collection(name)
            case "PUT", "":
                wanted = models.CreateCollection.model_validate(body)
                return client.create_collection(
                    name, vectors_config=wanted.vectors or {}, metadata=wanted.metadata
                )
            case "DELETE", "":
                return client.delete_collection(name)
            case "PUT", "/index":
                schema = body["field_schema"]
                if isinstance(schema, dict) and "tokenizer" in schema:
                    # What local mode scores by; the engine's terms are the same to both.
                    schema = schema | {"tokenizer": "word"}
                schema = _SCHEMA.validate_python(schema)
                return client.create_payload_index(name, body["field_name"], schema)
        raise ValueError(f"not found: {method} {rest}")

    def _points(self, method: str, name: str, rest: str, body: dict[str, Any]) -> Any:
        client = self._client
        wanted = models.Filter.model_validate(body["filter"]) if body.get("filter") else None
        with_payload, with_vector = body.get("with_payload", False), body.get("with_vector", False)
        match method, rest:
            case "PUT", "/points":
                points = [models.PointStruct.model_validate(each) for each in body["points"]]
                return client.upsert(name, points)
            case "POST", "/points":
                return client.retrieve(name, body["ids"], with_payload, with_vector)
            case "POST", "/points/scroll":
                page, after = client.scroll(
                    name,
                    scroll_filter=wanted,
                    limit=body["limit"],
                    offset=body.get("offset"),
                    with_payload=with_payload,
                    with_vectors=with_vector,
                )
                return {"points": page, "next_page_offset": after}
            case "POST", "/points/query/batch":
                asked = [models.QueryRequest.model_validate(each) for each in body["searches"]]
                return client.query_batch_points(name, asked)
            case "POST", "/points/count":
                return client.count(name, wanted, exact=True)
            case "POST", "/points/delete":
                chosen: Any = wanted or body["points"]
                return client.delete(name, chosen)
            case "POST", "/points/payload":
                return client.set_payload(name, body["payload"], points=wanted or body["points"])
            case "POST", "/facet":
                return client.facet(name, body["key"], wanted, body["limit"], exact=True)
        raise ValueError(f"not found: {method} {rest}")


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
