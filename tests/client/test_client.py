"""The client against the service: nothing is left out, and every method does what it says."""

import asyncio
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from engine.client import AsyncClient, Client, ProblemError
from engine.client.answers import SubmissionAnswer
from tests.client import answer_types, unasync
from tests.client.conftest import Live, bodies
from tests.conftest import ROOT
from tests.serving.conftest import PINS, inline, picture

METHODS = {
    ("GET", "/v1/search"): "search",
    ("POST", "/v1/search"): "search",
    ("POST", "/v1/recognize"): "recognize",
    ("POST", "/v1/shop"): "shop",
    ("POST", "/v1/regions"): "regions",
    ("POST", "/v1/segments"): "segments",
    ("POST", "/v1/segments/audience"): "audience",
    ("POST", "/v1/feed"): "feed",
    ("GET", "/v1/suggest"): "suggest",
    ("GET", "/v1/facets"): "facets",
    ("POST", "/v1/duplicates"): "duplicates",
    ("GET", "/v1/pins/{id}/duplicates"): "duplicates",
    ("POST", "/v1/pins"): "put_many",
    ("GET", "/v1/pins/{id}/related"): "related",
    ("GET", "/v1/pins/{id}/image"): "picture",
    ("GET", "/v1/pins/{id}"): "get",
    ("PUT", "/v1/pins/{id}"): "put",
    ("PATCH", "/v1/pins/{id}"): "patch",
    ("DELETE", "/v1/pins/{id}"): "delete",
    ("GET", "/v1/boards"): "boards",
    ("GET", "/v1/boards/search"): "search_board",
    ("GET", "/v1/boards/related"): "related_boards",
    ("GET", "/v1/people/{person}"): "person",
    ("DELETE", "/v1/people/{person}"): "forget_person",
    ("PUT", "/v1/people/{person}/likes/{pin}"): "like",
    ("DELETE", "/v1/people/{person}/likes/{pin}"): "unlike",
    ("PUT", "/v1/people/{person}/hides/{pin}"): "hide",
    ("DELETE", "/v1/people/{person}/hides/{pin}"): "unhide",
    ("POST", "/v1/feedback"): "feedback",
    ("GET", "/v1/takedowns"): "takedowns",
    ("PUT", "/v1/takedowns/{kind}/{value}"): "take_down",
    ("DELETE", "/v1/takedowns/{kind}/{value}"): "lift",
    ("POST", "/v1/snapshots"): "snapshot",
    ("POST", "/v1/generations/{name}/switch"): "switch",
    ("GET", "/v1/info"): "info",
    ("GET", "/v1/submissions/{ticket}"): "submission",
    ("GET", "/livez"): "alive",
    ("GET", "/readyz"): "ready",
}
# Whose parameters another operation of the same method has as well.
SHORTER = {("GET", "/v1/search"), ("GET", "/v1/pins/{id}/duplicates")}
# What a parameter of the service is called here: a word of Python, or one name for one thing.
RENAMED = {
    "id": "pin",
    "q": "text",
    "filter": "filters",
    "for": "for_",
    "key": "keys",
    "name": "generation",
    "Engine-Sequence": "sequence",
    "if-none-match": "etag",
}
# Bodies that are not an object of parameters, and the parameter that is the whole body.
WHOLE = {"put_many": {"pins"}, "patch": {"changes"}, "feedback": {"events"}}


def parameters(spec: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of an operation by their names here, with their defaults."""
    found = {each["name"]: each["schema"] for each in operation.get("parameters", ())}
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    schema = spec["components"]["schemas"].get(name, schema)
    if schema.get("title") != "Pin patch":
        found |= schema.get("properties", {})
    return {RENAMED.get(key, key): value.get("default") for key, value in found.items()}


def test_every_operation_has_a_method_with_its_parameters(described: dict[str, Any]) -> None:
    operations = {
        (method.upper(), path): operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == set(METHODS)
    for at, operation in operations.items():
        name = METHODS[at]
        given = inspect.signature(getattr(AsyncClient, name)).parameters
        wanted = parameters(described, operation) | dict.fromkeys(WHOLE.get(name, ()))
        wanted.pop("id", None) if name == "put" else None
        extra = set(given) - {"self"} - set(wanted)
        assert set(wanted) <= set(given), (name, set(wanted) - set(given))
        assert not extra or at in SHORTER, (name, extra)
        for key, default in wanted.items():
            if given[key].default not in {None, inspect.Parameter.empty} and default is not None:
                assert given[key].default == default, (name, key)


def test_both_clients_are_one() -> None:
    made = unasync.modules()
    kept = {each.name: each.read_text() for each in unasync.TARGET.glob("*.py")}
    assert kept == made, "run python -m tests.client.unasync"
    for text in made.values():
        assert not re.search(r"\b(async|await|Async\w+|a(?:close|enter))\b", text)


def test_the_types_are_those_of_the_description(described: dict[str, Any]) -> None:
    made = answer_types.module(described)
    assert answer_types.TARGET.read_text() == made, "run python -m tests.client.answer_types"


@pytest.fixture(params=["sync", "async"])
def client(request: pytest.FixtureRequest, live: Live) -> Iterator[Any]:
    """Both clients, each called as the one without asyncio is."""
    if request.param == "sync":
        with Client(live.address) as made:
            yield made
        return
    with asyncio.Runner() as runner:
        other = AsyncClient(live.address)

        class Awaited:
            def __getattr__(self, name: str) -> Callable[..., Any]:
                method = getattr(other, name)

                async def called(*given: Any, **named: Any) -> Any:
                    result = method(*given, **named)
                    if inspect.isasyncgen(result):
                        return [each async for each in result]
                    return await result

                return lambda *given, **named: runner.run(called(*given, **named))

        yield Awaited()
        runner.run(other.aclose())


def test_pins_come_and_go(client: Any, live: Live, tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), "navy").save(tmp_path / "navy.png")
    batch = client.put_many([*bodies(), {"id": "no-image"}], prefer="wait=120")
    assert [each["status"] for each in batch["results"][:-1]].count("rejected") == 0
    assert batch["results"][-1]["status"] == "rejected"
    made = client.put(
        "a:b", tmp_path / "navy.png", description="Navy", attributes={"kind": "plain"}, price="3"
    )
    assert (made["description"], made["attributes"]) == ("Navy", {"kind": "plain"})
    assert client.put("a:b", picture("red"), description="Red")["description"] == "Red"
    assert client.put("a:b", inline(picture("red")), price="4", sequence=9)["price"] == "4"
    changed = client.patch("a:b", {"price": None, "merchant": "Aurel"})
    assert "price" not in changed
    assert changed["merchant"] == "Aurel"
    assert client.get("a:b") == changed
    full = client.picture("a:b")
    assert full.changed
    assert full.jpeg[:2] == b"\xff\xd8"
    again = client.picture("a:b", etag=full.etag)
    assert (again.jpeg, again.etag, again.changed) == (b"", full.etag, False)
    assert client.picture("a:b", size="thumb").etag != full.etag
    assert client.take_down("pin", "a:b", reason="asked to")["removed"] == ["a:b"]
    assert [each["value"] for each in client.takedowns()["takedowns"]] == ["a:b"]
    with pytest.raises(ProblemError, match="taken-down"):
        client.put("a:b", picture("red"))
    assert client.lift("pin", "a:b")["lifted"]
    client.put("gone", picture("green"))
    client.delete("gone")
    with pytest.raises(ProblemError) as raised:
        client.get("gone")
    problem = raised.value
    assert (problem.status, problem.kind) == (404, "unknown-pin")
    assert "gone" in problem.detail
    assert problem.request_id


def test_questions_are_answered(client: Any, live: Live, tmp_path: Path) -> None:
    client.put_many(bodies())
    answer = client.search(
        "dress", minus="dots", filters={"price": "10..80"}, explain=True, limit=1
    )
    assert [each["why"]["found_by"] for each in answer["hits"]]
    (tmp_path / "red.png").write_bytes(picture("red"))
    by_picture = client.search(image=tmp_path / "red.png", crop="0.1,0.1,0.8,0.8", limit=3)
    assert by_picture["hits"][0]["pin"]["attributes"]["colour"] == "red"
    mixed = client.search(
        parts=[{"image": picture("blue")}, {"text": "dress", "weight": 0.5}],
        for_={"likes": ["dress-010"], "strength": 0.9},
        filters={"attributes.kind": ["dress", "skirt"]},
    )
    assert {hit["id"] for hit in mixed["hits"]} <= {"dress-001", "dress-010", "skirt-1"}
    everything = [hit["id"] for hit in client.hits("dress", limit=2)]
    assert len(everything) == len(set(everything)) > 2
    assert "dress-001" not in {hit["id"] for hit in client.related("dress-001", but="blue")["hits"]}
    assert client.feed(likes=["dress-001"], filters={"has_text": "yes"}, limit=2)["hits"]
    assert client.suggest("dre")["suggestions"]
    facets = client.facets(["board_title", "attributes.kind"], text="dress")["facets"]
    assert {each["key"] for each in facets} == {"board_title", "attributes.kind"}
    assert client.regions(picture("red"), limit=2)["regions"] is not None
    assert client.recognize(pin="dress-001")["labels"] is not None
    assert client.shop("dress", filters={"price": "10.."})["groups"] is not None
    assert client.segments(count=2, refresh=True)["segments"]
    assert client.audience("red dress", people={"ann": ["dress-001"]})["people"]
    assert client.duplicates("dress-001")["duplicates"] is not None
    assert client.duplicates(thorough=True)["groups"] is not None
    titles = [each["title"] for each in client.boards()["boards"]]
    assert "Summer dresses" in titles
    assert client.search_board("Summer dresses", "blue")["hits"][0]["id"] == "dress-010"
    assert client.related_boards("Summer dresses", limit=3)["boards"] is not None
    assert client.info()["pins"] >= len(PINS)
    assert client.snapshot()["pins"] >= len(PINS)
    with pytest.raises(ProblemError, match="unknown-generation"):
        client.switch("generation-0a1b2c3d4e5f")
    assert client.alive() == {"status": "alive"}
    assert client.ready() == {"status": "ready"}
    event = {"event": "view", "query": {"text": "red"}, "shown": ["dress-001"]}
    assert client.feedback([event, event])["kept"] == 2


def test_people_are_known_and_forgotten(client: Any, live: Live) -> None:
    client.put_many(bodies())
    assert [each["pin"] for each in client.like("ann@b", "dress-001")["likes"]] == ["dress-001"]
    client.hide("ann@b", "room-1")
    assert client.person("ann@b")["hides"][0]["pin"] == "room-1"
    assert client.feed(person="ann@b")["hits"]
    client.unlike("ann@b", "dress-001")
    client.unhide("ann@b", "room-1")
    client.like("ann@b", "dress-001")
    client.forget_person("ann@b")
    with pytest.raises(ProblemError, match="unknown-person"):
        client.person("ann@b")


def test_every_method_has_been_run(live: Live) -> None:
    """After the tests above, which the service has taken note of."""
    with Client(live.address) as client, pytest.raises(ProblemError, match="not-found"):
        client.submission("a" * 16)  # there is no queue; below it is answered
    run = {METHODS[at] for at in live.asked if at in METHODS}
    assert run == set(METHODS.values()) - {"submission"}


def test_a_submission_is_asked_for_as_it_is_described() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("GET", "/v1/submissions/abc")
        told: SubmissionAnswer = {"ticket": "abc", "results": []}
        return httpx.Response(200, json=told)

    with Client(transport=httpx.MockTransport(answer)) as client:
        assert client.submission("abc")["ticket"] == "abc"


def test_what_is_sent_with_every_request() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(503, text="<html>a proxy's page", headers={"Retry-After": "7"})

    transport = httpx.MockTransport(answer)
    client = Client("http://x.example", "k", timeout_s=2.5, transport=transport)
    with client, pytest.raises(ProblemError) as raised:
        client.info()
    assert seen[0].headers["authorization"] == "Bearer k"
    assert seen[0].headers["engine-deadline"] == "2.500"
    assert raised.value.retry_after_s == 7.0
    assert (raised.value.status, raised.value.kind) == (503, "unknown")


def test_the_readme_s_example_works(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    with Client(live.address) as client:
        client.put_many(bodies())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(picture("red"))
    exec(compile(example.replace("http://127.0.0.1:8000", live.address), "README.md", "exec"), {})
    assert "dress-001" in capsys.readouterr().out
