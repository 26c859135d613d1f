"""Reciprocal rank fusion (Cormack et al. 2009), for peers that bring two lists and no merging."""

from collections import defaultdict
from collections.abc import Sequence

K = 60.0
# The share of words in the sum; the paper weighs both lists alike.
WEIGHTS = (0.5, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8)


def reciprocal(words: Sequence[int], pictures: Sequence[int], weight: float) -> list[int]:
    """Return the first ten of two ranked lists."""
    scores: dict[int, float] = defaultdict(float)
    for share, ranked in ((weight, words), (1.0 - weight, pictures)):
        for rank, pin in enumerate(ranked, 1):
            scores[pin] += share / (K + rank)
    return sorted(scores, key=lambda pin: (-scores[pin], pin))[:10]
