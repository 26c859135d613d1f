"""A query as a value: signed parts, a crop, a filter. Knows nothing of vectors or stores."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from engine.errors import BadCrop, BadFilter, BadPin, BadQuery
from engine.pins import decimal, is_text, moment

MAX_QUERY_TEXT = 1_000
MAX_PARTS = 16
MAX_WEIGHT = 10.0
# What words to move away from weigh.
MINUS = -0.5
MAX_LIMIT = 200
MAX_OFFSET = 10_000
MAX_BOARDS = 1_000
MAX_TOLD = 1_000

_NO_CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType({})
KEYWORD_KEYS = ("board_title", "merchant", "currency", "language")


@dataclass(frozen=True)
class Crop:
    """A box in fractions of the upright picture, origin top left."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def parse(cls, text: str) -> "Crop":
        """Read `x,y,w,h`; raise BadCrop unless it is a box of some size inside the picture."""
        try:
            x, y, width, height = (float(part) for part in text.split(","))
        except ValueError:
            raise BadCrop(f"crop {text[:40]!r} is not x,y,w,h such as 0.1,0.2,0.5,0.5") from None
        return cls(x, y, width, height)

    def __str__(self) -> str:
        return f"{self.x:g},{self.y:g},{self.width:g},{self.height:g}"

    def __post_init__(self) -> None:
        box = (self.x, self.y, self.width, self.height)
        slack = 1e-6
        inside = (
            all(math.isfinite(side) for side in box)
            and self.x >= 0
            and self.y >= 0
            and self.width > 0
            and self.height > 0
            and self.x + self.width <= 1 + slack
            and self.y + self.height <= 1 + slack
        )
        if not inside:
            shown = ",".join(f"{side:g}" for side in box)
            raise BadCrop(
                f"crop {shown} is not inside the picture: x,y,w,h are fractions from 0 to 1, "
                "w and h above 0, x+w and y+h at most 1"
            )


@dataclass(frozen=True)
class Part:
    """One thing to look for (weight above 0) or to move away from (below 0).

    value: the words of a text, the bytes of an image file, or the id of a pin.
    """

    kind: Literal["text", "image", "pin"]
    value: str | bytes
    weight: float = 1.0
    crop: Crop | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.weight) or not 0 < abs(self.weight) <= MAX_WEIGHT:
            raise BadQuery(f"weight {self.weight:g} must be within ±{MAX_WEIGHT:g} and not 0")
        if self.kind == "text":
            if not isinstance(self.value, str) or not self.value.strip():
                raise BadQuery("the text of a query is empty: give at least one word")
            if len(self.value) > MAX_QUERY_TEXT:
                raise BadQuery(
                    f"the text of a query has {len(self.value):,} characters; "
                    f"the limit is {MAX_QUERY_TEXT:,}: shorten it"
                )
            if not is_text(self.value):
                raise BadQuery("the text of a query is not valid Unicode: send it as UTF-8")
            if self.crop is not None:
                raise BadQuery("a crop belongs to an image or a pin, not to words")


@dataclass(frozen=True)
class Filter:
    """Which pins may be answered; every constraint must hold, any of its values will do.

    fields: exact values of `board_title`, `merchant`, `currency`, `language`.
    attributes: exact values by attribute name.
    price, created_at: inclusive bounds, None for an open side.
    """

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NO_CHOICES)
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NO_CHOICES)
    price: tuple[Decimal | None, Decimal | None] | None = None
    created_at: tuple[datetime | None, datetime | None] | None = None
    has_text: bool | None = None

    def __bool__(self) -> bool:
        given = (self.price, self.created_at, self.has_text)
        return bool(self.fields or self.attributes) or any(item is not None for item in given)


def parse_filter(pairs: Mapping[str, object]) -> Filter:
    """Read `{"board_title": "a,b", "price": "10..50", "attributes.kind": ["lamp"]}` into a Filter.

    A string is split at commas; a list is taken as it is. `board` is short for `board_title`.
    """
    fields: dict[str, tuple[str, ...]] = {}
    attributes: dict[str, tuple[str, ...]] = {}
    price: tuple[Decimal | None, Decimal | None] | None = None
    created: tuple[datetime | None, datetime | None] | None = None
    has_text: bool | None = None
    for key, value in pairs.items():
        if key == "price":
            low, high = _range(key, value)
            price = (_amount(low), _amount(high))
            _ordered(key, price[0], price[1])
        elif key == "created_at":
            low, high = _range(key, value)
            created = (_moment(low), _moment(high, whole_day=True))
            _ordered(key, created[0], created[1])
        elif key == "has_text":
            has_text = _truth(value)
        elif key.startswith("attributes.") and len(key) > len("attributes."):
            attributes[key.removeprefix("attributes.")] = _choices(key, value)
        elif key == "board" or key in KEYWORD_KEYS:
            fields["board_title" if key == "board" else key] = _choices(key, value)
        else:
            known = ", ".join((*KEYWORD_KEYS, "price", "created_at", "has_text", "attributes.NAME"))
            raise BadFilter(f"filter key {key[:40]!r} is unknown; known keys: {known}")
    return Filter(MappingProxyType(fields), MappingProxyType(attributes), price, created, has_text)


def split_filter(text: str) -> tuple[str, str]:
    """Split `key=value` as typed on a command line or in a URL."""
    key, separator, value = text.partition("=")
    if not separator or not key.strip() or not value.strip():
        raise BadFilter(f"filter {text[:60]!r} is not key=value, such as price=10..50")
    return key.strip(), value.strip()


def _choices(key: str, value: object) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise BadFilter(f"filter {key}: give text, or a list of texts")
    if not all(is_text(item) for item in items):
        raise BadFilter(f"filter {key} is not valid Unicode: send it as UTF-8")
    kept = tuple(item.strip() for item in items if item.strip())
    if not kept:
        raise BadFilter(f"filter {key}: give at least one value")
    if len(kept) > 100:
        raise BadFilter(f"filter {key} has {len(kept)} values; the limit is 100")
    return kept


def _range(key: str, value: object) -> tuple[str, str]:
    if isinstance(value, list | tuple) and len(value) == 2:
        low, high = ("" if side is None else str(side) for side in value)
    elif isinstance(value, str) and ".." in value:
        low, _, high = value.partition("..")
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        low = high = str(value)
    else:
        raise BadFilter(f"filter {key}: write a range such as 10..50, 10.. or ..50")
    if not low.strip() and not high.strip():
        raise BadFilter(f"filter {key}: the range is open on both sides; give one bound")
    return low.strip(), high.strip()


def _amount(text: str) -> Decimal | None:
    try:
        return decimal(text) if text else None
    except BadPin as error:
        raise BadFilter(f"filter {error}") from None


def _moment(text: str, *, whole_day: bool = False) -> datetime | None:
    try:
        found = moment(text) if text else None
    except BadPin as error:
        raise BadFilter(f"filter created_at: {error}") from None
    if found is not None and whole_day and len(text) == len("2026-01-31"):
        found += timedelta(days=1, microseconds=-1)  # "up to that day" includes it
    return found


def _ordered(key: str, low: Decimal | datetime | None, high: Decimal | datetime | None) -> None:
    if low is not None and high is not None and low > high:  # type: ignore[operator]
        raise BadFilter(f"filter {key}: the lower bound is above the upper one")


def _truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    word = str(value).strip().lower()
    if word not in words:
        raise BadFilter("filter has_text: write yes or no")
    return words[word]


@dataclass(frozen=True)
class For:
    """For whom something is asked: ids of pins that the person liked and hid, oldest first.

    strength: how much that counts in a search, from 0 (not at all) to 1.
    person: the id of somebody whose likes and hides are kept, to which these are added.
    """

    likes: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    strength: float = 0.5
    person: str | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.strength <= 1.0:  # also false for what is no number
            raise BadQuery(f"strength {self.strength:g} is out of range: 0 for none, up to 1")
        for name, pins in (("likes", self.likes), ("hides", self.hides)):
            if len(pins) > MAX_TOLD:
                raise BadQuery(f"{name} has {len(pins):,} pins; the limit is {MAX_TOLD:,}")


@dataclass(frozen=True)
class Query:
    """What is asked: signed parts, a filter, and which page of the answer to show.

    min_relevance: leave out pins that are less likely than this to be what is asked; 0 to 1.
    collapse: of pins that show nearly the same picture, answer with the best alone.
    diversity: how much unlikeness to the hits before counts against relevance; 0 to 1.
    person: for whom it is asked, None for anybody.
    cursor: the `next` of the page before, as it was sent; `offset` and `seen` are read from it.
    seen: marks of the pins on the pages before, see `engine/retrieval/cursors.py`.
    """

    parts: tuple[Part, ...]
    filter: Filter = field(default_factory=Filter)
    limit: int = 20
    offset: int = 0
    explain: bool = False
    min_relevance: float = 0.0
    collapse: bool = True
    diversity: float = 0.0
    person: For | None = None
    cursor: str | None = None
    seen: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if not 0.0 <= self.min_relevance <= 1.0:  # also false for what is no number
            raise BadQuery(f"min_relevance {self.min_relevance:g} is a probability, from 0 to 1")
        if not self.parts:
            raise BadQuery("the query is empty: give words, a picture or a pin to look for")
        if len(self.parts) > MAX_PARTS:
            raise BadQuery(f"the query has {len(self.parts)} parts; the limit is {MAX_PARTS}")
        if all(part.weight < 0 for part in self.parts):
            raise BadQuery("the query only subtracts: give at least one thing to look for")
        check_page(self.limit, self.offset)
        check_diversity(self.diversity)


def check_boards(limit: int) -> None:
    """Raise BadQuery unless so many boards may be listed."""
    if not 1 <= limit <= MAX_BOARDS:
        raise BadQuery(f"limit {limit} is out of range: 1 to {MAX_BOARDS:,}")


def check_diversity(diversity: float) -> None:
    """Raise BadQuery unless so much diversity may be asked for."""
    if not 0.0 <= diversity <= 1.0:  # also false for what is no number
        raise BadQuery(f"diversity {diversity:g} is out of range: 0 for none, up to 1")


def check_page(limit: int, offset: int) -> None:
    """Raise BadQuery unless the page is within the limits."""
    if not 1 <= limit <= MAX_LIMIT:
        raise BadQuery(f"limit {limit} is out of range: 1 to {MAX_LIMIT}")
    if not 0 <= offset <= MAX_OFFSET:
        raise BadQuery(f"offset {offset} is out of range: 0 to {MAX_OFFSET:,}")
