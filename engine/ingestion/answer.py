"""The body of an HTTP answer, read no further than it may go and no longer than it looks right.

What the host says of type and length is never trusted, only used to refuse early or to explain.
Knows nothing of connections.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence

from engine.errors import ImageTooLarge, UnfetchableImage
from engine.features.containers import sniff
from engine.features.images import ACCEPTED

# Enough to tell every accepted format, and a page that begins with blanks or a comment.
_LOOK = 1_024
_INFLATE = 64 * 1_024

Headers = Sequence[tuple[bytes, bytes]]


def header(headers: Headers, name: bytes) -> str:
    """Return the first header of a lower-case name, or an empty string."""
    found = next((value for key, value in headers if key.lower() == name), b"")
    try:
        return found.decode().strip()
    except UnicodeDecodeError:
        return found.decode("latin-1").strip()


def read_body(headers: Headers, chunks: Iterable[bytes], max_bytes: int, name: str) -> bytes:
    """Return the picture that the chunks of a body make up; `name` is for messages.

    Raises ImageTooLarge past `max_bytes`, sent or decompressed, and UnfetchableImage for what does
    not begin as a picture does, is empty, or is compressed in a way that was not asked for.
    """
    length = header(headers, b"content-length")
    if length.isdecimal() and int(length) > max_bytes:
        raise _too_large(name, max_bytes)
    data = bytearray()
    looked = False
    for piece in _plain(headers, _counted(chunks, max_bytes, name), name):
        data += piece
        if len(data) > max_bytes:
            raise _too_large(name, max_bytes)
        if not looked and len(data) >= _LOOK:
            _look(bytes(data[:_LOOK]), headers, name)
            looked = True
    if not looked:
        _look(bytes(data), headers, name)
    return bytes(data)


def _counted(chunks: Iterable[bytes], max_bytes: int, name: str) -> Iterator[bytes]:
    count = 0
    for chunk in chunks:
        count += len(chunk)
        if count > max_bytes:
            raise _too_large(name, max_bytes)
        yield chunk


def _plain(headers: Headers, chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Undo the encoding of a body; some hosts compress whatever is asked for."""
    encoding = header(headers, b"content-encoding").lower()
    if encoding in {"", "identity"}:
        yield from chunks
        return
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise UnfetchableImage(
            f"{name} is sent with Content-Encoding {encoding[:40]!r}, which was not asked for: "
            "have the host send the picture as it is"
        )
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32 if "gzip" in encoding else zlib.MAX_WBITS)
    try:
        for chunk in chunks:
            waiting = chunk
            # In small pieces, so that a bomb is noticed long before it has gone off.
            while waiting and not inflater.eof:
                yield inflater.decompress(waiting, _INFLATE)
                waiting = inflater.unconsumed_tail
        yield inflater.flush()
    except zlib.error as error:
        raise UnfetchableImage(f"{name} is not {encoding} as its host says: {error}") from None


def _look(start: bytes, headers: Headers, name: str) -> None:
    if not start:
        raise UnfetchableImage(f"{name} is empty: give the URL of a picture")
    if sniff(start) is not None:
        return
    # Bytes beyond ASCII would reach a terminal, and some of them move its cursor.
    said = ascii(header(headers, b"content-type")[:60])[1:-1] or "no type"
    page = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    what = (
        "a web page" if page.startswith((b"<!doctype html", b"<html", b"<head")) else "no picture"
    )
    raise UnfetchableImage(
        f"{name} is {what} (its host says {said}): give the URL of the picture itself; "
        f"accepted: {ACCEPTED}"
    )


def _too_large(name: str, max_bytes: int) -> ImageTooLarge:
    return ImageTooLarge(
        f"{name} is larger than {max_bytes:,} bytes: make it smaller, or raise "
        "ENGINE_IMAGES__MAX_BYTES"
    )
