"""`engine serve`: the HTTP service, and pins that arrive in the same process."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from engine.commands.options import Collection, settings_for
from engine.errors import UsageError
from engine.settings import load_settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    watch: Annotated[
        Path | None, typer.Option(help="Take pins from this folder too, as they appear.")
    ] = None,
    nats: Annotated[
        str | None, typer.Option(help="Take pins from this NATS server too, and publish to it.")
    ] = None,
    allow_write: Annotated[
        bool, typer.Option("--allow-write", help="Let those without a key write, not only read.")
    ] = False,
    collection: Collection = None,
) -> None:
    """Serve the engine over HTTP; other commands on the same data go through this process."""
    if watch is not None and nats is not None:
        raise UsageError("give --watch DIR or --nats URL, not both")
    if watch is not None and not watch.is_dir():
        raise UsageError(f"{str(watch)[:200]} is no folder that can be read: name another")
    from engine.serving.server import serve as run

    settings = settings_for(collection)
    given = {"host": host, "port": port, "anonymous": "write" if allow_write else None}
    chosen = settings.serve.model_dump() | {k: v for k, v in given.items() if v is not None}
    queue = settings.queue.model_dump() | ({} if nats is None else {"url": nats})
    settings = load_settings(collection=collection, serve=chosen, queue=queue)
    if watch is None and nats is None:
        run(settings)
        return
    from engine.serving_worker import consuming, watching

    run(settings, consuming if watch is None else partial(watching, watch))
