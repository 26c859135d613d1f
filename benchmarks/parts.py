"""Sets over several of their parts: each part asked with an encoder that has not seen it.

    python -m benchmarks.parts --data DIR flickr:0=FOLDER flickr:1=FOLDER flickr:2=FOLDER
    python -m benchmarks.parts --data DIR fashion:0=FOLDER fashion:2=FOLDER

One part is a few hundred queries. Here each is judged by the encoder that was kept from it, and the
queries of all parts are pooled. A part of flickr is a third with half of its captions
(`study --number`), of another set a fifth (`study --fifth`); the fifth of number 1 is development.
Pools, splits and candidates as in `benchmarks/pools.py`, made in memory with BM25 as the store has
it, which is quicker than a collection for each. Intervals and tests are paired, over queries.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rank_bm25 import BM25Okapi

from benchmarks.fusion import OURS, plain
from benchmarks.pools import FIFTHS, FOLDS, SETS, Array, Pool, by_score, load, ndcg, without_text
from engine.features.factory import load_encoder
from engine.relevance.comparison import compare, intervals
from engine.retrieval.parameters import Parameters

WORDS, PICTURES, RANKS = "BM25 alone", "vectors alone", "RRF k=60"
OKAPI = "rank-bm25"
SHARES = {"full": 0.0, "half": 0.5}
SEED = 13


@dataclass(frozen=True)
class Reached:
    """Right pins among the first ten, and all of them: row 0 without text, row 1 with text."""

    found: Array
    there: Array

    def ratio(self) -> float:
        """Return the share of silent pins that reach the first ten over the share of told ones."""
        shares = self.found / self.there
        return float(shares[0] / shares[1])


def judged(pool: Pool, parameters: Parameters) -> tuple[dict[str, Array], Reached]:
    """Return nDCG@10 of each query by system, and how many right pins this engine brought up."""
    systems = plain(parameters)
    values = {name: pool.judge(by_score(score)) for name, score in systems.items()}
    values[OKAPI] = okapi(pool, parameters)
    told = [bool(a or b) for a, b in zip(pool.judged.description, pool.judged.board, strict=True)]
    found, there = np.zeros(2), np.zeros(2)
    for candidates, grades in zip(pool.candidates, pool.judged.grades, strict=True):
        for row in by_score(systems[OURS])(candidates)[:10]:
            found[int(candidates.has_text[row])] += int(candidates.keys[row]) in grades
        for pin in grades:
            there[int(told[pin])] += 1
    return values, Reached(found, there)


def okapi(pool: Pool, parameters: Parameters) -> Array:
    """Return nDCG@10 of rank-bm25 over both fields as one text, as `engine evaluate` judges it."""
    pins = pool.judged
    texts = [a + b for a, b in zip(pins.description, pins.board, strict=True)]
    told = np.flatnonzero([bool(text) for text in texts])
    bm25 = BM25Okapi([texts[row] for row in told], k1=parameters.bm25.k1, b=parameters.bm25.b)
    out = []
    for terms, grades in zip(pins.terms, pins.grades, strict=True):
        scores = bm25.get_scores(list(terms))
        # Not "score > 0": rank-bm25 gives 0 or less to words of half of the texts or more.
        holding = np.array([not words.keys().isdisjoint(terms) for words in bm25.doc_freqs])
        best = np.argsort(np.where(holding, -scores, np.inf), kind="stable")[:10]
        out.append(ndcg([int(told[row]) for row in best if holding[row]], grades))
    return np.array(out)


def line(title: str, values: dict[str, Array], reached: Reached | None) -> str:
    """Return a line of the table."""
    ours = values[OURS]
    low, high = intervals(ours[:, None], SEED)[:, 0]
    cells = [f"**{ours.mean():.3f}** ({low:.3f} to {high:.3f})"]
    cells += [f"{values[name].mean():.3f}" for name in (WORDS, OKAPI, PICTURES, RANKS)]
    leg = max((WORDS, PICTURES), key=lambda name: float(values[name].mean()))
    for name in (leg, OKAPI, RANKS):
        each = compare((OURS, ours), (name, values[name]), "nDCG@10", SEED)
        cells.append(f"{each.difference:+.3f} ({each.low:+.3f} to {each.high:+.3f})")
    cells.append("–" if reached is None else f"{reached.ratio():.2f}")
    return f"| {title} ({len(ours):,}) | " + " | ".join(cells) + " |"


def table(pools: Sequence[tuple[str, Pool]], text: str, parameters: Parameters) -> list[str]:
    """Return a line for each part, and one for all."""
    parts = [(name, *judged(pool, parameters)) for name, pool in pools]
    told = text != "full"
    out = [line(f"{name}, {text} text", v, r if told else None) for name, v, r in parts]
    all_values = {name: np.concatenate([v[name] for _, v, _ in parts]) for name in parts[0][1]}
    all_reached = Reached(
        np.sum([r.found for _, _, r in parts], axis=0),
        np.sum([r.there for _, _, r in parts], axis=0),
    )
    return [*out, line(f"all of them, {text} text", all_values, all_reached if told else None)]


@dataclass(frozen=True)
class Part:
    """A part of a set, and the setting of ENGINE_ENCODER that names who has not seen it."""

    name: str
    number: int
    encoder: str

    @classmethod
    def read(cls, text: str) -> "Part":
        """Read `SET:NUMBER=ENCODER`."""
        place, _, encoder = text.partition("=")
        name, _, number = place.partition(":")
        there = range(FOLDS) if name == "flickr" else FIFTHS
        if name not in SETS or not encoder or number not in map(str, there):
            raise argparse.ArgumentTypeError(f"{text!r} is no SET:NUMBER=ENCODER")
        return cls(name, int(number), encoder)


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("parts", nargs="+", type=Part.read, metavar="SET:NUMBER=ENCODER")
    given = arguments.parse_args()
    parameters = Parameters()
    sets, named = [], []
    for part in given.parts:
        encoder = load_encoder(part.encoder)
        flickr = part.name == "flickr"
        fold, fifth = (part.number, 0) if flickr else (None, part.number)
        sets.append(load(given.data, part.name, "test", encoder, fold, fifth))
        named.append(encoder.fingerprint)
    heads = ["this engine", "its BM25", OKAPI, PICTURES, RANKS]
    heads += ["less the better leg", "less rank-bm25", "less RRF", "reach"]
    print(f"nDCG@10, test parts, {', '.join(named)}\n")
    print("| part (queries) | " + " | ".join(heads) + " |\n|---|" + "---|" * len(heads))
    for text, share in SHARES.items():
        pools = [
            (f"{part.name} {part.number}", Pool(without_text(each, share), parameters))
            for part, each in zip(given.parts, sets, strict=True)
        ]
        print(*table(pools, text, parameters), sep="\n", flush=True)


if __name__ == "__main__":
    main()
