"""An evaluation as tables for a terminal."""

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from engine.relevance.comparison import Comparison
from engine.relevance.evaluation import Evaluation
from engine.relevance.systems import OURS


def tables(evaluation: Evaluation) -> Iterator[Table]:
    """Yield the systems, their slices, and what this engine is worth beside each other system."""
    yield _systems(evaluation)
    yield _slices(evaluation)
    yield _comparisons(evaluation)


def signed(value: float) -> str:
    """Return a difference with its sign, three digits; what rounds to nothing has none."""
    told = f"{value:+.3f}".replace("-", "−")
    return told[1:] if told.endswith("0.000") else told


def probability(p: float) -> str:
    """Return a p value, no smaller than it can be told."""
    return f"{p:.4f}" if p >= 0.001 else "< .001"


def ratio(value: float | None) -> str:
    """Return a ratio with two digits, or a dash where it can't be said."""
    return "–" if value is None else f"{value:.2f}"


def plain_table(title: str) -> Table:
    """Return an empty table with a title, as all tables of evaluations look."""
    return Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        header_style="dim",
    )


def _systems(evaluation: Evaluation) -> Table:
    scores = evaluation.scores
    table = plain_table(f"{len(scores.queries):,} queries")
    table.add_column("system", no_wrap=True)
    for number, measure in enumerate(scores.measures):
        table.add_column(measure, justify="right", no_wrap=True)
        if number == 0:
            table.add_column("95 % interval", no_wrap=True)
    table.add_column("silent reach", justify="right", no_wrap=True)
    means = scores.means()
    best = means.max(axis=0)
    low, high = evaluation.intervals[:, :, 0]
    for row, name in enumerate(scores.systems):
        cells = [
            f"[bold]{value:.3f}[/bold]" if value == best[column] else f"{value:.3f}"
            for column, value in enumerate(means[row].tolist())
        ]
        cells.insert(1, f"[dim]{low[row]:.3f} to {high[row]:.3f}[/dim]")
        reach = ratio(evaluation.reaches[name].ratio)
        table.add_row(_name(name, evaluation.leg), *cells, reach)
    return table


def _slices(evaluation: Evaluation) -> Table:
    table = plain_table(f"{evaluation.scores.measures[0]} by slice")
    table.add_column("slice", no_wrap=True)
    table.add_column("queries", justify="right", no_wrap=True)
    for name in evaluation.scores.systems:
        table.add_column(escape(name), justify="right")
    table.add_column("ours − better leg", justify="right", no_wrap=True)
    for part in evaluation.parts:
        scores = part.slice.scores
        means = scores.compared()
        table.add_row(
            f"[dim]{part.slice.group}:[/dim] {part.slice.name}",
            f"{len(scores.queries):,}",
            *(
                f"[bold]{each:.3f}[/bold]" if each == max(means) else f"{each:.3f}"
                for each in means
            ),
            _difference(part.over_leg),
        )
    return table


def _comparisons(evaluation: Evaluation) -> Table:
    table = plain_table(f"{OURS} less another, {evaluation.scores.measures[0]}")
    table.add_column("the other", no_wrap=True)
    for head in ("difference", "p", "wins", "ties", "losses"):
        table.add_column(head, justify="right", no_wrap=True)
    for each in evaluation.comparisons:
        counts = (f"{count:,}" for count in (each.wins, each.ties, each.losses))
        table.add_row(
            _name(each.other, evaluation.leg), _difference(each), probability(each.p), *counts
        )
    return table


def _difference(each: Comparison) -> str:
    colour = "green" if each.low > 0 else "red" if each.high < 0 else "default"
    told = f"[{colour}]{signed(each.difference)}[/{colour}]"
    return f"{told} [dim]{signed(each.low)} to {signed(each.high)}[/dim]"


def _name(name: str, leg: str) -> str:
    note = " [dim](better leg)[/dim]" if name == leg else ""
    return f"[bold]{escape(name)}[/bold]" if name == OURS else f"{escape(name)}{note}"
