"""Whether the first product that shopping answers with is the very one that a photo shows.

    python benchmarks/shop.py --data DIR --encoder FOLDER --scratch DIR

Test photos of groceries are asked of a collection of all grocery pins that may train, each an
offer: the digest of its id decides shop and price (`recognition_pools.for_sale`). Right is a first
group whose cheapest offer is of the photo's product; the next column says how often all are of
one. Splits and encoders as in `benchmarks/recognition.py`. `--fit` prints the curve for
`engine/discovery/confidence.py`, fitted on development, where photos of fashion, whose very product
is hardly ever there, teach what is not exact.
"""

import argparse
import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.recognition import RIDGE, calibration_error
from benchmarks.recognition_pools import JudgedSet, fill, for_sale, read
from engine.discovery.candidates import Candidate
from engine.discovery.confidence import EXACT, SAME_PRODUCT, Confidence, traits
from engine.discovery.offers import in_order
from engine.discovery.products import Product, products
from engine.discovery.shopping import Wanted, by_looks, offers
from engine.discovery.vocabulary import read_vocabulary
from engine.discovery.wording import Wording
from engine.features.encoder import Encoder
from engine.features.factory import load_encoder
from engine.features.text import Analyzer
from engine.relevance.fitting import fit_logistic
from engine.retrieval.parameters import Parameters

SETS = {"grocery": "label", "fashion": "description"}
COSINES = (0.8, 0.85, 0.9, 0.92, 0.94, 0.96, 0.97, 0.98, 0.99)


@dataclass(frozen=True)
class Asked:
    """A photo's products in order; `right` says whether the first is its own."""

    set_name: str
    ranked: list[tuple[Product, Candidate]]
    right: bool
    pure: bool

    @property
    def traits(self) -> tuple[float, ...]:
        seen = [each for _, each in self.ranked]
        return traits(SAME_PRODUCT, seen, max(each.nearest for each in seen))


def ask(
    judged: JudgedSet, split: str, encoder: Encoder, folder: Path, most: int
) -> Iterator[Asked]:
    """Shop for every photo of a split, or for `most` of them."""
    named = {pin.pin_id: _called(judged, row) for row, pin in enumerate(judged.pins)}
    wording = Wording(read_vocabulary(), Analyzer())
    pool = fill(folder / judged.name, encoder, [(judged, judged.rows("train"), for_sale)])
    rows = judged.rows(split)
    random.Random(1).shuffle(rows)
    try:
        for row in rows[:most]:
            wanted = Wanted("image", judged.looked[row])
            ranked = by_looks(products(offers(wanted, pool, Parameters(), wording)))
            first = (
                [named[each.pin.id] for each in in_order(ranked[0][0].offers)] if ranked else [""]
            )
            yield Asked(
                judged.name,
                ranked,
                first[0] == _called(judged, row),
                len(set(first)) == 1,
            )
    finally:
        pool.close()


def _called(judged: JudgedSet, row: int) -> str:
    pin = judged.pins[row]
    name = SETS[judged.name]
    return pin.description if name == "description" else pin.attribute(name)


def fitted(found: list[Asked]) -> Confidence:
    """Return the curve of how sure the first product is; each set counts the same."""
    asked = [each for each in found if each.ranked]
    sizes = {name: sum(each.set_name == name for each in asked) for name in SETS}
    weights = np.array([1.0 / sizes[each.set_name] for each in asked])
    features = np.array([each.traits for each in asked])
    labels = np.array([each.right for each in asked], np.float64)
    free = [-np.inf] * features.shape[1]
    bias, slopes = fit_logistic(features, labels, weights / weights.mean(), free, ridge=RIDGE)
    return replace(SAME_PRODUCT, curve=tuple(round(float(e), 2) for e in (bias, *slopes)))  # type: ignore[arg-type]


def claims(found: list[Asked], curve: Confidence) -> npt.NDArray[np.float64]:
    """Return how sure each first product is."""
    out = []
    for each in found:
        seen = [one for _, one in each.ranked]
        closest = max((one.nearest for one in seen), default=0.0)
        out.append(curve.of(seen, closest)[0] if seen else 0.0)
    return np.array(out)


def likeness(judged: JudgedSet, split: str) -> None:
    """Print how often two pictures of at least so much cosine are of one product."""
    rows = judged.rows(split)
    vectors = judged.plain[rows]
    cosines = vectors @ vectors.T
    names = np.array([_called(judged, row) for row in rows])
    digests = np.array([judged.pins[row].digest for row in rows])
    pairs = np.triu(digests[:, None] != digests[None], 1)
    same = names[:, None] == names[None]
    shares = []
    for least in COSINES:
        close = pairs & (cosines >= least)
        share = f"{same[close].mean():.3f}" if close.any() else "–"
        shares.append(f"{share} of {close.sum()}")
    print(f"| {judged.name}, {split} |", " | ".join(shares), "|")


def main() -> None:
    """Print the table, or the curve."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--encoder", default="embedded", help="a setting of ENGINE_ENCODER")
    arguments.add_argument("--scratch", type=Path, required=True)
    arguments.add_argument("--most", type=int, default=2_000)
    arguments.add_argument("--fit", action="store_true")
    given = arguments.parse_args()
    encoder = load_encoder(given.encoder)
    split = "development" if given.fit else "test"
    found: list[Asked] = []
    folder = Path(tempfile.mkdtemp(dir=given.scratch))
    sets = [read(given.data, name, encoder, given.scratch) for name in SETS]
    try:
        for judged in sets:
            found += ask(judged, split, encoder, folder, given.most)
    finally:
        shutil.rmtree(folder)
    curve = SAME_PRODUCT
    if given.fit:
        curve = fitted(found)
        print(curve)
    print(
        "| photos of | asked | first group right | of one product alone | claimed "
        "| calibration error | said to be exact | right of those |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in SETS:
        group = [each for each in found if each.set_name == name]
        told = claims(group, curve)
        right = np.array([each.right for each in group], np.float64)
        exact = told >= EXACT
        true = f"{right[exact].mean():.3f}" if exact.any() else "–"
        print(
            f"| {name} | {len(group)} | {right.mean():.3f} "
            f"| {np.mean([each.pure for each in group]):.3f} | {told.mean():.3f} "
            f"| {calibration_error(told, right):.3f} | {exact.mean():.3f} | {true} |"
        )
    print("\n| one product at a cosine of at least |", " | ".join(map(str, COSINES)), "|")
    print("|---|" + "---|" * len(COSINES))
    for judged in sets:
        likeness(judged, split)


if __name__ == "__main__":
    main()
