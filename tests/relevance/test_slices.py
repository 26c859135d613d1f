"""Slices and the reach of silent pins, by hand."""

import numpy as np
import pytest

from engine.relevance.measures import parse_measures
from engine.relevance.runs import Run, answered
from engine.relevance.scores import Asking, score
from engine.relevance.slices import Reach, reach, slices

SILENT = frozenset({"s1", "s2"})
JUDGED = {"q1": {"s1": 1, "t1": 1, "t9": 0}, "q2": {"t1": 2, "t2": 1}, "q3": {"s2": 1}}
ASKED = (
    Asking("q1", "one", "text", 1),
    Asking("q2", "two", "mixed", 5),
    Asking("q3", "three", "image", 0),
)
RUN = Run(
    "only",
    {
        "q1": answered([("t9", 4.0), ("t1", 3.0), ("s2", 2.0), ("s1", 1.0)]),
        "q2": answered([("s1", 2.0), ("t1", 1.0)]),
    },
)
MEASURES = parse_measures(["RR"], 10)


def found() -> dict[tuple[str, str], dict[str, float]]:
    whole = score(MEASURES, JUDGED, [RUN], ASKED)
    return {
        (each.group, each.name): dict(
            zip(
                (query.id for query in each.scores.queries),
                each.scores.of("only").tolist(),
                strict=True,
            )
        )
        for each in slices(MEASURES, JUDGED, [RUN], whole, SILENT)
    }


def test_slices_of_pins_keep_such_pins_alone() -> None:
    told = found()
    # Without silent pins t1 stands second in q1 and first in q2; q3 has nothing left to find.
    assert told["relevant pins", "with text"] == {"q1": 0.5, "q2": 1.0}
    # Among silent pins alone s1 stands second in q1; q3 has a relevant one, and no answer.
    assert told["relevant pins", "without text"] == {"q1": 0.5, "q3": 0.0}


def test_slices_of_queries_leave_answers_as_they_are() -> None:
    told = found()
    assert told["kind of query", "words"] == {"q1": 0.5}
    assert told["kind of query", "both"] == {"q2": 0.5}
    assert told["kind of query", "a picture"] == {"q3": 0.0}
    assert told["terms of the query", "1"] == {"q1": 0.5}
    assert told["terms of the query", "4 or more"] == {"q2": 0.5}
    assert ("terms of the query", "2") not in told


def test_reach_by_hand() -> None:
    # Silent: s1 of q1 is found, s2 of q3 is not. Told: t1 twice found, t2 not.
    counted = reach(JUDGED, RUN, SILENT)
    assert counted == Reach(silent=2, silent_found=1, told=3, told_found=2)
    assert counted.ratio == pytest.approx((1 / 2) / (2 / 3))
    assert reach(JUDGED, RUN, SILENT, first=3).silent_found == 0


def test_a_reach_that_can_not_be_said() -> None:
    assert Reach(silent=0, silent_found=0, told=4, told_found=2).ratio is None
    assert Reach(silent=3, silent_found=1, told=4, told_found=0).ratio is None


def test_scores_leave_out_what_nobody_judged() -> None:
    more = (*ASKED, Asking("q4", "four", "text", 1))
    scores = score(MEASURES, JUDGED, [RUN], more)
    assert [each.id for each in scores.queries] == ["q1", "q2", "q3"]
    assert scores.means() == pytest.approx(np.array([[1.0 / 3]]))
