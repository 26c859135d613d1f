"""The bytes of a pin's picture, from where its `image` says and from nowhere else."""

import re
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
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise BadImage(f"image {image[:80]!r} does not exist below {base}") from None
    except (OSError, ValueError) as error:
        raise BadImage(f"image {image[:80]!r} can't be read: {error}") from None
    if len(data) > max_bytes:
        raise ImageTooLarge(
            f"image {image[:80]!r} is larger than {max_bytes:,} bytes: make it smaller, "
            "or raise ENGINE_IMAGES__MAX_BYTES"
        )
    return data
