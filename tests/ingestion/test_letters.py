"""A pin that is removed leaves its dead letters too, in the file, the stream and the inbox."""

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.features.fingerprint import content_sha256
from engine.ingestion import queue_dead
from engine.ingestion.dead import DEAD_NAME, DeadFile, DeadLetter
from engine.ingestion.inbox import INBOX_NAME, Inbox
from engine.ingestion.queue import Queue
from engine.ingestion.queue_client import QueueClient
from engine.settings import QueueSettings, load_settings
from engine.workspace import Workspace, collection_folder
from tests.commands import Commands
from tests.ingestion.nats_server import NatsServer, queue_settings
from tests.ingestion.taking_in import gone, opened, put, send, uri
from tests.serving.process import served


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as made:
        yield made


def letter(pin_id: str | None, image: str = "none.png", key: str | None = None) -> DeadLetter:
    return DeadLetter.of(
        key=key or pin_id or "file:1",
        kind="upsert",
        pin_id=pin_id,
        value={"id": pin_id, "image": image},
        origin="test",
        stage="take",
        error="bad-image",
        message="broken",
        attempts=1,
    )


def filed(workspace: Workspace) -> DeadFile:
    return DeadFile(collection_folder(workspace.settings) / DEAD_NAME)


def left(workspace: Workspace) -> set[str]:
    return {each.key for each in filed(workspace).letters()}


def bytes_of(colour: str) -> bytes:
    return base64.b64decode(uri(colour).partition(",")[2])


@pytest.mark.parametrize("how", ["stream", "call", "takedown"])
def test_a_pin_that_goes_takes_the_letters_of_the_file_along(
    workspace: Workspace, how: str
) -> None:
    send(workspace, put("a"), put("b"))
    filed(workspace).add([letter("a"), letter("a", key="a-again"), letter("b"), letter(None)])
    if how == "stream":
        assert send(workspace, gone("a")) == ["deleted"]
    elif how == "call":
        workspace.delete("a")
    else:
        workspace.eraser.take_down("pin", "a")
    assert left(workspace) == {"b", "file:1"}


def test_letters_of_a_pin_that_never_came_go_as_well(workspace: Workspace) -> None:
    filed(workspace).add([letter("a"), letter("b")])
    workspace.eraser.take_down("pin", "a")
    assert left(workspace) == {"b"}


def test_a_picture_that_goes_leaves_no_letter_that_holds_it(workspace: Workspace) -> None:
    send(workspace, put("shown", colour="red"))
    filed(workspace).add(
        [
            letter("inside", uri("red")),
            letter("other", uri("blue")),
            letter("shown"),
            letter("odd", "data:image/png;base64,%"),
        ]
    )
    assert workspace.eraser.take_down("picture", content_sha256(bytes_of("red"))) == ["shown"]
    assert left(workspace) == {"other", "odd"}


@pytest.fixture
def queued(server: NatsServer) -> QueueSettings:
    return queue_settings(server)


def with_queue(workspace: Workspace, queue: QueueSettings) -> Workspace:
    return replace(workspace, settings=workspace.settings.model_copy(update={"queue": queue}))


def bury(queue: QueueSettings, *letters: tuple[DeadLetter, str | None]) -> None:
    async def run() -> None:
        connected = await Queue.connect(queue)
        for number, (each, stored) in enumerate(letters):
            await queue_dead.bury(connected, each, stored, f"test-{number}")
        await connected.close()

    asyncio.run(run())


def in_stream(queue: QueueSettings, inbox: Inbox) -> set[str]:
    with QueueClient(queue, inbox) as client:
        return {each.key for each in client.dead_letters().values()}


def test_the_letters_of_the_queue_go_with_the_pictures_that_wait_for_them(
    workspace: Workspace, queued: QueueSettings
) -> None:
    workspace = with_queue(workspace, queued)
    inbox = Inbox(collection_folder(workspace.settings) / INBOX_NAME)
    red, blue, green = (inbox.put(bytes_of(name)) for name in ("red", "blue", "green"))
    send(workspace, put("a"), put("b"))
    bury(
        queued,
        (letter("a", key="a1"), red),
        (letter("a", key="a2"), None),
        (letter("b"), blue),
        (letter("c"), green),
        (letter("d", uri("green")), None),
        (letter("e", uri("pink")), None),
    )
    workspace.delete("a")
    assert in_stream(queued, inbox) == {"b", "c", "d", "e"}
    workspace.eraser.take_down("pin", "b")
    assert in_stream(queued, inbox) == {"c", "d", "e"}
    assert {path.name for path in inbox.folder.iterdir()} == {green}
    workspace.eraser.take_down("picture", content_sha256(bytes_of("green")))
    assert in_stream(queued, inbox) == {"e"}
    assert list(inbox.folder.iterdir()) == []
    unfinished = workspace.removals.unfinished()
    assert (unfinished.tombstones, unfinished.takedowns) == ({}, ())


def test_while_the_queue_is_away_removals_go_on_and_end_later(
    tmp_path: Path, queued: QueueSettings, server: NatsServer
) -> None:
    with opened(tmp_path) as plain:
        workspace = with_queue(plain, queued)
        inbox = Inbox(collection_folder(workspace.settings) / INBOX_NAME)
        send(workspace, put("a"), put("b"))
        bury(queued, (letter("a"), None), (letter("b"), None), (letter("c"), None))
        server.stop()
        workspace.delete("a")
        assert workspace.eraser.take_down("pin", "b") == ["b"]
        assert workspace.collection.count() == 0
        assert set(workspace.removals.unfinished().tombstones) == {"a"}
        server.start()
        workspace.eraser.resume()
        assert in_stream(queued, inbox) == {"c"}
        unfinished = workspace.removals.unfinished()
        assert (unfinished.tombstones, unfinished.takedowns) == ({}, ())


@pytest.fixture
def engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    lines = []
    for colour in ("red", "blue", "green"):
        (tmp_path / f"{colour}.png").write_bytes(bytes_of(colour))
        lines.append(json.dumps({"id": colour, "image": f"{colour}.png"}))
    (tmp_path / "pins.jsonl").write_text("\n".join(lines))
    return Commands(monkeypatch, capsys)


@pytest.mark.parametrize("owned", [False, True], ids=["here", "through the owner"])
def test_the_command_takes_down_lists_and_lifts(
    engine: Commands, tmp_path: Path, owned: bool
) -> None:
    if owned:
        with served(tmp_path / "data"):
            try_out(engine)
    else:
        assert engine("index", "pins.jsonl").status == 0
        try_out(engine)


def try_out(engine: Commands) -> None:
    assert engine("index", "pins.jsonl").status == 0
    assert engine("takedown").out.strip() == "nothing was taken down"
    done = engine("takedown", "red", "never", "--reason", "asked for", "--json")
    assert json.loads(done.out) == {"taken_down": ["red", "never"], "removed": ["red"]}
    digest = content_sha256(bytes_of("blue"))
    done = engine("takedown", "--picture", "blue.png", "--json")
    assert json.loads(done.out) == {"taken_down": [digest], "removed": ["blue"]}
    listed = json.loads(engine("takedown", "--json").out)["takedowns"]
    assert {(each["kind"], each["value"], each["reason"]) for each in listed} == {
        ("pin", "red", "asked for"),
        ("pin", "never", "asked for"),
        ("picture", digest, ""),
    }
    assert "asked for" in engine("takedown").out
    again = engine("index", "pins.jsonl", "--json")
    assert json.loads(again.out)["unchanged"] == 3
    assert engine("get", "red").status == engine("get", "blue").status == 1
    lifted = engine("takedown", "red", "green", "--picture", digest, "--lift", "--json")
    assert json.loads(lifted.out) == {"lifted": ["red", digest]}
    assert json.loads(engine("index", "pins.jsonl", "--json").out)["added"] == 2


@pytest.mark.parametrize(
    "words", [("a/b",), ("--picture", "none.png"), ("--lift",), ("--picture", "12ab")]
)
def test_what_can_be_no_pin_or_picture_is_bad_usage(
    engine: Commands, words: tuple[str, ...]
) -> None:
    assert engine("index", "pins.jsonl").status == 0
    done = engine("takedown", *words)
    assert done.status == 2, done.err
    assert len(done.err.splitlines()) == 1


def test_a_command_without_a_collection_makes_none(engine: Commands) -> None:
    assert engine("takedown", "red").status == 1
    assert not (load_settings().data / "collections").exists()
