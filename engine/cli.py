"""The command line: its commands, and how each ends. Two larger ones lie beside it.

Exit status: 0 done, 1 the engine could not, 2 bad usage.
"""

import base64
import logging
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from engine import __version__
from engine.access import Access, reach
from engine.commanding import (
    AsJson,
    Collapse,
    Collection,
    Cursor,
    Diversity,
    Explain,
    Filters,
    Limit,
    MinRelevance,
    Sheet,
    extra_keys,
    print_json,
    settings_for,
    terminal,
)
from engine.errors import (
    BadImage,
    BadPin,
    BadQuery,
    EngineError,
    ImageTooLarge,
    UnknownPin,
    UsageError,
)
from engine.evaluate_command import evaluate
from engine.ingestion.arrivals import Arrivals, unknown_keys
from engine.ingestion.dead import DEAD_NAME, DeadFile
from engine.ingestion.outcome import Outcome
from engine.ingestion.refusals import Refusals
from engine.pins import pin_id
from engine.serve_command import serve
from engine.serving.models import SearchRequest, filter_pairs
from engine.takedown_command import takedown
from engine.terminal import caption
from engine.train_command import train
from engine.tune_command import tune
from engine.worker_commands import dead, worker
from engine.workspace import collection_folder

app = typer.Typer(
    name="engine",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Find pins by words, by picture, by a crop of one, by another pin, or by any mix.",
)


@app.command()
def index(
    paths: Annotated[
        list[Path], typer.Argument(help="JSONL or CSV files, folders, or - for stdin.")
    ],
    collection: Collection = None,
    extra: Annotated[
        str, typer.Option(help="Unknown keys: ignore, or keep as attributes.")
    ] = "ignore",
    strict: Annotated[bool, typer.Option(help="Stop at the first bad pin.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take pins in; what has not changed since the last time costs next to nothing.

    Pins that are refused are named here, and kept with the reason: see 'engine dead'.
    """
    kind = extra_keys(extra)
    sources = [Arrivals(path, kind) for path in paths]
    statuses = ("added", "updated", "unchanged", "rejected")
    counts: dict[str, int] = dict.fromkeys((*statuses, "duplicates"), 0)
    settings = settings_for(collection)
    with (
        reach(settings, create=True) as access,
        closing(Refusals(DeadFile(collection_folder(settings) / DEAD_NAME))) as refusals,
    ):
        for source in sources:
            for outcome in _watched(refusals.watch(source, access.index), source):
                counts[outcome.status] += 1
                counts["duplicates"] += outcome.duplicate_of is not None
                if outcome.status == "rejected":
                    terminal.warn(f"{outcome.origin}: {outcome.reason}")
                    if strict:
                        raise BadPin("stopped at the first bad pin, as --strict says")
            if source.unknown:
                terminal.warn(unknown_keys(source.unknown))
    if as_json:
        print_json(counts)
    else:
        told = ", ".join(f"{counts[name]:,} {name}" for name in statuses)
        if counts["duplicates"]:
            told += f"; {counts['duplicates']:,} show what another pin shows"
        terminal.out.print(told)
    if counts["rejected"]:
        raise typer.Exit(1)


@app.command()
def search(
    text: Annotated[str | None, typer.Argument(help="Words to look for.")] = None,
    image: Annotated[Path | None, typer.Option(help="A picture to look like.")] = None,
    pin: Annotated[str | None, typer.Option(help="Id of a pin to look like.")] = None,
    crop: Annotated[
        str | None, typer.Option(help="x,y,w,h in fractions: the part of the picture that counts.")
    ] = None,
    minus: Annotated[str | None, typer.Option(help="Words to move away from.")] = None,
    filters: Filters = None,
    limit: Limit = 10,
    cursor: Cursor = None,
    min_relevance: MinRelevance = 0.0,
    collapse: Collapse = True,
    diversity: Diversity = 0.0,
    explain: Explain = False,
    sheet: Sheet = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Search by words, a picture, a crop of it, a pin, or any mix of them."""
    settings = settings_for(collection)
    limit_bytes = settings.images.max_bytes
    request = _request(
        text=text,
        image=_picture(image, limit_bytes) if image is not None else None,
        pin=pin,
        crop=crop,
        minus=minus,
        filter=filter_pairs(filters or ()),
        limit=limit,
        cursor=cursor,
        min_relevance=min_relevance,
        collapse=collapse,
        diversity=diversity,
        explain=explain or not as_json,
    )
    request.to_query(limit_bytes)  # what is wrong with it needs no collection
    named = (text, image.name if image else None, pin, f"minus {minus}" if minus else None)
    asked = " + ".join(name for name in named if name)
    with reach(settings) as access:
        _show(access.search(request), access, asked, explain, as_json, sheet)


@app.command()
def related(
    pin: Annotated[str, typer.Argument(help="Id of a pin.")],
    filters: Filters = None,
    limit: Limit = 10,
    cursor: Cursor = None,
    diversity: Diversity = 0.0,
    explain: Explain = False,
    sheet: Sheet = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Find pins like a pin, by what is in its picture."""
    request = _request(
        filter=filter_pairs(filters or ()),
        limit=limit,
        cursor=cursor,
        diversity=diversity,
        explain=explain or not as_json,
    )
    with reach(settings_for(collection)) as access:
        answer = access.related(_id(pin), request)
        _show(answer, access, f"related to {pin}", explain, as_json, sheet)


@app.command()
def get(
    pin: Annotated[str, typer.Argument(help="Id of a pin.")],
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Show a pin as it is stored."""
    with reach(settings_for(collection)) as access:
        found = access.get(_id(pin))
    if as_json:
        print_json(found)
    else:
        terminal.facts(found)


@app.command()
def delete(
    pins: Annotated[list[str], typer.Argument(help="Ids of pins.")],
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Delete pins and their pictures."""
    ids = [_id(pin) for pin in pins]
    deleted: list[str] = []
    unknown: list[str] = []
    with reach(settings_for(collection)) as access:
        for pin in ids:
            try:
                access.delete(pin)
            except UnknownPin:
                unknown.append(pin)
            else:
                deleted.append(pin)
    if as_json and deleted:
        print_json({"deleted": deleted})
    elif deleted:
        terminal.out.print(f"{len(deleted):,} deleted")
    if unknown:
        named = ", ".join(map(repr, unknown[:5]))
        raise UnknownPin(f"no pin {named} is in this collection; {len(deleted):,} were deleted")


@app.command()
def boards(
    limit: Annotated[int, typer.Option(help="How many boards to list.")] = 50,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """List the boards, largest first."""
    with reach(settings_for(collection)) as access:
        answer = access.boards(limit)
    if as_json:
        print_json(answer)
    else:
        terminal.facts({board["title"]: board["pins"] for board in answer["boards"]})


@app.command()
def info(collection: Collection = None, as_json: AsJson = False) -> None:
    """Say what the collection holds and what it was made with."""
    with reach(settings_for(collection)) as access:
        facts = access.info()
    if as_json:
        print_json(facts)
    else:
        terminal.facts(facts)


@app.command()
def doctor(collection: Collection = None, as_json: AsJson = False) -> None:
    """Check the installation and say what to do about what is wrong."""
    from engine.doctor import examine

    findings = examine(settings_for(collection))
    if as_json:
        print_json({"findings": [finding.to_json() for finding in findings]})
    else:
        for finding in findings:
            mark = "[green]ok[/green]  " if finding.ok else "[red]bad[/red] "
            terminal.out.print(mark, end="")
            terminal.out.print(f"{finding.what}: {finding.detail}", markup=False)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


app.command()(train)


app.command()(evaluate)


app.command()(tune)


app.command()(serve)


app.command()(worker)


app.command()(dead)


app.command()(takedown)


@app.command()
def version() -> None:
    """Print the version."""
    terminal.out.print(__version__)


def main() -> None:
    """Run a command; an error of the engine is one line on stderr, never a traceback."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        app()
    except EngineError as error:
        _fail(str(error), 2 if _is_usage(error) else 1)
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename or 'an input or output failed'}", 1)


def _is_usage(error: EngineError) -> bool:
    """What was typed is at fault, rather than what it names or holds."""
    return isinstance(error, UsageError) and not isinstance(error, BadImage | BadPin | UnknownPin)


def _fail(message: str, status: int) -> None:
    print(f"engine: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201
    sys.exit(status)


def _request(**given: Any) -> SearchRequest:
    try:
        return SearchRequest(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadQuery(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _id(text: str) -> str:
    try:
        return pin_id(text)
    except BadPin as error:
        raise UsageError(str(error)) from None


def _picture(path: Path, max_bytes: int) -> str:
    """Return a picture's bytes as base64, reading no more of them than may be."""
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise BadImage(f"image {path} can't be read: {error}") from None
    if len(data) > max_bytes:
        raise ImageTooLarge(
            f"image {path} is larger than {max_bytes:,} bytes: make it smaller, "
            "or raise ENGINE_IMAGES__MAX_BYTES"
        )
    return base64.b64encode(data).decode()


def _watched(outcomes: Iterator[Outcome], source: Arrivals) -> Iterator[Outcome]:
    """Pass outcomes on, with a progress bar where somebody watches."""
    if not terminal.err.is_terminal:
        yield from outcomes
        return
    with terminal.progress(f"indexing {source.path}", source.expected()) as bars:
        for outcome in outcomes:
            bars.advance(bars.task_ids[0])
            yield outcome


def _show(
    answer: dict[str, Any],
    access: Access,
    asked: str,
    explain: bool,
    as_json: bool,
    sheet: Path | None,
) -> None:
    if sheet is not None:
        _draw(answer, access, asked, sheet)
    if as_json:
        print_json(answer)
    else:
        terminal.answer(answer, explain)


def _draw(answer: dict[str, Any], access: Access, asked: str, path: Path) -> None:
    from engine.contact_sheet import Cell, Row, save

    cells = []
    for hit in answer["hits"]:
        note = f"{hit['score']:.3f}"
        if "why" in hit:
            note += " · " + " + ".join(hit["why"]["found_by"])
        cells.append(Cell(access.picture(hit["id"]), caption(hit["pin"]), note))
    try:
        save([Row(asked, cells)], path)
    except (OSError, ValueError) as error:
        raise UsageError(f"--sheet {path} can't be written: {error}") from None


if __name__ == "__main__":
    main()
