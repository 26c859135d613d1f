"""The tuning of an encoder on a user's own pins, from their file to the folder of the result.

What was seen of pictures and the training's checkpoints stay in the work folder, so that a run
that was killed goes on. Knows nothing of the command line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.errors import UsageError
from engine.features.embedded_folder import MEMORY
from engine.jsonl import BadLine
from engine.training import card, export
from engine.training.finetune import Tuner, Tuning
from engine.training.memory import Memory
from engine.training.options import TuneOptions, claim
from engine.training.own_judge import Guard, HeldOut, gain, hold_out
from engine.training.own_pins import Arriving, OwnPins, ReadPicture, Views, gather_own
from engine.training.own_texts import OwnTexts
from engine.training.own_units import Likeness
from engine.training.progress import Log, Progress
from engine.training.towers import ImageHead, TextTower
from engine.training.unpack import Looker, Unpacked, find, repack, unpack

LOG = "log.jsonl"
_SURE = 2.0


@dataclass(frozen=True)
class Tuned:
    """What came out: figures on the pins that did not train, before and after, and the guard."""

    weights: Path
    trained: int
    held_out: int
    queries: int
    before: float
    after: float
    error: float
    """Standard error of the gain."""
    share: float
    """Share of the new weights that was taken."""
    guard: float
    guard_own: float
    told_apart: tuple[float, float]
    """Share of held-out pins, and of remembered pictures, that pass for the user's."""
    memory: bool
    minutes: float = 0.0
    """How long training took, all attempts together."""

    def facts(self) -> dict[str, object]:
        """Return what is told at the end, by name."""
        return {
            "written to": str(self.weights.parent),
            "pins": f"{self.trained:,} trained, {self.held_out:,} held out",
            "held-out pins, nDCG@10": f"{self.before:.3f} before, {self.after:.3f} after "
            f"({self.after - self.before:+.3f} ± {_SURE * self.error:.3f}, "
            f"{self.queries} queries)",
            "the rest, share of the first ten that stays": f"{self.guard:.3f} for other words, "
            f"{self.guard_own:.3f} for the pins' own words",
            "pass for your pictures": f"{self.told_apart[0]:.3f} of the held-out pins, "
            f"{self.told_apart[1]:.3f} of the remembered ones",
            "share of the new weights": f"{self.share:.1f}",
            "time": f"{self.minutes:.1f} minutes",
        }

    def warnings(self) -> list[str]:
        """Return what to think twice about."""
        found: list[str] = []
        if self.after - self.before <= _SURE * self.error:
            found.append(
                f"the gain on held-out pins ({self.after - self.before:+.3f}) is within its noise "
                f"(± {_SURE * self.error:.3f}): more pins, or more said of them, would tell; "
                "the base may serve as well"
            )
        if not self.memory:
            found.append(
                f"the base has no {MEMORY}, so that what it knew was guarded from its averages "
                "alone: judge the result on other pins before you use it for them"
            )
        return found


def tune(
    options: TuneOptions,
    arrivals: Iterable[Arriving | BadLine],
    read: ReadPicture,
    tuning: Tuning | None = None,
    expected: int | None = None,
) -> Tuned:
    """Tune an encoder on pins, or go on tuning it, and write it to `options.target`.

    `read` returns the bytes of a pin's picture; `expected` is about how many pins come. Raises
    `TooFewPins`, and `UnknownEncoder` for a base that is none of ours.
    """
    tuning = tuning or Tuning()
    source = find(options.base)
    if source.parent.resolve() == options.target.resolve():
        raise UsageError(f"{options.target} holds the base: give another folder as --target")
    base = unpack(source)
    memory = Memory.beside(source, base.image.head)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    looker = Looker(source)
    looker.check(base)
    with Progress() as report:
        views = Views(options.work / "views" / digest, looker.look, base.side)
        own = gather_own(arrivals, read, views, report, expected)
        folder = claim(
            options.work / "runs",
            options.arguments(digest, _digest(own)),
            {"tuning": json.loads(json.dumps(asdict(tuning))), "memory": memory.digest()},
        )
        report.log = log = Log(folder / LOG)
        log.write("begun", pins=len(own.pins), of_no_use=dict(own.counts))
        report(f"checkpoints and log in {folder}")
        tuner, found = _train(base, own, memory, folder, tuning, options.seed, report)
        head, text = tuner.mixed(found.share)
        packed = repack(source, head, text)
        log.write("packed", bytes=len(packed))
        minutes = log.minutes()
        cost = {"minutes": minutes, "cores": card.cores(), "gpu": "none"}
        weights = export.write(
            options.target, packed, _card(source, own, found, tuning, options.seed, cost)
        )
        memory.write(options.target)
        report(f"{weights} {len(packed):,} bytes")
    known = source.with_name(MEMORY).exists()
    return replace(found, weights=weights, memory=known, minutes=minutes)


def _train(
    base: Unpacked,
    own: OwnPins,
    memory: Memory,
    folder: Path,
    tuning: Tuning,
    seed: int,
    report: Progress,
) -> tuple[Tuner, Tuned]:
    """Train, then take the mix of old and new that held-out pins like best and the guard allows."""
    torch.manual_seed(seed)
    texts = OwnTexts(own.pins)
    held = hold_out(own.pins)
    inputs = torch.from_numpy(own.inputs)
    likeness = Likeness.between(
        base.image.head, inputs[torch.from_numpy(~held)].float(), memory, seed
    )
    tuner = Tuner(base.image.head, base.text, texts, likeness, tuning, seed)
    tuner.fit(inputs, np.flatnonzero(~held).tolist(), memory, folder / "own.pt", report)
    asked = HeldOut.ask(texts, np.flatnonzero(held), seed)
    guard = Guard.of(memory, base.image.head, base.text, tuner.words.used, seed)
    looked = inputs[torch.from_numpy(held)].float()
    before = _answers(asked, base.image.head, base.text, looked)
    apart = (likeness.share(base.image.head, looked), likeness.share(base.image.head, guard.inputs))
    best: Tuned | None = None
    for share in tuning.mixes:
        head, text = tuner.mixed(share)
        after = _answers(asked, head, text, looked)
        more, error = gain(before, after)
        kept, kept_own = guard.kept(head, text)
        now = float(after.mean()) if len(after) else 0.0
        figures = {"held-out nDCG@10": now, "kept": kept, "kept, own words": kept_own}
        report.figures(f"{share:.1f} of the new weights", figures, share=share)
        if best is None or (min(kept, kept_own) >= tuning.least_kept and now > best.after):
            best = Tuned(
                Path(), int((~held).sum()), int(held.sum()), len(asked.texts),
                now - more, now, error, share, kept, kept_own, apart, memory=True,
            )  # fmt: skip
    if best is None:
        raise UsageError("no mix of old and new weights was to be tried: give at least 0.0")
    return tuner, best


def _answers(
    asked: HeldOut, head: ImageHead, text: TextTower, inputs: Tensor
) -> npt.NDArray[np.float64]:
    with torch.inference_mode():
        return asked.ndcg(head(inputs).numpy(), lambda texts: text(texts).numpy())


def _digest(own: OwnPins) -> str:
    told = [
        [pin.digest, pin.description, pin.board_title, sorted((pin.attributes or {}).items())]
        for pin in own.pins
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def _card(
    source: Path,
    own: OwnPins,
    found: Tuned,
    tuning: Tuning,
    seed: int,
    cost: dict[str, object],
) -> dict[str, object]:
    beside = source.with_name("card.json")
    base = json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else {}
    named = {key: base[key] for key in ("name", "made", "data", "left_out") if key in base}
    pins = {"trained": found.trained, "held_out": found.held_out, **own.counts}
    figures: dict[str, dict[str, object]] = {
        "held-out pins of the collection, nDCG@10": {
            "before": round(found.before, 4),
            "after": round(found.after, 4),
            "standard error of the gain": round(found.error, 4),
            "queries": found.queries,
        },
        "guard: share of the first ten remembered pictures that stays": {
            "other words": round(found.guard, 4),
            "words of the pins": round(found.guard_own, 4),
        },
        "share of pictures that pass for the user's": {
            "held-out pins": round(found.told_apart[0], 4),
            "remembered": round(found.told_apart[1], 4),
        },
    }
    chosen = asdict(tuning) | {"seed": seed, "share_of_the_new_weights": found.share}
    return card.tuned(named, pins, chosen, cost, figures)
