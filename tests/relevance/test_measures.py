"""Measures: as ir-measures' own command says on the same files, to 1e-6; and by hand."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.errors import UsageError
from engine.relevance.judgments import write_judgments
from engine.relevance.measures import DEFAULT, measured, parse_measures
from engine.relevance.runs import Run, answered, write_run

NAMES = (*DEFAULT, "AP(rel=2)", "Success@3", "RR@10", "Judged@10", "Rprec", "IPrec@0.1")


def by_command(judgments: Path, run: Path, names: list[str]) -> dict[tuple[str, str], float]:
    """Return what `ir_measures` prints for every query and, as "all", over them."""
    program = [sys.executable, "-m", "ir_measures", str(judgments), str(run), *names]
    told = subprocess.run(
        [*program, "--by_query", "--places", "9", "--output_format", "jsonl"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = (json.loads(line) for line in told.stdout.splitlines())
    return {(row["query_id"] or "all", row["measure"]): float(row["value"]) for row in rows}


def test_measures_agree_with_the_command_of_ir_measures(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    pins = [f"pin-{number}" for number in range(60)]
    judged = {
        f"q{query}": {pin: int(random.integers(0, 4)) for pin in random.choice(pins, 12, False)}
        | {pins[query]: 2}
        for query in range(25)
    }
    # Coarse scores make ties; some queries find nothing.
    answers = {
        query: answered(
            (pin, float(random.integers(0, 9))) for pin in random.permutation(pins)[:40]
        )
        for query in list(judged)[:-3]
    }
    write_judgments(judged, tmp_path / "qrels.txt")
    write_run(Run("random", answers), tmp_path / "run.txt")
    measures = parse_measures(NAMES, 100)
    told = by_command(tmp_path / "qrels.txt", tmp_path / "run.txt", list(map(str, measures)))
    [ours] = measured(measures, judged, [answers])
    for column, measure in enumerate(measures):
        for row, query in enumerate(judged):
            assert ours[row, column] == pytest.approx(told[query, str(measure)], abs=1e-6)
        assert ours[:, column].mean() == pytest.approx(told["all", str(measure)], abs=1e-6)


def test_ndcg_by_hand() -> None:
    """Linear gain over the logarithm of the place plus one (Järvelin & Kekäläinen 2002)."""
    measures = parse_measures(["nDCG@3"], 10)
    judged = {"q": {"a": 3, "b": 1, "c": 2}}
    [[[value]]] = measured(
        measures, judged, [{"q": answered([("b", 2.0), ("x", 1.5), ("a", 1.0)])}]
    )
    best = 3 / math.log2(2) + 2 / math.log2(3) + 1 / math.log2(4)
    assert value == pytest.approx((1 / math.log2(2) + 3 / math.log2(4)) / best)


def test_shape_is_runs_queries_measures() -> None:
    measures = parse_measures(DEFAULT, 100)
    judged = {"q1": {"a": 1}, "q2": {"b": 1}}
    values = measured(measures, judged, [{}, {"q2": {"b": 1.0}, "unjudged": {"b": 1.0}}])
    assert values.shape == (2, 2, len(DEFAULT))
    assert not values[0].any()
    assert not values[1, 0].any()
    assert values[1, 1].tolist() == [1.0, 1.0, 1.0, 1.0, pytest.approx(0.1), 1.0]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nope@10", "measure not found"),
        ("nDCG@@10", "in format"),
        ("Compat@10", "unsupported params"),
        ("RBP", "Unsupported"),
        ("alpha_nDCG@10", "pip install ir-measures[pyndeval]"),
        ("nDCG@0", "raise its cutoff"),
        ("R@101", "raise --depth"),
        ('__import__("os")', "can't be taken"),
        ("", "can't be taken"),
    ],
)
def test_what_is_no_measure_is_refused(name: str, reason: str) -> None:
    with pytest.raises(UsageError, match="--measure") as caught:
        parse_measures([name], 100)
    assert reason in str(caught.value)


def test_a_measure_counts_once() -> None:
    assert [str(each) for each in parse_measures(["RR", "P@5", "RR"], 10)] == ["RR", "P@5"]
