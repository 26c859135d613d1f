"""A real service with every route, in a thread of this process, for clients on a socket."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from engine.serving.addresses import listen, url_of
from engine.serving.app import create_app
from engine.settings import PeopleSettings, ServeSettings, load_settings
from engine.workspace import open_workspace
from tests.client.answer_types import document
from tests.serving.conftest import PINS, pin_body
from tests.tiny_encoder import TinyEncoder


@dataclass(frozen=True)
class Live:
    """A service; `asked` are the operations that it has answered, as (method, path)."""

    address: str
    app: Any
    asked: set[tuple[str, str]]


@pytest.fixture(scope="session")
def described() -> dict[str, Any]:
    """The description of a service that has every route."""
    return document()


@contextmanager
def running(app: Any) -> Iterator[str]:
    """Run an app in a thread; give its address."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", ws="none")
    server = uvicorn.Server(config)
    with closing(listen("127.0.0.1", 0)) as sock:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        try:
            yield url_of(sock)
        finally:
            server.should_exit = True
            thread.join(60)


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A service that holds PINS, and lets anybody do anything."""
    asked: set[tuple[str, str]] = set()
    folder: Path = tmp_path_factory.mktemp("live")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.workspace.load_encoder", lambda *_, **__: TinyEncoder())
        settings = load_settings(
            data=folder,
            people=PeopleSettings(keep=True),
            serve=ServeSettings(anonymous="admin"),
        )
        with open_workspace(settings, create=True) as workspace:
            app = create_app(workspace)
            observed: Any = next(each for each in app.user_middleware if "told" in each.kwargs)
            observed.kwargs["told"].append(lambda done: asked.add((done.method, done.route)))
            with running(app) as address:
                yield Live(address, app, asked)


def bodies() -> list[dict[str, Any]]:
    """Return PINS as a client sends them."""
    return [pin_body(pin, 24 + number) for number, pin in enumerate(PINS)]
