"""What is in a picture: how often the first label is right, how sure it is, and when it says so.

    python benchmarks/recognition.py --data DIR --encoder FOLDER --scratch DIR

`--data` has one folder a set; a pin's split is sha256(set + ":" + picture bytes) mod 5: 0 is test,
1 development, the rest trained the encoder and are indexed. The package's own encoder has seen
every split and the classes left out: `--encoder` names one that has not (`engine train`).
`--drawn` is a folder of drawn pins of another seed than the samples. `--fit` prints parameters
for `engine/discovery/confidence.py` instead, fitted on development.
"""

import argparse
import itertools
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.recognition_pools import JudgedSet, read
from benchmarks.recognition_questions import Asked, ask_all
from engine.discovery.candidates import hear
from engine.discovery.confidence import CONFIDENCES, SURE, Confidence, traits
from engine.discovery.recognition import Namer
from engine.discovery.sayings import FACETS, Facet
from engine.discovery.tower import Tower
from engine.discovery.vocabulary import Labels, read_vocabulary
from engine.discovery.wording import Wording
from engine.features.factory import load_encoder
from engine.features.text import Analyzer
from engine.relevance.fitting import fit_logistic

Array = npt.NDArray[np.float64]
SETS = ("caltech", "clothing", "grocery", "fashion")
BINS = 10
WIDTHS = (0.03, 0.05, 0.08)
HEARD = (0.0, 0.1, 0.2, 0.35, 0.5)
SHOWN = (0.0, 0.2, 0.4, 0.7, 1.0)
# A curve of six slopes is held back a little, since there are few thousand questions.
RIDGE = 1.0


def ordered(asked: Asked, confidence: Confidence) -> Asked:
    """Return a question as other weights would answer it."""
    hear(asked.ranked, confidence.width)
    places = sorted(
        range(len(asked.ranked)), key=lambda place: -confidence.score(asked.ranked[place])
    )
    return replace(
        asked,
        ranked=[asked.ranked[place] for place in places],
        right=[asked.right[place] for place in places],
    )


def right(asked: Asked) -> bool:
    """Say whether the first label is the answer."""
    return bool(asked.ranked) and asked.right[0]


def grouped(found: Sequence[Asked]) -> dict[tuple[str, bool], list[Asked]]:
    """Return questions by task and by whether their class was withheld."""
    groups: dict[tuple[str, bool], list[Asked]] = defaultdict(list)
    for each in found:
        groups[each.task.name, each.withheld].append(each)
    return dict(groups)


def fitted(facet: Facet, found: Sequence[Asked]) -> Confidence:
    """Return the weights that are most often right where pins say it, and their curve."""
    start = replace(CONFIDENCES[facet], heard=0.0, shown=0.0)
    best: tuple[float, Confidence] | None = None
    heard = (0.0,) if facet == "product" else HEARD
    for width, h, s in itertools.product(WIDTHS, heard, SHOWN if facet == "colour" else (0.0,)):
        tried = replace(start, width=width, heard=h, shown=s)
        answers = [ordered(each, tried) for each in found]
        told = [
            np.mean([right(each) for each in group])
            for (_, withheld), group in grouped(answers).items()
            if not withheld and not group[0].task.unseen
        ]
        if best is None or np.mean(told) > best[0] + 1e-9:
            best = float(np.mean(told)), tried
    if best is None:
        raise SystemExit(f"nothing was asked about {facet}")
    chosen = best[1]
    # What was tried after it has changed what the candidates hold.
    answers = [ordered(each, chosen) for each in found if each.ranked]
    sizes = {key: len(group) for key, group in grouped(answers).items()}
    features = np.array([traits(chosen, each.ranked, each.closest) for each in answers])
    weights = np.array([each.weight / sizes[each.task.name, each.withheld] for each in answers])
    bias, slopes = fit_logistic(
        features,
        np.array([right(each) for each in answers], np.float64),
        weights / weights.mean(),
        [-np.inf] * features.shape[1],
        ridge=RIDGE,
    )
    curve = tuple(round(float(each), 2) for each in (bias, *slopes))
    return replace(chosen, curve=curve)  # type: ignore[arg-type] # as many as there are traits


def calibration_error(claimed: Array, true: Array) -> float:
    """Return the expected calibration error over bins of equal width (Naeini et al. 2015)."""
    place = np.minimum((claimed * BINS).astype(int), BINS - 1)
    gaps = np.zeros(BINS)
    np.add.at(gaps, place, claimed - true)
    return float(np.abs(gaps).sum() / len(claimed))


def claims(found: Sequence[Asked], confidences: Mapping[Facet, Confidence]) -> tuple[Array, Array]:
    """Return how sure each first label is, and whether it is right."""
    told = [confidences[each.task.facet].of(each.ranked, each.closest) for each in found]
    claimed = np.array([each[0] if each else 0.0 for each in told])
    return claimed, np.array([right(each) for each in found], np.float64)


def table(found: Sequence[Asked], confidences: Mapping[Facet, Confidence]) -> None:
    """Print a row a task, then a row a facet, then how often claims of each size are right."""
    print(
        "| facet | asked of | questions | top 1 | claimed | calibration error | sure "
        "| not sure when wrong |"
    )
    print("|---|---|---|---|---|---|---|---|")
    facets = {facet: [each for each in found if each.task.facet == facet] for facet in FACETS}
    for facet, those in facets.items():
        for (name, withheld), group in grouped(those).items():
            _row(facet, f"{name}, class withheld" if withheld else name, group, confidences)
        plain = [each for each in those if not each.withheld and not each.task.unseen]
        if plain:
            _row(facet, "**all pools that hold the answer**", plain, confidences)
    print("\n| claimed |", " | ".join(facet for facet in facets), "|")
    print("|---|" + "---|" * len(facets))
    for place in range(BINS):
        cells = []
        for those in facets.values():
            plain = [each for each in those if not each.withheld and not each.task.unseen]
            if not plain:
                cells.append("–")
                continue
            claimed, true = claims(plain, confidences)
            within = np.minimum((claimed * BINS).astype(int), BINS - 1) == place
            cells.append(f"{true[within].mean():.2f} of {within.sum()}" if within.any() else "–")
        print(f"| {place / BINS:.1f} to {(place + 1) / BINS:.1f} |", " | ".join(cells), "|")


def _row(
    facet: Facet, name: str, group: Sequence[Asked], confidences: Mapping[Facet, Confidence]
) -> None:
    claimed, true = claims(group, confidences)
    wrong = claimed[true == 0]
    unsure = f"{(wrong < SURE).mean():.2f}" if len(wrong) else "–"
    print(
        f"| {facet} | {name} | {len(group)} | {true.mean():.3f} | {claimed.mean():.3f} "
        f"| {calibration_error(claimed, true):.3f} | {(claimed >= SURE).mean():.2f} | {unsure} |",
        flush=True,
    )


def main() -> None:
    """Ask everything, then print a table or parameters."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--drawn", type=Path, help="a folder that holds a set called drawn")
    arguments.add_argument("--encoder", default="embedded", help="a setting of ENGINE_ENCODER")
    arguments.add_argument("--scratch", type=Path, required=True)
    arguments.add_argument("--most", type=int, default=2_000, help="pictures of each pool")
    arguments.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    arguments.add_argument("--fit", action="store_true")
    given = arguments.parse_args()
    encoder = load_encoder(given.encoder)
    vocabulary = read_vocabulary()
    labels = {
        facet: Labels.of(vocabulary, facet, encoder)
        for facet in ("kind", "place", "style", "colour")
    }
    namer = Namer(
        Wording(vocabulary, Analyzer()),
        Tower(lambda facet: labels[facet], lambda: encoder),
        CONFIDENCES,
    )
    sets: dict[str, JudgedSet] = {
        name: read(given.data, name, encoder, given.scratch) for name in given.sets
    }
    if given.drawn:
        sets["drawn"] = read(given.drawn, "drawn", encoder, given.scratch)
    folder = Path(tempfile.mkdtemp(dir=given.scratch))
    split = "development" if given.fit else "test"
    try:
        found = list(ask_all(sets, split, namer, encoder, folder, given.most))
    finally:
        shutil.rmtree(folder)
    if not given.fit:
        print(f"test pictures, {encoder.fingerprint}\n")
        table(found, CONFIDENCES)
        return
    asked = {facet: [each for each in found if each.task.facet == facet] for facet in FACETS}
    chosen = {facet: fitted(facet, those) for facet, those in asked.items() if those}
    for facet, confidence in chosen.items():
        print(f"        {facet!r}: {confidence},")
    table([ordered(each, chosen[each.task.facet]) for each in found], chosen)


if __name__ == "__main__":
    main()
