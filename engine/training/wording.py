"""How people speak of clothes: other words for what they ask for, and whole sentences.

Knows nothing of pins or vectors. A word covers the values of an attribute that it may mean; a pin
that has one of them has the fact `called=WORD`, so that one text fits all that it may mean.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path

Words = Mapping[str, tuple[str, ...]]

_READ = json.loads((Path(__file__).parent / "lexicon.json").read_text(encoding="utf-8"))


def _covers(name: str) -> Words:
    return {word: tuple(covers) for word, covers in _READ[name].items()}


def _list(name: str) -> tuple[str, ...]:
    return tuple(_READ[name])


KINDS, COLOURS = _covers("kinds"), _covers("colours")
WEARERS, OCCASIONS = _covers("wearers"), _covers("occasions")
# Said often, and true of anything.
_ANY, _NICE = _list("anything"), _list("praise")
_FRAMES, _THING = _list("frames"), _list("things")
# Words of any sentence. Sprinkled among the others, they learn to weigh nothing.
_LIGHT = _list("light")
_MOST_LIGHT = 6


def called(values: Mapping[str, str]) -> list[str]:
    """Return every word that may mean a pin with these attribute values."""
    found: list[str] = []
    for key, words in _LEXICON.items():
        value = values.get(key, "")
        found += [word for word, covers in words.items() if value and value in covers]
    return found


_LEXICON: Mapping[str, Words] = {
    "articleType": KINDS,
    "baseColour": COLOURS,
    "gender": WEARERS,
    "usage": OCCASIONS,
}


def _words_for(key: str, value: str) -> list[str]:
    return [word for word, covers in _LEXICON[key].items() if value in covers]


class Sentence:
    """One free wording of a pin's attributes, put together part by part; `facts` are its claims."""

    def __init__(self, values: Mapping[str, str], rng: random.Random) -> None:
        self._values, self._rng = values, rng
        self.facts: list[tuple[str, str]] = []
        self.text = self._say()

    def _pick(self, key: str, chance: float, plain: float) -> str:
        """Name a value by another word, or by itself with probability `plain`, or not at all."""
        value = self._values.get(key, "")
        if not value or self._rng.random() >= chance:
            return ""
        words = _words_for(key, value)
        if not words or self._rng.random() < plain:
            self.facts.append((key, value))
            return value.lower()
        word = self._rng.choice(words)
        self.facts.append(("called", word))
        return word

    def _say(self) -> str:
        rng = self._rng
        kind = self._pick("articleType", 0.9, 0.5)
        colour = self._pick("baseColour", 0.7, 0.65)
        wearer = self._pick("gender", 0.4, 0.0)
        occasion = self._pick("usage", 0.2, 0.0)
        if not kind:
            thing = rng.choice(_THING)
            body = f"{thing} {'in ' if rng.random() < 0.3 else ''}{colour}" if colour else thing
        elif colour and rng.random() < 0.25:
            body = f"{kind} in {colour}"
        elif colour and rng.random() < 0.1:
            body = f"{colour} coloured {kind}"
        else:
            body = f"{colour} {kind}".strip()
        if rng.random() < 0.2 and kind:
            body = f"{rng.choice(_NICE)} {body}"
        if rng.random() < 0.2 and kind:
            body = f"a {body}"
        tail = [f"for {wearer}"] if wearer else []
        tail += [occasion] if occasion else [rng.choice(_ANY)] if rng.random() < 0.2 else []
        rng.shuffle(tail)
        text = rng.choice(_FRAMES).format(" ".join([body, *tail]))
        return self._sprinkled(text) if rng.random() < 0.5 else text

    def _sprinkled(self, text: str) -> str:
        """Put light words before and after what is asked for, which stays in one piece."""
        words = self._rng.choices(_LIGHT, k=self._rng.randint(1, _MOST_LIGHT))
        cut = self._rng.randint(0, len(words))
        return " ".join([*words[:cut], text, *words[cut:]])
