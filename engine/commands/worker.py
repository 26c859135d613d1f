"""`engine worker` and `engine dead`: pins that arrive by themselves, and those that could not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from engine.commands.options import (
    AsJson,
    Collection,
    extra_keys,
    print_json,
    settings_for,
    terminal,
)
from engine.errors import UsageError
from engine.settings import Settings


def worker(
    watch: Annotated[
        Path | None, typer.Option(help="Folder to take pins and pictures from as they appear.")
    ] = None,
    nats: Annotated[
        str | None, typer.Option(help="NATS server to take pins from [env ENGINE_QUEUE__URL].")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Serve /metrics on this port of 127.0.0.1; 0 a free one.")
    ] = None,
    extra: Annotated[
        str, typer.Option(help="Unknown keys in files: ignore, or keep as attributes.")
    ] = "ignore",
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Take pins in as they arrive, from a folder or a queue, until stopped."""
    settings = _queued(nats, collection)
    if watch is not None and nats is not None:
        raise UsageError("give --watch DIR or --nats URL, not both: a worker has one source")
    if watch is None and settings.queue.url is None:
        raise UsageError("say where pins come from: --watch DIR, or --nats nats://HOST:4222")
    from engine.ingestion.metrics import Metrics
    from engine.ingestion.queue import shown
    from engine.working import metrics_server, work_folder, work_queue

    kind = extra_keys(extra)
    figures = Metrics()
    where = str(watch) if watch is not None else shown(settings.queue.url)
    with metrics_server(figures, metrics_port) as port, _counted(f"from {where}") as told:

        def ready() -> None:
            at = "" if port is None else f", metrics on http://127.0.0.1:{port}/metrics"
            terminal.err.print(
                f"engine: taking pins from {where}{at}", markup=False, soft_wrap=True
            )

        if watch is not None:
            work_folder(settings, watch, kind, figures, told, ready)
        else:
            work_queue(settings, figures, told, ready)
    if as_json:
        print_json(figures.summary())
    else:
        terminal.facts(figures.summary())


def dead(
    action: Annotated[str, typer.Argument(help="list, retry or drop.")] = "list",
    pins: Annotated[
        list[str] | None, typer.Argument(help="Ids of pins, or keys; all without any.")
    ] = None,
    nats: Annotated[
        str | None, typer.Option(help="The queue's NATS server too [env ENGINE_QUEUE__URL].")
    ] = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Show the pins that could not be taken and why; try them again; or forget them."""
    if action not in {"list", "retry", "drop"}:
        raise UsageError(f"{action!r} is unknown: use engine dead list, retry or drop")
    from engine.dead_letters import open_dead_letters

    with open_dead_letters(_queued(nats, collection)) as letters:
        found = letters.named(pins or ())
        if action == "list":
            shown = [letter.to_json() for letter in found]
            if as_json:
                print_json({"letters": shown})
            else:
                terminal.letters(shown)
            return
        done = letters.retry(found) if action == "retry" else letters.drop(found)
    if as_json:
        print_json(done)
    else:
        terminal.out.print(", ".join(f"{count:,} {name}" for name, count in done.items()))
    if done.get("rejected"):
        raise typer.Exit(1)


def _queued(nats: str | None, collection: str | None) -> Settings:
    """Return the settings with another queue than the environment's, if one is named."""
    settings = settings_for(collection)
    if nats is None:
        return settings
    queue = settings.queue.model_copy(update={"url": nats})
    return settings.model_copy(update={"queue": queue})


@contextmanager
def _counted(what: str) -> Iterator[Callable[[int], None]]:
    """Show how many pins have come, where somebody watches."""
    if not terminal.err.is_terminal:
        yield lambda _: None
        return
    with terminal.progress(what, None) as bars:
        yield lambda count: bars.advance(bars.task_ids[0], count)
