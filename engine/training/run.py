"""The making of the encoder, stage after stage, each of which can be taken up again.

Every stage leaves its result in the run's folder, and the long one its checkpoints: a run that
was killed goes on from the last of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from engine.features.embedded_folder import MEMORY
from engine.training import card, export, judge
from engine.training.alignment import aligned
from engine.training.backbone import FEATURE_WIDTH, HEAD_WIDTH, load_public
from engine.training.blocks import BlockTower, naming_axes
from engine.training.corpus import everyday
from engine.training.features import frozen_features
from engine.training.heads import Inputs, fit_heads, fit_text, refit_heads, start_table
from engine.training.left_out import LeftOut
from engine.training.lessons import add_reader, judged
from engine.training.materials import Materials, Sources, gather
from engine.training.memory import Memory
from engine.training.network import NetworkStage
from engine.training.options import MakeOptions
from engine.training.pictures import Pixels
from engine.training.progress import Log, Progress
from engine.training.quantise import PICTURES
from engine.training.recipe import Recipe
from engine.training.towers import ImageHead, ImageTower, TextTower

LOG = "log.jsonl"
_REMEMBERED = 6_000
_WEIGHED = 15_000
"""Pins whose texts, two each, tell which tokens training knows."""
_SAMPLE = 8
"""Every so many-th development picture is looked at after an epoch, the whole only at the end."""


@dataclass(frozen=True)
class Run:
    """One making: what it reads, how, where its results lie between kills, and who watches."""

    materials: Materials
    recipe: Recipe
    folder: Path
    log: Log
    report: Progress


def make(options: MakeOptions, recipe: Recipe | None = None) -> Path:
    """Make the encoder, or go on making it, and write it to `options.target`.

    `recipe` replaces the standard one. Returns the weight file. Raises `OtherRun` when the run's
    folder was begun with another recipe.
    """
    recipe = options.recipe(recipe)
    folder = options.claim(recipe)
    log = Log(folder / LOG)
    with Progress(log) as report:
        log.write("begun", **options.arguments())
        torch.set_num_threads(1)
        report(f"checkpoints and log in {folder}")
        materials = gather(sources_of(options), recipe, report)
        run = Run(materials, recipe, folder, log, report)
        image, text = _towers(run, options)
        _, classifier = load_public(sources_of(options).backbone)
        stages = ["text", "heads"]
        text = _heads(run, image, text, classifier)
        found = judge_heads(materials, image, text)
        report.figures("heads", found)
        if not options.heads_only:
            _network(run, image, text)
            _refit(run, image, text, classifier)
            stages += ["network", *(["heads again"] if recipe.again_steps else [])]
        if isinstance(text, BlockTower):
            text.doubt_names(recipe.last_name_doubt)
            text = text.folded()
        if not options.heads_only:
            found = _judge(run, image, text, every=1)
            report.figures("end", found)
    # What the public classifier learnt before is its own; no stage has moved a class held back.
    image.head.give_say([True] * len(materials.classes))
    export.neutral_unknown(text)
    packed = export.pack(image, text, recipe.image_side, _sample(materials, PICTURES, recipe.seed))
    if recipe.reader_steps and not options.heads_only:
        with Progress(log) as report:
            packed = add_reader(packed, materials, recipe, folder / "reader.pt", report)
            stages.append("reader")
            found = judged(packed, materials)
            report.figures("with the reader", found)
    memory = _memory(run, image, looked=not options.heads_only)
    log.write("packed", bytes=len(packed))
    cost = {"minutes": log.minutes(), "cores": card.cores(), "gpu": "none"}
    pins = [materials.pins[row] for row in materials.train]
    left = {"sets": ", ".join(options.without)} if options.without else {}
    if options.leave_out is not None:
        left["file"] = options.leave_out.name
    told = card.made(pins, recipe, stages, cost, found, left)
    weights = export.write(options.target, packed, told)
    memory.write(options.target)
    report(f"{weights} {len(packed):,} bytes, {cost['minutes']} min in all")
    return weights


def sources_of(options: MakeOptions) -> Sources:
    """Return where the run reads from; decoded pictures and the like are shared between runs."""
    data, weights = options.shared / "data", options.shared / "weights"
    left = LeftOut() if options.leave_out is None else LeftOut.read(options.leave_out)
    return Sources(
        data,
        weights,
        options.work,
        options.drawn,
        left,
        options.fold,
        options.everything,
        options.fifth,
    )


def _towers(run: Run, options: MakeOptions) -> tuple[ImageTower, TextTower]:
    """Return untrained towers: the public backbone, a fresh head, the teacher's single tokens."""
    recipe, materials = run.recipe, run.materials
    torch.manual_seed(recipe.seed)
    backbone, _ = load_public(sources_of(options).backbone)
    head = ImageHead(
        recipe.hidden, recipe.dimension, recipe.dropout, recipe.name_strength, recipe.naming
    )
    text = TextTower(materials.tokenizer, recipe.dimension, sparse=True)
    start_table(text, materials.tokens, materials.supervision.corpus)
    return ImageTower(backbone, head), text


def _heads(run: Run, image: ImageTower, teacher: TextTower, classifier: nn.Linear) -> TextTower:
    """Run the stages on frozen features, or read their results; return the text tower to go on."""
    materials, recipe = run.materials, run.recipe
    supervision = materials.supervision

    def words() -> None:
        fit_text(teacher, supervision, run.report)

    def pictures() -> None:
        inputs = Inputs.single(inputs_of(materials)[torch.from_numpy(materials.train)])
        fit_heads(image.head, text, inputs, supervision, run.report)

    _once(run.folder / "text.pt", {"text": teacher}, words)
    text, names = teacher, class_vectors(teacher, materials.classes)
    if recipe.naming:
        axes = naming_axes(names, recipe.naming)
        learnt = recipe.dimension - recipe.naming
        text = BlockTower(teacher, learnt, axes, recipe.name_length, recipe.name_pace)
        drawn = supervision.mix.draw(_WEIGHED).phrases
        text.weigh(list({phrase.text for phrase in drawn}), recipe.doubt, recipe.name_doubt)
        named = nn.functional.normalize(names @ axes, dim=1)
        image.head.name(classifier, named, supervision.has_say.tolist())
    _once(run.folder / "heads.pt", {"head": image.head, "text": text}, pictures)
    image.head.eval()
    return text


def class_vectors(text: TextTower, classes: Sequence[Sequence[str]]) -> Tensor:
    """Return a unit row for each class: the mean of its everyday names."""
    with torch.inference_mode():
        rows = [text(everyday(names)).mean(0) for names in classes]
        return nn.functional.normalize(torch.stack(rows), dim=1)


def _network(run: Run, image: ImageTower, text: TextTower) -> None:
    """Train every layer, from the last checkpoint if there is one."""
    before = seeing(image)
    stage = NetworkStage(image, text, run.materials.views(), run.materials.supervision)
    checkpoint = run.folder / "network.pt"
    if checkpoint.exists():
        stage.resume(checkpoint)
        run.report(f"taken up at step {stage.steps}, {stage.spent / 60:.1f} min into the network")

    def after_epoch(epoch: int, losses: Mapping[str, float]) -> None:
        found = _judge(run, image, text, every=_SAMPLE)
        mean = {name: round(value, 4) for name, value in losses.items()}
        shown = f"network epoch {epoch}, one picture in {_SAMPLE}"
        run.report.figures(shown, found, epoch=epoch, losses=mean)

    stage.fit(checkpoint, run.report, after_epoch=after_epoch)
    stage.take_average()
    meet_halfway(image, before, run.recipe.network_share)


def seeing(image: ImageTower) -> list[Tensor]:
    """Return a copy of the weights of the backbone and of the classifier on it."""
    layers = (*image.backbone.parameters(), *image.head.classes.parameters())
    return [parameter.detach().clone() for parameter in layers]


def meet_halfway(image: ImageTower, before: Sequence[Tensor], share: float) -> None:
    """Move the backbone and its classifier from `before` to where they are, by `share` of the way.

    Much of what was learnt stays, and what no training picture showed is not forgotten (Wortsman
    et al., 2022, https://arxiv.org/abs/2109.01903). The head is fitted to it again afterwards.
    """
    layers = [*image.backbone.parameters(), *image.head.classes.parameters()]
    with torch.no_grad():
        for now, then in zip(layers, before, strict=True):
            now.lerp_(then, 1 - share)


def _refit(run: Run, image: ImageTower, text: TextTower, classifier: nn.Linear) -> None:
    """Train head and table on in large batches, on what the tuned backbone makes of whole views.

    The public classifier is brought to the tuned backbone first.
    """
    if not run.recipe.again_steps:
        return

    def again() -> None:
        views = dict(run.recipe.again_views)
        materials = run.materials
        inputs = materials.see(image.backbone, views, run.recipe.seed)
        if run.recipe.naming:
            before = torch.from_numpy(materials.features[materials.train])
            tops = (rows[:, :HEAD_WIDTH].float() for rows in (before, inputs.whole()))
            image.head.classify(aligned(classifier, *tops))
        refit_heads(image.head, text, inputs, materials.supervision, run.report)

    _once(run.folder / "again.pt", {"head": image.head, "text": text}, again)


def _memory(run: Run, image: ImageTower, *, looked: bool) -> Memory:
    """Sum up what the head reads of training pictures, for those who tune the encoder later.

    `looked` says that the backbone has changed, so that it has to look again.
    """
    saved = run.folder / MEMORY
    if saved.exists():
        return Memory.beside(saved, image.head)
    materials, seed = run.materials, run.recipe.seed
    chosen = np.random.default_rng(seed).permutation(len(materials.train))[:_REMEMBERED]
    rows = materials.train[np.sort(chosen)]
    inputs = _seen(materials, image, rows) if looked else inputs_of(materials)[rows]
    memory = Memory.of(inputs, image.head, seed)
    memory.write(run.folder)
    return memory


def _sample(materials: Materials, count: int, seed: int) -> Pixels:
    """Return some training pictures, by which the weights are rounded."""
    views = materials.views()
    rows = np.random.default_rng(seed).permutation(len(materials.train))[:count]
    return np.stack([views.picture(int(row)) for row in rows])


def _once(saved: Path, modules: Mapping[str, nn.Module], work: Callable[[], None]) -> None:
    """Do the work and keep its result, or take the result of an earlier run."""
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        for name, module in modules.items():
            module.load_state_dict(state[name])
            module.eval()
        return
    work()
    fresh = saved.with_suffix(".new")
    torch.save({name: module.state_dict() for name, module in modules.items()}, fresh)
    fresh.replace(saved)


def inputs_of(materials: Materials) -> Tensor:
    """Return what the head reads of every pin while the backbone is frozen, at half precision."""
    parts = [torch.from_numpy(materials.features), torch.from_numpy(materials.colours).half()]
    return torch.cat(parts, 1)


def judge_heads(materials: Materials, image: ImageTower, text: TextTower) -> dict[str, float]:
    """Return the development figures of heads on frozen features; cheap, no pixels needed."""
    rows = _development(materials, every=1)
    if not len(rows):
        return {}
    return _figures(materials, image.head, text, rows, inputs_of(materials)[rows])


def _judge(run: Run, image: ImageTower, text: TextTower, every: int) -> dict[str, float]:
    """Return the development figures of both towers as they are, from the pixels."""
    rows = _development(run.materials, every)
    if not len(rows):
        return {}
    return _figures(run.materials, image.head, text, rows, _seen(run.materials, image, rows))


def _seen(materials: Materials, image: ImageTower, rows: npt.NDArray[np.intp]) -> Tensor:
    """Return what the head reads of pins when their pictures go through the backbone now."""
    seen = np.zeros((len(rows), FEATURE_WIDTH), np.float16)
    where = materials.where[rows]
    for number, pictures in enumerate(materials.pictures):
        mine = np.flatnonzero(where[:, 0] == number)
        seen[mine] = frozen_features(image.backbone, pictures, where[mine, 1])
    return torch.cat([torch.from_numpy(seen), torch.from_numpy(materials.colours[rows]).half()], 1)


def _development(materials: Materials, every: int) -> npt.NDArray[np.intp]:
    judged = [i for i, pin in enumerate(materials.pins) if pin.split == "development"]
    # By digest, so that the sample is the same after each epoch and in each run.
    sample = [i for i in judged if int(materials.pins[i].digest[:8], 16) % every == 0]
    return np.array(sample, np.intp)


def _figures(
    materials: Materials,
    head: ImageHead,
    text: TextTower,
    rows: npt.NDArray[np.intp],
    inputs: Tensor,
) -> dict[str, float]:
    pins = [materials.pins[row] for row in rows]
    questions = judge.questions_for(pins, materials.queries, "development", materials.left_out)
    # As it ships: with a say for the classes that must not teach.
    says = materials.supervision.has_say.tolist()
    head.give_say([True] * len(says))
    try:
        with torch.no_grad():
            vectors = torch.cat([head(part.float()) for part in torch.split(inputs, 4096)])
            return judge.figures(questions, vectors.numpy(), lambda t: text(t).numpy())
    finally:
        head.give_say(says)
