"""A real nats-server on a free port of loopback, with JetStream in a temporary folder."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.settings import QueueSettings
from tests.conftest import absent

WAIT_S = 30


class NatsServer:
    """A server that can be killed and started again over the same folder, at the same port."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self.url = f"nats://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        at = ("-a", "127.0.0.1", "-p", str(self._port))
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, *at, "-js", "-sd", str(self._folder)],
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            try:
                with socket.create_connection(("127.0.0.1", self._port), 1) as answering:
                    if answering.recv(4) == b"INFO":
                        return
            except OSError:
                time.sleep(0.02)
        raise TimeoutError((self._folder / "log").read_text())

    def stop(self, number: int = signal.SIGKILL) -> None:
        """Send a signal and wait for the end."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(WAIT_S)
            self._process = None


@contextmanager
def nats_server(folder: Path) -> Iterator[NatsServer]:
    """Run a server while the block runs; skip the test where none is installed."""
    program = shutil.which("nats-server")
    if program is None:
        absent("nats-server", "install Debian's package of that name")
    server = NatsServer(str(program), folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def queue_settings(server: NatsServer, **changes: object) -> QueueSettings:
    """Return the settings of a queue on a server, with little room and short waits."""
    given: dict[str, object] = {"url": server.url, "ack_wait_s": 2, "max_bytes": 64 * 1024 * 1024}
    return QueueSettings.model_validate(given | changes)
