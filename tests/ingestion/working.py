"""The process that the tests of the worker start: any command, with an encoder of colours."""

import sys
from unittest.mock import patch

import engine.workspace
from engine import cli
from tests.tiny_encoder import TinyEncoder

if __name__ == "__main__":
    sys.argv = ["engine", *sys.argv[1:]]
    with patch.object(engine.workspace, "load_encoder", lambda *_, **__: TinyEncoder()):
        cli.main()
