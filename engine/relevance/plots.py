"""An evaluation's plots, each as one SVG element to stand inside a page.

Letters stay letters, so that the page's own font shows them and they can be searched; nothing in
them is read as a formula. Knows nothing of pages.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from engine.relevance.evaluation import Evaluation
from engine.relevance.scores import Array
from engine.relevance.systems import OURS
from engine.relevance.tables import signed

INK = "#2b2a28"
FAINT = "#8d8880"
RULE = "#e4e0d8"
ACCENT = "#c8372d"
COOL = "#3d6b8e"
GAIN = "#2f7d5b"
WIDTH = 9.2
# What contenders other than this engine are drawn with, in their order.
SHADES = ("#b8862f", "#3d6b8e", "#7b6aa8", "#5c8a6b", "#a0695a", "#6f7580")
MARKS = ("s", "^", "D", "v", "P", "X")

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": RULE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "xtick.color": FAINT,
    "ytick.color": INK,
    "ytick.left": False,
    "xtick.bottom": False,
    "legend.frameon": False,
}
_NOTHING = {"Date": None, "Creator": None, "Format": None, "Type": None}


def systems(evaluation: Evaluation) -> str:
    """Draw each system's mean of the first measure with its interval, best on top."""
    scores = evaluation.scores
    means = np.array(scores.compared())
    low, high = evaluation.intervals[:, :, 0]
    order = np.argsort(means, kind="stable")
    with rc_context({**_STYLE, "svg.hashsalt": "systems"}):
        figure, axes = _frame(0.46 * len(order) + 0.75)
        for place, row in enumerate(order.tolist()):
            colour = ACCENT if scores.systems[row] == OURS else COOL
            axes.plot([low[row], high[row]], [place] * 2, color=colour, lw=5, alpha=0.28,
                      solid_capstyle="round")  # fmt: skip
            axes.plot(means[row], place, "o", color=colour, ms=8)
            axes.annotate(f"{means[row]:.3f}", (means[row], place), (0, 9), ha="center",
                          textcoords="offset points", color=colour, fontsize=9.5)  # fmt: skip
        axes.set_ylim(-0.6, len(order) - 0.35)
        _names(axes, [scores.systems[row] for row in order.tolist()])
        axes.set_xlabel(f"mean {scores.measures[0]} and its 95 % interval", color=FAINT)
        return _svg(figure)


def differences(evaluation: Evaluation) -> str:
    """Draw what this engine gains or loses on every query, sorted."""
    scores = evaluation.scores
    gained = np.sort(scores.of(OURS) - scores.of(evaluation.leg))[::-1]
    with rc_context({**_STYLE, "svg.hashsalt": "differences"}):
        figure, axes = _frame(2.6)
        places = np.arange(len(gained))
        colours = [GAIN if each > 0 else ACCENT for each in gained.tolist()]
        axes.bar(places, gained, width=0.86 if len(gained) < 200 else 1.0, color=colours)
        axes.axhline(0, color=INK, lw=0.8)
        mean = float(gained.mean())
        axes.axhline(mean, color=FAINT, lw=1, ls=(0, (4, 3)))
        axes.annotate(f"mean {signed(mean)}", (len(gained) - 0.5, mean), (0, 4), ha="right",
                      textcoords="offset points", color=FAINT, fontsize=9.5)  # fmt: skip
        axes.set_xlim(-0.8, len(gained) - 0.2)
        axes.set_xticks([])
        axes.grid(axis="y", color=RULE, lw=0.8)
        axes.set_xlabel(f"{len(gained):,} queries, the greatest gain first", color=FAINT)
        axes.set_ylabel(f"{scores.measures[0]}, ours − {evaluation.leg}", color=FAINT)
        return _svg(figure)


def parts(evaluation: Evaluation) -> str:
    """Draw every system's mean of the first measure in every slice."""
    rows = [(part.slice.group, part.slice.name, part.slice.scores) for part in evaluation.parts]
    with rc_context({**_STYLE, "svg.hashsalt": "parts"}):
        figure, axes = _frame(0.34 * len(rows) + 1.25)
        for place, (_, _, scores) in enumerate(reversed(rows)):
            means = scores.compared()
            axes.plot([min(means), max(means)], [place] * 2, color=RULE, lw=5, zorder=1)
        for number, (name, colour, mark) in enumerate(_marks(evaluation.scores.systems)):
            column = np.array([scores.compared()[number] for *_, scores in reversed(rows)])
            _dots(axes, column, name, colour, mark)
        labels = [f"{group}: {name} ({len(scores.queries):,})" for group, name, scores in rows]
        axes.set_ylim(-0.7, len(rows) - 0.3)
        _names(axes, labels[::-1])
        axes.set_xlabel(f"mean {evaluation.scores.measures[0]}", color=FAINT)
        figure.legend(loc="outside upper right", ncols=min(6, len(evaluation.scores.systems)),
                      fontsize=9, handletextpad=0.2, columnspacing=1.2)  # fmt: skip
        return _svg(figure)


def _dots(axes: Axes, means: Array, name: str, colour: str, mark: str) -> None:
    ours = name == OURS
    axes.plot(means, np.arange(len(means)), mark, color=colour, ms=9 if ours else 6.5,
              mec="white", mew=0.8, label=name, zorder=4 if ours else 3)  # fmt: skip


def _marks(names: Sequence[str]) -> list[tuple[str, str, str]]:
    others = [name for name in names if name != OURS]
    return [
        (name, ACCENT, "o")
        if name == OURS
        else (
            name,
            SHADES[others.index(name) % len(SHADES)],
            MARKS[others.index(name) % len(MARKS)],
        )
        for name in names
    ]


def _frame(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.patch.set_alpha(0.0)
    axes = figure.add_subplot()
    axes.patch.set_alpha(0.0)
    axes.grid(axis="x", color=RULE, lw=0.8)
    return figure, axes


def _names(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    for label, name in zip(axes.get_yticklabels(), names, strict=True):
        label.set_fontweight("bold" if name == OURS else "normal")


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=_NOTHING)
    text = buffer.getvalue()
    # The prologue belongs to a file of its own, not into a page.
    return text[text.index("<svg") :]
