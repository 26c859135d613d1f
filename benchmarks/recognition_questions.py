"""What is asked of which pool, and what is right: the questions behind every figure of recognition.

Of some pools each question comes twice: as it is, and with the pins of its own class out of the
neighbours, so that no pin says what it is and "not sure" is the right answer.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from benchmarks.recognition_pools import (
    LEFT_OUT,
    Change,
    JudgedSet,
    as_it_is,
    fill,
    for_sale,
    picture_of,
    words_alone,
)
from engine.discovery.candidates import Candidate
from engine.discovery.neighbours import Neighbour, nearest
from engine.discovery.recognition import NEIGHBOURS, Namer, evidence
from engine.discovery.sayings import Facet, sayings
from engine.discovery.sight import Sight
from engine.discovery.wording import Wording
from engine.features.encoder import Encoder
from engine.store.edge import EdgeCollection
from engine.training.pins import TrainingPin

# Enough that forty are left when a whole class is withheld, nearly always.
DEEP: Final = 400
# Of the classes that the encoder never saw, these are fitted on and the others are judged.
FITTED: Final = frozenset(
    sorted(LEFT_OUT.classes, key=lambda name: sha256(name.encode()).hexdigest())[:10]
)


@dataclass(frozen=True)
class Task:
    """One facet asked of one pool: `change` says what is indexed, `truth` where the answer stands.

    weight: what it counts when curves are fitted; withheld: what it counts with its class withheld,
    0 where that is not asked. unseen: ask about the classes that were left out instead.
    """

    name: str
    facet: Facet
    set_name: str
    change: Change
    truth: str
    weight: float = 1.0
    withheld: float = 0.0
    unseen: bool = False


TASKS: Final = (
    Task("objects", "kind", "caltech", as_it_is, "label"),
    Task("objects never seen", "kind", "caltech", as_it_is, "label", 0.25, unseen=True),
    Task("garments", "kind", "clothing", as_it_is, "label"),
    Task("fashion, attributes", "kind", "fashion", as_it_is, "articleType", 0.5),
    Task("fashion, titles", "kind", "fashion", words_alone, "articleType", 0.5),
    Task("grocery", "product", "grocery", for_sale, "label", withheld=0.1),
    Task("fashion, titles", "product", "fashion", for_sale, "description", 0.5),
    Task("fashion, attributes", "colour", "fashion", as_it_is, "baseColour"),
    Task("fashion, titles", "colour", "fashion", words_alone, "baseColour"),
    Task("fashion, attributes", "style", "fashion", as_it_is, "usage"),
    Task("fashion, titles", "style", "fashion", words_alone, "usage"),
    Task("drawings", "place", "drawn", as_it_is, "setting"),
    Task("drawings, titles", "place", "drawn", words_alone, "setting"),
)


@dataclass(frozen=True)
class Asked:
    """One question with its evidence; `right` says of each label whether it is the answer."""

    task: Task
    withheld: bool
    ranked: Sequence[Candidate]
    right: Sequence[bool]
    closest: float

    @property
    def weight(self) -> float:
        return self.task.withheld if self.withheld else self.task.weight


def ask_all(
    sets: Mapping[str, JudgedSet],
    split: str,
    namer: Namer,
    encoder: Encoder,
    folder: Path,
    most: int,
) -> Iterator[Asked]:
    """Ask everything of every pool, `most` pictures of each, drawn at random with a fixed seed."""
    pools: dict[tuple[str, str], EdgeCollection] = {}
    try:
        for task in TASKS:
            if task.set_name not in sets:
                continue
            judged = sets[task.set_name]
            key = (task.set_name, task.change.__name__)
            if key not in pools:
                shown = [(judged, judged.rows("train"), task.change)]
                pools[key] = fill(folder / "-".join(key), encoder, shown)
            rows = _rows(judged, task, split)
            random.Random(1).shuffle(rows)
            for row in rows[:most]:
                yield from _ask(judged, row, task, pools[key], namer)
    finally:
        for pool in pools.values():
            pool.close()


def _rows(judged: JudgedSet, task: Task, split: str) -> list[int]:
    if not task.unseen:
        return judged.rows(split)
    # What is fitted and what is judged share no class, besides sharing no picture.
    classes = LEFT_OUT.classes - FITTED if split == "test" else FITTED
    rows = judged.rows(split, hidden=True)
    return [row for row in rows if judged.pins[row].attribute("label") in classes]


def _ask(
    judged: JudgedSet, row: int, task: Task, pool: EdgeCollection, namer: Namer
) -> Iterator[Asked]:
    pin = judged.pins[row]
    truth = truth_of(pin, task)
    if not truth:
        return
    sight = Sight(judged.looked[row], picture_of(pin) if task.facet == "colour" else None)
    near = nearest(sight.vector, pool, DEEP if task.withheld else NEIGHBOURS)
    for withheld in (False, True) if task.withheld else (False,):
        kept = near
        if withheld:
            kept = [each for each in near if not _says(each, truth, task, namer.wording)]
        kept = kept[:NEIGHBOURS]
        ranked = evidence(sight, kept, namer, (task.facet,))[task.facet]
        right = [is_right(each.label, truth, task.facet, namer.wording) for each in ranked]
        yield Asked(task, withheld, ranked, right, kept[0].cosine if kept else 0.0)


def truth_of(pin: TrainingPin, task: Task) -> str:
    """Return what a picture shows by its source; "" where that didn't know."""
    return pin.description if task.truth == "description" else pin.attribute(task.truth)


def is_right(label: str, truth: str, facet: Facet, wording: Wording) -> bool:
    """Say whether a label is what the source says, or the vocabulary's word for that."""
    if wording.key(label) == wording.key(truth):
        return True
    known = None if facet == "product" else wording.label(facet, truth)
    return known is not None and wording.key(label) == wording.key(known)


def _says(each: Neighbour, truth: str, task: Task, wording: Wording) -> bool:
    return any(
        said.facet == task.facet and is_right(said.label, truth, task.facet, wording)
        for said in sayings(each.pin, wording)
    )
