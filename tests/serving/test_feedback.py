"""The feedback route: what is kept, what is refused, and that no score ever follows from it."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.relevance.feedback import judged, query_name
from engine.settings import load_settings
from engine.workspace import Workspace, open_workspace
from tests.commands import Commands
from tests.serving.conftest import client_of, ids, inline, picture, problem
from tests.tiny_encoder import COLOURS

CLICK: dict[str, Any] = {
    "event": "click",
    "query": {"text": "red dress", "limit": 3},
    "pin": "dress-010",
    "rank": 2,
    "shown": ["dress-001", "dress-010", "gown-1"],
}


@pytest.fixture(autouse=True)
def _no_feedback(desk: Workspace) -> None:
    for path in desk.belongings.feedback.path.parent.glob("feedback*"):
        path.unlink()


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(monkeypatch, capsys)


def send(client: TestClient, value: Any) -> dict[str, int]:
    answer = client.post("/v1/feedback", json=value)
    assert answer.status_code == 200, answer.text
    counts: dict[str, int] = answer.json()
    return counts


def test_one_and_many_are_kept(client: TestClient, desk: Workspace) -> None:
    assert send(client, CLICK) == {"kept": 1, "dropped": 0}
    view = {"event": "view", "query": {"text": "sofa"}, "shown": ["room-1"]}
    cursor = desk.belongings.cursors.write(bytes(8), range(20))
    late = CLICK | {"query": {"text": "red dress", "cursor": cursor}, "rank": 22, "answer": "a1"}
    late |= {"at": "2026-01-02T03:04:05Z"}
    assert send(client, [view, late]) == {"kept": 2, "dropped": 0}
    first, second, third = desk.belongings.feedback.events()
    assert (first.event, first.pin, first.first) == ("click", "dress-010", 1)
    assert first.query == {"text": "red dress"}  # without its paging
    assert second.pin is None
    assert (third.first, third.answer) == (21, "a1")
    assert third.at == "2026-01-02T03:04:05+00:00"
    assert query_name(first.query) == query_name(third.query)


def test_events_about_pins_that_are_not_here_leave_no_trace(
    client: TestClient, desk: Workspace
) -> None:
    gone = CLICK | {"pin": "nobody", "rank": 1, "shown": ["nobody", "dress-001"]}
    beside = CLICK | {"pin": "dress-001", "rank": 2, "shown": ["nobody", "dress-001"]}
    assert send(client, [gone, beside]) == {"kept": 1, "dropped": 1}
    [event] = desk.belongings.feedback.events()
    assert event.shown == (None, "dress-001")
    assert "nobody" not in desk.belongings.feedback.path.read_text()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rank": 1}, "stands at 2"),
        ({"rank": None}, "needs a pin and its rank"),
        ({"pin": None}, "needs a pin and its rank"),
        ({"pin": "gown-2"}, "not among those shown"),
        ({"shown": ["dress-001", "dress-010", "dress-001"]}, "twice"),
        ({"event": "view"}, "leave pin and rank out"),
        ({"query": {}}, "empty"),
        ({"query": {"parts": [{"text": "x" * 900}] * 5}}, "longer than"),
        ({"query": {"image": inline(picture("red"))}}, "picture of its own"),
    ],
)
def test_what_can_not_be_is_refused(
    client: TestClient, desk: Workspace, change: dict[str, Any], reason: str
) -> None:
    answer = client.post("/v1/feedback", json=[CLICK, CLICK | change])
    assert reason in problem(answer, 400, "bad-query")["detail"]
    assert desk.belongings.feedback.events() == []


@pytest.mark.parametrize(
    "change",
    [
        {"event": "buy"},
        {"shown": []},
        {"shown": ["x"] * 201},
        {"colour": "red"},
        {"at": "yesterday"},
        {"at": "2026-01-02T03:04:05"},
        {"rank": 0},
        {"query": {"text": 1}},
    ],
)
def test_what_is_no_event_is_refused(client: TestClient, change: dict[str, Any]) -> None:
    problem(client.post("/v1/feedback", json=CLICK | change), 422, "invalid-request")


def test_a_batch_has_a_limit(client: TestClient) -> None:
    problem(client.post("/v1/feedback", json=[CLICK] * 1_001), 400, "bad-query")
    problem(client.post("/v1/feedback", content="nonsense"), 422, "invalid-request")
    problem(client.post("/v1/feedback", json=CLICK | {"shown": ["a b"]}), 400, "bad-pin")


def test_feedback_alone_changes_no_answer(client: TestClient, desk: Workspace) -> None:
    queries = [{"text": "red dress"}, {"pin": "gown-1"}, {"text": "blue", "pin": "gown-1"}]

    def answers() -> list[Any]:
        return [client.post("/v1/search", json=query).json()["hits"] for query in queries]

    before = answers()
    for _ in range(50):
        send(client, CLICK)
        send(client, CLICK | {"event": "hide", "pin": "dress-001", "rank": 1})
    assert answers() == before
    assert not desk.belongings.parameters_path.exists()
    # They say something all the same, of the query and the pin together.
    grades, _ = judged(desk.belongings.feedback.events())
    assert grades[query_name({"text": "red dress"})]["dress-010"] == 1


@pytest.mark.parametrize("way", ["delete", "takedown", "picture"])
def test_what_is_removed_takes_its_events_along(
    client: TestClient, desk: Workspace, way: str
) -> None:
    send(client, [CLICK, CLICK | {"pin": "gown-1", "rank": 3}])
    if way == "delete":
        assert client.delete("/v1/pins/dress-010").status_code == 204
    elif way == "takedown":
        client.put("/v1/takedowns/pin/dress-010")
        client.delete("/v1/takedowns/pin/dress-010")
    else:
        key = desk.collection.get(["dress-010"])["dress-010"].image_key
        client.put(f"/v1/takedowns/picture/{key}")
        client.delete(f"/v1/takedowns/picture/{key}")
    [event] = desk.belongings.feedback.events()
    assert event.pin == "gown-1"
    assert event.shown == ("dress-001", None, "gown-1")
    assert "dress-010" not in desk.belongings.feedback.path.read_text()


def test_feedback_reaches_parameters_and_no_pin(
    tmp_path: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it: answers served, clicked, tuned on; what is written names no pin and no query."""
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path))
    pins = [
        {"id": f"{colour}-{number}", "image": inline(picture(colour, size=24 + number))}
        | ({"description": f"{colour} dress"} if number == 0 else {})
        for colour in COLOURS
        for number in range(3)
    ]
    with (
        open_workspace(load_settings(data=tmp_path), create=True) as workspace,
        client_of(workspace) as http,
    ):
        http.post("/v1/pins", json=pins)
        events = []
        for colour in COLOURS:
            for phrase in ("{} dress", "a {}", "{} please", "the {} one"):
                query = {"text": phrase.format(colour)}
                shown = ids(http.post("/v1/search", json=query))
                liked = [pin for pin in shown if pin.startswith(colour)]
                assert liked
                for look in range(5):
                    events += [
                        {
                            "event": "click", "query": query, "pin": pin, "shown": shown,
                            "rank": shown.index(pin) + 1, "answer": str(look),
                        }
                        for pin in liked
                    ]  # fmt: skip
        assert send(http, events)["dropped"] == 0
    done = commands("tune", "--feedback", "--trials", "3", "--force", "--json")
    assert done.status == 0, done.err
    told = json.loads(done.out)
    assert told["evaluation"]["tuned_on"][0]["queries"] >= 10
    place = tmp_path / "collections" / "pins" / "parameters.json"
    if told["written"] is not None:
        text = place.read_text()
        assert not [pin["id"] for pin in pins if pin["id"] in text]
        assert "feedback-" not in text
    assert not [pin["id"] for pin in pins if pin["id"] in done.out]
