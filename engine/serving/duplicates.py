"""The routes of copies: those of one pin, and all groups."""

import time
from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field

from engine.discovery.duplicates import MAX_LIMIT, Finder
from engine.serving.answers import Score
from engine.serving.asking import Asking
from engine.serving.pins import PinId
from engine.serving.service import Serving
from engine.workspace import Workspace

EXAMPLES = Body(
    openapi_examples={"a pin": {"value": {"pin": "dress-001"}}, "all groups": {"value": {}}}
)

router = APIRouter(tags=["pins"])


class DuplicateAnswer(BaseModel):
    """A pin that shows what another one shows, or looks like it."""

    id: str
    kind: Literal["same", "near", "alike"] = Field(
        description="`same` bytes; `near`: one picture, changed; `alike`: another, by its vector"
    )
    similarity: Score


class DuplicatesAnswer(BaseModel):
    """Copies of one pin, surest first, or all groups of pins that show one picture."""

    duplicates: list[DuplicateAnswer] | None = None
    groups: list[list[str]] | None = Field(None, description="ids of pins, largest group first")
    took_ms: float


class DuplicatesRequest(Asking):
    """Copies of a pin; without one, the groups of pins that show one picture."""

    path: ClassVar[str] = "/v1/duplicates"

    pin: str | None = None
    limit: int = Field(20, description=f"how many of each kind, or groups; 1 to {MAX_LIMIT}")
    thorough: bool = Field(
        False, description="look for changed copies of every pin, some 50 ms each"
    )

    @property
    def looks(self) -> bool:
        return True

    def answer(self, workspace: Workspace) -> dict[str, Any]:
        started = time.perf_counter()
        finder = Finder(workspace.collection, workspace.images)
        answer: dict[str, Any] = {}
        if self.pin is not None:
            answer["duplicates"] = [
                {"id": each.pin, "kind": each.kind, "similarity": round(each.similarity, 4)}
                for each in finder.of(self.pin, self.limit)
            ]
        else:
            groups = finder.groups(thorough=self.thorough)
            answer["groups"] = sorted(groups, key=lambda group: (-len(group), group))[: self.limit]
        return answer | {"took_ms": round((time.perf_counter() - started) * 1000, 3)}


@router.post("/duplicates", response_model=DuplicatesAnswer, response_model_exclude_unset=True)
def post_duplicates(
    service: Serving, body: Annotated[DuplicatesRequest, EXAMPLES]
) -> dict[str, Any]:
    """Find the copies of a pin, or all groups of pins that show one picture."""
    return service.ask(body)


@router.get(
    "/pins/{id:pin}/duplicates",
    response_model=DuplicatesAnswer,
    response_model_exclude_unset=True,
)
def get_duplicates(
    service: Serving,
    identity: PinId,
    limit: Annotated[int, Query(description=f"1 to {MAX_LIMIT}", examples=[20])] = 20,
) -> dict[str, Any]:
    """Find pins that show what a pin shows, and pins that look like it."""
    return service.ask(DuplicatesRequest(pin=identity, limit=limit))
