"""`engine boards`, `info`, `doctor` and `version`: what is here, and whether it works."""

from typing import Annotated

import typer

from engine import __version__
from engine.access import reach
from engine.commands.options import AsJson, Collection, print_json, settings_for, terminal


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


def info(collection: Collection = None, as_json: AsJson = False) -> None:
    """Say what the collection holds and what it was made with."""
    with reach(settings_for(collection)) as access:
        facts = access.info()
    if as_json:
        print_json(facts)
    else:
        terminal.facts(facts)


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


def version() -> None:
    """Print the version."""
    terminal.out.print(__version__)
