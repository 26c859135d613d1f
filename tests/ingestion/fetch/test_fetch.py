"""Pictures from hosts that send what they like."""

import gzip
import io
import tracemalloc
import zlib

import pytest

from engine.errors import ImageTooLarge, UnfetchableImage
from tests.ingestion.fetch.conftest import MOST, Make, hang, says
from tests.ingestion.fetch.odd_host import OddHost, Talk, png


def test_a_picture_comes_whole(host: OddHost, fetcher: Make) -> None:
    host.answers["/a.png"] = says(png())
    assert fetcher().fetch(host.url("/a.png?size=8#top"), MOST) == png()
    (talk,) = host.asked
    assert talk.path == "/a.png?size=8"
    assert talk.headers["host"] == f"pins.example:{host.port}"
    assert talk.headers["user-agent"].startswith("pin-engine/")
    assert talk.headers["accept-encoding"] == "identity"
    assert not {"cookie", "authorization", "referer"} & set(talk.headers)


def test_connections_are_kept_for_a_host(host: OddHost, fetcher: Make) -> None:
    host.answers["/a.png"] = says(png())
    one = fetcher()
    assert [one.fetch(host.url("/a.png"), MOST) for _ in range(3)] == [png()] * 3
    assert host.connections == 1


@pytest.mark.parametrize(
    ("url", "path", "name"),
    [
        ("/böard/ä b.png?ö=ü", "/b%C3%B6ard/%C3%A4%20b.png?%C3%B6=%C3%BC", "pins.example"),
        ("/%C3%A4/100%25.png", "/%C3%A4/100%25.png", "pins.example"),
        ("/a.png", "/a.png", "bücher.example"),
        ("/a.png", "/a.png", "日本語.example"),
    ],
)
def test_letters_beyond_ascii(url: str, path: str, name: str, host: OddHost, fetcher: Make) -> None:
    asked: list[str] = []

    def names(name: str, _: int) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"]

    host.answers[path.partition("?")[0]] = says(png())
    assert fetcher(names).fetch(host.url(url, name), MOST) == png()
    ascii_ = name.encode("idna").decode()
    assert asked == [ascii_]
    assert host.paths() == [path]
    assert host.asked[0].headers["host"] == f"{ascii_}:{host.port}"


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream", "image/jpeg", ""])
def test_what_a_host_says_of_the_type_counts_for_nothing(
    kind: str, host: OddHost, fetcher: Make
) -> None:
    host.answers["/a"] = says(png(), Content_Type=kind)
    assert fetcher().fetch(host.url("/a"), MOST) == png()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(png(), mtime=0)),
        ("X-GZip", gzip.compress(png(), mtime=0)),
        ("deflate", zlib.compress(png())),
        ("identity", png()),
    ],
)
def test_compression_that_nobody_asked_for(
    encoding: str, body: bytes, host: OddHost, fetcher: Make
) -> None:
    host.answers["/a.png"] = says(body, Content_Encoding=encoding)
    assert fetcher().fetch(host.url("/a.png"), MOST) == png()


def test_proxies_of_the_environment_are_not_asked(
    host: OddHost, fetcher: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    host.answers["/a.png"] = says(png())
    assert fetcher().fetch(host.url("/a.png"), MOST) == png()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\n <!DOCTYPE html><html>no such pin</html>", "a web page .*text/odd.*accepted: JPEG"),
        (b"\xef\xbb\xbf<HTML>" + b"x" * 5_000, "a web page"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "no picture"),
        (b'{"error": "expired"}', "no picture"),
        (b"PK\x03\x04" + b"\0" * 4_000, "no picture"),
        (b"", "is empty"),
    ],
)
def test_what_is_no_picture(body: bytes, message: str, host: OddHost, fetcher: Make) -> None:
    host.answers["/a.png"] = says(body, Content_Type="text/odd")
    with pytest.raises(UnfetchableImage, match=message) as caught:
        fetcher().fetch(host.url("/a.png?signature=s3cret"), MOST)
    assert "pins.example" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert len(host.asked) == 1


def test_a_page_without_end_is_left_early(host: OddHost, fetcher: Make) -> None:
    def endless(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\n\r\n<html>")
        while True:
            talk.send(b"x" * 100)

    host.answers["/a.png"] = endless
    with pytest.raises(UnfetchableImage, match="a web page"):
        fetcher().fetch(host.url("/a.png"), 10**12)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_without_end(chunked: bool, host: OddHost, fetcher: Make) -> None:
    sent = 0

    def endless(talk: Talk) -> None:
        nonlocal sent
        talk.send(b"HTTP/1.1 200 OK\r\n")
        talk.send(b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"\r\n")
        for piece in (png(), *[b"\0" * 10_000] * 10_000):
            talk.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            sent += len(piece)

    host.answers["/a.png"] = endless
    with pytest.raises(ImageTooLarge, match=r"200,000 bytes.*ENGINE_IMAGES__MAX_BYTES"):
        fetcher().fetch(host.url("/a.png"), MOST)
    host.stopping.wait(0.05)
    assert sent < 50_000_000  # what the system's buffers take, and far from all


def test_a_length_over_the_limit_is_not_waited_for(host: OddHost, fetcher: Make) -> None:
    def announce(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        hang(talk)

    host.answers["/a.png"] = announce
    with pytest.raises(ImageTooLarge):
        fetcher().fetch(host.url("/a.png"), MOST)


def test_exactly_the_limit_is_taken(host: OddHost, fetcher: Make) -> None:
    body = png() + b"\0" * (MOST - len(png()))
    host.answers |= {"/full": says(body), "/over": says(body + b"\0")}
    one = fetcher()
    assert one.fetch(host.url("/full"), MOST) == body
    with pytest.raises(ImageTooLarge):
        one.fetch(host.url("/over"), MOST)


def test_a_gzip_bomb_does_not_go_off(host: OddHost, fetcher: Make) -> None:
    bomb = io.BytesIO()
    with gzip.GzipFile(fileobj=bomb, mode="wb", compresslevel=9) as stream:
        stream.write(png())
        for _ in range(50):
            stream.write(b"\0" * 1_000_000)
    assert len(bomb.getvalue()) < MOST
    host.answers["/a.png"] = says(bomb.getvalue(), Content_Encoding="gzip")
    one = fetcher()
    tracemalloc.start()
    try:
        with pytest.raises(ImageTooLarge):
            one.fetch(host.url("/a.png"), MOST)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip"])
def test_encodings_that_are_not_undone(encoding: str, host: OddHost, fetcher: Make) -> None:
    host.answers["/a.png"] = says(png(), Content_Encoding=encoding)
    with pytest.raises(UnfetchableImage, match=encoding):
        fetcher().fetch(host.url("/a.png"), MOST)
