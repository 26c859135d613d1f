"""One score from two signals: the ways to merge them, each a value that can be called.

`Convex` ships. The others are what the field uses, for comparison and for those whose judgments
favour them. Pure functions over aligned arrays; knows nothing of stores, queries or pins.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.errors import BadParameters

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Ranks = npt.NDArray[np.int32]
DEVIATIONS = 3.0
FLAT = 1e-9
TOP = 10


@dataclass(frozen=True)
class Signals:
    """What is known of a query's candidates, as aligned columns.

    visual, lexical: calibrated, in [0, 1]; where a pin has no text, what is assumed of it.
    cosine, coverage: the same two before calibration; coverage is 0 without text.
    visual_rank, lexical_rank: 1-based place in each leg, 0 where it did not bring the pin in.
    worded: whether any text holds any word of the query; if none does, text says nothing.
    board: calibrated match of the board title alone, 0 without one.
    has_text: whether `lexical` is what the pin's own text says.
    length: number of the query's terms as a share of LONG, at most 1.
    """

    visual: Array
    lexical: Array
    cosine: Array
    coverage: Array
    visual_rank: Ranks
    lexical_rank: Ranks
    worded: bool
    board: Array
    has_text: Mask
    length: float


@dataclass(frozen=True)
class Convex:
    """(1 - weight) visual + weight lexical, over calibrated scores (Bruch et al. 2023)."""

    method: Literal["convex"] = "convex"

    def __call__(self, signals: Signals, weight: float) -> Array:
        """Return a score in [0, 1] for each candidate."""
        return (1.0 - weight) * signals.visual + weight * signals.lexical


@dataclass(frozen=True)
class Reciprocal:
    """Reciprocal rank fusion (Cormack et al. 2009), weighted, scaled so that two firsts make 1."""

    k: float = 60.0
    method: Literal["rrf"] = "rrf"

    def __post_init__(self) -> None:
        if not self.k > 0:
            raise BadParameters("rrf: k must be above 0")

    def __call__(self, signals: Signals, weight: float) -> Array:
        """Return a score in [0, 1] for each candidate."""
        return (1.0 - weight) * self._share(signals.visual_rank) + weight * self._share(
            signals.lexical_rank
        )

    def _share(self, ranks: Ranks) -> Array:
        return np.where(ranks > 0, (self.k + 1.0) / (self.k + ranks.astype(np.float64)), 0.0)


@dataclass(frozen=True)
class Distribution:
    """Distribution-based score fusion (Mazzecchi 2023; Qdrant's `dbsf`).

    Each leg's own scores become [0, 1] between their mean less and plus three deviations; a pin
    that a leg did not bring in has 0 there.
    """

    method: Literal["dbsf"] = "dbsf"

    def __call__(self, signals: Signals, weight: float) -> Array:
        """Return a score in [0, 1] for each candidate."""
        visual = _spread(signals.cosine, signals.visual_rank > 0)
        lexical = _spread(signals.coverage, signals.lexical_rank > 0)
        return (1.0 - weight) * visual + weight * lexical


@dataclass(frozen=True)
class Learned:
    """A logistic regression over both signals, their product, and what kind of query it is.

    pin: coefficients of `pin_features`, none below 0, so that the score is monotone in each.
    query: coefficients of `query_features`, which move all candidates of a query alike: they
        decide how sure a score is, not the order.
    """

    bias: float
    pin: tuple[float, ...]
    query: tuple[float, ...]
    method: Literal["learned"] = "learned"

    def __post_init__(self) -> None:
        if len(self.pin) != PIN_FEATURES or len(self.query) != QUERY_FEATURES:
            raise BadParameters(
                f"learned: {PIN_FEATURES} coefficients for a pin and {QUERY_FEATURES} for a query "
                f"are needed, not {len(self.pin)} and {len(self.query)}"
            )
        if min(self.pin) < 0:
            raise BadParameters("learned: a pin's coefficients must not be below 0")

    def __call__(self, signals: Signals, weight: float) -> Array:
        """Return a score in [0, 1] for each candidate; `weight` is not used."""
        raised = self.bias + pin_features(signals) @ np.array(self.pin)
        raised += float(query_features(signals) @ np.array(self.query))
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * raised)))


Fusion = Convex | Reciprocal | Distribution | Learned
PIN_FEATURES = 9
QUERY_FEATURES = 4


def pin_features(signals: Signals) -> Array:
    """Return what a learned fuser knows of each pin, (n, 9): it must not like any of it less.

    The visual signal with and without its rank's share, the lexical one, both together, and the
    visual one where no text says anything, so that it can count for more there. Then the lexical
    rank's share, the lexical signal where the pin's own text says it, that of a long query, and the
    board title's match. Whether a pin has text is no feature by itself: liked, it would lower a pin
    that loses a text which matches nothing; disliked, one that gains a text which matches all.
    """
    alone = signals.visual * float(not signals.worded)
    lexical = signals.lexical * float(signals.worded)
    return np.stack(
        [
            signals.visual,
            _first(signals.visual_rank),
            lexical,
            signals.visual * lexical,
            alone,
            _first(signals.lexical_rank),
            lexical * signals.has_text,
            lexical * signals.length,
            signals.board,
        ],
        axis=1,
    )


def query_features(signals: Signals) -> Array:
    """Return what it knows of the query, (4,): best text, best pictures, if words hit, and length.

    Best pictures: the mean of the ten highest visual values, which says how well the query is
    pictured in this collection at all.
    """
    if not len(signals.visual):
        return np.zeros(QUERY_FEATURES)
    best = float(signals.lexical.max()) if signals.worded else 0.0
    top = float(np.sort(signals.visual)[-TOP:].mean())
    return np.array([best, top, float(signals.worded), signals.length])


def _first(ranks: Ranks) -> Array:
    return np.where(ranks > 0, 1.0 / np.maximum(ranks, 1), 0.0)


def _spread(values: Array, found: Mask) -> Array:
    scaled = np.zeros_like(values)
    if found.any():
        own = values[found]
        margin = DEVIATIONS * float(own.std())
        low = float(own.mean()) - margin
        width = 2.0 * margin
        scaled[found] = np.clip((own - low) / width, 0.0, 1.0) if width > FLAT else 0.5
    return scaled
