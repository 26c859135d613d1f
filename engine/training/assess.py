"""Judges a packed encoder beside its baselines and tells how cosines relate to relevance.

Knows nothing of training; it reads the weight file as the engine does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.features.embedded import EmbeddedEncoder
from engine.training import judge
from engine.training.backbone import load_public
from engine.training.baselines import chance, class_name_vectors
from engine.training.calibration import PERCENTILES, Logistic, fit, percentiles
from engine.training.corpus import read_class_names
from engine.training.features import class_logits, frozen_features
from engine.training.materials import Sources
from engine.training.pictures import Pixels, decode_all
from engine.training.pins import TrainingPin, read_queries, read_set, split_anew
from engine.training.supervision import class_odds
from engine.training.teachers import FloatArray, TextTeacher

_CHUNK = 32
Row = tuple[str, Mapping[str, float]]


@dataclass(frozen=True)
class Board:
    """A split laid out for judging: pins, their pixels, and the questions asked of them."""

    pins: Sequence[TrainingPin]
    pixels: Pixels
    questions: Sequence[judge.Question]


def lay_out(sources: Sources, names: Sequence[str], split: str, side: int) -> Board:
    """Read one split of the sets `names`; pixels are cached in the work folder.

    Fold and left-out classes are those of `sources`.
    """
    data = sources.data
    every = split_anew(
        [pin for name in names for pin in read_set(data / name, name, fifth=sources.fifth)],
        fold=sources.fold,
    )
    pins = [pin for pin in every if pin.split == split]
    queries = {name: read_queries(data / name) for name in names}
    cache = f"{split}.npy" if sources.fold is None else f"{split}_fold{sources.fold}.npy"
    cache = f"fifth{sources.fifth}_{cache}" if sources.fifth else cache
    pixels = decode_all([pin.image for pin in pins], side, sources.work / cache)
    return Board(pins, pixels, judge.questions_for(pins, queries, split, sources.left_out))


def lay_out_samples(folder: Path, side: int, work: Path) -> Board:
    """Read the drawn samples: one pool, none of which has trained."""
    pins = read_set(folder, "samples", judged=False)
    pixels = decode_all([pin.image for pin in pins], side, work / "samples.npy")
    rows = range(len(pins))
    found = judge.text_question("samples", pins, rows, read_queries(folder), least=3)
    keys = ("kind", "colour")
    alike = judge.image_question("samples by kind and colour", pins, rows, keys)
    return Board(pins, pixels, [found, alike])


def encode(encoder: EmbeddedEncoder, pixels: Pixels) -> FloatArray:
    """Encode decoded pictures in order."""
    parts = [
        encoder.encode_pixels(np.array(pixels[start : start + _CHUNK]))
        for start in range(0, len(pixels), _CHUNK)
    ]
    return np.concatenate(parts)


def compare(
    board: Board, vectors: FloatArray, encoder: EmbeddedEncoder, weights: Path, work: Path
) -> list[Row]:
    """Return the figures of chance, of untrained class names and of the encoder.

    `weights` is the folder of the public backbone. Image to image, the untrained baseline
    compares the backbone's own features.
    """
    luck = chance(len(board.pins), encoder.dimension, seed=1)
    rows: list[Row] = [
        (
            "chance",
            judge.figures(
                board.questions, luck, lambda texts: chance(len(texts), encoder.dimension, seed=2)
            ),
        )
    ]
    cache = work / f"untrained_{len(board.pins)}.npz"
    if not cache.exists():
        backbone, classifier = load_public(weights / "mobilenet_v2_imagenet.safetensors")
        every = np.arange(len(board.pins))
        features = frozen_features(backbone.eval(), board.pixels, every)
        logits = class_logits(classifier, features)
        np.savez(cache, features=features, logits=logits)
    seen = np.load(cache)
    teacher = TextTeacher()
    classes = read_class_names(weights / "imagenet_labels.txt")[1:]
    names = class_name_vectors(class_odds(seen["logits"]), classes, teacher)
    asked = [question for question in board.questions if question.texts]
    alike = [question for question in board.questions if not question.texts]
    raw = np.asarray(seen["features"][:, :1280], np.float32)
    raw = raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-9)
    untrained = judge.figures(asked, names, teacher.sentences)
    untrained |= judge.figures(alike, raw, teacher.sentences)
    rows.append(("class names, untrained", untrained))
    rows.append(("embedded", judge.figures(board.questions, vectors, encoder.encode_texts)))
    return rows


def table(rows: Sequence[Row]) -> str:
    """Write figures as a Markdown table, one line per figure."""
    names = list(dict.fromkeys(name for _, found in rows for name in found))
    lines = [
        "| | " + " | ".join(title for title, _ in rows) + " |",
        "|---|" + "---|" * len(rows),
    ]
    for name in names:
        values = [f"{found[name]:.3f}" if name in found else "–" for _, found in rows]
        lines.append(f"| {name} | " + " | ".join(values) + " |")
    return "\n".join(lines)


@dataclass(frozen=True)
class Pairs:
    """Cosines of one question's pairs, which of them are relevant, and what each weighs."""

    name: str
    cosines: npt.NDArray[np.float32]
    relevant: npt.NDArray[np.bool_]
    weights: npt.NDArray[np.float64]


def pairs(board: Board, vectors: FloatArray, encoder: EmbeddedEncoder) -> list[Pairs]:
    """Collect every pair of query and pool; each query weighs the same."""
    found: list[Pairs] = []
    for question in board.questions:
        if not len(question.grades):
            continue
        scores = judge.cosines(question, vectors, encoder.encode_texts)
        keep = scores > -1.0
        weights = np.broadcast_to(1.0 / keep.sum(1, keepdims=True), scores.shape)
        found.append(Pairs(question.name, scores[keep], question.grades[keep] > 0, weights[keep]))
    return found


def calibrate(found: Sequence[Pairs]) -> Logistic:
    """Fit one curve over several questions, each question of the same weight."""
    return fit(
        np.concatenate([part.cosines for part in found]),
        np.concatenate([part.relevant for part in found]),
        np.concatenate([part.weights / part.weights.sum() for part in found]),
    )


def calibration_table(found: Sequence[Pairs]) -> str:
    """Write percentiles of relevant and of other pairs, and each question's own curve."""
    head = " | ".join(f"p{level}" for level in PERCENTILES)
    lines = [
        f"| pairs | relevant {head} | other {head} | share relevant | slope, offset | P = .5 at |",
        "|---|" + "---|" * (2 * len(PERCENTILES) + 3),
    ]
    for part in found:
        curve = calibrate([part])
        near = " | ".join(f"{value:.2f}" for value in percentiles(part.cosines[part.relevant]))
        far = " | ".join(f"{value:.2f}" for value in percentiles(part.cosines[~part.relevant]))
        prior = float((part.weights * part.relevant).sum() / part.weights.sum())
        lines.append(
            f"| {part.name} | {near} | {far} | {prior:.4f} | "
            f"{curve.slope:.2f}, {curve.offset:.2f} | {curve.half:.3f} |"
        )
    return "\n".join(lines)
