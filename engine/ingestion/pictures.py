"""The bytes of a pin's picture, from where its `image` says and from nowhere else."""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from engine.errors import BadImage, ImageTooLarge
from engine.features.images import ImageLimits, data_uri

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


# Takes a URL and the most bytes to return; see `Fetcher.fetch`.
Fetch = Callable[[str, int], bytes]


def is_url(image: str) -> bool:
    """Say whether an `image` is a URL; what that URL is worth is another question."""
    return _URL.match(image) is not None


def read_picture(
    image: str, base: Path | None, limits: ImageLimits, fetch: Fetch | None = None
) -> bytes:
    """Return the bytes of a data: URI, of a URL, or of a file below `base`.

    base: None for pins that come over HTTP or from a queue, which may name no files.
    fetch: gets what a URL leads to; without it URLs are refused.
    Raises BadImage.
    """
    if image.startswith("data:"):
        return data_uri(image, limits)
    if is_url(image):
        if fetch is not None:
            return fetch(image, limits.bytes)
        raise BadImage(
            "image is a URL, which is not fetched here: download the picture and give its path, "
            "or send it as a data: URI"
        )
    if base is None:
        raise BadImage(
            "image is a file path, which is not read from here: send a URL or a data: URI"
        )
    return _read_below(base, image, limits.bytes)


def _read_below(base: Path, image: str, max_bytes: int) -> bytes:
    try:
        path = (base / image).resolve()
        if not path.is_relative_to(base.resolve()):
            raise BadImage(
                f"image {image[:80]!r} lies outside {base}: paths stay below that folder"
            )
        data = _read_regular(path, max_bytes + 1)
    except FileNotFoundError:
        raise BadImage(
            f"image {image[:80]!r} does not exist below {base}: put it there, or mend the path"
        ) from None
    # Links that lead in a circle are a RuntimeError before Python 3.13.
    except (OSError, ValueError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise BadImage(f"image {image[:80]!r} can't be read: {why}") from None
    if data is None:
        raise BadImage(f"image {image[:80]!r} is no file: give the path of a picture")
    if len(data) > max_bytes:
        raise ImageTooLarge(
            f"image {image[:80]!r} is larger than {max_bytes:,} bytes: make it smaller, "
            "or raise ENGINE_IMAGES__MAX_BYTES"
        )
    return data


def _read_regular(path: Path, most: int) -> bytes | None:
    """Return up to so many bytes of a file, or None where the path leads to something else.

    A pipe would be waited for and a device read without end, so neither is read at all.
    """
    if path.exists() and not path.is_file():
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
