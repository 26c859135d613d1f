"""Interests out of likes: groups, ages, hides, turns and variety."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.discovery.kinds import Kinds
from engine.discovery.taste import (
    HALF,
    MOST_INTERESTS,
    Taste,
    in_turn,
    left_open,
    spread,
    taste_of,
)


def near(axis: int, seed: int, noise: float = 0.2) -> npt.NDArray[np.float32]:
    """Return a unit row close to an axis."""
    row = np.random.default_rng(seed).standard_normal(12) * noise / np.sqrt(12)
    row[axis] += 1.0
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


def test_two_tastes_are_two_interests_told_by_liked_pins() -> None:
    likes = {f"a{n}": near(0, n) for n in range(4)} | {f"b{n}": near(1, 9 + n) for n in range(2)}
    taste = taste_of(likes, {})
    assert [each.pin[0] for each in taste.interests] == ["a", "b"]
    assert sum(each.share for each in taste.interests) == pytest.approx(1)
    for each in taste.interests:
        group = np.stack([row for name, row in likes.items() if name[0] == each.pin[0]])
        mean = group.mean(axis=0)
        assert np.linalg.norm(each.vector) == pytest.approx(1)
        assert each.vector @ mean / np.linalg.norm(mean) > 0.99
    # The medoid of three: the one between the others.
    line = {"left": near(0, 1, 0), "mid": near(0, 2, 0.3), "right": near(0, 2, 0.6)}
    assert taste_of(line, {}).interests[0].pin == "mid"


def test_new_likes_count_for_more_than_old_ones() -> None:
    old, new = ({name: near(axis, axis)} for name, axis in (("old", 0), ("new", 1)))
    assert [each.pin for each in taste_of(old | new, {}).interests] == ["new", "old"]
    assert [each.pin for each in taste_of(new | old, {}).interests] == ["old", "new"]
    first, second = taste_of(old | new, {}).interests
    assert second.share / first.share == pytest.approx(0.5 ** (1 / HALF))


def test_what_is_hidden_ends_its_interest_and_no_other() -> None:
    likes = {f"a{n}": near(0, n) for n in range(4)} | {f"b{n}": near(1, 9 + n) for n in range(4)}
    taste = taste_of(likes, {"no": near(0, 99)})
    assert {each.pin[0] for each in taste.interests} == {"b"}
    rows = np.stack([near(0, 50), near(1, 51)])
    assert taste.closeness(rows)[0].tolist() == [-1, 0]
    assert taste_of(likes, {"a0": likes["a0"], "b0": likes["b0"]}).interests == ()


def test_without_interests_only_the_hidden_kind_is_unwanted() -> None:
    taste = taste_of({}, {"no": near(0, 1)})
    kept, cosine = taste.closeness(np.stack([near(0, 2), near(3, 4)]))
    assert kept.tolist() == [-1, 0]
    assert cosine.tolist() == [0, 0]
    assert Taste().closeness(near(0, 1)[None])[0].tolist() == [0]


def test_many_interests_are_cut() -> None:
    likes = {f"p{n}": near(n, n, 0) for n in range(12)}
    taste = taste_of(likes, {})
    assert len(taste.interests) == MOST_INTERESTS
    assert {each.pin for each in taste.interests} == {f"p{n}" for n in range(4, 12)}


@given(st.lists(st.tuples(st.floats(0.01, 1), st.integers(0, 6)), min_size=1, max_size=5))
def test_turns_hold_every_row_once_in_its_order(given_: list[tuple[float, int]]) -> None:
    shares = [share for share, _ in given_]
    ends = np.cumsum([count for _, count in given_]).tolist()
    lists = [list(range(end - count, end)) for end, (_, count) in zip(ends, given_, strict=True)]
    order, values = in_turn(shares, lists)
    assert sorted(order) == list(range(ends[-1]))
    for rows in lists:
        assert [row for row in order if row in rows] == rows
    assert all(a >= b for a, b in pairwise(values))
    assert all(0 < value <= 1 for value in values)


def test_turns_fit_the_shares() -> None:
    order, values = in_turn([0.75, 0.25], [list(range(30)), list(range(30, 60))])
    assert sum(row < 30 for row in order[:20]) == 15
    assert values[0] == 1


def test_variety_stands_for_all_and_of_equals_the_newest_comes_first() -> None:
    rows = np.stack([near(axis, axis * 10 + n) for axis in range(3) for n in range(5)])
    order, values = spread(rows, np.zeros(15))
    assert {row // 5 for row in order[:3]} == {0, 1, 2}
    assert sorted(order) == list(range(15))
    assert values[0] == 1
    assert all(a >= b for a, b in pairwise(values))
    # The oracle: the best single row covers most.
    covers = np.clip(rows.astype(float) @ rows.T, 0, 1).sum(axis=1)
    assert order[0] == int(np.argmax(covers))
    same = np.stack([near(0, 1)] * 3)
    assert spread(same, np.array([1.0, 3.0, 2.0]))[0][0] == 1
    assert spread(rows[:0], np.zeros(0)) == ([], [])


def test_a_hidden_kind_ends_what_is_liked_of_it_however_it_looks() -> None:
    # Three kinds of four axes each; what stands on one axis is unlike what stands on the others.
    labels = np.zeros((30, 12), dtype=np.float32)
    labels[0, :4], labels[1, 4:8], labels[2, 8:] = 0.5, 0.5, 0.5
    labels[3:] = np.random.default_rng(2).standard_normal((27, 12)) * 0.01
    kinds = Kinds(labels)
    assert kinds.first(np.stack([near(1, 1), near(5, 1)])).tolist() == [0, 1]
    assert kinds.first(np.zeros((1, 12), np.float32)).tolist() == [-1]
    assert Kinds(labels[:0]).first(near(0, 1)[None]).tolist() == [-1]
    likes = {"a0": near(0, 1), "a1": near(1, 2), "b": near(5, 3)}
    hides = {"no": near(2, 4)}
    assert {each.pin for each in taste_of(likes, hides).interests} == {"a0", "a1", "b"}
    taste = taste_of(likes, hides, kinds)
    assert [each.pin for each in taste.interests] == ["b"]
    rows = np.stack([near(3, 8), near(0, 9), near(5, 9), near(9, 9)])
    assert taste.closeness(rows)[0].tolist() == [-1, -1, 0, 0]
    nothing_left = taste_of({}, hides, kinds)
    assert nothing_left.closeness(rows)[0].tolist() == [-1, -1, 0, 0]


def test_what_says_it_is_something_else_is_ended_later() -> None:
    likes = {"a": np.eye(12, dtype=np.float32)[0]}
    hides = {}
    for name, cosine in {"like": 0.3, "liker": 0.5}.items():
        row = np.zeros(12, np.float32)
        row[:2] = cosine, np.sqrt(1 - cosine**2)
        hides[name] = row
    other = {"a": "lamp", "like": "dress", "liker": "dress"}
    for said, ended in (({}, {"like", "liker"}), (other, {"liker"}), ({"a": "lamp"}, {*hides})):
        for name, row in hides.items():
            interests = taste_of(likes, {name: row}, None, said).interests
            assert (interests == ()) == (name in ended), (said, name)


@pytest.mark.parametrize(
    ("kind", "hidden", "open_"),
    [
        (None, "dress", True),
        ("shoes", "casual shoes", True),
        ("casual shoes", "shoes", True),
        ("formal shoes", "casual shoes", False),
        ("t-shirt", "shirt", False),
        ("shoe rack", "shoe", False),
        ("dress", "hat", False),
    ],
)
def test_a_wider_name_leaves_open_which_kind_it_is(
    kind: str | None, hidden: str, open_: bool
) -> None:
    assert left_open(kind, {"lamp", hidden}) == open_
    likes = {"a": np.eye(12, dtype=np.float32)[0]}
    row = np.zeros(12, np.float32)
    row[:2] = 0.3, np.sqrt(1 - 0.3**2)
    said = {"no": hidden} | ({"a": kind} if kind is not None else {})
    taste = taste_of(likes, {"no": row}, None, said)
    assert (taste.interests == ()) == open_
    # Of what is drawn, the same kind stays away from a lower likeness on.
    kept = taste_of({"b": near(3, 1)}, {"no": row}, None, said | {"b": "lamp"})
    near_hidden = np.zeros((1, 12), np.float32)
    near_hidden[0, [0, 1, 3]] = 0.1, 0.35, 0.93
    assert (kept.closeness(near_hidden, [kind])[0].tolist() == [-1]) == open_


def test_a_hide_ends_what_says_that_it_is_of_that_kind() -> None:
    likes = {"a": near(0, 1), "b": near(5, 3), "silent": near(5, 4)}
    hides = {"no": near(2, 4)}
    said = {"a": "hat", "b": "scarf", "no": "hat"}
    taste = taste_of(likes, hides, None, said)
    assert [each.pin for each in taste.interests] == ["b"] or taste.interests[0].pin == "silent"
    rows = np.stack([near(5, 8), near(5, 9), near(5, 7)])
    assert taste.closeness(rows, ["hat", "scarf", None])[0].tolist() == [-1, 0, 0]
    assert taste.closeness(rows)[0].tolist() == [0, 0, 0]
    assert len(taste_of(likes, hides, None, said | {"no": "coat"}).interests) == 2
