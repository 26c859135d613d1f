"""The switch from one encoder's vectors to another's, in the process that owns the collection.

The other generation stands beside, filled from a snapshot (`reindexing.py`). What was written since
is brought in while requests go on; the last few pins and the switch come between two writes.
Requests under way finish with what they began with. To go back is the same, the other way round.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from typing import Final

from engine.errors import UsageError
from engine.features.encoder import warm
from engine.ingestion.reencoding import Brought, Pace, Reencoding
from engine.store import generations
from engine.store.edge import EdgeCollection
from engine.store.generations import Generation
from engine.workspace import Workspace, collection_folder, encoder_of, identity_of

# So few pins are encoded while writes wait; what comes faster is brought in round after round.
FEW: Final = 8
ROUNDS: Final = 20
SHARE: Final = 0.5


class PinsWouldBeLost(UsageError):
    """Pins whose pictures are not kept can't be encoded anew, and a switch would leave them out."""

    slug = "pins-would-be-lost"


def switch(
    workspace: Workspace,
    folder: str,
    quiet: AbstractContextManager[object],
    adopt: Callable[[Workspace], None],
    *,
    leave_out: bool = False,
) -> Brought:
    """Let a generation answer in a workspace's place, with all that is written until then.

    folder: the generation's name. quiet: keeps all else from writing. adopt: given, while that
    holds, the workspace that answers from now on; the one before stays open, but for the hold on
    the folder. leave_out: whether pins may be lost whose pictures are not kept.
    Raises PinsWouldBeLost, UnknownGeneration, FingerprintMismatch, before anything has changed.
    """
    old = workspace.collection
    if not isinstance(old, EdgeCollection):
        raise UsageError("a collection on a server has no generations to switch between")
    place = collection_folder(workspace.settings)
    there = generations.named(place, folder)
    if there == old.folder:
        return Brought(unchanged=old.count(blocked=True))
    settings = workspace.settings.model_copy(update={"encoder": generations.noted_encoder(there)})
    encoder = encoder_of(settings)
    warm(encoder)
    identity = identity_of(encoder, workspace.analyzer, old.identity.regions)
    new = EdgeCollection.open(
        there, identity, ownership=old.ownership, min_free_bytes=old.min_free_bytes
    )
    pace = Pace(SHARE)
    bringing = Reencoding(old, new, workspace.images, workspace.limits, encoder, pace)
    try:
        with closing(old.follow()) as followed:
            brought = bringing.bring_all()
            for _ in range(ROUNDS):
                keys = followed.take()
                brought += bringing.bring(keys)
                if len(keys) <= FEW:
                    break
            require_all(brought, leave_out)
            with quiet:
                last = bringing.bring(followed.take())
                require_all(last, leave_out)
                new.flush()
                generations.note_encoder(old.folder, workspace.settings.encoder)
                before = generations.name_of(place, old.folder)
                made = replace(workspace, settings=settings, collection=new, loaded=encoder)
                generations.make_current(place, Generation(folder, settings.encoder, before))
                old.hand_over()
                adopt(made)
    except BaseException:
        if generations.folder_of(place) != there:
            new.hand_over()
            new.close()
        raise
    return brought + last


def require_all(brought: Brought, leave_out: bool) -> None:
    """Raise PinsWouldBeLost where pins have no kept picture, unless those may be left out."""
    if brought.lost and not leave_out:
        raise PinsWouldBeLost(
            f"{len(brought.lost):,} pins have no kept picture, such as {brought.lost[0]!r}: "
            "send them again with their pictures (engine index), or leave them out with --leave-out"
        )
