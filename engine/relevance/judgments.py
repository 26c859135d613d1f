"""Judgments: which pins answer which query, and how well. Read and written as TREC qrels.

Knows nothing of systems and what they answer.
"""

import re
from collections.abc import Container, Mapping
from pathlib import Path

from engine.relevance.trec import lines

# The pins of each query with their grades. Above 0 is relevant; a higher grade is a better answer.
Judgments = Mapping[str, Mapping[str, int]]

COLUMNS = "query 0 pin grade"
# trec_eval sets room aside for every grade up to the highest.
MAX_GRADE = 1_000
_GRADE = re.compile(r"[+-]?[0-9]{1,9}")


def read_judgments(file: Path) -> Judgments:
    """Return the judgments of a file; the same pin twice for a query is an error that names both.

    Raises EngineError with the file, the line and the remedy.
    """
    judged: dict[str, dict[str, int]] = {}
    first: dict[tuple[str, str], int] = {}
    for line in lines(file, COLUMNS):
        query, _, _, written = line.columns
        pin = line.pin(2)
        if not _GRADE.fullmatch(written) or abs(int(written)) > MAX_GRADE:
            line.refuse(
                f"grade {written[:40]!r} is not a whole number within ±{MAX_GRADE:,}: "
                "write 0 for a pin that does not answer, 1 or more for one that does"
            )
        before = first.setdefault((query, pin), line.number)
        if before != line.number:
            line.refuse(
                f"pin {pin!r} was judged for query {query!r} in line {before} already: keep one"
            )
        judged.setdefault(query, {})[pin] = int(written)
    return judged


def write_judgments(judgments: Judgments, file: Path) -> None:
    """Write judgments as a TREC file, in their order."""
    with file.open("w", encoding="utf-8") as stream:
        for query, grades in judgments.items():
            stream.writelines(f"{query} 0 {pin} {grade}\n" for pin, grade in grades.items())


def relevant(grades: Mapping[str, int]) -> frozenset[str]:
    """Return the pins that answer a query at all."""
    return frozenset(pin for pin, grade in grades.items() if grade > 0)


def among(grades: Mapping[str, int], pins: Container[str]) -> dict[str, int]:
    """Return the judgments of some pins alone."""
    return {pin: grade for pin, grade in grades.items() if pin in pins}
