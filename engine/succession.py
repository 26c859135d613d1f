"""What answers after a workspace on a server: opened before it does, taken up when it does.

Another process changes the encoder (`server_reindexing.py`). Each that answers or writes finds out
here by itself, and goes from one whole workspace to another: its collection and its encoder belong
together, so no query is encoded by one and looked up in the other.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from engine.errors import EncoderChanged, EngineError, StoreError, UsageError
from engine.features.encoder import warm
from engine.ingestion.admission import Change
from engine.ingestion.outcome import Outcome
from engine.jsonl import BadLine
from engine.store.opening import encoded_by, open_on_server, open_removals
from engine.store.standing import Standing
from engine.workspace import Workspace, collection_folder, encoder_of

if TYPE_CHECKING:
    from engine.store.server import ServerCollection

T = TypeVar("T")
Item = Change | BadLine


class Succession:
    """The workspaces that one process goes through; several threads may ask."""

    def __init__(self) -> None:
        self._next: Workspace | None = None
        self._lock = threading.Lock()

    def look(self, workspace: Workspace) -> bool:
        """Say whether another collection answers by now; have one ready that will.

        Raises EngineError where it can't be opened.
        """
        standing = _standing(workspace)
        if standing is None:
            return False
        if standing.current != _name(workspace):
            return True
        with self._lock:
            if standing.beside != (None if self._next is None else _name(self._next)):
                self._let_go()
            if standing.beside is not None and self._next is None:
                self._next = _opened(workspace, standing, standing.beside)
        return False

    def take(self, workspace: Workspace) -> Workspace:
        """Return what answers now, which may be the same; raise EngineError."""
        standing = _standing(workspace)
        if standing is None or standing.current == _name(workspace):
            return workspace
        with self._lock:
            ready, self._next = self._next, None
        if ready is not None and _name(ready) == standing.current:
            return ready
        if ready is not None:
            ready.collection.close()
        return _opened(workspace, standing, standing.current)

    def close(self) -> None:
        """Close what was opened and never taken."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._next is not None:
            self._next.close()
            self._next.collection.close()
            self._next = None


def taken_through(
    items: Sequence[Item],
    run: Callable[[Sequence[Item]], Iterable[Outcome]],
    moved: Callable[[], None],
) -> list[Outcome]:
    """Take pins in, and where another collection answers by then, take the rest in there.

    moved: called for `run` to use that one from then on.
    """
    outcomes: list[Outcome] = []

    def rest() -> None:
        # What was told of before an error stays told of.
        for outcome in run(items[len(outcomes) :]):
            outcomes.append(outcome)  # noqa: PERF402

    again(rest, moved)
    return outcomes


def again(work: Callable[[], T], moved: Callable[[], None]) -> T:
    """Return what the work gives, done anew as often as another collection came to answer."""
    while True:
        try:
            return work()
        except EncoderChanged:
            moved()


def _standing(workspace: Workspace) -> Standing | None:
    return _server(workspace).switch.standing()


def _name(workspace: Workspace) -> str:
    return _server(workspace).name


def _server(workspace: Workspace) -> "ServerCollection":
    from engine.store.server import ServerCollection  # only here: it brings qdrant-client

    if not isinstance(workspace.collection, ServerCollection):
        raise EngineError("an embedded collection has one process, which changes what answers")
    return workspace.collection


def _opened(workspace: Workspace, standing: Standing, name: str) -> Workspace:
    """Open another of the collections, ready to answer.

    Raises StoreError.
    """
    settings = encoded_by(workspace.settings, standing.encoders[name])
    place = collection_folder(settings)
    try:
        loaded = encoder_of(settings)
    except UsageError as error:
        # No fault of whoever asks or sends something just now.
        raise StoreError(f"the encoder of collection {name!r} can't be loaded: {error}") from error
    warm(loaded)
    collection = open_on_server(settings.store, place, name, None)
    try:
        removals = open_removals(collection, place, settings.versions.kept)
        made = replace(
            workspace, settings=settings, collection=collection, loaded=loaded, removals=removals
        )
        _ = made.encoder  # raises when it is not the one that the collection was made with
    except BaseException:
        collection.close()
        raise
    return made
