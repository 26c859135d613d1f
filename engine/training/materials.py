"""Everything that the stages read, gathered once and cached in a work folder.

Knows nothing of optimisers. A cache is valid for one listing of pins; delete the folder to start
over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from engine.features import colour
from engine.features.wordpiece import tokenizer
from engine.training.backbone import FEATURE_WIDTH, Backbone, load_public
from engine.training.corpus import assemble, read_captions, read_class_names, read_descriptions
from engine.training.features import HalfArray, class_logits, frozen_features
from engine.training.heads import Report
from engine.training.mix import Mix
from engine.training.network import Views
from engine.training.pictures import Pixels, decode_all, near_twins
from engine.training.pins import (
    JUDGED,
    JudgedQuery,
    TrainingPin,
    read_queries,
    read_set,
    without_twins,
)
from engine.training.recipe import Recipe
from engine.training.supervision import ClassTexts, Supervision, class_odds
from engine.training.teachers import FloatArray, TextTeacher, principal_axes, project

PUBLIC_SETS = ("fashion", "grocery", "clothing", "caltech", "flickr", "imagenet")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where things lie: the public sets, the public weights, drawn pins if any, the work folder."""

    data: Path
    weights: Path
    work: Path
    drawn: Path | None = None

    @property
    def backbone(self) -> Path:
        """The public starting weights."""
        return self.weights / "mobilenet_v2_imagenet.safetensors"


@dataclass(frozen=True)
class Materials:
    """Pins with their pictures, the training rows among them, and what teaches them."""

    pins: Sequence[TrainingPin]
    pictures: tuple[Pixels, ...]
    where: npt.NDArray[np.intp]
    train: npt.NDArray[np.intp]
    """Rows of `pins` that train; row i of the mix is `pins[train[i]]`."""
    features: npt.NDArray[np.float16]
    logits: npt.NDArray[np.float16]
    colours: FloatArray
    queries: Mapping[str, Sequence[JudgedQuery]]
    supervision: Supervision
    tokenizer: Tokenizer
    tokens: FloatArray
    """The text teacher's single tokens, projected."""

    def views(self) -> Views:
        """Return the pixels and colours of the training pins."""
        return Views(self.pictures, self.where[self.train], self.colours[self.train])

    def see(self, backbone: Backbone) -> HalfArray:
        """Return what a backbone, tuned or not, makes of the training pins, in their order."""
        seen = np.zeros((len(self.train), FEATURE_WIDTH), np.float16)
        where = self.where[self.train]
        for number, pictures in enumerate(self.pictures):
            mine = np.flatnonzero(where[:, 0] == number)
            seen[mine] = frozen_features(backbone, pictures, where[mine, 1])
        return seen


def gather(sources: Sources, recipe: Recipe, report: Report) -> Materials:
    """Read, decode and encode everything that is not yet in the work folder."""
    sources.work.mkdir(parents=True, exist_ok=True)
    groups = [[pin for name in PUBLIC_SETS for pin in read_set(sources.data / name, name)]]
    if sources.drawn is not None:
        groups.append(read_set(sources.drawn, "drawn", judged=False))
    pins = [pin for group in groups for pin in group]
    pictures: list[Pixels] = []
    seen: list[tuple[npt.NDArray[np.float16], npt.NDArray[np.float16], FloatArray]] = []
    for name, group in zip(("public", "drawn"), groups, strict=False):
        report(f"{name}: {len(group)} pictures")
        decoded = decode_all(
            [pin.image for pin in group], recipe.image_side, sources.work / f"{name}.npy"
        )
        pictures.append(decoded)
        seen.append(_seen(sources, name, group, decoded))
    where = np.array([(a, i) for a, group in enumerate(groups) for i in range(len(group))])
    train = _training_rows(sources, groups[0], pins, pictures[0])
    queries = {name: read_queries(sources.data / name) for name in PUBLIC_SETS}
    features, logits, colours = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    report(f"{len(train)} pins train")
    supervision, tokens, pieces = _supervise(
        sources, recipe, pins, [pins[row] for row in train], _odds(pins, train, logits)
    )
    return Materials(
        pins, tuple(pictures), where, train, features, logits, colours, queries,
        supervision, pieces, tokens,
    )  # fmt: skip


def _training_rows(
    sources: Sources, public: Sequence[TrainingPin], pins: Sequence[TrainingPin], decoded: Pixels
) -> npt.NDArray[np.intp]:
    judged = np.array([pin.split in JUDGED for pin in public])
    twin = _cached(sources.work / "twins.npy", lambda: near_twins(decoded, judged))
    twins = frozenset(pin.digest for pin, looks in zip(public, twin, strict=True) if looks)
    kept = {id(pin) for pin in without_twins(pins, twins)}
    rows = [i for i, pin in enumerate(pins) if pin.split == "train" and id(pin) in kept]
    return np.array(rows, np.intp)


def _seen(
    sources: Sources, name: str, group: Sequence[TrainingPin], decoded: Pixels
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.float16], FloatArray]:
    """Frozen features, class logits (zeros for the test part: it stays shut), and colours."""
    rows = np.array([i for i, pin in enumerate(group) if pin.split != "test"], np.intp)
    paths = [sources.work / f"{name}_{what}.npy" for what in ("features", "logits")]
    if not all(path.exists() for path in paths):
        backbone, classifier = load_public(sources.backbone)
        known = frozen_features(backbone.eval(), decoded, rows)
        for path, part in zip(paths, (known, class_logits(classifier, known)), strict=True):
            whole = np.zeros((len(group), part.shape[1]), part.dtype)
            whole[rows] = part
            np.save(path, whole)
    features, logits = (np.load(path) for path in paths)
    colours = _cached(sources.work / f"{name}_colours.npy", lambda: colour.histograms(decoded))
    return features, logits, colours


def _odds(
    pins: Sequence[TrainingPin], train: npt.NDArray[np.intp], logits: npt.NDArray[np.float16]
) -> npt.NDArray[np.float16]:
    odds = class_odds(logits[train])
    # The classifier has only seen photos: of drawn things it knows nothing.
    odds[[pins[row].set_name == "drawn" for row in train]] = 0
    return odds


def _supervise(
    sources: Sources,
    recipe: Recipe,
    pins: Sequence[TrainingPin],
    training: Sequence[TrainingPin],
    odds: npt.NDArray[np.float16],
) -> tuple[Supervision, FloatArray, Tokenizer]:
    descriptions = read_descriptions(sources.data / "text")
    classes = read_class_names(sources.weights / "imagenet_labels.txt")[1:]
    mix = Mix(training, recipe.shares, descriptions, recipe.seed)
    listing = sources.work / "texts.json"
    if not listing.exists():
        captions = read_captions(sources.data / "text" / "captions.txt.gz", pins)
        texts = assemble(captions, descriptions, classes, mix, recipe.caption_limit, recipe.seed)
        listing.write_text(json.dumps(texts), encoding="utf-8")
    corpus: list[str] = json.loads(listing.read_text(encoding="utf-8"))
    teacher = TextTeacher()
    sentences = _cached(sources.work / "sentences.npy", lambda: teacher.sentences(corpus))
    tokens = _cached(sources.work / "tokens.npy", teacher.tokens)
    axes = principal_axes(sentences, recipe.dimension)
    supervision = Supervision(
        mix=mix,
        recipe=recipe,
        class_odds=odds,
        class_texts=ClassTexts(classes, descriptions, recipe.seed),
        corpus=corpus,
        targets=project(sentences, axes),
    )
    return supervision, project(tokens, axes), tokenizer(teacher.vocabulary)


def _cached(path: Path, make: Callable[[], npt.NDArray[np.generic]]) -> npt.NDArray[np.float32]:
    if not path.exists():
        np.save(path, make())
    loaded: npt.NDArray[np.float32] = np.load(path)
    return loaded
