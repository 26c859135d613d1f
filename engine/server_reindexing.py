"""Another encoder for a collection on a server, from one process, while others ask and write.

The new collection is filled beside the one that answers; what is written meanwhile is brought in
after it, and the last of it while writes wait. Decision 53 says why nothing is lost between them.
May be ended at any time and begun again: what is there is passed over.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import Final

from engine.errors import EngineError, StoreError, UsageError
from engine.ingestion.reencoding import Brought, Done, Pace, Reencoding
from engine.reindexing import BUILDING, Filled
from engine.settings import Settings
from engine.store.disk import disk_errors
from engine.store.identity import Identity
from engine.store.opening import encoded_by, open_on_server, switch_of
from engine.store.ownership import Ownership
from engine.store.records import point_id
from engine.store.server import ServerCollection
from engine.store.server_switch import ServerSwitch
from engine.store.standing import Standing
from engine.switching import require_all
from engine.workspace import Workspace, collection_folder, encoder_of, identity_of, open_workspace

# So few pins are brought in while writes wait; what comes faster is brought in round after round.
FEW: Final = 8
ROUNDS: Final = 20
DIGITS: Final = 12
# Processes look every second, and requests that began before have ended by then.
GRACE_S: Final = 5.0


class Outrun(EngineError):
    """Somebody else changed what answers, or would not wait for it any longer."""

    slug = "reindex-outrun"


class Filling:
    """A collection that is filled beside the one that answers; `filled` has both, open."""

    def __init__(self, now: Workspace, then: Workspace, pace: Pace, encoder: str) -> None:
        """Have all who write note their pins from now on; raise Outrun."""
        source, target = _on_server(now), _on_server(then)
        self._switch = source.switch
        self._bringing = Reencoding(source, target, now.images, now.limits, then.encoder, pace)
        self._seen = self._switch.begin(source.name, now.settings.encoder)
        encoders = {**self._seen.encoders, target.name: encoder}
        if self._seen.current != source.name:
            raise Outrun(f"{self._seen.current!r} answers by now: begin again")
        self._say(replace(self._seen, encoders=encoders, beside=target.name, closing=False))
        # What was noted for a run that was killed was written before this one looks at all pins.
        self._switch.forget()
        self.filled = Filled(now, then, target.name, Brought())

    def fill(self, done: Done) -> None:
        """Bring in all pins, then those that were written meanwhile, until few are left."""
        brought = self._bringing.bring_all(done)
        for _ in range(ROUNDS):
            found, count = self._bring_written()
            brought += found
            if count <= FEW:
                break
        self.filled = replace(self.filled, brought=self._without_found(brought))

    def change_over(self, *, leave_out: bool) -> Brought:
        """Let it answer, with all that is written until then; raise PinsWouldBeLost, Outrun."""
        require_all(self.filled.brought, leave_out)
        last = Brought()
        for _ in range(ROUNDS):
            found, count = self._bring_written()
            last += found
            if count <= FEW:
                break
        self._say(replace(self._seen, closing=True))
        # Who has written and told so before that has noted the pins; all others wait.
        last = self._without_found(last + self._bring_written()[0])
        require_all(last, leave_out)
        name = self.filled.folder
        self._say(
            replace(self._seen, current=name, before=self._seen.current, beside=None, closing=False)
        )
        self._switch.forget()
        return last

    def withdraw(self) -> None:
        """Leave things as they are; what was filled stays for another time."""
        self._say(replace(self._seen, beside=None, closing=False))
        self._switch.forget()

    def _say(self, wanted: Standing) -> None:
        said = self._switch.change(self._seen, wanted)
        if said is None:
            raise Outrun(
                "the change of the encoder took too long, or another process began one: begin "
                "again, what is there is passed over"
            )
        self._seen = said

    def _bring_written(self) -> tuple[Brought, int]:
        """Bring in the pins that were noted; return also how many that were."""
        brought, count = Brought(), 0
        for page in self._switch.written():
            brought += self._bringing.bring([each.key for each in page])
            self._switch.brought(page)
            count += len(page)
        return brought, count

    def _without_found(self, brought: Brought) -> Brought:
        """Look again for pins that had no picture: some were just being replaced or deleted."""
        if not brought.lost:
            return brought
        again = self._bringing.bring([point_id(pin) for pin in set(brought.lost)])
        return replace(brought, lost=()) + again


@contextmanager
def filling(settings: Settings, name: str, share: float, done: Done) -> Iterator[Filling]:
    """Fill the collection of an encoder, making it if need be; close it, whatever comes of it.

    name: as ENGINE_ENCODER takes it. share: how much of the time is worked.
    Raises UsageError where that encoder answers already, StoreInUse where another process of this
    data folder does the same.
    """
    # What was told to be written must be seen, whichever copy has it.
    sure = settings.store.model_copy(update={"read_consistency": "majority"})
    settings = settings.model_copy(update={"store": sure})
    with _alone(settings), open_workspace(settings) as now:
        _ = now.encoder  # raises when it is not the one that the collection was made with
        chosen = encoded_by(now.settings, name)
        encoder = encoder_of(chosen)
        regions = now.collection.identity.regions
        identity = identity_of(encoder, now.analyzer, regions)
        if identity == now.collection.identity:
            raise UsageError(f"the collection has the vectors of encoder {name!r} already")
        place = collection_folder(settings)
        target = open_on_server(
            sure, place, _place_for(now, identity), identity, create=True, followed=False
        )
        with closing(target):
            then = Workspace(chosen, target, now.images, None, encoder, now.removals)
            made = Filling(now, then, Pace(share), name)
            try:
                made.fill(done)
                target.finish_optimizing()
                yield made
            except BaseException:
                # The reason is told, not that of a server which is gone by then.
                with suppress(EngineError):
                    made.withdraw()
                raise


def drop_others(settings: Settings) -> int:
    """Remove all collections but the one that answers; return how many those were.

    Raises StoreInUse while one is filled.
    """
    with _alone(settings), switch_of(settings.store, collection_folder(settings)) as switch:
        standing = switch.standing()
        if standing is not None:
            left = replace(standing, before=None, beside=None, closing=False)
            if switch.change(standing, left) is None:
                raise Outrun("another process changes the encoder: try again when it is done")
            switch.forget()
        current = switch.name if standing is None else standing.current
        gone = [name for name in switch.collections() if name != current]
        if gone:
            time.sleep(GRACE_S)
        for name in gone:
            switch.remove(name)
        return len(gone)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    folder = collection_folder(settings) / BUILDING
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    hold = Ownership.take(folder)
    try:
        yield
    finally:
        hold.release()


def _place_for(now: Workspace, identity: Identity) -> str:
    """Return the collection of some fingerprints, or the name of a new one."""
    switch: ServerSwitch = _on_server(now).switch
    for name, kept in switch.collections().items():
        if kept == identity:
            return name
    text = json.dumps(identity.to_json(), sort_keys=True)
    return f"{switch.name}@{hashlib.sha256(text.encode()).hexdigest()[:DIGITS]}"


def _on_server(workspace: Workspace) -> ServerCollection:
    if not isinstance(workspace.collection, ServerCollection):
        raise StoreError("this collection is not on a server")
    return workspace.collection
