"""Starts `engine serve` in a process of its own, with the tiny encoder, and stops it again."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

WAIT_S = 60


@dataclass
class Served:
    process: subprocess.Popen[str]
    address: str

    def stop(self, number: int) -> tuple[int, str]:
        """Send a signal; return the exit status and the rest of stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, errors


def command(data: Path, *words: str, **settings: str) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ENGINE_")}
    environment |= {"ENGINE_DATA": str(data), "ENGINE_SERVE__PORT": "0"} | settings
    return subprocess.Popen(
        [sys.executable, "-m", "tests.serving.served", *words],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def served(data: Path, *words: str, **settings: str) -> Iterator[Served]:
    with command(data, *words, **settings) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"serving 'pins' on (http://127\.0\.0\.\d:\d+)$", line.strip())
            assert found, line + process.stderr.read()
            yield Served(process, found[1])
        finally:
            process.kill()
