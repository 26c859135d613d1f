"""`engine evaluate`: how good the answers are, on judged queries and beside other systems.

Imports most of the relevance room only when it is asked for: it brings matplotlib and ir-measures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from engine.commands.judged_topics import JudgedTopics, tell_left_out
from engine.commands.options import AsJson, Collection, print_json, settings_for, terminal
from engine.errors import UsageError
from engine.store.records import point_id
from engine.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from engine.relevance.evaluation import Evaluation
    from engine.relevance.examples import Seen
    from engine.relevance.pool import Pool

MAX_DEPTH = 10_000
WIDE = 200


def evaluate(
    queries: Annotated[
        Path, typer.Option(help="JSON lines: an `id`, and a query as /v1/search takes it.")
    ],
    judgments: Annotated[Path, typer.Option(help="TREC qrels: query, 0, pin, grade.")],
    measure: Annotated[
        list[str] | None,
        typer.Option(help="A measure of ir-measures, such as nDCG@10; may be repeated."),
    ] = None,
    run: Annotated[
        list[Path] | None,
        typer.Option(help="TREC run file of another system, to stand beside; may be repeated."),
    ] = None,
    depth: Annotated[int, typer.Option(help="How many pins of each answer are kept.")] = 100,
    report: Annotated[
        Path | None, typer.Option(help="Write a page with plots and pictures.")
    ] = None,
    save_runs: Annotated[
        Path | None, typer.Option(help="Folder for all runs and judgments, as TREC files.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the intervals and tests.")] = 7,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Measure answers by judgments, beside words alone, pictures alone and the usual merges."""
    from engine.relevance.asking import Asker
    from engine.relevance.evaluation import Setting, answer_all, judge_topics
    from engine.relevance.evaluation import evaluate as evaluated
    from engine.relevance.examples import choose
    from engine.relevance.judgments import read_judgments
    from engine.relevance.measures import DEFAULT, parse_measures
    from engine.relevance.pool import read_pool
    from engine.relevance.runs import file_name, read_run
    from engine.relevance.systems import contenders
    from engine.relevance.tables import tables

    if not 1 <= depth <= MAX_DEPTH:
        raise UsageError(f"--depth {depth} is out of range: 1 to {MAX_DEPTH:,}")
    if report is not None and not report.parent.is_dir():
        raise UsageError(f"--report {report}: there is no folder {report.parent}: make it first")
    measures = parse_measures(measure or DEFAULT, depth)
    judged = read_judgments(judgments)
    others = [read_run(file) for file in run or ()]
    settings = settings_for(collection)
    given = JudgedTopics(settings.images.max_bytes)
    with open_workspace(settings) as workspace:
        topics = list(given.read(queries))
        pool = read_pool(workspace.collection)
        kept, known = judge_topics(topics, judged, pool)
        parameters = workspace.parameters
        systems = contenders(pool, parameters, others)
        _all_different([file_name(each.name) for each in systems])
        asker = Asker(workspace.reader(parameters), pool)
        asked = given.ask(kept, asker, parameters)
        answers = answer_all(asked, systems, depth)
        setting = Setting(
            facts=_facts(workspace, pool),
            depth=depth,
            seed=seed,
            accounts={each.name: each.account for each in systems},
            bad_lines=len(given.bad),
            without_relevant=len(topics) - len(kept),
            judged_elsewhere=sum(pin not in pool.rows for each in judged.values() for pin in each),
        )
        tell_left_out(
            {
                "queries without a judged relevant pin in the collection": setting.without_relevant,
                "judged queries that the file of queries does not have": len(
                    judged.keys() - {topic.id for topic in topics}
                ),
                "judgments of pins that are not in the collection": setting.judged_elsewhere,
            }
        )
        evaluation = evaluated(measures, known, answers, pool, setting)
        if save_runs is not None:
            _save(save_runs, evaluation)
        if report is not None:
            from engine.relevance.report import render  # only here: it brings matplotlib

            by_id = {topic.id: topic for topic in kept}
            page = render(evaluation, choose(evaluation, by_id, _looking(workspace)))
            report.write_text(page, encoding="utf-8")
    if as_json:
        print_json(evaluation.to_json())
    else:
        # Where nobody watches there is no width to keep to.
        out = terminal.out if terminal.out.is_terminal else Console(width=WIDE, highlight=False)
        for table in tables(evaluation):
            out.print(table)
    if given.bad:
        raise typer.Exit(1)


def _all_different(names: Sequence[str]) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise UsageError(
            f"the runs of two systems would be {repeated[0]}: a run has the name of its file, "
            "so rename that"
        )


def _facts(workspace: Workspace, pool: Pool) -> dict[str, Any]:
    identity = workspace.collection.identity
    return {
        "collection": workspace.settings.collection,
        "pins": len(pool),
        "pins_without_text": len(pool.silent),
        "encoder": identity.encoder_fingerprint,
        "analysis": identity.analysis_fingerprint,
    }


def _looking(workspace: Workspace) -> Callable[[Sequence[str]], Mapping[str, Seen]]:
    """Return what looks pins up for the page of pictures."""
    from engine.relevance.examples import Seen

    def look(pins: Sequence[str]) -> Mapping[str, Seen]:
        stored = workspace.collection.pins([point_id(pin) for pin in pins]).values()
        return {
            each.pin.id: Seen(
                each.pin.description or each.pin.board_title,
                workspace.images.get(each.image_key) if each.image_key else None,
            )
            for each in stored
        }

    return look


def _save(folder: Path, evaluation: Evaluation) -> None:
    from engine.relevance.judgments import write_judgments
    from engine.relevance.runs import file_name, write_run

    folder.mkdir(parents=True, exist_ok=True)
    write_judgments(evaluation.judgments, folder / "judgments.txt")
    for run in evaluation.runs:
        write_run(run, folder / file_name(run.name))
