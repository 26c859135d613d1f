"""Kept answers: given again within their life, never past a write, never to the wrong question."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.queries import For, Part, Query
from engine.retrieval.answers import Answer
from engine.serving.answer_cache import AnswerCache
from engine.serving.service import Service
from engine.settings import PeopleSettings, ServeSettings
from engine.workspace import Workspace
from tests.serving.conftest import client_of, fill, ids, inline, picture

RED = Query((Part("text", "red"),))
BLUE = Query((Part("text", "blue"),))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Asked:
    """Gives another answer each time, and counts."""

    def __init__(self, **given: Any) -> None:
        self.times = 0
        self.given = given

    def __call__(self) -> Answer:
        self.times += 1
        return replace(Answer((), self.times, 1.0), **self.given)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def looked() -> list[bool]:
    return []


@pytest.fixture
def cache(clock: Clock, looked: list[bool]) -> AnswerCache:
    return AnswerCache(5.0, looked.append, clock)


def test_an_answer_lives_as_long_as_is_set(
    cache: AnswerCache, clock: Clock, looked: list[bool]
) -> None:
    asked, under = Asked(), object()
    first = cache.answer(RED, under, asked)
    clock.now += 4.9
    assert cache.answer(RED, under, asked).next_offset == first.next_offset
    clock.now += 0.2
    assert cache.answer(RED, under, asked).next_offset != first.next_offset
    assert looked == [False, True, False]


def test_only_the_same_question_has_it(cache: AnswerCache) -> None:
    asked, under = Asked(), object()
    others = [
        RED,
        BLUE,
        replace(RED, limit=5),
        replace(RED, explain=True),
        replace(RED, min_relevance=0.1),
        replace(RED, collapse=False),
        replace(RED, diversity=0.1),
        replace(RED, cursor="abc"),
        Query((Part("pin", "red"),)),
        Query((Part("image", b"red"),)),
        Query((Part("text", "red", 0.5),)),
    ]
    answers = {cache.answer(each, under, asked).next_offset for each in (*others, *others)}
    assert len(answers) == asked.times == len(others)


def test_other_parameters_have_other_answers(cache: AnswerCache) -> None:
    asked, one, other = Asked(), object(), object()
    for under, times in ((one, 1), (one, 1), (other, 2), (other, 2), (one, 3)):
        cache.answer(RED, under, asked)
        assert asked.times == times


def test_a_persons_answers_and_those_that_lack_something_are_not_kept(
    cache: AnswerCache, looked: list[bool]
) -> None:
    asked = Asked()
    for _ in range(2):
        cache.answer(replace(RED, person=For(likes=("a",))), None, asked)
    assert (asked.times, looked) == (2, [])
    asked = Asked(degraded=("nearest by vector",))
    for _ in range(2):
        cache.answer(RED, None, asked)
    assert asked.times == 2


def test_what_was_asked_before_a_write_is_not_kept_after_it(cache: AnswerCache) -> None:
    begun, go_on = threading.Event(), threading.Event()
    asked = Asked()

    def slow() -> Answer:
        begun.set()
        assert go_on.wait(60)
        return asked()

    with ThreadPoolExecutor(1) as pool:
        old = pool.submit(cache.answer, RED, None, slow)
        assert begun.wait(60)
        cache.clear()  # somebody wrote
        go_on.set()
        assert old.result(60).next_offset == 1
    assert cache.answer(RED, None, asked).next_offset == 2
    assert cache.answer(RED, None, asked).next_offset == 2


def test_without_a_life_nothing_is_kept(looked: list[bool]) -> None:
    cache, asked = AnswerCache(0.0, looked.append), Asked()
    for _ in range(3):
        cache.answer(RED, None, asked)
    assert (asked.times, looked) == (3, [])


@pytest.fixture
def kept(desk: Workspace) -> Iterator[TestClient]:
    """A client of a service that keeps answers for longer than the test lasts."""
    serve = ServeSettings(anonymous="admin", cache_s=3_600)
    with client_of(desk, serve=serve, people=PeopleSettings(keep=True)) as client:
        fill(client)
        yield client


def figures(client: TestClient) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    found = [line for line in lines if line.startswith("engine_search_cache_total{")]
    return {line.split('"')[1]: float(line.split()[-1]) for line in found}


def test_every_way_to_write_is_seen_at_once(kept: TestClient) -> None:
    def red() -> list[str]:
        again = [ids(kept.get("/v1/search?q=red&collapse=false")) for _ in range(2)]
        assert again[0] == again[1]
        return again[1]

    before = red()
    assert "new" not in before
    kept.put("/v1/pins/new", json={"image": inline(picture("red")), "description": "Red"})
    assert "new" in red()
    kept.patch("/v1/pins/new", json={"blocked": True})
    assert "new" not in red()
    kept.patch("/v1/pins/new", json={"blocked": False})
    assert "new" in red()
    kept.delete("/v1/pins/new")
    assert "new" not in red()
    kept.post(
        "/v1/pins", json=[{"id": "n2", "image": inline(picture("red")), "description": "Red"}]
    )
    assert "n2" in red()
    kept.put("/v1/takedowns/pin/n2")
    assert "n2" not in red()
    kept.delete("/v1/takedowns/pin/n2")
    told = figures(kept)
    assert told["hit"] == told["miss"] == 7


def test_what_another_writer_of_the_process_writes_is_seen(kept: TestClient) -> None:
    service: Service = kept.app.state.service  # type: ignore[attr-defined]
    assert "dress-001" in ids(kept.get("/v1/search?q=red"))
    with service.writing():  # as the worker inside `engine serve` does
        service.workspace.collection.delete(["dress-001"])
    assert "dress-001" not in ids(kept.get("/v1/search?q=red"))


def test_pages_of_kept_answers_follow_each_other(kept: TestClient) -> None:
    for _ in range(2):
        first = kept.get("/v1/search?q=dress&limit=2").json()
        second = kept.get("/v1/search", params={"q": "dress", "limit": 2, "cursor": first["next"]})
        assert not {hit["id"] for hit in first["hits"]} & set(ids(second))
    assert figures(kept) == {"hit": 2.0, "miss": 2.0}


def test_by_default_nothing_is_kept(reader: TestClient) -> None:
    for _ in range(2):
        reader.get("/v1/search?q=red")
    assert figures(reader) == {}
