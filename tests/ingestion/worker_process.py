"""Starts `engine worker` in a process of its own, with the tiny encoder."""

import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from tests.conftest import ROOT

WAIT_S = 60
# A process that has imported the engine and done nothing else: it is forked for each worker, which
# is then as much a process as any, and saves a second of imports.
_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["tests.ingestion.working"])


class Worker:
    """A worker that runs until it is stopped or killed."""

    def __init__(self, data: Path, *words: str, **settings: str) -> None:
        from tests.ingestion.working import work

        out, told_out = _FORKED.Pipe(duplex=False)
        err, told_err = _FORKED.Pipe(duplex=False)
        self._process = _FORKED.Process(
            target=work, args=(["worker", *words], environment(data, settings), told_out, told_err)
        )
        self._process.start()
        told_out.close()
        told_err.close()
        self._out, self._err = (os.fdopen(os.dup(pipe.fileno())) for pipe in (out, err))
        out.close()
        err.close()

    def ready(self) -> str:
        """Wait until it takes pins and return what it said of that."""
        return ready(self._err)

    def says(self) -> str:
        """Wait for its next line on stderr and return it."""
        return self._err.readline()

    def ended(self) -> tuple[int, str, str]:
        """Wait for its end; return the exit status, stdout and the rest of stderr."""
        late = threading.Timer(WAIT_S, self._process.kill)
        late.start()
        with ThreadPoolExecutor(2) as pool:
            out, err = pool.map(lambda pipe: pipe.read(), (self._out, self._err))
        self._process.join(WAIT_S)
        late.cancel()
        self._out.close()
        self._err.close()
        if self._process.exitcode is None:
            raise TimeoutError(err)
        return self._process.exitcode, out, err

    def end(self, number: int) -> tuple[int, str, str]:
        """Send a signal; return the exit status, stdout and the rest of stderr."""
        if self._process.pid is not None:
            os.kill(self._process.pid, number)
        return self.ended()

    def close(self) -> None:
        """Make sure that it is gone."""
        self._process.kill()
        self._process.join(WAIT_S)
        self._out.close()
        self._err.close()


class FreshWorker(Worker):
    """A worker in an interpreter of its own, as the command is started in earnest."""

    def __init__(self, data: Path, *words: str, **settings: str) -> None:
        self._started = subprocess.Popen(
            [sys.executable, "-m", "tests.ingestion.working", "worker", *words],
            cwd=ROOT,
            env=environment(data, settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> str:
        if self._started.stderr is None:
            raise ValueError("stderr is not a pipe")
        return ready(self._started.stderr)

    def ended(self) -> tuple[int, str, str]:
        out, err = self._started.communicate(timeout=WAIT_S)
        return self._started.returncode, out, err

    def end(self, number: int) -> tuple[int, str, str]:
        self._started.send_signal(number)
        return self.ended()

    def close(self) -> None:
        self._started.kill()
        self._started.communicate()


def environment(data: Path, settings: dict[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ENGINE_")}
    return kept | {"ENGINE_DATA": str(data)} | settings


def ready(stderr: IO[str]) -> str:
    line = stderr.readline()
    assert line.startswith("engine: taking pins"), line + stderr.read()
    return line
