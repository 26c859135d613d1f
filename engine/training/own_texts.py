"""What a user's pins can be called, and which pins each call fits; knows nothing of pixels.

A pin's facts are its attributes, its board, its description and its picture. A claim is a text
with the facts that a pin must have to fit it, so that one text has every right pin as a positive.
Keys and values are whatever the user has: nothing is known of them beforehand.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

BoolArray = npt.NDArray[np.bool_]

_WORD = re.compile(r"[^\W_]+")
_EMPTY_WORDS = frozenset({"a", "an", "the", "of", "in", "on", "and", "or", "for", "with", "at"})
_LONGEST_VALUE = 60
_LEAST_SHARED = 0.5
"""An attribute with more different values than this share of its pins identifies, not tells."""
_SPELT_SHARE = 0.4
_MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class OwnPin:
    """What a user's pin says of its picture; `digest` is the SHA-256 of the picture's bytes."""

    digest: str
    description: str = ""
    board_title: str = ""
    attributes: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A text and the facts that a pin must have to fit it."""

    text: str
    facts: tuple[str, ...]


class OwnTexts:
    """Draws claims for pins, and tells which pins fit them."""

    def __init__(self, pins: Sequence[OwnPin]) -> None:
        self.pins = pins
        keys = _telling_keys(pins)
        self._told = [_values(pin, keys) for pin in pins]
        self._facts = [self._all_facts(row) for row in range(len(pins))]
        self._numbers = {
            fact: number
            for number, fact in enumerate(dict.fromkeys(f for row in self._facts for f in row))
        }
        self._matrix = self._bags(self._facts)

    def speaks(self, row: int) -> bool:
        """Tell whether anything at all can be said of a pin."""
        return len(self._facts[row]) > 1

    def claim(self, row: int, chance: random.Random) -> Claim:
        """Draw one way to call a pin: its description, its board, or some of its attributes."""
        pin, told = self.pins[row], self._told[row]
        ways = [self._some] * 4 if told else []
        ways += [self._title] * (1 if told else 2) if pin.description else []
        ways += [self._board] if pin.board_title else []
        return chance.choice(ways)(row, chance)

    def fits(self, claims: Sequence[Claim], rows: npt.NDArray[np.intp]) -> BoolArray:
        """Return which pin fits which claim, as (claims, rows)."""
        claimed = self._bags([claim.facts for claim in claims])
        held = (claimed @ self._matrix[rows].T).toarray()
        needed = np.array([len(claim.facts) for claim in claims])
        return np.asarray(held == needed[:, None])

    def texts(self) -> list[str]:
        """Return every text that the pins hold, for the words in them."""
        found = [text for pin in self.pins for text in (pin.description, pin.board_title) if text]
        found += [value for told in self._told for _, value in told]
        return list(dict.fromkeys(found))

    def _some(self, row: int, chance: random.Random) -> Claim:
        told = self._told[row]
        count = min(len(told), chance.randint(1, _MOST_TOLD))
        chosen = chance.sample(told, count)
        return Claim(" ".join(value for _, value in chosen), tuple(f"{k}={v}" for k, v in chosen))

    def _title(self, row: int, chance: random.Random) -> Claim:
        del chance
        text = self.pins[row].description
        spoken = words(text)
        spelt = [(k, v) for k, v in self._told[row] if words(v) <= spoken]
        named = frozenset().union(*(words(value) for _, value in spelt))
        # What names several facts of the pin names the pins that share them; what names few is
        # a caption, and right for this picture alone.
        if len(spelt) > 1 and len(named) >= _SPELT_SHARE * len(spoken):
            return Claim(text, tuple(f"{k}={v}" for k, v in spelt))
        return Claim(text, (f"title:{text}",))

    def _board(self, row: int, chance: random.Random) -> Claim:
        del chance
        return Claim(self.pins[row].board_title, (f"board:{self.pins[row].board_title}",))

    def _all_facts(self, row: int) -> tuple[str, ...]:
        pin = self.pins[row]
        facts = [f"picture:{pin.digest}", *(f"{key}={value}" for key, value in self._told[row])]
        facts += [f"title:{pin.description}"] if pin.description else []
        facts += [f"board:{pin.board_title}"] if pin.board_title else []
        return tuple(dict.fromkeys(facts))

    def _bags(self, bags: Sequence[Iterable[str]]) -> csr_matrix:
        columns = [sorted({self._numbers[fact] for fact in bag}) for bag in bags]
        starts = np.concatenate([[0], np.cumsum([len(row) for row in columns])]).astype(np.int64)
        flat = np.array([column for row in columns for column in row], np.int64)
        ones = np.ones(len(flat), np.int32)
        return csr_matrix((ones, flat, starts), shape=(len(columns), len(self._numbers)))


def words(text: str) -> frozenset[str]:
    """Return the content words of a text, lower-case, without a plural's last letter."""
    found = _WORD.findall(text.lower().replace("-", ""))
    return frozenset(_single(word) for word in found if word not in _EMPTY_WORDS)


def _single(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] not in "su" else word


def _values(pin: OwnPin, keys: frozenset[str]) -> list[tuple[str, str]]:
    """Return the pairs of key and lower-case value; a list joined by `; ` gives one each."""
    return [
        (key, part.strip().lower())
        for key, value in sorted((pin.attributes or {}).items())
        if key in keys
        for part in value.split(";")
        if _is_telling(part.strip())
    ]


def _is_telling(value: str) -> bool:
    letters = any(character.isalpha() for character in value)
    return letters and len(value) <= _LONGEST_VALUE and value.lower() not in {"na", "n/a", "none"}


def _telling_keys(pins: Sequence[OwnPin]) -> frozenset[str]:
    """Return the attributes that are worth saying: neither serial numbers nor always the same."""
    values: dict[str, Counter[str]] = {}
    for pin in pins:
        for key, value in (pin.attributes or {}).items():
            values.setdefault(key, Counter())[value.lower()] += 1
    return frozenset(
        key
        for key, counts in values.items()
        if len(counts) > 1 and (len(counts) <= max(8, _LEAST_SHARED * counts.total()))
    )
