"""What `engine train` was asked for, and the folder that belongs to exactly that.

Knows nothing of how any of it is done.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from engine.errors import EngineError, UsageError
from engine.training.pins import FIFTHS, FOLDS
from engine.training.recipe import SETS, Recipe

_STAMP = "arguments.json"


class OtherRun(EngineError):
    """A work folder holds a run of other arguments."""

    slug = "other-run"


@dataclass(frozen=True, slots=True)
class MakeOptions:
    """How to make an encoder from the shared data.

    `shared` holds `data/` and `weights/`; `without` names sets that stay out; `leave_out` is a
    file of classes that stay out; `fold` says which third of flickr is judged, and `everything`
    that all pins train, judged ones too; `fifth` says which fifth of the other sets is test.
    """

    shared: Path
    target: Path
    work: Path
    drawn: Path | None = None
    seed: int = 7
    without: tuple[str, ...] = ()
    leave_out: Path | None = None
    heads_only: bool = False
    minutes: float | None = None
    fold: int | None = None
    everything: bool = False
    fifth: int = 0

    def __post_init__(self) -> None:
        unknown = [name for name in self.without if name not in SETS]
        if unknown:
            raise UsageError(f"--without {unknown[0]!r} is no set: use one of {', '.join(SETS)}")
        if self.fold is not None and not 0 <= self.fold < FOLDS:
            raise UsageError(f"--fold {self.fold} is none: use 0 to {FOLDS - 1}")
        if self.fifth not in FIFTHS:
            raise UsageError(
                f"--fifth {self.fifth} is none: use one of {', '.join(map(str, FIFTHS))}"
            )
        if self.everything and (self.fold is not None or self.leave_out is not None):
            raise UsageError("--everything leaves nothing to judge: drop --fold and --leave-out")
        for place in (self.shared / "data", self.shared / "weights", self.drawn, self.leave_out):
            if place is not None and not place.exists():
                raise UsageError(f"{place} does not exist: give the folder or file to train from")

    def recipe(self, recipe: Recipe | None = None) -> Recipe:
        """Return the recipe of this run: seed, time and shares as asked for."""
        recipe = recipe or Recipe()
        shares = {name: v for name, v in recipe.shares.items() if name not in self.without}
        minutes = recipe.network_minutes if self.minutes is None else self.minutes
        return replace(recipe, seed=self.seed, shares=shares, network_minutes=minutes)

    def arguments(self) -> dict[str, object]:
        """Return what makes this run another than the next; `target` does not."""
        left = self.leave_out
        told: dict[str, object] = {
            "shared": str(self.shared.resolve()),
            "drawn": None if self.drawn is None else str(self.drawn.resolve()),
            "seed": self.seed,
            "without": sorted(self.without),
            "leave_out": None if left is None else hashlib.sha256(left.read_bytes()).hexdigest(),
            "heads_only": self.heads_only,
            "minutes": self.minutes,
            "fold": self.fold,
            "everything": self.everything,
        }
        if self.fifth:
            told["fifth"] = self.fifth
        return told

    def claim(self, recipe: Recipe) -> Path:
        """Return the folder of this run's checkpoints, made or found again.

        The arguments name it; a recipe that has changed since the run began is refused.
        """
        numbers = asdict(replace(recipe, shares={})) | {"shares": dict(recipe.shares)}
        return claim(self.work / "runs", self.arguments(), {"recipe": numbers})


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """How to tune an encoder on a user's own pins.

    `base` is `embedded`, a folder that `engine train` wrote, or a weight file; `pins` is what
    `engine index` takes.
    """

    base: str
    pins: Path
    target: Path
    work: Path
    seed: int = 7

    def arguments(self, base: str, pins: str) -> dict[str, object]:
        """Return what makes this run another than the next: digests of weights and usable pins."""
        return {"base": base, "pins": pins, "seed": self.seed}


def claim(runs: Path, arguments: Mapping[str, object], rest: Mapping[str, object]) -> Path:
    """Return the folder below `runs` that belongs to `arguments`, made or found again.

    `rest` is what must be the same too, but is no argument. Raises `OtherRun` when the folder was
    begun with something else.
    """
    asked = json.loads(json.dumps({**arguments, **rest}))
    digest = hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()[:12]
    folder = runs / digest
    stamp = folder / _STAMP
    if stamp.exists():
        begun = json.loads(stamp.read_text(encoding="utf-8"))
        other = sorted(_differences(begun, asked))
        if other:
            raise OtherRun(
                f"{folder} holds a run with other {', '.join(other[:5])}: remove that folder to "
                "start over, or give another --work"
            )
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    fresh = stamp.with_suffix(".new")
    fresh.write_text(json.dumps(asked, indent=2) + "\n", encoding="utf-8")
    fresh.replace(stamp)
    return folder


def _differences(begun: Mapping[str, object], asked: Mapping[str, object]) -> set[str]:
    found: set[str] = set()
    for name in {*begun, *asked}:
        old, new = begun.get(name), asked.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            found |= {f"{name}.{inner}" for inner in _differences(old, new)}
        elif old != new:
            found.add(name)
    return found
