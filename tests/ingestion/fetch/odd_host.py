"""A web host on loopback that can be told to misbehave; it remembers who asked for what."""

import contextlib
import io
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from PIL import Image

Answer = Callable[["Talk"], None]


def png(colour: str = "red", size: int = 8) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(stream, "PNG")
    return stream.getvalue()


@dataclass
class Talk:
    """One request, and the connection to answer it on."""

    connection: socket.socket
    path: str
    headers: dict[str, str]
    host: "OddHost"

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(
        self, body: bytes = b"", status: int = 200, length: int | None = None, **headers: str
    ) -> None:
        given = {"Content-Length": str(len(body) if length is None else length)}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        self.send(f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode() + body)


@dataclass
class OddHost:
    """What it answers stands in `answers`, by path; `asked` holds the requests in their order."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Talk] = field(default_factory=list)
    connections: int = 0
    at_once: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    open: list[socket.socket] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def paths(self) -> list[str]:
        return [talk.path for talk in self.asked]

    def url(self, path: str, name: str = "pins.example", scheme: str = "http") -> str:
        return f"{scheme}://{name}:{self.port}{path}"

    def serve(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        # Whatever a client does to its connection is its own affair.
        with contextlib.suppress(OSError), connection:
            if tls is not None:
                with tls.wrap_socket(connection, server_side=True) as wrapped:
                    self.open.append(wrapped)
                    self._talk(wrapped)
            else:
                self.open.append(connection)
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        with self.lock:
            self.connections += 1
        stream = connection.makefile("rb")
        with stream:
            while line := stream.readline():
                path = line.split()[1].decode()
                headers: dict[str, str] = {}
                while (line := stream.readline()) not in {b"\r\n", b""}:
                    name, _, value = line.decode().partition(":")
                    headers[name.lower()] = value.strip()
                talk = Talk(connection, path, headers, self)
                with self.lock:
                    self.asked.append(talk)
                    self.at_once["all"] += 1
                    self.most_at_once = max(self.most_at_once, self.at_once["all"])
                try:
                    self.answers[path.partition("?")[0]](talk)
                finally:
                    with self.lock:
                        self.at_once["all"] -= 1


@contextmanager
def odd_host(
    tls: ssl.SSLContext | None = None, address: str = "127.0.0.1", port: int = 0
) -> Iterator[OddHost]:
    host = OddHost()
    threads: list[threading.Thread] = []
    with socket.create_server((address, port)) as listener:
        host.port = listener.getsockname()[1]

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threads.append(threading.Thread(target=host.serve, args=(connection, tls)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield host
        finally:
            host.stopping.set()
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for connection in host.open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
