"""Thumbnails at hand: no more of them than there is room for."""

import io

import pytest
from PIL import Image

from engine.serving import thumbnails
from engine.serving.thumbnails import LONGEST, Thumbnails, smaller


def jpeg(size: tuple[int, int], level: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (level, 90, 90)).save(buffer, "JPEG")
    return buffer.getvalue()


def test_a_small_picture_is_its_own_thumbnail() -> None:
    small = jpeg((LONGEST, 10))
    assert smaller(small) is small


def test_the_oldest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = {str(at): jpeg((LONGEST * 2, LONGEST), at) for at in range(3)}
    made: list[bytes] = []

    def noted(picture: bytes) -> bytes:
        made.append(picture)
        return smaller(picture)

    monkeypatch.setattr(thumbnails, "smaller", noted)
    kept = Thumbnails(room_bytes=2 * len(smaller(pictures["0"])) + 100)
    for key in ("0", "1", "0", "2", "0", "1"):
        assert kept.of(key, pictures[key]) == smaller(pictures[key])
    # "1" was asked for longest ago when "2" came.
    assert made == [pictures[key] for key in ("0", "1", "2", "1")]
