"""Every error is a problem of a stable type; none shows what is inside."""

import logging
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine import errors
from engine.errors import EngineError
from engine.ingestion.queue import QueueUnreachable
from engine.retrieval.boards import UnknownBoard
from engine.serving.app import create_app
from engine.serving.problems import Problem
from engine.settings import load_settings
from engine.workspace import Workspace, open_workspace
from tests.serving.conftest import BASE, client_of, problem

# The public names and their statuses, written out: a change of either breaks clients.
CONTRACT = {
    "EngineError": ("engine-error", 500),
    "UsageError": ("bad-request", 400),
    "BadPin": ("bad-pin", 400),
    "BadQuery": ("bad-query", 400),
    "BadParameters": ("bad-parameters", 400),
    "BadFilter": ("bad-filter", 400),
    "BadCrop": ("bad-crop", 400),
    "BadImage": ("bad-image", 422),
    "UnfetchableImage": ("unfetchable-image", 422),
    "HostUnavailable": ("host-unavailable", 422),
    "StaleVersion": ("stale-version", 409),
    "TakenDown": ("taken-down", 409),
    "QueueUnreachable": ("queue-unreachable", 503),
    "ImageTooLarge": ("image-too-large", 413),
    "UnknownPin": ("unknown-pin", 404),
    "UnknownPicture": ("unknown-picture", 404),
    "UnknownBoard": ("unknown-board", 404),
    "UnknownEncoder": ("unknown-encoder", 500),
    "BadSetting": ("bad-setting", 500),
    "BadVector": ("bad-vector", 500),
    "StoreError": ("store-error", 500),
    "NoCollection": ("no-collection", 404),
    "FingerprintMismatch": ("fingerprint-mismatch", 409),
    "EncoderChanged": ("encoder-changed", 500),
    "StoreInUse": ("store-in-use", 503),
    "Overloaded": ("overloaded", 503),
    "TooLate": ("too-late", 503),
    "StoreFull": ("store-full", 507),
    "StoreUnreachable": ("store-unreachable", 503),
}


def tree(root: type[EngineError]) -> list[type[EngineError]]:
    return [root, *(leaf for branch in root.__subclasses__() for leaf in tree(branch))]


def public_errors() -> list[type[EngineError]]:
    named = {each for each in vars(errors).values() if isinstance(each, type)}
    return [each for each in tree(EngineError) if each in named | {UnknownBoard, QueueUnreachable}]


@pytest.mark.parametrize("family", public_errors(), ids=lambda each: each.__name__)
def test_each_error_has_its_place(family: type[EngineError]) -> None:
    found = Problem.of(family("what, limit, remedy"))
    assert (found.slug, int(found.status)) == CONTRACT[family.__name__]
    assert found.detail == "what, limit, remedy"


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (errors.StoreFull("no room left: free some space"), 507, "store-full"),
        (errors.StoreUnreachable("the server does not answer"), 503, "store-unreachable"),
        (errors.FingerprintMismatch("made with another encoder"), 409, "fingerprint-mismatch"),
    ],
)
def test_what_the_store_raises(
    reader: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: EngineError,
    status: int,
    slug: str,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(Workspace, "search", fail)
    with caplog.at_level(logging.ERROR, "engine.serving"):
        body = problem(reader.get("/v1/search", params={"q": "red"}), status, slug)
    assert body["detail"] == str(error)
    assert body["instance"] == "/v1/search"
    # What the operator must know is in the log, what a client did wrong is not.
    assert (str(error) in caplog.text) == (status >= 500)


def test_the_unforeseen_stays_inside(library: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret of /etc/engine")

    with client_of(library, loud=False) as client:
        monkeypatch.setattr(Workspace, "search", fail)
        answer = client.get("/v1/search", params={"q": "red"})
        problem(answer, 500, "internal-error")
        assert "secret" not in answer.text


def test_no_such_route(reader: TestClient) -> None:
    for path in ("/nothing", "/v1", "/v1/nothing", "/v2/search", "/docs/nothing"):
        problem(reader.get(path), 404, "not-found")


def test_no_such_method(reader: TestClient) -> None:
    answer = reader.delete("/v1/search")
    problem(answer, 405, "method-not-allowed")
    assert "GET" in answer.headers["allow"]


def test_an_invalid_request_names_each_place(reader: TestClient) -> None:
    answer = reader.get("/v1/search", params={"q": "red", "limit": "x", "explain": "perhaps"})
    body = problem(answer, 422, "invalid-request")
    assert [each["where"] for each in body["errors"]] == ["query.limit", "query.explain"]
    assert set(body["errors"][0]) == {"where", "reason"}


class TestProbes:
    def test_alive_before_ready(self, library: Workspace) -> None:
        client = TestClient(create_app(library), base_url=BASE)  # its lifespan has not begun
        assert client.get("/livez").json() == {"status": "alive"}
        problem(client.get("/readyz"), 503, "not-ready")
        with client:
            assert client.get("/readyz").json() == {"status": "ready"}

    def test_alive_without_its_store(self, tmp_path: Path) -> None:
        with open_workspace(load_settings(data=tmp_path), create=True) as workspace:
            app = create_app(workspace)
            with TestClient(app, base_url=BASE) as client:
                workspace.collection.close()
                assert client.get("/livez").status_code == 200
                problem(client.get("/readyz"), 500, "store-error")

    def test_info(self, reader: TestClient) -> None:
        info = reader.get("/v1/info").json()
        assert info["pins"] == 8
        assert info["encoder"] == "tiny/1"
        assert info["store"] == "embedded"
