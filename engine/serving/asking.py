"""Requests that can be answered wherever the collection is open: over HTTP, or in a command.

One class says what may be asked, where the route of it lies, and how a workspace answers it, so
that the route, a command in this process and a command that goes to the owner give the same JSON.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from engine.workspace import Workspace


class Asking(BaseModel, ABC):
    """The body of a POST to `path`."""

    model_config = ConfigDict(extra="forbid")

    path: ClassVar[str]

    @property
    def looks(self) -> bool:
        """Whether a picture has to be decoded, of which few may be open at once."""
        return False

    @abstractmethod
    def answer(self, workspace: Workspace) -> dict[str, Any]:
        """Return the answer as JSON; raise what is wrong with the request as an EngineError."""
