"""What tuning may turn: from a trial's numbers to parameters, and in parts back to the present.

What decides candidates takes a few values each, so that they are seldom drawn anew.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from engine.relevance.bench import DEPTHS, Drawn, Proposal
from engine.retrieval.calibration import Logistic, Saturation
from engine.retrieval.fusion import (
    PIN_FEATURES,
    QUERY_FEATURES,
    Convex,
    Distribution,
    Fusion,
    Learned,
    Reciprocal,
)
from engine.retrieval.parameters import Kind, Mixing, Parameters
from engine.retrieval.silence import Expected, Renormalised, Silence, Zero
from engine.store.plan import Bm25

VERSION = 1
K1 = (0.2, 0.4, 0.8, 1.2)
B = (0.1, 0.3, 0.5, 0.75)
BOARD = (0.4, 0.7, 1.0)
# Stands for a fuser until it is fitted.
UNFITTED = Learned(0.0, (1.0,) * PIN_FEATURES, (0.0,) * QUERY_FEATURES)
WIDER = 4.0


class Suggests(Protocol):
    """What a trial can be asked for; Optuna's trials are like this."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...
    def suggest_int(self, name: str, low: int, high: int) -> int: ...
    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any: ...


@dataclass(frozen=True)
class Space:
    """What may be turned for one kind of query, around the present parameters.

    shared: whether BM25 and the depths are turned too, which all kinds of query share.
    low, high: where the middle of the visual calibration may lie.
    """

    present: Parameters
    kind: Kind
    shared: bool
    low: float
    high: float

    def propose(self, trial: Suggests) -> Proposal:
        """Return the parameters of a trial."""
        parameters, own = self.present, self.present.mixing(self.kind)
        if self.shared:
            bm25 = parameters.bm25
            parameters = replace(
                parameters,
                bm25=Bm25(
                    _of(trial, "k1", K1, bm25.k1),
                    _of(trial, "b", B, bm25.b),
                    bm25.description_weight,
                    _of(trial, "board_weight", self._boards, bm25.board_weight),
                ),
                lexical_depth=int(_of(trial, "lexical_depth", DEPTHS, parameters.lexical_depth)),
                vector_depth=int(_of(trial, "vector_depth", DEPTHS, parameters.vector_depth)),
            )
        slope, rate = own.visual.slope, own.lexical.rate
        visual = Logistic(
            trial.suggest_float("visual_slope", slope / WIDER, slope * WIDER, log=True),
            trial.suggest_float("visual_middle", self.low, self.high),
        )
        lexical = Saturation(
            trial.suggest_float("lexical_rate", rate / WIDER, rate * WIDER, log=True)
        )
        silence = self._silence(trial)
        fusion, weight = self._fusion(trial, own)
        mixing = replace(
            own,
            visual=visual,
            lexical=lexical,
            silence=silence,
            fusion=fusion,
            lexical_weight=weight,
        )
        return Proposal(with_mixing(parameters, self.kind, mixing), fusion is UNFITTED)

    def start(self) -> dict[str, Any]:
        """Return the trial that is the present parameters, as far as a trial can be."""
        parameters, own = self.present, self.present.mixing(self.kind)
        out: dict[str, Any] = {
            "visual_slope": own.visual.slope,
            "visual_middle": own.visual.middle,
            "lexical_rate": own.lexical.rate,
            "silence": own.silence.rule,
            "fusion": own.fusion.method,
            "lexical_weight": own.lexical_weight,
        }
        if self.shared:
            bm25 = parameters.bm25
            out |= {
                "k1": _at(K1, bm25.k1),
                "b": _at(B, bm25.b),
                "board_weight": _at(self._boards, bm25.board_weight),
                "lexical_depth": _at(DEPTHS, parameters.lexical_depth),
                "vector_depth": _at(DEPTHS, parameters.vector_depth),
            }
        if isinstance(own.silence, Expected):
            for name, low, high in _EXPECTED:
                out[name] = float(np.clip(getattr(own.silence, name), low, high))
        if isinstance(own.fusion, Reciprocal):
            out["rrf_k"] = float(np.clip(own.fusion.k, *_RRF_K))
        return out

    @property
    def _boards(self) -> tuple[float, ...]:
        return tuple(weight * self.present.bm25.description_weight for weight in BOARD)

    @staticmethod
    def _silence(trial: Suggests) -> Silence:
        rule = trial.suggest_categorical("silence", ("expected", "renormalised", "zero"))
        if rule == "renormalised":
            return Renormalised()
        if rule == "zero":
            return Zero()
        prior, width, optimism = (
            trial.suggest_float(name, low, high, log=name != "optimism")
            for name, low, high in _EXPECTED
        )
        return Expected(prior, width, optimism)

    @staticmethod
    def _fusion(trial: Suggests, own: Mixing) -> tuple[Fusion, float]:
        method = trial.suggest_categorical("fusion", ("convex", "rrf", "dbsf", "learned"))
        if method == "learned":
            return UNFITTED, own.lexical_weight
        weight = trial.suggest_float("lexical_weight", 0.0, 1.0)
        if method == "rrf":
            return Reciprocal(trial.suggest_float("rrf_k", *_RRF_K, log=True)), weight
        return (Convex() if method == "convex" else Distribution()), weight


_EXPECTED = (("prior", 0.2, 12.0), ("width", 0.005, 0.3), ("optimism", 0.0, 2.5))
_RRF_K = (5.0, 200.0)


def space_of(present: Parameters, kind: Kind, shared: bool, drawn: Sequence[Drawn]) -> Space:
    """Return the space of a kind; the cosines of its candidates say where calibration may lie."""
    cosines = np.concatenate([each.candidates.cosine for each in drawn])
    low, high = np.quantile(cosines, (0.1, 0.999)).tolist()
    middle = present.mixing(kind).visual.middle
    # A middle above all that is seen leaves the curve's foot, which is close to an exponential.
    high += 0.5 * (high - low)
    return Space(present, kind, shared, min(low, middle), max(high, middle))


def with_mixing(parameters: Parameters, kind: Kind, mixing: Mixing) -> Parameters:
    """Return parameters with one kind of query mixed otherwise."""
    if kind == "text":
        return replace(parameters, text=mixing)
    return (
        replace(parameters, image=mixing) if kind == "image" else replace(parameters, mixed=mixing)
    )


def reversions(kind: Kind, present: Parameters) -> list[tuple[str, Callable[[Proposal], Proposal]]]:
    """Return what puts a part of a proposal back to the present numbers, by the part's name."""
    own = present.mixing(kind)

    def mixed(**parts: Any) -> Callable[[Proposal], Proposal]:
        def back(proposal: Proposal) -> Proposal:
            mixing = replace(proposal.parameters.mixing(kind), **parts)
            fitted = proposal.fitted and "fusion" not in parts
            return Proposal(with_mixing(proposal.parameters, kind, mixing), fitted)

        return back

    def shared(**parts: Any) -> Callable[[Proposal], Proposal]:
        return lambda proposal: replace(proposal, parameters=replace(proposal.parameters, **parts))

    return [
        (
            "depths",
            shared(lexical_depth=present.lexical_depth, vector_depth=present.vector_depth),
        ),
        ("bm25", shared(bm25=present.bm25)),
        ("silence", mixed(silence=own.silence)),
        ("lexical calibration", mixed(lexical=own.lexical)),
        ("visual calibration", mixed(visual=own.visual)),
        ("fusion", mixed(fusion=own.fusion, lexical_weight=own.lexical_weight)),
    ]


def _grid(values: Sequence[float], present: float) -> list[float]:
    own = [] if any(math.isclose(each, present) for each in values) else [present]
    return sorted([*values, *own])


def _at(values: Sequence[float], present: float) -> int:
    grid = _grid(values, present)
    return next(at for at, each in enumerate(grid) if math.isclose(each, present))


def _of(trial: Suggests, name: str, values: Sequence[float], present: float) -> float:
    grid = _grid(values, present)
    return grid[trial.suggest_int(name, 0, len(grid) - 1)]
