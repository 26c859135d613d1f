"""What is seen of a search from outside: its stages in /metrics, as spans, and its recall."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from engine.errors import BadSetting, StoreError
from engine.queries import Part, Query
from engine.retrieval import probe
from engine.retrieval.search import ranked
from engine.serving import probing, tracing
from engine.serving.app import create_app
from engine.serving.probing import Prober
from engine.serving.spans import UNTOLD
from engine.settings import ServeSettings
from engine.stages import Watch, apart, stage, watched_by
from engine.workspace import Workspace
from tests.serving.conftest import client_of, ids

RED = Query((Part("text", "red"),))


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """What takes the spans of this process; there is one for good."""
    made = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(made))
    trace.set_tracer_provider(provider)
    return made


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> InMemorySpanExporter:
    exporter.clear()
    return exporter


@pytest.fixture
def traced(library: Workspace) -> Iterator[TestClient]:
    with client_of(library, serve=ServeSettings(telemetry=True)) as client:
        yield client


def named(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {each.name: each for each in spans.get_finished_spans()}


def samples(client: TestClient, name: str) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    return {
        (line.split('"')[1] if '"' in line else ""): float(line.split()[-1])
        for line in lines
        if line.split("{")[0].split(" ")[0] == name
    }


def test_a_search_is_a_trace(
    traced: TestClient, reader: TestClient, spans: InMemorySpanExporter
) -> None:
    asked = {"X-Request-ID": "abc-9"}
    answer = traced.get("/v1/search?q=red+dress", headers=asked)
    found = named(spans)
    assert {f"engine.{name}" for name in ("encode", "lexical", "vector", "fuse")} <= set(found)
    request = found["GET /v1/search"]
    assert request.attributes is not None
    assert request.attributes["engine.request_id"] == "abc-9"
    # What somebody asked is theirs.
    assert request.attributes["url.query"] == UNTOLD
    one = {each.context.trace_id for each in found.values()}
    assert len(one) == 1
    legs = found["engine.candidates"]
    for name in ("engine.lexical", "engine.vector"):
        assert found[name].parent == legs.context
    # Legs that run one by one say the same.
    assert ids(answer) == ids(reader.get("/v1/search?q=red+dress"))


def test_a_trace_goes_on_from_the_caller_s(traced: TestClient, spans: InMemorySpanExporter) -> None:
    theirs = "0af7651916cd43dd8448eb211c80319c"
    traced.get("/v1/search?q=red", headers={"traceparent": f"00-{theirs}-b7ad6b7169203331-01"})
    assert {f"{each.context.trace_id:032x}" for each in named(spans).values()} == {theirs}


def test_without_the_setting_there_are_no_spans(
    reader: TestClient, spans: InMemorySpanExporter
) -> None:
    reader.get("/v1/search?q=red")
    assert spans.get_finished_spans() == ()


def test_a_missing_extra_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "EXPORTER", "opentelemetry.not_there")
    with pytest.raises(BadSetting, match=r"pin-engine\[telemetry\]"):
        tracing.options(True)
    assert tracing.options(False)["auto_configure"] is False


def test_stages_are_timed(library: Workspace) -> None:
    with client_of(library) as client:
        for _ in range(3):
            client.get("/v1/search?q=red")
        counts = samples(client, "engine_search_stage_seconds_count")
    assert counts == {"encode": 3.0, "candidates": 3.0, "fuse": 3.0, "page": 3.0}


def test_who_watches_is_told_and_nobody_else() -> None:
    told: list[str] = []

    def enter(name: str) -> AbstractContextManager[None]:
        told.append(name)
        return nullcontext()

    with stage("before"):
        assert not apart()
    watched_by(Watch(enter, apart=True))
    with stage("a"), stage("b"):
        assert apart()
    watched_by(None)
    with stage("after"):
        assert not apart()
    assert told == ["a", "b"]


class TestRecall:
    def test_the_share_of_the_exact_ones_best(
        self, library: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The usual search is made to lose what the exact one finds."""
        lost = 2
        asked: list[bool] = []

        def poor(*given: Any, exact: bool = False) -> Any:
            asked.append(exact)
            understood, ranking = ranked(*given, exact=exact)
            order = ranking.order if exact else np.roll(ranking.order, -lost)
            return understood, replace(ranking, order=order)

        monkeypatch.setattr(probe, "ranked", poor)
        parameters = library.parameters
        read = library.reader(parameters)
        assert probe.recall(RED, read, parameters, depth=4) == 0.5
        assert asked == [True, False]
        lost = 0
        assert probe.recall(RED, read, parameters, depth=4) == 1.0

    def test_without_pins_nothing_is_lost(self, desk: Workspace) -> None:
        parameters = desk.parameters
        assert probe.recall(RED, desk.reader(parameters), parameters) == 1.0

    def test_it_is_in_the_figures(self, library: Workspace) -> None:
        serve = ServeSettings(recall_probe=1.0)
        with client_of(library, serve=serve) as client:
            client.get("/v1/search?q=red")
            client.app.state.service.close()  # type: ignore[attr-defined]
            assert samples(client, "engine_search_recall_count") == {"": 1.0}
            assert samples(client, "engine_search_recall_sum") == {"": 1.0}

    def test_every_so_many_th_is_measured(self) -> None:
        measured: list[Query] = []
        told: list[float] = []

        def half(query: Query) -> float:
            measured.append(query)
            return 0.5

        made = Prober(0.25, half, told.append)
        for number in range(12):
            made.answered(replace(RED, limit=number + 1))
            while not made._idle:
                pass
        made.close()
        assert [each.limit for each in measured] == [4, 8, 12]
        assert told == [0.5] * 3

    def test_what_can_t_be_measured_is_said_and_goes_on(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(_query: Query) -> float:
            raise StoreError("it is away")

        told: list[float] = []
        made = Prober(1.0, fail, told.append)
        made.answered(RED)
        made.close()
        assert "it is away" in caplog.text
        assert told == []
        assert made._idle
        assert probing.log.name == "engine.serving"

    def test_by_default_none_is(self, library: Workspace) -> None:
        app = create_app(library)
        assert app.state.service._prober._pool is None
