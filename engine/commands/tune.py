"""`engine tune`: parameters fitted to judged queries, and written only if they are no worse.

Imports the relevance room only when it is asked for: it brings Optuna, scipy and ir-measures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from engine.commands.judged_topics import JudgedTopics, as_query, tell_left_out
from engine.commands.options import AsJson, Collection, print_json, settings_for, terminal
from engine.errors import UsageError
from engine.jsonl import BadLine
from engine.relevance.topics import Topic
from engine.retrieval.parameters_file import NAME, Tuned, read, withdraw, write
from engine.store.feedback_log import FEEDBACK_NAME
from engine.workspace import Workspace, collection_folder, open_workspace

if TYPE_CHECKING:
    from engine.relevance.judgments import Judgments
    from engine.relevance.tuned import Result, Wish


def tune(
    queries: Annotated[
        Path | None, typer.Option(help="JSON lines: an `id`, and a query as /v1/search takes it.")
    ] = None,
    judgments: Annotated[
        Path | None, typer.Option(help="TREC qrels: query, 0, pin, grade.")
    ] = None,
    foreign: Annotated[
        Path | None, typer.Option(help="JSON lines of queries that nothing here answers.")
    ] = None,
    feedback: Annotated[
        bool,
        typer.Option("--feedback", help="Learn from clicks, saves and hides that were sent, too."),
    ] = False,
    objective: Annotated[
        str, typer.Option(help="What to raise: nDCG@k, P@k, R@k or RR@k.")
    ] = "nDCG@10",
    max_slice_loss: Annotated[
        float, typer.Option(min=0.0, help="What no slice may lose beside the present parameters.")
    ] = 0.01,
    max_p95_ms: Annotated[
        float | None,
        typer.Option(help="Time within which 95 % of the queries must be drawn and ranked."),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="How many settings to try.")] = 150,
    seconds: Annotated[float, typer.Option(min=0.0, help="When to stop trying.")] = 75.0,
    test_share: Annotated[
        float, typer.Option(min=0.05, max=0.9, help="Share of the queries that is held back.")
    ] = 0.3,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the split and of the trials.")] = 7,
    force: Annotated[bool, typer.Option("--force", help="Write even what is worse.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Show the present parameters and what they were worth.")
    ] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Put the present parameters aside for the defaults.")
    ] = False,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Fit weights, calibrations and the cut-off to judged queries, and judge by queries held back.

    What is worse than the present parameters, or than the better single leg, is not written.
    """
    settings = settings_for(collection)
    if show:
        _show(collection_folder(settings) / NAME, as_json)
        return
    if reset:
        _reset(collection_folder(settings) / NAME, as_json)
        return
    if (queries is None) != (judgments is None) or not (queries or feedback):
        raise UsageError("give --queries and --judgments, or --feedback, or both; or --show")
    files = (queries, judgments) if queries is not None and judgments is not None else None
    from engine.relevance.objective import parse_objective
    from engine.relevance.tuned import Wish
    from engine.relevance.tuning import Limits

    limits = Limits(max_slice_loss, max_p95_ms)
    wish = Wish(parse_objective(objective), limits, trials, seconds, test_share, seed)
    given = JudgedTopics(settings.images.max_bytes)
    started = time.monotonic()
    with open_workspace(settings) as workspace:
        topics, judged = _judged(workspace, given, files, feedback=feedback)
        strangers = list(given.read(foreign)) if foreign is not None else []
        result = _tuned(workspace, given, (topics, strangers), judged, wish)
        better = result.changed and result.verdict.worse_than is None
        forced = result.changed and force
        number = None
        if (better or forced) and not dry_run:
            number = _write(workspace, result)
    said = _sentence(result, number, dry_run=dry_run)
    if as_json:
        print_json(
            {
                "written": number,
                "said": said,
                "seconds": round(time.monotonic() - started, 1),
                "bad_lines": len(given.bad),
                "evaluation": result.to_json(),
            }
        )
    else:
        for table in _tables(result):
            terminal.out.print(table)
        terminal.out.print(f"\n{said}", soft_wrap=True)
    if given.bad:
        raise typer.Exit(1)


def _judged(
    workspace: Workspace, given: JudgedTopics, files: tuple[Path, Path] | None, *, feedback: bool
) -> tuple[list[Topic], Judgments]:
    """Return the queries of files and of feedback, with what answers them."""
    from engine.relevance.feedback import judged as judged_by
    from engine.relevance.judgments import read_judgments

    topics: list[Topic] = []
    judged: dict[str, Mapping[str, int]] = {}
    if files is not None:
        judged |= read_judgments(files[1])
        topics += given.read(files[0])
    if feedback:
        grades, asked = judged_by(workspace.belongings.feedback.events())
        judged |= grades
        for number, (name, query) in enumerate(asked.items(), 1):
            try:
                topics.append(
                    Topic(name, number, as_query(dict(query), given.max_bytes), FEEDBACK_NAME)
                )
            except UsageError as error:
                given.tell(BadLine(FEEDBACK_NAME, number, str(error)))
    return topics, judged


def _tuned(
    workspace: Workspace,
    given: JudgedTopics,
    topics: tuple[Sequence[Topic], Sequence[Topic]],
    judged: Judgments,
    wish: Wish,
) -> Result:
    """Tune on judged topics; the second ones are foreign to the collection."""
    from engine.relevance.asking import Asker
    from engine.relevance.evaluation import judge_topics
    from engine.relevance.pool import read_pool
    from engine.relevance.tuned import tune_collection

    pool = read_pool(workspace.collection)
    present = workspace.parameters
    asker = Asker(workspace.reader(present), pool)
    kept, known = judge_topics(topics[0], judged, pool)
    left_out = len(topics[0]) - len(kept)
    tell_left_out({"queries without a judged relevant pin in the collection": left_out})
    asked = given.ask(kept, asker, present)
    foreign = given.ask(topics[1], asker, present)
    folder = collection_folder(workspace.settings)
    with _bar(wish.trials) as step:
        return tune_collection(asker, asked, known, present, wish, folder, foreign, step)


def _write(workspace: Workspace, result: Result) -> int:
    identity = workspace.collection.identity
    tuned = Tuned(
        result.parameters,
        identity.encoder_fingerprint,
        identity.analysis_fingerprint,
        datetime.now(UTC),
        result.to_json(),
    )
    return write(workspace.belongings.parameters_path, tuned).number


def _sentence(result: Result, number: int | None, *, dry_run: bool) -> str:
    """Say what became of it."""
    verdict = result.verdict
    if not result.changed:
        return "no change gains more than chance would: the present parameters stay"
    worth = (
        f"{verdict.scores.measures[0]} on {len(verdict.scores.queries)} queries held back: "
        f"{verdict.means[_PRESENT]:.3f} before, {verdict.means[_TUNED]:.3f} after"
    )
    worse = verdict.worse_than
    if worse is not None and number is None:
        return (
            f"{worth}; worse than {worse}, so nothing is written (--force writes it all the same)"
        )
    if number is None or dry_run:
        return f"{worth}; nothing is written, as --dry-run says"
    forced = "" if worse is None else f"; worse than {worse}, written as --force says"
    return f"{worth}{forced}; written as version {number}, which a running service takes up itself"


_PRESENT, _TUNED = "present parameters", "tuned parameters"


def _tables(result: Result) -> Iterator[Table]:
    from engine.relevance.tables import plain_table, probability, signed

    verdict = result.verdict
    table = plain_table("queries tuned on")
    for head in ("kind", "queries", "trials", "before", "after", "gain", "changed"):
        table.add_column(head, justify="left" if head in {"kind", "changed"} else "right")
    for each in result.found:
        table.add_row(
            each.kind,
            f"{each.queries:,}",
            f"{each.trials:,}",
            f"{each.present:.3f}",
            f"{each.tuned:.3f}",
            f"{signed(each.gain)} [dim]± {each.error:.3f}[/dim]",
            ", ".join(each.changed) or "nothing",
        )
    yield table
    table = plain_table(f"{len(verdict.scores.queries):,} queries held back")
    table.add_column("system", no_wrap=True)
    table.add_column(verdict.scores.measures[0], justify="right")
    table.add_column("95 % interval", no_wrap=True)
    for name, mean in verdict.means.items():
        low, high = verdict.bounds[name]
        table.add_row(name, f"{mean:.3f}", f"[dim]{low:.3f} to {high:.3f}[/dim]")
    yield table
    table = plain_table(f"{_TUNED} less another")
    for head in ("the other", "difference", "95 % interval", "p"):
        table.add_column(head, no_wrap=True)
    for over in (verdict.over_present, verdict.over_leg):
        interval = f"[dim]{signed(over.low)} to {signed(over.high)}[/dim]"
        table.add_row(over.other, signed(over.difference), interval, probability(over.p))
    yield table


def _reset(path: Path, as_json: bool) -> None:
    number = withdraw(path)
    if as_json:
        print_json({"withdrawn": number})
    elif number is None:
        terminal.out.print("there were none but the defaults")
    else:
        terminal.out.print(f"version {number} is put aside, and the defaults hold")


def _show(path: Path, as_json: bool) -> None:
    tuned = read(path)
    if tuned is None:
        facts: dict[str, Any] = {"version": 0, "parameters": "the defaults of the encoder"}
    else:
        from pydantic import TypeAdapter

        facts = {
            "version": tuned.number,
            "made_at": tuned.made_at.isoformat(),
            "encoder": tuned.encoder,
            "analysis": tuned.analysis,
            "parameters": TypeAdapter(type(tuned.parameters)).dump_python(
                tuned.parameters, mode="json"
            ),
            "evaluation": dict(tuned.evaluation),
        }
    if as_json:
        print_json(facts)
    else:
        terminal.facts(facts)


@contextmanager
def _bar(trials: int) -> Iterator[Callable[[], None]]:
    """Show how many trials are done, where somebody watches."""
    if not terminal.err.is_terminal:
        yield lambda: None
        return
    with terminal.progress("tuning", trials) as bars:
        yield lambda: bars.advance(bars.task_ids[0])
