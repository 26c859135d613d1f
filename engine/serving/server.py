"""The process behind the service: listens, opens the workspace, serves, and goes in peace."""

import gc
import logging
import secrets
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from types import FrameType

import threadpoolctl
import uvicorn
from prometheus_client import CollectorRegistry

from engine.serving import logs
from engine.serving.addresses import listen, names_of, require_key, url_of
from engine.serving.app import create_app
from engine.serving.heads import hurried
from engine.serving.service import Service
from engine.settings import Settings
from engine.store.key_file import KeyFile
from engine.workspace import open_workspace

GRACE_S = 10
log = logging.getLogger("engine.serving")
Beside = Callable[[Service, Callable[[], None]], AbstractContextManager[CollectorRegistry]]


def serve(settings: Settings, beside: Beside | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests under way and return.

    beside: what else works on the service meanwhile; it is given what to call when it fails.
    Whoever connects while the encoder loads waits for it. Raises BadSetting, StoreInUse, and
    EngineError when the port is taken.
    """
    logs.configure(settings.serve.log)
    require_key(settings.serve, keys=bool(KeyFile(settings.data).listed()))
    before = {name: signal.signal(name, _stop) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        _serve(settings, beside)
    except KeyboardInterrupt:
        pass  # asked to stop, and stopped
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _serve(settings: Settings, beside: Beside | None) -> None:
    # The port first: it is the quickest to be refused, and commands find it in the lock file.
    with (
        closing(listen(settings.serve.host, settings.serve.port)) as sock,
        open_workspace(settings, create=True) as workspace,
    ):
        address = url_of(sock)
        # What an earlier process wrote may want a graph; it is built while requests are answered.
        workspace.settle()
        token = secrets.token_urlsafe(32)
        app = create_app(workspace, hosts=names_of(settings.serve.host, sock), token=token)
        app.state.service.warm_up()
        _settle_memory()
        _multiply_in_one_thread()
        if workspace.hold is not None:
            workspace.hold.announce(address, token)
        config = uvicorn.Config(
            app,
            lifespan="on",
            ws="none",
            log_level="warning",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        config.load()
        config.http_protocol_class = hurried(config.http_protocol_class, settings.serve.head_s)
        server = uvicorn.Server(config)

        def failed() -> None:
            server.should_exit = True

        with ExitStack() as stack:
            stack.callback(app.state.service.close_adopted)
            if beside is not None:
                app.state.beside = (stack.enter_context(beside(app.state.service, failed)),)
            told = f"serving {settings.collection!r} on {address}"
            if settings.serve.log == "json":
                log.info(told)
            else:
                print(f"engine: {told}", file=sys.stderr, flush=True)  # noqa: T201
            server.run(sockets=[sock])


def _settle_memory() -> None:
    """Take what was loaded for good out of the garbage collector's rounds.

    It would go through all of it, the vocabulary above all, for 50 ms every few seconds, with every
    request waiting.
    """
    gc.collect()
    gc.freeze()


def _multiply_in_one_thread() -> None:
    """Keep numpy's products to the thread that asks for them.

    Those of a search are small: to share one out takes another processor, which other requests
    keep busy, and whoever asked waits for it.
    """
    threadpoolctl.threadpool_limits(1, user_api="blas")


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
