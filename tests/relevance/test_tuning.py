"""`engine tune`: trials that say what the real thing says, and parameters that are never worse."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine.relevance.bench
import engine.relevance.tuned
import engine.workspace
from engine.commands.judged_topics import JudgedTopics
from engine.errors import EngineError, StoreInUse, UsageError
from engine.relevance.asking import Asker
from engine.relevance.bench import DEPTHS, Bench, Draws, Proposal, Question, Values
from engine.relevance.evaluation import judge_topics
from engine.relevance.fitting import fit_learned
from engine.relevance.judgments import read_judgments
from engine.relevance.legs import Index, legs_of
from engine.relevance.measures import measured, parse_measures
from engine.relevance.objective import Objective, parse_objective
from engine.relevance.pool import read_pool
from engine.relevance.space import UNFITTED, with_mixing
from engine.relevance.splitting import split
from engine.relevance.systems import LEGS, ThisEngine
from engine.relevance.trials import FOLDER, open_trials
from engine.relevance.tuned import Result, Wish, tune_collection
from engine.relevance.tuning import Limits
from engine.relevance.verdict import PRESENT, TUNED
from engine.retrieval.certainty import Evidence
from engine.retrieval.fusion import Convex
from engine.retrieval.parameters import Parameters
from engine.retrieval.parameters_file import Tuned, read, write
from engine.retrieval.silence import Zero
from engine.settings import load_settings
from engine.store.plan import Bm25
from engine.workspace import Workspace, open_workspace
from tests.commands import Commands
from tests.conftest import ROOT
from tests.relevance.conftest import KINDS, write_lines
from tests.tiny_encoder import COLOURS, TinyEncoder

PHRASES = ("{} dress", "a {} dress please", "dress in {}", "{}", "{} thing")
NDCG = Objective("nDCG", 10)
# Words decide everything, and silence is held against a pin: what tuning should mend.
POOR = replace(Parameters().text, fusion=Convex(), silence=Zero(), lexical_weight=1.0)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Forty queries for the coloured squares; pins of the colour answer, said or not."""
    queries: list[dict[str, Any]] = []
    grades: list[str] = []
    for colour in COLOURS:
        for number, phrase in enumerate(PHRASES):
            name = f"{colour}-{number}"
            queries.append({"id": name, "text": phrase.format(colour)})
            grades += [f"{name} 0 {colour}-{kind} {1 + (kind == 'told')}" for kind in KINDS]
    queries.append({"id": "cheap", "text": "red dress", "filter": {"price": "0..3"}})
    grades.append("cheap 0 red-told 1")
    write_lines(tmp_path / "queries.jsonl", queries)
    (tmp_path / "qrels.txt").write_text("\n".join(grades) + "\n")
    return tmp_path / "queries.jsonl", tmp_path / "qrels.txt"


@pytest.fixture
def workspace(indexed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setattr(engine.workspace, "load_encoder", lambda *_, **__: TinyEncoder())
    with open_workspace(load_settings(data=indexed)) as opened:
        yield opened


class Desk:
    """All that a tuning of one workspace needs."""

    def __init__(self, workspace: Workspace, files: tuple[Path, Path]) -> None:
        given = JudgedTopics(1_000_000)
        pool = read_pool(workspace.collection)
        self.present = replace(workspace.parameters, text=POOR)
        self.asker = Asker(workspace.reader(self.present), pool)
        topics = list(given.read(files[0]))
        kept, self.judgments = judge_topics(topics, read_judgments(files[1]), pool)
        self.asked = list(given.ask(kept, self.asker, self.present))
        assert not given.bad
        index = Index(pool, {term for each in self.asked for term in each.meaning.terms})
        self.questions = [
            Question(
                each.topic, each.meaning, self.judgments[each.topic.id], number % 5,
                legs_of(each, index, max(DEPTHS)),
            )
            for number, each in enumerate(self.asked)
        ]  # fmt: skip

    def bench(self, objective: Objective = NDCG) -> Bench:
        draws = Draws(self.asker)
        return Bench(tuple(self.questions), "text", objective, draws, self.asker.pool.silent)

    def tune(self, folder: Path, **changes: Any) -> Result:
        folder.mkdir(exist_ok=True)
        wish = replace(Wish(NDCG, trials=12, seconds=600.0), **changes)
        return tune_collection(self.asker, self.asked, self.judgments, self.present, wish, folder)


@pytest.fixture
def desk(workspace: Workspace, files: tuple[Path, Path]) -> Desk:
    return Desk(workspace, files)


@given(
    grades=st.lists(
        st.dictionaries(st.integers(0, 30).map("p{}".format), st.integers(-1, 3), min_size=1),
        min_size=1,
        max_size=4,
    ),
    name=st.sampled_from(["nDCG@10", "nDCG@3", "P@5", "R@10", "RR@10"]),
    seed=st.integers(0, 99),
)
def test_the_objective_is_ir_measures_own(
    grades: list[dict[str, int]], name: str, seed: int
) -> None:
    kept = [each for each in grades if max(each.values()) > 0]
    if not kept:
        return
    random = np.random.default_rng(seed)
    objective = parse_objective(name)
    ranked = [[f"p{at}" for at in random.permutation(31)[:12]] for _ in kept]
    judgments = {str(number): each for number, each in enumerate(kept)}
    answers = {
        str(number): {pin: 1.0 / place for place, pin in enumerate(pins, 1)}
        for number, pins in enumerate(ranked)
    }
    [wanted] = measured([ir_measures.parse_measure(name)], judgments, [answers])
    gains = [
        [max(each.get(pin, 0), 0) for pin in pins[: objective.cutoff]]
        for each, pins in zip(kept, ranked, strict=True)
    ]
    judged = [np.array(sorted((g for g in e.values() if g > 0), reverse=True), float) for e in kept]
    ours = objective(np.array(gains, dtype=np.float64), judged)
    assert ours == pytest.approx(wanted[:, 0], abs=1e-9)


@pytest.mark.parametrize("name", ["AP", "nDCG", "P(rel=2)@5", "nDCG(dcg='exp-log2')@10", "ERR@5"])
def test_other_objectives_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="nDCG@10"):
        parse_objective(name)


def test_a_query_keeps_its_part_as_others_come() -> None:
    ids = [f"q{number}" for number in range(2_000)]
    parts = split(ids, 7)
    assert len(parts.test) / len(ids) == pytest.approx(0.3, abs=0.04)
    assert not parts.test & parts.fold.keys()
    assert parts.test | parts.fold.keys() == set(ids)
    fewer = split(ids[:100], 7)
    assert fewer.test == parts.test & set(ids[:100])
    assert all(parts.fold[each] == fold for each, fold in fewer.fold.items())
    sizes = np.bincount(list(parts.fold.values()), minlength=5)
    assert sizes.min() > 0.15 * len(parts.fold)
    assert split(ids, 8).test != parts.test


BM25S = (Bm25(0.2, 0.1, 1.0, 0.4), Bm25(1.2, 0.75, 1.0, 1.0), Bm25(0.0, 0.0, 0.5, 2.0))


@pytest.mark.parametrize("bm25", BM25S)
def test_legs_are_those_of_the_store(desk: Desk, bm25: Bm25) -> None:
    depths = (60, 60)
    parameters = replace(desk.present, bm25=bm25, lexical_depth=depths[0], vector_depth=depths[1])
    for question in desk.questions:
        ours = question.legs.draw(bm25, *depths)
        theirs = desk.asker.draw(question.topic, question.meaning, parameters).candidates
        assert set(ours.keys) == set(theirs.keys)
        assert ours.keys == sorted(ours.keys)
        at = [theirs.keys.index(key) for key in ours.keys]
        for column in ("cosine", "description", "board"):
            wanted = getattr(theirs, column)[at]
            assert getattr(ours, column) == pytest.approx(wanted, abs=1e-5)
        assert ours.has_text.tolist() == theirs.has_text[at].tolist()
        assert ours.lexical_rank.tolist() == theirs.lexical_rank[at].tolist()
        assert (ours.vector_rank > 0).tolist() == (theirs.vector_rank[at] > 0).tolist()
        assert ours.idf == theirs.idf


def test_legs_are_cut_as_the_store_cuts(desk: Desk) -> None:
    """Many squares are alike, so which of equals are cut is left open; how good they are is not."""
    for question in desk.questions:
        parameters = replace(desk.present, lexical_depth=4, vector_depth=3)
        ours = question.legs.draw(parameters.bm25, 4, 3)
        theirs = desk.asker.draw(question.topic, question.meaning, parameters).candidates
        for ranks, column in (("lexical_rank", "description"), ("vector_rank", "cosine")):
            kept = [
                sorted(getattr(each, column)[getattr(each, ranks) > 0].tolist())
                for each in (ours, theirs)
            ]
            assert kept[0] == pytest.approx(kept[1], abs=1e-5)


@pytest.mark.parametrize("name", ["nDCG@10", "nDCG@3", "RR@10", "R@10"])
def test_a_trial_says_what_the_engine_is_worth(desk: Desk, name: str) -> None:
    values = desk.bench(parse_objective(name)).values(Proposal(desk.present))
    system = ThisEngine(desk.asker.pool, desk.present)
    answers = {each.topic.id: system.answer(each, 100) for each in desk.asked}
    [measure] = parse_measures([name], 100)
    [wanted] = measured([measure], desk.judgments, [answers])
    assert values.each == pytest.approx(wanted[:, 0], abs=1e-9)
    # Each slice of pins has every query that such a pin answers.
    assert values.slices["pins with text"].shape == values.each.shape
    told = np.isnan(values.slices["pins without text"])
    assert [each.topic.id for each, none in zip(desk.questions, told, strict=True) if none] == [
        "cheap"
    ]


def test_a_learned_fuser_is_fitted_on_the_other_folds(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught: list[int] = []

    def watched(queries: Any) -> Any:
        taught.append(len(queries))
        return fit_learned(queries)

    monkeypatch.setattr(engine.relevance.bench, "fit_learned", watched)
    mixing = replace(desk.present.text, fusion=UNFITTED)
    learned = with_mixing(desk.present, "text", mixing)
    values = desk.bench().values(Proposal(learned, fitted=True))
    counts = np.bincount([each.fold for each in desk.questions])
    assert taught == [len(desk.questions) - count for count in counts.tolist()]
    assert values.mean > desk.bench().values(Proposal(desk.present)).mean


def test_what_was_poor_is_mended(desk: Desk, tmp_path: Path) -> None:
    result = desk.tune(tmp_path)
    [found] = result.found
    assert result.changed
    assert found.tuned > found.present + 0.05
    assert found.gain > found.error > 0.0
    assert found.changed
    means = result.verdict.means
    assert means[TUNED] > means[PRESENT] + 0.05
    assert result.verdict.worse_than is None
    own = result.parameters.text
    assert own.certainty != desk.present.text.certainty
    assert (result.parameters.image, result.parameters.mixed) == (
        desk.present.image,
        desk.present.mixed,
    )


def test_foreign_queries_teach_when_nothing_fits(desk: Desk, tmp_path: Path) -> None:
    """As if the collection could not answer half of what looks as the other half does."""
    plain = desk.tune(tmp_path)
    strangers = [each for each in desk.asked if each.topic.id.endswith("-0")]
    wish = Wish(NDCG, trials=12, seconds=600.0)
    warned = tune_collection(
        desk.asker, desk.asked, desk.judgments, desk.present, wish, tmp_path, strangers
    )
    # What is tuned is the same; how sure it is is not.
    assert warned.parameters.text.fusion == plain.parameters.text.fusion
    evidence = Evidence(1.0, 1.0, 0.25)
    unsure = warned.parameters.text.certainty.anything(evidence)
    assert unsure < plain.parameters.text.certainty.anything(evidence)


def test_the_same_seed_comes_to_the_same(desk: Desk, tmp_path: Path) -> None:
    first, again = desk.tune(tmp_path / "a"), desk.tune(tmp_path / "b")
    assert first.parameters == again.parameters
    assert first.to_json() == again.to_json()
    other = desk.tune(tmp_path / "c", seed=8)
    assert other.verdict.scores.queries != first.verdict.scores.queries


def test_a_run_that_was_cut_short_goes_on(desk: Desk, tmp_path: Path) -> None:
    whole = desk.tune(tmp_path / "whole", trials=24)
    place = tmp_path / "cut"
    desk.tune(place, trials=22)
    [journal] = (place / FOLDER).glob("*.journal")
    # Killed in the middle of a trial, and in the middle of a line.
    journal.write_bytes(journal.read_bytes()[:-900])
    left = journal.stat().st_size
    steps: list[int] = []
    wish = Wish(NDCG, trials=24, seconds=600.0)
    resumed = tune_collection(
        desk.asker,
        desk.asked,
        desk.judgments,
        desk.present,
        wish,
        place,
        step=lambda: steps.append(1),
    )
    assert journal.stat().st_size > left
    assert len(steps) == 24
    assert resumed.parameters == whole.parameters
    assert resumed.to_json() == whole.to_json()


def test_other_judgments_begin_anew(desk: Desk, tmp_path: Path) -> None:
    desk.tune(tmp_path, trials=3)
    [before] = (tmp_path / FOLDER).glob("*.journal")
    desk.judgments = {each: {**grades, "brown-odd": 1} for each, grades in desk.judgments.items()}
    desk.tune(tmp_path, trials=3)
    [after] = (tmp_path / FOLDER).glob("*.journal")
    assert after != before


def test_only_one_tunes_at_a_time(tmp_path: Path) -> None:
    with (
        open_trials(tmp_path, "a", 1),
        pytest.raises(StoreInUse, match="another process tunes"),
        open_trials(tmp_path, "a", 1),
    ):
        pass


def test_what_is_held_back_is_never_seen(desk: Desk, tmp_path: Path) -> None:
    """Turning the judgments of that part around changes the verdict and nothing else."""
    first = desk.tune(tmp_path / "a")
    held = {each.id for each in first.verdict.scores.queries}
    assert 5 <= len(held) < len(desk.asked)
    assert sum(each.queries for each in first.found) == len(desk.asked) - len(held)
    desk.judgments = {
        name: {"white-silent": 1} if name in held else grades
        for name, grades in desk.judgments.items()
    }
    second = desk.tune(tmp_path / "b")
    assert second.parameters == first.parameters
    assert second.verdict.means != first.verdict.means


def test_no_slice_may_lose(desk: Desk) -> None:
    present = Values(
        np.array([0.5, 0.5]), {"a": np.array([0.6, np.nan]), "b": np.array([0.2, 0.4])}
    )
    ours = Values(np.array([0.9, 0.9]), {"a": np.array([0.5, np.nan]), "b": np.array([0.9, 0.9])})
    assert ours.losses(present) == pytest.approx({"a": 0.1, "b": -0.6})


def test_a_limit_that_nothing_keeps_leaves_all_as_it_is(desk: Desk, tmp_path: Path) -> None:
    result = desk.tune(tmp_path, limits=Limits(max_p95_ms=1e-6), trials=8)
    assert not result.changed
    assert result.found[0].p95_ms is not None
    assert result.found[0].p95_ms > 1e-6


def test_too_few_queries_are_refused(desk: Desk, tmp_path: Path) -> None:
    desk.asked = desk.asked[:9]
    with pytest.raises(EngineError, match="are too few"):
        desk.tune(tmp_path)


@pytest.fixture
def tune(
    commands: Commands, files: tuple[Path, Path], indexed: Path
) -> Iterator[Callable[..., Any]]:
    """Calls `engine tune`, on a collection whose parameters are gone afterwards."""
    place = indexed / "collections" / "pins"

    def call(*words: str) -> Any:
        given = ("--queries", str(files[0]), "--judgments", str(files[1]), "--trials", "12")
        return commands("tune", *given, *words)

    yield call
    for each in place.glob("parameters*"):
        each.unlink()


def put(indexed: Path, parameters: Parameters) -> Path:
    """Make these a collection's present parameters; return their file."""
    path = indexed / "collections" / "pins" / "parameters.json"
    with open_workspace(load_settings(data=indexed)) as opened:
        identity = opened.collection.identity
    write(
        path,
        Tuned(
            parameters, identity.encoder_fingerprint, identity.analysis_fingerprint,
            datetime.now(UTC), {},
        ),
    )  # fmt: skip
    return path


def test_the_command_writes_what_is_better(
    tune: Callable[..., Any], commands: Commands, indexed: Path
) -> None:
    path = put(indexed, replace(Parameters(), text=POOR))
    dry = tune("--dry-run", "--json")
    assert dry.status == 0, dry.err
    assert json.loads(dry.out)["written"] is None
    before = read(path)
    assert before is not None
    assert before.number == 1
    done = tune("--json")
    assert done.status == 0, done.err
    assert done.out.count("\n") == 1
    told = json.loads(done.out)
    assert told["written"] == 2
    written = read(path)
    assert written is not None
    assert written.number == 2
    assert dict(written.evaluation) == told["evaluation"]
    means = told["evaluation"]["unopened"]["means"]
    assert means[TUNED] > means[PRESENT]
    # No pin and no query is named in what is kept.
    text = path.read_text()
    assert not [pin for colour in COLOURS for kind in KINDS if (pin := f"{colour}-{kind}") in text]
    shown = json.loads(commands("tune", "--show", "--json").out)
    assert shown["version"] == 2
    assert shown["evaluation"] == told["evaluation"]
    assert json.loads(commands("info", "--json").out)["parameters"] == 2
    plain = tune("--seconds", "0")
    assert "queries held back" in plain.out
    assert json.loads(commands("tune", "--reset", "--json").out) == {"withdrawn": 2}
    assert json.loads(commands("info", "--json").out)["parameters"] == "defaults"
    assert json.loads(commands("tune", "--reset", "--json").out) == {"withdrawn": None}
    # A number is never given twice.
    put(indexed, Parameters())
    assert json.loads(commands("info", "--json").out)["parameters"] == 3


def test_what_is_worse_is_not_written_unless_forced(
    tune: Callable[..., Any], indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(indexed, replace(Parameters(), text=POOR))
    original = engine.relevance.tuned.tune_collection

    def worse(*given: Any, **named: Any) -> Result:
        """As if the better ones had been the present ones."""
        result = original(*given, **named)
        scores = result.verdict.scores
        names = {TUNED: PRESENT, PRESENT: TUNED}
        swapped = replace(scores, systems=tuple(names.get(each, each) for each in scores.systems))
        return replace(result, verdict=replace(result.verdict, scores=swapped))

    monkeypatch.setattr(engine.relevance.tuned, "tune_collection", worse)
    done = tune()
    assert done.status == 0, done.err
    assert "worse than the present parameters, so nothing is written" in " ".join(done.out.split())
    kept = read(path)
    assert kept is not None
    assert kept.number == 1
    forced = tune("--force", "--json")
    assert json.loads(forced.out)["written"] == 2


def test_the_command_says_what_is_missing(commands: Commands, indexed: Path) -> None:
    assert commands("tune").status == 2
    assert commands("tune", "--queries", "q.jsonl").status == 2
    nothing = commands("tune", "--feedback")
    assert nothing.status == 1
    assert "too few" in nothing.err
    shown = commands("tune", "--show", "--json")
    assert json.loads(shown.out)["version"] == 0


def test_a_collection_in_use_is_left_alone(tune: Callable[..., Any], indexed: Path) -> None:
    with open_workspace(load_settings(data=indexed)):
        held = tune()
    assert held.status == 1
    assert "is in use by process" in held.err
    assert "stop it" in held.err


def test_the_samples_for_real(samples: Path, tmp_path: Path) -> None:
    """With the embedded encoder, in processes of its own."""
    environment = os.environ | {"ENGINE_DATA": str(tmp_path / "data"), "COLUMNS": "120"}

    def run(*words: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "engine.cli", *words],
            capture_output=True, text=True, cwd=ROOT, env=environment, check=True,
        ).stdout  # fmt: skip

    run("index", str(samples / "pins.jsonl"))
    given = ("--queries", str(samples / "queries.jsonl"), "--judgments", str(samples / "qrels.txt"))
    told = json.loads(run("tune", *given, "--trials", "25", "--json"))
    path = tmp_path / "data" / "collections" / "pins" / "parameters.json"
    means = told["evaluation"]["unopened"]["means"]
    better = means[TUNED] >= max(means[PRESENT], *(means[leg] for leg in LEGS))
    if told["written"] is None:
        assert not path.exists()
        assert not better or means[TUNED] == means[PRESENT]
    else:
        assert better
        assert path.exists()
        assert json.loads(run("info", "--json"))["parameters"] == told["written"]
