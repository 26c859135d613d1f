"""Copies of a pin, or all groups of them: the request and its answer."""

import time
from typing import Any, ClassVar

from pydantic import Field

from engine.discovery.duplicates import MAX_LIMIT, Finder
from engine.serving.asking import Asking
from engine.workspace import Workspace


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
