"""The HTTP service as an ASGI app over one opened workspace.

Knows nothing of sockets, processes and signals: `server.py` does.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from engine import __version__
from engine.ingestion.inbox import INBOX_NAME, Inbox
from engine.ingestion.queue_client import QueueClient
from engine.serving import (
    boards,
    discovery,
    duplicates,
    feedback,
    health,
    pins,
    problems,
    reference,
    search,
    submissions,
    suggest,
    takedowns,
    web,
)
from engine.serving import metrics as requests
from engine.serving.addresses import LOOPBACK_NAMES, is_loopback
from engine.serving.description import DescribedApp
from engine.serving.gate import KEYED, Gate, Rules
from engine.serving.metrics import Counted, RequestMetrics
from engine.serving.service import Service
from engine.workspace import Workspace, collection_folder

SUMMARY = "Retrieval of pins: pictures that somebody keeps, with what little is known of them."


def create_app(workspace: Workspace, *, hosts: Sequence[str] = ()) -> FastAPI:
    """Return the app of a workspace; its caller closes the workspace after the app is done.

    hosts: names under which the app answers besides those of loopback, such as the address that it
    is bound to; bound to an address that others can reach it answers under any name.
    """
    settings = workspace.settings.serve
    configured = workspace.settings.queue
    waiting = Inbox(collection_folder(workspace.settings) / INBOX_NAME)
    queue = QueueClient(configured, waiting) if configured.url is not None else None
    service = Service(workspace, queue)
    metrics = RequestMetrics()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(service.warm_up)
        try:
            yield
        finally:
            if queue is not None:
                await run_in_threadpool(queue.close)

    key = settings.api_key
    rules = Rules(
        hosts=(*LOOPBACK_NAMES, *hosts) if is_loopback(settings.host) else None,
        api_key=key.get_secret_value() if key is not None else None,
        max_body_bytes=settings.max_body_bytes,
    )
    app = DescribedApp(
        title="Pin engine",
        summary=SUMMARY,
        version=__version__,
        lifespan=lifespan,
        middleware=[Middleware(Counted, metrics=metrics), Middleware(Gate, rules=rules)],
        responses=problems.RESPONSES,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    app.state.metrics = metrics
    # Registries of what else works in this process.
    app.state.beside = ()
    app.key_required = key is not None
    problems.install(app)
    v1 = APIRouter(prefix=KEYED)
    for noun in (search, discovery, suggest, duplicates, pins, boards, feedback, takedowns, health):
        v1.include_router(noun.router)
    if queue is not None:
        v1.include_router(submissions.router)
    app.include_router(v1)
    app.include_router(health.probes)
    app.include_router(requests.router)
    app.include_router(reference.router)
    app.include_router(web.router)
    return app
