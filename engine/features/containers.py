"""Picture files before they are decoded: which format, how large, which way up, what is kept.

Reads headers only, and hands on what makes pixels: text chunks, profiles, thumbnails, previews and
later frames never reach a decoder. Raises BadImage where a file contradicts its format. Knows
nothing of limits or pixels.

Sources: JPEG ITU-T T.81 annex B, PNG W3C third edition, GIF89a, the WebP container specification
(RFC 9649), ISO/IEC 14496-12 for `ftyp`, Exif 2.32 section 4.6.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from engine.errors import BadImage

Format = Literal["JPEG", "PNG", "WebP", "GIF", "BMP", "AVIF", "HEIC"]

# A picture of many scans or parts costs a pass over all of its pixels for a few bytes each.
MAX_SCANS = 64
MAX_PARTS = 20_000

_EXIF = b"Exif\0\0"
# Fill bytes may come before it; a pattern that repeats its first byte takes twenty times as long.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_FILL = b"\xff"
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Application data and comments, save JFIF's and Adobe's, which say how colours are stored.
_JPEG_DROPPED = frozenset({0xFE, *range(0xE1, 0xF0)}) - {0xEE}
_JFIF, _ADOBE = b"JFIF\0", b"Adobe"
_JFIF_HEADER = b"\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
_ADOBE_LENGTH = 14
# What every viewer shows: baseline, extended and progressive frames, and what goes with them.
_COMMON_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_COMMON_PARTS = _COMMON_FRAMES | {0xC4, 0xDA, 0xDB, 0xDD, 0xE0, 0xEE}
_PNG_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})


@dataclass(frozen=True)
class Container:
    """A picture file that is ready for its decoder.

    size: width and height as stored; None where only the decoder's own parser knows.
    orientation: Exif's 1 to 8, 1 where the file says nothing.
    common: whether `data` is a whole JPEG file, upright, of 8-bit greys or three colours, with
        nothing in it but pixels, that any viewer shows.
    """

    format: Format
    data: bytes
    size: tuple[int, int] | None = None
    orientation: int = 1
    common: bool = False


def sniff(data: bytes) -> Format | None:
    """Return the format that the first bytes show, whatever the file is called."""
    starts: tuple[tuple[bytes, Format], ...] = (
        (b"\xff\xd8\xff", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
    )
    for start, kind in starts:
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return _brand(data) if data[4:8] == b"ftyp" else None


def open_container(data: bytes) -> Container | None:
    """Return the picture in `data`, or None where its format is not one of ours."""
    kind = sniff(data)
    try:
        match kind:
            case "JPEG":
                return _jpeg(data)
            case "PNG":
                return _png(data)
            case "WebP":
                return _webp(data)
            case "GIF":
                return Container(kind, data, _gif_size(data))
            case None:
                return None
            case _:
                return Container(kind, data)
    except (struct.error, IndexError):
        raise _broken(kind, "truncated: its header ends too early") from None


def exif_orientation(exif: bytes) -> int:
    """Return the orientation 1 to 8 in a block of Exif data; 1 where there is none to read."""
    exif = exif.removeprefix(_EXIF)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (entries,) = struct.unpack_from(order + "H", exif, start)
        for entry in range(min(entries, 512)):
            place = start + 2 + 12 * entry
            tag, kind = struct.unpack_from(order + "HH", exif, place)
            if tag == 0x0112:
                shape = {3: "H", 4: "I"}.get(kind)
                value = struct.unpack_from(order + shape, exif, place + 8)[0] if shape else 1
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _broken(kind: str | None, how: str) -> BadImage:
    return BadImage(f"the {kind} picture is {how}: send it again, or save it anew")


def _brand(data: bytes) -> Format | None:
    length = min(int.from_bytes(data[:4], "big"), 256, len(data))
    brands = {data[at : at + 4] for at in (8, *range(16, length, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIC" if brands & _HEIC_BRANDS else None


def _jpeg(data: bytes) -> Container:
    """Keep the tables, the frame and the scans of the first picture, and Adobe's colour mark."""
    kept = [b"\xff\xd8"]
    size: tuple[int, int] | None = None
    orientation = 1
    scans = 0
    parts: set[int] = set()
    simple = ended = False
    at = 2
    for _ in range(MAX_PARTS):
        found = _MARKER.search(data, at)
        # What lies between two markers is the coded pixels of a scan; before the first, nothing.
        between = data[at : found.start() if found else len(data)] if scans else b""
        kept.append(between.rstrip(_FILL))
        if found is None:
            break
        at = found.end()
        marker = data[at - 1]
        if marker == 0xD9:
            kept.append(b"\xff\xd9")
            ended = True
            break
        if marker in (0x01, 0xD8):
            continue
        (length,) = struct.unpack_from(">H", data, at)
        part = data[at : at + length]
        if length < 2 or len(part) < length:
            raise _broken("JPEG", "truncated: a part of it ends too early")
        at += length
        if marker == 0xE1 and part[2:].startswith(_EXIF):
            orientation = exif_orientation(part[2:])
        part = _without_extras(marker, part)
        if not part:
            continue
        if marker in _SOF:
            if size is not None:
                raise _broken("JPEG", "corrupt: it declares its size twice")
            bits, height, width, colours = struct.unpack_from(">BHHB", part, 2)
            size = (width, height)
            simple = bits == 8 and colours in (1, 3)
        parts.add(marker)
        scans += marker == 0xDA
        if scans > MAX_SCANS:
            raise BadImage(f"the JPEG picture has over {MAX_SCANS} scans: save it again")
        kept += (bytes((0xFF, marker)), part)
    else:
        raise BadImage(f"the JPEG picture has over {MAX_PARTS:,} parts: save it again")
    if size is None or not scans:
        raise _broken("JPEG", "truncated: it holds no pixels")
    common = simple and ended and orientation == 1 and parts <= _COMMON_PARTS
    return Container("JPEG", b"".join(kept), size, orientation, common)


def _without_extras(marker: int, part: bytes) -> bytes:
    """Return a part of a JPEG file without what makes no pixels, such as a thumbnail in it."""
    if marker in _JPEG_DROPPED:
        return b""
    if marker == 0xE0:
        return _JFIF_HEADER if part[2:].startswith(_JFIF) else b""
    if marker == 0xEE:
        whole = part[2:].startswith(_ADOBE) and len(part) >= _ADOBE_LENGTH
        return struct.pack(">H", _ADOBE_LENGTH) + part[2:_ADOBE_LENGTH] if whole else b""
    return part


def _png(data: bytes) -> Container:
    """Keep the chunks that make the first picture, each with a checksum that holds."""
    kept = [data[:8]]
    orientation = 1
    size: tuple[int, int] | None = None
    for name, body in _png_chunks(data):
        if name == b"eXIf":
            orientation = exif_orientation(body)
        if (size is None) != (name == b"IHDR"):
            raise _broken("PNG", "corrupt: its header is not its first part")
        if name == b"IHDR":
            width, height = struct.unpack_from(">II", body)
            size = (width, height)
        if name in _PNG_KEPT:
            crc = struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))
            kept += (struct.pack(">I", len(body)), name, body, crc)
    return Container("PNG", b"".join(kept), size, orientation)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    for _ in range(MAX_PARTS):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            raise _broken("PNG", "truncated: a part of it ends too early")
        body = data[at + 8 : end]
        if name in _PNG_KEPT:
            (crc,) = struct.unpack_from(">I", data, end)
            if crc != zlib.crc32(body, zlib.crc32(name)):
                raise _broken("PNG", "corrupt: a checksum in it does not hold")
        yield name, body
        if name == b"IEND":
            return
        at = end + 4
    raise BadImage(f"the PNG picture has over {MAX_PARTS:,} parts: save it again")


def _webp(data: bytes) -> Container:
    """Read the size of the canvas, for which the decoder takes memory as soon as it is made."""
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise _broken("WebP", "truncated: it ends before the length that it declares")
    kind = data[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise _broken("WebP", "corrupt: it does not begin with a picture")
    orientation = _webp_orientation(data, length + 8) if kind == b"VP8X" else 1
    return Container("WebP", data, (width, height), orientation)


def _webp_orientation(data: bytes, end: int) -> int:
    at = 12
    for _ in range(MAX_PARTS):
        if at + 8 > end:
            break
        name, length = struct.unpack_from("<4sI", data, at)
        if name == b"EXIF":
            return exif_orientation(data[at + 8 : at + 8 + length])
        at += 8 + length + (length & 1)
    return 1


def _gif_size(data: bytes) -> tuple[int, int]:
    """Return the canvas, or more where the first frame reaches out of it."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    for _ in range(MAX_PARTS):
        block = data[at]
        if block == 0x2C:
            left, top, wide, high = struct.unpack_from("<HHHH", data, at + 1)
            return max(width, left + wide), max(height, top + high)
        if block != 0x21:
            break
        at += 2
        while length := data[at]:
            at += 1 + length
        at += 1
    raise _broken("GIF", "corrupt or truncated: it holds no frame")
