"""Pictures without pins: what a kill between the two leaves goes at the next opening."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import StoreFull
from engine.ingestion.arrivals import Arrival
from engine.ingestion.unsettled import NAME, Unsettled
from engine.settings import Settings
from engine.store.edge import EdgeCollection
from engine.workspace import Workspace, open_workspace
from tests.conftest import ROOT
from tests.ingestion.taking_in import opened, pictures, put, send

KILLED = """
    import os, signal, sys
    from pathlib import Path
    from engine.store.edge import EdgeCollection
    from tests.ingestion.taking_in import opened, put, send

    with opened(Path(sys.argv[1])) as workspace:
        send(workspace, put("before", colour="red"))
        workspace.images.folder.joinpath("ab").mkdir(exist_ok=True)
        workspace.images.folder.joinpath("ab", "half.part").write_bytes(b"half a picture")
        EdgeCollection.upsert = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        send(workspace, put("same", colour="red"), put("new", colour="blue"))
"""


def test_what_a_killed_process_kept_for_no_pin_goes(tmp_path: Path) -> None:
    program = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path)]
    done = subprocess.run(program, cwd=ROOT, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    with opened(tmp_path) as workspace:
        folder = workspace.images.folder
        assert pictures(workspace) == 2
        assert (folder / NAME).exists()
        assert workspace.eraser.sweep_unsettled() == 1
        assert pictures(workspace) == 1
        assert workspace.picture("before") is not None
        assert not list(folder.rglob("*.part"))
        assert not (folder / NAME).exists()
        assert workspace.eraser.sweep_unsettled() == 0
        assert send(workspace, put("new", colour="blue")) == ["added"]
        assert not (folder / NAME).exists()


def test_older_pictures_are_not_looked_at(tmp_path: Path) -> None:
    with opened(tmp_path) as workspace:
        send(workspace, put("a", colour="red"), put("b", colour="blue"))
        for path in workspace.images.folder.rglob("*.jpg"):
            os.utime(path, (1_000, 1_000))
        workspace.collection.delete(["a", "b"])
        Unsettled(workspace.images.folder).begin(time.time())
        assert workspace.eraser.sweep_unsettled() == 0
        assert pictures(workspace) == 2


def test_a_stream_that_breaks_off_leaves_its_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreFull("no room")

    with opened(tmp_path) as workspace:
        place = Unsettled(workspace.images.folder)
        with monkeypatch.context() as short:
            short.setattr(EdgeCollection, "upsert", full)
            with pytest.raises(StoreFull):
                send(workspace, put("a"))
        before = place.since
        assert before is not None
        # Another stream that ends well knows nothing of the pictures of this one.
        assert send(workspace, put("b", colour="blue")) == ["added"]
        assert place.since == before
        assert pictures(workspace) == 2
        assert workspace.eraser.sweep_unsettled() == 1
        assert workspace.picture("b") is not None


def test_the_mark_follows_a_long_stream(tmp_path: Path) -> None:
    seen: list[float] = []

    with opened(tmp_path) as workspace:
        place = Unsettled(workspace.images.folder)

        def watched() -> Iterator[Arrival]:
            for number in range(260):
                if number % 65 == 0:
                    time.sleep(0.02)
                    seen.append(place.since or 0.0)
                yield put(f"p{number}")

        begun = time.time()
        assert {each.status for each in workspace.intake().run(watched())} == {"added"}
        assert place.since is None
    assert begun - 0.1 <= seen[0] <= seen[-1]
    assert seen[-1] > seen[0]


def test_the_opening_looks(workspace: Workspace, settings: Settings) -> None:
    assert {each.status for each in workspace.intake().run([put("a")])} == {"added"}
    place = Unsettled(workspace.images.folder)
    place.begin(time.time() - 1)
    workspace.collection.delete(["a"])
    workspace.collection.close()
    with open_workspace(settings) as again:
        assert pictures(again) == 0
        assert place.since is None
