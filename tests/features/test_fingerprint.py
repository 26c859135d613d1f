"""Picture fingerprints: the difference hash against its definition, and what it survives."""

import hashlib
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.features.fingerprint import content_sha256, dhash, hamming

HASHES = st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}")


def painted(seed: int, side: int = 96) -> Image.Image:
    blobs = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(blobs).resize((side, side), Image.Resampling.BICUBIC)


@given(st.lists(st.integers(0, 255), min_size=72, max_size=72))
def test_dhash_says_where_it_gets_brighter(greys: list[int]) -> None:
    image = Image.fromarray(np.array(greys, np.uint8).reshape(8, 9))
    bits = ""
    for row in range(8):
        for column in range(8):
            left, right = greys[row * 9 + column], greys[row * 9 + column + 1]
            bits += "1" if right > left else "0"
    assert dhash(image) == f"{int(bits, 2):016x}"


def test_dhash_survives_size_light_and_compression() -> None:
    for seed in range(20):
        image = painted(seed)
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=60)
        assert hamming(dhash(image), dhash(Image.open(stream))) <= 4
        assert hamming(dhash(image), dhash(image.resize((300, 200)))) <= 4
        assert hamming(dhash(image), dhash(image.point(lambda value: value * 0.7))) <= 4


def test_dhash_tells_pictures_apart() -> None:
    hashes = [dhash(painted(seed)) for seed in range(20)]
    apart = [hamming(one, other) for n, one in enumerate(hashes) for other in hashes[:n]]
    assert min(apart) > 12


def test_flat_pictures_collide() -> None:
    assert dhash(Image.new("RGB", (5, 7), "red")) == dhash(Image.new("RGB", (1, 1))) == "0" * 16


@given(HASHES, HASHES, HASHES)
def test_hamming_is_a_distance(a: str, b: str, c: str) -> None:
    assert hamming(a, a) == 0
    assert hamming(a, b) == hamming(b, a)
    assert hamming(a, b) == sum(x != y for x, y in zip(bits(a), bits(b), strict=True))
    assert hamming(a, c) <= hamming(a, b) + hamming(b, c)


def bits(text: str) -> str:
    return f"{int(text, 16):064b}"


@given(st.binary(max_size=50))
def test_content_is_named_by_sha256(data: bytes) -> None:
    assert content_sha256(data) == hashlib.sha256(data).hexdigest()
