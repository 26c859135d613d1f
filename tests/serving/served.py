"""The process that the end-to-end tests start: the real service, with an encoder of colours."""

import sys
from unittest.mock import patch

import engine.workspace
from engine.errors import EngineError
from engine.serving.server import serve
from engine.settings import load_settings
from tests.tiny_encoder import TinyEncoder

if __name__ == "__main__":
    tiny = patch.object(engine.workspace, "load_encoder", lambda *_, **__: TinyEncoder())
    try:
        with tiny:
            serve(load_settings())
    except EngineError as error:
        sys.exit(str(error))
