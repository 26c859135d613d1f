"""`engine people`: what is kept of known people, and forgetting them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from engine.access import reach
from engine.commands.options import AsJson, Collection, print_json, settings_for, terminal

people = typer.Typer(
    name="people",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Likes and hides of known people (ENGINE_PEOPLE__KEEP): all of one person, or forget one.",
)
Named = Annotated[str, typer.Argument(help="Id of a person.")]


@people.command("export")
def export(person: Named, collection: Collection = None, as_json: AsJson = False) -> None:
    """Show all that is kept of a person."""
    with reach(settings_for(collection)) as access:
        told = access.person(person)
    if as_json:
        print_json(told)
        return
    for name in ("likes", "hides"):
        terminal.out.print(f"{name}: {_listed(told[name])}", markup=False, soft_wrap=True)


@people.command("delete")
def delete(person: Named, collection: Collection = None, as_json: AsJson = False) -> None:
    """Forget a person: likes and hides go for good."""
    with reach(settings_for(collection)) as access:
        told = access.forget_person(person)
    if as_json:
        print_json(told)
    else:
        terminal.out.print(f"forgot {told['forgotten']:,} likes and hides")


def _listed(felt: list[dict[str, Any]]) -> str:
    return ", ".join(f"{each['pin']} ({each['since'][:10]})" for each in felt) or "–"
