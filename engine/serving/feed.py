"""What a person would like: the request and its answer."""

from typing import Any, ClassVar

from pydantic import Field

from engine.queries import For, parse_filter
from engine.retrieval.answers import answer_to_json
from engine.serving.asking import Asking
from engine.serving.models import PERSON
from engine.workspace import Workspace


class FeedRequest(Asking):
    """Pins that somebody likes and hides; without any the answer is variety, never popularity."""

    path: ClassVar[str] = "/v1/feed"

    likes: list[str] = Field(default_factory=list, description="ids of pins, oldest like first")
    hides: list[str] = Field(default_factory=list, description="ids of pins, oldest first")
    person: str | None = Field(None, description=PERSON)
    filter: dict[str, Any] = Field(default_factory=dict)
    limit: int = 20
    cursor: str | None = Field(None, description="`next` of the page before")

    def answer(self, workspace: Workspace) -> dict[str, Any]:
        """Return a page as JSON; ids of pins that are not here, or blocked, say nothing."""
        person = For(tuple(self.likes), tuple(self.hides), person=self.person)
        answer = workspace.personal_feed(
            workspace.belongings.told(person), parse_filter(self.filter), self.limit, self.cursor
        )
        return answer_to_json(answer)
