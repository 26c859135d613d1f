"""The unopened part, opened once: tuned parameters beside the present ones and both single legs."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.relevance.asking import Asker
from engine.relevance.bench import Question
from engine.relevance.comparison import Comparison, compare, intervals
from engine.relevance.evaluation import answer_all
from engine.relevance.fitting import only
from engine.relevance.judgments import Judgments
from engine.relevance.measures import Measure
from engine.relevance.scores import Scores, number, score
from engine.relevance.slices import slices
from engine.relevance.systems import (
    LEGS,
    Asked,
    Bm25Alone,
    ThisEngine,
    VectorsAlone,
)
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import rank
from engine.store.records import point_id

PRESENT, TUNED = "present parameters", "tuned parameters"
DEPTH = 100
FIRST = 10


@dataclass(frozen=True)
class Sureness:
    """What is said of relevance beside what is so.

    brier: mean square of stated probability less truth (Brier 1950), over each first ten.
    wrongly_nothing: share of queries told that nothing fits while a relevant pin is a candidate.
    rightly_nothing: the same share once the relevant pins are out of the candidates.
    """

    brier: float
    wrongly_nothing: float
    rightly_nothing: float


@dataclass(frozen=True)
class Verdict:
    """What the unopened part says; `better_leg` is the better single one on it."""

    scores: Scores
    bounds: dict[str, tuple[float, float]]
    over_present: Comparison
    over_leg: Comparison
    better_leg: str
    parts: tuple[tuple[str, str, int, float, float], ...]
    sureness: dict[str, Sureness]

    @property
    def means(self) -> dict[str, float]:
        """The mean of each system."""
        return dict(zip(self.scores.systems, self.scores.compared(), strict=True))

    @property
    def worse_than(self) -> str | None:
        """What the tuned parameters are worse than, for people; None where they are not."""
        tuned = self.means[TUNED]
        if tuned < self.means[PRESENT]:
            return "the present parameters"
        return self.better_leg if tuned < self.means[self.better_leg] else None

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON, without a word of any one query or pin."""
        return {
            "measure": self.scores.measures[0],
            "queries": len(self.scores.queries),
            "means": {name: number(mean) for name, mean in self.means.items()},
            "intervals": {
                name: [number(low), number(high)] for name, (low, high) in self.bounds.items()
            },
            "better_leg": self.better_leg,
            "over_present": _told(self.over_present),
            "over_better_leg": _told(self.over_leg),
            "slices": [
                {
                    "group": group,
                    "name": name,
                    "queries": count,
                    PRESENT: number(present),
                    TUNED: number(tuned),
                }
                for group, name, count, present, tuned in self.parts
            ],
            "sureness": {
                name: {key: number(value) for key, value in asdict(each).items()}
                for name, each in self.sureness.items()
            },
        }


def judge(
    questions: Sequence[Question],
    asker: Asker,
    present: Parameters,
    tuned: Parameters,
    measure: Measure,
    seed: int,
) -> Verdict:
    """Measure both parameters and both single legs on questions that nothing was tuned on."""
    pool = asker.pool
    judgments: Judgments = {each.topic.id: each.grades for each in questions}
    before = [asker.draw(each.topic, each.meaning, present) for each in questions]
    after = [asker.draw(each.topic, each.meaning, tuned) for each in questions]
    legs = (Bm25Alone(pool, tuned.bm25), VectorsAlone(pool))
    first = answer_all(before, (ThisEngine(pool, present, PRESENT), *legs), DEPTH)
    second = answer_all(after, (ThisEngine(pool, tuned, TUNED),), DEPTH)
    runs = (second.runs[0], *first.runs)
    scores = score((measure,), judgments, runs, first.asked)
    low, high = intervals(scores.values[:, :, 0].T, seed).tolist()
    leg = scores.better(LEGS)
    return Verdict(
        scores=scores,
        bounds={name: (low[at], high[at]) for at, name in enumerate(scores.systems)},
        over_present=_versus(scores, PRESENT, seed),
        over_leg=_versus(scores, leg, seed),
        better_leg=leg,
        parts=tuple(
            (
                each.group,
                each.name,
                len(each.scores.queries),
                float(each.scores.of(PRESENT).mean()),
                float(each.scores.of(TUNED).mean()),
            )
            for each in slices((measure,), judgments, runs, scores, pool.silent)
        ),
        sureness={
            PRESENT: _sureness(questions, before, present),
            TUNED: _sureness(questions, after, tuned),
        },
    )


def _versus(scores: Scores, other: str, seed: int) -> Comparison:
    return compare((TUNED, scores.of(TUNED)), (other, scores.of(other)), scores.measures[0], seed)


def _sureness(
    questions: Sequence[Question], asked: Iterable[Asked], parameters: Parameters
) -> Sureness:
    squares: list[float] = []
    wrongly, rightly = [], []
    for question, each in zip(questions, asked, strict=True):
        answers = {point_id(pin) for pin, grade in question.grades.items() if grade > 0}
        candidates = each.candidates
        truth = np.array([key in answers for key in candidates.keys], dtype=np.bool_)
        ranking = rank(candidates, question.kind, parameters)
        first = ranking.order[:FIRST]
        squares += ((ranking.relevance[first] - truth[first]) ** 2).tolist()
        if truth.any():
            wrongly.append(ranking.nothing_relevant)
            without = rank(only(candidates, ~truth), question.kind, parameters)
            rightly.append(without.nothing_relevant)
    return Sureness(
        *(float(np.mean(each)) if each else 0.0 for each in (squares, wrongly, rightly))
    )


def _told(each: Comparison) -> dict[str, Any]:
    numbers = {key: number(getattr(each, key)) for key in ("difference", "low", "high", "p")}
    return {**numbers, "wins": each.wins, "ties": each.ties, "losses": each.losses}
