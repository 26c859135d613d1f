"""What a pin's score promises, over random candidates, all else held fixed."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.retrieval.parameters import KINDS, Kind, Parameters
from engine.retrieval.ranking import coverage, rank
from engine.store.plan import Candidates

SIZE = 14
PARAMETERS = Parameters()


@st.composite
def corpora(draw: st.DrawFn) -> Candidates:
    """Candidates of a query of two terms: some silent, some told, found by either leg or both."""
    has_text = draw(hnp.arrays(np.bool_, SIZE))
    bm25 = hnp.arrays(np.float32, SIZE, elements=st.floats(0, 6, width=32))
    cosine = draw(hnp.arrays(np.float32, SIZE, elements=st.floats(-0.5, 1, width=32)))
    return Candidates(
        keys=[f"{number:08d}" for number in range(SIZE)],
        cosine=cosine,
        description=np.where(has_text, draw(bm25), 0).astype(np.float32),
        board=np.where(has_text, draw(bm25), 0).astype(np.float32),
        has_text=has_text,
        lexical_rank=np.zeros(SIZE, np.int32),
        vector_rank=draw(hnp.arrays(np.int32, SIZE, elements=st.integers(0, 20))),
        idf={"red": 1.5, "dress": 2.5},
    )


def _with(candidates: Candidates, row: int, **values: float) -> Candidates:
    changed = {}
    for name, value in values.items():
        column: npt.NDArray[np.floating] = getattr(candidates, name).copy()
        column[row] = value
        changed[name] = column
    return replace(candidates, **changed)  # type: ignore[arg-type]


def _scored(candidates: Candidates, kind: Kind, row: int) -> float:
    return float(rank(candidates, kind, PARAMETERS).relevance[row])


rows = st.integers(0, SIZE - 1)


@pytest.mark.parametrize("kind", KINDS)
@given(corpus=corpora(), row=rows)
def test_taking_away_a_text_that_matches_nothing_never_lowers(
    kind: Kind, corpus: Candidates, row: int
) -> None:
    told = _with(corpus, row, has_text=True, description=0.0, board=0.0)
    silent = _with(told, row, has_text=False)
    assert _scored(silent, kind, row) >= _scored(told, kind, row) - 1e-9


@pytest.mark.parametrize("kind", KINDS)
@given(corpus=corpora(), row=rows)
def test_the_first_text_that_matches_fully_never_lowers(
    kind: Kind, corpus: Candidates, row: int
) -> None:
    """Until then no word of the query counted, and pictures decided alone."""
    nothing = np.zeros(SIZE, np.float32)
    silent = _with(replace(corpus, description=nothing, board=nothing), row, has_text=False)
    told = _with(silent, row, has_text=True, description=4.0)
    assert _scored(told, kind, row) >= _scored(silent, kind, row) - 1e-9


@pytest.mark.parametrize("kind", KINDS)
@given(corpus=corpora(), row=rows)
def test_giving_a_silent_pin_a_fully_matching_text_never_lowers(
    kind: Kind, corpus: Candidates, row: int
) -> None:
    """Fully matching: it says what was asked at least as well as any other candidate does.

    The pin is out of the sample from which expectations are read, so that these stay as they are.
    """
    silent = _with(
        corpus, row, has_text=False, description=0.0, board=0.0, vector_rank=0, lexical_rank=0
    )
    best = max(float(coverage(silent, PARAMETERS.bm25).max()) * 4.0, 4.0)
    told = _with(silent, row, has_text=True, description=best * 1.01)
    assert _scored(told, kind, row) >= _scored(silent, kind, row) - 1e-9


@pytest.mark.parametrize("kind", KINDS)
@given(corpus=corpora(), row=rows, more=st.floats(0, 0.5))
def test_a_more_similar_picture_never_scores_lower(
    kind: Kind, corpus: Candidates, row: int, more: float
) -> None:
    """The pin is out of the sample, so that what is expected of silent pins stays as it is."""
    before = _with(corpus, row, cosine=0.3, vector_rank=0)
    after = _with(before, row, cosine=0.3 + more)
    assert _scored(after, kind, row) >= _scored(before, kind, row) - 1e-9


@pytest.mark.parametrize("kind", KINDS)
@given(corpus=corpora())
def test_the_order_is_that_of_the_relevance(kind: Kind, corpus: Candidates) -> None:
    ranking = rank(corpus, kind, PARAMETERS)
    relevance = ranking.relevance[ranking.order]
    assert np.all(np.diff(relevance) <= 1e-12)
    assert np.all((relevance >= 0) & (relevance <= 1))
    assert sorted(ranking.order.tolist()) == list(range(SIZE))
    bar = float(np.median(relevance))
    np.testing.assert_array_equal(
        ranking.at_least(bar), [row for row in ranking.order if ranking.relevance[row] >= bar]
    )


def test_without_candidates_nothing_is_relevant() -> None:
    none = np.zeros(0, np.float32)
    ranks = np.zeros(0, np.int32)
    empty = Candidates([], none, none, none, none.astype(np.bool_), ranks, ranks, {})
    ranking = rank(empty, "text", PARAMETERS)
    assert ranking.nothing_relevant
    assert ranking.fits == 0.0
