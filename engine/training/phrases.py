"""What a training pin can be called: a phrase and the facts that a picture must have to fit it.

Knows nothing of vectors. A fact is `set:key=value`; a phrase fits every picture that has all of
its facts, so one step sees many right pictures for one text.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.training.pins import TrainingPin
from engine.training.wording import Sentence, called

Descriptions = Mapping[str, Sequence[str]]

_GENDER = {
    "Men": ("men", "men", "men's", "man"),
    "Women": ("women", "women", "women's", "woman", "ladies"),
    "Boys": ("boys", "boys", "boy", "kids"),
    "Girls": ("girls", "girls", "girl", "kids"),
    "Unisex": ("unisex", "unisex", "men and women"),
}
_GARMENT = {
    "T-Shirt": ("t-shirt", "t shirt", "tshirt", "tee"),
    "Longsleeve": ("longsleeve", "long sleeve", "long sleeve shirt", "long sleeve top"),
    "Pants": ("pants", "trousers", "pair of pants"),
    "Shoes": ("shoes", "pair of shoes", "footwear"),
    "Outwear": ("outwear", "outerwear", "jacket", "coat"),
    "Hat": ("hat", "cap", "headwear"),
    "Polo": ("polo", "polo shirt"),
    "Undershirt": ("undershirt", "tank top", "vest"),
    "Body": ("body", "baby bodysuit", "bodysuit"),
    "Hoodie": ("hoodie", "hooded sweatshirt"),
}
_OBJECT_FRAMES = (
    "{}", "{}", "{}", "a {}", "a photo of a {}", "a picture of a {}", "the {}", "photo of {}",
    "show me a {}", "looking for a {}", "what does a {} look like",
)  # fmt: skip
_GARMENT_FRAMES = ("{}", "{}", "a {}", "photo of a {}", "{} on a plain background", "used {}")
_GROCERY_FRAMES = (
    "{}", "{}", "{}", "a photo of {}", "{} in a shop", "{} on a supermarket shelf", "some {}",
    "where can i buy {}", "i need {}", "a pack of {}",
)  # fmt: skip
_WORD = re.compile(r"[a-z0-9]+")
_WORD_STOP = frozenset({"a", "an", "the", "of", "in", "on", "and", "for", "with", "photo"})
_TITLES, _BOARDS = 0.12, 0.06
# Sets whose kinds overlap under different names: a phrase of one says nothing about the other.
_RELATED = frozenset({"fashion", "clothing", "drawn"})


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text, the set that it speaks of, and the facts that it claims."""

    text: str
    set_name: str
    facts: tuple[str, ...]


def related(one: str, other: str) -> bool:
    """Tell whether the sets name overlapping kinds in different words."""
    return one != other and one in _RELATED and other in _RELATED


def words(text: str) -> frozenset[str]:
    """Return the content words, without plural endings."""
    found = _WORD.findall(text.lower().replace("t-shirt", "tshirt"))
    return frozenset(_singular(word) for word in found if word not in _WORD_STOP)


def facts_of(pin: TrainingPin) -> tuple[str, ...]:
    """Return everything that is known of a picture, as facts."""
    name = pin.set_name
    facts = [f"{name}:{key}={pin.attribute(key)}" for key in (pin.attributes or {})]
    if pin.board_title:
        facts.append(f"{name}:board={pin.board_title}")
    if name == "fashion":
        facts += [f"{name}:called={word}" for word in called(pin.attributes or {})]
    if pin.description:
        facts.append(f"{name}:title={pin.description}")
    facts.append(f"{name}:picture={pin.digest}")
    return tuple(fact for fact in facts if not fact.endswith("="))


def kind_words(pin: TrainingPin) -> frozenset[str]:
    """Return the words that name what a picture shows."""
    named = [pin.attribute(key) for key in ("label", "articleType", "kind")]
    return words(" ".join([*named, pin.board_title if pin.set_name == "grocery" else ""]))


def phrase_for(
    pin: TrainingPin, descriptions: Descriptions, rng: random.Random, free: float = 0.0
) -> Phrase:
    """Draw one way to call a pin.

    `descriptions` maps a lower-case class name to sentences on what it looks like; `free` is how
    often fashion is told of in free wording, at most .82.
    """
    if pin.set_name == "fashion":
        return _fashion(pin, rng, free)
    if pin.set_name == "flickr":
        return Phrase(rng.choice(pin.captions), "flickr", (f"flickr:picture={pin.digest}",))
    if pin.set_name == "drawn":
        return _drawn(pin, rng)
    return _labelled(pin, descriptions, rng)


def _fashion(pin: TrainingPin, rng: random.Random, free: float) -> Phrase:
    names = ("articleType", "baseColour", "gender", "usage", "season", "subCategory")
    draw = rng.random()
    if draw < free:
        return _freely(pin, names, rng) or _briefly(pin, names, rng)
    if draw > 1 - _TITLES and pin.description:
        return Phrase(pin.description, "fashion", _claims(pin, names[:3]))
    if draw > 1 - _TITLES - _BOARDS and pin.board_title:
        return Phrase(pin.board_title, "fashion", (f"fashion:board={pin.board_title}",))
    return _briefly(pin, names, rng)


def _freely(pin: TrainingPin, names: Sequence[str], rng: random.Random) -> Phrase | None:
    sentence = Sentence({name: pin.attribute(name) for name in names}, rng)
    claims = tuple(f"fashion:{key}={value}" for key, value in sentence.facts)
    return Phrase(sentence.text, "fashion", claims) if claims else None


def _briefly(pin: TrainingPin, names: Sequence[str], rng: random.Random) -> Phrase:
    kind, colour, gender, use, season, family = (pin.attribute(name) for name in names)
    claimed: list[str] = []
    parts: list[str] = []
    tail = ""
    if gender and rng.random() < 0.6:
        claimed.append("gender")
        who = rng.choice(_GENDER[gender])
        if rng.random() < 0.25:
            tail = f" for {who.removesuffix(chr(39) + 's')}"
        else:
            parts.append(who)
    if use and rng.random() < 0.15:
        claimed.append("usage")
        parts.append(use.lower())
    if season and rng.random() < 0.06:
        claimed.append("season")
        parts.append(season.lower())
    if colour and rng.random() < 0.75:
        claimed.append("baseColour")
        parts.append(colour.lower())
    if family and rng.random() < 0.1:
        claimed.append("subCategory")
        parts.append(family.lower())
    elif kind and (rng.random() < 0.92 or not parts):
        claimed.append("articleType")
        parts.append(_plural_or_not(kind.lower(), rng))
    if rng.random() < 0.1:
        rng.shuffle(parts)
    return Phrase(" ".join(parts) + tail, "fashion", _claims(pin, claimed))


def _labelled(pin: TrainingPin, descriptions: Descriptions, rng: random.Random) -> Phrase:
    label, name = pin.attribute("label"), pin.set_name
    facts = (f"{name}:label={label}",)
    if name == "clothing":
        called = rng.choice(_GARMENT.get(label, (label.lower(),)))
        return Phrase(rng.choice(_GARMENT_FRAMES).format(called), name, facts)
    if name == "grocery":
        draw = rng.random()
        if draw < 0.15 and pin.description:
            return Phrase(_sentence(pin.description, rng), name, facts)
        if 0.15 <= draw < 0.30 and pin.board_title:
            frame = rng.choice(_GROCERY_FRAMES)
            return Phrase(frame.format(pin.board_title), name, (f"{name}:board={pin.board_title}",))
        called = label if draw < 0.75 else f"{label} {pin.board_title}".strip()
        return Phrase(rng.choice(_GROCERY_FRAMES).format(called), name, facts)
    told = descriptions.get(label.lower())
    if told and rng.random() < 0.3:
        return Phrase(rng.choice(told).strip(), name, facts)
    return Phrase(rng.choice(_OBJECT_FRAMES).format(label), name, facts)


def _drawn(pin: TrainingPin, rng: random.Random) -> Phrase:
    draw = rng.random()
    if draw < 0.25 and pin.description:
        return Phrase(pin.description, "drawn", _told(pin))
    if draw < 0.32 and pin.board_title:
        return Phrase(pin.board_title, "drawn", (f"drawn:board={pin.board_title}",))
    claimed: list[str] = []
    parts: list[str] = []
    for key, chance in (("colour", 0.65), ("pattern", 0.45)):
        if pin.attribute(key) and rng.random() < chance:
            claimed.append(key)
            parts.append(pin.attribute(key))
    if rng.random() < 0.92 or not parts:
        claimed.append("kind")
        parts.append(_plural_or_not(pin.attribute("kind"), rng))
        if pin.attribute("scene"):
            claimed.append("scene")
            parts.append(pin.attribute("scene"))
    text = " ".join(parts)
    if pin.attribute("setting") and rng.random() < 0.2:
        claimed.append("setting")
        setting = pin.attribute("setting")
        text = rng.choice(("{1} {0}", "{0} in {1}", "{0} {1}")).format(text, setting)
    return Phrase(text.lower(), "drawn", _claims(pin, claimed))


def _told(pin: TrainingPin) -> tuple[str, ...]:
    """Return what a drawn pin's title claims: its kind, and each attribute that it spells out."""
    if pin.attribute("scene"):
        return (f"{pin.set_name}:title={pin.description}",)
    spoken = words(pin.description)
    spelt = [key for key in ("colour", "pattern", "setting") if words(pin.attribute(key)) <= spoken]
    return _claims(pin, ["kind", *spelt])


def _claims(pin: TrainingPin, keys: Sequence[str]) -> tuple[str, ...]:
    facts = tuple(
        f"{pin.set_name}:{key}={pin.attribute(key)}" for key in keys if pin.attribute(key)
    )
    return facts or (f"{pin.set_name}:picture={pin.digest}",)


def _sentence(text: str, rng: random.Random) -> str:
    sentences = [part.strip() for part in re.split(r"(?<=[.!?])\s+", text) if part.strip()]
    return rng.choice(sentences) if sentences else text


def _plural_or_not(kind: str, rng: random.Random) -> str:
    if rng.random() >= 0.25:
        return kind
    head, _, last = kind.rpartition(" ")
    return f"{head} {_singular(last)}".strip()


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word
