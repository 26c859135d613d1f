"""Judgments from what people did with answers, corrected for where a pin stood.

People look at the first pins and seldom at the rest, so that a click at the tenth place says more
than one at the first. Under the position-based model a click needs a look, which depends on the
place alone, and a liking, which depends on query and pin; each click counts by the inverse of how
likely the look was (Joachims, Swaminathan & Schnabel, WSDM 2017), at most `CLIPPED` times. What
comes of it are grades of query and pin, as a person gives them: no pin has a number of its own.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.relevance.judgments import Judgments
from engine.store.feedback_log import Event

CLIPPED = 10.0
GOOD, BETTER = 1, 2


@dataclass(frozen=True)
class Counting:
    """How events become grades.

    eta: a look at place r is as likely as r to the power of -eta; 0 corrects nothing.
    least: looks at a pin in answers to a query, fewer of which say nothing.
    liked: share of looks, after correction, that must have ended in a click or save for grade 1,
        and in a save for grade 2. Where hiding outweighs both the grade is 0.
    """

    eta: float = 1.0
    least: int = 5
    liked: float = 0.1

    def weight(self, place: int) -> float:
        """Return what an event at a place counts."""
        return float(min(place**self.eta, CLIPPED))


@dataclass
class _Tally:
    shown: int = 0
    liked: float = 0.0
    saved: float = 0.0
    hidden: float = 0.0


def judged(
    events: Iterable[Event], counting: Counting | None = None
) -> tuple[Judgments, dict[str, Mapping[str, Any]]]:
    """Return judgments of the queries in events, and these queries as JSON, by their names."""
    how = counting or Counting()
    queries: dict[str, Mapping[str, Any]] = {}
    # One look: the pins with their places, and what was done with which.
    looks: dict[tuple[str, str], tuple[dict[str, int], dict[str, set[str]]]] = {}
    for number, event in enumerate(events):
        name = query_name(event.query)
        queries[name] = event.query
        one = (name, event.answer or f"#{number}")
        places, done = looks.setdefault(one, ({}, defaultdict(set)))
        for place, pin in enumerate(event.shown, event.first):
            if pin is not None:
                places[pin] = place
        if event.pin is not None:
            done[event.pin].add(event.event)
    tallies: dict[str, dict[str, _Tally]] = defaultdict(lambda: defaultdict(_Tally))
    for (name, _), (places, done) in looks.items():
        for pin, place in places.items():
            _count(tallies[name][pin], done.get(pin, set()), how.weight(place))
    grades = {
        name: {pin: _grade(each, how) for pin, each in pins.items() if each.shown >= how.least}
        for name, pins in tallies.items()
    }
    return {name: each for name, each in grades.items() if each}, queries


def query_name(query: Mapping[str, Any]) -> str:
    """Return the name under which a query of feedback is judged."""
    told = json.dumps(query, sort_keys=True, ensure_ascii=False)
    return f"feedback-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def _count(tally: _Tally, done: set[str], weight: float) -> None:
    tally.shown += 1
    if done & {"click", "save"}:
        tally.liked += weight
    if "save" in done:
        tally.saved += weight
    if "hide" in done:
        tally.hidden += weight


def _grade(tally: _Tally, how: Counting) -> int:
    if tally.hidden > 0 and tally.hidden >= tally.liked:
        return 0
    if tally.saved >= how.liked * tally.shown:
        return BETTER
    return GOOD if tally.liked >= how.liked * tally.shown else 0
