"""`engine evaluate`: how good the answers are, on judged queries and beside other systems.

Imports most of the relevance room only when it is asked for: it brings matplotlib and ir-measures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from engine.commanding import AsJson, Collection, print_json, settings_for, terminal
from engine.errors import BadQuery, UsageError
from engine.jsonl import BadLine
from engine.queries import Query
from engine.relevance.topics import Topic, read_topics
from engine.retrieval.understand import Reader
from engine.serving.models import SearchRequest
from engine.store.plan import Plan
from engine.store.records import point_id
from engine.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from engine.relevance.evaluation import Evaluation, Setting
    from engine.relevance.examples import Seen
    from engine.relevance.pool import Pool
    from engine.relevance.systems import Asked

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
    bad: list[BadLine] = []
    with open_workspace(settings) as workspace:
        topics = list(_topics(queries, settings.images.max_bytes, bad))
        pool = read_pool(workspace.collection)
        kept, known = judge_topics(topics, judged, pool)
        systems = contenders(pool, workspace.parameters, others)
        _all_different([file_name(each.name) for each in systems])
        asked = _asked(kept, workspace, pool, queries, bad)
        answers = answer_all(asked, systems, depth)
        setting = Setting(
            facts=_facts(workspace, pool),
            depth=depth,
            seed=seed,
            accounts={each.name: each.account for each in systems},
            bad_lines=len(bad),
            without_relevant=len(topics) - len(kept),
            judged_elsewhere=sum(pin not in pool.rows for each in judged.values() for pin in each),
        )
        _tell_left_out(setting, len(judged.keys() - {topic.id for topic in topics}))
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
    if bad:
        raise typer.Exit(1)


def _topics(file: Path, max_bytes: int, bad: list[BadLine]) -> Iterator[Topic]:
    """Yield the queries of a file; what can't be read is told, and kept in `bad`."""

    def to_query(given: dict[str, Any]) -> Query:
        try:
            return SearchRequest.model_validate(given).to_query(max_bytes)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise BadQuery(f"{where}: {first['msg']}: write it as /v1/search takes it") from None

    for item in read_topics(file, to_query):
        if isinstance(item, Topic):
            yield item
        else:
            _tell(item, bad)


def _asked(
    topics: Sequence[Topic], workspace: Workspace, pool: Pool, file: Path, bad: list[BadLine]
) -> Iterator[Asked]:
    """Ask the collection for the candidates of each query, with a progress bar."""
    from engine.relevance.systems import Asked

    parameters, collection = workspace.parameters, workspace.collection
    reader = Reader(
        collection,
        lambda: workspace.encoder,
        workspace.analyzer,
        workspace.images,
        workspace.limits,
        parameters.text_gain,
    )
    for topic in _watched(topics):
        query = topic.query
        try:
            meaning = reader.understand(query)
        except UsageError as error:
            _tell(BadLine(str(file), topic.number, str(error)), bad)
            continue
        plan = Plan(
            terms=meaning.terms,
            vector=meaning.vector,
            filter=query.filter,
            exclude=meaning.pins,
            bm25=parameters.bm25,
            lexical_depth=parameters.lexical_depth,
            vector_depth=parameters.vector_depth,
        )
        admitted = pool.admitted(collection, query.filter, meaning.pins)
        yield Asked(topic, meaning, collection.candidates(plan), admitted)


def _watched(topics: Sequence[Topic]) -> Iterator[Topic]:
    """Pass topics on, with a progress bar where somebody watches."""
    if not terminal.err.is_terminal:
        yield from topics
        return
    with terminal.progress("asking", len(topics)) as bars:
        yield from bars.track(topics, task_id=bars.task_ids[0])


def _tell(line: BadLine, bad: list[BadLine]) -> None:
    terminal.warn(str(line))
    bad.append(line)


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


def _tell_left_out(setting: Setting, without_query: int) -> None:
    told = {
        "queries without a judged relevant pin in the collection": setting.without_relevant,
        "judged queries that the file of queries does not have": without_query,
        "judgments of pins that are not in the collection": setting.judged_elsewhere,
    }
    for what, count in told.items():
        if count:
            terminal.err.print(f"[dim]left out: {count:,} {what}[/dim]")


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
