"""What a person likes, as several interests: groups of liked pins, each told by one of them.

One mean of all likes would lie between the things that somebody likes, where nothing is that he
does. Pure functions over vectors; knows nothing of answers or of where pins and likes are kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.discovery.kinds import Kinds
from engine.store.records import Record, StoredPin

FloatArray = npt.NDArray[np.float32]
# Likes further apart than this, as 1 - cosine on the average, are different interests.
APART: Final = 0.65
# What is hidden ends an interest from so high a mean cosine to its pins on: lower than what holds a
# group together, so that no other part of the same kind goes on.
ENDS: Final = 0.22
# The same where all of them say what they are, and say other things.
ENDS_NAMED: Final = 0.33
# A pin that does not say, or leaves open, what it is does not come from so high a cosine to
# something hidden on.
SILENT: Final = 0.3
# Of so many likes later, a like counts half.
HALF: Final = 30.0
MOST_INTERESTS: Final = 8
MOST_HIDDEN: Final = 16
# The last so many likes and hides say enough, and clustering stays quick.
MOST_PINS: Final = 300


@dataclass(frozen=True)
class Interest:
    """Pins that a person likes for one reason.

    pin: the medoid, which tells the interest. vector: the direction of the group's weighted mean
        with the medoid counted once more, which lies nearer to what is meant than any single pin.
    share: the part of all likes that it has, the newer the like the more it counts.
    """

    pin: str
    vector: FloatArray
    share: float


@dataclass(frozen=True)
class Taste:
    """A person's interests, largest first.

    hidden: unit rows of what the person wants no more of: the medoids of what was hidden, and the
        likes that it ended.
    kinds, unwanted: what tells the kinds of pictures, and those of what was hidden.
    said: the kinds that hidden pins say they show.
    """

    interests: tuple[Interest, ...] = ()
    hidden: FloatArray | None = None
    kinds: Kinds | None = None
    unwanted: frozenset[int] = frozenset()
    said: frozenset[str] = frozenset()

    def says(self, pin: StoredPin | Record | None) -> str | None:
        """Return the kind that a pin says it shows, where hidden pins say any."""
        return self.kinds.said(pin) if self.kinds and self.said and pin is not None else None

    def closeness(
        self, rows: FloatArray, said: Sequence[str | None] = ()
    ) -> tuple[npt.NDArray[np.intp], FloatArray]:
        """Return for unit rows (n, d) the nearest interest and the cosine to it.

        The interest is -1 where what was hidden is as near as the nearest interest, where it is of
        the row's kind, and, without interests, where it belongs to the row's group. Nor does a pin
        come that looks like something hidden, at SILENT, and does not say that it is anything else.
        said: the kind that each pin says it shows, if that is known.
        """
        unwanted = np.full(len(rows), -1.0, dtype=np.float32)
        if self.hidden is not None:
            unwanted = (rows @ self.hidden.T).max(axis=1)
        unwanted[of_kinds(rows, self.kinds, self.unwanted)] = 2.0
        for at, kind in enumerate(said if self.said else ()):
            if kind in self.said or (left_open(kind, self.said) and unwanted[at] >= SILENT):
                unwanted[at] = 2.0
        if not self.interests:
            kept = np.where(unwanted >= 1.0 - APART, -1, 0)
            return kept, np.zeros(len(rows), dtype=np.float32)
        cosines = rows @ np.stack([each.vector for each in self.interests]).T
        best = cosines.argmax(axis=1)
        nearest = cosines[np.arange(len(rows)), best]
        return np.where(unwanted >= nearest, -1, best), nearest


def taste_of(
    likes: Mapping[str, FloatArray],
    hides: Mapping[str, FloatArray],
    kinds: Kinds | None = None,
    said: Mapping[str, str] = MappingProxyType({}),
) -> Taste:
    """Return the taste of a person by unit vectors of pins, oldest first.

    Groups are found by average linkage (Sokal & Michener 1958), cut at APART. A group that
    something hidden is as like as ENDS is an interest no more, or as ENDS_NAMED where all say that
    they are of other kinds, and likes of a hidden pin's kind make none. What was liked of these is
    wanted as little as what was hidden.
    said: the kinds that pins say they show, of those that do.
    """
    liked = dict(list(likes.items())[-MOST_PINS:])
    names = [name for name in liked if name not in hides]
    hidden = _medoids(list(hides.values())[-MOST_PINS:])
    unwanted = kinds.names(hidden) if kinds is not None and hidden is not None else frozenset()
    spoken = frozenset(said[name] for name in hides if name in said)
    if not names:
        return Taste((), hidden, kinds, unwanted, spoken)
    rows = np.stack([liked[name] for name in names])
    # The newest is the last.
    weight = 0.5 ** (np.arange(len(names))[::-1] / HALF)
    ended = of_kinds(rows, kinds, unwanted)
    ended |= np.array([said.get(name) in spoken for name in names])
    outspoken = all(name in said for name in hides)
    other = {name for name in names if not left_open(said.get(name), spoken)}
    found = []
    for members in _groups(rows, np.flatnonzero(~ended)):
        own = rows[members]
        named = outspoken and all(names[at] in other for at in members.tolist())
        ends = ENDS_NAMED if named else ENDS
        if hidden is not None and float((own @ hidden.T).mean(axis=0).max()) >= ends:
            ended[members] = True
            continue
        central = int(np.argmax((own @ own.T) @ weight[members]))
        at = int(members[central])
        mean = weight[members] @ own + rows[at]
        row = np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)
        found.append(Interest(names[at], row, float(weight[members].sum())))
    found.sort(key=lambda each: (-each.share, each.pin))
    kept = found[:MOST_INTERESTS]
    total = sum(each.share for each in kept)
    if hidden is not None:
        hidden = np.concatenate([hidden, rows[ended]])
    interests = tuple(Interest(each.pin, each.vector, each.share / total) for each in kept)
    return Taste(interests, hidden, kinds, unwanted, spoken)


def left_open(kind: str | None, others: Iterable[str]) -> bool:
    """Say whether a pin that says this kind, or none, may still be of one of the others.

    Shoes may be casual shoes, and casual shoes are shoes: the wider name ends the narrower.
    """
    if kind is None:
        return True
    words = f" {kind}"
    return any(words.endswith(f" {each}") or f" {each}".endswith(words) for each in others)


def of_kinds(
    rows: FloatArray, kinds: Kinds | None, unwanted: frozenset[int]
) -> npt.NDArray[np.bool_]:
    """Say of each unit row whether it shows one of some kinds."""
    if kinds is None or not unwanted:
        return np.zeros(len(rows), dtype=np.bool_)
    return np.isin(kinds.first(rows), list(unwanted))


def _medoids(vectors: Sequence[FloatArray]) -> FloatArray | None:
    """Return one row of each group of vectors, of the newest MOST_HIDDEN groups."""
    if not vectors:
        return None
    rows = np.stack(vectors)
    groups = sorted(_groups(rows, np.arange(len(rows))), key=lambda members: -int(members.max()))[
        :MOST_HIDDEN
    ]
    central = [
        members[int((rows[members] @ rows[members].T).sum(axis=1).argmax())] for members in groups
    ]
    return rows[central]


def _groups(rows: FloatArray, among: npt.NDArray[np.intp]) -> list[npt.NDArray[np.intp]]:
    """Return the members of each group among some rows."""
    if len(among) < 2:
        return [among] if len(among) else []
    chosen = rows[among]
    apart = 1.0 - np.clip(chosen.astype(np.float64) @ chosen.T, -1.0, 1.0)
    condensed = apart[np.triu_indices(len(chosen), 1)]
    from scipy.cluster.hierarchy import fcluster, linkage  # only here: most commands need none

    labels = fcluster(linkage(condensed, "average"), APART, "distance")
    return [among[labels == label] for label in range(1, int(labels.max()) + 1)]


def in_turn(
    shares: Sequence[float], lists: Sequence[Sequence[int]]
) -> tuple[list[int], list[float]]:
    """Return the rows of several lists in turns that fit their shares, and what put each there.

    The highest averages of D'Hondt: the next row is of the list with the greatest share / (number
    of its rows so far + 1). As part of the greatest share that is 1 for the first, and never rises.
    """
    taken = [0] * len(lists)
    order: list[int] = []
    values: list[float] = []
    most = max(shares, default=1.0)
    while len(order) < sum(map(len, lists)):
        open_ = [at for at, rows in enumerate(lists) if taken[at] < len(rows)]
        best = max(open_, key=lambda at: (shares[at] / (taken[at] + 1), -at))
        order.append(lists[best][taken[best]])
        values.append(shares[best] / (taken[best] + 1) / most)
        taken[best] += 1
    # A list that ends early leaves its turns to others: what they are worth must not rise again.
    return order, np.minimum.accumulate(values).tolist() if values else []


def spread(rows: FloatArray, newest: npt.NDArray[np.float64]) -> tuple[list[int], list[float]]:
    """Return unit rows in an order whose every beginning stands for all of them as well as it can.

    The greedy of facility location (Nemhauser, Wolsey & Fisher 1978): next comes the row that
    raises most the sum, over all rows, of the cosine to the nearest one chosen; of equals the
    newest. The values are these gains as part of the first, and never rise.
    """
    near = np.clip(rows.astype(np.float64) @ rows.T, 0.0, 1.0)
    covered = np.zeros(len(rows))
    left = np.ones(len(rows), dtype=np.bool_)
    order: list[int] = []
    gains: list[float] = []
    for _ in range(len(rows)):
        gain = np.maximum(near - covered, 0.0).sum(axis=1)
        gain = np.where(left, np.round(gain, 9), -1.0)
        best = int(np.lexsort((-newest, -gain))[0])
        order.append(best)
        gains.append(float(gain[best]))
        left[best] = False
        covered = np.maximum(covered, near[best])
    first = gains[0] if gains and gains[0] > 0 else 1.0
    return order, np.minimum.accumulate([each / first for each in gains]).tolist() if gains else []
