"""A backup of a collection that is written to and searched meanwhile answers as it did then."""

import json
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from engine.errors import EngineError, UnknownPin
from engine.ingestion.arrivals import Arrival
from engine.ingestion.backup import NotRestored, verify
from engine.ingestion.moving import Place
from engine.pins import pin_from_json
from engine.queries import Part, Query
from engine.settings import load_settings
from engine.store.archive import reading
from engine.store.records import Record
from engine.store.snapshot import PREFIX, remove_stale
from engine.workspace import Workspace, collection_folder, open_workspace
from tests.beside import beside
from tests.commands import Commands
from tests.ingestion.conftest import drawn
from tests.serving.process import served

BEFORE = 40
TEXTS = ("red thing", "blue", "green yellow", "nothing of it")
Pins = dict[str, str | None]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(monkeypatch, capsys)


def step(number: int) -> tuple[str, dict[str, Any]]:
    """Return the write of a number: a new pin, other words for an old one, or its deletion."""
    old = f"pin-{number // 2:05d}"
    if number > BEFORE and number % 5 == 0:
        return "delete", {"id": old}
    if number > BEFORE and number % 5 == 1:
        return "put", drawn(number // 2) | {"description": f"blue words {number}"}
    return "put", drawn(number)


def state(writes: int) -> Pins:
    """Return the descriptions of the pins that are there after so many writes."""
    pins: Pins = {}
    for number in range(writes):
        kind, pin = step(number)
        if kind == "delete":
            pins.pop(pin["id"], None)
        else:
            pins[pin["id"]] = pin_from_json(pin)[0].description
    return pins


@dataclass
class Traffic:
    """Writes in their order and searches beside them, for as long as the block runs."""

    address: str
    written: int = 0
    searches: int = 0
    failures: list[str] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def going_on(self) -> Iterator["Traffic"]:
        """Write and search until the block ends."""
        with beside(self._ended, self._write, self._search):
            yield self

    def wait_for(self, writes: int) -> None:
        while self.written < writes and not self.failures:
            time.sleep(0.01)

    def _write(self) -> None:
        with httpx2.Client(base_url=self.address) as http:
            while not self._ended.is_set():
                kind, pin = step(self.written)
                path = f"/v1/pins/{pin['id']}"
                answer = http.delete(path) if kind == "delete" else http.put(path, json=pin)
                # An old pin may be gone already.
                if answer.status_code not in {200, 201, 204, 404}:
                    self.failures.append(answer.text)
                    return
                self.written += 1

    def _search(self) -> None:
        with httpx2.Client(base_url=self.address) as http:
            while not self._ended.wait(0.02):
                answer = http.get("/v1/search", params={"q": TEXTS[self.searches % 4]})
                self.searches += 1
                if answer.status_code != 200:
                    self.failures.append(answer.text)


def pins(workspace: Workspace) -> Pins:
    parts = workspace.collection.records(blocked=True)
    return {each.pin.id: each.pin.description for part in parts for each in part}


def answers(workspace: Workspace) -> list[list[tuple[str, float]]]:
    queries = [Query((Part("text", text),), limit=20) for text in TEXTS]
    queries += [Query((Part("pin", f"pin-{number:05d}"),), limit=20) for number in (1, 2, 3)]
    return [
        [(hit.pin.id, round(hit.score, 5)) for hit in workspace.search(query).hits]
        for query in queries
    ]


def test_under_load_and_elsewhere(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is restored is the state after one of the writes, and answers as that does."""
    file = tmp_path / "backup.tar"
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "served"))
    with (
        served(tmp_path / "served", "--allow-write") as server,
        Traffic(server.address).going_on() as traffic,
    ):
        traffic.wait_for(BEFORE + 30)
        event = {"event": "click", "query": {"text": "red"}, "pin": "pin-00001", "rank": 1}
        told = httpx2.post(f"{server.address}/v1/feedback", json=event | {"shown": ["pin-00001"]})
        assert told.status_code < 300, told.text
        least = traffic.written
        done = commands("backup", str(file), "--json")
        most = traffic.written
        assert done.status == 0, done.err
        traffic.wait_for(most + 10)
        assert not list(collection_folder(load_settings()).glob(f"{PREFIX}*"))
    assert not traffic.failures
    assert traffic.searches
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "elsewhere"))
    restored = commands("restore", str(file), "--json")
    assert restored.status == 0, restored.err
    verified = json.loads(restored.out)["verified"]
    with open_workspace(load_settings()) as found:
        here = pins(found)
        [moment] = [each for each in range(least, most + 2) if state(each) == here][:1]
        assert verified["pins"] == verified["pictures"] == len(here)
        assert verified["answers"] > 10
        # A collection that got exactly those writes, and never was in a backup.
        with open_workspace(load_settings(data=tmp_path / "other"), create=True) as other:
            replay(other, moment)
            assert answers(found) == answers(other)
            assert found.removals.graves().keys() == other.removals.graves().keys()
        assert len(found.belongings.feedback.events()) == 1


def replay(workspace: Workspace, writes: int) -> None:
    for number in range(writes):
        kind, pin = step(number)
        if kind == "put":
            list(workspace.intake().run([Arrival(pin_from_json(pin)[0], None, pin["id"])]))
            continue
        try:
            workspace.delete(pin["id"])
        except UnknownPin:
            continue


@pytest.fixture
def backed_up(commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A backup of five pins that nobody serves, with the folder it came from as ENGINE_DATA."""
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    lines = "".join(f"{json.dumps(drawn(number))}\n" for number in range(5))
    (tmp_path / "pins.jsonl").write_text(lines)
    assert commands("index", "pins.jsonl").status == 0
    assert commands("backup", "a.tar").out == "5 written, 5 pictures\n"
    return tmp_path / "a.tar"


def test_the_commands(commands: Commands, backed_up: Path) -> None:
    assert commands("backup", "a.tar").status == 2
    assert not list((backed_up.parent / "data").rglob(f"{PREFIX}*"))
    there = commands("restore", "a.tar")
    assert there.status == 2
    assert "is there already" in there.err
    # Whom people like, and the secret of cursors, are for nobody else to read.
    assert backed_up.stat().st_mode & 0o077 == 0
    with tarfile.open(backed_up) as tar:
        assert not [name for name in tar.getnames() if "restoring" in name or "owner" in name]
    told = commands("restore", "a.tar", "--collection", "copy")
    assert told.status == 0, told.err
    assert "5 pins, 5 pictures, 4 answers, all equal" in told.out
    # It is an export as well; an export is no backup.
    assert commands("import", "a.tar").out == "5 unchanged\n"
    assert commands("export", "b.tar").status == 0
    no_backup = commands("restore", "b.tar", "--collection", "more")
    assert no_backup.status == 1
    assert "engine import" in no_backup.err
    assert commands("restore", "none.tar").status == 2


def test_one_that_was_cut_short_goes_on(
    commands: Commands, backed_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise EngineError("no more")

    with monkeypatch.context() as patch:
        patch.setattr("engine.commands.backup.put_beside", stop)
        assert commands("restore", "a.tar", "--collection", "copy").status == 1
    assert commands("restore", "a.tar", "--collection", "copy").status == 0
    assert commands("restore", "a.tar", "--collection", "copy").status == 2


DAMAGES: dict[str, Callable[[Workspace, Record], object]] = {
    "gone": lambda copy, pin: copy.collection.delete([pin.pin.id]),
    "more": lambda copy, pin: copy.collection.upsert([replace(pin, pin=replace(pin.pin, id="x"))]),
    "other": lambda copy, pin: copy.collection.upsert([replace(pin, dhash="0" * 16)]),
    "turned": lambda copy, pin: copy.collection.upsert([replace(pin, vector=-pin.vector)]),
    "words": lambda copy, pin: copy.collection.upsert([replace(pin, description_terms="word")]),
    "picture": lambda copy, pin: copy.images.delete(str(pin.image_key)),
}


def test_each_difference_is_found(commands: Commands, backed_up: Path) -> None:
    assert commands("restore", "a.tar", "--collection", "copy").status == 0
    with reading(backed_up) as archive, open_workspace(load_settings(collection="copy")) as copy:
        here = Place(copy.collection, copy.images, copy.removals, copy.belongings.parameters_path)
        [pin] = copy.collection.get(["pin-00001"]).values()
        for damage in DAMAGES.values():
            assert verify(archive, here, copy.analyzer, lambda _: None).pins == 5
            damage(copy, pin)
            with pytest.raises(NotRestored):
                verify(archive, here, copy.analyzer, lambda _: None)
            copy.collection.delete(["x"])
            copy.collection.upsert([pin])


def test_a_snapshot_shares_pictures_and_is_not_left_behind(backed_up: Path) -> None:
    with open_workspace(load_settings()) as workspace:
        taken = workspace.snapshot()
        kept = sorted(each.name for each in workspace.images.folder.rglob("*.jpg"))
        links = sorted((taken.folder / "images").rglob("*.jpg"))
        assert [each.name for each in links] == kept
        assert {each.stat().st_nlink for each in links} == {2}
        remove_stale(collection_folder(workspace.settings), 60.0)
        assert taken.folder.exists()
    # Nobody who opened it can be left when the collection has a new owner.
    with open_workspace(load_settings()):
        assert not taken.folder.exists()
