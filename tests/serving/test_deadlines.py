"""A request whose time is over before its turn comes is told so, and nothing is done for it."""

import math
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import Any

import pytest
from fastapi import routing
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import ResponseValidationError
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from engine.errors import TooLate
from engine.ingestion.gathering import Gathering
from engine.ingestion.outcome import Outcome
from engine.jsonl import BadLine
from engine.retrieval.answers import Answer
from engine.serving import search
from engine.serving.app import create_app
from engine.serving.deadlines import HEADER, InTime, Turn
from engine.serving.service import SEARCHING, Service
from engine.settings import ServeSettings
from engine.time_left import ends_in
from engine.workspace import Workspace
from tests.serving.conftest import BASE, client_of, inline, picture, problem
from tests.serving.test_openapi import address, description, operations, requests

AT_ONCE = {HEADER: "0.000001"}
SOON = {HEADER: "0.05"}
LONG = {HEADER: "600"}


@pytest.fixture
def patient() -> Iterator[None]:
    """Give the test's own thread a context that may have a deadline."""
    ends_in(math.inf)
    yield
    ends_in(math.inf)


def test_no_described_route_works_for_who_has_gone(client: TestClient) -> None:
    before = client.get("/v1/info").json()["pins"]
    asked = 0
    for method, path, operation in operations(description(client)):
        if not path.startswith("/v1/"):
            continue
        for request in requests(operation):
            at = address(path, operation)
            answer = client.request(method, at, headers=AT_ONCE, **request)
            problem(answer, 503, "too-late")
            assert answer.headers["retry-after"] == "1"
            asked += 1
    assert asked >= 25
    assert client.get("/v1/info").json()["pins"] == before
    assert client.get("/v1/pins/dress-001").json()["description"].startswith("Red summer")


def test_who_waits_for_a_search_waits_no_longer(
    library: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many search as may; the next one's time runs out, another's does not."""
    gate, begun = threading.Event(), []

    def slow(_workspace: Workspace, query: Any) -> Answer:
        begun.append(str(query.parts[0].value))
        gate.wait(60)
        return Answer((), None, 1.0)

    monkeypatch.setattr(Workspace, "search", slow)
    with client_of(library) as client, ThreadPoolExecutor(8) as pool:

        def ask(words: str, headers: dict[str, str]) -> Any:
            return client.get("/v1/search", params={"q": words}, headers=headers)

        first = [pool.submit(ask, f"w{number}", LONG) for number in range(SEARCHING)]
        while len(begun) < SEARCHING:
            threading.Event().wait(0.005)
        late = ask("late", SOON)
        later = pool.submit(ask, "later", LONG)
        problem(late, 503, "too-late")
        gate.set()
        assert [each.result(60).status_code for each in (*first, later)] == [200] * (SEARCHING + 1)
    assert sorted(begun) == ["later", *(f"w{number}" for number in range(SEARCHING))]


def test_who_waits_to_write_waits_no_longer(client: TestClient) -> None:
    service: Service = client.app.state.service  # type: ignore[attr-defined]
    body = {"image": inline(picture("red"))}
    with service.writing():
        for method, path, given in (
            ("PUT", "/v1/pins/late", {"json": body}),
            ("POST", "/v1/pins", {"json": [body | {"id": "late"}]}),
            ("PATCH", "/v1/pins/dress-001", {"json": {"price": "1"}}),
            ("DELETE", "/v1/pins/dress-001", {}),
            ("PUT", "/v1/people/ann/likes/dress-001", {}),
        ):
            problem(client.request(method, path, headers=SOON, **given), 503, "too-late")
    assert client.get("/v1/pins/late").status_code == 404
    assert client.get("/v1/pins/dress-001").json()["price"] == "39.90"
    # Nothing was left behind that would keep the next ones waiting, or be done with them.
    assert client.put("/v1/pins/new", json=body, headers=LONG).status_code == 201
    assert client.get("/v1/pins/late").status_code == 404


def test_the_setting_is_for_all_but_the_owner(library: Workspace) -> None:
    serve = ServeSettings(deadline_s=0.000001)
    settings = library.settings.model_copy(update={"serve": serve})
    app = create_app(replace(library, settings=settings), token="private")
    with TestClient(app, base_url=BASE) as client:
        problem(client.get("/v1/info"), 503, "too-late")
        problem(client.get("/v1/info", headers=LONG), 503, "too-late")
        owner = {"Authorization": "Bearer private"}
        assert client.get("/v1/info", headers=owner).status_code == 200
        problem(client.get("/v1/info", headers=owner | AT_ONCE), 503, "too-late")
        assert client.get("/livez").status_code == 200
    with client_of(library, serve=ServeSettings(deadline_s=0)) as client:
        assert client.get("/v1/info").status_code == 200


@pytest.mark.parametrize("given", ["", "soon", "0", "-1", "1e3", "inf", "nan", "3600.1", "1 s"])
def test_what_is_no_deadline(reader: TestClient, given: str) -> None:
    body = problem(reader.get("/v1/info", headers={HEADER: given}), 422, "invalid-request")
    assert body["errors"][0]["where"] == f"header.{HEADER}"


def test_each_route_looks_at_the_time(reader: TestClient) -> None:
    app: Any = reader.app
    found = [
        each.original_route
        for each in iter_route_contexts(app.routes)
        if str(each.path).startswith("/v1")
    ]
    assert len(found) >= 30
    assert all(isinstance(each, InTime) for each in found)


@pytest.mark.usefixtures("patient")
class TestTurn:
    def test_it_lets_in_as_many_as_it_says(self) -> None:
        turn = Turn(2)
        ends_in(0.02)
        with turn, turn, pytest.raises(TooLate), turn:
            pass
        ends_in(math.inf)
        for _ in range(3):
            with turn, turn:
                pass

    def test_without_a_deadline_it_waits(self) -> None:
        turn, inside = Turn(), threading.Event()

        def enter() -> None:
            with turn:
                inside.set()

        with turn:
            waiting = threading.Thread(target=copy_context().run, args=(enter,))
            waiting.start()
            assert not inside.wait(0.05)
        waiting.join(60)
        assert inside.is_set()

    def test_who_came_first_is_first(self) -> None:
        turn, entered, threads = Turn(), [], []

        def enter(number: int) -> None:
            with turn:
                entered.append(number)

        with turn:
            for number in range(8):
                threads.append(threading.Thread(target=copy_context().run, args=(enter, number)))
                threads[-1].start()
                while len(turn._waiting) <= number:
                    time.sleep(0.001)
        for thread in threads:
            thread.join(60)
        assert entered == list(range(8))

    def test_no_turn_is_lost_whoever_gives_up(self) -> None:
        turn, inside, most = Turn(2), [], []
        late, done = [], []

        def ask(number: int) -> None:
            chance = random.Random(number)
            for _ in range(40):
                ends_in(chance.uniform(0, 0.004))
                try:
                    with turn:
                        inside.append(number)
                        most.append(len(inside))
                        time.sleep(chance.uniform(0, 0.001))
                        inside.remove(number)
                        done.append(number)
                except TooLate:
                    late.append(number)

        threads = [threading.Thread(target=copy_context().run, args=(ask, n)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert late
        assert done
        assert max(most) <= 2
        assert turn._free == 2
        assert not turn._waiting


@pytest.mark.usefixtures("patient")
def test_what_gives_up_waiting_is_not_taken_in_later() -> None:
    taken: list[str] = []

    def take(items: Any) -> list[Outcome]:
        taken.extend(each.file for each in items)
        return [Outcome(each.file, None, "unchanged") for each in items]

    turn = Turn()
    gathering = Gathering(take, Turn, turn)
    with turn:
        ends_in(0.02)
        with pytest.raises(TooLate):
            gathering.take([BadLine("late", 1, "for a test")])
    ends_in(math.inf)
    assert [each.origin for each in gathering.take([BadLine("next", 1, "for a test")])] == ["next"]
    assert taken == ["next"]


def test_an_answer_waits_for_one_thread_and_is_checked_in_it(
    reader: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waited for a thread to search in must not wait for another to write the answer in."""
    asked: list[str] = []

    async def counted(work: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(str(work))
        return await run_in_threadpool(work, *args, **kwargs)

    monkeypatch.setattr(routing, "run_in_threadpool", counted)
    answer = reader.get("/v1/search", params={"q": "red dress"})
    assert answer.json()["hits"]
    assert len(asked) == 1
    monkeypatch.setattr(search, "answer_to_json", lambda _: {"hits": "none"})
    with pytest.raises(ResponseValidationError):
        reader.get("/v1/search", params={"q": "red dress"})
