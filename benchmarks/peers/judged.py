"""nDCG@10 of every peer on judged pins, half of which have lost their text.

A peer's weight is first its default, then the one that does best on the development split.
"""

import json
from pathlib import Path

import numpy as np

from benchmarks import pools
from benchmarks.peers.dataset import Dataset, is_whole, write
from benchmarks.peers.measure import peer_of
from benchmarks.synthetic import Corpus, Question
from engine.features.factory import load_encoder

SET = "fashion"
SILENT = 0.5


def judge(work: Path, data: Path, encoder: str, names: list[str]) -> None:
    """Judge the peers and keep what was found."""
    splits = {each: _pool(work, data, encoder, each) for each in ("development", "test")}
    for name in names:
        if name.startswith("LanceDB, "):  # no index of vectors at this size, so all are alike
            continue
        results = work / "results" / "judge" / name
        weights = peer_of(name).weights
        worth = {
            weight: _ndcg(work, splits["development"], name, weight)
            for weight in weights
            if len(weights) > 1
        }
        best = max(worth, key=worth.__getitem__) if worth else None
        out = {"default": _ndcg(work, splits["test"], name, weights[0] if weights else None)}
        if best is not None:
            out |= {"weight": best, "best": _ndcg(work, splits["test"], name, best)}
        results.parent.mkdir(parents=True, exist_ok=True)
        questions = len(splits["test"].questions())
        results.with_suffix(".json").write_text(
            json.dumps(out | {"pins": len(splits["test"]), "questions": questions})
        )


def _ndcg(work: Path, pins: Dataset, name: str, weight: float | None) -> float:
    from benchmarks.peers.run import apart

    place = work / "indexes" / pins.folder.name / name
    told = work / "judging" / f"{name} {pins.folder.name} {weight}.json"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        if not apart("build", name, pins.folder, place, told.with_suffix(".build.json")):
            return float("nan")
    rest = () if weight is None else (str(weight),)
    if not apart("judge", name, pins.folder, place, told, *rest):
        return float("nan")
    return float(json.loads(told.read_text())["ndcg"])


def _pool(work: Path, data: Path, encoder: str, split: str) -> Dataset:
    """Return a split as a data set; its texts are analysed as the engine does."""
    folder = work / "pins" / f"{SET}-{split}"
    if not is_whole(folder):
        pool = pools.without_text(pools.load(data, SET, split, load_encoder(encoder), None), SILENT)
        pins = Corpus(
            pool.vectors.astype(np.float32),
            [" ".join(each) for each in pool.description],
            [" ".join(each) for each in pool.board],
        )
        vectors = pool.query_vectors.astype(np.float32)
        asked = [Question(a, b) for a, b in zip(pool.terms, vectors, strict=True)]
        write(folder, pins, asked, pool.grades)
    return Dataset(folder)
