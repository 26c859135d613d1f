"""The plan of a query on the embedded store: what makes it quick changes no answer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.synthetic import corpus, questions
from engine.store.edge import EdgeCollection
from engine.store.identity import Identity
from engine.store.plan import Candidates, Plan

PINS = 1_200
DIMENSION = 32
COLUMNS = ("cosine", "description", "board", "has_text", "lexical_rank", "vector_rank")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> EdgeCollection:
    """Return a collection in two segments, one of them optimised."""
    folder = tmp_path_factory.mktemp("plan")
    made = corpus(PINS, DIMENSION)
    identity = Identity("encoder-a", DIMENSION, "english-a")
    collection = EdgeCollection.open(folder, identity, create=True, min_free_bytes=0)
    collection.upsert([made.record(row) for row in range(PINS - 300)])
    collection.optimize()
    collection.upsert([made.record(row) for row in range(PINS - 300, PINS)])
    return collection


def plans() -> list[Plan]:
    asked = questions(corpus(PINS, DIMENSION), 30)
    worded = [Plan(each.terms, each.vector, lexical_depth=40, vector_depth=60) for each in asked]
    return worded + [replace(each, terms=()) for each in worded[:5]]


def columns(found: Candidates) -> dict[str, tuple[float, ...]]:
    return {
        key: tuple(float(getattr(found, name)[row]) for name in COLUMNS)
        for row, key in enumerate(found.keys)
    }


def same(one: Candidates, other: Candidates) -> None:
    ours, theirs = columns(one), columns(other)
    assert ours.keys() == theirs.keys()
    keys = list(ours)
    assert np.allclose([ours[key] for key in keys], [theirs[key] for key in keys], atol=1e-6)


def test_who_has_text_is_told_alike_by_the_vector_leg_and_by_a_leg_of_its_own(
    filled: EdgeCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [filled.candidates(plan) for plan in plans()]
    monkeypatch.setattr(EdgeCollection, "tells_text", False)
    for plan, found in zip(plans(), told, strict=True):
        assert found.has_text.any()
        assert not found.has_text.all()
        same(found, filled.candidates(plan))


def test_the_nearest_are_the_nearest_whether_they_have_text_or_not(filled: EdgeCollection) -> None:
    made = corpus(PINS, DIMENSION)
    for plan in plans():
        assert plan.vector is not None
        cosines = np.sort(made.vectors @ plan.vector)[::-1][: plan.vector_depth]
        found = filled.candidates(replace(plan, exact=True))
        leg = found.vector_rank > 0
        ranked = found.cosine[leg][np.argsort(found.vector_rank[leg])]
        assert np.allclose(ranked, cosines, atol=1e-6)


def test_answers_are_those_of_a_collection_without_the_blocked_pins(
    filled: EdgeCollection, tmp_path: Path
) -> None:
    made = corpus(PINS, DIMENSION)
    with EdgeCollection.open(tmp_path, filled.identity, create=True, min_free_bytes=0) as some:
        records = [made.record(row) for row in range(300)]
        hidden = {row for row in range(300) if row % 7 == 0}
        some.upsert([record for row, record in enumerate(records) if row not in hidden])
        without = [some.candidates(replace(plan, exact=True)) for plan in plans()]
        some.upsert(
            [
                replace(records[row], pin=replace(records[row].pin, blocked=True))
                for row in sorted(hidden)
            ]
        )
        for plan, expected in zip(plans(), without, strict=True):
            same(some.candidates(replace(plan, exact=True)), expected)
