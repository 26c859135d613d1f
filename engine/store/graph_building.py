"""Building the search graph while the collection is in use.

A child process builds it on a copy of the shard. What is written meanwhile goes to the live shard
and is remembered; afterwards those points are carried over to the copy, which takes the live
shard's place. Knows nothing of pins, and nothing of when a graph is wanted.
"""

import logging
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.errors import EngineError, StoreError, StoreFull
from engine.store import graph_child
from engine.store.disk import MIB, bytes_in, disk_errors, require_room
from engine.store.live_shard import LiveShard, edge_errors, sync_log, write_points
from engine.store.shard_folder import copy_shard, live_folder, load_shard, make_live, new_place

# The copy, and the segments that Edge writes anew before it drops the old ones.
ROOM: Final = 2
PAGE: Final = 200
# So few points are carried over while writes wait, unless they come faster than they are carried.
FEW: Final = 500
ROUNDS: Final = 10
# A build costs what the whole collection asks for, so it waits for a twentieth of it: to look at so
# many pins one by one is quick beside the rest of a search.
SHARE: Final = 20
# A failed build keeps the next from starting: for so long, and twice as long each time.
RETRY_S: Final = 60.0
LONGEST_RETRY_S: Final = 3_600.0
log = logging.getLogger("engine.store")


@dataclass(frozen=True)
class Built:
    """How long a build took, and for how long what stood still.

    copy_ms, swap_ms: writes waited while the copy was made, and while the new shard was put in.
    load_ms: the opening of the new shard, at which Edge keeps the interpreter to itself.
    """

    seconds: float
    copy_ms: float
    load_ms: float
    swap_ms: float


class GraphBuilding:
    """The builds of one collection, one at a time, each in a thread that waits for a child."""

    def __init__(self, folder: Path, live: LiveShard, min_free_bytes: int) -> None:
        self._folder = folder
        self._live = live
        self._min_free = min_free_bytes
        self._failures = 0
        self._not_before = 0.0
        # Points that are left outside because their segment is too small for a graph.
        self._left = 0
        self.last: Built | None = None
        self._state = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._child: subprocess.Popen[str] | None = None

    @property
    def running(self) -> bool:
        """Whether a graph is being built now."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, at_least: int) -> bool:
        """Begin a build if enough points are outside the graph; return whether one runs now.

        at_least: how many that are, in a collection of which a twentieth is no more.
        Once it is done the next follows as long as enough points have gathered meanwhile.
        """
        with self._state:
            if self.running:
                return True
            if time.monotonic() < self._not_before or not self._due(at_least):
                return False
            self._stopping.clear()
            self._thread = threading.Thread(
                target=self._run, args=(at_least,), name="graph", daemon=True
            )
            self._thread.start()
            return True

    def wait(self) -> None:
        """Wait until no build runs."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def stop(self) -> None:
        """End the build that runs: its child is killed and its copy removed."""
        self._stopping.set()
        with self._state:
            if self._child is not None:
                self._child.kill()
        self.wait()

    def _due(self, at_least: int) -> bool:
        with self._live.using() as shard:
            facts = shard.info()
        # Edge counts what was deleted from a graph as indexed, so that replacing pins would never
        # show: what was written since the last build tells more.
        outside = facts.points_count - facts.indexed_vectors_count - self._left
        wanted = max(at_least, facts.points_count // SHARE)
        return bool(max(outside, self._live.written) >= wanted)

    def _run(self, at_least: int) -> None:
        try:
            while not self._stopping.is_set() and self._due(at_least):
                self._build()
                self._failures = 0
        except EngineError as error:
            if self._stopping.is_set():
                return
            pause = min(RETRY_S * 2**self._failures, LONGEST_RETRY_S)
            self._failures += 1
            self._not_before = time.monotonic() + pause
            log.warning(
                "the search graph is not built, and searches get slower as pins arrive; the next "
                "attempt waits %.0f s: %s",
                pause,
                error,
            )

    def _build(self) -> None:
        begun = time.monotonic()
        self._require_room()
        place = new_place(self._folder)
        try:
            copy_ms = self._copy(place)
            self._run_child(place)
            loading = time.monotonic()
            with edge_errors(self._folder):
                fresh = load_shard(place)
            load_ms = _ms_since(loading)
            try:
                swap_ms = self._swap(fresh, place)
            except BaseException:
                fresh.close()
                raise
        except BaseException:
            self._live.forget()
            shutil.rmtree(place, ignore_errors=True)
            raise
        self.last = Built(time.monotonic() - begun, copy_ms, load_ms, swap_ms)
        log.info(
            "graph built in %.1f s; writes waited %.0f ms for the copy and %.0f ms for the swap",
            self.last.seconds,
            copy_ms,
            swap_ms,
        )

    def _require_room(self) -> None:
        taken = bytes_in(self._live.place)
        try:
            require_room(self._folder, ROOM * taken + self._min_free)
        except StoreFull:
            raise StoreFull(
                f"the disk of {self._folder} has too little room for a copy: {ROOM * taken // MIB} "
                f"MiB are needed beside the reserve of {self._min_free // MIB}: free some room, or "
                "move the data folder (ENGINE_DATA)"
            ) from None

    def _copy(self, place: Path) -> float:
        """Copy the live shard, and return for how many ms writes had to wait."""
        with self._live.still():
            begun = time.monotonic()
            # Nothing is flushed before: the copy is what a killed process would leave, log and all.
            self._live.mark()
            copy_shard(self._live.place, place)
            return _ms_since(begun)

    def _run_child(self, place: Path) -> None:
        # By its path, so that it starts without the engine; -P keeps this folder's names from
        # hiding other modules. In a session of its own, so that a Ctrl-C is left to us.
        command = [sys.executable, "-P", graph_child.__file__, str(place)]
        with self._state, disk_errors(self._folder):
            if self._stopping.is_set():
                raise StoreError("the building of the graph was stopped")
            child = subprocess.Popen(  # noqa: S603 - our own file, and a path that we made
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._child = child
        with child:
            said = child.stderr.read() if child.stderr is not None else ""
            status = child.wait()
        with self._state:
            self._child = None
        if status != 0:
            why = " ".join(said.split())[-300:] or "it said nothing"
            ended = f"was ended by signal {-status}" if status < 0 else f"failed ({status})"
            raise StoreError(f"the process that builds the graph {ended}: {why}")

    def _swap(self, fresh: Any, place: Path) -> float:
        """Carry over what was written since the copy, and serve from it.

        Returns for how many ms writes had to wait; searches did not.
        """
        with edge_errors(self._folder):
            facts = fresh.info()
            left = facts.points_count - facts.indexed_vectors_count
            carried = 0
            for _ in range(ROUNDS):
                carried += (few := self._carry(fresh))
                if few <= FEW:
                    break
            # The child flushed the rest; of what is carried over the log on disk is enough, and a
            # flush here would stop all searches.
            sync_log(lambda: place)
            with self._live.still():
                begun = time.monotonic()
                carried += self._carry(fresh)
                sync_log(lambda: place)
                self._point_at(place)
                before, old_place = self._live.replace(fresh, place, carried)
                held = _ms_since(begun)
        self._left = left
        # From here on the new shard is the live one, whatever happens to the old.
        del before
        shutil.rmtree(old_place, ignore_errors=True)
        return held

    def _point_at(self, place: Path) -> None:
        try:
            make_live(self._folder, place)
        except OSError:
            # If only the flush of the folder failed, the next opening will find the new shard, and
            # what is written to the old one would be lost.
            if live_folder(self._folder) != place:
                raise

    def _carry(self, fresh: Any) -> int:
        """Carry over what was written since the last time, and return how many points that is."""
        keys = self._live.touched()
        if keys:
            require_room(self._folder, self._min_free)
        for start in range(0, len(keys), PAGE):
            if self._stopping.is_set():
                raise StoreError("the building of the graph was stopped")
            page = keys[start : start + PAGE]
            found = self._live.retrieve(page, True, True)
            write_points(fresh, found, sorted(set(page) - {str(each.id) for each in found}))
        return len(keys)


def _ms_since(begun: float) -> float:
    return 1000 * (time.monotonic() - begun)
