"""Bytes from anywhere into an upright RGB picture, or into a clear refusal.

Pillow's decoders are called one by one, by content, from an allow-list: nothing is guessed from a
name, no other decoder can be reached, and none of Pillow's global settings matters or is changed.
See docs/decisions/0004-hardened-decoding.md. Knows nothing of files, URLs or vectors.
"""

import base64
import binascii
import importlib
import importlib.util
import io
import re
import threading
import warnings
from dataclasses import dataclass
from typing import cast

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from engine.errors import BadImage, ImageTooLarge
from engine.features.containers import Container, Format, exif_orientation, open_container
from engine.queries import Crop

ACCEPTED = "JPEG, PNG, WebP, GIF, AVIF, BMP, and HEIC with the extra 'heic'"

_DECODERS: dict[Format, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
}
# How to turn a stored picture upright, by Exif orientation (2 to 8).
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DATA_URI = re.compile(
    r"data:image/[a-z0-9.+-]{1,64}(?:;[a-z0-9-]{1,64}=[\w.-]{1,64})*;base64,", re.I
)
_MAX_URI_HEAD = 512
# Longest side at which pictures are looked at: past it no encoder sees more, at more cost. Pins
# and queries must share it, or a picture would not quite equal itself.
WORKING_SIDE = 1024

_opening = threading.Lock()


@dataclass(frozen=True)
class ImageLimits:
    """What a picture may cost: bytes as it arrives, pixels and longest side once decoded."""

    bytes: int = 20_000_000
    pixels: int = 50_000_000
    side: int = 20_000


DEFAULT_LIMITS = ImageLimits()


@dataclass(frozen=True)
class Decoded:
    """An upright RGB picture. jpeg: a file of the same pixels without metadata, if it came so."""

    image: Image.Image
    jpeg: bytes | None


def decode(
    data: bytes, limits: ImageLimits = DEFAULT_LIMITS, *, longest: int | None = None
) -> Image.Image:
    """Return the upright RGB picture in `data`: its first frame, alpha laid over white.

    longest: shrink until the longest side is at most this; large photos are decoded much faster.
    Raises ImageTooLarge over a limit, before anything is decoded, and BadImage for a format that
    is not accepted and for what is truncated or corrupt.
    """
    return decode_whole(data, limits, longest=longest).image


def decode_whole(
    data: bytes, limits: ImageLimits = DEFAULT_LIMITS, *, longest: int | None = None
) -> Decoded:
    """Return what `decode` does, and the file itself where it need not be made anew to be kept."""
    if len(data) > limits.bytes:
        raise ImageTooLarge(_too_many_bytes(len(data), limits))
    container = open_container(data)
    if container is None:
        raise BadImage(f"the data is not a picture of an accepted format; accepted: {ACCEPTED}")
    if container.size is not None:
        _check_size(container.size, limits)
    try:
        image = _decoded(container, limits, longest)
        same = container.common and image.size == container.size
        return Decoded(image, container.data if same else None)
    except (BadImage, MemoryError):
        raise
    # The decoders raise whatever a hostile file makes them run into, from OSError to struct.error.
    except Exception as error:
        detail = str(error).strip().splitlines()
        raise BadImage(
            f"the {container.format} picture is truncated or corrupt: "
            f"{detail[0][:120] if detail else type(error).__name__}: "
            "send it again, or save it anew"
        ) from error


def crop(image: Image.Image, box: Crop) -> Image.Image:
    """Return the part of an upright picture in `box`, at least one pixel wide and high."""
    left, right = _span(box.x, box.width, image.width)
    top, bottom = _span(box.y, box.height, image.height)
    return image.crop((left, top, right, bottom))


def data_uri(text: str, limits: ImageLimits = DEFAULT_LIMITS) -> bytes:
    """Return the bytes in a `data:image/...;base64,...` URI, or raise BadImage or ImageTooLarge."""
    head = _DATA_URI.match(text[:_MAX_URI_HEAD])
    if head is None:
        raise BadImage("the data: URI is not data:image/TYPE;base64,DATA")
    payload = text[head.end() :]
    if len(payload) // 4 * 3 > limits.bytes + 2:
        raise ImageTooLarge(_too_many_bytes(len(payload) // 4 * 3, limits))
    try:
        data = base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError):
        raise BadImage("the data: URI holds characters that are not base64") from None
    if not data:
        raise BadImage("the data: URI is empty")
    return data


def _decoded(container: Container, limits: ImageLimits, longest: int | None) -> Image.Image:
    image = _opened(container)
    with image:
        _check_size(image.size, limits)
        if longest is not None and isinstance(image, JpegImagePlugin.JpegImageFile):
            # Twice the size is asked for, so that the last step has something to average.
            scale = 2 * longest / max(image.size)
            image.draft(None, (int(image.width * scale) + 1, int(image.height * scale) + 1))
        image.load()
        _check_size(image.size, limits)
        orientation = container.orientation
        if container.format == "AVIF":
            orientation = exif_orientation(image.info.get("exif", b""))
        rgb = _rgb(image)
    if longest is not None and max(rgb.size) > longest:
        rgb.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return rgb.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else rgb


def _opened(container: Container) -> ImageFile.ImageFile:
    stream = io.BytesIO(container.data)
    decoder = _DECODERS.get(container.format)
    if decoder is not None and container.format != "AVIF":
        return decoder(stream)
    # These two read the metadata themselves and may warn of it. Python keeps one list of filters
    # for all threads, so one thread at a time.
    with _opening, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return (decoder or _heif_decoder())(stream)


def _heif_decoder() -> type[ImageFile.ImageFile]:
    if importlib.util.find_spec("pillow_heif") is None:
        raise BadImage(
            "the picture is HEIC, which needs pillow-heif: pip install 'pin-engine[heic]', "
            "or save it as JPEG"
        )
    plugin = importlib.import_module("pillow_heif")
    return cast(type[ImageFile.ImageFile], plugin.HeifImageFile)


def _check_size(size: tuple[int, int], limits: ImageLimits) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise BadImage(f"the picture is {width}x{height}: it has no pixels")
    if width * height > limits.pixels or max(size) > limits.side:
        raise ImageTooLarge(
            f"the picture is {width:,}x{height:,}; the limit is {limits.pixels / 1e6:g} "
            f"megapixels and {limits.side:,} pixels a side: send a smaller one"
        )


def _too_many_bytes(count: int, limits: ImageLimits) -> str:
    return (
        f"the picture has {count / 1e6:,.1f} MB; the limit is {limits.bytes / 1e6:g} MB: "
        "send a smaller one"
    )


def _rgb(image: Image.Image) -> Image.Image:
    """Return a loaded picture as 8-bit RGB over white."""
    if image.mode.startswith(("I", "F")):
        image = _eight_bit(image)
    transparent = image.info.get("transparency")
    if image.mode == "RGB" and isinstance(transparent, tuple) and max(transparent) > 255:
        # A 16-bit PNG: its pixels come in 8 bits, the colour that is clear does not.
        image.info["transparency"] = tuple(part >> 8 for part in transparent)
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(white, clear).convert("RGB")
    plain = image.convert("RGB") if image.mode != "RGB" else image.copy()
    plain.info.clear()
    return plain


def _eight_bit(image: Image.Image) -> Image.Image:
    """Return a picture of 16-bit greys in 8 bits: the full range, not what lies below 256."""
    deep = np.asarray(image)
    # Integers, since a large picture's floats would cost eight times its own size. 257 is odd, so
    # nothing lies half-way between two greys.
    grey = ((np.clip(deep, 0, 65_535).astype(np.uint32) + 128) // 257).astype(np.uint8)
    transparent = image.info.get("transparency")
    if not isinstance(transparent, int):
        return Image.fromarray(grey)
    alpha = np.where(deep == transparent, 0, 255).astype(np.uint8)
    return Image.merge("LA", (Image.fromarray(grey), Image.fromarray(alpha)))


def _span(start: float, length: float, side: int) -> tuple[int, int]:
    low = min(round(start * side), side - 1)
    high = min(max(round((start + length) * side), low + 1), side)
    return low, high
