"""Compares ways to merge words and pictures on judged pins, half of which have lost their text.

    python benchmarks/fusion.py --data DIR --split test --encoder FOLDER --fold 1

Pools, splits and encoders as in `benchmarks/pools.py`. The rivals are given their best: their
weights and k are those of a small grid that do best on the development split, over full and half
text together, and the learned fuser is fitted there, with half of the texts gone.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.pools import (
    FOLDS,
    SETS,
    SPLITS,
    Array,
    Pool,
    by_score,
    load,
    without_text,
)
from engine.features.encoder import Encoder
from engine.features.factory import load_encoder
from engine.relevance.fitting import fit_learned
from engine.retrieval.fusion import Distribution, Learned, Reciprocal
from engine.retrieval.parameters import Mixing, Parameters
from engine.retrieval.ranking import rank, read_signals
from engine.retrieval.silence import Expected, Renormalised, Silence, Zero
from engine.store.plan import Candidates

Score = Callable[[Candidates], Array]
WEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
KS = (1.0, 2.0, 5.0, 10.0, 20.0, 60.0)
OURS = "this engine"
STATES = {0.0: "full", 0.5: "half", 1.0: "none"}


@dataclass(frozen=True)
class Contender:
    """A way to merge. variants: the same with other numbers; the best on development is taken."""

    name: str
    variants: tuple[tuple[str, Score], ...]


def plain(parameters: Parameters) -> dict[str, Score]:
    """Return the contenders with nothing to choose, and this engine, by name."""
    b = parameters.bm25

    def lexical(c: Candidates) -> Array:
        return np.asarray(
            b.description_weight * c.description.astype(float) + b.board_weight * c.board
        )

    def reciprocal(c: Candidates) -> Array:
        def one(ranks: np.ndarray) -> Array:
            return np.where(ranks > 0, 1 / (60 + ranks.astype(float)), 0)

        return one(c.lexical_rank) + one(c.vector_rank)

    def naive(c: Candidates) -> Array:
        return np.where(c.lexical_rank > 0, c.cosine.astype(float), -1)

    return {
        "BM25 alone": lexical,
        "vectors alone": lambda c: c.cosine.astype(float),
        "naive rerank of BM25": naive,
        "RRF k=60": reciprocal,
        OURS: _mixed(parameters),
    }


def contenders(parameters: Parameters, learning: Sequence[Pool]) -> Iterator[Contender]:
    """Yield the contenders; `learning` is what the learned fusers are fitted to."""
    own, alone = parameters.text, plain(parameters)

    def convex(share: float) -> Score:
        words = alone["BM25 alone"]
        return lambda c: share * _minmax(words(c)) + (1 - share) * _minmax(c.cosine.astype(float))

    yield from (_alone(name, score) for name, score in alone.items() if name != OURS)
    yield Contender(
        "RRF, k and weight chosen",
        tuple(
            (
                f"k = {k:g}, lexical weight {weight:g}",
                _mixed(parameters, fusion=Reciprocal(k), lexical_weight=weight),
            )
            for k in KS
            for weight in WEIGHTS
        ),
    )
    yield Contender(
        "DBSF, weight chosen",
        tuple(
            (
                f"lexical weight {weight:g}",
                _mixed(parameters, fusion=Distribution(), lexical_weight=weight),
            )
            for weight in WEIGHTS
        ),
    )
    yield Contender(
        "convex, min-max, weight chosen",
        tuple((f"lexical weight {weight:g}", convex(weight)) for weight in WEIGHTS),
    )
    silences: dict[str, Silence] = {
        "silence is zero": Zero(),
        "weights renormalised": Renormalised(),
        "expected, without optimism": replace(_expected(own), optimism=0.0),
    }
    for name, silence in silences.items():
        yield Contender(
            f"calibrated, {name}, weight chosen",
            tuple(
                (
                    f"lexical weight {weight:g}",
                    _mixed(parameters, silence=silence, lexical_weight=weight),
                )
                for weight in WEIGHTS
            ),
        )
    for name, silence in {"zero": Zero(), "expected": own.silence}.items():
        fitted = learned(learning, parameters, silence)
        yield Contender(
            f"learned, silence is {name}",
            ((f"{fitted.pin}", _mixed(parameters, fusion=fitted, silence=silence)),),
        )
    yield _alone(OURS, alone[OURS])


def learned(pools: Sequence[Pool], parameters: Parameters, silence: Silence) -> Learned:
    """Return the fuser that judged pools teach."""
    mixing = replace(parameters.text, silence=silence)
    taught = []
    for pool in pools:
        for c, grades in zip(pool.candidates, pool.judged.grades, strict=True):
            relevant = np.array([grades.get(int(key), 0) > 0 for key in c.keys])
            taught.append((read_signals(c, mixing, parameters.bm25), relevant))
    return fit_learned(taught)


def chosen(contender: Contender, development: Sequence[Pool]) -> tuple[str, Score]:
    """Return the variant that does best on the mean of pools."""
    if len(contender.variants) == 1:
        return contender.variants[0]
    worth = [
        np.mean([pool.judge(by_score(score)).mean() for pool in development])
        for _, score in contender.variants
    ]
    return contender.variants[int(np.argmax(worth))]


def reach(pool: Pool, score: Score) -> float:
    """Return how much likelier relevant silent pins reach the first ten than told ones do."""
    found, all_ = np.zeros(2), np.zeros(2)
    told = [bool(a or b) for a, b in zip(pool.judged.description, pool.judged.board, strict=True)]
    for c, grades in zip(pool.candidates, pool.judged.grades, strict=True):
        for row in by_score(score)(c)[:10]:
            found[int(c.has_text[row])] += grades.get(int(c.keys[row]), 0) > 0
        for pin, grade in grades.items():
            all_[int(told[pin])] += grade > 0
    shares = found / all_
    return float(shares[0] / shares[1])


def pools_of(
    data: Path, split: str, encoder: Encoder, fold: int | None, parameters: Parameters
) -> dict[tuple[str, str], Pool]:
    """Return the pools of a split by set and state of texts."""
    sets = [load(data, name, split, encoder, fold) for name in SETS]
    return {
        (each.name, state): Pool(without_text(each, share), parameters)
        for share, state in STATES.items()
        for each in sets
    }


def _alone(name: str, score: Score) -> Contender:
    return Contender(name, (("", score),))


def _mixed(parameters: Parameters, **changes: object) -> Score:
    own = replace(parameters, text=replace(parameters.text, **changes))  # type: ignore[arg-type]
    return lambda c: rank(c, "text", own).mixed


def _expected(mixing: Mixing) -> Expected:
    return mixing.silence if isinstance(mixing.silence, Expected) else Expected()


def _minmax(values: Array) -> Array:
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def main() -> None:
    """Print one table: nDCG@10 a system and set with full text, half of it, and none; then reach.

    Reach, with half of the texts gone: the share of relevant silent pins that stand among the first
    ten, divided by the same share of relevant pins with text.
    """
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--split", choices=SPLITS, default="development")
    arguments.add_argument("--encoder", default="embedded", help="a setting of ENGINE_ENCODER")
    arguments.add_argument("--fold", type=int, choices=range(FOLDS))
    given = arguments.parse_args()
    parameters = Parameters()
    encoder = load_encoder(given.encoder)
    development = pools_of(given.data, "development", encoder, given.fold, parameters)
    pools = development
    if given.split == "test":
        pools = pools_of(given.data, "test", encoder, given.fold, parameters)
    choosing = [pool for (_, state), pool in development.items() if state != "none"]
    learning = [pool for (_, state), pool in development.items() if state == "half"]
    halves = [pool for (_, state), pool in pools.items() if state == "half"]
    heads = [f"{name} {state}" for name, state in pools]
    heads += [f"{pool.judged.name} reach" for pool in halves]
    print(f"nDCG@10, {given.split} split, {encoder.fingerprint}\n\n| |", " | ".join(heads), "|")
    print("|---|" + "---|" * len(heads))
    taken = []
    for contender in contenders(parameters, learning):
        told, score = chosen(contender, choosing)
        cells = [f"{pool.judge(by_score(score)).mean():.3f}" for pool in pools.values()]
        cells += [f"{reach(pool, score):.2f}" for pool in halves]
        print(f"| {contender.name} |", " | ".join(cells), "|", flush=True)
        if told:
            taken.append(f"{contender.name}: {told}")
    print("\nChosen on development:", *taken, sep="\n- ")


if __name__ == "__main__":
    main()
