"""Everything that the stages read, gathered once and cached in a work folder.

Knows nothing of optimisers. A cache is valid for one listing of pins; delete the folder to start
over.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer

from engine.features import colour
from engine.features.wordpiece import tokenizer
from engine.training.backbone import Backbone, load_public
from engine.training.corpus import assemble, read_captions, read_class_names, read_descriptions
from engine.training.crops import random_view
from engine.training.features import class_logits, frozen_features, seen_by
from engine.training.heads import Inputs, Report
from engine.training.left_out import LeftOut
from engine.training.mix import Mix
from engine.training.network import Views
from engine.training.pictures import Pixels, decode_all, near_twins
from engine.training.pins import (
    JUDGED,
    JudgedQuery,
    TrainingPin,
    read_queries,
    read_set,
    split_anew,
    without_twins,
)
from engine.training.recipe import Recipe
from engine.training.supervision import ClassTexts, Supervision, class_odds
from engine.training.teachers import FloatArray, TextTeacher, principal_axes, project
from engine.training.vocabulary import missing_singulars

LEAST_VIEW = 0.55
"""The least share of a picture that a random view of it shows."""
PUBLIC_SETS = ("fashion", "grocery", "clothing", "caltech", "flickr", "imagenet")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where things lie: the public sets, the public weights, drawn pins if any, the work folder."""

    data: Path
    weights: Path
    work: Path
    drawn: Path | None = None
    left_out: LeftOut = field(default_factory=LeftOut)
    fold: int | None = None
    """Which third of flickr is test; without it, flickr is split as the other sets are."""
    everything: bool = False
    """Whether every pin trains and none is judged."""
    fifth: int = 0
    """Which fifth of the other sets is test."""

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
    classes: Sequence[Sequence[str]]
    """ImageNet's classes in the classifier's order, each with its names."""
    left_out: LeftOut
    tokenizer: Tokenizer
    tokens: FloatArray
    """The text teacher's single tokens, projected."""

    def views(self) -> Views:
        """Return the pixels and colours of the training pins."""
        return Views(self.pictures, self.where[self.train], self.colours[self.train])

    def see(self, backbone: Backbone, views: Mapping[str, int], seed: int) -> Inputs:
        """Return what a backbone, tuned or not, makes of the training pins, in their order.

        Beside the whole picture come as many random views as `views` says of the pin's set.
        """
        counts = np.array([1 + views.get(self.pins[row].set_name, 0) for row in self.train])
        starts = np.concatenate([[0], np.cumsum(counts)])
        owner = np.repeat(np.arange(len(self.train)), counts)
        whole = np.zeros(len(owner), bool)
        whole[starts[:-1]] = True
        looked = self.views()

        def view(row: int) -> Pixels:
            picture = looked.picture(owner[row])
            if whole[row]:
                return picture
            chance = random.Random(f"{seed} {row}")
            return random_view(picture, len(picture), LEAST_VIEW, chance)

        rows = seen_by(backbone, view, len(owner))
        return Inputs(torch.from_numpy(rows), starts)


def gather(sources: Sources, recipe: Recipe, report: Report) -> Materials:
    """Read, decode and encode everything that is not yet in the work folder."""
    sources.work.mkdir(parents=True, exist_ok=True)
    groups = [
        [
            pin
            for name in PUBLIC_SETS
            for pin in read_set(sources.data / name, name, fifth=sources.fifth)
        ]
    ]
    if sources.drawn is not None:
        groups.append(read_set(sources.drawn, "drawn", judged=False))
    groups[0] = split_anew(groups[0], fold=sources.fold, everything=sources.everything)
    pins = [pin for group in groups for pin in group]
    pictures: list[Pixels] = []
    seen: list[tuple[npt.NDArray[np.float16], npt.NDArray[np.float16], FloatArray]] = []
    for name, group in zip(("public", "drawn"), groups, strict=False):
        report(f"{name}: {len(group)} pictures")
        decoded = decode_all(
            [pin.image for pin in group], recipe.image_side, sources.work / f"{name}.npy"
        )
        pictures.append(decoded)
        seen.append(_seen(sources, name, len(group), decoded))
    where = np.array([(a, i) for a, group in enumerate(groups) for i in range(len(group))])
    train = _training_rows(sources, recipe, groups[0], pins, pictures[0])
    queries = {name: read_queries(sources.data / name) for name in PUBLIC_SETS}
    features, logits, colours = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    report(f"{len(train)} pins train")
    supervision, tokens, pieces = _supervise(
        sources, recipe, pins, [pins[row] for row in train], logits[train]
    )
    return Materials(
        pins, tuple(pictures), where, train, features, logits, colours, queries,
        supervision, read_class_names(sources.weights / "imagenet_labels.txt")[1:],
        sources.left_out, pieces, tokens,
    )  # fmt: skip


def _training_rows(
    sources: Sources,
    recipe: Recipe,
    public: Sequence[TrainingPin],
    pins: Sequence[TrainingPin],
    decoded: Pixels,
) -> npt.NDArray[np.intp]:
    judged = np.array([pin.split in JUDGED for pin in public])
    split = "all" if sources.everything else "" if sources.fold is None else str(sources.fold)
    split += f"_fifth{sources.fifth}" if sources.fifth else ""
    twin = _cached(sources.work / f"twins{split}.npy", lambda: near_twins(decoded, judged))
    twins = frozenset(pin.digest for pin, looks in zip(public, twin, strict=True) if looks)
    kept = {id(pin) for pin in without_twins(pins, twins)}
    rows = [
        i
        for i, pin in enumerate(pins)
        if pin.split == "train"
        and id(pin) in kept
        and pin.set_name in recipe.shares
        and not sources.left_out.hides(pin)
    ]
    return np.array(rows, np.intp)


def _seen(
    sources: Sources, name: str, count: int, decoded: Pixels
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.float16], FloatArray]:
    """Frozen features, class logits and colours, of every pin: no text has part in them."""
    paths = [sources.work / f"{name}_{what}.npy" for what in ("features", "logits")]
    if not all(path.exists() for path in paths):
        backbone, classifier = load_public(sources.backbone)
        known = frozen_features(backbone.eval(), decoded, np.arange(count))
        for path, part in zip(paths, (known, class_logits(classifier, known)), strict=True):
            _save(path, part)
    features, logits = (np.load(path) for path in paths)
    colours = _cached(sources.work / f"{name}_colours.npy", lambda: colour.histograms(decoded))
    return features, logits, colours


def _supervise(
    sources: Sources,
    recipe: Recipe,
    pins: Sequence[TrainingPin],
    training: Sequence[TrainingPin],
    logits: npt.NDArray[np.float16],
) -> tuple[Supervision, FloatArray, Tokenizer]:
    left = sources.left_out
    descriptions = read_descriptions(sources.data / "text")
    for name in left.names():
        descriptions.pop(name, None)
    classes = read_class_names(sources.weights / "imagenet_labels.txt")[1:]
    has_say = np.array(left.open_classes(classes))
    odds = class_odds(logits, has_say)
    # The classifier has only seen photos: of drawn things it knows nothing.
    odds[[pin.set_name == "drawn" for pin in training]] = 0
    mix = Mix(training, recipe.shares, descriptions, recipe.seed, recipe.free_wording)
    captions = read_captions(sources.data / "text" / "captions.txt.gz", pins)
    told = assemble(captions, descriptions, classes, mix, recipe.caption_limit, recipe.seed)
    corpus = left.speakable(told, captions)
    teacher = TextTeacher()
    sentences = _sentences(sources.work, teacher, corpus)
    tokens = _cached(sources.work / "tokens.npy", teacher.tokens)
    vocabulary = teacher.vocabulary
    if recipe.singulars:
        # A word starts as its plural, which the teacher knows as a whole.
        single = missing_singulars(vocabulary)
        tokens = np.concatenate([tokens, tokens[list(single.values())]])
        vocabulary = [*vocabulary, *single]
    axes = principal_axes(sentences, recipe.dimension)
    supervision = Supervision(
        mix=mix,
        recipe=recipe,
        class_odds=odds,
        class_texts=ClassTexts(
            [names for names, say in zip(classes, has_say, strict=True) if say],
            descriptions,
            recipe.seed,
        ),
        has_say=has_say,
        corpus=corpus,
        targets=project(sentences, axes),
    )
    return supervision, project(tokens, axes), tokenizer(vocabulary)


def _sentences(work: Path, teacher: TextTeacher, texts: Sequence[str]) -> FloatArray:
    """The teacher's vectors of `texts`; those that any earlier run asked for are kept."""
    listing, vectors = work / "texts.json", work / "sentences.npy"
    known: list[str] = []
    rows = np.zeros((0, 0), np.float32)
    if listing.exists() and vectors.exists():
        known, rows = json.loads(listing.read_text(encoding="utf-8")), np.load(vectors)
        known = known[: len(rows)]
    place = {text: row for row, text in enumerate(known)}
    fresh = [text for text in dict.fromkeys(texts) if text not in place]
    if fresh:
        found = teacher.sentences(fresh)
        rows = np.concatenate([rows[: len(known)], found]) if known else found
        place |= {text: len(known) + row for row, text in enumerate(fresh)}
        # The list first: vectors without their texts would be taken for others'.
        newer = listing.with_suffix(".new")
        newer.write_text(json.dumps(known + fresh), encoding="utf-8")
        newer.replace(listing)
        _save(vectors, rows)
    return np.asarray(rows[[place[text] for text in texts]], np.float32)


def _cached(path: Path, make: Callable[[], npt.NDArray[np.generic]]) -> npt.NDArray[np.float32]:
    if not path.exists():
        _save(path, make())
    loaded: npt.NDArray[np.float32] = np.load(path)
    return loaded


def _save(path: Path, rows: npt.NDArray[np.generic]) -> None:
    """Write whole or not at all: a killed run must not leave half a cache."""
    fresh = path.with_suffix(".new.npy")
    np.save(fresh, rows)
    fresh.replace(path)
