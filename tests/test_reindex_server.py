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
from tests.serving.process import Served
from tests.store.conftest import SERVER_KEY, SERVER_URL
from tests.store.rest_over_local import rest_over_local
from tests.test_reindex import (
    Traffic,
    changes_and_goes_back,
    drawn_id,
    encoder_now,
    index,
    judged,
    loses_no_pin_without_a_picture,
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
    changes_and_goes_back(commands)
    assert commands("reindex", "--drop").out == "2 dropped\n"
    assert commands("reindex", "--back").status == 2
    # And when the first collection is the one that goes.
    assert commands("reindex", "--encoder", "turned", "--unjudged").status == 0
    assert commands("reindex", "--drop").out == "1 dropped\n"
    assert encoder_now() == "turned/1"
    assert json.loads(commands("info", "--json").out)["pins"] == 40


def test_pins_without_a_picture_are_not_lost_by_the_way(commands: Commands) -> None:
    loses_no_pin_without_a_picture(commands)


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
