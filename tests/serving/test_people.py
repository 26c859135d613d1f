"""Known people over HTTP and on the command line: kept by setting, used, exported, forgotten."""

import json
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from engine.settings import PeopleSettings, load_settings
from engine.store.people_file import NAME
from engine.workspace import Workspace, collection_folder
from tests.commands import Commands
from tests.serving.conftest import client_of, fill, ids, problem
from tests.tiny_encoder import COLOURS


def like(client: TestClient, pin: str, person: str = "ann", feeling: str = "likes") -> None:
    assert client.put(f"/v1/people/{person}/{feeling}/{pin}").status_code == 200


def pins(client: TestClient, person: str, feeling: str) -> list[str]:
    answer = client.get(f"/v1/people/{person}")
    assert answer.status_code == 200, answer.text
    return [each["pin"] for each in answer.json()[feeling]]


@pytest.fixture(autouse=True)
def _nobody(desk: Workspace) -> None:
    (collection_folder(desk.settings) / NAME).unlink(missing_ok=True)


def test_what_is_kept_is_what_a_request_could_have_told(client: TestClient) -> None:
    like(client, "dress-001")
    like(client, "room-1")
    like(client, "gown-2", feeling="hides")
    told = {"likes": ["dress-001", "room-1"], "hides": ["gown-2"]}
    for path, kept, sent in (
        ("/v1/feed", {"person": "ann"}, told),
        (
            "/v1/search",
            {"text": "dress", "for": {"person": "ann", "strength": 1}},
            {"text": "dress", "for": told | {"strength": 1}},
        ),
    ):
        first, second = (client.post(path, json=body).json()["hits"] for body in (kept, sent))
        assert first == second
        assert first
    assert ids(client.post("/v1/feed", json={"person": "bob"})) == ids(
        client.post("/v1/feed", json={})
    )


def test_what_is_told_now_counts_before_what_was_kept(client: TestClient) -> None:
    like(client, "dress-001")
    like(client, "room-1")
    now = client.post("/v1/feed", json={"person": "ann", "hides": ["dress-001"]})
    assert ids(now) == ids(
        client.post("/v1/feed", json={"likes": ["room-1"], "hides": ["dress-001"]})
    )


def test_everything_is_exported_and_forgotten(client: TestClient) -> None:
    like(client, "room-1")
    like(client, "dress-001")
    like(client, "gown-1", feeling="hides")
    assert pins(client, "ann", "likes") == ["room-1", "dress-001"]
    assert pins(client, "ann", "hides") == ["gown-1"]
    like(client, "skirt-1", person="bob")
    assert client.delete("/v1/people/ann").json() == {"forgotten": 3}
    assert client.delete("/v1/people/ann").json() == {"forgotten": 0}
    problem(client.get("/v1/people/ann"), 404, "unknown-person")
    assert pins(client, "bob", "likes") == ["skirt-1"]


def test_nothing_of_who_was_forgotten_is_left_on_the_disk(
    client: TestClient, desk: Workspace
) -> None:
    like(client, "room-1", person="somebody-in-particular")
    client.delete("/v1/people/somebody-in-particular")
    folder = collection_folder(desk.settings)
    files = list(folder.glob(f"{NAME}*"))
    assert files
    assert not any(b"somebody-in-particular" in each.read_bytes() for each in files)
    assert {each.stat().st_mode & 0o077 for each in files} == {0}


def test_a_pin_is_liked_or_hidden_and_can_be_let_go(client: TestClient) -> None:
    like(client, "room-1")
    like(client, "room-1", feeling="hides")
    assert (pins(client, "ann", "likes"), pins(client, "ann", "hides")) == ([], ["room-1"])
    assert client.delete("/v1/people/ann/likes/room-1").json() == {"forgotten": 0}
    assert client.delete("/v1/people/ann/hides/room-1").json() == {"forgotten": 1}
    problem(client.get("/v1/people/ann"), 404, "unknown-person")
    problem(client.put("/v1/people/ann/likes/nowhere"), 404, "unknown-pin")


@pytest.mark.parametrize("how", ["delete", "takedown"])
def test_a_pin_that_is_erased_is_erased_there_too(client: TestClient, how: str) -> None:
    like(client, "room-1")
    like(client, "dress-001")
    if how == "delete":
        assert client.delete("/v1/pins/room-1").status_code == 204
    else:
        assert client.put("/v1/takedowns/pin/room-1").status_code == 200
        client.delete("/v1/takedowns/pin/room-1")
    assert pins(client, "ann", "likes") == ["dress-001"]


def test_erasing_looks_there_also_where_keeping_was_switched_off(desk: Workspace) -> None:
    with client_of(desk) as client:
        fill(client)
        like(client, "room-1")
        like(client, "gown-1")
    with client_of(desk, people=PeopleSettings()) as client:
        problem(client.get("/v1/people/ann"), 404, "people-not-kept")
        client.delete("/v1/pins/room-1")
    with client_of(desk) as client:
        assert pins(client, "ann", "likes") == ["gown-1"]


def test_nothing_is_kept_by_default(desk: Workspace) -> None:
    assert not load_settings().people.keep
    with client_of(desk, people=PeopleSettings()) as client:
        fill(client)
        for method, path in (
            ("PUT", "/v1/people/ann/likes/room-1"),
            ("DELETE", "/v1/people/ann/hides/room-1"),
            ("DELETE", "/v1/people/ann"),
        ):
            problem(client.request(method, path), 404, "people-not-kept")
    assert not (collection_folder(desk.settings) / NAME).exists()


def test_the_commands_search_for_somebody_and_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ENGINE_PEOPLE__KEEP", "true")
    commands = Commands(monkeypatch, capsys)
    for name in ("red", "blue", "green"):
        Image.new("RGB", (40, 30), COLOURS[name]).save(f"{name}.png")
    lines = [
        json.dumps({"id": each, "image": f"{each}.png", "description": f"{each} thing"})
        for each in ("red", "blue", "green")
    ]
    Path("pins.jsonl").write_text("\n".join(lines))
    assert commands("index", "pins.jsonl").status == 0

    def first(*words: str) -> str:
        found = json.loads(commands("search", "thing", *words, "--strength", "1", "--json").out)
        return str(found["hits"][0]["id"])

    assert {first("--like", each) for each in ("red", "blue")} == {"red", "blue"}
    from engine.access import Local, reach

    with reach(load_settings()) as access:
        assert isinstance(access, Local)
        access.workspace.belongings.people.feel("ann", "blue", "like")
        access.workspace.belongings.people.feel("ann", "red", "hide")
    assert first("--for", "ann") == "blue"
    told = json.loads(commands("people", "export", "ann", "--json").out)
    assert [each["pin"] for each in told["likes"]] == ["blue"]
    shown = commands("people", "export", "ann").out
    assert "likes: blue (" in shown
    assert "hides: red (" in shown
    assert json.loads(commands("people", "delete", "ann", "--json").out) == {"forgotten": 2}
    assert commands("people", "export", "ann").err.startswith("engine: nothing is kept")
