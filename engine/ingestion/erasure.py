"""Pins that must go, wholly: out of the index, their pictures off the disk, and not back.

Every removal is written down before it begins, so that one which a crash cut short is finished by
`resume`. Nothing of a pin that was removed stays in its dead letters. Knows nothing of how pins
arrive: `intake.py` asks the same list.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.errors import BadPin
from engine.ingestion.duplicates import Duplicates
from engine.ingestion.letters import Letters
from engine.ingestion.unsettled import Unsettled
from engine.pins import pin_id
from engine.store.collection import Collection
from engine.store.image_store import ImageStore
from engine.store.records import Facts
from engine.store.removals import Kind, Removals, Takedown
from engine.store.versions import Age, Version

_SHA256 = re.compile(r"[0-9a-f]{64}")
BATCH = 256
CLOCK_STEP_S = 2.0


@dataclass(frozen=True)
class Eraser:
    """The way out of one collection."""

    collection: Collection
    images: ImageStore
    removals: Removals
    letters: Letters | None = None

    def bury(self, graves: Mapping[str, Version], known: Mapping[str, Facts]) -> set[str]:
        """Take pins out of the index, leaving tombstones; return their pictures' keys.

        graves: the versions as of which pins are gone, also of such as never came; known: the
        facts of the pins that go. The pictures may be others' too: hand the keys to `sweep`, which
        also ends the removal.
        """
        keys = {facts.image_key for facts in known.values()}
        pictures = {key for key in keys if key is not None}
        self.removals.bury(graves, pictures)
        if known:
            Duplicates(self.collection).hand_over(known)
            self.collection.delete(list(known))
            # What is said to be gone must not come back with the machine after a power cut.
            self.collection.flush()
        return pictures

    def sweep(self, pictures: Iterable[str], pin_ids: Iterable[str] = ()) -> None:
        """Delete the pictures that no pin shows, and the dead letters of pins that are gone.

        That ends their removal; where the letters can't be reached, the next opening does.
        """
        keys, gone = list(pictures), list(pin_ids)
        for key in keys:
            if not self.collection.uses_image(key):
                self.images.delete(key)
        done = not gone or self.letters is None or self.letters.forget(gone)
        self.removals.finish(gone if done else (), keys)

    def take_down(self, kind: Kind, value: str, reason: str = "") -> list[str]:
        """Remove a pin, or all pins that show a picture, for good; return the ids that went.

        value: a pin's id, or the SHA-256 of a picture as it arrived or as it is kept. It is on the
        list before anything is removed, and needs not be here yet.
        Raises BadPin when it is neither.
        """
        name = checked(kind, value)
        self.removals.take_down(kind, name, reason)
        return self._finish_takedown(kind, name)

    def reinstate(self, kind: Kind, value: str) -> bool:
        """Let something come again that was taken down; return whether it was on the list."""
        return self.removals.reinstate(kind, checked(kind, value))

    def takedowns(self) -> list[Takedown]:
        """Return what was taken down, oldest first."""
        return self.removals.takedowns()

    def sweep_unsettled(self) -> int:
        """Delete pictures that a killed process kept for pins which it did not come to write.

        Return how many. Only for the one process that writes to the collection, before it does.
        """
        mark = Unsettled(self.images.folder)
        since = mark.since
        if since is None:
            return 0
        # File systems count time in steps.
        unused = [
            key
            for key in self.images.written_since(since - CLOCK_STEP_S)
            if not self.collection.uses_image(key)
        ]
        for key in unused:
            self.images.delete(key)
        mark.clear()
        return len(unused)

    def resume(self) -> None:
        """Finish what was begun before this process."""
        left = self.removals.unfinished()
        pins = list(left.tombstones)
        pictures = set(left.pictures)
        for start in range(0, len(pins), BATCH):
            part = pins[start : start + BATCH]
            known = {
                pin: facts
                for pin, facts in self.collection.facts(part).items()
                # Another process may have had a newer state of it come in meanwhile.
                if facts.version.beside(left.tombstones[pin]) is not Age.NEWER
            }
            pictures |= self.bury({pin: left.tombstones[pin] for pin in known}, known)
        if pins or pictures:
            self.collection.confirm(pins)
            self.sweep(pictures, pins)
        for takedown in left.takedowns:
            self._finish_takedown(takedown.kind, takedown.value)

    def _finish_takedown(self, kind: Kind, value: str) -> list[str]:
        pins = [value] if kind == "pin" else self.collection.showing(value)
        gone: list[str] = []
        for start in range(0, len(pins), BATCH):
            known = self.collection.facts(pins[start : start + BATCH])
            # No tombstones: the list holds them back, and once reinstated they may come again.
            self.sweep(self.bury({}, known))
            gone += known
        if kind == "picture" and not self.collection.uses_image(value):
            self.images.delete(value)
        done = True
        if self.letters is not None:
            done = self.letters.forget({value, *gone} if kind == "pin" else gone)
            if kind == "picture":
                done = self.letters.forget_picture(value) and done
        if done:
            self.removals.finish_takedown(kind, value)
        return gone


def checked(kind: Kind, value: str) -> str:
    """Return the name under which a pin or a picture is taken down; raise BadPin."""
    if kind == "pin":
        return pin_id(value)
    name = value.removeprefix("sha256:").lower()
    if not _SHA256.fullmatch(name):
        raise BadPin(f"{value[:80]!r} is not a SHA-256: give its 64 hex digits")
    return name
