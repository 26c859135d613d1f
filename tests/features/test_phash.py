"""The perceptual hash beside its formula, and what it withstands and tells apart."""

import io
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from engine.features.fingerprint import hamming
from engine.features.phash import bands, phash


def painted(seed: int, size: int = 200) -> Image.Image:
    """Return a picture of a few large blots, such as photos are to a hash."""
    chance = np.random.default_rng(seed)
    small = Image.fromarray(chance.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    return small.resize((size, size), Image.Resampling.BICUBIC)


def coefficient(greys: npt.NDArray[np.float64], row: int, column: int) -> float:
    """Return one coefficient of the DCT-II by its definition, but for constant factors."""
    total = 0.0
    for y in range(32):
        for x in range(32):
            down = math.cos(math.pi * (2 * y + 1) * row / 64)
            total += greys[y, x] * down * math.cos(math.pi * (2 * x + 1) * column / 64)
    return total


@pytest.mark.parametrize("seed", [1, 2])
def test_each_bit_is_a_low_frequency_above_the_median(seed: int) -> None:
    image = painted(seed, 32).convert("L")
    greys = np.asarray(image, np.float64)
    low = [coefficient(greys, row, column) for row in range(1, 9) for column in range(1, 9)]
    middle = sorted(low)
    bits = "".join("1" if each > (middle[31] + middle[32]) / 2 else "0" for each in low)
    assert phash(image) == f"{int(bits, 2):016x}"


def test_the_hash_stays_when_a_picture_is_saved_or_sized_anew() -> None:
    for seed in range(20):
        image, stream = painted(seed), io.BytesIO()
        image.save(stream, "JPEG", quality=40)
        for other in (
            Image.open(stream),
            image.resize((90, 70)),
            ImageEnhance.Brightness(image).enhance(0.8),
            image.convert("L"),
        ):
            assert hamming(phash(image), phash(other)) <= 6


def test_other_pictures_have_other_hashes() -> None:
    hashes = [phash(painted(seed)) for seed in range(30)]
    assert min(hamming(a, b) for n, a in enumerate(hashes) for b in hashes[:n]) > 10
    assert all(int(each, 16).bit_count() == 32 for each in hashes)


def test_flat_pictures_share_one_hash() -> None:
    assert phash(Image.new("RGB", (5, 7), "red")) == "0" * 16
    assert phash(Image.new("RGB", (640, 480), (1, 2, 3))) == "0" * 16


@given(st.integers(0, 2**64 - 1), st.sets(st.integers(0, 63), max_size=3))
def test_hashes_that_differ_in_three_bits_share_a_part(value: int, flipped: set[int]) -> None:
    other = value
    for bit in flipped:
        other ^= 1 << bit
    assert set(bands(f"{value:016x}")) & set(bands(f"{other:016x}"))


def test_equal_parts_in_other_places_are_not_shared() -> None:
    assert bands("0000000011110000") == ["00000", "10000", "21111", "30000"]
    assert not set(bands("aaaabbbbccccdddd")) & set(bands("bbbbccccddddaaaa"))
    assert bands("") == []
