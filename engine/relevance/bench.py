"""Judged queries on a bench: what an objective says of parameters, quickly enough to try hundreds.

A trial asks neither the store nor the encoder: each query's legs are remade from what was read once
(`legs.py`). What tuning ends with is judged by what the store itself draws (`verdict.py`).
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.relevance.asking import Asker
from engine.relevance.fitting import fit_learned
from engine.relevance.legs import Legs
from engine.relevance.objective import Objective
from engine.relevance.topics import Topic
from engine.retrieval.fusion import Learned, Signals
from engine.retrieval.parameters import Kind, Mixing, Parameters
from engine.retrieval.ranking import rank, read_signals
from engine.retrieval.understand import Understood
from engine.store.plan import Bm25, Candidates
from engine.store.records import point_id

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

DEPTHS = (60, 120, 240)
# A slice of fewer queries says nothing.
LEAST_OF_SLICE = 5
TIMED = 60
KEPT = 16
WITH_TEXT, WITHOUT_TEXT = "pins with text", "pins without text"


@dataclass(frozen=True)
class Question:
    """A judged query. grades: of the pins that answer it, by pin id; fold: where it validates."""

    topic: Topic
    meaning: Understood
    grades: Mapping[str, int]
    fold: int
    legs: Legs

    @property
    def kind(self) -> Kind:
        return self.meaning.kind

    @property
    def length(self) -> str:
        """The slice of its number of terms."""
        count = len(self.meaning.terms)
        return "no terms" if not count else f"{count} terms" if count < 4 else "4 terms or more"


@dataclass(frozen=True)
class Drawn:
    """A question's candidates in the order of their keys, with the grade of each."""

    candidates: Candidates
    gains: Array

    @property
    def relevant(self) -> Mask:
        return self.gains > 0


@dataclass(frozen=True)
class Proposal:
    """Parameters to try. fitted: their kind's learned fuser is yet to be fitted."""

    parameters: Parameters
    fitted: bool = False


@dataclass(frozen=True)
class Values:
    """What the objective says: of each question, and of those in each slice (NaN elsewhere)."""

    each: Array
    slices: Mapping[str, Array]

    @property
    def mean(self) -> float:
        return float(self.each.mean())

    def losses(self, present: "Values") -> dict[str, float]:
        """Return how much each slice loses beside the present values; below 0 is a gain."""
        return {
            name: float(np.nanmean(present.slices[name]) - np.nanmean(values))
            for name, values in self.slices.items()
        }


class Draws:
    """Candidates of questions by parameters; the settings that were last used are kept."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._kept: OrderedDict[tuple[Bm25, int, int, str], Drawn] = OrderedDict()
        self._times: dict[tuple[int, int], float] = {}

    def __call__(self, questions: Sequence[Question], parameters: Parameters) -> list[Drawn]:
        """Return what these parameters draw for each question."""
        out = [self._draw(each, parameters) for each in questions]
        while len(self._kept) > KEPT * len(questions):
            self._kept.popitem(last=False)
        return out

    def p95_ms(self, questions: Sequence[Question], parameters: Parameters) -> float:
        """Return how long drawing and ranking take: the time that 95 % of the queries stay within.

        Measured on this machine, now, once for each pair of depths; encoding is not part of it.
        """
        depths = (parameters.lexical_depth, parameters.vector_depth)
        if depths not in self._times:
            took = []
            for each in questions[:TIMED]:
                started = time.perf_counter()
                asked = self._asker.draw(each.topic, each.meaning, parameters)
                rank(asked.candidates, each.kind, parameters)
                took.append(time.perf_counter() - started)
            self._times[depths] = 1_000.0 * float(np.quantile(took, 0.95))
        return self._times[depths]

    def _draw(self, question: Question, parameters: Parameters) -> Drawn:
        lexical, vector = parameters.lexical_depth, parameters.vector_depth
        # Without words BM25 plays no part.
        bm25 = parameters.bm25 if question.meaning.terms else Bm25()
        key = (bm25, lexical, vector, question.topic.id)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        candidates = question.legs.draw(bm25, lexical, vector)
        grades = {point_id(pin): grade for pin, grade in question.grades.items()}
        gains = [max(grades.get(each, 0), 0) for each in candidates.keys]
        self._kept[key] = Drawn(candidates, np.array(gains, dtype=np.float64))
        return self._kept[key]


@dataclass(frozen=True)
class Bench:
    """Questions of one kind; `silent` are the pins without text."""

    questions: tuple[Question, ...]
    kind: Kind
    objective: Objective
    draws: Draws
    silent: frozenset[str]

    def values(self, proposal: Proposal) -> Values:
        """Return what the objective says of a proposal.

        A learned fuser answers each question as fitted on the other folds' questions.
        """
        parameters = proposal.parameters
        mixing = parameters.mixing(self.kind)
        drawn = self.draws(self.questions, parameters)
        signals = [read_signals(each.candidates, mixing, parameters.bm25) for each in drawn]
        fuse = self._fusers(proposal, mixing, signals, drawn)
        orders = [
            np.argsort(-fuse(question)(signal, _weight(mixing, signal)), kind="stable")
            for question, signal in zip(self.questions, signals, strict=True)
        ]
        each = self._measured(drawn, orders, None)
        slices = {
            WITH_TEXT: self._measured(drawn, orders, True),
            WITHOUT_TEXT: self._measured(drawn, orders, False),
        }
        for length in sorted({question.length for question in self.questions}):
            belongs = np.array([question.length == length for question in self.questions])
            slices[length] = np.where(belongs, each, np.nan)
        kept = {
            name: values
            for name, values in slices.items()
            if np.count_nonzero(~np.isnan(values)) >= LEAST_OF_SLICE
        }
        return Values(each, kept)

    def learned(self, parameters: Parameters) -> Learned:
        """Return the fuser that all questions teach."""
        mixing = parameters.mixing(self.kind)
        return fit_learned(
            [
                (read_signals(each.candidates, mixing, parameters.bm25), each.relevant)
                for each in self.draws(self.questions, parameters)
            ]
        )

    def _fusers(
        self,
        proposal: Proposal,
        mixing: Mixing,
        signals: Sequence[Signals],
        drawn: Sequence[Drawn],
    ) -> Callable[[Question], Callable[[Signals, float], Array]]:
        if not proposal.fitted:
            return lambda _: mixing.fusion
        by_fold = {
            fold: fit_learned(
                [
                    (signal, each.relevant)
                    for signal, each, question in zip(signals, drawn, self.questions, strict=True)
                    if question.fold != fold
                ]
            )
            for fold in sorted({question.fold for question in self.questions})
        }
        return lambda question: by_fold[question.fold]

    def _measured(
        self,
        drawn: Sequence[Drawn],
        orders: Sequence[npt.NDArray[np.intp]],
        with_text: bool | None,
    ) -> Array:
        """Return the objective's values, of all pins or as if there were no others than some.

        NaN where none of these answers the question.
        """
        out = np.full(len(orders), np.nan)
        cutoff = self.objective.cutoff
        rows, judged, gains = [], [], []
        for row, (question, each, order) in enumerate(
            zip(self.questions, drawn, orders, strict=True)
        ):
            grades = self._grades(question, with_text)
            if not len(grades):
                continue
            kept = order
            if with_text is not None:
                kept = order[each.candidates.has_text[order] == with_text]
            top = each.gains[kept[:cutoff]]
            rows.append(row)
            judged.append(grades)
            gains.append(np.pad(top, (0, cutoff - len(top))))
        if rows:
            out[rows] = self.objective(np.array(gains), judged)
        return out

    def _grades(self, question: Question, with_text: bool | None) -> Array:
        kept = [
            grade
            for pin, grade in question.grades.items()
            if grade > 0 and with_text in (None, pin not in self.silent)
        ]
        return np.array(sorted(kept, reverse=True), dtype=np.float64)


def _weight(mixing: Mixing, signals: Signals) -> float:
    return mixing.lexical_weight if signals.worded else 0.0
