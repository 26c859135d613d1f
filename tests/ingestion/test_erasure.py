"""What is deleted is gone from everywhere, and what is taken down stays away."""

import hashlib
import random
import signal
import subprocess
import sys
import textwrap
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch as replaced

import pytest

from engine.errors import BadPin, StoreError, TakenDown
from engine.queries import Part, Query
from engine.store.edge import EdgeCollection
from engine.store.image_store import ImageStore
from engine.store.plan import Plan
from engine.store.removals import RemovalsFile, Unfinished
from engine.store.versions import Age, version
from engine.workspace import Workspace
from tests.conftest import ROOT
from tests.ingestion.taking_in import START, gone, opened, patch, pictures, put, send, text_of, uri


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as made:
        yield made


def came(colour: str) -> str:
    """Return the digest under which a picture arrives."""
    return hashlib.sha256(b64decode(uri(colour).partition(",")[2])).hexdigest()


def found(workspace: Workspace, words: str) -> set[str]:
    answer = workspace.search(Query((Part("text", words),)))
    return {hit.id for hit in answer.hits}


def test_a_deleted_pin_is_nowhere(workspace: Workspace) -> None:
    send(workspace, put("a", "brass lamp", colour="red"), put("b", "oak table", colour="blue"))
    assert "a" in found(workspace, "lamp")
    assert send(workspace, gone("a")) == ["deleted"]
    collection = workspace.collection
    assert found(workspace, "lamp") == {"b"}
    assert collection.count() == collection.info().points == 1
    assert [stored.pin.id for _, stored in collection.scroll()] == ["b"]
    assert [record.pin.id for batch in collection.records() for record in batch] == ["b"]
    assert pictures(workspace) == 1


def test_removals_leave_the_terms_statistics_as_if_they_had_never_been(
    workspace: Workspace, tmp_path: Path
) -> None:
    for number in range(6):
        send(workspace, put(f"p{number}", "oak lamp" if number % 2 else "brass lamp"))
    for name in ("p1", "p3"):
        workspace.delete(name)
    workspace.eraser.take_down("pin", "p5")
    workspace.eraser.take_down("pin", "never-there")
    with opened(tmp_path / "other") as plain:
        send(plain, *(put(f"p{number}", "brass lamp") for number in (0, 2, 4)))
        plan = Plan(("lamp", "oak", "brass"))
        assert workspace.collection.candidates(plan).idf == plain.collection.candidates(plan).idf
        assert workspace.collection.boards(9) == plain.collection.boards(9) == []


def test_a_shared_picture_stays_until_its_last_pin_goes(workspace: Workspace) -> None:
    send(workspace, put("a"), put("b"), put("c", colour="blue"))
    assert send(workspace, gone("a")) == ["deleted"]
    assert pictures(workspace) == 2
    # A pin that comes later in the same stream may show the picture that is about to go.
    assert send(workspace, gone("b"), gone("c"), put("d")) == ["deleted", "deleted", "added"]
    assert pictures(workspace) == 1
    assert workspace.picture("d") is not None


def test_a_pin_that_is_taken_down_does_not_come_back(tmp_path: Path) -> None:
    with opened(tmp_path) as workspace:
        send(workspace, put("a", "text", 1), put("b", "text", 1))
        assert workspace.eraser.take_down("pin", "a", "asked by its owner") == ["a"]
        assert pictures(workspace) == 1
        assert text_of(workspace, "a") is None
    with opened(tmp_path) as workspace:
        assert (
            send(workspace, put("a", "text", 9), patch("a", description="x")) == ["taken-down"] * 2
        )
        [outcome] = workspace.intake().run([put("a", "text")])
        assert (outcome.status, outcome.error) == ("unchanged", None)
        assert isinstance(outcome.ignored, TakenDown)
        assert [each.value for each in workspace.eraser.takedowns()] == ["a"]
        assert workspace.eraser.reinstate("pin", "a")
        assert send(workspace, put("a", "text", 1)) == ["added"]


@pytest.mark.parametrize("by", ["arrival", "kept"])
def test_a_picture_that_is_taken_down_takes_all_its_pins(tmp_path: Path, by: str) -> None:
    with opened(tmp_path) as workspace:
        send(workspace, put("a"), put("b"), put("c", "text", colour="blue"))
        key = workspace.collection.get(["a"])["a"].image_key
        digest = came("red") if by == "arrival" else str(key)
        assert sorted(workspace.eraser.take_down("picture", f"sha256:{digest.upper()}")) == [
            "a",
            "b",
        ]
        assert pictures(workspace) == workspace.collection.count() == 1
    with opened(tmp_path) as workspace:
        encoder = workspace.encoder
        assert (
            send(workspace, put("a"), put("new"), put("c", "later", colour="red"))
            == ["taken-down"] * 3
        )
        assert (encoder.images_seen, pictures(workspace)) == (0, 1)  # type: ignore[attr-defined]
        assert text_of(workspace, "c") == "text"
        assert workspace.eraser.reinstate("picture", digest)
        assert send(workspace, put("a")) == ["added"]


def test_a_takedown_names_a_pin_or_a_digest(workspace: Workspace) -> None:
    with pytest.raises(BadPin, match="64 hex digits"):
        workspace.eraser.take_down("picture", "red.png")
    with pytest.raises(BadPin):
        workspace.eraser.take_down("pin", "a/b")
    assert workspace.eraser.takedowns() == []


def remove(workspace: Workspace, way: str) -> None:
    if way == "deletion":
        send(workspace, gone("a"))
    else:
        workspace.eraser.take_down("picture", came("red"))


@pytest.mark.parametrize(
    ("owner", "step"),
    [
        (EdgeCollection, "delete"),
        (EdgeCollection, "flush"),
        (ImageStore, "delete"),
        (RemovalsFile, "finish"),
    ],
)
@pytest.mark.parametrize("way", ["deletion", "takedown"])
def test_a_removal_that_was_cut_short_is_finished_at_the_next_opening(
    tmp_path: Path, owner: type, step: str, way: str
) -> None:
    with opened(tmp_path) as workspace:
        send(workspace, put("a", "text", 1), put("b", "text", 1, colour="blue"))
    with (
        opened(tmp_path) as workspace,
        replaced.object(owner, step, side_effect=StoreError("cut")),
        pytest.raises(StoreError, match="cut"),
    ):
        remove(workspace, way)
    with opened(tmp_path) as workspace:
        assert text_of(workspace, "a") is None
        assert text_of(workspace, "b") == "text"
        assert pictures(workspace) == 1
        assert workspace.removals.unfinished() == Unfinished({}, frozenset(), ())
        wanted = "stale-version" if way == "deletion" else "taken-down"
        assert send(workspace, put("a", "text", 1)) == [wanted]


def test_a_replaced_picture_goes_though_the_process_died_over_it(tmp_path: Path) -> None:
    with opened(tmp_path) as workspace:
        send(workspace, put("a", colour="red"))
        dies = StoreError("cut")
        with (
            replaced.object(ImageStore, "delete", side_effect=dies),
            pytest.raises(StoreError, match="cut"),
        ):
            send(workspace, put("a", colour="blue"))
        assert pictures(workspace) == 2
    with opened(tmp_path) as workspace:
        assert pictures(workspace) == 1
        assert workspace.picture("a") is not None


CHURN = """
    import sys
    from pathlib import Path
    from tests.ingestion.taking_in import gone, opened, put, send
    from tests.tiny_encoder import COLOURS

    with opened(Path(sys.argv[1])) as workspace:
        print("ready", flush=True)
        for turn in range(int(sys.argv[2]), 100_000):
            colours = list(COLOURS)
            name, colour = f"p{turn % 7}", colours[turn % len(colours)]
            if turn % 11 == 10:
                workspace.eraser.take_down("pin", f"x{turn}")
                print("taken", f"x{turn}", flush=True)
            elif turn % 3 == 2:
                send(workspace, gone(name, turn))
                print("gone", name, turn, flush=True)
            else:
                send(workspace, put(name, f"text {turn}", turn, colour=colour))
                print("put", name, turn, flush=True)
"""


def test_a_killed_process_leaves_a_consistent_state(tmp_path: Path) -> None:
    script = tmp_path / "churn.py"
    script.write_text(textwrap.dedent(CHURN))
    rng = random.Random(5)
    turn, told = 0, ""
    for _ in range(2):
        command = [sys.executable, str(script), str(tmp_path / "data"), str(turn)]
        environment = {"PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
        ) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(rng.randrange(20, 50))]
            process.send_signal(signal.SIGKILL)
            told += "".join(lines) + process.stdout.read()
        turn += 200
    acknowledged = [line.split() for line in told.splitlines() if line != "ready"]
    last = {line[1]: (line[0], int(line[2])) for line in acknowledged if len(line) == 3}
    assert len(last) == 7
    with opened(tmp_path / "data") as workspace:
        kept = workspace.collection.get(list(last))
        graves = workspace.removals.tombstones(list(last))
        for name, (done, hour) in last.items():
            record, grave = kept.get(name), graves.get(name)
            if record is not None:
                # What was under way when the process died may be there too.
                assert record.pin.updated_at is not None
                assert record.pin.description == f"text {hour}" or record.pin.updated_at > _at(hour)
                assert workspace.picture(name) is not None
                assert float(record.vector @ record.vector) == pytest.approx(1, abs=1e-5)
            else:
                assert grave is not None
                assert done == "gone" or grave.beside(version(_at(hour))) is Age.NEWER
        assert workspace.removals.unfinished() == Unfinished({}, frozenset(), ())
        taken = {line[1] for line in acknowledged if line[0] == "taken"}
        assert taken
        assert workspace.removals.taken_down("pin", taken) == taken
        # A picture that was written for a pin which was not yet may stay, one for each kill.
        used = {record.image_key for record in kept.values()}
        assert len(used) <= pictures(workspace) <= len(used) + 2


def _at(hour: int) -> datetime:
    return START + timedelta(hours=hour)
