"""What the service answers, as types. Made from its OpenAPI document: see tests/client."""

from typing import Literal, NotRequired, TypedDict


class CollapsedAnswer(TypedDict):
    """Pins with nearly the picture of a hit that answer too, and that the hit stands for."""

    count: int
    ids: list[str]


class PictureAnswer(TypedDict):
    """How large the kept picture is, in pixels."""

    width: int
    height: int


class PinAnswer(TypedDict):
    """A pin; what is not known of it is absent."""

    id: str
    image: str
    description: NotRequired[str | None]
    board_title: NotRequired[str | None]
    link: NotRequired[str | None]
    price: NotRequired[str | None]
    currency: NotRequired[str | None]
    merchant: NotRequired[str | None]
    created_at: NotRequired[str | None]
    updated_at: NotRequired[str | None]
    language: NotRequired[str | None]
    attributes: NotRequired[dict[str, str] | None]
    blocked: NotRequired[bool | None]
    withheld: NotRequired[str | None]
    duplicate_of: NotRequired[str | None]


class TextWhy(TypedDict):
    """The lexical leg: BM25 of each field, before weights."""

    description_bm25: float
    board_bm25: float
    matched_terms: dict[str, list[str]]
    rank: int | None


class RegionWhy(TypedDict):
    """A thing in the picture that matched better than the whole picture."""

    box: str
    label: str | None
    cosine: float


class ImageWhy(TypedDict):
    """The vector leg."""

    cosine: float
    rank: int | None
    region: NotRequired[RegionWhy | None]


class CalibratedWhy(TypedDict):
    """Both signals in [0, 1], ready to be mixed."""

    lexical: float
    lexical_from: str
    visual: float


class WeightsWhy(TypedDict):
    """Each signal's share in the score."""

    lexical: float
    visual: float


class WhyAnswer(TypedDict):
    """Why a hit stands where it stands."""

    found_by: list[str]
    text: TextWhy
    image: ImageWhy
    calibrated: CalibratedWhy
    mixed: float
    weights: WeightsWhy


class HitAnswer(TypedDict):
    """A pin that answers; `why` with `explain` alone, `duplicates` where there are any."""

    id: str
    score: float
    rank_score: NotRequired[float | None]
    interest: NotRequired[str | None]
    duplicates: NotRequired[CollapsedAnswer | None]
    picture: NotRequired[PictureAnswer | None]
    pin: PinAnswer
    why: NotRequired[WhyAnswer | None]


class SearchAnswer(TypedDict):
    """One page of hits, best first."""

    hits: list[HitAnswer]
    next: str | None
    nothing_relevant: bool
    corrections: dict[str, str]
    took_ms: float
    degraded: NotRequired[list[str] | None]


class LabelAnswer(TypedDict):
    """What a picture may be called in one facet."""

    facet: Literal["kind", "product", "place", "style", "colour"]
    label: str
    confidence: float
    evidence: list[str]


class RecognizeAnswer(TypedDict):
    """What is in a picture, the likeliest label of a facet first."""

    sure: bool
    labels: list[LabelAnswer]
    took_ms: float


class OfferAnswer(TypedDict):
    """A pin that leads to where a thing can be had."""

    pin: str
    title: str | None
    price: str | None
    currency: str | None
    merchant: str | None
    link: str
    score: float
    same_by: Literal["picture", "name", "title", "likeness"] | None


class GroupAnswer(TypedDict):
    """One product and where it can be had, the cheapest first and those without a price last."""

    exact: bool
    score: float
    title: str
    offers: list[OfferAnswer]
    more: int


class RegionShopAnswer(TypedDict):
    """One thing of a picture and where to buy it."""

    box: str
    label: str | None
    groups: list[GroupAnswer]


class ShopAnswer(TypedDict):
    """Products that are offered: the very thing first, then those like it."""

    groups: list[GroupAnswer]
    regions: NotRequired[list[RegionShopAnswer] | None]
    took_ms: float


class RegionAnswer(TypedDict):
    """A box that may hold a thing; it can be sent back as `crop`."""

    box: str
    label: str | None
    score: float
    vector: NotRequired[list[float] | None]


class RegionsAnswer(TypedDict):
    """The things in a picture, best first."""

    regions: list[RegionAnswer]
    took_ms: float


class SegmentAnswer(TypedDict):
    """Pins that show one kind of thing."""

    id: str
    name: str
    words: list[str]
    covers: list[str]
    pins: int


class SegmentsAnswer(TypedDict):
    """What a collection is made of, largest segment first."""

    segments: list[SegmentAnswer]
    pins: int
    took_ms: float


class EvidenceAnswer(TypedDict):
    """A pin that speaks for something."""

    id: str
    score: float


class AddressedSegment(TypedDict):
    """A segment that a creative speaks to."""

    score: float
    evidence: list[EvidenceAnswer]
    id: str
    name: str
    words: list[str]
    covers: list[str]
    pins: int


class AddressedBoard(TypedDict):
    """A board that a creative speaks to."""

    score: float
    evidence: list[EvidenceAnswer]
    title: str


class AddressedPerson(TypedDict):
    """A person whom a creative speaks to."""

    score: float
    evidence: list[EvidenceAnswer]
    name: str


class AudienceAnswer(TypedDict):
    """Whom a creative speaks to, each list best first."""

    segments: list[AddressedSegment]
    boards: list[AddressedBoard]
    people: list[AddressedPerson]
    took_ms: float


class SuggestionAnswer(TypedDict):
    """What a half-typed query may become."""

    text: str
    kind: Literal["words", "board"]
    pins: int


class SuggestAnswer(TypedDict):
    """Suggestions, most useful first."""

    suggestions: list[SuggestionAnswer]
    did_you_mean: str | None


class FacetValue(TypedDict):
    """One value and how many pins have it."""

    value: str
    pins: int


class FacetAnswer(TypedDict):
    """The commonest values of one key, as a filter takes it, commonest first."""

    key: str
    values: list[FacetValue]


class FacetsAnswer(TypedDict):
    """Facets, in the order asked for."""

    facets: list[FacetAnswer]
    took_ms: float


class DuplicateAnswer(TypedDict):
    """A pin that shows what another one shows, or looks like it."""

    id: str
    kind: Literal["same", "near", "alike"]
    similarity: float


class DuplicatesAnswer(TypedDict):
    """Copies of one pin, surest first, or all groups of pins that show one picture."""

    duplicates: NotRequired[list[DuplicateAnswer] | None]
    groups: NotRequired[list[list[str]] | None]
    took_ms: float


class PinOutcome(TypedDict):
    """What became of one pin of a batch; `number` is its place in the list, from 1."""

    number: int
    id: str | None
    status: Literal["added", "updated", "unchanged", "rejected"]
    reason: NotRequired[str | None]
    type: NotRequired[str | None]
    duplicate_of: NotRequired[str | None]


class BatchAnswer(TypedDict):
    """What became of each pin of a batch, in its order."""

    results: list[PinOutcome]
    unknown_keys: dict[str, int]


class SubmittedPin(TypedDict):
    """A pin of a batch that went to the queue; `number` is its place in the list, from 1."""

    number: int
    id: str | None
    status: Literal["queued", "added", "updated", "unchanged", "deleted", "rejected"]
    reason: NotRequired[str | None]


class QueuedAnswer(TypedDict):
    """What was handed to the queue; `status` says later what became of it."""

    ticket: str
    status: str
    queued: int
    results: list[SubmittedPin]
    unknown_keys: dict[str, int]


class BoardSize(TypedDict):
    """A board and how many pins it has."""

    title: str
    pins: int


class BoardList(TypedDict):
    """The largest boards, largest first."""

    boards: list[BoardSize]


class RelatedBoard(TypedDict):
    """A board like another, and its pins that say so."""

    title: str
    score: float
    hits: list[HitAnswer]


class RelatedBoards(TypedDict):
    """Boards, best first."""

    boards: list[RelatedBoard]
    took_ms: float


class FeltAnswer(TypedDict):
    """A pin that somebody likes or hides."""

    pin: str
    since: str


class PersonAnswer(TypedDict):
    """All that is kept of somebody, oldest first."""

    person: str
    likes: list[FeltAnswer]
    hides: list[FeltAnswer]


class ForgottenAnswer(TypedDict):
    """How much was forgotten."""

    forgotten: int


class FeedbackAnswer(TypedDict):
    """How many events were kept; dropped are those about pins that are not in the collection."""

    kept: int
    dropped: int


class Takedown(TypedDict):
    """What does not come back."""

    kind: Literal["pin", "picture"]
    value: str
    reason: str
    since: str


class TakedownList(TypedDict):
    """All that was taken down, oldest first."""

    takedowns: list[Takedown]


class RemovedAnswer(TypedDict):
    """The pins that a takedown removed."""

    removed: list[str]


class LiftedAnswer(TypedDict):
    """Whether something was taken off the list of takedowns."""

    lifted: bool


class Info(TypedDict):
    """What this server serves."""

    collection: str
    pins: int
    unindexed: int
    encoder: str
    dimension: int
    regions: int
    analysis: str
    parameters: int | Literal["defaults"]
    store: str
    data: str
    disk_bytes: int | None


class SnapshotAnswer(TypedDict):
    """A snapshot that another process of this machine may open."""

    snapshot: str
    pins: int
    held_ms: float


class SwitchedAnswer(TypedDict):
    """What was brought in since the generation was filled."""

    written: int
    encoded: int
    unchanged: int
    removed: int
    lost: int


class SubmissionAnswer(TypedDict):
    """What became of each pin of a submission, in its order."""

    ticket: str
    results: list[SubmittedPin]


class Alive(TypedDict):
    """The process runs."""

    status: NotRequired[Literal["alive"]]


class Ready(TypedDict):
    """The encoder is loaded and the store answers."""

    status: NotRequired[Literal["ready"]]
