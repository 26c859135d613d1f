"""What belongs to a collection beside its pins: tuned parameters, feedback, people, dead letters.

All of it lies in the collection's folder, on a server too. Knows nothing of how pins are kept.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from engine.discovery.known_people import known
from engine.discovery.segments import NAME as SEGMENTS_NAME
from engine.ingestion.dead import DEAD_NAME, DeadFile
from engine.ingestion.inbox import INBOX_NAME, Inbox
from engine.ingestion.letters import Letters
from engine.queries import For
from engine.retrieval.cursors import NAME as CURSORS_NAME
from engine.retrieval.cursors import Cursors
from engine.retrieval.parameters_file import NAME as PARAMETERS_NAME
from engine.settings import Settings
from engine.store.feedback_log import FEEDBACK_NAME, FeedbackLog
from engine.store.people_file import NAME as PEOPLE_NAME
from engine.store.people_file import PeopleFile, PeopleNotKept, person_id


@dataclass(frozen=True)
class Belongings:
    """The files of one collection's folder that are neither its pins nor their pictures."""

    folder: Path
    settings: Settings

    @property
    def parameters_path(self) -> Path:
        """Where the collection's own parameters lie once they were tuned."""
        return self.folder / PARAMETERS_NAME

    @property
    def feedback(self) -> FeedbackLog:
        """What people did with answers; only tuning looks at it."""
        return FeedbackLog(self.folder / FEEDBACK_NAME)

    @property
    def people(self) -> PeopleFile:
        """What is kept of people; erasing a pin looks there also where keeping is switched off."""
        return PeopleFile(self.folder / PEOPLE_NAME)

    @property
    def kept_people(self) -> PeopleFile:
        """What is kept of people; PeopleNotKept where the settings do not say so."""
        if not self.settings.people.keep:
            raise PeopleNotKept(
                "nothing is kept of people here: send likes and hides with each request, or start "
                "with ENGINE_PEOPLE__KEEP=true"
            )
        return self.people

    def told(self, person: For) -> For:
        """Return a person with the likes and hides that are kept, older than those told now.

        Raises PeopleNotKept, BadQuery.
        """
        if person.person is None:
            return person
        return known(person, self.kept_people.of(person_id(person.person)))

    @cached_property
    def cursors(self) -> Cursors:
        """What writes and reads the cursors of answers."""
        shared = self.settings.serve.cursor_secret
        if shared is None:
            return Cursors.of(self.folder)
        return Cursors.shared(shared.get_secret_value(), self.settings.collection)

    def files(self) -> list[Path]:
        """Return what a backup has of these; not all may exist."""
        kept = self.folder.glob(f"{FEEDBACK_NAME.removesuffix('.jsonl')}*.jsonl")
        names = (PARAMETERS_NAME, PEOPLE_NAME, DEAD_NAME, CURSORS_NAME, SEGMENTS_NAME)
        return [*(self.folder / name for name in names), *sorted(kept)]

    def letters(self, *, queued: bool) -> Letters:
        """Return dead letters, those in the queue too if asked, and what else erasure forgets."""
        queue = self.settings.queue if queued else None
        dead, inbox = DeadFile(self.folder / DEAD_NAME), Inbox(self.folder / INBOX_NAME)
        return Letters(dead, inbox, queue, self.feedback, self.people)
