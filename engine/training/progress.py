"""What a person sees of a run, and the file that keeps it; knows nothing of what is trained.

Stages report lines. A line of the form `stage DONE/OF name value name value ...` is a step: it
moves the bar and goes into the log. Any other line is news, and is shown as it is.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

Report = Callable[[str], None]

_STEP = re.compile(r"([a-z][a-z ]*?) (\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)((?: .*)?)$")
_VALUE = re.compile(r"([a-z][a-z_]*) (-?\d+(?:\.\d+)?(?:e-?\d+)?)(?= |$)")


@dataclass(frozen=True)
class Step:
    """How far a stage is, in any unit, and what it measured there."""

    stage: str
    done: float
    of: float
    values: Mapping[str, float]

    @classmethod
    def read(cls, line: str) -> Self | None:
        """Read a line that reports a step; None for any other."""
        found = _STEP.match(line)
        if found is None:
            return None
        stage, done, of, rest = found.groups()
        values = {name: float(value) for name, value in _VALUE.findall(rest)}
        return cls(stage, float(done), float(of), values)


class Log:
    """Lines of JSON, one a measurement; a run that is taken up again goes on in the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._started = time.monotonic()

    def write(self, stage: str, **measured: object) -> None:
        """Add a line: the stage, what was measured, and the seconds since this process began."""
        line = {"stage": stage, **measured, "seconds": round(time.monotonic() - self._started, 1)}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def read(self) -> list[dict[str, object]]:
        """Return every line so far; one that a kill cut off is left out."""
        if not self.path.exists():
            return []
        found: list[dict[str, object]] = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                continue
        return found

    def minutes(self) -> float:
        """Return how long all attempts took together, each up to the last line that it wrote."""
        total = last = 0.0
        for line in self.read():
            seconds = float(str(line["seconds"]))
            total, last = total + max(0.0, seconds - last if seconds >= last else seconds), seconds
        return round(total / 60, 1)


class Progress:
    """A bar where somebody watches, plain lines with the time of day elsewhere; both are logged."""

    def __init__(self, log: Log | None = None, console: Console | None = None) -> None:
        self.log = log
        self._console = console or Console(stderr=True, highlight=False)
        self._bars: Bars | None = None
        self._task: TaskID | None = None
        self._stage = ""

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            columns = (
                TextColumn("{task.description:<9}"),
                BarColumn(),
                TaskProgressColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[told]}"),
            )
            self._bars = Bars(*columns, console=self._console)
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def __call__(self, line: str) -> None:
        """Show a line of a stage; this is the `Report` that stages are given."""
        step = Step.read(line)
        if step is not None and self.log is not None:
            told = {"step": step.done, "of": step.of, "losses": dict(step.values)}
            self.log.write(step.stage, **told)
        if self._bars is None:
            now = f"{datetime.now(UTC):%H:%M:%S}"
            self._console.print(f"{now} {line}", markup=False, highlight=False, soft_wrap=True)
        elif step is None:
            self._bars.console.print(line, markup=False, highlight=False)
        else:
            self._move(self._bars, step)

    def figures(self, stage: str, found: Mapping[str, float], **more: object) -> None:
        """Show and log figures of the development split, or of whatever a stage judges by."""
        if self.log is not None:
            self.log.write(stage, figures={k: round(v, 4) for k, v in found.items()}, **more)
        if not found:
            return
        self(f"{stage}: " + " · ".join(f"{name} {value:.3f}" for name, value in found.items()))

    def _move(self, bars: Bars, step: Step) -> None:
        told = " ".join(f"{name} {value:.3f}" for name, value in step.values.items())
        if self._task is None or step.stage != self._stage:
            self._task = bars.add_task(step.stage, total=step.of, told=told)
            self._stage = step.stage
        bars.update(self._task, completed=step.done, total=step.of, told=escape(told))
