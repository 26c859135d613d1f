"""How people ask for clothes in speech: by use, by body part, for whom, beside other things.

A grammar over `speech.json`. Knows nothing of pictures or vectors. An utterance claims values of
attributes; whatever else it names (what to wear with it, what it shall replace) it does not ask
for.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.training.wording import COLOURS, KINDS

Claim = tuple[str, frozenset[str]]
Sayings = dict[str, list[tuple[str, frozenset[str]]]]
"""By a value: what it is called, and all the values that may be called so."""

_READ = json.loads((Path(__file__).parent / "speech.json").read_text(encoding="utf-8"))


def _by_value(told: Iterable[tuple[str, Iterable[str]]]) -> Sayings:
    """Index sayings, each with the values that it may mean, by each of these values."""
    found: Sayings = {}
    for saying, covers in told:
        values = frozenset(covers)
        for value in values:
            found.setdefault(value, []).append((saying, values))
    return found


def _table(name: str) -> list[tuple[str, list[str]]]:
    return [(saying, covers.split("|")) for covers, told in _READ[name].items() for saying in told]


NAMES = _by_value([*_table("names"), *KINDS.items()])
USES = _by_value(_table("does"))
TINTS = _by_value([*_table("colours"), *COLOURS.items()])
_WEARERS: Mapping[str, Sequence[str]] = {
    "Men": _READ["men"],
    "Women": _READ["women"],
    "Boys": _READ["boys"],
    "Girls": _READ["girls"],
}
_IN_SHORT: Mapping[str, Sequence[str]] = _READ["in short"]
_HE, _SHE = ("he", "him", "his"), ("she", "her", "her")
_PRONOUNS = {"Men": _HE, "Boys": _HE, "Women": _SHE, "Girls": _SHE}
_TALK = (0.15, 0.5, 1.0)
"""How much is said beside what is asked for; one is drawn for each request."""
_SPEAKER, _LISTENER = ("i", "me", "my"), ("you", "you", "your")


@dataclass(frozen=True, slots=True)
class Utterance:
    """A request and what it claims: attribute to the values that answer."""

    text: str
    claims: tuple[Claim, ...]


@dataclass
class _Draft:
    """A request in the making: parts of the sentence, and who is spoken of."""

    values: Mapping[str, str]
    pronouns: tuple[str, str, str] = _SPEAKER
    claims: dict[str, frozenset[str]] = field(default_factory=dict)
    body: str = ""
    tail: list[str] = field(default_factory=list)
    late: str = ""
    front: str = ""

    def value(self, key: str) -> str:
        return self.values.get(key, "")

    def claim(self, key: str, values: frozenset[str]) -> None:
        """Claim values of an attribute; what is said twice narrows."""
        self.claims[key] = self.claims[key] & values if key in self.claims else values

    def own(self, key: str) -> None:
        self.claim(key, frozenset((self.value(key),)))

    def fill(self, saying: str) -> str:
        """Put the pronouns in; who says "his" tells of a man."""
        if "{" in saying and self.pronouns is _PRONOUNS.get(self.value("gender")):
            self.own("gender")
        he, him, his = self.pronouns
        return saying.format(he=he, him=him, his=his)


class Speaker:
    """Says one way to ask for a pin after another; chances are those of `rng`.

    Some requests are in as few words as people type, others tell a story.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._talk = 1.0

    def utter(self, values: Mapping[str, str]) -> Utterance:
        """Ask for something with these attributes, of which some are claimed."""
        draft = _Draft(values)
        self._talk = self._rng.choice(_TALK)
        wearer = self._whose(draft)
        named = self._thing(draft)
        self._tint(draft, named)
        if self._adds(0.28):
            self._praise(draft, named)
        self._occasion(draft)
        self._wearer(draft, wearer)
        return Utterance(self._sentence(draft), tuple(draft.claims.items()))

    def _luck(self, chance: float) -> bool:
        return self._rng.random() < chance

    def _adds(self, chance: float) -> bool:
        """Tell whether to say what could be left out."""
        return self._rng.random() < chance * self._talk

    def _any(self, name: str) -> str:
        return str(self._rng.choice(_READ[name]))

    def _saying(self, found: Sequence[tuple[str, frozenset[str]]]) -> tuple[str, frozenset[str]]:
        """Draw a saying; the fewer values it may mean, the likelier."""
        return self._rng.choices(found, [len(values) ** -0.5 for _, values in found])[0]

    def _whose(self, draft: _Draft) -> str:
        """Choose how the wearer is told of: by a noun, `short`, or not at all."""
        gender = draft.value("gender")
        draft.pronouns = _SPEAKER if self._luck(0.7) else _LISTENER
        if gender not in _IN_SHORT:
            return ""
        if not self._luck(0.72):
            if gender in _PRONOUNS and self._luck(0.12):
                draft.pronouns = _PRONOUNS[gender]
            return ""
        draft.own("gender")
        draft.pronouns = _PRONOUNS.get(gender, draft.pronouns)
        if gender in _WEARERS and self._luck(0.62):
            return self._rng.choice(_WEARERS[gender])
        return "short"

    def _thing(self, draft: _Draft) -> bool:
        """Name the kind or tell what it is for; return whether it is named."""
        kind = draft.value("articleType")
        told = USES.get(kind, [])
        if kind and not (told and self._luck(0.42)):
            if kind in NAMES and self._luck(0.7):
                draft.body, covers = self._saying(NAMES[kind])
                draft.claim("articleType", covers)
            else:
                draft.body = kind.lower()
                draft.own("articleType")
            if told and self._adds(0.18):
                self._use(draft, told)
            return True
        draft.body = self._any("things" if self._luck(0.75) else "garments")
        if told:
            self._use(draft, told)
            if self._adds(0.25):
                self._use(draft, told)
        return False

    def _use(self, draft: _Draft, told: Sequence[tuple[str, frozenset[str]]]) -> None:
        saying, covers = self._saying(told)
        draft.tail.append(draft.fill(saying))
        draft.claim("articleType", covers)

    def _tint(self, draft: _Draft, named: bool) -> None:
        colour, head = draft.value("baseColour"), draft.body
        if not colour or not self._luck(0.82):
            return
        if colour in TINTS and self._luck(0.45):
            tint, covers = self._saying(TINTS[colour])
            draft.claim("baseColour", covers)
        else:
            tint = colour.lower()
            draft.own("baseColour")
        way = self._rng.random()
        if tint.startswith("the "):
            draft.body = f"{head} in {tint}"
        elif tint.startswith("in ") or (way < 0.6 and head.startswith(("some", "any"))):
            draft.body = f"{head} {tint}"
        elif way < 0.6:
            draft.body = f"{tint} {head if named else head.removeprefix('a ')}"
        elif way < 0.75:
            draft.body = f"{head} in {tint}"
        elif way < 0.8:
            draft.body = f"{tint} coloured {head}"
        elif way < 0.83:
            draft.body = f"{head} that is {tint}"
        else:
            draft.late = self._any("colour last").format(tint)

    def _praise(self, draft: _Draft, named: bool) -> None:
        word = self._any("praise")
        if draft.body in ("something", "anything"):
            draft.body = f"{draft.body} {word}"
        elif named:
            draft.body = f"{word} {draft.body}"

    def _occasion(self, draft: _Draft) -> None:
        """Say when or where, in what detail, and beside what it will be worn."""
        use, season = draft.value("usage"), draft.value("season")
        if use in _READ["usage"] and self._adds(0.3):
            draft.tail.append(self._rng.choice(_READ["usage"][use]))
            # Seldom is an occasion no more than that: a suit's shirt may be casual.
            if self._luck(0.85):
                draft.own("usage")
        elif season in _READ["season"] and self._adds(0.05):
            draft.tail.append(self._rng.choice(_READ["season"][season]))
        elif self._adds(0.25):
            draft.tail.append(self._any("anywhere"))
        if self._adds(0.2):
            draft.tail.append(self._any("detail"))
        if self._adds(0.16):
            draft.tail.append(self._beside(draft.value("articleType")))

    def _beside(self, kind: str) -> str:
        """Name another thing, which is not asked for."""
        other = self._rng.choice([each for each in NAMES if each != kind])
        thing = other.lower() if self._luck(0.4) else self._rng.choice(NAMES[other])[0]
        if self._luck(0.6):
            thing = f"{self._rng.choice(list(TINTS)).lower()} {thing}"
        return self._any("beside").format(thing)

    def _wearer(self, draft: _Draft, wearer: str) -> None:
        """Say for whom, before or after what is asked for, or within."""
        after = ""
        if wearer == "short":
            after = self._in_short(draft)
        elif wearer:
            whose = self._rng.choice(("my", "my", "my", "a", "our", "the", "your", "his", "her"))
            way = self._rng.random()
            person = f"{whose} {wearer}"
            if way < 0.5:
                after = f"for {person}"
            elif way < 0.72:
                draft.front = f"{person} {self._any('wants')}"
            elif way < 0.78:
                draft.front = self._any("for whom first").format(person)
            elif way < 0.86:
                after = self._any("for whom last").format(person)
            elif way < 0.93:
                draft.body = f"{person if self._luck(0.3) else wearer}'s {draft.body}"
            else:
                after = f"for {wearer.removesuffix('s')}s"
        elif self._adds(0.12):
            after = f"for {self._rng.choice(('a', 'my'))} {self._any('anyone')}"
        if after:
            draft.tail.insert(self._rng.randint(0, len(draft.tail)), after)
        if self._luck(0.15):
            self._rng.shuffle(draft.tail)

    def _in_short(self, draft: _Draft) -> str:
        """Say the gender by a word, put where it can stand; return what comes after."""
        word = self._rng.choice(_IN_SHORT[draft.value("gender")])
        way = self._rng.random()
        if " " in word or word in ("him", "her", "anyone", "everybody"):
            return f"for {word}"
        if word in ("he", "she", "hers"):
            draft.late += f", {word}"
        elif way < 0.4:
            draft.body = f"{word} {draft.body}"
        elif way < 0.65:
            return f"for {word}"
        elif way < 0.8:
            draft.late += f", {word}"
        elif way < 0.9:
            draft.late += f" ({word})"
        else:
            draft.front = word
        return ""

    def _sentence(self, draft: _Draft) -> str:
        reason = self._reason(draft) if self._adds(0.12) else ""
        parts = [draft.body, *draft.tail]
        if draft.tail and self._luck(0.07):
            parts = [f"{draft.tail[0]},", draft.body, *draft.tail[1:]]
        text = " ".join(parts) + draft.late
        if draft.late and self._luck(0.3):
            text = " ".join([draft.body + draft.late, *draft.tail])
        if draft.front:
            text = f"{draft.front} {text}"
        elif self._adds(0.55):
            text = f"{self._any('openers')} {text}"
        if reason:
            text = f"{reason}, {text}" if self._luck(0.6) else f"{text}, {reason}"
        if self._adds(0.15):
            text += f"{self._rng.choice((' ', ', '))}{self._any('closers')}"
        return text

    def _reason(self, draft: _Draft) -> str:
        use, season = draft.value("usage"), draft.value("season")
        told: Mapping[str, Sequence[str]] = _READ["reasons"]
        keys = [key for key in (f"usage={use}", f"season={season}", "") if key in told]
        key = self._rng.choice(keys)
        if key.startswith("usage"):
            draft.own("usage")
        return draft.fill(self._rng.choice(told[key]))
