"""Which way a pin's `image` is read, by what it looks like and where the pin came from."""

from pathlib import Path

import pytest

from engine.errors import BadImage, HostUnavailable, UnfetchableImage
from engine.features.images import ImageLimits, decode
from engine.ingestion.pictures import is_url, read_picture
from tests.ingestion.fetch.conftest import Make, says
from tests.ingestion.fetch.odd_host import OddHost, png

LIMITS = ImageLimits(bytes=10_000)


def test_a_url_is_fetched_wherever_the_pin_came_from(
    host: OddHost, fetcher: Make, tmp_path: Path
) -> None:
    host.answers["/a.png"] = says(png())
    fetch = fetcher().fetch
    for base in (None, tmp_path):
        assert read_picture(host.url("/a.png"), base, LIMITS, fetch) == png()


def test_the_limit_goes_along() -> None:
    asked: list[tuple[str, int]] = []

    def fetch(url: str, max_bytes: int) -> bytes:
        asked.append((url, max_bytes))
        return b"picture"

    assert read_picture("https://a.example/b", None, LIMITS, fetch) == b"picture"
    assert asked == [("https://a.example/b", 10_000)]


def test_no_path_is_read_for_pins_from_afar(
    fetcher: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(png())
    monkeypatch.chdir(tmp_path)
    fetch = fetcher().fetch
    assert read_picture("a.png", tmp_path, LIMITS, fetch) == png()
    for image in ("a.png", str(tmp_path / "a.png"), "//127.0.0.1/a.png", "http:a.png"):
        with pytest.raises(BadImage, match="file path, which is not read from here"):
            read_picture(image, None, LIMITS, fetch)
    for base in (None, tmp_path):
        for image in (f"file://{tmp_path}/a.png", "FILE:///a.png", "ftp://a.example/b.png"):
            with pytest.raises(UnfetchableImage, match="URL is not fetched"):
                read_picture(image, base, LIMITS, fetch)


def test_without_a_fetcher_urls_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadImage, match="URL, which is not fetched here"):
        read_picture("https://user:s3cret@a.example/b.png", tmp_path, LIMITS)


@pytest.mark.parametrize(
    ("image", "expected"),
    [("http://a/b", True), ("HTTPS://a/b", True), ("x-y.z+1://", True)]
    + [(image, False) for image in ("a/b.png", "http:/a", "data:image/png;base64,AA//", "1://a")],
)
def test_what_is_a_url(image: str, expected: bool) -> None:
    assert is_url(image) == expected


def test_a_picture_that_breaks_off_is_refused_by_the_decoder(host: OddHost, fetcher: Make) -> None:
    host.answers["/a.png"] = says(png()[:50])
    data = read_picture(host.url("/a.png"), None, LIMITS, fetcher().fetch)
    with pytest.raises(BadImage, match="truncated"):
        decode(data, LIMITS)


def test_both_failures_are_failures_of_the_picture() -> None:
    """Whoever sets bad pictures aside sets these aside too."""
    assert issubclass(UnfetchableImage, BadImage)
    assert issubclass(HostUnavailable, BadImage)
