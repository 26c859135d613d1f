"""A watched folder: what appears is taken once it is whole, and what can't be is a dead letter."""

import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from engine.errors import StoreFull, UsageError
from engine.ingestion.arrivals import Arrival
from engine.ingestion.dead import DeadFile, DeadLetter
from engine.ingestion.metrics import Metrics
from engine.ingestion.watch import Change, WatchedFolder
from engine.ingestion.worker_watch import FolderWorker
from engine.jsonl import BadLine
from engine.settings import load_settings
from engine.working import WorkspaceSink, dead_file
from engine.workspace import Workspace, open_workspace
from tests.commands import Commands
from tests.ingestion.worker_process import FreshWorker

WAIT_S = 30.0


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def picture(path: Path, colour: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 20), colour).save(path)


def lines(path: Path, *pins: dict[str, Any] | str) -> None:
    texts = (pin if isinstance(pin, str) else json.dumps(pin) for pin in pins)
    path.write_text("".join(f"{text}\n" for text in texts))


def found(folder: WatchedFolder, change: Change | None) -> list[str]:
    assert change is not None
    items = list(folder.arrivals(change))
    folder.took(change)
    return [each.pin.id if isinstance(each, Arrival) else "bad" for each in items]


def test_a_file_is_taken_once_it_stays_as_it_is(tmp_path: Path) -> None:
    clock = Clock()
    folder = WatchedFolder(tmp_path, quiet_s=1.0, clock=clock)
    assert folder.look() is None
    whole = json.dumps({"id": "a", "image": "a.png"}) + "\n"
    file = tmp_path / "pins.jsonl"
    for end in (5, 12, len(whole)):
        file.write_text(whole[:end])
        assert folder.look() is None
        clock.now += 0.9
        assert folder.look() is None
    clock.now += 0.1
    change = folder.look()
    assert change == Change(frozenset({file}), frozenset(), 1_001.8)
    assert found(folder, change) == ["a"]
    assert folder.look() is None
    file.write_text(whole + whole.replace('"a"', '"b"'))
    assert folder.look() is None
    clock.now += 1
    assert found(folder, folder.look()) == ["a", "b"]


def test_pictures_belong_to_the_pins_of_a_file_above_them_or_are_pins(tmp_path: Path) -> None:
    clock = Clock()
    folder = WatchedFolder(tmp_path, quiet_s=1.0, clock=clock)
    picture(tmp_path / "loose" / "one.png", "red")
    picture(tmp_path / "set" / "images" / "a.png", "red")
    picture(tmp_path / ".hidden" / "x.png", "red")
    pins = [{"id": name, "image": f"images/{name}.png"} for name in "ab"]
    lines(tmp_path / "set" / "pins.jsonl", *pins)
    (tmp_path / "half.jpg.part").write_bytes(b"\xff\xd8")
    folder.look()
    clock.now += 1
    assert found(folder, folder.look()) == ["a", "b", "loose:one.png"]
    # The picture that was missing comes: only its pin is taken again.
    picture(tmp_path / "set" / "images" / "b.png", "blue")
    folder.look()
    clock.now += 1
    assert found(folder, folder.look()) == ["b"]
    picture(tmp_path / "loose" / "two.png", "blue")
    folder.look()
    clock.now += 1
    assert found(folder, folder.look()) == ["loose:two.png"]


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        WatchedFolder(tmp_path / "nothing")


def until(done: Callable[[], bool]) -> None:
    limit = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_what_appears_is_taken_and_the_rest_is_kept_as_letters(
    workspace: Workspace, tmp_path: Path
) -> None:
    watched = tmp_path / "watched"
    picture(watched / "a.png", "red")
    lines(watched / "pins.jsonl", {"id": "a", "image": "a.png"}, "{", {"id": "b", "image": "b.png"})
    dead, metrics, stop = dead_file(workspace.settings), Metrics(), threading.Event()
    sink = WorkspaceSink(workspace, metrics)
    worker = FolderWorker(WatchedFolder(watched, quiet_s=0.05), sink, dead, metrics)
    running = threading.Thread(target=worker.run, args=(stop,))
    running.start()
    try:
        until(lambda: len(dead.letters()) == 2)
        bad, missing = dead.letters()
        assert (bad.pin_id, bad.stage, bad.key) == (None, "read", f"{watched / 'pins.jsonl'}:2")
        assert (missing.pin_id, missing.stage, missing.error) == ("b", "take", "bad-image")
        assert (missing.attempts, missing.base) == (1, str(watched))
        # What is mended leaves the letters.
        picture(watched / "b.png", "blue")
        until(lambda: [each.key for each in dead.letters()] == [bad.key])
        assert set(workspace.collection.get(["a", "b"])) == {"a", "b"}
    finally:
        stop.set()
        running.join()
    sample = metrics.registry.get_sample_value
    assert sample("engine_worker_dead_letters") == 1
    assert sample("engine_worker_pins_total", {"status": "added"}) == 2
    assert sample("engine_worker_accepted_to_searchable_seconds_count") == 2


def test_a_full_disk_pauses_intake(workspace: Workspace, tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    picture(watched / "a.png", "red")
    metrics, stop = Metrics(), threading.Event()
    sink = WorkspaceSink(workspace, metrics)

    class Full:
        tries = 0

        def take(self, items: Any) -> Any:
            self.tries += 1
            if self.tries == 1:
                raise StoreFull("free some room")
            return sink.take(items)

        def settle(self) -> None:
            stop.set()

    dead = DeadFile(tmp_path / "dead.jsonl")
    FolderWorker(WatchedFolder(watched, quiet_s=0.0), Full(), dead, metrics).run(stop)
    assert workspace.collection.count() == 1
    assert dead.letters() == []


def letter(key: str, pin: str | None = None) -> DeadLetter:
    return DeadLetter.of(
        key=key, kind="upsert", pin_id=pin, value={"id": pin}, origin=key, stage="take",
        error="bad-image", message="no picture", attempts=2,
    )  # fmt: skip


def test_letters_outlive_a_writer_that_dies(tmp_path: Path) -> None:
    file = DeadFile(tmp_path / "x" / "dead.jsonl")
    assert file.letters() == []
    assert file.forget(["a"]) == 0
    first, second = letter("k1", "a"), letter("k2", "b")
    assert file.add([first, second]) == 2
    with file.path.open("a") as torn:
        torn.write('{"key": "k3", "ki')
    assert DeadFile(file.path).letters() == [first, second]
    file.add([letter("k4", "c")])  # shares its line with the torn one
    file.add([letter("k5", "d"), letter("k1", "a")])
    assert [each.key for each in file.letters()] == ["k2", "k5", "k1"]
    assert file.remove(["k2", "nothing"]) == 1
    assert file.forget(["d"]) == 1
    assert [each.key for each in file.letters()] == ["k1"]


@pytest.fixture
def commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Commands:
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    return Commands(monkeypatch, capsys)


def test_letters_are_listed_retried_and_dropped(commands: Commands, tmp_path: Path) -> None:
    assert commands("dead").out.strip() == "no dead letters"
    settings = load_settings(data=tmp_path / "data")
    lines(tmp_path / "pins.jsonl", {"id": "a", "image": "a.png"}, "{")
    with open_workspace(settings, create=True) as workspace:
        stop = threading.Event()

        class Once(WorkspaceSink):
            def settle(self) -> None:
                stop.set()

        metrics = Metrics()
        # The engine's own folder lies in the one that is watched, and is left alone.
        place = WatchedFolder(tmp_path, quiet_s=0.0, without=settings.data)
        sink = Once(workspace, metrics)
        FolderWorker(place, sink, dead_file(settings), metrics).run(stop)

    table = commands("dead", "list")
    assert "bad-image" in table.out
    assert "2 dead letters" in table.err
    listed = json.loads(commands("dead", "list", "--json").out)["letters"]
    assert [each["pin_id"] for each in listed] == ["a", None]
    assert commands("dead", "retry", "nobody").status == 1
    assert commands("dead", "revive").status == 2

    failed = commands("dead", "retry")
    assert (failed.status, failed.out.strip()) == (1, "2 rejected")
    picture(tmp_path / "a.png", "red")
    mended = commands("dead", "retry", "a", "--json")
    assert (mended.status, json.loads(mended.out)) == (0, {"added": 1})
    assert json.loads(commands("get", "a", "--json").out)["id"] == "a"
    assert commands("dead", "drop").out.strip() == "1 dropped"
    assert json.loads(commands("dead", "--json").out) == {"letters": []}


def test_the_command_from_start_to_end(tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    picture(watched / "a.png", "red")
    words = ("--watch", str(watched), "--metrics-port", "0", "--json")
    worker = FreshWorker(tmp_path / "data", *words)
    try:
        address = worker.ready().split("metrics on ")[1].strip()
        assert address.startswith("http://127.0.0.1:")
        taken = 'engine_worker_pins_total{status="added"} 1.0'
        until(lambda: taken in httpx.get(address, trust_env=False).text)
        begun = time.monotonic()
        status, out, err = worker.end(signal.SIGTERM)
        assert (status, err) == (0, "")
        assert time.monotonic() - begun < 10
        assert json.loads(out)["added"] == 1
    finally:
        worker.close()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--watch DIR, or --nats"),
        (("--watch", "nowhere"), "no folder"),
        (("--watch", ".", "--nats", "nats://127.0.0.1:9"), "not both"),
    ],
)
def test_a_worker_needs_one_source(
    commands: Commands, words: tuple[str, ...], message: str
) -> None:
    result = commands("worker", *words)
    assert result.status == 2
    assert message in result.err


def test_a_bad_line_keeps_its_place(tmp_path: Path) -> None:
    clock = Clock()
    folder = WatchedFolder(tmp_path, quiet_s=0.0, clock=clock)
    lines(tmp_path / "pins.jsonl", "{", {"id": "a", "image": "a.png"})
    change = folder.look()
    assert change is not None
    first, second = folder.arrivals(change)
    assert isinstance(first, BadLine)
    assert first.number == 1
    assert isinstance(second, Arrival)
