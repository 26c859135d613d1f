"""The process that the end-to-end tests start: `engine serve`, with an encoder of colours."""

import sys
from unittest.mock import patch

import engine.workspace
from engine import cli
from tests.tiny_encoder import tiny_encoder

if __name__ == "__main__":
    sys.argv = ["engine", "serve", *sys.argv[1:]]
    with patch.object(engine.workspace, "load_encoder", tiny_encoder):
        cli.main()
