"""Another encoder for a collection on a server, with several processes that answer and write."""

import json
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from qdrant_client import QdrantClient

import engine.server_reindexing
import engine.workspace
from engine.settings import load_settings
from engine.workspace import open_workspace
from tests.commands import Commands
from tests.ingestion.conftest import drawn
from tests.serving.process import Served
from tests.store.conftest import SERVER_KEY, SERVER_URL
from tests.store.rest_over_local import rest_over_local
from tests.test_reindex import (
    Traffic,
    drawn_id,
    encoder_now,
    hits,
    index,
    judged,
    running,
    serving,
)
from tests.tiny_encoder import tiny_encoder


@pytest.fixture(
    params=[
        "local",
        pytest.param(
            "server",
            marks=pytest.mark.skipif(not SERVER_URL, reason="ENGINE_TEST_QDRANT_URL is not set"),
        ),
    ]
)
def commands(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Iterator[Commands]:
    """Commands over a collection of its own, on a server or on what speaks like one."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ENGINE_COLLECTION", name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(engine.server_reindexing, "GRACE_S", 0.0)
    made = Commands(monkeypatch, capsys)
    monkeypatch.setattr(engine.workspace, "load_encoder", tiny_encoder)
    with ExitStack() as stack:
        if request.param == "local":
            monkeypatch.setenv("ENGINE_STORE__URL", stack.enter_context(rest_over_local()).url)
        else:
            monkeypatch.setenv("ENGINE_STORE__URL", str(SERVER_URL))
            if SERVER_KEY:
                monkeypatch.setenv("ENGINE_STORE__API_KEY", SERVER_KEY)
            stack.callback(_removed, name)
        yield made


def _removed(name: str) -> None:
    client = QdrantClient(url=SERVER_URL, api_key=SERVER_KEY)
    for each in client.get_collections().collections:
        if each.name.startswith(name):
            client.delete_collection(each.name)
    client.close()


def test_the_commands(commands: Commands) -> None:
    index(commands, 40)
    before = commands("search", "red", "--json", "--no-collapse").out
    assert commands("reindex", "--encoder", "embedded", "--unjudged").status == 2
    assert commands("reindex", "--back").status == 2
    blind = commands("reindex", "--encoder", "blind", *judged("red", "blue"))
    assert blind.status == 1
    assert "answers worse: nDCG@10 -" in blind.err
    assert encoder_now() == "tiny/1"
    done = commands("reindex", "--encoder", "turned", *judged("red", "blue"), "--json")
    assert done.status == 0, done.err
    told = json.loads(done.out)
    assert told["filled"] == {"written": 40, "encoded": 40, "unchanged": 0, "removed": 0, "lost": 0}
    assert told["compared"]["difference"] == 0
    # Whatever the settings say, the collection goes on with the encoder that it was changed to.
    assert encoder_now() == "turned/1"
    after = commands("search", "red", "--json", "--no-collapse").out
    assert hits(after)[:3] == hits(before)[:3]
    Path("more.jsonl").write_text(json.dumps(drawn(40)) + "\n")
    assert commands("index", "more.jsonl").status == 0
    assert commands("delete", "pin-00003").status == 0
    back = json.loads(commands("reindex", "--back", "--json").out)
    assert back["filled"] == {"written": 1, "encoded": 1, "unchanged": 39, "removed": 1, "lost": 0}
    assert encoder_now() == "tiny/1"
    assert commands("get", "pin-00040").status == 0
    assert commands("get", "pin-00003").status == 1
    assert commands("reindex", "--drop").out == "2 dropped\n"
    assert commands("reindex", "--back").status == 2
    # And when the first collection is the one that goes.
    assert commands("reindex", "--encoder", "turned", "--unjudged").status == 0
    assert commands("reindex", "--drop").out == "1 dropped\n"
    assert encoder_now() == "turned/1"
    assert json.loads(commands("info", "--json").out)["pins"] == 40


def test_pins_without_a_picture_are_not_lost_by_the_way(commands: Commands) -> None:
    index(commands, 8)
    with open_workspace(load_settings()) as workspace:
        [pin] = workspace.collection.get(["pin-00002"]).values()
        assert workspace.images.delete(str(pin.image_key))
    refused = commands("reindex", "--encoder", "turned", "--unjudged")
    assert refused.status == 2
    assert "1 pins have no kept picture, such as 'pin-00002'" in refused.err
    assert encoder_now() == "tiny/1"
    assert commands("reindex", "--encoder", "turned", "--unjudged", "--leave-out").status == 0
    assert json.loads(commands("info", "--json").out)["pins"] == 7


# Local mode is slow.
PINS = 130
KILLED = (
    "engine.store.server_switch:ServerSwitch.begin:1",
    "engine.ingestion.reencoding:Reencoding._bring:4",
    "engine.commands.reindex:_measured:2",
    # Before it has writes wait, and while they do: they go on by themselves after a time.
    "engine.store.server_switch:ServerSwitch.change:2",
    "engine.store.server_switch:ServerSwitch.change:3",
)


def test_under_load_killed_and_taken_up(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two services, each asked and written to; killed at five moments, then through, and back."""
    index(commands, PINS)
    monkeypatch.setenv("TEST_PATIENCE_S", "4")
    change = ("reindex", "--encoder", "turned", *judged("red", "blue"), "--share", "1", "--json")
    with ExitStack() as stack:
        servers = [stack.enter_context(serving()) for _ in range(2)]
        traffics = [
            stack.enter_context(Traffic(server.address, PINS + 1_000 * number).going_on())
            for number, server in enumerate(servers)
        ]
        for moment in KILLED:
            with running(*change, KILL_AT=moment) as process:
                assert process.wait(60) == -signal.SIGKILL, moment
        done = commands(*change)
        assert done.status == 0, done.err
        # What was encoded before a kill is not encoded again.
        assert json.loads(done.out)["filled"]["encoded"] < PINS
        _answered(servers, traffics, "turned/1")
        back = commands("reindex", "--back", "--json")
        assert back.status == 0, back.err
        _answered(servers, traffics, "tiny/1")
    for traffic in traffics:
        assert traffic.failures == []
        assert traffic.wrong == []
        assert len(traffic.kept) > 20
    with open_workspace(load_settings()) as workspace:
        wanted = {drawn_id(number) for number in range(PINS)}
        wanted |= {pin for traffic in traffics for pin in traffic.kept}
        there = {
            each.pin.id for part in workspace.collection.records(blocked=True) for each in part
        }
        assert there == wanted


def _answered(servers: list[Served], traffics: list[Traffic], encoder: str) -> None:
    """Wait until all services answer by an encoder, and have gone on doing so for some searches."""
    end = time.monotonic() + 20
    while {httpx2.get(f"{each.address}/v1/info").json()["encoder"] for each in servers} != {
        encoder
    }:
        assert time.monotonic() < end, "a service does not notice the change"
        time.sleep(0.1)
    before = [each.asked for each in traffics]
    while any(
        each.asked < count + 10 and not each.failures
        for each, count in zip(traffics, before, strict=True)
    ):
        time.sleep(0.05)


def _encoder(server: Served) -> str:
    return str(httpx2.get(f"{server.address}/v1/info").json()["encoder"])
