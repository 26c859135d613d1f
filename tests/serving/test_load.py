"""Beyond what can be answered: a bounded queue in order, a clear no, and nothing left behind."""

import asyncio
import threading
import time
from dataclasses import replace
from typing import Any

import httpx2 as httpx
import pytest

from engine.retrieval.answers import Answer
from engine.serving import writers
from engine.serving.app import create_app
from engine.serving.service import SEARCHING, Service
from engine.settings import ServeSettings
from engine.workspace import Workspace
from tests.serving.conftest import BASE, problem

THREADS, WAITING = 2, 3


@pytest.fixture
def narrow(library: Workspace) -> Workspace:

    serve = ServeSettings(threads=THREADS, waiting=WAITING, anonymous="write")
    return replace(library, settings=library.settings.model_copy(update={"serve": serve}))


def test_who_comes_when_the_queue_is_full_is_told_to_come_again(
    narrow: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two work, three wait, and every further one is refused until they are done."""
    gate = threading.Event()
    begun: list[str] = []

    def slow(_service: Service, query: Any) -> Answer:
        begun.append(str(query.parts[0].value))
        gate.wait(30)
        return Answer((), None, 1.0)

    # In a thread, but before searches take turns.
    monkeypatch.setattr(Service, "_searched", slow)
    app = create_app(narrow)

    async def run() -> tuple[list[httpx.Response], list[httpx.Response], str]:
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url=BASE) as client,
        ):
            accepted = []
            for number in range(THREADS + WAITING):
                asked = client.get("/v1/search", params={"q": f"w{number}"})
                accepted.append(asyncio.create_task(asked))
                await asyncio.sleep(0.02)
            while len(begun) < THREADS:
                await asyncio.sleep(0.01)
            refused = [await client.get("/v1/search", params={"q": "late"}) for _ in range(4)]
            alive = await client.get("/livez")
            assert alive.status_code == 200
            gate.set()
            answered = list(await asyncio.gather(*accepted))
            after = await client.get("/v1/search", params={"q": "after"})
            answered.append(after)
            figures = (await client.get("/metrics")).text
            return answered, refused, figures

    answered, refused, figures = asyncio.run(run())
    for response in refused:
        problem(response, 503, "overloaded")
        assert response.headers["Retry-After"] == "1"
    assert [each.status_code for each in answered] == [200] * (THREADS + WAITING + 1)
    # Threads note themselves in any order.
    assert sorted(begun[:THREADS]) == [f"w{number}" for number in range(THREADS)]
    assert sorted(begun[THREADS:]) == [
        "after",
        *(f"w{n}" for n in range(THREADS, THREADS + WAITING)),
    ]
    assert "engine_http_waiting 0.0" in figures
    assert 'status="503"' in figures


def test_writes_that_wait_hold_no_search_up_and_are_refused_beyond_their_queue(
    narrow: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every writer's thread taken, and twice as many waiting as search has threads."""
    monkeypatch.setattr(writers, "THREADS", THREADS)
    gate = threading.Event()
    begun: list[str] = []

    def slow(_service: Service, pin_id: str, *_version: Any) -> None:
        begun.append(pin_id)
        gate.wait(30)

    monkeypatch.setattr(Service, "delete", slow)
    app = create_app(narrow)

    async def run() -> None:
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url=BASE) as client,
        ):
            accepted = []
            for number in range(THREADS + WAITING):
                accepted.append(asyncio.create_task(client.delete(f"/v1/pins/p{number}")))
                await asyncio.sleep(0.02)
            refused = await client.delete("/v1/pins/late")
            problem(refused, 503, "overloaded")
            assert refused.headers["Retry-After"] == "1"
            found = await client.get("/v1/search", params={"q": "dress"})
            assert found.status_code == 200
            assert len(begun) == THREADS
            gate.set()
            answered = await asyncio.gather(*accepted)
            assert [each.status_code for each in answered] == [204] * (THREADS + WAITING)
            assert "late" not in begun

    asyncio.run(run())


def test_searches_take_turns_where_they_would_only_share_one_lock(
    library: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never more than so many at once, and all of them answered."""
    at_once: list[int] = []
    here: set[int] = set()

    def noted(_workspace: Workspace, _query: Any) -> Answer:
        here.add(threading.get_ident())
        at_once.append(len(here))
        time.sleep(0.01)
        here.remove(threading.get_ident())
        return Answer((), None, 1.0)

    monkeypatch.setattr(Workspace, "search", noted)
    app = create_app(library)

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url=BASE) as client,
        ):
            asked = (client.get("/v1/search", params={"q": f"w{n}"}) for n in range(24))
            return list(await asyncio.gather(*asked))

    assert [each.status_code for each in asyncio.run(run())] == [200] * 24
    assert max(at_once) == SEARCHING
