"""The HTTP service as an ASGI app over one opened workspace.

Knows nothing of sockets, processes and signals: `server.py` does.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext

from fastapi import APIRouter, FastAPI
from fastapi.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette_compress import CompressMiddleware

from engine import __version__
from engine.ingestion.inbox import INBOX_NAME, Inbox
from engine.ingestion.queue_client import QueueClient
from engine.serving import (
    boards,
    copies,
    discovery,
    feedback,
    generations,
    health,
    logs,
    people,
    pins,
    problems,
    reference,
    search,
    shopping,
    snapshots,
    submissions,
    suggest,
    takedowns,
    web,
)
from engine.serving import metrics as requests
from engine.serving.addresses import LOOPBACK_NAMES, is_loopback
from engine.serving.callers import Callers, asking_paths
from engine.serving.deadlines import HEADER as DEADLINE_HEADER
from engine.serving.deadlines import Dated
from engine.serving.description import DescribedApp
from engine.serving.figures import RequestMetrics
from engine.serving.following import following
from engine.serving.gate import KEYED, Gate, Rules
from engine.serving.incoming import BodyLimits
from engine.serving.limits import Limits
from engine.serving.load import Bounded, Threads
from engine.serving.models import SEQUENCE_HEADER
from engine.serving.observed import Observed
from engine.serving.request_ids import HEADER, Named
from engine.serving.service import Service
from engine.serving.tracing import options, watch_of
from engine.serving.underway import Passing
from engine.settings import Settings
from engine.store.key_file import KeyFile
from engine.workspace import Workspace, collection_folder

# For each key, or each address without one, where others than this machine can ask.
FAR_RATE = 50.0
FAR_PARALLEL = 32
SUMMARY = "Retrieval of pins: pictures that somebody keeps, with what little is known of them."


def create_app(
    workspace: Workspace, *, hosts: Sequence[str] = (), token: str | None = None
) -> FastAPI:
    """Return the app of a workspace; its caller closes the workspace after the app is done.

    hosts: names under which the app answers besides those of loopback, such as the address that it
    is bound to; bound to an address that others can reach it answers under any name.
    token: opens everything, for commands of the same user.
    """
    configured = workspace.settings.queue
    waiting = Inbox(collection_folder(workspace.settings) / INBOX_NAME)
    queue = QueueClient(configured, waiting) if configured.url is not None else None
    serve = workspace.settings.serve
    shared = workspace.settings.store.url is not None
    metrics = RequestMetrics()
    service = Service(workspace, queue, metrics)
    threads = Threads(workspace.settings.serve.threads, metrics.registry)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        threads.take()
        await run_in_threadpool(service.warm_up)
        try:
            with following(service.follow) if shared else nullcontext():
                yield
        finally:
            await run_in_threadpool(service.close)
            if queue is not None:
                await run_in_threadpool(queue.close)

    rules = _rules(workspace.settings, hosts, token)
    app = DescribedApp(
        title="Pin engine",
        summary=SUMMARY,
        version=__version__,
        lifespan=lifespan,
        middleware=[
            Middleware(Named),
            Middleware(
                Observed,
                told=[metrics.count, logs.told],
                watch=watch_of(metrics, serve.telemetry),
            ),
            *_cors(rules.origins),
            Middleware(Passing, under_way=service.under_way),
            Middleware(Gate, rules=rules),
            Middleware(Dated, longest_s=workspace.settings.serve.deadline_s),
            Middleware(
                Bounded,
                threads=threads,
                most_waiting=workspace.settings.serve.waiting,
                prefixes=[KEYED],
            ),
            Middleware(CompressMiddleware, minimum_size=1_000, gzip_level=5),
        ],
        responses=problems.RESPONSES,
        telemetry=options(serve.telemetry),
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    # Registries of what else works in this process.
    app.state.beside = ()
    app.key_required = rules.callers.anonymous is None
    problems.install(app)
    v1 = APIRouter(prefix=KEYED)
    for noun in (
        search,
        shopping,
        discovery,
        suggest,
        copies,
        pins,
        boards,
        people,
        feedback,
        takedowns,
        health,
    ):
        v1.include_router(noun.router)
    if not shared:
        v1.include_router(snapshots.router)
        v1.include_router(generations.router)
    if queue is not None:
        v1.include_router(submissions.router)
    app.include_router(v1)
    app.include_router(health.probes)
    app.include_router(requests.router)
    app.include_router(reference.router)
    app.include_router(web.router)
    return app


def _rules(settings: Settings, hosts: Sequence[str], token: str | None) -> Rules:
    serve = settings.serve
    near = is_loopback(serve.host)
    rate = serve.rate if serve.rate is not None else (0 if near else FAR_RATE)
    parallel = serve.parallel if serve.parallel is not None else (0 if near else FAR_PARALLEL)
    origins = (each.strip() for each in serve.cors.split(","))
    return Rules(
        hosts=(*LOOPBACK_NAMES, *hosts) if near else None,
        callers=Callers(serve, KeyFile(settings.data), settings.collection, token, asking_paths()),
        limits=Limits(rate, serve.burst, parallel),
        bodies=BodyLimits(serve.max_body_bytes, serve.body_idle_s, serve.body_s),
        origins=frozenset(filter(None, origins)),
    )


def _cors(origins: frozenset[str]) -> list[Middleware]:
    """Return what lets the pages of other origins ask; none without origins."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=sorted(origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                SEQUENCE_HEADER,
                DEADLINE_HEADER,
                HEADER,
                "Prefer",
            ],
            expose_headers=[HEADER, "Retry-After", "ETag", "Location"],
            max_age=600,
        )
    ]
