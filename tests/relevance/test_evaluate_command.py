"""`engine evaluate` as one types it, on a tiny collection and on the samples."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.relevance.measures import DEFAULT
from tests.commands import Commands, Result
from tests.conftest import ROOT
from tests.relevance.test_measures import by_command

GIVEN = ("--queries", "queries.jsonl", "--judgments", "qrels.txt")
# A query each colour, by pin, mixed, filtered, hostile.
JUDGED = 12


def told(result: Result) -> dict[str, Any]:
    assert result.status == 0, result.err
    found: dict[str, Any] = json.loads(result.out)
    return found


def means(found: dict[str, Any]) -> dict[str, dict[str, float]]:
    return {system["name"]: system["means"] for system in found["systems"]}


def test_json_is_all_of_stdout(commands: Commands, judged: Path) -> None:
    done = commands("evaluate", *GIVEN, "--json")
    found = told(done)
    assert done.out.count("\n") == 1
    assert found["queries"] == {"judged": JUDGED, "bad_lines": 0, "without_relevant_pin": 1}
    assert found["judgments_of_other_pins"] == 1
    assert found["measures"] == list(DEFAULT)
    assert "left out: 1 queries without a judged relevant pin" in done.err
    assert "left out: 1 judged queries that the file of queries does not have" in done.err
    assert "left out: 1 judgments of pins that are not in the collection" in done.err


def test_what_the_tiny_encoder_must_lead_to(commands: Commands, judged: Path) -> None:
    found = told(commands("evaluate", *GIVEN, "--json"))
    per_query = {each["id"]: each for each in found["per_query"]}
    # Three pins show a colour, and the vector finds all of them before any other.
    assert per_query["q-red"]["values"]["vectors alone"]["R@10"] == 1.0
    assert per_query["q-red"]["values"]["vectors alone"]["P@10"] == pytest.approx(0.3)
    # A pin shown by the query never answers, and its judgment does not count: one is left.
    assert per_query["q-pin"]["kind"] == "image"
    assert per_query["q-pin"]["values"]["this engine"]["R@10"] == 1.0
    assert per_query["q-pin"]["values"]["BM25 alone"]["R@10"] == 0.0
    assert per_query["q-mixed"]["kind"] == "mixed"
    # Only red and green cost 0 to 1, so blue can't be reached by anybody.
    values = per_query["q-cheap"]["values"].values()
    assert all(each["R@10"] <= 0.5 for each in values)
    assert per_query["q-cheap"]["values"]["BM25 alone"]["R@10"] == 0.5
    reaches = {each["name"]: each["reach_of_silent_pins"] for each in found["systems"]}
    assert reaches["BM25 alone"]["silent_found"] == 0
    assert reaches["vectors alone"]["ratio"] > 0.9
    slices = {(each["group"], each["name"]): each for each in found["slices"]}
    assert slices["relevant pins", "without text"]["means"]["BM25 alone"]["nDCG@10"] == 0.0
    assert slices["kind of query", "a picture"]["queries"] == 1


def test_saved_runs_measure_the_same_by_ir_measures(commands: Commands, judged: Path) -> None:
    found = told(commands("evaluate", *GIVEN, "--json", "--save-runs", "runs/of/today"))
    saved = judged / "runs" / "of" / "today"
    files = {
        "this engine": "this-engine.txt",
        "BM25 alone": "bm25-alone.txt",
        "vectors alone": "vectors-alone.txt",
        "RRF k=60": "rrf-k-60.txt",
        "naive rerank": "naive-rerank.txt",
    }
    assert {each.name for each in saved.iterdir()} == {*files.values(), "judgments.txt"}
    for system, name in files.items():
        theirs = by_command(saved / "judgments.txt", saved / name, list(DEFAULT))
        for measure in DEFAULT:
            ours = means(found)[system][measure]
            assert ours == pytest.approx(theirs["all", measure], abs=1e-6)
            for each in found["per_query"]:
                value = each["values"][system][measure]
                assert value == pytest.approx(theirs[each["id"], measure], abs=1e-6)


def test_another_systems_run_stands_beside(commands: Commands, judged: Path) -> None:
    plain = told(commands("evaluate", *GIVEN, "--json", "--save-runs", "runs"))
    (judged / "theirs.txt").write_text((judged / "runs" / "vectors-alone.txt").read_text())
    found = told(commands("evaluate", *GIVEN, "--json", "--run", "theirs.txt"))
    assert means(found)["theirs"] == means(plain)["vectors alone"]
    assert [each["other"] for each in found["comparisons"]][-1] == "theirs"
    (judged / "Vectors Alone.txt").write_text("q-red Q0 red-told 1 1 t\n")
    clash = commands("evaluate", *GIVEN, "--run", "Vectors Alone.txt")
    assert clash.status == 2
    assert "rename" in clash.err


def test_measures_of_ones_own_choice(commands: Commands, judged: Path) -> None:
    found = told(
        commands("evaluate", *GIVEN, "--json", "--measure", "RR@3", "--measure", "Judged@10")
    )
    assert found["measures"] == ["RR@3", "Judged@10"]
    assert {each["measure"] for each in found["comparisons"]} == {"RR@3"}


def test_the_seed_alone_decides_what_is_random(commands: Commands, judged: Path) -> None:
    first, again, other = (
        told(commands("evaluate", *GIVEN, "--json", "--seed", seed)) for seed in ("3", "3", "4")
    )
    assert first == again
    assert means(first) == means(other)
    assert first["systems"][0]["intervals"] != other["systems"][0]["intervals"]


def test_tables_for_people(commands: Commands, judged: Path) -> None:
    done = commands("evaluate", *GIVEN)
    assert done.status == 0
    for said in (
        *DEFAULT,
        "95 % interval",
        "(better leg)",
        "without text",
        "ours − better leg",
        "p",
    ):
        assert said in done.out, said
    assert f"{JUDGED} queries" in done.out


def test_bad_queries_are_named_and_the_rest_goes_on(commands: Commands, judged: Path) -> None:
    bad = [
        "nonsense",
        '{"id": "q-none"}',
        '{"id": "q-two", "text": "x", "colour": "red"}',
        '{"id": "q-red", "text": "again"}',
        '{"id": "q-page", "text": "x", "limit": 0}',
        '{"id": "q-lost", "pin": "gone"}',
    ]
    with (judged / "queries.jsonl").open("a") as file:
        file.writelines(f"{line}\n" for line in bad)
    with (judged / "qrels.txt").open("a") as file:
        file.write("q-lost 0 red-told 1\n")
    done = commands("evaluate", *GIVEN, "--json")
    assert done.status == 1
    found = json.loads(done.out)
    assert found["queries"]["judged"] == JUDGED
    assert found["queries"]["bad_lines"] == len(bad)
    for number, reason in enumerate(
        ("not JSON", "the query is empty", "colour", "that of line 1 too", "limit 0", "'gone'"), 14
    ):
        assert f"queries.jsonl:{number}: " in done.err
        assert reason in done.err, reason


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        (("--measure", "nope@3"), 2, "measure not found"),
        (("--depth", "0"), 2, "--depth 0 is out of range"),
        (("--depth", "50"), 2, "R@100 looks at 100 pins"),
        (("--run", "nowhere.txt"), 1, "nowhere.txt"),
        (("--report", "no/folder/out.html"), 2, "make it first"),
        (("--collection", "other"), 1, "no collection 'other'"),
    ],
)
def test_what_can_not_be_done_is_said(
    words: tuple[str, ...], status: int, reason: str, commands: Commands, judged: Path
) -> None:
    done = commands("evaluate", *GIVEN, *words)
    assert done.status == status
    assert reason in done.err
    assert not done.out


def test_judgments_of_nothing_here(commands: Commands, judged: Path) -> None:
    (judged / "qrels.txt").write_text("q-red 0 elsewhere 1\nq-blue 0 blue-told 0\n")
    done = commands("evaluate", *GIVEN, "--json")
    assert done.status == 1
    assert "no query has a judged relevant pin" in done.err
    (judged / "qrels.txt").write_text("q-red 0 elsewhere\n")
    done = commands("evaluate", *GIVEN)
    assert done.status == 1
    assert "qrels.txt:1: 3 columns where 4 belong" in done.err


def test_other_commands_never_load_what_only_this_one_needs() -> None:
    heavy = ("matplotlib", "ir_measures", "jinja2.environment", "rank_bm25", "optuna", "scipy")
    program = f"import sys, engine.cli; print([each for each in {heavy} if each in sys.modules])"
    told = subprocess.check_output([sys.executable, "-c", program], text=True, cwd=ROOT)
    assert told.strip() == "[]"


def test_the_samples_for_real(samples: Path, tmp_path: Path) -> None:
    """With the embedded encoder, in processes of its own."""
    environment = os.environ | {"ENGINE_DATA": str(tmp_path / "data"), "COLUMNS": "120"}

    def engine(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "engine.cli", *words],
            capture_output=True, text=True, cwd=ROOT, env=environment, check=True,
        )  # fmt: skip

    engine("index", str(samples / "pins.jsonl"))
    given = ("--queries", str(samples / "queries.jsonl"), "--judgments", str(samples / "qrels.txt"))
    found = json.loads(engine("evaluate", *given, "--json", "--save-runs", str(tmp_path)).stdout)
    assert found["queries"] == {"judged": 92, "bad_lines": 0, "without_relevant_pin": 0}
    assert found["collection"]["pins_without_text"] == 128
    kinds = {each["name"]: each["queries"] for each in found["slices"] if "kind" in each["group"]}
    assert kinds == {"words": 74, "a picture": 8, "both": 10}
    ours = means(found)["this engine"]
    assert ours["nDCG@10"] > means(found)["RRF k=60"]["nDCG@10"] + 0.05
    theirs = by_command(tmp_path / "judgments.txt", tmp_path / "this-engine.txt", list(DEFAULT))
    assert ours == pytest.approx({name: theirs["all", name] for name in DEFAULT}, abs=1e-6)
    ratio = found["systems"][0]["reach_of_silent_pins"]["ratio"]
    assert ratio > 0.7
