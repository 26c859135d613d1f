"""The process that the end-to-end tests start: the real service, with an encoder of colours."""

import sys

import engine.workspace
from engine.errors import EngineError
from engine.serving.server import serve
from engine.settings import load_settings
from tests.tiny_encoder import TinyEncoder

if __name__ == "__main__":
    engine.workspace.load_encoder = lambda _name: TinyEncoder()
    try:
        serve(load_settings())
    except EngineError as error:
        sys.exit(str(error))
