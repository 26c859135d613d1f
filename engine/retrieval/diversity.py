"""Maximal marginal relevance: each next hit is relevant, and unlike the ones before it.

Knows nothing of words or scores' origins: relevance and vectors come in, an order goes out.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from engine.retrieval.listing import Entry, Pins

Array = npt.NDArray[np.float64]

# So many of the best are put in another order; those behind them stay where they are.
POOL = 100


def mmr(
    relevance: npt.ArrayLike, vectors: npt.ArrayLike, diversity: float
) -> tuple[npt.NDArray[np.intp], Array]:
    """Return the rows in the order of maximal marginal relevance, and what put each there.

    relevance: (n,) within [0, 1]. vectors: (n, d) unit rows. diversity: 1 - lambda of Carbonell &
    Goldstein (SIGIR 1998). The value is (1 - diversity) r + diversity (1 - s), where s is the
    greatest cosine to a row before, or 0 without one; cosines below 0 count as 0. That is their
    formula plus a constant, within [0, 1], and it never rises along the order. Of equal rows the
    first comes first.
    """
    rows = np.asarray(vectors, dtype=np.float64)
    merit = (1.0 - diversity) * np.asarray(relevance, dtype=np.float64)
    unlike = 1.0 - np.clip(rows @ rows.T, 0.0, 1.0)
    novelty = np.ones(len(merit))
    left = np.ones(len(merit), dtype=np.bool_)
    order = np.empty(len(merit), dtype=np.intp)
    values = np.empty(len(merit))
    for place in range(len(merit)):
        value = np.where(left, merit + diversity * novelty, -np.inf)
        chosen = int(np.argmax(value))
        order[place], values[place] = chosen, value[chosen]
        left[chosen] = False
        np.minimum(novelty, unlike[chosen], out=novelty)
    return order, values


def beside_best(relevance: Array) -> Array:
    """Return relevance as a share of the first's, which is the greatest.

    Else the same diversity would cost a query that nothing fits well most of its order.
    """
    best = float(relevance[0])
    return relevance / best if best > 0.0 else relevance


def diversified(entries: Iterator[Entry], pins: Pins, diversity: float) -> Iterator[Entry]:
    """Yield the first POOL entries by marginal relevance, with a `rank_score`, then the rest.

    With a diversity of 0 the entries are passed on as they are.
    """
    if diversity == 0.0:
        yield from entries
        return
    pool = tuple(islice(entries, POOL))
    stored = pins.of(each.row for each in pool)
    records = pins.collection.get([pin.pin.id for pin in stored.values()])
    # A pin may be deleted between the two looks.
    vectors = {
        row: records[pin.pin.id].vector for row, pin in stored.items() if pin.pin.id in records
    }
    there = [each for each in pool if each.row in vectors]
    if there:
        # What a person's taste made of relevance counts for more than relevance itself.
        own = pins.ranking.relevance
        relevance = np.array(
            [own[each.row] if each.rank_score is None else each.rank_score for each in there]
        )
        rows = np.stack([vectors[each.row] for each in there])
        order, values = mmr(beside_best(relevance), rows, diversity)
        for at, value in zip(order.tolist(), values.tolist(), strict=True):
            yield replace(there[at], rank_score=value)
    yield from entries
