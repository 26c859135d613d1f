"""Which queries are tuned on and which are not, by their ids alone.

A query keeps its part whatever else is in the file, so that a part which was never opened stays so
as queries are added.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

TEST_SHARE = 0.3
FOLDS = 5


@dataclass(frozen=True)
class Split:
    """Ids of queries: the unopened part, and the folds of the rest (0 to `folds` - 1)."""

    test: frozenset[str]
    fold: dict[str, int]
    folds: int


def split(
    ids: Iterable[str], seed: int, test_share: float = TEST_SHARE, folds: int = FOLDS
) -> Split:
    """Part queries by a hash of seed and id; each part's size is right on average."""
    test, fold = set(), {}
    for each in ids:
        digest = hashlib.sha256(f"{seed}:{each}".encode()).digest()
        if int.from_bytes(digest[:8], "big") < test_share * 2**64:
            test.add(each)
        else:
            fold[each] = int.from_bytes(digest[8:16], "big") % folds
    return Split(frozenset(test), fold, folds)
