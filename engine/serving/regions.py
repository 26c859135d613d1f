"""What is in a picture, and where: the request and its answer."""

import time
from typing import Any, ClassVar

from pydantic import Field

from engine.discovery.objects import MOST, Finder, Region
from engine.errors import BadQuery
from engine.features.images import WORKING_SIDE, ImageLimits, decode
from engine.queries import Crop, Part
from engine.serving.asking import Asking
from engine.serving.models import ImageText, image_bytes
from engine.workspace import Workspace


class RegionsRequest(Asking):
    """A picture, or a pin's, whose things are wanted; a crop is taken as the one region."""

    path: ClassVar[str] = "/v1/regions"

    image: ImageText | None = Field(None, description="data: URI or base64 of an image file")
    pin: str | None = Field(None, description="id of a pin whose picture is looked at")
    crop: str | None = Field(None, description="x,y,w,h: your own region instead of found ones")
    limit: int = Field(10, description=f"regions at most, 1 to {MOST}")
    vectors: bool = Field(False, description="give the vector of each region, too")

    @property
    def looks(self) -> bool:
        return True

    def answer(self, workspace: Workspace) -> dict[str, Any]:
        """Return the regions as JSON; raise BadQuery, BadImage, BadCrop or UnknownPin."""
        part, own = self._part(workspace.limits.bytes)
        started = time.perf_counter()
        picture = workspace.reader(workspace.parameters).picture(part)
        found = workspace.knowledge.finder.find(picture, self.limit, own)
        return self._told(found, started)

    def without_collection(self, finder: Finder, limits: ImageLimits) -> dict[str, Any]:
        """Return the same for a picture of the request, where there is no collection yet."""
        part, own = self._part(limits.bytes)
        if not isinstance(part.value, bytes):
            raise BadQuery("without a collection there are no pins: give an image")
        started = time.perf_counter()
        picture = decode(part.value, limits, longest=WORKING_SIDE)
        return self._told(finder.find(picture, self.limit, own), started)

    def _part(self, max_bytes: int) -> tuple[Part, Crop | None]:
        if (self.image is None) == (self.pin is None):
            raise BadQuery("give either an image or a pin")
        if not 1 <= self.limit <= MOST:
            raise BadQuery(f"limit {self.limit} must be within 1 and {MOST}")
        own = Crop.parse(self.crop) if self.crop is not None else None
        if self.pin is not None:
            return Part("pin", self.pin), own
        return Part("image", image_bytes(self.image or "", max_bytes)), own

    def _told(self, found: list[Region], started: float) -> dict[str, Any]:
        regions = [region_to_json(each, self.vectors) for each in found]
        return {"regions": regions, "took_ms": round((time.perf_counter() - started) * 1000, 3)}


def region_to_json(region: Region, vector: bool = False) -> dict[str, Any]:
    """Return a region as the contract has it."""
    out: dict[str, Any] = {
        "box": str(region.box),
        "label": region.label,
        "score": round(region.score, 6),
    }
    if vector:
        out["vector"] = [round(float(part), 6) for part in region.vector]
    return out
