"""Maximal marginal relevance against the formula as it was published, and varied answers."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import BadQuery
from engine.queries import Part, Query
from engine.retrieval.answers import Hit
from engine.retrieval.diversity import POOL, mmr
from tests.retrieval.conftest import Shelf
from tests.retrieval.written import DIMENSION, at_angle, written

PROBE = Part("pin", "probe")
Array = npt.NDArray[np.float64]


def carbonell(
    relevance: Sequence[float], rows: Array, chosen: Sequence[int], each: int, weight: float
) -> float:
    """Carbonell & Goldstein's value of a row after some were chosen; `weight` is their lambda."""
    alike = 0.0
    for other in chosen:
        alike = max(alike, sum(x * y for x, y in zip(rows[each], rows[other], strict=True)))
    return weight * relevance[each] - (1 - weight) * alike


@st.composite
def ranked(draw: st.DrawFn) -> tuple[list[float], Array]:
    """Draw relevances, best first, and unit rows; some are equal."""
    count = draw(st.integers(1, 12))
    relevance = draw(st.lists(st.floats(0, 1), min_size=count, max_size=count))
    rows = np.random.default_rng(draw(st.integers(0, 99))).normal(size=(count, 3))
    rows[draw(st.integers(0, count - 1))] = rows[0]
    return sorted(relevance, reverse=True), rows / np.linalg.norm(rows, axis=1)[:, None]


shares = st.floats(0, 1)


@settings(deadline=None)
@given(ranked(), shares)
def test_each_row_is_the_best_by_the_published_formula(
    drawn: tuple[list[float], Array], diversity: float
) -> None:
    relevance, rows = drawn
    order, values = mmr(relevance, rows, diversity)
    assert sorted(order) == list(range(len(relevance)))
    for place, row in enumerate(order.tolist()):
        before = order[:place].tolist()
        left = set(range(len(relevance))) - set(before)
        worth = {each: carbonell(relevance, rows, before, each, 1 - diversity) for each in left}
        assert worth[row] >= max(worth.values()) - 1e-9
        assert values[place] == pytest.approx(worth[row] + diversity, abs=1e-9)


@settings(deadline=None)
@given(ranked(), shares)
def test_values_fall_and_stay_within_0_and_1(
    drawn: tuple[list[float], Array], diversity: float
) -> None:
    _, values = mmr(*drawn, diversity)
    assert np.all(np.diff(values) <= 1e-12)
    assert np.all((values >= -1e-12) & (values <= 1 + 1e-12))


@settings(deadline=None)
@given(ranked())
def test_no_diversity_changes_nothing(drawn: tuple[list[float], Array]) -> None:
    order, values = mmr(*drawn, 0.0)
    assert order.tolist() == list(range(len(order)))
    assert values.tolist() == drawn[0]


@settings(deadline=None)
@given(ranked(), shares)
def test_the_best_stays_first(drawn: tuple[list[float], Array], diversity: float) -> None:
    assert mmr(*drawn, diversity)[0][0] == 0


def test_equal_rows_stay_in_their_order_and_an_empty_list_is_no_error() -> None:
    order, _ = mmr([0.5] * 5, [[1.0, 0.0]] * 5, 0.7)
    assert order.tolist() == [0, 1, 2, 3, 4]
    order, values = mmr([], np.empty((0, 4)), 0.5)
    assert len(order) == len(values) == 0


def test_another_kind_comes_before_more_of_the_same() -> None:
    rows = [[1.0, 0.0], [0.99, 0.141], [0.0, 1.0]]
    assert mmr([0.9, 0.9, 0.8], rows, 0.05)[0].tolist() == [0, 1, 2]
    assert mmr([0.9, 0.9, 0.8], rows, 0.3)[0].tolist() == [0, 2, 1]


@pytest.fixture
def mixed(shelf: Shelf) -> Shelf:
    """More pins than are varied, in eight directions around the probe."""
    rng = np.random.default_rng(7)
    rows = rng.normal(size=(POOL + 15, DIMENSION)) * 0.4
    rows[:, 0] += 1.0
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    records = [written(f"p{number:03d}", row.astype(np.float32)) for number, row in enumerate(rows)]
    shelf.reader.collection.upsert([written("probe", at_angle(0.0)), *records])
    return shelf


def whole(shelf: Shelf, **options: object) -> tuple[Hit, ...]:
    return shelf.ask(PROBE, limit=200, **options).hits


def test_a_varied_answer_is_that_order_of_the_same_hits(mixed: Shelf) -> None:
    plain, varied = whole(mixed), whole(mixed, diversity=0.4)
    assert {hit.rank_score for hit in plain} == {None}
    first = [hit.id for hit in plain[:POOL]]
    records = mixed.reader.collection.get(first)
    rows = np.array([records[name].vector for name in first], dtype=np.float64)
    relevance = np.array([hit.score for hit in plain[:POOL]]) / plain[0].score
    order, values = mmr(relevance, rows, 0.4)
    assert order.tolist() != sorted(order.tolist())
    assert [hit.id for hit in varied[:POOL]] == [first[row] for row in order.tolist()]
    assert [hit.rank_score for hit in varied[:POOL]] == pytest.approx(values.tolist())
    assert varied[0].rank_score == pytest.approx(1.0)
    scores = {hit.id: hit.score for hit in plain}
    assert {hit.id: hit.score for hit in varied} == scores
    assert varied[POOL:] == plain[POOL:]
    assert len(plain) == POOL + 15


@pytest.mark.parametrize("collapse", [True, False])
def test_pages_cut_one_varied_order(mixed: Shelf, collapse: bool) -> None:
    copies = [
        written(f"copy{number}", at_angle(0.01 * number), first=f"p{number:03d}")
        for number in range(5)
    ]
    mixed.reader.collection.upsert(copies)
    options = {"diversity": 0.5, "collapse": collapse}
    expected = whole(mixed, **options)
    assert any(hit.duplicates for hit in expected) == collapse
    paged: list[Hit] = []
    offset: int | None = 0
    while offset is not None:
        page = mixed.ask(PROBE, limit=17, offset=offset, **options)
        paged += page.hits
        offset = page.next_offset
    assert tuple(paged) == expected


def test_related_pins_may_be_varied_too(mixed: Shelf) -> None:
    plain = mixed.related("probe", limit=20).hits
    varied = mixed.related("probe", limit=20, diversity=0.6)
    assert {hit.id for hit in plain} != {hit.id for hit in varied.hits}
    ranks = [hit.rank_score for hit in varied.hits if hit.rank_score is not None]
    assert len(ranks) == 20
    assert ranks == sorted(ranks, reverse=True)
    again = mixed.related("probe", limit=7, offset=13, diversity=0.6)
    assert again.hits == varied.hits[13:]
    with pytest.raises(BadQuery, match="diversity"):
        mixed.related("probe", diversity=1.1)


@pytest.mark.parametrize("diversity", [-0.1, 1.01, float("nan"), float("inf")])
def test_what_is_no_share_is_refused(diversity: float) -> None:
    with pytest.raises(BadQuery, match=r"diversity .* is out of range: 0 for none, up to 1"):
        Query((Part("text", "red"),), diversity=diversity)


def test_an_empty_collection_has_nothing_to_vary(shelf: Shelf) -> None:
    assert shelf.ask("red", diversity=0.5).hits == ()
