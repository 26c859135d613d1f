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
from contextlib import suppress
from pathlib import Path

import qdrant_edge

NICENESS = 15


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
    _sync(place)


def _end_with_parent() -> None:
    # Edge holds the interpreter's lock for minutes, so that no thread or handler of Python's could
    # notice: the kernel's own answer to SIGIO ends the process.
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    gone, _, _ = select.select([0], [], [], 0)
    if gone:
        sys.exit(1)


def _sync(place: Path) -> None:
    """Have every file and folder on the disk: what was copied was flushed by nobody yet."""
    for here, _, names in os.walk(place):
        for each in (*(Path(here) / name for name in names), Path(here)):
            descriptor = os.open(each, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
