"""Where to buy it: the request and its answer."""

import time
from typing import Any, ClassVar

from pydantic import Field

from engine.discovery.shopping import MAX_GROUPS, Group, Wanted, group_to_json, shop
from engine.discovery.sight import look
from engine.errors import BadQuery
from engine.queries import Part, Query, parse_filter
from engine.serving.looking import Looking
from engine.workspace import Workspace

REGIONS = 6


class ShopRequest(Looking):
    """A picture, a pin's, a crop of either, or words for what is to be bought."""

    path: ClassVar[str] = "/v1/shop"

    text: str | None = Field(None, description="words, instead of a picture")
    regions: bool = Field(False, description="shop for each thing in the picture, too")
    filter: dict[str, Any] = Field(
        default_factory=dict, description='such as {"price": "10..50", "merchant": "Aurel"}'
    )
    limit: int = Field(10, description=f"groups, 1 to {MAX_GROUPS}")

    def answer(self, workspace: Workspace) -> dict[str, Any]:
        """Return groups of offers as JSON; raise BadQuery, BadImage, BadCrop or UnknownPin."""
        started = time.perf_counter()
        if self.text is not None:
            out = {"groups": self._told(self._words(self.text, workspace), workspace)}
        else:
            out = self._looked(workspace)
        return out | {"took_ms": round((time.perf_counter() - started) * 1000, 3)}

    def _words(self, text: str, workspace: Workspace) -> Wanted:
        if self.image is not None or self.pin is not None or self.crop is not None or self.regions:
            raise BadQuery("shop by words or by a picture, not by both: leave one of them out")
        asked = workspace.reader(workspace.parameters).understand(Query((Part("text", text),)))
        words = workspace.knowledge.namer.wording.key(text)
        return Wanted("text", asked.vector, asked.terms, words, parse_filter(self.filter))

    def _looked(self, workspace: Workspace) -> dict[str, Any]:
        part = self.part(workspace.limits.bytes)
        sight = look(part, workspace.reader(workspace.parameters))
        wanted = Wanted("image", sight.vector, filter=parse_filter(self.filter))
        out: dict[str, Any] = {"groups": self._told(wanted, workspace)}
        if self.regions:
            if sight.picture is None:
                raise BadQuery("the picture of this pin is not kept, so it has no regions")
            out["regions"] = [
                {
                    "box": str(each.box),
                    "label": each.label,
                    "groups": self._told(
                        Wanted("image", each.vector, filter=wanted.filter), workspace
                    ),
                }
                for each in workspace.knowledge.finder.find(sight.picture, REGIONS)
            ]
        return out

    def _told(self, wanted: Wanted, workspace: Workspace) -> list[dict[str, Any]]:
        groups: list[Group] = shop(
            wanted,
            workspace.collection,
            workspace.parameters,
            workspace.knowledge.namer.wording,
            limit=self.limit,
        )
        return [group_to_json(each) for each in groups]
