"""A process that is killed at any step of a build leaves a collection with all that it promised."""

import signal
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from engine.store.shard_folder import LIVE_NAME
from tests.store.shards import alive, digests, open_, shards, wait_until

PARENT = """
    import json, os, signal, sys, time
    from pathlib import Path
    import numpy as np
    from engine.pins import Pin
    from engine.store import graph_building, graph_child
    from engine.store.edge import EdgeCollection
    from engine.store.identity import Identity
    from engine.store.records import Record

    folder, step = Path(sys.argv[1]), sys.argv[2]

    def die(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    def after(real):
        return lambda *given: (real(*given), die())

    def killed(name, replacement):
        setattr(graph_building, name, replacement)

    if step == "before the copy":
        killed("copy_shard", die)
    elif step == "half a copy":
        def half(source, target):
            (target / "segments").mkdir(parents=True)
            die()
        killed("copy_shard", half)
    elif step == "copied":
        killed("copy_shard", after(graph_building.copy_shard))
    elif step == "building":
        script = folder.parent / "sleeping.py"
        script.write_text(Path(graph_child.__file__).read_text().replace(
            "    shard.optimize()\\n", "    import time\\n    time.sleep(1000)\\n"))
        graph_child.__file__ = str(script)
    elif step == "built":
        killed("load_shard", die)
    elif step == "carried":
        killed("make_live", die)
    elif step == "switched":
        killed("make_live", after(graph_building.make_live))
    elif step == "in use":
        class Removal:
            @staticmethod
            def rmtree(*_, **__):
                time.sleep(0.3)
                die()
        graph_building.shutil = Removal

    def record(name):
        return Record(Pin(id=name, image="x.jpg"), np.ones(8, np.float32), "word", "",
                      "0" * 64, None, "0" * 16, name)

    identity = Identity("encoder-a", 8, "english-a")
    with EdgeCollection.open(folder, identity, create=True, min_free_bytes=0) as collection:
        for batch in range(100_000):
            collection.upsert([record(f"p{batch}-{number}") for number in range(5)])
            collection.delete([f"p{batch}-0"])
            print(batch, flush=True)
            if batch == 20:
                collection.start_optimizing(100)
            child = collection.building._child
            if step == "building" and batch > 30 and child is not None:
                print("child", child.pid, flush=True)
                die()
"""


@pytest.mark.parametrize(
    "step",
    [
        "before the copy",
        "half a copy",
        "copied",
        "building",
        "built",
        "carried",
        "switched",
        "in use",
    ],
)
def test_what_was_acknowledged_survives_a_kill_at_any_step(tmp_path: Path, step: str) -> None:
    folder = tmp_path / "pins"
    command = [sys.executable, "-c", textwrap.dedent(PARENT), str(folder), step]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    *lines, last = done.stdout.splitlines()
    if step == "building":
        wait_until(lambda: not alive(int(last.split()[1])))
    else:
        lines.append(last)
    batches = len(lines)
    assert batches > 20
    with closing(open_(folder)) as collection:
        assert len(shards(folder)) == 1
        there = set(digests(collection))
        sure = {f"p{batch}-{number}" for batch in range(batches) for number in range(1, 5)}
        # What was under way may be there or not.
        maybe = {f"p{batches}-{number}" for number in range(5)}
        assert sure <= there <= sure | maybe
        switched = (folder / LIVE_NAME).exists()
        assert switched == (step in {"switched", "in use"})
        collection.start_optimizing(1)
        collection.finish_optimizing()
        assert set(digests(collection)) == there
