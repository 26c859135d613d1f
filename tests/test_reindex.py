"""Another encoder for a collection that is served, written to, and searched meanwhile."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

import engine.workspace
from engine.settings import load_settings
from engine.store import generations
from engine.workspace import collection_folder, open_workspace
from tests.beside import beside
from tests.commands import Commands
from tests.conftest import ROOT
from tests.ingestion.conftest import drawn, inline
from tests.serving.process import WAIT_S, Served
from tests.tiny_encoder import COLOURS, tiny_encoder

PINS = 300
NAMES = list(COLOURS)


def colour_of(pin: str) -> str:
    """Return the colour that a drawn pin is of."""
    return random.Random(int(pin.removeprefix("pin-"))).choice(NAMES)


@pytest.fixture
def commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Commands:
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    made = Commands(monkeypatch, capsys)
    monkeypatch.setattr(engine.workspace, "load_encoder", tiny_encoder)
    return made


def index(commands: Commands, pins: int) -> None:
    lines = "".join(f"{json.dumps(drawn(number))}\n" for number in range(pins))
    Path("pins.jsonl").write_text(lines)
    assert commands("index", "pins.jsonl").status == 0


def judged(*colours: str) -> tuple[str, ...]:
    """Write queries for pictures of some colours, which all pins of it answer."""
    queries, judgments = [], []
    for colour in colours:
        image = inline(Image.new("RGB", (12, 12), COLOURS[colour])).partition(",")[2]
        queries.append(json.dumps({"id": colour, "image": image}))
        judgments += [
            f"{colour} 0 {pin} 1" for pin in map(drawn_id, range(3_000)) if colour_of(pin) == colour
        ]
    Path("queries.jsonl").write_text("\n".join(queries) + "\n")
    Path("judgments.txt").write_text("\n".join(judgments) + "\n")
    return "--queries", "queries.jsonl", "--judgments", "judgments.txt"


def drawn_id(number: int) -> str:
    return f"pin-{number:05d}"


def encoder_now() -> str:
    with open_workspace(load_settings()) as workspace:
        return workspace.encoder.fingerprint


def changes_and_goes_back(commands: Commands) -> None:
    """Check the whole way: refused, changed, written to, and back with what was written."""
    index(commands, 40)
    before = commands("search", "red", "--json", "--no-collapse").out
    assert "--unjudged" in commands("reindex", "--encoder", "turned").err
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
    # Kept pictures are a little other than what came, so near ones may change places.
    assert hits(after)[:3] == hits(before)[:3]
    # What is written and deleted since is there after the way back, and nothing else is encoded.
    Path("more.jsonl").write_text(json.dumps(drawn(40)) + "\n")
    assert commands("index", "more.jsonl").status == 0
    assert commands("delete", "pin-00003").status == 0
    back = json.loads(commands("reindex", "--back", "--json").out)
    assert back["filled"] == {"written": 1, "encoded": 1, "unchanged": 39, "removed": 1, "lost": 0}
    assert encoder_now() == "tiny/1"
    assert commands("get", "pin-00040").status == 0
    assert commands("get", "pin-00003").status == 1


def test_the_commands(commands: Commands) -> None:
    changes_and_goes_back(commands)
    place = collection_folder(load_settings())
    # What a killed run may leave, before there is anything in it.
    generations.note_encoder(place / "generation-0", "turned")
    assert commands("reindex", "--drop").out == "2 dropped\n"
    assert not list(place.glob("generation-*"))
    assert commands("reindex", "--back").status == 2
    assert commands("get", "pin-00040").status == 0
    # And when the first folder is the one that goes.
    assert commands("reindex", "--encoder", "turned", "--unjudged").status == 0
    assert commands("reindex", "--drop").status == 0
    assert not (place / "shard").exists()
    assert encoder_now() == "turned/1"
    assert json.loads(commands("info", "--json").out)["pins"] == 40
    assert commands("backup", "a.tar").out == "40 written, 40 pictures\n"


def hits(out: str) -> list[str]:
    return [hit["id"] for hit in json.loads(out)["hits"]]


def loses_no_pin_without_a_picture(commands: Commands) -> None:
    """Check that a pin which can't be encoded anew is left out only where that is asked for."""
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


def test_pins_without_a_picture_are_not_lost_by_the_way(commands: Commands) -> None:
    loses_no_pin_without_a_picture(commands)


@contextmanager
def running(*words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ENGINE_SERVE")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.reindexing_process", *words],
        env=kept | {"ENGINE_SERVE__PORT": "0", "PYTHONPATH": str(ROOT)} | environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def serving(**environment: str) -> Iterator[Served]:
    with running("serve", "--allow-write", **environment) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"on (http://127\.0\.0\.\d:\d+)$", line.strip())
        assert found, line + process.stderr.read()
        yield Served(process, found[1])


@dataclass
class Traffic:
    """New pins and searches by pictures, some each second, until the block ends.

    asked: how many searches there were; wrong: what they found that is of another colour.
    """

    address: str
    number: int
    kept: list[str] = field(default_factory=list)
    asked: int = 0
    wrong: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def going_on(self) -> Iterator["Traffic"]:
        """Write and search until the block ends."""
        with beside(self._ended, self._write, self._search):
            yield self

    def _write(self) -> None:
        with httpx2.Client(base_url=self.address, timeout=WAIT_S) as http:
            while not self._ended.wait(0.1) and not self.failures:
                pin = drawn(self.number)
                if self._ask(http, "PUT", f"/v1/pins/{pin['id']}", pin) is None:
                    return
                self.kept.append(pin["id"])
                self.number += 1

    def _search(self) -> None:
        with httpx2.Client(base_url=self.address, timeout=WAIT_S) as http:
            while not self._ended.wait(0.1) and not self.failures:
                colour = NAMES[self.asked % len(NAMES)]
                image = inline(Image.new("RGB", (12, 12), COLOURS[colour])).partition(",")[2]
                asked = {"image": image, "limit": 5, "collapse": False}
                found = self._ask(http, "POST", "/v1/search", asked)
                if found is None:
                    return
                self.asked += 1
                self.wrong += [
                    f"{hit['id']} for {colour}"
                    for hit in found["hits"]
                    if colour_of(hit["id"]) != colour
                ]

    def _ask(self, http: httpx2.Client, method: str, path: str, body: Any) -> Any:
        """Return the answer, None after keeping why there is none."""
        begun = time.monotonic()
        try:
            answer = http.request(method, path, json=body)
        except httpx2.HTTPError as error:
            self.failures.append(repr(error))
            return None
        finally:
            self.slowest = max(self.slowest, time.monotonic() - begun)
        if not answer.is_success:
            self.failures.append(answer.text)
            return None
        return answer.json()


KILLED = (
    "engine.store.generations:note_encoder:1",
    "engine.ingestion.reencoding:Reencoding._bring:4",
    "engine.commands.reindex:_measured:2",
    "engine.access:Remote.switch:1",
)


def test_under_load_killed_and_taken_up(commands: Commands, tmp_path: Path) -> None:
    """No failed request, no lost pin, no mixed result; killed at four moments."""
    index(commands, PINS)
    change = ("reindex", "--encoder", "turned", *judged("red", "blue"), "--share", "1", "--json")
    with serving() as server, Traffic(server.address, PINS).going_on() as traffic:
        for moment in KILLED:
            with running(*change, KILL_AT=moment) as process:
                assert process.wait(WAIT_S) == -signal.SIGKILL, moment
            assert commands("info").status == 0
        done = commands(*change)
        assert done.status == 0, done.err
        # What was encoded before a kill is not encoded again.
        assert json.loads(done.out)["filled"]["encoded"] < PINS
        searched = traffic.asked
        while traffic.asked < searched + 20 and not traffic.failures:
            time.sleep(0.05)
        info = httpx2.get(f"{server.address}/v1/info").json()
        assert info["encoder"] == "turned/1"
        back = commands("reindex", "--back", "--json")
        assert back.status == 0, back.err
        assert httpx2.get(f"{server.address}/v1/info").json()["encoder"] == "tiny/1"
        assert commands("reindex", "--encoder", "turned", "--unjudged").status == 0
    assert traffic.failures == []
    assert traffic.wrong == []
    assert len(traffic.kept) > 20
    assert encoder_now() == "turned/1"
    with open_workspace(load_settings()) as workspace:
        wanted = {drawn_id(number) for number in range(PINS)} | set(traffic.kept)
        there = {
            each.pin.id for part in workspace.collection.records(blocked=True) for each in part
        }
        assert there == wanted
        assert not list(collection_folder(workspace.settings).glob("snapshot-*"))


@pytest.mark.parametrize(
    ("moment", "encoder"),
    [
        ("engine.store.generations:make_current:1", "tiny/1"),
        ("engine.serving.service:Service._adopt:1", "turned/1"),
    ],
    ids=["before the switch", "after it"],
)
def test_the_service_is_killed_while_it_switches(
    commands: Commands, moment: str, encoder: str
) -> None:
    index(commands, 40)
    change = ("reindex", "--encoder", "turned", "--unjudged")
    with serving(KILL_AT=moment) as server:
        answer = httpx2.put(f"{server.address}/v1/pins/pin-00040", json=drawn(40))
        assert answer.status_code == 201
        assert commands(*change).status == 1
        assert server.process.wait(WAIT_S) == -signal.SIGKILL
    assert encoder_now() == encoder
    Image.new("RGB", (12, 12), COLOURS["red"]).save("red.png")
    found = commands("search", "--image", "red.png", "--json", "--no-collapse", "--limit", "3")
    assert {colour_of(pin) for pin in hits(found.out)} == {"red"}
    again = commands(*change)
    assert again.status == (0 if encoder == "tiny/1" else 2), again.err
    assert encoder_now() == "turned/1"
    assert commands("get", "pin-00040").status == 0


def test_a_pointer_that_names_nothing(commands: Commands) -> None:
    index(commands, 1)
    place = collection_folder(load_settings())
    for text in ("{", '{"folder": "../other", "encoder": "x"}', '{"folder": 1}'):
        (place / generations.POINTER_NAME).write_text(text)
        broken = commands("info")
        assert broken.status == 1
        assert "restore it from a backup" in broken.err
