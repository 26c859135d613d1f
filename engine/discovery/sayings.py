"""What a pin's own words say its picture shows: labels by facet, out of attributes and texts.

Knows nothing of the picture, of neighbours and of scores.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from engine.discovery.wording import Key, Wording
from engine.pins import Pin
from engine.store.records import Record, StoredPin

Facet = Literal["kind", "product", "place", "style", "colour"]
Naming = Literal["attribute", "title"]

FACETS: Final[tuple[Facet, ...]] = get_args(Facet)
# Names that collections give to attributes, in lower case and without separators.
ATTRIBUTES: Final[Mapping[str, Facet]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("kind", "type", "articletype", "producttype", "class", "object", "species", "holds"),
            "kind",
        ),
        **dict.fromkeys(("product", "productname", "model"), "product"),
        **dict.fromkeys(("place", "setting", "location", "room"), "place"),
        **dict.fromkeys(("style", "usage", "occasion", "pattern", "patterns"), "style"),
        **dict.fromkeys(("colour", "color", "colours", "colors"), "colour"),
        **dict.fromkeys(("basecolour", "basecolor"), "colour"),
    }
)
# What a thing is called: where it is sold the name of a product, elsewhere that of a kind.
NAMES: Final = frozenset({"label", "name", "title"})
UNKNOWN: Final = frozenset({"na", "n/a", "none", "unknown", "other", "-"})
# A longer description tells of more than what the picture shows.
TITLE_TERMS: Final = 12
BOARD_TERMS: Final = 4
# How much words count beside an attribute that says what it is about.
WORDS: Final = 0.5


@dataclass(frozen=True)
class Saying:
    """One label that a pin's words give its picture; `weight` in (0, 1].

    key: the label's terms. known: the vocabulary's label for it, which may be another word.
    """

    facet: Facet
    label: str
    key: Key
    weight: float
    known: str | None


def is_sold(pin: Pin) -> bool:
    """Say whether a pin shows something for sale: a link alone leads anywhere."""
    return pin.price is not None or pin.merchant is not None


def sayings(pin: StoredPin, wording: Wording) -> list[Saying]:
    """Return what a pin says of each facet: what attributes name, or else the words of its texts.

    Labels of one facet share its weight.
    """
    told: dict[Facet, dict[Key, str]] = {}
    for facet, text in _attributes(pin.pin):
        if key := wording.key(text):
            told.setdefault(facet, {}).setdefault(key, text)
    read: dict[Facet, dict[Key, str]] = {}
    for facet, text in _words(pin, wording):
        if facet not in told and (key := wording.key(text)):
            read.setdefault(facet, {}).setdefault(key, text)
    return [
        Saying(facet, text, key, weight / len(labels), _known(facet, text, wording))
        for found, weight in ((told, 1.0), (read, WORDS))
        for facet, labels in found.items()
        for key, text in labels.items()
    ]


def kind_of(pin: StoredPin | Record, wording: Wording) -> str | None:
    """Return the kind of thing that a pin's attributes or its description say it shows.

    None where they say none, or attributes several. Of words it is the last: a short purple top is
    a top. What a board gathers need not be of one kind, so that says nothing.
    """
    named = {
        _known("kind", text, wording) or " ".join(wording.key(text))
        for facet, text in _attributes(pin.pin)
        if facet == "kind"
    } - {""}
    if named:
        return named.pop() if len(named) == 1 else None
    said = wording.found(pin.description_terms.split()[:TITLE_TERMS])
    kinds = [label for facet, label in said if facet == "kind"]
    return kinds[-1] if kinds else None


def name_of(pin: Pin) -> str | None:
    """Return what an attribute calls a pin's product, if one does."""
    return next((text for facet, text in _attributes(pin) if facet == "product"), None)


def product_name(pin: Pin, terms: str, wording: Wording) -> tuple[Key, Naming | None]:
    """Return what a pin for sale calls its product, and where that stands.

    terms: the description's. A title is a short description, which may only say what a thing is.
    """
    if (text := name_of(pin)) and (key := wording.key(text)):
        return key, "attribute"
    said = tuple(terms.split())
    return (said, "title") if said and len(said) <= TITLE_TERMS else ((), None)


def _attributes(pin: Pin) -> Iterator[tuple[Facet, str]]:
    for name, value in pin.attributes.items():
        plain = "".join(c for c in name.lower() if c.isalnum())
        facet = ATTRIBUTES.get(plain)
        if facet is None and plain in NAMES:
            facet = "product" if is_sold(pin) else "kind"
        if facet is None:
            continue
        for part in value.split(";"):
            text = " ".join(part.split())
            if text and text.lower() not in UNKNOWN:
                yield facet, text


def _words(pin: StoredPin, wording: Wording) -> Iterator[tuple[Facet, str]]:
    said, board = pin.description_terms.split(), pin.board_terms.split()
    title = " ".join((pin.pin.description or "").split())
    if title and is_sold(pin.pin) and len(said) <= TITLE_TERMS:
        yield "product", title
    yield from wording.found(said[:TITLE_TERMS])
    boarded = wording.found(board)
    yield from boarded
    if board and not boarded and len(board) <= BOARD_TERMS:
        yield "kind", " ".join((pin.pin.board_title or "").split())


def _known(facet: Facet, text: str, wording: Wording) -> str | None:
    # Products have names of their own, which no vocabulary lists.
    return None if facet == "product" else wording.label(facet, text)
