"""Every number that decides relevance, as one value with sensible defaults.

The defaults were chosen on development splits with encoders that had not seen them, and, for
queries that mix words with a pin, on drawn pins of another seed than the samples; never on what is
reported (`docs/relevance.md`). Calibrations belong to an encoder: `for_encoder` picks them by the
encoder's family. A collection may have parameters of its own (`parameters_file.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from engine.errors import BadParameters
from engine.retrieval.calibration import Logistic, Saturation
from engine.retrieval.certainty import Certainty
from engine.retrieval.fusion import Convex, Fusion
from engine.retrieval.silence import Expected, Silence
from engine.store.plan import Bm25

Kind = Literal["text", "image", "mixed"]
KINDS: tuple[Kind, ...] = ("text", "image", "mixed")
MAX_DEPTH = 2_000


SURE_OF_WORDS = Certainty(fits=(-16.6, 15.3, 19.9, 9.4), hit=(-7.9, 44.4, -26.3))
SURE_OF_WORDS_UNTOLD = Certainty(fits=(-16.5, 0.0, 36.6, 2.7), hit=(-12.4, 23.1, 0.0))
SURE_OF_LIKES = Certainty(fits=(-6.3, 16.1, 14.0, -5.4), hit=(-7.6, 8.6, 1.5))
SURE_OF_LIKES_UNTOLD = Certainty(fits=(-7.3, 0.0, 16.2, -4.9), hit=(-3.4, 4.7, 0.0))


@dataclass(frozen=True)
class Mixing:
    """How the two signals of one kind of query become one score, and what that score says.

    visual, lexical: calibrations of the two signals.
    silence: what the text of a pin without text is assumed to say.
    lexical_weight: share of the lexical signal in the score.
    certainty: how likely a hit is what was asked for, by its fused score.
    certainty_unworded: the same where no text holds a word of the query, and pictures decide alone.
    cut_off: nothing fits if it is less likely than this that anything does.
    """

    visual: Logistic
    lexical: Saturation = field(default_factory=lambda: Saturation(1.0))
    silence: Silence = field(default_factory=Expected)
    fusion: Fusion = field(default_factory=Convex)
    lexical_weight: float = 0.5
    certainty: Certainty = SURE_OF_LIKES
    certainty_unworded: Certainty = SURE_OF_LIKES_UNTOLD
    cut_off: float = 0.3

    def __post_init__(self) -> None:
        for name in ("lexical_weight", "cut_off"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise BadParameters(f"{name} {getattr(self, name):g} must be within 0 and 1")


TEXT = Mixing(
    Logistic(4.2, 0.40),
    Saturation(0.43),
    Expected(prior=1.1, width=0.015, optimism=1.4),
    lexical_weight=0.67,
    certainty=SURE_OF_WORDS,
    certainty_unworded=SURE_OF_WORDS_UNTOLD,
)
IMAGE = Mixing(Logistic(9.0, 0.55), lexical_weight=0.2)
MIXED = Mixing(Logistic(8.0, 0.50), lexical_weight=0.1)


@dataclass(frozen=True)
class Parameters:
    """How candidates are drawn and, for each kind of query, mixed.

    lexical_depth, vector_depth: how many pins each leg brings in.
    text_gain: length of a text's vector beside a picture's when both are added. Words that go with
        a picture ("but blue") change it; at full length they would replace it.
    """

    bm25: Bm25 = field(default_factory=lambda: Bm25(k1=0.4, b=0.3, board_weight=0.65))
    lexical_depth: int = 80
    vector_depth: int = 120
    text: Mixing = TEXT
    image: Mixing = IMAGE
    mixed: Mixing = MIXED
    text_gain: float = 0.5

    def __post_init__(self) -> None:
        if not all(1 <= depth <= MAX_DEPTH for depth in (self.lexical_depth, self.vector_depth)):
            raise BadParameters(f"the depths of the legs must be within 1 and {MAX_DEPTH:,}")
        bm25 = self.bm25
        if not (bm25.k1 >= 0 and 0 <= bm25.b <= 1):
            raise BadParameters("bm25: k1 must be at least 0, and b within 0 and 1")
        if not (bm25.description_weight >= 0 and bm25.board_weight >= 0):
            raise BadParameters("bm25: the weights of the fields must not be below 0")
        if not self.text_gain > 0:
            raise BadParameters("text_gain must be above 0")

    def mixing(self, kind: Kind) -> Mixing:
        """Return how a kind of query is mixed."""
        return {"text": self.text, "image": self.image, "mixed": self.mixed}[kind]

    def mixed_by(self, change: Callable[[Mixing], Mixing]) -> "Parameters":
        """Return the parameters with every kind's mixing changed."""
        return replace(
            self, text=change(self.text), image=change(self.image), mixed=change(self.mixed)
        )


def for_encoder(fingerprint: str) -> Parameters:
    """Return the defaults that fit an encoder, by the family that its fingerprint begins with."""
    own = Parameters()
    if fingerprint.startswith("embedded/"):
        return own
    return replace(
        own,
        text=replace(own.text, visual=Logistic(60.0, 0.26)),
        image=replace(own.image, visual=Logistic(12.0, 0.75)),
        mixed=replace(own.mixed, visual=Logistic(14.0, 0.60)),
    )
