"""The words of pins as labels: a vocabulary's phrases found in analysed text.

Knows nothing of pictures, neighbours or scores.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from engine.discovery.vocabulary import Facet, Vocabulary
from engine.features.text import Analyzer

Key = tuple[str, ...]
"""The terms of a phrase: what two ways to write a label have in common."""

_KEPT = 20_000


@dataclass(frozen=True)
class Wording:
    """A vocabulary as one language's analysis sees it."""

    vocabulary: Vocabulary
    analyzer: Analyzer
    _keys: dict[str, Key] = field(default_factory=dict, repr=False)

    def key(self, text: str) -> Key:
        """Return the terms of a phrase; the same phrases come again and again."""
        known = self._keys.get(text)
        if known is None:
            if len(self._keys) >= _KEPT:
                self._keys.clear()
            known = self._keys[text] = tuple(self.analyzer.terms(text))
        return known

    def label(self, facet: Facet, text: str) -> str | None:
        """Return the vocabulary's label for a whole phrase, None where it has none."""
        return self._phrases.get(self.key(text), {}).get(facet)

    def found(self, terms: Sequence[str]) -> list[tuple[Facet, str]]:
        """Return the labels whose phrases stand in analysed text, longest first at each place."""
        out: list[tuple[Facet, str]] = []
        place = 0
        while place < len(terms):
            longest = min(self._longest.get(terms[place], 0), len(terms) - place)
            for length in range(longest, 0, -1):
                if labels := self._phrases.get(tuple(terms[place : place + length])):
                    out += labels.items()
                    break
            else:
                length = 1
            place += length
        return list(dict.fromkeys(out))

    @cached_property
    def _phrases(self) -> dict[Key, dict[Facet, str]]:
        """A label's own name outranks another label's other word for it."""
        phrases: dict[Key, dict[Facet, str]] = defaultdict(dict)
        for term in self.vocabulary.terms:
            if key := self.key(term.label):
                phrases[key].setdefault(term.facet, term.label)
        for term in self.vocabulary.terms:
            for wording in term.wordings:
                if key := self.key(wording):
                    phrases[key].setdefault(term.facet, term.label)
        return dict(phrases)

    @cached_property
    def _longest(self) -> dict[str, int]:
        """The length of the longest phrase that begins with a term."""
        longest: dict[str, int] = {}
        for key in self._phrases:
            longest[key[0]] = max(longest.get(key[0], 0), len(key))
        return longest
