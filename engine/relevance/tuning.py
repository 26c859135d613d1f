"""Tuning: for each kind of query the parameters whose gain is worth more than chance.

A trial's value is the mean over queries of the objective, out of fold where something is fitted.
The best trial replaces the present numbers only if it gains more than two standard errors of the
paired differences; then each part of it goes back to the present numbers as long as the whole stays
within one of the best. Judgments are few and trials many: what is left are the changes that the
judgments carry. Knows nothing of files and commands, and never sees the unopened part.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.errors import BadParameters
from engine.relevance.bench import Bench, Draws, Proposal, Question, Values
from engine.relevance.fitting import Seen, fit_certainty, fit_cut_off, seen, untold
from engine.relevance.objective import Objective
from engine.relevance.space import Space, Suggests, reversions, space_of, with_mixing
from engine.relevance.trials import Budget, Outcome, Replayed, Trials
from engine.retrieval.certainty import Evidence
from engine.retrieval.parameters import KINDS, Kind, Parameters

# With fewer queries of a kind its present numbers stay.
LEAST_QUERIES = 10
# In standard errors. The best of many trials that are worth the same seems to gain nearly two.
ENOUGH = 2.0
TOLERATED = 1.0
LEAST_TRIALS = 20


@dataclass(frozen=True)
class Limits:
    """What a proposal must keep to. max_slice_loss: how much of the objective any slice may lose
    beside the present parameters; max_p95_ms: see `Draws.p95_ms`."""

    max_slice_loss: float = 0.01
    max_p95_ms: float | None = None


@dataclass(frozen=True)
class Found:
    """What tuning found for one kind of query, on the queries that it was tuned on.

    changed: the parts that differ from the present numbers; none if nothing gains enough.
    gain: the mean paired difference, and its standard error.
    """

    kind: Kind
    queries: int
    trials: int
    present: float
    best: float
    tuned: float
    gain: float
    error: float
    changed: tuple[str, ...]
    p95_ms: float | None = None


@dataclass(frozen=True)
class Tuner:
    """Questions of one collection, ready to be tuned on."""

    questions: Sequence[Question]
    objective: Objective
    draws: Draws
    silent: frozenset[str]
    limits: Limits = field(default_factory=Limits)

    def kinds(self) -> list[Kind]:
        """Return the kinds that have queries enough, those with the most first."""
        counts = {kind: len(self._of(kind)) for kind in KINDS}
        enough = [kind for kind in KINDS if counts[kind] >= LEAST_QUERIES]
        return sorted(enough, key=lambda kind: -counts[kind])

    def tune(
        self,
        present: Parameters,
        trials: Trials,
        budget: Budget,
        step: Callable[[], None] = lambda: None,
    ) -> tuple[Parameters, list[Found]]:
        """Return parameters and what was found for each kind that could be tuned.

        The kind with the most queries also decides BM25 and the depths, which all share.
        """
        parameters, found = present, []
        for kind, share in self._shares(budget):
            at_once = kind == self._tunable()[0]
            parameters, one = self._tune(kind, at_once, parameters, trials, share, step)
            found.append(one)
        return parameters, found

    def sure(self, parameters: Parameters, foreign: Sequence[Question] = ()) -> Parameters:
        """Return parameters whose certainty and cut-off are fitted anew, where queries suffice.

        foreign: queries that nothing answers.
        """
        for kind in self.kinds():
            mixing = parameters.mixing(kind)
            bench = self.bench(kind)
            drawn = self.draws(bench.questions, parameters)
            told: list[Seen] = []
            silent: list[Seen] = []
            for each in drawn:
                one = seen(each.candidates, each.relevant, mixing, parameters.bm25)
                cut = untold(each.candidates)
                kept = each.relevant[each.candidates.vector_rank > 0]
                alone = seen(cut, kept, mixing, parameters.bm25)
                silent.append(alone)
                # Where no text holds a word, the second certainty decides.
                if _worded(one.evidence):
                    told.append(one)
            strangers = [each for each in foreign if each.kind == kind]
            strange = [
                seen(each.candidates, each.relevant, mixing, parameters.bm25).evidence
                for each in self.draws(strangers, parameters)
            ]
            if answered(silent) >= LEAST_QUERIES:
                certainty = fit_certainty(silent, [each for each in strange if not _worded(each)])
                mixing = replace(mixing, certainty_unworded=certainty)
                if not told:
                    mixing = replace(mixing, cut_off=fit_cut_off(certainty, silent))
            if answered(told) >= LEAST_QUERIES:
                certainty = fit_certainty(told, [each for each in strange if _worded(each)])
                cut_off = fit_cut_off(certainty, told)
                mixing = replace(mixing, certainty=certainty, cut_off=cut_off)
            parameters = with_mixing(parameters, kind, mixing)
        return parameters

    def bench(self, kind: Kind) -> Bench:
        """Return the bench of one kind's questions."""
        return Bench(tuple(self._of(kind)), kind, self.objective, self.draws, self.silent)

    def _of(self, kind: Kind) -> list[Question]:
        return [each for each in self.questions if each.kind == kind]

    def _tunable(self) -> list[Kind]:
        """Without words one signal is left, whose order no calibration changes."""
        return [kind for kind in self.kinds() if any(each.meaning.terms for each in self._of(kind))]

    def _shares(self, budget: Budget) -> Iterator[tuple[Kind, Budget]]:
        """Part trials and time among kinds by their queries."""
        left = {kind: len(self._of(kind)) for kind in self._tunable()}
        whole = sum(left.values())
        for kind in list(left):
            trials = max(LEAST_TRIALS, round(budget.trials * left[kind] / whole))
            now = time.monotonic()
            share = left[kind] / sum(left.values())
            yield kind, Budget(min(trials, budget.trials), now + (budget.until - now) * share)
            del left[kind]

    def _tune(
        self,
        kind: Kind,
        shared: bool,
        present: Parameters,
        trials: Trials,
        budget: Budget,
        step: Callable[[], None],
    ) -> tuple[Parameters, Found]:
        bench = self.bench(kind)
        standing = bench.values(Proposal(present))
        space = space_of(present, kind, shared, self.draws(bench.questions, present))
        trial = _Judge(bench, self.draws, space, standing, self.limits)
        finished = trials.run(kind, space.start(), trial, budget, step)
        feasible = [each for each in finished if all(v <= 0 for v in each.constraints.values())]
        # `max` keeps the first of equals.
        best = max(feasible, key=lambda each: each.value or 0.0, default=None)
        proposal, values = Proposal(present), standing
        top = standing.mean
        if best is not None:
            candidate = space.propose(Replayed(best))
            reached = bench.values(candidate)
            top = reached.mean
            gain, error = paired(reached, standing)
            keeps = all(v <= 0 for v in trial.excess(Proposal(present), standing).values())
            if gain > ENOUGH * error or not keeps:
                proposal, values = trial.simplest(candidate, reached)
        changed = tuple(
            name for name, back in reversions(kind, present) if back(proposal) != proposal
        )
        gain, error = paired(values, standing)
        parameters = proposal.parameters
        if proposal.fitted:
            mixing = replace(parameters.mixing(kind), fusion=bench.learned(parameters))
            parameters = with_mixing(parameters, kind, mixing)
        p95 = None
        if self.limits.max_p95_ms is not None:
            p95 = self.draws.p95_ms(bench.questions, parameters)
        return parameters, Found(
            kind=kind,
            queries=len(bench.questions),
            trials=len(finished),
            present=standing.mean,
            best=top,
            tuned=values.mean,
            gain=gain,
            error=error,
            changed=changed,
            p95_ms=p95,
        )


@dataclass(frozen=True)
class _Judge:
    """What becomes of a trial, beside the present values."""

    bench: Bench
    draws: Draws
    space: Space
    present: Values
    limits: Limits

    def __call__(self, trial: Suggests) -> Outcome:
        proposal = self.space.propose(trial)
        try:
            values = self.bench.values(proposal)
        except BadParameters:  # a fold without a relevant candidate: nothing can be fitted
            return Outcome(0.0, {})
        return Outcome(values.mean, self.excess(proposal, values))

    def excess(self, proposal: Proposal, values: Values) -> dict[str, float]:
        """Return by how much a proposal breaks each limit."""
        losses = values.losses(self.present)
        out = {name: loss - self.limits.max_slice_loss for name, loss in losses.items()}
        if self.limits.max_p95_ms is not None:
            took = self.draws.p95_ms(self.bench.questions, proposal.parameters)
            out["p95 ms"] = took - self.limits.max_p95_ms
        return out

    def simplest(self, best: Proposal, reached: Values) -> tuple[Proposal, Values]:
        """Return the best proposal with every part back that is not worth its difference."""
        kept, values = best, reached
        for _, back in reversions(self.space.kind, self.space.present):
            simpler = back(kept)
            if simpler == kept:
                continue
            scored = self.bench.values(simpler)
            loss, error = paired(reached, scored)
            feasible = all(v <= 0 for v in self.excess(simpler, scored).values())
            if feasible and loss <= TOLERATED * error:
                kept, values = simpler, scored
        return kept, values


def paired(ours: Values, other: Values) -> tuple[float, float]:
    """Return the mean paired difference and its standard error."""
    differences = ours.each - other.each
    if len(differences) < 2:
        return float(differences.sum()), float("inf")
    error = float(differences.std(ddof=1)) / float(np.sqrt(len(differences)))
    return float(differences.mean()), error


def answered(queries: Sequence[Seen]) -> int:
    """Return how many queries have a relevant candidate."""
    return sum(bool(each.relevant.any()) for each in queries)


def _worded(evidence: Evidence) -> bool:
    return evidence.lexical > 0.0
