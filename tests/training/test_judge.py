"""Measures against slow definitions of their own, and what counts as a question."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.training import judge
from engine.training.pins import JudgedQuery, TrainingPin


def pin(
    name: str, split: str = "test", set_name: str = "fashion", **attributes: str
) -> TrainingPin:
    return TrainingPin(set_name, name, Path(name), name, split, attributes=attributes)


def slow_ndcg(scores: list[float], grades: list[int], depth: int) -> float:
    ranked = [g for _, g in sorted(zip(scores, grades, strict=True), key=lambda p: -p[0])]
    best = sorted(grades, reverse=True)

    def gain(row: list[int]) -> float:
        return float(sum(g / np.log2(i + 2) for i, g in enumerate(row[:depth])))

    return gain(ranked) / gain(best)


GRADED = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(0, 2)),
    min_size=1,
    max_size=30,
    unique_by=lambda pair: pair[0],
).filter(lambda rows: any(grade for _, grade in rows))


@given(GRADED, st.integers(1, 12))
def test_ndcg_equals_its_definition(rows: list[tuple[int, int]], depth: int) -> None:
    scores = np.array([[score for score, _ in rows]], np.float32)
    grades = np.array([[grade for _, grade in rows]], np.int8)
    slow = slow_ndcg([s for s, _ in rows], [g for _, g in rows], depth)
    assert judge.ndcg(scores, grades, depth) == pytest.approx(slow)


def test_precision_recall_and_average_precision_by_hand() -> None:
    scores = np.array([[0.9, 0.8, 0.7, 0.1]], np.float32)
    grades = np.array([[1, 0, 1, 1]], np.int8)
    assert judge.precision(scores, grades, 2) == 0.5
    assert judge.recall(scores, grades, 3) == pytest.approx(2 / 3)
    assert judge.average_precision(scores, grades, 3) == pytest.approx((1 + 2 / 3) / 3)


def test_text_questions_need_enough_relevant_pins() -> None:
    pins = [pin(name) for name in "abcd"]
    queries = [
        JudgedQuery("q1", "many", {"a": 1, "b": 2, "c": 1, "elsewhere": 1}),
        JudgedQuery("q2", "few", {"a": 1, "b": 1, "elsewhere": 1}),
    ]
    question = judge.text_question("fashion", pins, [0, 1, 2, 3], queries, least=3)
    assert question.texts == ("many",)
    assert question.grades.tolist() == [[1, 2, 1, 0]]


def test_a_picture_is_never_its_own_answer() -> None:
    pins = [pin(n, label=label) for n, label in (("a", "x"), ("b", "x"), ("c", "y"), ("d", ""))]
    question = judge.image_question("grocery by product", pins, [0, 1, 2, 3], ("label",))
    assert question.own == (0, 1)
    assert question.grades.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
    rows = np.eye(4, dtype=np.float32)
    scores = judge.cosines(question, rows, lambda texts: np.zeros((0, 4), np.float32))
    assert scores[0, 0] == -1
    assert scores[1, 1] == -1


def test_only_the_split_is_in_the_pool() -> None:
    kinds = {"articleType": "Tshirts", "baseColour": "Red"}
    pins = [pin("a", **kinds), pin("b", **kinds), pin("c", split="development", **kinds)]
    queries = {"fashion": [JudgedQuery("q", "red", {"a": 1, "b": 1, "c": 1})]}
    built = judge.questions_for(pins, queries, "test")
    assert {question.pool for question in built} == {(0, 1)}
