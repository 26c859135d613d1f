"""The opened workspace as the routes share it: many readers, one writer at a time."""

import threading
from collections.abc import Iterable
from typing import Annotated, cast

from fastapi import Depends, Request
from PIL import Image

from engine.ingestion.arrivals import Arrival
from engine.ingestion.intake import Outcome
from engine.jsonl import BadLine
from engine.workspace import Workspace


class Service:
    """One workspace behind HTTP; `warm` once it has answered in earnest."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.warm = False
        # Two writes of one pin must not both read the state before either.
        self._writes = threading.Lock()

    def warm_up(self) -> None:
        """Load both sides of the encoder; FingerprintMismatch if the collection has another."""
        if self.warm:
            return
        encoder = self.workspace.encoder
        encoder.encode_texts(["a pin"])
        encoder.encode_images([Image.new("RGB", (64, 64), "white")])
        self.warm = True

    def take_in(self, arrivals: Iterable[Arrival | BadLine]) -> list[Outcome]:
        """Write pins and return what became of each, in no particular order."""
        with self._writes:
            return list(self.workspace.intake().run(arrivals))

    def delete(self, pin_id: str) -> None:
        """Delete a pin and its picture; raise UnknownPin."""
        with self._writes:
            self.workspace.delete(pin_id)


def service_of(request: Request) -> Service:
    """Return the service that the request's app was made for."""
    return cast(Service, request.app.state.service)


Serving = Annotated[Service, Depends(service_of)]
