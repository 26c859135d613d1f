"""Which pictures and texts meet in one step, and which of them fit; knows nothing of models."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from engine.training.phrases import (
    Descriptions,
    Phrase,
    facts_of,
    kind_words,
    phrase_for,
    related,
    words,
)
from engine.training.pins import TrainingPin

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Draw:
    """The rows of one step (into the mix's pins) and two phrases for each of them."""

    rows: npt.NDArray[np.intp]
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Another picture of the same thing for each of `first`, and which of them fit which.

    A thing is a product, a kind of object, or a kind of garment in a colour. Pictures of different
    sets can't be compared: nobody knows whether they show the same thing.
    """

    first: npt.NDArray[np.intp]
    """Positions in a draw; those whose thing has no name are left out."""
    second: npt.NDArray[np.intp]
    """Rows of the mix's pins."""
    same: BoolArray
    """(first, second)."""
    unknown: BoolArray


class Mix:
    """Draws pins by the share of their set, rare kinds more often than their number says."""

    def __init__(
        self,
        pins: Sequence[TrainingPin],
        shares: Mapping[str, float],
        descriptions: Descriptions,
        seed: int,
        free_wording: float = 0.0,
    ) -> None:
        self.pins = pins
        self._descriptions = descriptions
        self._free = free_wording
        self._random = random.Random(seed)
        self._numpy = np.random.default_rng(seed)
        self._chances = _chances(pins, shares)
        self._facts = _Bags([facts_of(pin) for pin in pins])
        self._words = _Bags([kind_words(pin) for pin in pins])
        names = sorted({pin.set_name for pin in pins})
        self._set_numbers = {name: number for number, name in enumerate(names)}
        self._sets = np.array([self._set_numbers[pin.set_name] for pin in pins])
        self._things = np.unique([_thing(pin) for pin in pins], return_inverse=True)[1]
        self._named = np.array([bool(_thing(pin)) for pin in pins])
        order = np.argsort(self._things, kind="stable")
        cuts = np.flatnonzero(np.diff(self._things[order])) + 1
        self._showing = np.split(order, cuts)
        self._related = np.array([[related(a, b) for b in names] for a in names])

    def draw(self, count: int, each: int = 2) -> Draw:
        """Draw `count` pins with replacement, and `each` phrases for each."""
        rows = self._numpy.choice(len(self.pins), count, p=self._chances)
        phrases = tuple(self.phrase(row) for row in rows for _ in range(each))
        return Draw(rows, phrases)

    def pairs(self, rows: npt.NDArray[np.intp]) -> Pairs:
        """Draw for each pin one that shows the same thing: often another, seldom itself."""
        first = np.flatnonzero(self._named[rows])
        things, sets = self._things[rows[first]], self._sets[rows[first]]
        second = np.array([self._numpy.choice(self._showing[thing]) for thing in things], np.intp)
        same = things[:, None] == things[None]
        return Pairs(first, second, same, sets[:, None] != sets[None])

    def phrase(self, row: int) -> Phrase:
        """Draw one way to call a pin."""
        return phrase_for(self.pins[row], self._descriptions, self._random, self._free)

    def fits(
        self, phrases: Sequence[Phrase], rows: npt.NDArray[np.intp]
    ) -> tuple[BoolArray, BoolArray]:
        """Return which picture fits which phrase, and which pairs nobody can tell.

        Both are (phrases, rows). A pair is unknown when the sets differ and either name their
        kinds differently or the phrase has a word of the picture's kind.
        """
        claimed = self._facts.rows([phrase.facts for phrase in phrases])
        needed = np.array([len(phrase.facts) for phrase in phrases])
        held = (claimed @ self._facts.matrix[rows].T).toarray()
        fit = held == needed[:, None]
        spoken = self._words.rows([words(phrase.text) for phrase in phrases])
        shared = (spoken @ self._words.matrix[rows].T).toarray() > 0
        sets = np.array([self._set_numbers[phrase.set_name] for phrase in phrases])
        other = sets[:, None] != self._sets[rows][None]
        unknown = other & (shared | self._related[sets][:, self._sets[rows]])
        return fit, unknown & ~fit


class _Bags:
    """Bags of strings as sparse 0/1 rows over one vocabulary."""

    def __init__(self, bags: Sequence[Iterable[str]]) -> None:
        self._numbers: dict[str, int] = {}
        for bag in bags:
            for item in bag:
                self._numbers.setdefault(item, len(self._numbers))
        self.matrix = self.rows(bags)

    def rows(self, bags: Sequence[Iterable[str]]) -> csr_matrix:
        """Return the bags as rows; a string outside the vocabulary is left out."""
        columns = [
            sorted({self._numbers[item] for item in bag if item in self._numbers}) for bag in bags
        ]
        starts = np.concatenate([[0], np.cumsum([len(row) for row in columns])])
        flat = np.array([column for row in columns for column in row], np.int64)
        ones = np.ones(len(flat), np.int32)
        return csr_matrix((ones, flat, starts), shape=(len(columns), len(self._numbers)))


def _chances(pins: Sequence[TrainingPin], shares: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """Weight each pin by its set's share and its kind's frequency to the power of -1/2."""
    kinds = [f"{pin.set_name}:{_kind(pin)}" for pin in pins]
    sizes = Counter(kinds)
    weights = np.array([sizes[kind] ** -0.5 for kind in kinds])
    names = np.array([pin.set_name for pin in pins])
    for name in set(names.tolist()):
        mine = names == name
        weights[mine] *= shares.get(name, 0.0) / weights[mine].sum()
    return np.asarray(weights / weights.sum(), np.float64)


def _thing(pin: TrainingPin) -> str:
    """Name what a pin shows, as exactly as its set tells; empty where it tells nothing."""
    kind = pin.attribute("articleType") or pin.attribute("kind")
    colour = pin.attribute("baseColour") or pin.attribute("colour")
    # Of drawings the pattern is known too, and "plain" is one.
    pattern = pin.attribute("pattern")
    shown = f"{colour} {pattern} {kind}" if colour and kind else pin.attribute("label")
    return f"{pin.set_name}:{shown}" if shown else ""


def _kind(pin: TrainingPin) -> str:
    return pin.attribute("articleType") or pin.attribute("label") or pin.attribute("kind")
