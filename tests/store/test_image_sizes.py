"""How large a kept picture is, read from its first bytes; Pillow is the oracle."""

import io
from pathlib import Path

import pytest
from PIL import Image

from engine.store.image_store import ImageStore
from engine.store.jpeg_size import jpeg_size


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (512, 512), (900, 200), (2000, 3000)])
def test_the_size_is_that_of_the_kept_picture(tmp_path: Path, size: tuple[int, int]) -> None:
    images = ImageStore(tmp_path)
    key = images.put(Image.effect_noise(size, 60).convert("RGB"))
    assert key is not None
    with Image.open(next(tmp_path.rglob("*.jpg"))) as kept:
        assert images.size(key) == kept.size


def test_a_frame_that_lies_further_on_is_found(tmp_path: Path) -> None:
    plain = io.BytesIO()
    Image.effect_noise((70, 50), 60).convert("RGB").save(plain, "JPEG", comment=b"x" * 9_000)
    place = tmp_path / "far.jpg"
    place.write_bytes(plain.getvalue())
    assert jpeg_size(place) == (70, 50)


def test_a_picture_that_is_not_kept_has_no_size(tmp_path: Path) -> None:
    images = ImageStore(tmp_path)
    key = images.put(Image.new("RGB", (30, 20)))
    assert key is not None
    assert images.size("0" * 64) is None
    assert images.size("../secret") is None
    assert images.delete(key)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0\x00\x10JFIF", b"GIF89a" * 9])
def test_a_damaged_file_has_no_size(tmp_path: Path, data: bytes) -> None:
    images = ImageStore(tmp_path)
    key = images.put(Image.new("RGB", (30, 20)))
    assert key is not None
    next(tmp_path.rglob("*.jpg")).write_bytes(data)
    assert images.size(key) is None
