"""How good vectors are, by set and question; knows nothing of how they were made.

The pool of a question is one split of one set; every pin's text is hidden. A text query counts
when three pins of the pool are relevant (one for flickr, whose queries have one each).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.training.free_wording import judged_wordings, read_free_queries
from engine.training.left_out import LeftOut
from engine.training.pins import JudgedQuery, TrainingPin

FloatArray = npt.NDArray[np.float32]
EncodeTexts = Callable[[Sequence[str]], FloatArray]
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Question:
    """Queries against a pool: `grades` is (queries, pool); `own` is each query's pool column."""

    name: str
    set_name: str
    pool: tuple[int, ...]
    grades: npt.NDArray[np.int8]
    texts: tuple[str, ...] = ()
    own: tuple[int, ...] = ()


def text_question(
    name: str,
    pins: Sequence[TrainingPin],
    rows: Sequence[int],
    queries: Sequence[JudgedQuery],
    least: int,
) -> Question:
    """Build the text -> image question of the pool `rows`, queries with `least` relevant pins."""
    columns = {pins[row].pin_id: column for column, row in enumerate(rows)}
    texts: list[str] = []
    grades: list[npt.NDArray[np.int8]] = []
    for query in queries:
        graded = np.zeros(len(rows), np.int8)
        for pin_id, grade in query.grades.items():
            if pin_id in columns:
                graded[columns[pin_id]] = grade
        if int((graded > 0).sum()) >= least:
            texts.append(query.text)
            grades.append(graded)
    table = np.stack(grades) if grades else np.zeros((0, len(rows)), np.int8)
    return Question(name, name, tuple(rows), table, texts=tuple(texts))


def image_question(
    name: str, pins: Sequence[TrainingPin], rows: Sequence[int], keys: Sequence[str]
) -> Question:
    """Build the image -> image question: alike are the pins that agree on all of `keys`.

    Every pin with at least one like pin is a query; it is never its own answer.
    """
    kinds = [tuple(pins[row].attribute(key) for key in keys) for row in rows]
    names = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
    numbers = np.array([names[kind] if all(kind) else -1 - i for i, kind in enumerate(kinds)])
    same = (numbers[:, None] == numbers[None]).astype(np.int8)
    np.fill_diagonal(same, 0)
    own = np.flatnonzero(same.any(1))
    return Question(name, name, tuple(rows), same[own], own=tuple(own.tolist()))


def cosines(question: Question, pictures: FloatArray, encode: EncodeTexts) -> FloatArray:
    """Return (queries, pool) cosines; a query's own picture gets minus one."""
    pool = pictures[list(question.pool)]
    if question.texts:
        return np.asarray(encode(question.texts) @ pool.T, np.float32)
    own = list(question.own)
    scores = np.array(pool[own] @ pool.T, np.float32)
    scores[np.arange(len(own)), own] = -1.0
    return scores


def order(scores: FloatArray) -> npt.NDArray[np.intp]:
    """Return each row's columns from best to worst; equal scores keep the pool's order."""
    return np.argsort(-scores, axis=1, kind="stable")


def ndcg(scores: FloatArray, grades: npt.NDArray[np.int8], depth: int = _DEPTH) -> float:
    """Mean nDCG with linear gain and a log2 discount (Järvelin and Kekäläinen, 2002)."""
    gains = np.take_along_axis(grades, order(scores)[:, :depth], 1).astype(np.float64)
    ideal = -np.sort(-grades.astype(np.float64), axis=1)[:, :depth]
    discount = 1 / np.log2(np.arange(gains.shape[1]) + 2)
    return float(((gains @ discount) / (ideal @ discount)).mean())


def recall(scores: FloatArray, grades: npt.NDArray[np.int8], depth: int) -> float:
    """Mean share of the relevant pins within the first `depth`."""
    found = np.take_along_axis(grades > 0, order(scores)[:, :depth], 1).sum(1)
    return float((found / (grades > 0).sum(1)).mean())


def precision(scores: FloatArray, grades: npt.NDArray[np.int8], depth: int = _DEPTH) -> float:
    """Mean share of relevant pins among the first `depth`."""
    return float((np.take_along_axis(grades, order(scores)[:, :depth], 1) > 0).mean())


def average_precision(
    scores: FloatArray, grades: npt.NDArray[np.int8], depth: int = _DEPTH
) -> float:
    """MAP cut at `depth`: precision at each relevant rank, over min(relevant, depth)."""
    right = np.take_along_axis(grades > 0, order(scores)[:, :depth], 1)
    ranks = np.arange(1, right.shape[1] + 1)
    sums = (right * (np.cumsum(right, 1) / ranks)).sum(1)
    return float((sums / np.minimum((grades > 0).sum(1), depth)).mean())


def figures(
    questions: Sequence[Question], pictures: FloatArray, encode: EncodeTexts
) -> dict[str, float]:
    """Answer every question; the keys name set, direction and measure."""
    found: dict[str, float] = {}
    for question in questions:
        if not len(question.grades):
            continue
        scores = cosines(question, pictures, encode)
        name, grades = question.name, question.grades
        if name == "flickr":
            found["flickr R@1"] = recall(scores, grades, 1)
            found["flickr R@10"] = recall(scores, grades, 10)
        elif question.texts:
            found[f"{name} nDCG@10"] = ndcg(scores, grades)
        elif "product" in name:
            found[f"{name} mAP@10"] = average_precision(scores, grades)
        else:
            found[f"{name} P@10"] = precision(scores, grades)
    return found


def questions_for(
    pins: Sequence[TrainingPin],
    queries: Mapping[str, Sequence[JudgedQuery]],
    split: str,
    left_out: LeftOut | None = None,
) -> list[Question]:
    """Build every question that the sets allow on one split.

    With `left_out`, caltech is asked twice in the same pool: for classes that trained, and for
    those that did not. Kin of the latter are asked for in neither.
    """
    pools: dict[str, list[int]] = {}
    for row, pin in enumerate(pins):
        if pin.split == split:
            pools.setdefault(pin.set_name, []).append(row)
    found: list[Question] = []
    for name, rows in pools.items():
        least = 1 if name == "flickr" else 3
        asked = {name: queries.get(name, ())}
        if name == "caltech" and left_out is not None and left_out.classes:
            gone = left_out.classes | left_out.kin
            asked = {
                "caltech seen": [q for q in asked[name] if q.text not in gone],
                "caltech left out": [q for q in asked[name] if q.text in left_out.classes],
            }
        if name == "fashion" and asked[name]:
            free, templates = judged_wordings(read_free_queries(), pins)
            asked |= {"fashion as templates": templates, "fashion in free wording": free}
        found += [
            text_question(title, pins, rows, chosen, least)
            for title, chosen in asked.items()
            if chosen
        ]
    if "grocery" in pools:
        found.append(image_question("grocery by product", pins, pools["grocery"], ("label",)))
    if "fashion" in pools:
        keys = ("articleType", "baseColour")
        found.append(image_question("fashion by kind and colour", pins, pools["fashion"], keys))
    return found
