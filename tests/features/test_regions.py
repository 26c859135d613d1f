"""Boxes: joined as Ward says, overlapping as counted cell by cell, and where a thing stands out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.features.grouping import grouped
from engine.features.regions import (
    SIDE,
    candidates,
    evidence,
    intersection_over_union,
    proposals,
    suppressed,
)
from engine.features.spatial import described

boxes = arrays(np.int64, (5, 4), elements=st.integers(0, 6)).map(
    lambda each: np.column_stack([each[:, :2], each[:, 2:] + 1]).astype(float)
)


def within(rows: list[np.ndarray]) -> float:
    """Return the sum of squares around the mean, counted plainly."""
    held = np.stack(rows).astype(np.float64)
    return float(((held - held.mean(axis=0)) ** 2).sum())


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, (1, 7, 2), elements=st.floats(-5, 5, width=16)))
def test_each_step_joins_the_neighbours_that_cost_least(cells: np.ndarray) -> None:
    """On one row of cells groups are runs, so that every possible step can be tried."""
    runs = [[cell] for cell in cells[0]]
    costs = []
    while len(runs) > 1:
        steps = [
            within(runs[at] + runs[at + 1]) - within(runs[at]) - within(runs[at + 1])
            for at in range(len(runs) - 1)
        ]
        at = int(np.argmin(steps))
        costs.append(steps[at])
        runs[at : at + 2] = [runs[at] + runs[at + 1]]
    found = grouped(cells)
    assert found.added[0] == pytest.approx(costs[0], abs=1e-3)
    assert float(found.added.sum()) == pytest.approx(within(list(cells[0])), abs=2e-2)
    assert found.sizes[-1] == 7
    assert found.boxes[-1].tolist() == [0, 0, 7, 1]
    assert found.parents[-1] == len(found.parents) - 1


@given(boxes, boxes)
def test_overlap_is_that_of_the_cells(ones: np.ndarray, others: np.ndarray) -> None:
    def cells(box: np.ndarray) -> set[tuple[int, int]]:
        x, y, width, height = box.astype(int)
        return {(a, b) for a in range(x, x + width) for b in range(y, y + height)}

    found = intersection_over_union(ones, others)
    for row, one in enumerate(ones):
        for column, other in enumerate(others):
            shared, either = cells(one) & cells(other), cells(one) | cells(other)
            assert found[row, column] == pytest.approx(len(shared) / len(either))


@given(boxes, st.integers(1, 5))
def test_what_is_kept_overlaps_little_and_what_is_dropped_overlaps_a_better_one(
    held: np.ndarray, most: int
) -> None:
    scores = np.arange(5.0)[::-1]
    kept = suppressed(held, scores, most)
    overlaps = intersection_over_union(held, held)
    assert kept == sorted(kept)
    assert kept[0] == 0
    assert all(overlaps[one, other] <= 0.5 for one in kept for other in kept if one != other)
    if len(kept) < most:
        dropped = set(range(5)) - set(kept)
        assert all(any(overlaps[row, each] > 0.5 for each in kept if each < row) for row in dropped)


def scene(boxes_of: list[tuple[int, int, int, int]]) -> list[np.ndarray]:
    """Return maps of three sizes on which some boxes, in cells, look unlike the rest."""
    chance = np.random.default_rng(4)
    maps = []
    for side in (48, 24, 12):
        each = chance.normal(0, 0.15, (side, side, 6))
        for number, (x, y, width, height) in enumerate(boxes_of):
            scale = side / SIDE
            rows = slice(round(y * scale), round((y + height) * scale))
            columns = slice(round(x * scale), round((x + width) * scale))
            each[rows, columns, number % 6] += 1.0
        maps.append(each.astype(np.float32))
    return maps


def test_things_that_stand_out_are_proposed_first() -> None:
    placed = [(2, 2, 8, 6), (14, 4, 6, 12), (4, 14, 8, 8)]
    found = proposals(scene(placed), most=5)
    truth = np.array(placed) / SIDE
    first = np.array([[p.box.x, p.box.y, p.box.width, p.box.height] for p in found[:3]])
    assert (intersection_over_union(first, truth).max(axis=0) >= 0.7).all()
    scores = [each.score for each in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert found == proposals(scene(placed), most=5)


def test_a_flat_picture_and_a_single_coarse_map_are_no_trouble() -> None:
    flat = [np.zeros((side, side, 3), np.float32) for side in (24, 12)]
    assert len(proposals(flat)) <= 10
    assert proposals([np.random.default_rng(0).normal(size=(6, 6, 5)).astype(np.float32)])


def test_evidence_is_what_counting_says() -> None:
    maps = scene([(3, 3, 9, 9)])
    cells, parts = described(maps, SIDE)
    groups = grouped(cells)
    columns = evidence(cells, parts, groups)
    assert np.isfinite(columns).all()
    row = int(np.argmax((groups.boxes == [3, 3, 12, 12]).all(axis=1)))
    left, top, right, bottom = groups.boxes[row]
    inside = np.zeros((SIDE, SIDE), bool)
    inside[top:bottom, left:right] = True
    ring = np.zeros_like(inside)
    ring[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2] = True
    ring &= ~inside
    for place, part in enumerate(parts):
        held, beside = cells[inside][:, part], cells[ring][:, part]
        apart = ((held.mean(axis=0) - beside.mean(axis=0)) ** 2).sum()
        spread = ((held - held.mean(axis=0)) ** 2).sum(axis=1).mean()
        assert columns[row, 3 * place] == pytest.approx(np.log(apart + 0.05), abs=1e-3)
        assert columns[row, 3 * place + 1] == pytest.approx(np.log(spread + 0.05), abs=1e-3)
    assert columns[row, 11] == pytest.approx(groups.sizes[row] / inside.sum())
    assert columns[row, 14] == 0


def test_a_map_is_brought_to_the_grid_by_means_or_between_its_values() -> None:
    fine = np.arange(16, dtype=np.float32).reshape(4, 4, 1)
    halved, parts = described([fine], 2)
    blocks = fine.reshape(2, 2, 2, 2, 1).mean(axis=(1, 3))
    ratio = (halved / (blocks - blocks.mean()))[..., 0]
    assert ratio == pytest.approx(ratio[0, 0])
    assert [part.stop - part.start for part in parts] == [1, 0, 0]
    grown, parts = described([fine[:2, :2]], 4)
    assert (np.diff(grown[:, 0, 0]) >= 0).all()
    assert [part.stop - part.start for part in parts] == [0, 0, 1]


def test_candidates_cover_neither_specks_nor_everything() -> None:
    found, columns = candidates(scene([(5, 5, 10, 10)]))
    assert len(found) == len(columns)
    assert (found[:, :2] + found[:, 2:] <= 1 + 1e-9).all()
