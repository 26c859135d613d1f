"""An evaluation: every system on every judged query, sliced, compared, and as one JSON document.

Knows nothing of files, tables or pages: `report.py` and `tables.py` show it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.errors import EngineError
from engine.relevance.comparison import CONFIDENCE, RESAMPLES, Comparison, compare, intervals
from engine.relevance.judgments import Judgments, among, relevant
from engine.relevance.measures import Measure
from engine.relevance.pool import Pool
from engine.relevance.runs import Run
from engine.relevance.scores import Array, Asking, Scores, number, score
from engine.relevance.slices import FIRST, Reach, Slice, reach, slices
from engine.relevance.systems import LEGS, OURS, Asked, System
from engine.relevance.topics import Topic

ALL = "all queries"


@dataclass(frozen=True)
class Setting:
    """What was evaluated, and how.

    facts: the collection's own, to be shown. bad_lines, without_relevant: queries left out.
    judged_elsewhere: judgments of pins that the collection does not hold, left out too.
    """

    facts: Mapping[str, Any]
    depth: int
    seed: int
    accounts: Mapping[str, str]
    bad_lines: int = 0
    without_relevant: int = 0
    judged_elsewhere: int = 0


@dataclass(frozen=True)
class Part:
    """A slice with what this engine is worth in it: its difference to the better single leg."""

    slice: Slice
    over_leg: Comparison


@dataclass(frozen=True)
class Evaluation:
    """All that an evaluation found.

    judgments, runs: of the measured queries alone.
    intervals: of each mean over all queries, shape (2, systems, measures): low, high.
    comparisons: this engine less each other system in the first measure, over all queries.
    leg: the better single leg over all queries.
    """

    setting: Setting
    judgments: Judgments
    runs: tuple[Run, ...]
    scores: Scores
    intervals: Array
    comparisons: tuple[Comparison, ...]
    leg: str
    parts: tuple[Part, ...]
    reaches: Mapping[str, Reach]

    @property
    def over_leg(self) -> Comparison:
        """This engine less the better single leg."""
        return next(each for each in self.comparisons if each.other == self.leg)

    def to_json(self) -> dict[str, Any]:
        """Return the whole evaluation as JSON; what can't be said is null."""
        setting, scores = self.setting, self.scores
        low, high = (side.tolist() for side in self.intervals)
        return {
            "collection": dict(setting.facts),
            "queries": {
                "judged": len(scores.queries),
                "bad_lines": setting.bad_lines,
                "without_relevant_pin": setting.without_relevant,
            },
            "judgments_of_other_pins": setting.judged_elsewhere,
            "depth": setting.depth,
            "seed": setting.seed,
            "resamples": RESAMPLES,
            "confidence": CONFIDENCE,
            "measures": list(scores.measures),
            "better_leg": self.leg,
            "systems": [
                {
                    "name": name,
                    "account": setting.accounts[name],
                    "means": means,
                    "intervals": {
                        measure: [number(low[row][column]), number(high[row][column])]
                        for column, measure in enumerate(scores.measures)
                    },
                    "reach_of_silent_pins": _reach_to_json(self.reaches[name]),
                }
                for row, (name, means) in enumerate(scores.means_to_json().items())
            ],
            "comparisons": [_comparison_to_json(each) for each in self.comparisons],
            "slices": [
                {
                    "group": part.slice.group,
                    "name": part.slice.name,
                    "queries": len(part.slice.scores.queries),
                    "means": part.slice.scores.means_to_json(),
                    "over_better_leg": _comparison_to_json(part.over_leg),
                }
                for part in self.parts
            ],
            "per_query": list(_per_query(scores)),
        }


@dataclass(frozen=True)
class Answers:
    """What all systems answered: one run each, and what is remembered of the queries."""

    asked: tuple[Asking, ...]
    runs: tuple[Run, ...]


def judge_topics(
    topics: Iterable[Topic], judgments: Judgments, pool: Pool
) -> tuple[list[Topic], Judgments]:
    """Return the topics that a pin of the pool answers, and the judgments of such pins.

    A pin that a query shows never answers it, so its judgment is left out.
    """
    kept: list[Topic] = []
    judged: dict[str, Mapping[str, int]] = {}
    for topic in topics:
        grades = among(judgments.get(topic.id, {}), pool.rows.keys() - topic.pins)
        if relevant(grades):
            kept.append(topic)
            judged[topic.id] = grades
    return kept, judged


def answer_all(asked: Iterable[Asked], systems: Sequence[System], depth: int) -> Answers:
    """Let every system answer every query; each query is let go once it is answered."""
    remembered: list[Asking] = []
    answers: dict[str, dict[str, Mapping[str, float]]] = {each.name: {} for each in systems}
    for each in asked:
        topic, meaning = each.topic, each.meaning
        remembered.append(Asking(topic.id, topic.said, meaning.kind, len(meaning.terms)))
        for system in systems:
            if found := system.answer(each, depth):
                answers[system.name][topic.id] = found
    return Answers(tuple(remembered), tuple(Run(name, each) for name, each in answers.items()))


def evaluate(
    measures: Sequence[Measure],
    judgments: Judgments,
    answers: Answers,
    pool: Pool,
    setting: Setting,
) -> Evaluation:
    """Measure, slice and compare; this engine and both single legs are among the systems.

    Raises EngineError when no query is left.
    """
    scores = score(measures, judgments, answers.runs, answers.asked)
    if not scores.queries:
        raise EngineError(
            "no query has a judged relevant pin in this collection: judge some of its pins, "
            "or name another collection with --collection"
        )
    seed = setting.seed
    measured = {each.id: judgments[each.id] for each in scores.queries}
    runs = tuple(run.only(measured) for run in answers.runs)
    flat = scores.values.transpose(1, 0, 2).reshape(len(scores.queries), -1)
    bounds = intervals(flat, seed).reshape(2, len(scores.systems), len(scores.measures))
    others = [name for name in scores.systems if name != OURS]
    parts = slices(measures, measured, runs, scores, pool.silent)
    return Evaluation(
        setting=setting,
        judgments=measured,
        runs=runs,
        scores=scores,
        intervals=bounds,
        comparisons=tuple(_versus(scores, other, seed) for other in others),
        leg=scores.better(LEGS),
        parts=tuple(
            Part(each, _versus(each.scores, each.scores.better(LEGS), seed)) for each in parts
        ),
        reaches={run.name: reach(measured, run, pool.silent) for run in runs},
    )


def _versus(scores: Scores, other: str, seed: int) -> Comparison:
    measure = scores.measures[0]
    return compare((OURS, scores.of(OURS)), (other, scores.of(other)), measure, seed)


def _comparison_to_json(each: Comparison) -> dict[str, Any]:
    out = asdict(each)
    numbers = {key: number(out[key]) for key in ("difference", "low", "high", "p")}
    return out | numbers


def _reach_to_json(each: Reach) -> dict[str, Any]:
    return {"first": FIRST, **asdict(each), "ratio": number(each.ratio)}


def _per_query(scores: Scores) -> Iterator[dict[str, Any]]:
    for row, each in enumerate(scores.queries):
        values = {
            system: dict(zip(scores.measures, map(number, scores.values[at, row]), strict=True))
            for at, system in enumerate(scores.systems)
        }
        yield asdict(each) | {"values": values}
