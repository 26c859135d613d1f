"""The queries where this engine gains and loses most, with the pictures that tell why.

Knows nothing of stores: who calls it looks pins up.
"""

import base64
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import UsageError
from engine.features.images import decode
from engine.relevance.evaluation import Evaluation
from engine.relevance.judgments import relevant
from engine.relevance.scores import Asking
from engine.relevance.slices import FIRST
from engine.relevance.systems import OURS
from engine.relevance.topics import Topic

SIDE = 176
QUALITY = 72


@dataclass(frozen=True)
class Seen:
    """What there is to see of a pin: its words and its kept picture, where it has any."""

    words: str | None
    picture: bytes | None


@dataclass(frozen=True)
class Shot:
    """A pin at its place in an answer. picture: a data: URI; grade: None where nobody judged."""

    pin: str
    words: str | None
    picture: str | None
    grade: int | None

    @property
    def relevant(self) -> bool:
        return self.grade is not None and self.grade > 0


@dataclass(frozen=True)
class Example:
    """A query with both answers side by side; the values are of the first measure."""

    asking: Asking
    pictures: tuple[str, ...]
    relevant: int
    ours: float
    other: float
    our_shots: tuple[Shot, ...]
    other_shots: tuple[Shot, ...]


@dataclass(frozen=True)
class Examples:
    """Greatest gains and greatest losses against `other`, the most telling first."""

    other: str
    gains: tuple[Example, ...]
    losses: tuple[Example, ...]


def choose(
    evaluation: Evaluation,
    topics: Mapping[str, Topic],
    look: Callable[[Sequence[str]], Mapping[str, Seen]],
    count: int = 4,
) -> Examples:
    """Return up to so many gains and losses against the better single leg.

    look: returns what there is to see of pins, by pin id; unknown ones are left out.
    """
    scores, other = evaluation.scores, evaluation.leg
    gained = scores.of(OURS) - scores.of(other)
    order = np.argsort(-gained, kind="stable").tolist()
    runs = {run.name: run.answers for run in evaluation.runs}

    def example(row: int) -> Example:
        asking = scores.queries[row]
        grades = evaluation.judgments[asking.id]
        ours, theirs = (list(runs[name].get(asking.id, {}))[:FIRST] for name in (OURS, other))
        topic = topics[asking.id]
        seen = look([*dict.fromkeys((*ours, *theirs, *topic.pins))])
        shown = {pin: thumbnail(each.picture) for pin, each in seen.items()}

        def shots(pins: Iterable[str]) -> tuple[Shot, ...]:
            return tuple(
                Shot(pin, seen[pin].words if pin in seen else None, shown.get(pin), grades.get(pin))
                for pin in pins
            )

        return Example(
            asking=asking,
            pictures=_pictures(topic, shown),
            relevant=len(relevant(grades)),
            ours=float(scores.of(OURS)[row]),
            other=float(scores.of(other)[row]),
            our_shots=shots(ours),
            other_shots=shots(theirs),
        )

    return Examples(
        other,
        tuple(example(row) for row in order[:count] if gained[row] > 0.0),
        tuple(example(row) for row in order[::-1][:count] if gained[row] < 0.0),
    )


def thumbnail(data: bytes | None) -> str | None:
    """Return a small WebP of a picture as a data: URI; None where it can't be shown."""
    if data is None:
        return None
    try:
        picture = decode(data, longest=SIDE)
    except UsageError:
        return None
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=QUALITY)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def _pictures(topic: Topic, shown: Mapping[str, str | None]) -> tuple[str, ...]:
    parts = topic.query.parts
    sent = [thumbnail(part.value) for part in parts if isinstance(part.value, bytes)]
    pins = [shown.get(str(part.value)) for part in parts if part.kind == "pin"]
    return tuple(each for each in (*sent, *pins) if each is not None)
