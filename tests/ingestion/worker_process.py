"""Starts `engine worker` in a process of its own, with the tiny encoder."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

WAIT_S = 60


class Worker:
    """A worker that runs until it is stopped or killed."""

    def __init__(self, data: Path, *words: str, **settings: str) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ENGINE_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.ingestion.working", "worker", *words],
            cwd=ROOT,
            env=kept | {"ENGINE_DATA": str(data)} | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> str:
        """Wait until it takes pins and return what it said of that."""
        if self._process.stderr is None:
            raise ValueError("stderr is not a pipe")
        line = self._process.stderr.readline()
        assert line.startswith("engine: taking pins"), line + self._process.stderr.read()
        return line

    def says(self) -> str:
        """Wait for its next line on stderr and return it."""
        if self._process.stderr is None:
            raise ValueError("stderr is not a pipe")
        return self._process.stderr.readline()

    def ended(self) -> tuple[int, str, str]:
        """Wait for its end; return the exit status, stdout and the rest of stderr."""
        out, err = self._process.communicate(timeout=WAIT_S)
        return self._process.returncode, out, err

    def end(self, number: int) -> tuple[int, str, str]:
        """Send a signal; return the exit status, stdout and the rest of stderr."""
        self._process.send_signal(number)
        out, err = self._process.communicate(timeout=WAIT_S)
        return self._process.returncode, out, err

    def close(self) -> None:
        """Make sure that it is gone."""
        self._process.kill()
        self._process.communicate()
