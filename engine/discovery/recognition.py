"""What is in a picture: labels by facet, how sure each is, and the pins that say so."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.discovery.candidates import Candidate, Voter, candidates, heard
from engine.discovery.confidence import SURE, Confidence
from engine.discovery.neighbours import Neighbour, falling, nearest
from engine.discovery.sayings import FACETS, Facet, sayings
from engine.discovery.shades import shades
from engine.discovery.sight import Sight
from engine.discovery.tower import Tower
from engine.discovery.wording import Wording
from engine.store.collection import Collection

NEIGHBOURS: Final = 40
# A neighbour counts e times less for so much of a cosine less than the nearest has.
WIDTH: Final = 0.05
EVIDENCE: Final = 5
# Labels a facet, and how likely one must be to be named.
LABELS: Final = 3
LEAST: Final = 0.1
# What a picture must be sure of: to know its colour is not to know what it shows.
DECIDING: Final = frozenset({"kind", "product", "place"})


@dataclass(frozen=True)
class Label:
    """What a picture may be called in one facet; `confidence` is the probability that it is right.

    evidence: ids of the pins that say it, those that count most first; none where only the text
        tower or the pixels do.
    """

    facet: Facet
    label: str
    confidence: float
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Recognition:
    """What a picture is; `sure` where a kind, a product or a place is .7 likely.

    labels: by facet, the likeliest first; of what is not sure, only what is worth a guess.
    """

    sure: bool
    labels: tuple[Label, ...]
    took_ms: float


@dataclass(frozen=True)
class Namer:
    """All that names things: a vocabulary in words and in vectors, and how to weigh evidence."""

    wording: Wording
    tower: Tower
    confidences: Mapping[Facet, Confidence]


def recognise(sight: Sight, collection: Collection, namer: Namer) -> Recognition:
    """Return what a picture is by its nearest pins, the text tower and its colours.

    A pin that is asked about does not speak for itself.
    """
    started = time.perf_counter()
    near = nearest(sight.vector, collection, NEIGHBOURS, without=sight.known)
    closest = near[0].cosine if near else 0.0
    labels: list[Label] = []
    sure = False
    for facet, ranked in evidence(sight, near, namer).items():
        confidences = namer.confidences[facet].of(ranked, closest)
        named = [
            Label(facet, each.label, confidence, tuple(dict.fromkeys(each.evidence))[:EVIDENCE])
            for each, confidence in zip(ranked[:LABELS], confidences, strict=False)
            if confidence >= LEAST
        ]
        sure |= facet in DECIDING and any(each.confidence >= SURE for each in named)
        labels += named
    return Recognition(sure, tuple(labels), (time.perf_counter() - started) * 1000)


def evidence(
    sight: Sight, near: Sequence[Neighbour], namer: Namer, facets: Sequence[Facet] = FACETS
) -> dict[Facet, list[Candidate]]:
    """Return the labels of facets with what speaks for each, the best first."""
    counts = falling([each.cosine for each in near], [each.picture for each in near], WIDTH)
    said = [sayings(each.pin, namer.wording) for each in near]
    seen = shades(sight.picture) if sight.picture is not None and "colour" in facets else {}
    out: dict[Facet, list[Candidate]] = {}
    for facet in facets:
        confidence = namer.confidences[facet]
        voters = [
            Voter(each.pin.pin.id, weight, each.cosine, [one for one in told if one.facet == facet])
            for each, weight, told in zip(near, counts.tolist(), said, strict=True)
        ]
        found = candidates(voters)
        texts = [each.label for each in found]
        words = dict(zip(texts, namer.tower.words(texts, sight.vector), strict=True))
        labels = {} if facet == "product" else namer.tower.labels(facet, sight.vector)
        everything = heard(found, labels, words, confidence.width)
        if facet == "colour":
            for each in everything:
                each.shown = seen.get(each.known or each.label, 0.0)
        out[facet] = sorted(everything, key=lambda each: (-confidence.score(each), each.label))
    return out


def recognition_to_json(found: Recognition) -> dict[str, Any]:
    """Return the contract's JSON of what a picture is."""
    return {
        "sure": found.sure,
        "labels": [
            {
                "facet": each.facet,
                "label": each.label,
                "confidence": round(each.confidence, 6),
                "evidence": list(each.evidence),
            }
            for each in found.labels
        ],
        "took_ms": round(found.took_ms, 3),
    }
