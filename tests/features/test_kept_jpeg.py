"""Which JPEG files may be kept as they came, and that nothing but pixels is left in them."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.features.containers import open_container
from engine.features.images import decode, decode_whole

SECRET = b"GPS 52.1N 4.3E"


def photo(mode: str = "RGB", side: int = 64) -> Image.Image:
    chance = np.random.default_rng(3).integers(0, 256, (side, side, 4), np.uint8)
    return Image.fromarray(chance[..., :3]).convert(mode)


def jpeg(image: Image.Image, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", **options)
    return stream.getvalue()


def part(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def with_parts(data: bytes, *parts: bytes) -> bytes:
    """Return a JPEG file with parts put in after its JFIF header."""
    at = 4 + struct.unpack_from(">H", data, 4)[0]
    return data[:at] + b"".join(parts) + data[at:]


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"quality": 30}, {"optimize": True}]
)
def test_a_plain_file_is_kept_as_it_came(mode: str, options: dict[str, object]) -> None:
    data = jpeg(photo(mode), **options)
    kept = decode_whole(data)
    assert kept.jpeg == data.replace(data[2:20], kept.jpeg[2:20])  # type: ignore[index]
    with Image.open(io.BytesIO(kept.jpeg or b"")) as theirs:
        np.testing.assert_array_equal(np.asarray(theirs.convert("RGB")), np.asarray(kept.image))


def test_all_but_pixels_is_gone() -> None:
    plain = jpeg(photo())
    thumbnail = b"JFIF\0\1\1\0\0\1\0\1\7\7" + SECRET * 11
    extras = (
        part(0xE1, b"Exif\0\0" + SECRET),
        part(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
        part(0xE0, thumbnail),
        part(0xE0, b"JFXX\0\x10" + SECRET),
        part(0xE2, b"ICC_PROFILE\0\1\1" + SECRET),
        part(0xEE, b"Adobe\0\x64\0\0\0\0\1" + SECRET),
        part(0xEE, b"Ducky" + SECRET),
        part(0xFE, SECRET),
    )
    kept = decode_whole(with_parts(plain, *extras) + SECRET)
    assert kept.jpeg is not None
    assert SECRET not in kept.jpeg
    assert len(kept.jpeg) <= len(plain) + 2 * 18
    np.testing.assert_array_equal(np.asarray(kept.image), np.asarray(decode(plain)))
    np.testing.assert_array_equal(np.asarray(decode(kept.jpeg)), np.asarray(kept.image))


def test_the_same_pixels_are_kept_as_the_same_bytes_whatever_was_around_them() -> None:
    plain = jpeg(photo(), dpi=(72, 72))
    other = with_parts(plain, part(0xFE, SECRET), b"\xff\xff" + part(0xE1, b"Exif\0\0" + SECRET))
    assert decode_whole(plain).jpeg == decode_whole(other).jpeg is not None


@pytest.mark.parametrize(
    "data",
    [
        jpeg(photo("CMYK")),
        jpeg(photo())[:-2],
        jpeg(photo(), exif=b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, 6, 0, 0)),
        with_parts(jpeg(photo()), part(0xF7, SECRET)),
        jpeg(photo()).replace(b"\xff\xc0", b"\xff\xc9", 1),
    ],
    ids=["CMYK", "no end", "turned", "unknown part", "arithmetic"],
)
def test_what_not_every_viewer_shows_alike_is_made_anew(data: bytes) -> None:
    container = open_container(data)
    assert container is not None
    assert not container.common


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_other_formats_are_made_anew(kind: str) -> None:
    stream = io.BytesIO()
    photo().save(stream, kind)
    assert decode_whole(stream.getvalue()).jpeg is None


def test_a_file_that_is_larger_than_asked_for_is_made_anew() -> None:
    assert decode_whole(jpeg(photo(side=64)), longest=63).jpeg is None
    assert decode_whole(jpeg(photo(side=64)), longest=64).jpeg is not None


@given(fill=st.integers(1, 5), restart=st.sampled_from([0, 1, 3]))
def test_fill_bytes_before_markers_change_nothing(fill: int, restart: int) -> None:
    plain = jpeg(photo(), restart_marker_blocks=restart)
    ends = plain[:-2] + b"\xff" * fill + plain[-2:]
    assert decode_whole(ends).jpeg == decode_whole(plain).jpeg is not None
