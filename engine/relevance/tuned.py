"""A whole tuning: queries parted, trials tried, certainty refitted, and the unopened part opened.

Knows nothing of parameter files and commands: what is written, and whether, is decided by others.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.relevance.asking import Asker
from engine.relevance.bench import DEPTHS, Draws, Question
from engine.relevance.judgments import Judgments
from engine.relevance.legs import Index, legs_of
from engine.relevance.measures import parse_measures
from engine.relevance.objective import MAX_CUTOFF, Objective
from engine.relevance.splitting import TEST_SHARE, split
from engine.relevance.systems import Asked
from engine.relevance.trials import Budget, digest_of, open_trials
from engine.relevance.tuning import LEAST_QUERIES, Found, Limits, Tuner
from engine.relevance.verdict import Verdict, judge
from engine.retrieval.parameters import Parameters

LEAST_OPENED = 5


@dataclass(frozen=True)
class Wish:
    """What is asked of a tuning. seconds: when no further trial is begun."""

    objective: Objective
    limits: Limits = field(default_factory=Limits)
    trials: int = 150
    seconds: float = 75.0
    test_share: float = TEST_SHARE
    seed: int = 7


@dataclass(frozen=True)
class Result:
    """What came of it: parameters, the present ones where nothing gains enough; their worth."""

    wish: Wish
    present: Parameters
    parameters: Parameters
    found: tuple[Found, ...]
    verdict: Verdict

    @property
    def changed(self) -> bool:
        return self.parameters != self.present

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation that goes into the parameters' file."""
        return {
            "objective": str(self.wish.objective),
            "seed": self.wish.seed,
            "limits": asdict(self.wish.limits),
            "tuned_on": [asdict(each) for each in self.found],
            "unopened": self.verdict.to_json(),
        }


def tune_collection(
    asker: Asker,
    asked: Iterable[Asked],
    judgments: Judgments,
    present: Parameters,
    wish: Wish,
    folder: Path,
    foreign: Iterable[Asked] = (),
    step: Callable[[], None] = lambda: None,
) -> Result:
    """Tune on a part of judged queries, and judge by the rest.

    folder: where the trials are kept. foreign: queries that nothing here answers, which teach when
    nothing fits. step: called after each trial.
    Raises EngineError where there are too few queries to learn from and to judge by.
    """
    until = time.monotonic() + wish.seconds
    pool = asker.pool
    deepest = max(*DEPTHS, present.vector_depth)
    every = list(asked)
    parts = split((each.topic.id for each in every), wish.seed, wish.test_share)
    strangers = list(foreign)
    index = Index(pool, {term for each in (*every, *strangers) for term in each.meaning.terms})
    questions = [
        Question(
            each.topic,
            each.meaning,
            judgments[each.topic.id],
            parts.fold.get(each.topic.id, 0),
            legs_of(each, index, deepest),
        )
        for each in every
    ]
    unopened = [each for each in questions if each.topic.id in parts.test]
    known = [each for each in questions if each.topic.id not in parts.test]
    if len(unopened) < LEAST_OPENED or len(known) < LEAST_QUERIES:
        raise EngineError(
            f"{len(known)} judged queries to tune on and {len(unopened)} to judge by are too few: "
            f"at least {LEAST_QUERIES} and {LEAST_OPENED} are needed, so judge more, or give "
            "another --test-share"
        )
    tuner = Tuner(known, wish.objective, Draws(asker), pool.silent, wish.limits)
    digest = digest_of(
        str(wish.objective),
        asdict(wish.limits),
        (wish.seed, wish.test_share),
        asdict(present),
        [(each.topic.said, each.topic.id, dict(each.grades)) for each in known],
        (len(pool), sorted(pool.ids), digest_of(pool.texts), float(abs(pool.vectors).sum())),
    )
    with open_trials(folder, digest, wish.seed) as trials:
        parameters, found = tuner.tune(present, trials, Budget(wish.trials, until), step)
    if parameters != present:
        unanswered = [
            Question(each.topic, each.meaning, {}, 0, legs_of(each, index, deepest))
            for each in strangers
        ]
        parameters = tuner.sure(parameters, unanswered)
    [measure] = parse_measures([str(wish.objective)], MAX_CUTOFF)
    verdict = judge(unopened, asker, present, parameters, measure, wish.seed)
    return Result(wish, present, parameters, tuple(found), verdict)
