"""What a score says, on judged pins that nothing was fitted on: how often it is right, and whether
queries that a collection can't answer are told from those that it can.

    python benchmarks/certainty.py --data DIR --split test --encoder FOLDER --fold 2

Pools, splits and encoders as in `benchmarks/pools.py`. A foreign query is one of another set whose
things this pool does not hold; pairs of sets that share things (garments, objects) are left out.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.pools import FOLDS, SPLITS, Judged, Pool, load, without_text
from engine.features.factory import load_encoder
from engine.retrieval.parameters import Parameters
from engine.retrieval.ranking import Ranking, rank

Array = npt.NDArray[np.float64]
SETS = ("fashion", "grocery", "flickr", "caltech", "clothing")
FOREIGN = {
    "fashion": ("grocery", "flickr"),
    "grocery": ("fashion", "flickr", "clothing", "caltech"),
    "flickr": ("grocery",),
    "clothing": ("grocery", "flickr"),
    "caltech": (),
}
SHARES = {"full": 0.0, "half": 0.5, "none": 1.0}
WORDED = ("fashion", "grocery", "flickr")
FIRST = 10
BINS = 10


@dataclass(frozen=True)
class Told:
    """What the first hits of a set's queries claimed, and what was true; one weight a hit."""

    claimed: Array
    true: Array

    def error(self) -> float:
        """Return the expected calibration error over bins of equal width (Naeini et al. 2015)."""
        place = np.minimum((self.claimed * BINS).astype(int), BINS - 1)
        gaps = np.zeros(BINS)
        np.add.at(gaps, place, self.claimed - self.true)
        return float(np.abs(gaps).sum() / len(self.claimed))


def rankings(judged: Judged, share: float, parameters: Parameters) -> Iterator[Ranking]:
    """Yield the ranking of every query over the set with a share of its texts gone."""
    for candidates in Pool(without_text(judged, share), parameters).candidates:
        yield rank(candidates, "text", parameters)


def told(judged: Judged, share: float, parameters: Parameters) -> tuple[Told, Told, float]:
    """Return what was claimed where words matched and where not, and how many queries it kept.

    Relevant is what has the query's highest grade.
    """
    claimed: dict[bool, list[Array]] = defaultdict(lambda: [np.zeros(0)])
    true: dict[bool, list[Array]] = defaultdict(lambda: [np.zeros(0)])
    kept = 0
    for ranking, grades in zip(rankings(judged, share, parameters), judged.grades, strict=True):
        first = ranking.order[:FIRST]
        best = max(grades.values())
        right = [grades.get(int(ranking.candidates.keys[row]), 0) == best for row in first]
        claimed[ranking.signals.worded].append(ranking.relevance[first])
        true[ranking.signals.worded].append(np.array(right, dtype=np.float64))
        kept += not ranking.nothing_relevant
    worded, alone = (
        Told(np.concatenate(claimed[each]), np.concatenate(true[each])) for each in (True, False)
    )
    return worded, alone, kept / len(judged.grades)


def refused(pool: Judged, asked: Judged, share: float, parameters: Parameters) -> float:
    """Return the share of foreign queries that are told to have no answer here."""
    foreign = replace(
        pool,
        terms=asked.terms,
        query_vectors=asked.query_vectors,
        grades=[{} for _ in asked.terms],
    )
    found = [each.nothing_relevant for each in rankings(foreign, share, parameters)]
    return sum(found) / len(found)


def main() -> None:
    """Print both tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--split", choices=SPLITS, default="development")
    arguments.add_argument("--encoder", default="embedded", help="a setting of ENGINE_ENCODER")
    arguments.add_argument("--fold", type=int, choices=range(FOLDS))
    given = arguments.parse_args()
    parameters = Parameters()
    encoder = load_encoder(given.encoder)
    sets = {name: load(given.data, name, given.split, encoder, given.fold) for name in SETS}
    print("| pool | claimed | true | calibration error | own queries kept | foreign refused |")
    print("|---|---|---|---|---|---|")
    everything: dict[str, list[Told]] = {"words matched": [], "pictures alone": []}
    for name, judged in sets.items():
        for text, share in SHARES.items():
            if name not in WORDED and text != "none":
                continue
            worded, alone, kept = told(judged, share, parameters)
            everything["words matched"].append(worded)
            everything["pictures alone"].append(alone)
            both = Told(
                np.concatenate([worded.claimed, alone.claimed]),
                np.concatenate([worded.true, alone.true]),
            )
            away = "; ".join(
                f"{other} {refused(judged, sets[other], share, parameters):.2f}"
                for other in FOREIGN[name]
            )
            print(
                f"| {name}, {text} text | {both.claimed.mean():.2f} | {both.true.mean():.2f} "
                f"| {both.error():.3f} | {kept:.2f} | {away or '–'} |",
                flush=True,
            )
    print("\n| over all pools, each alike | calibration error |\n|---|---|")
    for name, found in everything.items():
        parts = [part for part in found if len(part.claimed)]
        size = min(len(part.claimed) for part in parts)
        rng = np.random.default_rng(0)
        rows = [rng.choice(len(part.claimed), size, replace=False) for part in parts]
        pooled = Told(
            np.concatenate([part.claimed[r] for part, r in zip(parts, rows, strict=True)]),
            np.concatenate([part.true[r] for part, r in zip(parts, rows, strict=True)]),
        )
        print(f"| {name} | {pooled.error():.3f} |")


if __name__ == "__main__":
    main()
