"""Words that the teacher's vocabulary lacks though it has their plural; knows nothing of vectors.

WordPiece would cut them into pieces that mean something else: "binocular" into bin, oc and ular,
"sandal" into sand and al.
"""

from __future__ import annotations

from collections.abc import Sequence

_LEAST_PLURAL = 6
"""Letters; what is shorter is seldom a noun, and its singular would begin too many words."""
_NO_PLURAL = ("ss", "us", "is")
_LONGER = ("sses", "xes", "zes", "ches", "shes")


def missing_singulars(vocabulary: Sequence[str]) -> dict[str, int]:
    """Return each missing singular and the position of its plural, in the vocabulary's order.

    By spelling alone, so that a few are no words ("knive"); nobody says those.
    """
    known = set(vocabulary)
    found: dict[str, int] = {}
    for position, word in enumerate(vocabulary):
        if len(word) < _LEAST_PLURAL or not (word.isascii() and word.isalpha()):
            continue
        if not word.endswith("s") or word.endswith(_NO_PLURAL):
            continue
        single = _singular(word)
        if single not in known:
            found.setdefault(single, position)
    return found


def _singular(plural: str) -> str:
    if plural.endswith("ies"):
        return plural[:-3] + "y"
    return plural[:-2] if plural.endswith(_LONGER) else plural[:-1]
