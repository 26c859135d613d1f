"""TREC files: what is written is read again, ties stand as in trec_eval, errors name lines."""

from collections.abc import Callable
from pathlib import Path

import ir_measures
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.relevance.judgments import read_judgments, write_judgments
from engine.relevance.runs import Run, answered, cut, file_name, read_run, write_run

IDS = st.from_regex(r"[A-Za-z0-9_:-][A-Za-z0-9._:-]{0,12}", fullmatch=True)
QUERIES = st.from_regex(r"[!-~]{1,12}", fullmatch=True)
SCORES = st.floats(-1e6, 1e6, width=32)
ONE_FOLDER = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)


@ONE_FOLDER
@given(st.dictionaries(QUERIES, st.dictionaries(IDS, st.integers(-3, 9), min_size=1)))
def test_judgments_come_back(tmp_path: Path, judged: dict[str, dict[str, int]]) -> None:
    file = tmp_path / "qrels.txt"
    write_judgments(judged, file)
    assert read_judgments(file) == judged


@ONE_FOLDER
@given(st.dictionaries(QUERIES, st.dictionaries(IDS, SCORES, min_size=1), max_size=5))
def test_runs_come_back_in_their_order(tmp_path: Path, scores: dict[str, dict[str, float]]) -> None:
    run = Run("ours", {query: answered(pins.items()) for query, pins in scores.items()})
    file = tmp_path / "ours.txt"
    write_run(run, file)
    again = read_run(file)
    assert again == run
    assert [list(each) for each in again.answers.values()] == [
        list(each) for each in scores.values()
    ]


@given(st.lists(SCORES, max_size=30))
def test_scores_fall_and_stay_near(scores: list[float]) -> None:
    ranked = sorted(scores, reverse=True)
    kept = np.array(
        list(answered((str(at), score) for at, score in enumerate(ranked)).values()), np.float32
    )
    assert (np.diff(kept) < 0).all()
    allowed = len(ranked) * np.spacing(np.abs(np.array(ranked, np.float32)) + np.float32(1e-30))
    assert (np.abs(kept - np.array(ranked, np.float32)) <= allowed * 4).all()


@ONE_FOLDER
@given(st.dictionaries(IDS, st.sampled_from([0.1, 0.1 + 1e-12, 0.5, 2.0, -1.0]), min_size=1))
def test_ties_stand_as_trec_eval_has_them(tmp_path: Path, scores: dict[str, float]) -> None:
    """The oracle is trec_eval itself: RR with one relevant pin tells that pin's place."""
    file = tmp_path / "tied.txt"
    file.write_text("".join(f"q Q0 {pin} 1 {score!r} t\n" for pin, score in scores.items()))
    order = list(read_run(file).answers["q"])
    for place, pin in enumerate(order, 1):
        [metric] = ir_measures.iter_calc([ir_measures.RR], {"q": {pin: 1}}, {"q": scores})
        assert metric.value == pytest.approx(1 / place)


BAD_JUDGMENTS = {
    "q1 0 a": "3 columns where 4 belong",
    "q1 0 a 1 2": "5 columns where 4 belong",
    "q1 0 a 0.5": "not a whole number",
    "q1 0 a 100000": "within ±1,000",
    "q1 0 a/b 1": "id 'a/b' is not valid",
    "q0 0 a 1": "was judged for query 'q0' in line 1 already",
    "q1 0 \xff 1": "not UTF-8",
}
BAD_RUNS = {
    "q1 Q0 a 1 0.5": "5 columns where 6 belong",
    "q1 Q0 a 1 high t": "not a number",
    "q1 Q0 a 1 nan t": "not a number",
    "q1 Q0 a 1 inf t": "not a number",
    "q1 Q0 a 1 1_0 t": "not a number",
    "q1 Q0 .. 1 1 t": "id '..' is not valid",
    "q0 Q0 a 1 1 t": "stands twice in the answer to 'q0'",
}


@pytest.mark.parametrize(
    ("read", "first", "line", "reason"),
    [
        *((read_judgments, "q0 0 a 1", *each) for each in BAD_JUDGMENTS.items()),
        *((read_run, "q0 Q0 a 1 2.0 t", *each) for each in BAD_RUNS.items()),
    ],
)
def test_a_bad_line_is_named(
    read: Callable[[Path], object], first: str, line: str, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "file.txt"
    file.write_bytes(f"{first}\n\n{line}\n".encode("latin-1"))
    with pytest.raises(EngineError) as caught:
        read(file)
    told = str(caught.value)
    assert told.startswith(f"{file}:3: ")
    assert reason in told
    assert ": " in told.removeprefix(f"{file}:3: ")  # the remedy


def test_marks_and_blanks_that_editors_leave(tmp_path: Path) -> None:
    file = tmp_path / "qrels.txt"
    file.write_bytes(b"\xef\xbb\xbfq1\t0  a 2\r\n   \nq1 0 b +1")
    assert read_judgments(file) == {"q1": {"a": 2, "b": 1}}


def test_a_cut_keeps_the_first_and_leaves_pins_out() -> None:
    answer = answered([("a", 3.0), ("b", 2.0), ("c", 1.0)])
    assert list(cut(answer, 2, frozenset({"a"}))) == ["b", "c"]


def test_files_are_named_after_systems() -> None:
    assert file_name("RRF k=60") == "rrf-k-60.txt"
    assert file_name("…") == "run.txt"
