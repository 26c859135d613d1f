"""Decoding: what comes out upright and right, and that nothing hostile gets through."""

import base64
import io
import random
import struct
import threading
import warnings
import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from engine.errors import BadImage, ImageTooLarge
from engine.features.containers import MAX_SCANS, exif_orientation, open_container, sniff
from engine.features.images import ImageLimits, crop, data_uri, decode
from engine.queries import Crop

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF")
LOSSLESS = ("PNG", "GIF", "BMP")

Pixels = npt.NDArray[np.uint8]

CORNERS = np.zeros((32, 48, 3), np.uint8)
CORNERS[:16, :24] = (255, 0, 0)
CORNERS[:16, 24:] = (0, 255, 0)
CORNERS[16:, :24] = (0, 0, 255)
CORNERS[16:, 24:] = (255, 255, 0)

# The Exif standard says which side of the scene the first row and the first column of the stored
# pixels show; this undoes each in words of numpy.
UPRIGHT: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, k=-1),
    7: lambda a: np.rot90(a, k=2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a, k=1),
}


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def pixels(image: Image.Image) -> Pixels:
    assert image.mode == "RGB"
    return np.asarray(image)


def png_chunk(name: bytes, body: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(name + body))
    return struct.pack(">I", len(body)) + name + body + crc


def png(header: bytes, rows: bytes, *between: bytes) -> bytes:
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            *between,
            png_chunk(b"IDAT", zlib.compress(rows)),
            png_chunk(b"IEND", b""),
        )
    )


def exif(orientation: int, order: str = "<") -> bytes:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0" + mark + struct.pack(order + "IH", 8, 1) + entry + bytes(4)


def with_exif(jpeg: bytes, block: bytes) -> bytes:
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_accepted_format(kind: str) -> None:
    out = pixels(decode(saved(Image.fromarray(CORNERS), kind)))
    assert out.shape == CORNERS.shape
    slack = 0 if kind in LOSSLESS else 60
    assert np.abs(out.astype(int) - CORNERS)[4:12, 4:20].max() <= slack


@pytest.mark.parametrize("kind", ["TIFF", "PDF", "EPS", "ICO", "PPM", "TGA", "JPEG2000", "PCX"])
def test_every_other_format_is_refused(kind: str) -> None:
    with pytest.raises(BadImage, match="accepted: JPEG, PNG"):
        decode(saved(Image.fromarray(CORNERS), kind))


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%!PS-Adobe-3.0 EPSF-3.0", b"BM"],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(BadImage):
        decode(data)


def test_heic_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    data = struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic"
    assert sniff(data) == "HEIC"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadImage, match="pillow-heif"):
        decode(data)


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_heic_with_its_library(orientation: int) -> None:
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(CORNERS)).save(stream, exif=exif(orientation))
    out = pixels(decode(stream.getvalue()))
    wanted = UPRIGHT[orientation](CORNERS)
    assert out.shape == wanted.shape
    assert np.abs(out.astype(int) - wanted)[4:10, 4:10].max() < 60
    with pytest.raises(ImageTooLarge):
        decode(stream.getvalue(), ImageLimits(pixels=1_000))
    with pytest.raises(BadImage):
        decode(stream.getvalue()[:-200])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_orientation(kind: str, orientation: int) -> None:
    block = exif(orientation)
    options = {"exif": block} if kind != "WEBP" else {"exif": block, "lossless": True}
    out = pixels(decode(saved(Image.fromarray(CORNERS), kind, **options)))
    wanted = UPRIGHT[orientation](CORNERS)
    assert out.shape == wanted.shape
    assert np.abs(out.astype(int) - wanted)[4:10, 4:10].max() < 60
    assert np.abs(out.astype(int) - wanted)[-10:-4, 4:10].max() < 60


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", [0, 1, 6, 8, 9, 65_535])
def test_orientation_of_either_byte_order(order: str, value: int) -> None:
    assert exif_orientation(exif(value, order)) == (value if 1 <= value <= 8 else 1)


@given(st.binary(max_size=64))
def test_orientation_of_any_bytes(tail: bytes) -> None:
    for start in (b"", b"II*\0", b"MM\0*", b"Exif\0\0II*\0\x08\0\0\0"):
        assert 1 <= exif_orientation(start + tail) <= 8


def test_corrupt_exif_is_no_reason_to_refuse_or_to_warn() -> None:
    plain = saved(Image.fromarray(CORNERS), "JPEG")
    broken = with_exif(plain, b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0" * 9)
    assert np.array_equal(pixels(decode(broken)), pixels(decode(plain)))


def test_alpha_lies_over_white() -> None:
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[:, :, 0] = 200
    rgba[:2, :, 3] = 255
    rgba[2:, :2, 3] = 128
    for kind in ("PNG", "WEBP"):
        out = pixels(decode(saved(Image.fromarray(rgba), kind, lossless=True)))
        assert tuple(out[0, 0]) == (200, 0, 0)
        # Blending rounds: 200 or 0 at 128/255 over 255.
        assert np.abs(out[2, 0].astype(int) - (227, 127, 127)).max() <= 1
        assert tuple(out[3, 3]) == (255, 255, 255)


def test_grey_with_alpha_lies_over_white() -> None:
    grey = Image.merge("LA", (Image.new("L", (2, 1), 10), Image.new("L", (2, 1), 0)))
    assert (pixels(decode(saved(grey, "PNG"))) == 255).all()


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_clear_palette_entry_is_white(kind: str) -> None:
    palette = Image.new("P", (4, 2), 0)
    palette.putpalette([10, 20, 30, 200, 100, 50])
    palette.putpixel((0, 0), 1)
    out = pixels(decode(saved(palette, kind, transparency=0)))
    assert tuple(out[0, 0]) == (200, 100, 50)
    assert tuple(out[1, 3]) == (255, 255, 255)


def test_palette_with_an_alpha_for_each_entry() -> None:
    header = struct.pack(">IIBBBBB", 2, 1, 8, 3, 0, 0, 0)
    palette = png_chunk(b"PLTE", bytes((255, 0, 0, 0, 0, 255)))
    alphas = png_chunk(b"tRNS", bytes((0, 255)))
    out = pixels(decode(png(header, b"\0\0\1", palette, alphas)))
    assert out.tolist() == [[[255, 255, 255], [0, 0, 255]]]


def test_16_bit_grey_keeps_its_range() -> None:
    deep = np.array([[0, 257, 32_768, 65_535]], np.uint16)
    out = pixels(decode(saved(Image.fromarray(deep), "PNG")))
    assert out[0, :, 0].tolist() == [round(value / 257) for value in deep[0].tolist()]


def test_16_bit_grey_with_a_clear_value() -> None:
    header = struct.pack(">IIBBBBB", 2, 1, 16, 0, 0, 0, 0)
    out = decode(png(header, struct.pack(">BHH", 0, 300, 65_535), png_chunk(b"tRNS", b"\x01\x2c")))
    assert pixels(out)[0, :, 0].tolist() == [255, 255]
    out = decode(png(header, struct.pack(">BHH", 0, 300, 0), png_chunk(b"tRNS", b"\x01\x2c")))
    assert pixels(out)[0, :, 0].tolist() == [255, 0]


def test_16_bit_colour_keeps_its_range() -> None:
    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    rows = struct.pack(">BHHH", 0, 65_535, 32_896, 0)
    assert pixels(decode(png(header, rows))).tolist() == [[[255, 128, 0]]]
    clear = png_chunk(b"tRNS", rows[1:])
    assert pixels(decode(png(header, rows, clear))).tolist() == [[[255, 255, 255]]]


@pytest.mark.parametrize("mode", ["1", "L", "P"])
@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF"])
def test_few_colours(mode: str, kind: str) -> None:
    image = Image.new("RGB", (8, 8), "white")
    image.paste((0, 0, 0), (0, 0, 4, 8))
    out = pixels(decode(saved(image.convert(mode), kind)))
    assert (out[:, :4] == 0).all()
    assert (out[:, 4:] == 255).all()


@pytest.mark.parametrize("ink", [(0, 0, 0, 0), (0, 255, 255, 0), (255, 0, 0, 40)])
def test_cmyk(ink: tuple[int, int, int, int]) -> None:
    # Like every program that writes such files, Pillow stores the inks inverted, as Adobe does.
    data = saved(Image.new("CMYK", (16, 16), ink), "JPEG", quality=100)
    assert b"\xff\xee\0\x0eAdobe" in data
    out = pixels(decode(data))
    wanted = [(255 - part) * (255 - ink[3]) / 255 for part in ink[:3]]
    assert np.abs(out[8, 8] - np.array(wanted)).max() <= 4


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_only_the_first_frame_of_an_animation(kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
    out = pixels(decode(data))
    assert np.abs(out.astype(int) - (255, 0, 0)).max() <= 8


def test_thousands_of_frames_are_not_looked_at() -> None:
    frames = [Image.new("L", (2, 2), number % 256) for number in range(3_000)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], optimize=False)
    assert decode(data).size == (2, 2)


@pytest.mark.parametrize("kind", FORMATS)
def test_one_pixel(kind: str) -> None:
    assert decode(saved(Image.new("RGB", (1, 1), "white"), kind)).size == (1, 1)


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(BadImage):
        decode(png(struct.pack(">IIBBBBB", 0, 5, 8, 2, 0, 0, 0), b""))
    jpeg = bytearray(saved(Image.new("RGB", (8, 8)), "JPEG"))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = bytes(4)
    with pytest.raises(BadImage):
        decode(bytes(jpeg))


@pytest.mark.parametrize("kind", FORMATS)
def test_truncated_files_are_refused(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    data = saved(Image.fromarray(noise), kind)
    for share in (0.02, 0.3, 0.6, 0.9):
        with pytest.raises(BadImage):
            decode(data[: int(len(data) * share)])


def test_a_png_whose_pixels_were_changed_is_refused() -> None:
    data = bytearray(saved(Image.fromarray(CORNERS), "PNG"))
    data[data.index(b"IDAT") + 12] ^= 0xFF
    with pytest.raises(BadImage, match="checksum"):
        decode(bytes(data))


def huge_png(width: int, height: int) -> bytes:
    return png(struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0), b"\0")


def huge_jpeg(width: int, height: int) -> bytes:
    data = bytearray(saved(Image.new("RGB", (8, 8)), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def huge_gif(width: int, height: int) -> bytes:
    data = bytearray(saved(Image.new("L", (2, 2)), "GIF"))
    at = data.index(b"\x2c\0\0\0\0") + 5
    data[at : at + 4] = struct.pack("<HH", width, height)
    return bytes(data)


def huge_webp(width: int, height: int) -> bytes:
    data = bytearray(saved(Image.new("RGBA", (2, 2)), "WEBP"))
    assert data[12:16] == b"VP8X"
    data[24:30] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


def huge_bmp(width: int, height: int) -> bytes:
    data = bytearray(saved(Image.new("RGB", (2, 2)), "BMP"))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


@pytest.mark.parametrize("bomb", [huge_png, huge_jpeg, huge_gif, huge_webp, huge_bmp])
@pytest.mark.parametrize("size", [(14_000, 14_000), (20_001, 3), (3, 20_001)])
def test_bombs_are_refused_on_their_header(
    bomb: Callable[[int, int], bytes], size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def reached(self: ImageFile.ImageFile) -> None:
        raise AssertionError("the pixels were asked for")

    monkeypatch.setattr(ImageFile.ImageFile, "load", reached)
    with pytest.raises(ImageTooLarge, match="50 megapixels and 20,000 pixels a side"):
        decode(bomb(*size))


def test_limits_are_the_callers() -> None:
    data = saved(Image.new("RGB", (20, 10)), "PNG")
    assert decode(data, ImageLimits(pixels=200)).size == (20, 10)
    for limits in (ImageLimits(pixels=199), ImageLimits(side=19), ImageLimits(bytes=len(data) - 1)):
        with pytest.raises(ImageTooLarge):
            decode(data, limits)


def test_bytes_are_counted_before_anything_is_read() -> None:
    with pytest.raises(ImageTooLarge, match=r"0\.0 MB|limit is 20 MB"):
        decode(b"\xff\xd8\xff" + bytes(20_000_000))


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
def test_bombs_in_metadata_are_never_unpacked(name: bytes) -> None:
    packed = zlib.compress(bytes(80_000_000))
    body = {
        b"zTXt": b"Comment\0\0" + packed,
        b"iTXt": b"Comment\0\1\0\0\0" + packed,
        b"iCCP": b"profile\0\0" + packed,
    }[name]
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    assert pixels(decode(png(header, b"\0\x07", png_chunk(name, body)))).tolist() == [[[7, 7, 7]]]
    kept = open_container(png(header, b"\0\x07", png_chunk(name, body)))
    assert kept is not None
    assert len(kept.data) < 200


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = saved(Image.fromarray(CORNERS), "JPEG", progressive=True)
    assert decode(data).size == (48, 32)
    first = data.index(b"\xff\xda")
    scan = data[first : data.index(b"\xff", first + 14)]
    with pytest.raises(BadImage, match=str(MAX_SCANS)):
        decode(data[:-2] + scan * (MAX_SCANS + 1) + data[-2:])


def test_what_follows_or_accompanies_a_jpeg_is_dropped() -> None:
    plain = saved(Image.fromarray(CORNERS), "JPEG")
    private = with_exif(plain, exif(1) + b"GPS 52.1N 4.3E")
    kept = open_container(private + plain)
    assert kept is not None
    assert b"GPS" not in kept.data
    assert len(kept.data) <= len(plain)
    assert np.array_equal(pixels(decode(private + plain)), pixels(decode(plain)))


def test_the_result_carries_no_metadata() -> None:
    data = saved(Image.fromarray(CORNERS), "WEBP", exif=exif(3), xmp=b"<x/>", icc_profile=b"x" * 9)
    assert decode(data).info == {}


@pytest.mark.parametrize("kind", FORMATS)
def test_longest_bounds_the_longest_side(kind: str) -> None:
    image = Image.fromarray(CORNERS).resize((960, 640), Image.Resampling.NEAREST)
    small = decode(saved(image, kind), longest=96)
    assert small.size == (96, 64)
    whole = np.asarray(Image.fromarray(CORNERS).resize((96, 64), Image.Resampling.NEAREST))
    assert np.abs(pixels(small)[4:28, 4:44].astype(int) - whole[4:28, 4:44]).max() < 60
    assert decode(saved(image, kind), longest=4_000).size == (960, 640)


def test_longest_bounds_an_upright_picture_too() -> None:
    image = Image.fromarray(CORNERS).resize((960, 640))
    assert decode(saved(image, "JPEG", exif=exif(6)), longest=96).size == (64, 96)


def test_a_line_of_pixels_shrinks_to_a_line() -> None:
    assert decode(saved(Image.new("RGB", (4_000, 1)), "PNG"), longest=512).size == (512, 1)


@pytest.mark.parametrize("kind", FORMATS)
def test_mutated_files_raise_nothing_else(kind: str) -> None:
    chance = random.Random(kind)
    noise = np.random.default_rng(2).integers(0, 256, (16, 24, 3), np.uint8)
    original = saved(Image.fromarray(noise), kind)
    for _ in range(300):
        data = bytearray(original)
        for _ in range(chance.choice((1, 1, 2, 8, 40))):
            data[chance.randrange(min(len(data), chance.choice((64, 10_000))))] = chance.choice(
                (0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256))
            )
        if chance.random() < 0.2:
            del data[chance.randrange(len(data)) :]
        outcome(bytes(data))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(
        [
            b"",
            b"\xff\xd8\xff\xe0",
            b"\xff\xd8\xff\xc0\0\x11\x08",
            b"\x89PNG\r\n\x1a\n",
            b"GIF89a",
            b"RIFF\x40\0\0\0WEBPVP8 ",
            b"RIFF\x40\0\0\0WEBPVP8X",
            b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
            b"\0\0\0\x18ftypavif\0\0\0\0mif1",
        ]
    ),
    st.binary(max_size=200),
)
def test_random_bytes_raise_nothing_else(start: bytes, rest: bytes) -> None:
    outcome(start + rest)


def outcome(data: bytes) -> None:
    """Decode within small limits; only the two refusals may come out, and no warning."""
    try:
        image = decode(data, ImageLimits(pixels=1_000_000))
    except BadImage as error:
        message = str(error)
    else:
        message = ""
        assert image.mode == "RGB"
        assert min(image.size) >= 1
    assert "\n" not in message


def test_nothing_global_changes() -> None:
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters))
    data = [saved(Image.fromarray(CORNERS), kind) for kind in FORMATS]
    threads = [threading.Thread(target=lambda: [decode(one) for one in data * 3]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters))
    assert after == before
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@given(st.tuples(*[st.floats(0, 1) for _ in range(4)]), st.integers(1, 300), st.integers(1, 300))
def test_crop_is_inside_and_never_empty(
    parts: tuple[float, float, float, float], width: int, height: int
) -> None:
    x, y = min(parts[0], 0.999), min(parts[1], 0.999)
    box = Crop(x, y, max(parts[2] * (1 - x), 1e-4), max(parts[3] * (1 - y), 1e-4))
    part = crop(Image.new("RGB", (width, height)), box)
    assert 1 <= part.width <= width
    assert 1 <= part.height <= height
    assert abs(part.width - box.width * width) <= 1
    assert abs(part.height - box.height * height) <= 1


def test_crop_takes_the_box() -> None:
    part = crop(Image.fromarray(CORNERS), Crop(0.5, 0, 0.5, 0.5))
    assert part.size == (24, 16)
    assert (pixels(part) == (0, 255, 0)).all()
    assert crop(Image.fromarray(CORNERS), Crop(0, 0, 1, 1)).size == (48, 32)


def test_data_uri() -> None:
    data = saved(Image.fromarray(CORNERS), "PNG")
    text = base64.b64encode(data).decode()
    assert data_uri(f"data:image/png;base64,{text}") == data
    assert data_uri(f"DATA:image/svg+xml;charset=utf-8;BASE64,{text}") == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        "data:",
        "data:image/png;base64,",
        "data:image/png,abcd",
        "data:text/html;base64,YWJj",
        "data:image/png;base64,YW Jj",
        "data:image/png;base64,YWJj!",
        "data:image/png;base64,YWJ",
        "data:image/png;base64,YWéj",
        " data:image/png;base64,YWJj",
        "https://example.com/a.png",
        "data:image/" + "x" * 5_000 + ";base64,YWJj",
    ],
)
def test_bad_data_uris(text: str) -> None:
    with pytest.raises(BadImage):
        data_uri(text)


def test_a_data_uri_is_measured_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = ImageLimits(bytes=300)
    fits = "data:image/png;base64," + "A" * 400
    assert len(data_uri(fits, limits)) == 300
    monkeypatch.setattr("base64.b64decode", None)
    with pytest.raises(ImageTooLarge):
        data_uri(fits + "A" * 8, limits)
