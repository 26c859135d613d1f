"""One facet of a picture in words: what its neighbours say, what the text tower hears, and what
the pixels show, gathered by label.

Knows nothing of stores, and nothing of how likely a label is: `confidence.py` does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.discovery.sayings import Saying
from engine.discovery.wording import Key


@dataclass(slots=True)
class Candidate:
    """A label that may be right, with what speaks for it.

    known: the vocabulary's label for it, None where it has none.
    votes: the weight of the neighbours that say it, as a share of all that say something.
    nearest: the highest cosine of a neighbour that says it, 0 where none does.
    cosine: that of the picture to its words; heard: its share of the softmax over all labels.
    shown: the share of the foreground's pixels that have it; always 0 but for colours.
    spoken: the weight of the neighbours that say anything of the facet, as a share of all; what a
        pin's words say counts less than an attribute.
    evidence: ids of the pins that say it, those that count most first.
    """

    label: str
    key: Key
    known: str | None
    votes: float = 0.0
    nearest: float = 0.0
    cosine: float = 0.0
    heard: float = 0.0
    shown: float = 0.0
    spoken: float = 0.0
    evidence: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Voter:
    """A neighbour: how much it counts, how near it is, what it says of one facet."""

    pin: str
    weight: float
    cosine: float
    sayings: Sequence[Saying]


def candidates(voters: Iterable[Voter]) -> list[Candidate]:
    """Return the labels that neighbours say, most votes first."""
    found: dict[Key, Candidate] = {}
    names: dict[Key, dict[str, float]] = {}
    spoken = there = 0.0
    for voter in voters:
        there += voter.weight
        for said in voter.sayings:
            weight = voter.weight * said.weight
            spoken += weight
            each = found.setdefault(said.key, Candidate(said.label, said.key, said.known))
            each.votes += weight
            each.nearest = max(each.nearest, voter.cosine)
            each.evidence.append(voter.pin)
            worded = names.setdefault(said.key, {})
            worded[said.label] = worded.get(said.label, 0.0) + weight
    for key, each in found.items():
        each.votes /= spoken
        each.spoken = spoken / there
        each.label = max(names[key], key=lambda label: names[key][label])
    return _absorbed(sorted(found.values(), key=lambda each: (-each.votes, each.label)))


def _absorbed(ranked: list[Candidate]) -> list[Candidate]:
    """Let the strongest label that the vocabulary knows by another word take that word's votes.

    "Airplanes" on some pins and "aeroplane" read out of others' titles are one label.
    """
    own = {each.label: each for each in ranked if each.known == each.label}
    for each in ranked:
        if each.known is not None and each.known != each.label and each.known in own:
            other = own.pop(each.known)
            each.votes += other.votes
            each.nearest = max(each.nearest, other.nearest)
            each.evidence += other.evidence
    gone = {id(each) for each in ranked if each.known == each.label and each.label not in own}
    kept = [each for each in ranked if id(each) not in gone]
    return sorted(kept, key=lambda each: (-each.votes, each.label))


def heard(
    found: list[Candidate], labels: Mapping[str, float], words: Mapping[str, float], width: float
) -> list[Candidate]:
    """Return candidates and the vocabulary's other labels, with what the text tower says of each.

    labels: cosine of each label of the vocabulary; words: of each candidate's own words. A label
    that a candidate puts in other words is no label beside it.
    """
    for each in found:
        each.cosine = max(words[each.label], labels.get(each.known or "", -1.0))
    spoken = {each.known for each in found}
    more = [
        Candidate(label, (label,), label, cosine=cosine)
        for label, cosine in labels.items()
        if label not in spoken
    ]
    return hear([*found, *more], width)


def hear(everything: Sequence[Candidate], width: float) -> list[Candidate]:
    """Share out what the text tower says: a softmax over the labels' cosines in units of width."""
    if everything:
        cosines = np.array([each.cosine for each in everything])
        raised = np.exp((cosines - cosines.max()) / width)
        for each, share in zip(everything, (raised / raised.sum()).tolist(), strict=True):
            each.heard = share
    return list(everything)
