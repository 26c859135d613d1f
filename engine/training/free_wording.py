"""Fashion queries as people word them, each beside its template, and the pins that they ask for.

The texts were written by hand and fixed before any training. A query claims facts, not pins, so
one file judges every part of the set. Knows nothing of vectors or scores.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import BadQuery
from engine.training.pins import JudgedQuery, TrainingPin

QUERIES = Path(__file__).parent / "judgments" / "fashion_free.jsonl"
KEYS = frozenset({"gender", "articleType", "subCategory", "baseColour", "usage", "season"})
_SET = "fashion"
# The set's own judgments still count a pin that is right but for whom it is made.
_FORGIVEN = "gender"


@dataclass(frozen=True, slots=True)
class FreeQuery:
    """One request in two wordings and the facts that both claim."""

    query_id: str
    text: str
    template: str
    facts: Mapping[str, tuple[str, ...]]
    """Attribute to the values that answer; a pin must fit every attribute named."""

    def grade(self, pin: TrainingPin) -> int:
        """Return 2 when every fact fits, 1 when only the gender differs, else 0."""
        for key, values in self.facts.items():
            if key != _FORGIVEN and pin.attribute(key) not in values:
                return 0
        wanted = self.facts.get(_FORGIVEN)
        return 2 if wanted is None or pin.attribute(_FORGIVEN) in wanted else 1


def read_free_queries(path: Path = QUERIES) -> list[FreeQuery]:
    """Read the queries in the file's order.

    Raises `BadQuery` for a line without facts, or with an attribute that the set does not have.
    """
    queries: list[FreeQuery] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        row = json.loads(line)
        facts = {key: tuple(values) for key, values in row["facts"].items()}
        unknown = sorted(facts.keys() - KEYS)
        if unknown:
            raise BadQuery(
                f"{path.name}, line {number}: unknown attribute {', '.join(unknown)}; "
                f"known are {', '.join(sorted(KEYS))}"
            )
        # A gender alone would grade every other pin 1.
        if not facts.keys() - {_FORGIVEN} or not all(facts.values()):
            raise BadQuery(
                f"{path.name}, line {number}: no facts to judge by; "
                f"name values of an attribute besides {_FORGIVEN}"
            )
        queries.append(FreeQuery(row["id"], row["text"], row["template"], facts))
    return queries


def judged_wordings(
    queries: Iterable[FreeQuery], pins: Iterable[TrainingPin]
) -> tuple[list[JudgedQuery], list[JudgedQuery]]:
    """Return the queries in free wording and as templates, in one order with the same grades.

    Only fashion pins are graded; one that answers nothing has no grade.
    """
    shop = [pin for pin in pins if pin.set_name == _SET]
    free: list[JudgedQuery] = []
    templates: list[JudgedQuery] = []
    for query in queries:
        grades = {pin.pin_id: grade for pin in shop if (grade := query.grade(pin))}
        free.append(JudgedQuery(query.query_id, query.text, grades))
        templates.append(JudgedQuery(query.query_id, query.template, grades))
    return free, templates
