"""`engine reindex`: another encoder for a collection that goes on, judged before it answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import numpy as np
import typer

from engine.access import reach
from engine.commands.judged_topics import JudgedTopics
from engine.commands.moving import progress
from engine.commands.options import AsJson, Collection, print_json, settings_for, terminal
from engine.errors import EngineError, NoCollection, UsageError
from engine.reindexing import Filled, filled
from engine.settings import Settings
from engine.store import generations
from engine.store.opening import settled, standing_of
from engine.workspace import Workspace, collection_folder

if TYPE_CHECKING:
    from engine.relevance.comparison import Comparison
    from engine.relevance.judgments import Judgments

MEASURE: Final = "nDCG@10"
DEPTH: Final = 100
SEED: Final = 7
Judge = Callable[[Filled], None]


class WorseEncoder(EngineError):
    """The new encoder answers the judged queries worse than the present one."""

    slug = "worse-encoder"


def reindex(
    encoder: Annotated[
        str | None, typer.Option(help="The encoder to change to, as ENGINE_ENCODER takes it.")
    ] = None,
    queries: Annotated[
        Path | None, typer.Option(help="Judged queries, as `engine evaluate` takes them.")
    ] = None,
    judgments: Annotated[Path | None, typer.Option(help="TREC qrels of these queries.")] = None,
    unjudged: Annotated[bool, typer.Option(help="Change without any judgments.")] = False,
    even_if_worse: Annotated[
        bool, typer.Option(help="Change also if the judged queries are answered worse.")
    ] = False,
    leave_out: Annotated[
        bool, typer.Option(help="Lose pins whose pictures are not kept and can't be encoded.")
    ] = False,
    share: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="How much of the time is worked, up to 1.")
    ] = 0.5,
    back: Annotated[bool, typer.Option(help="Go back to what answered before.")] = False,
    drop: Annotated[
        bool, typer.Option(help="Remove the vectors that do not answer: no way back is left.")
    ] = False,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Change a collection's encoder while it is served and written to.

    The pins are encoded anew beside it, from their kept pictures, and both are compared on judged
    queries; a worse encoder is refused. May be ended and begun again at any time. Until `--drop`,
    `--back` returns to the encoder before, with all that was written since.
    """
    settings = settings_for(collection)
    place = collection_folder(settings)
    if drop:
        _drop(settings, place, as_json)
        return
    name = _wanted(settings, place, encoder, back)
    if (queries is None) != (judgments is None):
        raise UsageError("give --queries and --judgments together")
    if queries is None and not (unjudged or back):
        raise UsageError(
            "give --queries and --judgments, by which both encoders are compared before the "
            "change, or --unjudged to do without"
        )
    told: dict[str, Any] = {"encoder": name}

    def judge(beside: Filled) -> None:
        """Tell what was filled and how it compares; raise WorseEncoder."""
        told.update({"folder": beside.folder, "filled": beside.brought.to_json()})
        if queries is not None and judgments is not None:
            compared = _compared(beside, queries, judgments)
            told["compared"] = _told(compared)
            if compared.difference < 0 and not even_if_worse:
                raise WorseEncoder(
                    f"{name} answers worse: {_said(told['compared'])}; nothing has changed. "
                    "--even-if-worse changes all the same"
                )

    changed = _changed_on_server if settings.store.url else _changed
    told["switched"] = changed(settings, name, share, judge, leave_out)
    if as_json:
        print_json(told)
        return
    _show(told)


def _changed(
    settings: Settings, name: str, share: float, judge: Judge, leave_out: bool
) -> dict[str, Any]:
    """Fill another generation from snapshots, and have the owner change over to it."""
    settings = settled(settings, collection_folder(settings))
    with (
        progress("encoding", None) as done,
        filled(settings, name, lambda: _snap(settings), share, done) as beside,
    ):
        judge(beside)
    with reach(settings) as access:
        return access.switch(beside.folder, leave_out=leave_out)


def _changed_on_server(
    settings: Settings, name: str, share: float, judge: Judge, leave_out: bool
) -> dict[str, Any]:
    """Fill another collection, and tell all processes that it answers."""
    from engine.server_reindexing import filling

    with progress("encoding", None) as done, filling(settings, name, share, done) as beside:
        judge(beside.filled)
        return beside.change_over(leave_out=leave_out).to_json()


def _snap(settings: Settings) -> str:
    with reach(settings) as access:
        return access.snapshot()


def _wanted(settings: Settings, place: Path, encoder: str | None, back: bool) -> str:
    """Return the name of the encoder to change to; a folder's is the same wherever one stands."""
    if not settings.store.url and not generations.exists(place):
        raise NoCollection(f"no collection {settings.collection!r}: nothing to reindex")
    if back == (encoder is not None):
        raise UsageError("say what to change to: --encoder NAME, or --back")
    if encoder is not None:
        return str(Path(encoder).resolve()) if Path(encoder).is_dir() else encoder
    before = _before(settings, place)
    if before is None:
        raise UsageError(
            "there is nothing to go back to: the encoder was never changed, or the "
            "vectors before it were dropped"
        )
    return before


def _before(settings: Settings, place: Path) -> str | None:
    """Return the encoder that answered until the last change."""
    if settings.store.url:
        standing = standing_of(settings.store, place)
        if standing is None or standing.before is None:
            return None
        return standing.encoders[standing.before]
    now = generations.current(place)
    if now is None or now.before is None:
        return None
    return generations.noted_encoder(generations.named(place, now.before))


def _drop(settings: Settings, place: Path, as_json: bool) -> None:
    if settings.store.url:
        from engine.server_reindexing import drop_others

        gone = drop_others(settings)
    elif generations.exists(place):
        gone = generations.drop_others(place)
    else:
        raise NoCollection(f"no collection {settings.collection!r}: nothing to drop")
    if as_json:
        print_json({"dropped": gone})
    else:
        terminal.out.print(f"{gone} dropped", markup=False)


def _compared(beside: Filled, queries: Path, judgments: Path) -> Comparison:
    """Compare both encoders on the judged queries: the new one less the present one."""
    from engine.relevance.comparison import compare
    from engine.relevance.judgments import read_judgments

    judged = read_judgments(judgments)
    before = _measured(beside.now, queries, judged)
    after = _measured(beside.then, queries, judged)
    asked = sorted(before.keys() & after.keys())
    if not asked:
        raise UsageError("no query has a judged relevant pin in this collection: judge some")
    values = [np.array([side[query] for query in asked]) for side in (after, before)]
    return compare(("after", values[0]), ("before", values[1]), MEASURE, SEED)


def _measured(workspace: Workspace, queries: Path, judged: Judgments) -> dict[str, float]:
    """Return how well each judged query is answered."""
    from engine.relevance.asking import Asker
    from engine.relevance.evaluation import answer_all, judge_topics
    from engine.relevance.measures import parse_measures
    from engine.relevance.pool import read_pool
    from engine.relevance.scores import score
    from engine.relevance.systems import ThisEngine

    given = JudgedTopics(workspace.settings.images.max_bytes)
    pool = read_pool(workspace.collection)
    kept, known = judge_topics(list(given.read(queries)), judged, pool)
    parameters = workspace.parameters
    asker = Asker(workspace.reader(parameters), pool)
    ours = ThisEngine(pool, parameters)
    answers = answer_all(given.ask(kept, asker, parameters), [ours], DEPTH)
    scores = score(parse_measures([MEASURE], DEPTH), known, answers.runs, answers.asked)
    values = scores.of(ours.name).tolist()
    return {each.id: value for each, value in zip(scores.queries, values, strict=True)}


def _told(compared: Comparison) -> dict[str, Any]:
    return {
        "measure": compared.measure,
        "queries": compared.wins + compared.ties + compared.losses,
        "difference": round(compared.difference, 6),
        "low": round(compared.low, 6),
        "high": round(compared.high, 6),
        "p": round(compared.p, 6),
    }


def _said(seen: dict[str, Any]) -> str:
    return (
        f"{seen['measure']} {seen['difference']:+.4f} ({seen['low']:+.4f} to {seen['high']:+.4f}) "
        f"over {seen['queries']:,} queries"
    )


def _show(told: dict[str, Any]) -> None:
    lines = [f"answers by {told['encoder']}"]
    if "compared" in told:
        lines.append(_said(told["compared"]))
    for what in ("filled", "switched"):
        counts = [f"{count:,} {name}" for name, count in told[what].items() if count]
        lines.append(f"{what}: {', '.join(counts) or 'nothing to do'}")
    terminal.out.print("\n".join(lines), markup=False)
