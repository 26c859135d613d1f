"""`engine reindex` or `engine serve` with tiny encoders, killed at a moment of one's choice.

KILL_AT is `module:Class.function:number`: the process kills itself at that call of it, before it.
"""

import importlib
import os
import signal
import sys
from typing import Any
from unittest.mock import patch

import engine.workspace
from engine import cli
from tests.tiny_encoder import tiny_encoder


def _armed(place: str) -> None:
    module, name, number = place.split(":")
    *path, last = name.split(".")
    owner: Any = importlib.import_module(module)
    for part in path:
        owner = getattr(owner, part)
    left = [int(number)]
    work = getattr(owner, last)

    def counted(*args: Any, **given: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return work(*args, **given)

    setattr(owner, last, counted)


if __name__ == "__main__":
    if place := os.environ.pop("KILL_AT", ""):
        _armed(place)
    if patience := os.environ.get("TEST_PATIENCE_S"):
        setattr(  # noqa: B010 - the module is only needed with a server
            importlib.import_module("engine.store.server_switch"), "PATIENCE_S", float(patience)
        )
    sys.argv = ["engine", *sys.argv[1:]]
    with patch.object(engine.workspace, "load_encoder", tiny_encoder):
        cli.main()
