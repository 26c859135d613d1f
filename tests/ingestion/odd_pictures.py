"""Pictures that come in odd shapes, and files that are no pictures at all.

Each is made when it is asked for: some take a while, and a table needs only their names.
"""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pillow_heif
from PIL import Image

from engine.features.containers import MAX_SCANS
from tests.features.test_images import (
    CORNERS,
    UPRIGHT,
    Pixels,
    exif,
    huge_bmp,
    huge_gif,
    huge_jpeg,
    huge_webp,
    png,
    png_chunk,
    saved,
)

Make = Callable[[], bytes]
LARGE = np.kron(CORNERS, np.ones((8, 8, 1), np.uint8))


@dataclass(frozen=True)
class Whole:
    """A picture that is taken; `shows` is what a person sees of it, the right way up."""

    make: Make
    shows: Pixels = field(default_factory=lambda: LARGE)


@dataclass(frozen=True)
class Broken:
    """A file that is refused for its content, with the error's slug and what it says."""

    make: Make
    message: str
    slug: str = "bad-image"


def corners() -> Image.Image:
    return Image.fromarray(LARGE)


def kept(kind: str, mode: str = "RGB", **options: object) -> Make:
    return lambda: saved(corners().convert(mode), kind, **options)


def turned(orientation: int) -> Whole:
    return Whole(kept("JPEG", exif=exif(orientation)), UPRIGHT[orientation](LARGE))


def moving(kind: str) -> Make:
    """Return a picture that shows the corners first, then black."""
    black = Image.new("RGB", (LARGE.shape[1], LARGE.shape[0]))
    options = {"save_all": True, "append_images": [black], "duration": 100}
    return lambda: saved(
        corners(), kind, **options, **({"lossless": True} if kind == "WEBP" else {})
    )


def heic(orientation: int = 1) -> bytes:
    stream = io.BytesIO()
    pillow_heif.from_pillow(corners()).save(stream, exif=exif(orientation))
    return stream.getvalue()


def deep_grey() -> bytes:
    deep = np.full((256, 384), 0x2020, np.uint16)
    deep[:, 192:] = 0xE0E0
    return saved(Image.fromarray(deep), "PNG")


def deep_colour() -> bytes:
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in LARGE.astype(np.uint16) * 257)
    return png(struct.pack(">IIBBBBB", LARGE.shape[1], LARGE.shape[0], 16, 2, 0, 0, 0), rows)


def clear_above() -> bytes:
    """Return a picture whose upper half can be seen through."""
    rgba = np.dstack([LARGE, np.full(LARGE.shape[:2], 255, np.uint8)])
    rgba[: len(LARGE) // 2, :, 3] = 0
    return saved(Image.fromarray(rgba), "PNG")


def grey_halves() -> Pixels:
    out = np.full((256, 384, 3), 0x20, np.uint8)
    out[:, 192:] = 0xE0
    return out


def white_above() -> Pixels:
    out = LARGE.copy()
    out[: len(out) // 2] = 255
    return out


WHOLE: dict[str, Whole] = {
    **{f"exif {number}": turned(number) for number in range(1, 9)},
    "exif 6 in heic": Whole(lambda: heic(6), UPRIGHT[6](LARGE)),
    "exif 8 in png": Whole(kept("PNG", exif=exif(8)), UPRIGHT[8](LARGE)),
    "cmyk": Whole(kept("JPEG", "CMYK")),
    "progressive": Whole(kept("JPEG", progressive=True)),
    "no jpeg by name": Whole(kept("PNG")),
    "webp": Whole(kept("WEBP")),
    "avif": Whole(kept("AVIF")),
    "bmp": Whole(kept("BMP")),
    "heic": Whole(heic),
    "16-bit grey": Whole(deep_grey, grey_halves()),
    "16-bit colour": Whole(deep_colour),
    "animated gif": Whole(moving("GIF")),
    "animated webp": Whole(moving("WEBP")),
    "animated png": Whole(moving("PNG")),
    "half transparent": Whole(clear_above, white_above()),
    "palette": Whole(kept("PNG", "P")),
    "one pixel": Whole(
        lambda: saved(Image.new("RGB", (1, 1), (255, 0, 0)), "PNG"),
        np.array([[[255, 0, 0]]], np.uint8),
    ),
    "a line of pixels": Whole(
        lambda: saved(Image.new("RGB", (20_000, 1), (0, 0, 255)), "PNG"),
        np.full((1, 512, 3), (0, 0, 255), np.uint8),
    ),
    "a page behind the picture": Whole(lambda: kept("JPEG")() + b"<html><script>x</script>"),
}


def endless_scans() -> bytes:
    data = kept("JPEG", progressive=True)()
    first = data.index(b"\xff\xda")
    scan = data[first : data.index(b"\xff", first + 14)]
    return data[:-2] + scan * (MAX_SCANS + 1) + data[-2:]


def two_sizes() -> bytes:
    data = kept("JPEG")()
    at = data.index(b"\xff\xc0")
    return data[:at] + data[at : at + 19] + data[at:]


def flat_png(side: int) -> bytes:
    """Return a whole black PNG of one bit a pixel: little to send, and much to hold."""
    packer = zlib.compressobj(9)
    row = bytes(side // 8 + 1)
    rows = b"".join(packer.compress(row * 1_000) for _ in range(side // 1_000)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = (png_chunk(b"IHDR", header), png_chunk(b"IDAT", rows), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def wrong_checksum() -> bytes:
    data = bytearray(kept("PNG")())
    data[data.index(b"IDAT") + 12] ^= 0xFF
    return bytes(data)


def no_frame() -> bytes:
    data = kept("GIF", "P")()
    return data[: data.index(b"\x2c")] + b";"


NO_PICTURE = r"not a picture of an accepted format; accepted: JPEG, PNG"
TOO_MANY_PIXELS = r"the limit is 50 megapixels and 20,000 pixels a side: send a smaller one"
AGAIN = r": send it again, or save it anew"

BROKEN: dict[str, Broken] = {
    "zero bytes": Broken(lambda: b"", NO_PICTURE),
    "words": Broken(lambda: b"this is no picture\n" * 50, NO_PICTURE),
    "svg": Broken(lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', NO_PICTURE),
    "html": Broken(lambda: b"<!doctype html><html><body>gone</body></html>", NO_PICTURE),
    "zip": Broken(lambda: b"PK\x03\x04" + bytes(500), NO_PICTURE),
    "pdf": Broken(kept("PDF"), NO_PICTURE),
    "eps": Broken(kept("EPS"), NO_PICTURE),
    "tiff": Broken(kept("TIFF"), NO_PICTURE),
    "ico": Broken(kept("ICO"), NO_PICTURE),
    "half a jpeg": Broken(lambda: kept("JPEG")()[:-900], r"JPEG .*truncated or corrupt.*" + AGAIN),
    "head of a jpeg": Broken(lambda: kept("JPEG")()[:20], r"JPEG .*truncated.*" + AGAIN),
    "half a png": Broken(lambda: kept("PNG")()[:-300], r"PNG .*truncated.*" + AGAIN),
    "half a webp": Broken(lambda: kept("WEBP")()[:-300], r"WebP .*truncated.*" + AGAIN),
    "half a gif": Broken(
        lambda: kept("GIF", "P")()[:-300], r"GIF .*truncated or corrupt.*" + AGAIN
    ),
    "half a heic": Broken(lambda: heic()[:-300], r"HEIC .*truncated or corrupt.*" + AGAIN),
    "half an avif": Broken(lambda: kept("AVIF")()[:-300], r"AVIF .*truncated or corrupt.*" + AGAIN),
    "png with a wrong checksum": Broken(wrong_checksum, r"PNG .*checksum.*" + AGAIN),
    "gif without a frame": Broken(no_frame, r"GIF .*holds no frame" + AGAIN),
    "jpeg of two sizes": Broken(two_sizes, r"JPEG .*declares its size twice" + AGAIN),
    "jpeg of endless scans": Broken(endless_scans, r"over 64 scans: save it again"),
    "no pixels": Broken(
        lambda: png(struct.pack(">IIBBBBB", 0, 5, 8, 2, 0, 0, 0), b""), r"0x5: it has no pixels"
    ),
    "png bomb": Broken(
        lambda: flat_png(14_000), r"14,000x14,000; " + TOO_MANY_PIXELS, "image-too-large"
    ),
    "30k x 30k": Broken(
        lambda: flat_png(30_000), r"30,000x30,000; " + TOO_MANY_PIXELS, "image-too-large"
    ),
    "30k x 30k jpeg": Broken(
        lambda: huge_jpeg(30_000, 30_000), r"30,000x30,000; " + TOO_MANY_PIXELS, "image-too-large"
    ),
    "30k x 30k gif": Broken(
        lambda: huge_gif(30_000, 30_000), r"30,000x30,000; " + TOO_MANY_PIXELS, "image-too-large"
    ),
    "30k x 30k webp": Broken(
        lambda: huge_webp(30_000, 30_000), r"30,000x30,000; " + TOO_MANY_PIXELS, "image-too-large"
    ),
    "30k x 30k bmp": Broken(
        lambda: huge_bmp(30_000, 30_000), r"30,000x30,000; " + TOO_MANY_PIXELS, "image-too-large"
    ),
    "too many bytes": Broken(
        lambda: kept("JPEG")() + bytes(2_000_000),
        r"larger than 2,000,000 bytes: make it smaller, or raise ENGINE_IMAGES__MAX_BYTES",
        "image-too-large",
    ),
}
