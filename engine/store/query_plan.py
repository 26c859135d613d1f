"""The one plan of a query, written over legs: what every engine runs, embedded or not.

1. BM25 over each text field and nearest by vector, in one go. The lexical leg is the best by the
   weighted sum of both fields.
2. What one leg found is scored by the others, in one go: an exact cosine for the lexical pins, both
   fields' BM25 for the vector leg's, and, unless the vector leg said so, which of these have text
   at all. A text leg that returned fewer pins than it was asked for has named every pin that it
   gives a score, so it is not asked again.
Knows nothing of calibration and fusion, nor of any engine's API.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat

import numpy as np
import numpy.typing as npt

from engine.queries import Filter
from engine.stages import apart, stage
from engine.store import schema
from engine.store.frequencies import Frequencies
from engine.store.legs import RAISE, Key, Leg, Legs, Ranked, Scope, TextLeg, VectorLeg
from engine.store.plan import Candidates, Plan

TEXTS = (schema.DESCRIPTION, schema.BOARD)
# What a person is told when a leg could not be had.
NAMES = {
    schema.DESCRIPTION: "words of descriptions",
    schema.BOARD: "words of board titles",
    schema.VECTOR: "pictures by likeness",
    schema.REGIONS: "things in pictures by likeness",
    schema.HAS_TEXT: "which pins have text",
}


@dataclass
class Found:
    """The pins so far, numbered as they came; every score is by that number.

    A UUID is slow to hash, so each is looked up once, as its integer.
    """

    keys: list[Key] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)

    def add(self, ranked: Ranked) -> dict[int, float]:
        """Return the scores of a leg by number, best first."""
        scores: dict[int, float] = {}
        for key, score in zip(*ranked, strict=True):
            number = self.numbers.setdefault(key.int, len(self.keys))
            if number == len(self.keys):
                self.keys.append(key)
            scores[number] = score
        return scores

    def text(self, number: int) -> str:
        """Return a pin's key as text; a UUID takes twice the time for the same."""
        digits = f"{self.keys[number].int:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def lacking(self, numbers: Iterable[int], known: Container[int]) -> list[Key]:
        """Return those of some pins that are not among the known ones."""
        return [self.keys[number] for number in numbers if number not in known]


def candidates(
    legs: Legs,
    plan: Plan,
    without: frozenset[Key],
    frequencies: Frequencies,
    *,
    regions: bool = False,
) -> Candidates:
    """Run a plan.

    without: the points of `plan.exclude`. regions: whether things in pictures have vectors, too.
    """
    found = Found()
    first = _first(plan, Scope(plan.filter, without), regions, raised=legs.tells_text)
    answers = _run(legs, first)
    drawn = dict(zip(first, answers, strict=True))
    missing = [NAMES[name] for name, ranked in drawn.items() if ranked is None]
    scores = {name: found.add(each) for name, each in drawn.items() if each is not None}
    described, boarded = (scores.get(name, {}) for name in TEXTS)
    worded = {*described, *boarded}
    sure = set(worded)
    nearest = scores.get(schema.VECTOR, {})
    if legs.tells_text:
        nearest, with_text = _lowered(nearest)
        scores |= {schema.VECTOR: nearest} if schema.VECTOR in scores else {}
        worded |= with_text
        sure |= nearest.keys()
    vector_leg = list(dict.fromkeys((*nearest, *scores.get(schema.REGIONS, {}))))
    # The cut goes by what the two lists themselves say, so that what it drops costs nothing more.
    matching = _by_sum(plan, list(dict.fromkeys((*described, *boarded))), scores, found.keys)
    kept = list(dict.fromkeys((*matching[: plan.lexical_depth], *vector_leg)))
    if second := _second(plan, found, scores, kept, sure):
        for name, ranked in zip(second, _run(legs, second), strict=True):
            if ranked is None:
                missing.append(f"{NAMES[name]} of pins that the other signal found")
            elif name == schema.HAS_TEXT:
                worded.update(found.add(ranked))
            else:
                scores[name].update(found.add(ranked))
    lexical_leg = _by_sum(plan, matching[: plan.lexical_depth], scores, found.keys)
    if schema.REGIONS in scores:
        nearest = _better(nearest, scores[schema.REGIONS], plan.region_margin)
        vector_leg.sort(key=lambda number: (-nearest.get(number, 0.0), found.keys[number].int))
    return Candidates(
        keys=[found.text(number) for number in kept],
        cosine=_column(kept, nearest),
        description=_column(kept, described),
        board=_column(kept, boarded),
        has_text=np.fromiter((number in worded for number in kept), np.bool_, len(kept)),
        lexical_rank=_ranks(kept, lexical_leg),
        vector_rank=_ranks(kept, vector_leg),
        idf=frequencies.idf(legs, plan.terms) if described or boarded or not missing else {},
        missing=tuple(missing),
    )


def _run(legs: Legs, wanted: dict[str, Leg]) -> Sequence[Ranked | None]:
    """Run legs in one go, or one by one where somebody wants to be told of each."""
    if not wanted:
        return []
    if not apart():
        return legs.run(list(wanted.values()))
    found: list[Ranked | None] = []
    for leg in wanted.values():
        with stage("lexical" if isinstance(leg, TextLeg) else "vector"):
            found += legs.run([leg])
    return found


def _lowered(raised: dict[int, float]) -> tuple[dict[int, float], set[int]]:
    """Return the cosines of a raised leg, highest first, and which pins have text."""
    worded = {number for number, score in raised.items() if score > RAISE / 2}
    lowered = {
        number: score - RAISE if number in worded else score for number, score in raised.items()
    }
    best = sorted(lowered, key=lowered.__getitem__, reverse=True)
    return {number: lowered[number] for number in best}, worded


def _better(whole: dict[int, float], regions: dict[int, float], margin: float) -> dict[int, float]:
    """Return the better cosine of each pin: its whole picture's, or the best thing's less."""
    lowered = {number: score - margin for number, score in regions.items()}
    return {
        number: max(whole.get(number, -1.0), lowered.get(number, -1.0))
        for number in (*whole, *lowered)
    }


def _first(plan: Plan, scope: Scope, regions: bool, *, raised: bool) -> dict[str, Leg]:
    legs: dict[str, Leg] = {}
    if plan.terms and plan.lexical_depth > 0:
        for name in TEXTS:
            legs[name] = _text(plan, name, plan.lexical_depth, scope)
    if plan.vector is not None and plan.vector_depth > 0:
        legs[schema.VECTOR] = VectorLeg(
            plan.vector, plan.vector_depth, scope, plan.exact, raised=raised
        )
        if regions:
            legs[schema.REGIONS] = VectorLeg(
                plan.vector, plan.vector_depth, scope, plan.exact, regions=True
            )
    return legs


def _second(
    plan: Plan,
    found: Found,
    scores: dict[str, dict[int, float]],
    kept: list[int],
    sure: Container[int],
) -> dict[str, Leg]:
    """Return what is left to ask; `sure` are the pins of which it is known if they have text.

    The first legs left the blocked pins out, and to ask again would be dear.
    """
    legs: dict[str, Leg] = {}
    for name in TEXTS:
        known = scores.get(name, {})
        complete = len(known) < plan.lexical_depth
        if name in scores and not complete and (unknown := found.lacking(kept, known)):
            legs[name] = _text(plan, name, len(unknown), _among_these(unknown))
    if plan.vector is None or schema.VECTOR not in scores:
        return legs
    if unknown := found.lacking(kept, scores[schema.VECTOR]):
        legs[schema.VECTOR] = _exact(plan.vector, _among_these(unknown))
    if schema.REGIONS in scores and (unknown := found.lacking(kept, scores[schema.REGIONS])):
        scope = _among_these(unknown)
        legs[schema.REGIONS] = VectorLeg(plan.vector, len(unknown), scope, True, regions=True)
    # Reading `has_text` out of the payload takes ten times as long as asking the index for it.
    if unsure := found.lacking(kept, sure):
        with_text = Scope(Filter(has_text=True), among=unsure, blocked=True)
        legs[schema.HAS_TEXT] = _exact(plan.vector, with_text)
    return legs


def _among_these(keys: list[Key]) -> Scope:
    return Scope(among=keys, blocked=True)


def _text(plan: Plan, name: str, limit: int, scope: Scope) -> TextLeg:
    return TextLeg(name, plan.terms, plan.bm25.k1, plan.bm25.b, limit, scope)


def _exact(vector: npt.NDArray[np.float32], scope: Scope) -> VectorLeg:
    return VectorLeg(vector, len(scope.among or ()), scope, exact=True)


def _by_sum(
    plan: Plan, numbers: list[int], scores: dict[str, dict[int, float]], keys: list[Key]
) -> list[int]:
    """Return pins by the weighted sum of both fields as far as known, best first."""
    ours, theirs = plan.bm25.description_weight, plan.bm25.board_weight
    described, boarded = (scores.get(name, {}) for name in TEXTS)
    total = {
        number: ours * described.get(number, 0.0) + theirs * boarded.get(number, 0.0)
        for number in numbers
    }
    return sorted(numbers, key=lambda number: (-total[number], keys[number].int))


def _column(kept: list[int], scores: dict[int, float]) -> npt.NDArray[np.float32]:
    return np.array(list(map(scores.get, kept, repeat(0.0))), np.float32)


def _ranks(kept: list[int], ranked: list[int]) -> npt.NDArray[np.int32]:
    place = {number: rank for rank, number in enumerate(ranked, 1)}
    return np.array(list(map(place.get, kept, repeat(0))), np.int32)
