"""The process that builds a search graph: `python graph_child.py SHARD`.

Knows nothing of the engine, and imports none of it: it is started often and must be small. It works
on a copy that nobody else uses, so it may end in any way at any time. Its input is a pipe that its
parent holds open and never writes to: once the parent is gone, however it went, the kernel ends
this process too, whatever it is doing.
"""

import fcntl
import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import qdrant_edge

NICENESS = 15
MIB = 2**20


def main(place: Path) -> None:
    """Build the graph of a shard and put all of it on disk."""
    _end_with_parent()
    os.nice(NICENESS)
    # If memory runs out, this is the process to lose.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    shard = qdrant_edge.EdgeShard.load(str(place))
    shard.optimize()
    shard.flush()
    shard.close()
    for each in _all_in(place):
        _sync(each)
    for each in _all_in(place):
        _bring_to_memory(each)


def _end_with_parent() -> None:
    # Edge holds the interpreter's lock for minutes, so that no thread or handler of Python's could
    # notice: the kernel's own answer to SIGIO ends the process.
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    gone, _, _ = select.select([0], [], [], 0)
    if gone:
        sys.exit(1)


def _all_in(place: Path) -> Iterator[Path]:
    """Every file below a folder, and every folder after what it holds."""
    for here, _, names in os.walk(place, topdown=False):
        yield from (Path(here) / name for name in names)
        yield Path(here)


def _sync(place: Path) -> None:
    """Have a file or folder on the disk: what was copied was flushed by nobody yet."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _bring_to_memory(place: Path) -> None:
    """Read a file, so that the kernel keeps it.

    Edge has it forget what was flushed. The parent's opening would then read it page by page, and
    no search is answered meanwhile: .76 s of 100,000 pins, .24 s where it is in memory.
    """
    if place.is_file():
        with place.open("rb", buffering=0) as file:
            while file.read(MIB):
                pass


if __name__ == "__main__":
    main(Path(sys.argv[1]))
