"""Requests that schemathesis draws from the OpenAPI document, and what each answer is held to."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from engine.settings import PeopleSettings, ServeSettings, load_settings
from engine.workspace import open_workspace
from tests.serving.conftest import BASE, PINS, client_of, fill

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
Drawn: TypeAlias = Case[Any]
# Answers that are kept, and searches that are measured beside: neither may show.
SERVE = ServeSettings(anonymous="admin", cache_s=1.0, recall_probe=0.1)
KNOWN = st.sampled_from([pin["id"] for pin in PINS])


@contextmanager
def probed(folder: Path) -> Iterator[TestClient]:
    """Serve a new collection of PINS, with people kept, so that every route can answer."""
    with (
        open_workspace(load_settings(data=folder), create=True) as workspace,
        client_of(workspace, loud=False, people=PeopleSettings(keep=True), serve=SERVE) as client,
    ):
        fill(client)
        yield client


def operations(client: TestClient) -> Iterator[Operation]:
    """Yield the operations that the service describes."""
    load_all_checks()
    spec = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    for found in spec.get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


def probe(
    client: TestClient,
    operation: Operation,
    examples: int,
    *,
    derandomize: bool = False,
) -> None:
    """Send drawn requests to an operation; raise schemathesis' failures with the smallest."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=derandomize,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(operation.as_strategy(), st.none() | KNOWN)
    def asked(case: Drawn, known: str | None) -> None:
        if known is not None and "id" in case.path_parameters:
            case.path_parameters["id"] = known  # a drawn id is hardly ever that of a pin
        case.validate_response(send(client, case), checks=CHECKS)

    asked()


def send(client: TestClient, case: Drawn) -> Any:
    """Send a case as it stands on the wire."""
    arguments = case.as_transport_kwargs(base_url=BASE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of requests, about odd header values
        wire = requests.Request(**arguments).prepare()
    headers = [(_bytes(name), _bytes(value)) for name, value in wire.headers.items()]
    body = None if wire.body is None else _bytes(wire.body)
    return client.request(wire.method or "GET", wire.url or BASE, headers=headers, content=body)


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
