"""The process that the tests of the worker start: any command, with an encoder of colours."""

import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from unittest.mock import patch

import engine.dead_letters
import engine.working
import engine.workspace
from engine import cli
from tests.tiny_encoder import TinyEncoder


def work(
    words: Sequence[str],
    environment: Mapping[str, str],
    out: "Connection[object, object]",
    err: "Connection[object, object]",
) -> None:
    """Be the command in a process that was forked for it; the output goes to two pipes."""
    for number, pipe in ((1, out), (2, err)):
        os.dup2(pipe.fileno(), number)
        pipe.close()
    os.environ.clear()
    os.environ.update(environment)
    run(words)


def run(words: Sequence[str]) -> None:
    """Be the command."""
    sys.argv = ["engine", *words]
    with patch.object(engine.workspace, "load_encoder", lambda *_, **__: TinyEncoder()):
        cli.main()


if __name__ == "__main__":
    run(sys.argv[1:])
