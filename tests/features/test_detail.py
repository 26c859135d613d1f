"""What is small in two pictures that lie on each other."""

import numpy as np
import numpy.typing as npt
import pytest

from engine.features.detail import GREY, detail

Picture = npt.NDArray[np.float32]
EVERYWHERE = np.ones((128, 128), np.bool_)


@pytest.fixture
def picture() -> Picture:
    """Fine texture over slow changes of colour, in [0.1, 0.9]."""
    chance = np.random.default_rng(4)
    slow = np.kron(chance.uniform(0.2, 0.8, (8, 8, 3)), np.ones((16, 16, 1)))
    return (slow + chance.uniform(-0.1, 0.1, (128, 128, 1))).astype(np.float32)


def test_a_darker_copy_differs_in_nothing(picture: Picture) -> None:
    told = detail(picture, picture * np.float32(0.8), EVERYWHERE, None)
    assert told is not None
    assert told.same
    assert told.light == pytest.approx(0, abs=1e-4)
    assert told.distance == pytest.approx(0, abs=1e-3)
    assert told.clumped == told.paired == 0
    assert told.texture == pytest.approx(1, abs=1e-3)


def test_a_part_of_another_colour_is_seen(picture: Picture) -> None:
    other = picture.copy()
    # Four cells whose texture stays, and whose light stays too.
    other[32:48, 32:48] += np.array([0.2, 0.0, -0.2 * GREY[0] / GREY[2]], np.float32)
    told = detail(picture, other, EVERYWHERE, None)
    assert told is not None
    assert told.distance < 0.001
    assert told.clumped == told.paired == pytest.approx(4 / 14**2)
    assert not told.same


def test_a_mark_is_none(picture: Picture) -> None:
    marked = picture.copy()
    marked[40:60:4, 20:100] = 1.0
    told = detail(picture, marked, EVERYWHERE, None)
    assert told is not None
    assert told.clumped == 0
    assert told.same


def test_other_texture_is_seen(picture: Picture) -> None:
    noise = np.random.default_rng(5).uniform(-0.1, 0.1, (128, 128, 1)).astype(np.float32)
    cells = picture.reshape(16, 8, 16, 8, 3).mean(axis=(1, 3))
    other = np.kron(cells, np.ones((8, 8, 1), np.float32)) + noise
    told = detail(picture, other, EVERYWHERE, None)
    assert told is not None
    # The steps between patches of colour are in both, the texture is not.
    assert told.texture < 0.4


def test_a_mark_adds_and_another_print_replaces(picture: Picture) -> None:
    plain = np.full_like(picture, 0.3)
    # Words of one size in one place, by the same ink: bars that lie otherwise.
    one, other = plain.copy(), plain.copy()
    one[40:72:4, 30:98] = other[40:72, 30:98:4] = 0.8
    one[41:72:4, 30:98] = other[40:72, 31:98:4] = 0.8
    replaced = detail(one, other, EVERYWHERE, None)
    added = detail(plain, one, EVERYWHERE, None)
    # Half of what is below shows through a mark.
    over = one.copy()
    over[40:72, 30:98:6] = 0.5 * over[40:72, 30:98:6] + 0.5
    through = detail(one, over, EVERYWHERE, None)
    assert replaced is not None
    assert added is not None
    assert through is not None
    assert replaced.kept < 0.2
    assert added.kept == 1
    assert through.kept > 0.6
    assert not replaced.same


def test_detail_is_kept_where_it_moves_by_a_part_of_a_point() -> None:
    chance = np.random.default_rng(6)
    fine = np.kron(chance.uniform(0.2, 0.8, (64, 64, 1)), np.ones((4, 4, 3))).astype(np.float32)

    def reduced(at: int) -> Picture:
        wide = np.roll(fine, at, axis=1)
        return np.asarray((wide[::2, ::2] + wide[::2, 1::2]) / 2, np.float32)

    told = detail(reduced(0), reduced(1), EVERYWHERE, None)
    assert told is not None
    assert told.kept > 0.7


def test_where_hardly_anything_is_seen_nothing_is_told(picture: Picture) -> None:
    reached = np.zeros((128, 128), np.bool_)
    reached[:16, :16] = True
    assert detail(picture, picture, reached, None) is None
