"""What is in a picture: the request and its answer."""

from typing import Any, ClassVar

from engine.discovery.recognition import recognise, recognition_to_json
from engine.discovery.sight import look
from engine.serving.looking import Looking
from engine.workspace import Workspace


class RecognizeRequest(Looking):
    """A picture, a pin's, or a crop of either, that wants a name."""

    path: ClassVar[str] = "/v1/recognize"

    def answer(self, workspace: Workspace) -> dict[str, Any]:
        """Return labels as JSON; raise BadQuery, BadImage, BadCrop or UnknownPin."""
        part = self.part(workspace.limits.bytes)
        sight = look(part, workspace.reader(workspace.parameters))
        return recognition_to_json(
            recognise(sight, workspace.collection, workspace.knowledge.namer)
        )
