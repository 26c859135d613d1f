"""Sends drawn requests to every route for a while: python -m tests.serving.soak SECONDS."""

import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from unittest.mock import patch

import engine.workspace
from tests.serving.contract import operations, probe, probed
from tests.tiny_encoder import TinyEncoder

EXAMPLES = 50


def main(seconds: float) -> None:
    """Go round all operations until the time is up; the first failure ends it."""
    end = time.monotonic() + seconds
    for number in count(1):
        with (
            tempfile.TemporaryDirectory() as folder,
            patch.object(engine.workspace, "load_encoder", lambda *_, **__: TinyEncoder()),
            probed(Path(folder)) as client,
        ):
            for operation in operations(client):
                probe(client, operation, EXAMPLES)
                if time.monotonic() > end:
                    sys.stdout.write(
                        f"no failure in {seconds:,.0f} s: {EXAMPLES} requests a route and round, "
                        f"up to {operation.label} in round {number}\n"
                    )
                    return


if __name__ == "__main__":
    main(float(sys.argv[1]))
