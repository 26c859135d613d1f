"""A server that talks as much of Qdrant's REST as a test needs, and fails as the test says.

What a cluster does when nodes go can't be had here; what its clients then see can.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    """What arrived: method, path with its query, and the JSON of the body."""

    method: str
    path: str
    body: Any


@dataclass(frozen=True)
class Reply:
    """What goes back; no status cuts the connection off."""

    result: Any = None
    status: int | None = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Faulty:
    """The server's address and what it was asked; `answer` may be changed at any time."""

    url: str
    answer: Callable[[Request], Reply]
    requests: list[Request] = field(default_factory=list)


@contextmanager
def faulty_server() -> Iterator[Faulty]:
    """Serve on loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or "null")
            request = Request(self.command, self.path, body)
            faulty.requests.append(request)
            reply = faulty.answer(request)
            if reply.status is None:
                self.close_connection = True
                self.connection.close()
                return
            ok = reply.status == 200
            told = {"result": reply.result} if ok else {"status": {"error": str(reply.result)}}
            data = json.dumps({"time": 0.0, "status": "ok"} | told).encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self._any()

        def do_POST(self) -> None:
            self._any()

        def do_PUT(self) -> None:
            self._any()

        def do_DELETE(self) -> None:
            self._any()

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # a connection that was cut off on purpose

    with Server(("127.0.0.1", 0), Handler) as server:
        faulty = Faulty(f"http://127.0.0.1:{server.server_port}", lambda _: Reply())
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield faulty
        finally:
            server.shutdown()
            thread.join()
