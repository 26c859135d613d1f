"""Slices of an evaluation: by what the pins have, and by what was asked.

A slice of pins restricts answers and judgments alike, as if the collection held no others; a slice
of queries leaves both as they are.
"""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass

from engine.relevance.judgments import Judgments, among, relevant
from engine.relevance.measures import Measure
from engine.relevance.runs import Run
from engine.relevance.scores import Scores, score

PINS = "relevant pins"
KIND = "kind of query"
LENGTH = "terms of the query"
FIRST = 10
MANY = 1_000_000

_KINDS = {"text": "words", "image": "a picture", "mixed": "both"}


@dataclass(frozen=True)
class Slice:
    """The scores of a part of an evaluation; `group` says what it was parted by."""

    group: str
    name: str
    scores: Scores


@dataclass(frozen=True)
class Reach:
    """How many relevant pins there are, and how many come among the first ten, over all queries.

    Silent pins have no text, told ones do.
    """

    silent: int
    silent_found: int
    told: int
    told_found: int

    @property
    def ratio(self) -> float | None:
        """How often a relevant pin without text is found, as a share of one with text.

        1 means that a lack of words costs a pin nothing. None where it can't be said.
        """
        if not self.silent or not self.told or not self.told_found:
            return None
        return (self.silent_found / self.silent) / (self.told_found / self.told)


def slices(
    measures: Sequence[Measure],
    judgments: Judgments,
    runs: Sequence[Run],
    whole: Scores,
    silent: Container[str],
) -> Iterator[Slice]:
    """Yield the slices that have a query in them."""
    parts: dict[str, Callable[[str], bool]] = {
        "with text": lambda pin: pin not in silent,
        "without text": lambda pin: pin in silent,
    }
    for name, belongs in parts.items():
        kept = [_only(run, belongs) for run in runs]
        scores = score(measures, _judged(judgments, belongs), kept, whole.queries)
        if scores.queries:
            yield Slice(PINS, name, scores)
    for kind, said in _KINDS.items():
        yield from _asked(KIND, said, whole, [each.kind == kind for each in whole.queries])
    lengths = {"1": (1, 1), "2": (2, 2), "3": (3, 3), "4 or more": (4, MANY)}
    for said, (least, most) in lengths.items():
        counted = [least <= each.terms <= most for each in whole.queries]
        yield from _asked(LENGTH, said, whole, counted)


def reach(judgments: Judgments, run: Run, silent: Container[str], first: int = FIRST) -> Reach:
    """Count relevant pins and those among the first of each answer, pooled over all queries."""
    counts = {(is_silent, found): 0 for is_silent in (True, False) for found in (True, False)}
    for query, grades in judgments.items():
        shown = set(list(run.answers.get(query, {}))[:first])
        for pin in relevant(grades):
            counts[pin in silent, pin in shown] += 1
    return Reach(
        silent=counts[True, True] + counts[True, False],
        silent_found=counts[True, True],
        told=counts[False, True] + counts[False, False],
        told_found=counts[False, True],
    )


def _asked(group: str, name: str, whole: Scores, belongs: Sequence[bool]) -> Iterator[Slice]:
    rows = [row for row, kept in enumerate(belongs) if kept]
    if rows:
        yield Slice(group, name, whole.only(rows))


def _judged(judgments: Judgments, belongs: Callable[[str], bool]) -> Judgments:
    """Return the judgments of some pins, for the queries that one of them answers."""
    kept = {
        query: among(grades, frozenset(filter(belongs, grades)))
        for query, grades in judgments.items()
    }
    return {query: grades for query, grades in kept.items() if relevant(grades)}


def _only(run: Run, belongs: Callable[[str], bool]) -> Run:
    answers = {
        query: {pin: score for pin, score in answer.items() if belongs(pin)}
        for query, answer in run.answers.items()
    }
    return Run(run.name, answers)
