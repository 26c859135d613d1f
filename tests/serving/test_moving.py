"""Who answers or writes over a server goes on with what answers there, wherever it is just now."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import engine.workspace
from engine.errors import StoreError, UnknownEncoder, UnknownPin
from engine.ingestion.metrics import Metrics
from engine.ingestion.outcome import Outcome
from engine.server_reindexing import Filling, filling
from engine.serving.app import create_app
from engine.serving.service import Service
from engine.serving_worker import ServiceSink
from engine.settings import Settings, load_settings
from engine.store.records import point_id
from engine.store.server import ServerCollection
from engine.working import WorkspaceSink
from engine.workspace import Workspace, open_workspace
from tests.ingestion.taking_in import gone, put
from tests.store.rest_over_local import rest_over_local
from tests.tiny_encoder import tiny_encoder


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setattr(engine.workspace, "load_encoder", tiny_encoder)
    with rest_over_local() as server:
        yield load_settings(data=tmp_path, store={"url": server.url}, encoder="tiny")


@pytest.fixture
def opened(settings: Settings) -> Iterator[list[Workspace]]:
    """Three processes' worth of one collection."""
    with ExitStack() as stack:
        yield [stack.enter_context(open_workspace(settings, create=True)) for _ in range(3)]


def filled(settings: Settings, stack: ExitStack) -> Filling:
    return stack.enter_context(filling(settings, "turned", 1.0, lambda _: None))


def told(outcomes: list[Outcome]) -> list[str]:
    return [each.status for each in outcomes]


def pins_of(workspace: Workspace, *pins: str) -> set[str]:
    return set(workspace.collection.facts(pins))


def on_server(workspace: Workspace) -> ServerCollection:
    assert isinstance(workspace.collection, ServerCollection)
    return workspace.collection


def test_all_go_on_where_it_answers(settings: Settings, opened: list[Workspace]) -> None:
    service, other = Service(opened[0]), Service(opened[1])
    worker, inside = WorkspaceSink(opened[2], Metrics()), ServiceSink(other, Metrics())
    assert told(service.take_in([put("a"), put("b"), put("c"), put("d")])) == ["added"] * 4
    with ExitStack() as stack:
        changing = filled(settings, stack)
        service.follow()
        assert service.workspace is opened[0]
        assert told(worker.take([put("e")])) == ["added"]
        # What a worker finds unchanged may be what one that died had written and not told of.
        switch = on_server(opened[2]).switch
        switch.forget()
        assert told(worker.take([put("e"), gone("never")])) == ["unchanged", "unchanged"]
        noted = {each.key for page in switch.written() for each in page}
        assert noted == {point_id("e"), point_id("never")}
        changing.change_over(leave_out=False)
    assert told(worker.take([put("f"), gone("a"), put("b")])) == ["added", "deleted", "unchanged"]
    other.delete("c")
    with pytest.raises(UnknownPin):
        other.delete("c")
    assert told(inside.take([put("g")])) == ["added"]
    service.follow()
    for each in (service.workspace, other.workspace):
        assert each.encoder.fingerprint == "turned/1"
        assert pins_of(each, *"abcdefg") == set("bdefg")
    assert service.take_down("pin", "d", "") == ["d"]
    assert pins_of(opened[2], "d") == {"d"}  # what does not answer any more is left as it is
    service.close()
    service.close_adopted()
    other.close_adopted()


def test_a_takedown_is_done_where_it_answers(settings: Settings, opened: list[Workspace]) -> None:
    service = Service(opened[0])
    service.take_in([put("a")])
    with ExitStack() as stack:
        filled(settings, stack).change_over(leave_out=False)
    assert service.take_down("pin", "a", "") == ["a"]
    assert service.workspace.encoder.fingerprint == "turned/1"
    assert pins_of(service.workspace, "a") == set()
    service.close_adopted()


def test_what_was_not_changed_to_is_let_go(settings: Settings, opened: list[Workspace]) -> None:
    service = Service(opened[0])
    service.take_in([put("a")])
    with ExitStack() as stack:
        changing = filled(settings, stack)
        service.follow()
        changing.withdraw()
    service.follow()
    assert service.workspace is opened[0]
    assert list(on_server(opened[0]).switch.written()) == []


def test_an_encoder_that_is_not_on_this_machine(
    settings: Settings, opened: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(opened[0])
    service: Service = app.state.service
    service.take_in([put("a", "red")])

    def missing(name: str) -> None:
        raise UnknownEncoder(f"no encoder {name}")

    with ExitStack() as stack:
        changing = filled(settings, stack)
        monkeypatch.setattr(engine.workspace, "load_encoder", missing)
        with pytest.raises(StoreError, match="no encoder turned"):
            service.follow()
        changing.change_over(leave_out=False)
    with TestClient(app, base_url="http://127.0.0.1") as http:
        with pytest.raises(StoreError, match="no encoder turned"):
            service.follow()
        assert http.get("/readyz").status_code == 503
        # No error is made of it for who only asks, and none of the sender's for who writes.
        assert http.get("/v1/search", params={"q": "red"}).json()["hits"][0]["id"] == "a"
        with pytest.raises(StoreError):
            service.take_in([put("b")])
        monkeypatch.setattr(engine.workspace, "load_encoder", tiny_encoder)
        service.follow()
        assert http.get("/readyz").status_code == 200
        assert told(service.take_in([put("b")])) == ["added"]
        service.close_adopted()
