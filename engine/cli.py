"""The command line: which commands there are, and how each ends; they lie in `commands/`.

Exit status: 0 done, 1 the engine could not, 2 bad usage.
"""

import logging
import sys

import typer

from engine.commands.about import boards, doctor, info, version
from engine.commands.backup import backup, restore
from engine.commands.duplicates import duplicates
from engine.commands.evaluate import evaluate
from engine.commands.feed import feed
from engine.commands.keys import keys
from engine.commands.moving import export, import_
from engine.commands.people import people
from engine.commands.pins import delete, get, index
from engine.commands.recognize import recognize, shop
from engine.commands.regions import regions
from engine.commands.reindex import reindex
from engine.commands.search import related, search
from engine.commands.segments import segments
from engine.commands.serve import serve
from engine.commands.takedown import takedown
from engine.commands.train import train
from engine.commands.tune import tune
from engine.commands.worker import dead, worker
from engine.errors import BadImage, BadPin, EngineError, UnknownPin, UsageError

app = typer.Typer(
    name="engine",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Find pins by words, by picture, by a crop of one, by another pin, or by any mix.",
)
# In the order in which `engine --help` lists them.
for command in (
    index,
    search,
    related,
    feed,
    regions,
    recognize,
    shop,
    duplicates,
    segments,
    get,
    delete,
    boards,
    info,
    worker,
    dead,
    takedown,
    export,
    backup,
    restore,
    reindex,
    evaluate,
    tune,
    train,
    serve,
    doctor,
    version,
):
    app.command()(command)
app.command("import")(import_)
app.add_typer(people)
app.add_typer(keys)


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


if __name__ == "__main__":
    main()
