"""The routes of known people: what they like and hide, all of it at once, and forgetting them.

There only where ENGINE_PEOPLE__KEEP is on; elsewhere likes and hides come with each request.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from engine.discovery.known_people import exported, forgotten
from engine.serving.deadlines import InTime
from engine.serving.service import Service, Serving
from engine.serving.writers import writing
from engine.store.people_file import PeopleFile, person_id

router = APIRouter(prefix="/people", tags=["discovery"], route_class=InTime)

PersonId = Annotated[
    str, Path(alias="person", description="the caller's own id of somebody", examples=["ann"])
]
LikedPin = Annotated[str, Path(alias="pin", examples=["dress-001"])]


class FeltAnswer(BaseModel):
    """A pin that somebody likes or hides."""

    pin: str
    since: str = Field(description="RFC 3339")


class PersonAnswer(BaseModel):
    """All that is kept of somebody, oldest first."""

    person: str
    likes: list[FeltAnswer]
    hides: list[FeltAnswer]


class ForgottenAnswer(BaseModel):
    """How much was forgotten."""

    forgotten: int = Field(description="likes and hides; 0 where nothing was kept")


@router.get("/{person}", response_model=PersonAnswer)
def get_person(service: Serving, person: PersonId) -> dict[str, Any]:
    """Export all that is kept of a person."""
    return exported(person, _kept(service))


@router.delete("/{person}", response_model=ForgottenAnswer)
@writing
def delete_person(service: Serving, person: PersonId) -> dict[str, Any]:
    """Forget a person: nothing of them is left."""
    return forgotten(person, _kept(service))


@router.put("/{person}/likes/{pin}", response_model=PersonAnswer)
@writing
def put_like(service: Serving, person: PersonId, pin: LikedPin) -> dict[str, Any]:
    """Keep that a person likes a pin, which counts from the next request on."""
    service.feel(person, pin, "like")
    return exported(person, _kept(service))


@router.delete("/{person}/likes/{pin}", response_model=ForgottenAnswer)
@writing
def delete_like(service: Serving, person: PersonId, pin: LikedPin) -> dict[str, Any]:
    """Forget that a person likes a pin."""
    return {"forgotten": int(_kept(service).unfeel(person_id(person), pin, "like"))}


@router.put("/{person}/hides/{pin}", response_model=PersonAnswer)
@writing
def put_hide(service: Serving, person: PersonId, pin: LikedPin) -> dict[str, Any]:
    """Keep that a person wants no more of a pin and what is like it."""
    service.feel(person, pin, "hide")
    return exported(person, _kept(service))


@router.delete("/{person}/hides/{pin}", response_model=ForgottenAnswer)
@writing
def delete_hide(service: Serving, person: PersonId, pin: LikedPin) -> dict[str, Any]:
    """Forget that a person hid a pin."""
    return {"forgotten": int(_kept(service).unfeel(person_id(person), pin, "hide"))}


def _kept(service: Service) -> PeopleFile:
    return service.workspace.belongings.kept_people
