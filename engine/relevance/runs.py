"""Runs: what a system answered to each query. Read and written as TREC run files.

Knows nothing of judgments.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.relevance.trec import lines

# An answer: pins with their scores, best first, each score below the one before as a float32.
Answered = Mapping[str, float]

COLUMNS = "query Q0 pin rank score tag"
MAX_SCORE = 1e30


@dataclass(frozen=True)
class Run:
    """The answers of one system, by query; a query that it found nothing for may be absent."""

    name: str
    answers: Mapping[str, Answered]

    def only(self, queries: Iterable[str]) -> "Run":
        """Return the answers to some queries alone, in their order."""
        return Run(
            self.name, {each: self.answers[each] for each in queries if each in self.answers}
        )


def answered(ranked: Iterable[tuple[str, float]]) -> Answered:
    """Return an answer from pins in their order, best first.

    trec_eval looks at scores alone, as float32, and breaks ties by the pins' ids. So that it sees
    the order that people see, a score that is not below the one before is lowered to just below.
    """
    out: dict[str, float] = {}
    before = np.float32(np.inf)
    for pin, score in ranked:
        here = np.float32(score)
        before = here if here < before else np.nextafter(before, np.float32(-np.inf))
        out[pin] = float(before)
    return out


def cut(answer: Answered, depth: int, without: frozenset[str] = frozenset()) -> Answered:
    """Return the first pins of an answer, some pins left out."""
    kept = [pin for pin in answer if pin not in without][:depth]
    return {pin: answer[pin] for pin in kept}


def read_run(file: Path) -> Run:
    """Return the run in a file under the file's name, ordered as trec_eval orders it.

    By score, highest first; ties by pin id, last first. The rank column says nothing, as there.
    Raises EngineError with the file, the line and the remedy.
    """
    scores: dict[str, dict[str, float]] = {}
    for line in lines(file, COLUMNS):
        query, _, _, _, written, _ = line.columns
        pin = line.pin(2)
        score = _score(written)
        if score is None:
            line.refuse(
                f"score {written[:40]!r} is not a number within ±{MAX_SCORE:g}: "
                "write one that falls from rank to rank"
            )
        found = scores.setdefault(query, {})
        if pin in found:
            line.refuse(f"pin {pin!r} stands twice in the answer to {query!r}: keep the better one")
        found[pin] = score
    return Run(file.stem, {query: answered(_in_order(found)) for query, found in scores.items()})


def write_run(run: Run, file: Path) -> None:
    """Write a run as a TREC file; nine digits carry a float32 exactly."""
    tag = file_name(run.name).removesuffix(".txt")
    with file.open("w", encoding="utf-8") as stream:
        for query, answer in run.answers.items():
            stream.writelines(
                f"{query} Q0 {pin} {rank} {score:.9g} {tag}\n"
                for rank, (pin, score) in enumerate(answer.items(), 1)
            )


def file_name(system: str) -> str:
    """Return the name of the file for a system's run: `this-engine.txt`."""
    return ("-".join(re.findall(r"[a-z0-9.]+", system.lower())) or "run") + ".txt"


def _score(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) <= MAX_SCORE and "_" not in text else None


def _in_order(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    by_id = sorted(scores.items(), reverse=True)
    return sorted(by_id, key=lambda pair: np.float32(pair[1]), reverse=True)
