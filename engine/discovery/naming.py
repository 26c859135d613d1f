"""Names of groups of pins from their own words: what is said in one group and seldom in others.

Class-based TF-IDF (M. Grootendorst, "BERTopic", 2022): a word's share of the group's pins, times
log(1 + pins of a group on average / pins that say it). Knows nothing of vectors and stores.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.store.vocabulary import words_of

NAMED = 3
WORDS = 8
# A word that fewer of a group's pins say names a few of them, not the group.
LEAST_SHARE = 0.02


@dataclass
class Wording:
    """How many pins of each group say each word, and how many say anything.

    stem: joins the forms of a word; stops: what tells nothing.
    """

    groups: int
    stem: Callable[[str], str]
    said: list[Counter[str]] = field(default_factory=list)
    forms: dict[str, Counter[str]] = field(default_factory=dict)
    texts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.said = [Counter() for _ in range(self.groups)]
        self.texts = [0] * self.groups

    def add(self, group: int, text: str) -> None:
        """Count a pin's text."""
        if not text:
            return
        self.texts[group] += 1
        stems = set()
        for word in words_of(text):
            if stem := self.stem(word):
                stems.add(stem)
                self.forms.setdefault(stem, Counter())[word] += 1
        self.said[group].update(stems)

    def names(self) -> list[list[str]]:
        """Return the telling words of each group, as people write them, most telling first."""
        everywhere: Counter[str] = Counter()
        for each in self.said:
            everywhere.update(each)
        average = sum(self.texts) / max(1, self.groups)
        out = []
        for said, texts in zip(self.said, self.texts, strict=True):
            worth = {
                stem: pins / texts * float(np.log1p(average / everywhere[stem]))
                for stem, pins in said.items()
                if pins >= max(1, LEAST_SHARE * texts)
            }
            best = sorted(worth, key=lambda stem: (-worth[stem], stem))[:WORDS]
            out.append([self.forms[stem].most_common(1)[0][0] for stem in best])
        return out


def name_of(words: Sequence[str]) -> str:
    """Return a name of a few words."""
    return ", ".join(words[:NAMED])
