"""Requests about one picture: sent along, or that of a pin, or a crop of either."""

from pydantic import Field

from engine.errors import BadQuery
from engine.queries import Crop, Part
from engine.serving.asking import Asking
from engine.serving.models import ImageText, image_bytes


class Looking(Asking):
    """A request that is asked of exactly one picture."""

    image: ImageText | None = Field(None, description="data: URI or base64 of an image file")
    pin: str | None = Field(None, description="id of a pin, whose picture is looked at")
    crop: str | None = Field(None, description="x,y,w,h in fractions of the upright picture")

    @property
    def looks(self) -> bool:
        return self.image is not None or self.pin is not None

    def part(self, max_bytes: int) -> Part:
        """Return the picture as a part of a query; raise BadQuery, BadCrop or BadImage."""
        if (self.image is None) == (self.pin is None):
            raise BadQuery("give a picture to look at: either an image or a pin")
        crop = Crop.parse(self.crop) if self.crop is not None else None
        if self.pin is not None:
            return Part("pin", self.pin, crop=crop)
        return Part("image", image_bytes(self.image or "", max_bytes), crop=crop)
