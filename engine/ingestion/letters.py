"""What a pin left behind as erasure meets it: dead letters, in the file and in the queue's stream,
feedback, and what known people felt about it.

Knows nothing of how pins are removed.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.features.fingerprint import content_sha256
from engine.features.images import data_uri
from engine.ingestion.dead import DeadFile, DeadLetter
from engine.ingestion.inbox import Inbox
from engine.settings import QueueSettings
from engine.store.feedback_log import FeedbackLog
from engine.store.people_file import PeopleFile

if TYPE_CHECKING:
    from engine.ingestion.queue_client import QueueClient

log = logging.getLogger("engine.ingestion")


@dataclass(frozen=True)
class Letters:
    """The dead letters of one collection, without a queue those of its file alone; and the rest."""

    file: DeadFile
    inbox: Inbox
    queue: QueueSettings | None = None
    feedback: FeedbackLog | None = None
    people: PeopleFile | None = None

    def forget(self, pin_ids: Collection[str]) -> bool:
        """Forget all letters of pins, with their pictures, feedback on them, likes and hides.

        Return False if the queue is away.
        """
        if self.feedback is not None:
            self.feedback.forget(pin_ids)
        if self.people is not None:
            self.people.forget_pins(pin_ids)
        self.file.forget(pin_ids)
        return self._queued(lambda queue: queue.forget_dead(pin_ids))

    def forget_picture(self, sha256: str) -> bool:
        """Forget all letters that have a picture inside; return False if the queue is away."""
        if self.file.path.exists():
            self.file.remove(each.key for each in self.file.letters() if holds(each, sha256))
        return self._queued(lambda queue: queue.forget_dead_picture(sha256))

    def _queued(self, forget: "Callable[[QueueClient], object]") -> bool:
        if self.queue is None or self.queue.url is None:
            return True
        from engine.ingestion.queue import QueueUnreachable  # only here: it brings nats-py
        from engine.ingestion.queue_client import QueueClient

        try:
            with QueueClient(self.queue, self.inbox) as queue:
                forget(queue)
        except QueueUnreachable as error:
            log.warning("dead letters of what was removed stay until the queue is back: %s", error)
            return False
        return True


def holds(letter: DeadLetter, sha256: str) -> bool:
    """Say whether a letter has the picture of a digest inside."""
    image = letter.value.get("image")
    if not isinstance(image, str) or not image.startswith("data:"):
        return False
    try:
        return content_sha256(data_uri(image)) == sha256
    except EngineError:
        return False  # what can't be read is no picture of anything
