"""Known people: what is kept of somebody beside what a request tells, all of it, and forgetting it.

Knows nothing of HTTP, nor of what a taste is made of.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.queries import MAX_TOLD, For
from engine.store.people_file import Felt, PeopleFile, UnknownPerson, person_id


def known(person: For, felt: Sequence[Felt]) -> For:
    """Return a person with what is kept of them, oldest first, before what is told now.

    What is told now of a pin counts instead of what was kept; of each feeling the newest count.
    """
    now = {*person.likes, *person.hides}
    likes, hides = (
        [each.pin for each in felt if each.feeling == feeling and each.pin not in now]
        for feeling in ("like", "hide")
    )
    return replace(
        person,
        likes=tuple([*likes, *person.likes][-MAX_TOLD:]),
        hides=tuple([*hides, *person.hides][-MAX_TOLD:]),
    )


def exported(person: str, people: PeopleFile) -> dict[str, Any]:
    """Return all that is kept of a person as JSON; raise BadQuery, UnknownPerson."""
    felt = people.of(person_id(person))
    if not felt:
        raise UnknownPerson(f"nothing is kept of a person {person!r}")
    return {"person": person, "likes": _told(felt, "like"), "hides": _told(felt, "hide")}


def forgotten(person: str, people: PeopleFile) -> dict[str, Any]:
    """Forget a person and return as JSON how much that was; raise BadQuery."""
    return {"forgotten": people.forget(person_id(person))}


def _told(felt: Sequence[Felt], feeling: str) -> list[dict[str, str]]:
    return [{"pin": each.pin, "since": each.since} for each in felt if each.feeling == feeling]
