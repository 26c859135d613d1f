"""Limits by caller: a bucket of tokens against a simulation, and what is answered over it."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from engine.serving import limits
from engine.serving.limits import Limits
from engine.settings import ServeSettings
from engine.workspace import Workspace
from tests.serving.conftest import client_of, problem


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@given(
    st.sampled_from([0.5, 1.0, 4.0]),
    st.integers(1, 5),
    st.lists(st.sampled_from([0.0, 0.125, 0.25, 1.0, 3.0]), max_size=40),
)
def test_a_bucket_never_gives_more_than_it_holds_and_gains(
    rate: float, burst: int, pauses: list[float]
) -> None:
    clock = Clock()
    made = Limits(rate, burst, 0, clock)
    taken: list[float] = []
    for pause in pauses:
        clock.now += pause
        over = made.enter("a")
        if over is None:
            taken.append(clock.now)
            made.leave("a")
        else:
            # Whoever waits as told is let in; steps and rates are powers of two, so exactly.
            assert over.retry_after_s >= 1
            clock.now += over.retry_after_s
            assert made.enter("a") is None
            taken.append(clock.now)
            made.leave("a")
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            allowed = burst + rate * (taken[last] - taken[first])
            assert last - first + 1 <= allowed + 1e-9


def test_callers_do_not_share() -> None:
    made = Limits(1.0, 1, 1, Clock())
    assert made.enter("a") is None
    assert made.enter("b") is None
    assert made.enter("a") is not None
    made.leave("a")
    assert made.enter("a") is not None  # its token is gone, though nothing runs


def test_at_a_time() -> None:
    made = Limits(0, 1, 2)
    assert [made.enter("a") for _ in range(2)] == [None, None]
    over = made.enter("a")
    assert over is not None
    assert "2 requests at a time" in over.what
    made.leave("a")
    assert made.enter("a") is None


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CALLERS", 10)
    made = Limits(1.0, 1, 1, Clock())
    for number in range(1_000):
        assert made.enter(f"caller {number}") is None
        made.leave(f"caller {number}")
    assert len(made._buckets) == 10
    assert not made._running


@pytest.fixture
def limited(library: Workspace) -> Iterator[TestClient]:
    serve = ServeSettings(rate=0.01, burst=2)
    with client_of(library, serve=serve) as client:
        yield client


def test_over_the_limit_it_says_when_to_come_back(limited: TestClient) -> None:
    for _ in range(2):
        assert limited.get("/v1/info").status_code == 200
    answer = limited.get("/v1/info")
    problem(answer, 429, "too-many-requests")
    assert 1 <= int(answer.headers["retry-after"]) <= 100
    # Probes and pages count nothing.
    for _ in range(5):
        assert limited.get("/livez").status_code == 200


def test_without_a_setting_there_is_none_on_loopback(library: Workspace) -> None:
    with client_of(library, serve=ServeSettings()) as client:
        for _ in range(250):
            assert client.get("/v1/suggest").status_code == 200


def test_a_refused_or_failed_request_gives_its_place_back(
    library: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("it failed")

    with client_of(library, loud=False, serve=ServeSettings(parallel=1)) as client:
        problem(client.get("/v1/pins/nobody"), 404, "unknown-pin")
        with monkeypatch.context() as patch:
            patch.setattr(Workspace, "search", fail)
            problem(client.get("/v1/search?q=red"), 500, "internal-error")
        assert client.get("/v1/search?q=red").status_code == 200
