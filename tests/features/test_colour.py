"""The colour histogram against a slow count of its own and its promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from engine.features import colour


def flat(shade: tuple[int, int, int], side: int = 192) -> np.ndarray:
    return np.broadcast_to(np.array(shade, np.uint8), (side, side, 3)).copy()


def framed(shade: tuple[int, int, int], backdrop: tuple[int, int, int]) -> np.ndarray:
    pixels = flat(backdrop)
    pixels[48:144, 48:144] = shade
    return pixels


def speckled(seed: int, backdrop: int | None = None) -> np.ndarray:
    """Blocks of chance colours, before a plain backdrop when one is given."""
    chance = np.random.default_rng(seed)
    blocks = chance.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    if backdrop is not None:
        blocks[:3] = blocks[-3:] = blocks[:, :3] = blocks[:, -3:] = backdrop
    return np.kron(blocks, np.ones((12, 12, 1), np.uint8))


def background(pixels: np.ndarray) -> np.ndarray:
    """Which thumbnail pixels are backdrop, by loops."""
    side, step = colour.SIDE, pixels.shape[0] // colour.SIDE
    small = np.zeros((side, side, 3))
    for row in range(side):
        for column in range(side):
            box = pixels[row * step : (row + 1) * step, column * step : (column + 1) * step]
            small[row, column] = box.reshape(-1, 3).mean(0)
    rim = [
        small[row, column]
        for row in range(side)
        for column in range(side)
        if {row, column} & {0, side - 1}
    ]
    middle = np.median(np.array(rim), axis=0)
    if np.mean([np.abs(shade - middle).max() <= 20 for shade in rim]) < 0.6:
        return np.zeros((side, side), bool)
    plain = np.abs(small - middle).max(axis=2) <= 20
    return plain if plain.mean() <= 0.98 else np.zeros_like(plain)


def oracle(pixels: np.ndarray, skip: np.ndarray | None = None) -> np.ndarray:
    """Histogram of the pixels not skipped, by loops: hat functions around each bin's centre."""
    skip = np.zeros((colour.SIDE, colour.SIDE), bool) if skip is None else skip
    centres = ([16, 61, 106, 150, 195, 240], [-80, -28, 0, 28, 80], [-80, -28, 0, 28, 80])
    step = pixels.shape[0] // colour.SIDE
    counts = np.zeros((6, 5, 5))
    for row in range(colour.SIDE):
        for column in range(colour.SIDE):
            if skip[row, column]:
                continue
            box = pixels[row * step : (row + 1) * step, column * step : (column + 1) * step]
            r, g, b = box.reshape(-1, 3).mean(0)
            luma = 0.299 * r + 0.587 * g + 0.114 * b
            hats = []
            values = (luma, (b - luma) / 1.772, (r - luma) / 1.402)
            for value, middle in zip(values, centres, strict=True):
                hats.append([_hat(value, middle, bin_) for bin_ in range(len(middle))])
            counts += np.einsum("i,j,k->ijk", *hats)
    return np.asarray(np.sqrt(counts.ravel() / (~skip).sum()))


def _hat(value: float, centres: list[int], bin_: int) -> float:
    height = np.zeros(len(centres))
    height[bin_] = 1
    return float(np.interp(value, centres, height))


def test_equals_a_count_by_hand() -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert np.allclose(colour.histogram(pixels)[:150], oracle(pixels), atol=1e-3)


@pytest.mark.parametrize("backdrop", [None, 255, 90])
def test_foreground_and_middle_equal_a_count_by_hand(backdrop: int | None) -> None:
    pixels = speckled(11, backdrop)
    skip = background(pixels)
    assert skip.any() == (backdrop is not None)
    middle = np.ones_like(skip)
    middle[8:-8, 8:-8] = skip[8:-8, 8:-8]
    expected = [*oracle(pixels, skip), *oracle(pixels, middle), (~skip).mean()]
    assert np.allclose(colour.histogram(pixels), expected, atol=1e-3)


def test_several_together_equal_each_alone() -> None:
    pictures = [speckled(seed, (None, 0, 255)[seed % 3]) for seed in range(19)]
    pictures += [flat((10, 20, 200)), framed((200, 30, 40), (255, 255, 255))]
    alone = np.stack([colour.histogram(picture) for picture in pictures])
    assert np.allclose(colour.histograms(pictures), alone, atol=1e-6)
    assert np.allclose(colour.histograms(np.stack(pictures)), alone, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(arrays.arrays(np.uint8, (32, 32, 3), elements=st.integers(0, 255)))
def test_is_made_of_shares(pixels: np.ndarray) -> None:
    found = colour.histogram(pixels)
    assert found.shape == (colour.WIDTH,)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert found.max() <= 1 + 1e-6
    assert (found[:150] ** 2).sum() == pytest.approx(1, abs=1e-3)
    assert (found[150:300] ** 2).sum() == pytest.approx(1, abs=1e-3)


def test_a_plain_backdrop_does_not_count() -> None:
    on_white = colour.histogram(framed((200, 30, 40), (255, 255, 255)))
    on_grey = colour.histogram(framed((200, 30, 40), (128, 128, 128)))
    assert np.allclose(on_white, on_grey)
    assert on_white[-1] == pytest.approx(0.25, abs=0.01)


def test_a_picture_of_one_colour_is_all_foreground() -> None:
    assert colour.histogram(flat((10, 20, 200)))[-1] == 1


def test_mirroring_changes_nothing() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert np.allclose(colour.histogram(pixels), colour.histogram(pixels[:, ::-1]), atol=1e-6)


def test_near_shades_are_nearer_than_far_ones() -> None:
    red, scarlet, blue = (
        colour.histogram(flat(s)) for s in ((200, 20, 30), (215, 35, 30), (20, 40, 200))
    )
    assert np.linalg.norm(red - scarlet) < np.linalg.norm(red - blue) / 2


def test_none_in_none_out() -> None:
    assert colour.histograms([]).shape == (0, colour.WIDTH)


@pytest.mark.parametrize("shape", [(33, 33, 3), (64, 32, 3), (32, 32, 4)])
def test_other_shapes_are_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="square RGB picture"):
        colour.histogram(np.zeros(shape, np.uint8))
