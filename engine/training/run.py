"""The training from end to end, stage after stage, each of which can be taken up again."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import Tensor

from engine.features.embedded import EmbeddedEncoder
from engine.training import assess, export, judge
from engine.training.backbone import load_public
from engine.training.heads import fit_heads, fit_text, refit_heads, start_table
from engine.training.materials import PUBLIC_SETS, Materials, Sources, gather
from engine.training.network import NetworkStage
from engine.training.recipe import Recipe
from engine.training.towers import ImageHead, ImageTower, TextTower


def report(line: str) -> None:
    """Print a line of progress with the time of day."""
    print(f"{datetime.now(UTC):%H:%M:%S} {line}", file=sys.stderr, flush=True)


def build(materials: Materials, sources: Sources, recipe: Recipe) -> tuple[ImageTower, TextTower]:
    """Return untrained towers: the public backbone, a fresh head, the teacher's single tokens."""
    torch.manual_seed(recipe.seed)
    backbone, _ = load_public(sources.backbone)
    head = ImageHead(recipe.hidden, recipe.dimension, recipe.dropout)
    text = TextTower(materials.tokenizer, recipe.dimension)
    start_table(text, materials.tokens, materials.supervision.corpus)
    return ImageTower(backbone, head), text


def heads(materials: Materials, image: ImageTower, text: TextTower, work: Path) -> None:
    """Run the stages on frozen features, or read their result from the work folder."""
    saved = work / "heads.pt"
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        image.head.load_state_dict(state["head"])
        text.load_state_dict(state["text"])
        image.head.eval()
        return
    fit_text(text, materials.supervision, report)
    inputs = inputs_of(materials)[torch.from_numpy(materials.train)]
    fit_heads(image.head, text, inputs, materials.supervision, report)
    torch.save({"head": image.head.state_dict(), "text": text.state_dict()}, saved)


def refit(materials: Materials, image: ImageTower, text: TextTower, recipe: Recipe) -> None:
    """Train head and table on in large batches, on what the tuned backbone makes of whole views."""
    if not recipe.again_steps:
        return
    seen = torch.from_numpy(materials.see(image.backbone))
    colours = torch.from_numpy(materials.colours[materials.train]).half()
    inputs = torch.cat([seen, colours], 1)
    refit_heads(image.head, text, inputs, materials.supervision, report)


def inputs_of(materials: Materials) -> Tensor:
    """Return what the head reads of every pin while the backbone is frozen, at half precision."""
    parts = [torch.from_numpy(materials.features), torch.from_numpy(materials.colours).half()]
    return torch.cat(parts, 1)


def judge_heads(materials: Materials, image: ImageTower, text: TextTower) -> dict[str, float]:
    """Return the development figures of heads on frozen features; cheap, no pixels needed."""
    questions = judge.questions_for(materials.pins, materials.queries, "development")
    with torch.inference_mode():
        rows = [image.head(part.float()) for part in torch.split(inputs_of(materials), 4096)]
        return judge.figures(questions, torch.cat(rows).numpy(), lambda t: text(t).numpy())


def train(sources: Sources, recipe: Recipe, target: Path, *, heads_only: bool = False) -> Path:
    """Make the encoder and write it to the folder `target`; returns the weight file."""
    torch.set_num_threads(1)
    started = time.monotonic()
    materials = gather(sources, recipe, report)
    image, text = build(materials, sources, recipe)
    heads(materials, image, text, sources.work)
    found = judge_heads(materials, image, text)
    report(" · ".join(f"{name} {value:.3f}" for name, value in found.items()))
    if not heads_only:
        torch.set_num_threads(1)
        stage = NetworkStage(image, text, materials.views(), materials.supervision)
        checkpoint = sources.work / "network.pt"
        if checkpoint.exists():
            stage.resume(checkpoint)
        stage.fit(checkpoint, report)
        stage.take_average()
        refit(materials, image, text, recipe)
    export.neutral_unknown(text)
    packed = export.pack(image, text, recipe.image_side)
    minutes = (time.monotonic() - started) / 60
    weights = export.write(target, packed, card(materials, recipe, minutes, heads_only))
    report(f"{weights} {len(packed):,} bytes, {minutes:.1f} min")
    return weights


def card(
    materials: Materials, recipe: Recipe, minutes: float, heads_only: bool
) -> dict[str, object]:
    """Return what the model card says of a run: its data, its recipe and its time."""
    sets = Counter(materials.pins[row].set_name for row in materials.train)
    numbers = asdict(replace(recipe, shares={}))
    return {
        "name": "embedded",
        "format": export.FORMAT,
        "made": f"{datetime.now(UTC):%Y-%m-%d}",
        "stages": ["text", "heads"] if heads_only else ["text", "heads", "network", "heads again"],
        "minutes": round(minutes, 1),
        "training_pins": dict(sorted(sets.items())),
        "recipe": numbers | {"shares": dict(recipe.shares)},
        "starting_weights": "MobileNetV2 1.0 224 (ImageNet), Coral test data, Apache-2.0",
        "text_teacher": "sentence-transformers/all-MiniLM-L6-v2, Apache-2.0",
    }


def judge_file(sources: Sources, weights: Path | None, split: str, samples: Path | None) -> str:
    """Return the tables of a packed encoder: figures beside the baselines, then calibration."""
    torch.set_num_threads(1)
    sources.work.mkdir(parents=True, exist_ok=True)
    encoder = EmbeddedEncoder.load(weights)
    side = Recipe().image_side
    sections = [f"{encoder.fingerprint}, {split} split"]
    boards = [assess.lay_out(sources.data, PUBLIC_SETS, split, side, sources.work)]
    if samples is not None:
        boards.append(assess.lay_out_samples(samples, side, sources.work))
    for board in boards:
        vectors = assess.encode(encoder, board.pixels)
        rows = assess.compare(board, vectors, encoder, sources.weights, sources.work)
        sections.append(assess.table(rows))
        found = assess.pairs(board, vectors, encoder)
        sections.append(assess.calibration_table(found))
        for direction, asked in (("text -> image", True), ("image -> image", False)):
            chosen = [
                part
                for part, question in zip(found, board.questions, strict=True)
                if bool(question.texts) is asked
            ]
            curve = assess.calibrate(chosen)
            sections.append(
                f"{direction}: slope {curve.slope:.2f}, offset {curve.offset:.2f}, "
                f"P = .5 at cosine {curve.half:.3f}"
            )
    return "\n\n".join(sections)
