"""What hosts of pictures answer, name servers included, and what comes of it.

`PORT` in a URL stands for the port of the host that gives these answers.
"""

import gzip
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.ingestion.fetch.conftest import hang, says, to
from tests.ingestion.fetch.odd_host import Answer, Talk, png
from tests.ingestion.fetch.test_fetch_again import cut_short, drip_body, garbage
from tests.ingestion.odd_pictures import TOO_MANY_PIXELS, flat_png, kept

HOST = "pins.example:PORT"


@dataclass(frozen=True)
class Refused:
    """A URL that brings no picture; `answer` is what its path answers, if it is asked at all."""

    url: str
    message: str
    slug: str = "unfetchable-image"
    answer: Answer | None = None


def asked(path: str, message: str, answer: Answer, slug: str = "unfetchable-image") -> Refused:
    """Return a URL of the odd host with its answer."""
    return Refused(f"http://{HOST}{path}", message, slug, answer)


def endless(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\n\r\n" + png())
    while True:
        talk.send(bytes(10_000))


def gzip_bomb(talk: Talk) -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as stream:
        stream.write(png())
        for _ in range(50):
            stream.write(bytes(1_000_000))
    talk.answer(packed.getvalue(), Content_Encoding="gzip")


def announces(length: str) -> Answer:
    def answer(talk: Talk) -> None:
        talk.send(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
        talk.connection.shutdown(socket.SHUT_WR)

    return answer


LARGER = r"larger than 2,000,000 bytes: make it smaller, or raise ENGINE_IMAGES__MAX_BYTES"
PLACE = r"give (the|a) .*(URL|picture)"
LATER = r"try again later"
ALLOW = r"not connected to: give a public host, or allow its network with ENGINE_FETCH__ALLOW"

REFUSED: dict[str, Refused] = {
    "a page": asked("/page", r"a web page .*accepted: JPEG", says(b"<html>gone</html>")),
    "a page that is called a picture": asked(
        "/page.jpg", r"a web page .*image/jpeg", says(b"<html>", Content_Type="image/jpeg")
    ),
    "svg by url": asked("/a.svg", r"is no picture .*accepted: JPEG", says(b"<svg/>")),
    "an empty body": asked("/empty", r"is empty: give the URL of a picture", says(b"")),
    "404": asked("/404", r"answers 404: give a URL that holds a picture", says(b"", 404)),
    "410": asked("/410", r"answers 410: give a URL that holds a picture", says(b"", 410)),
    "429 for an hour": asked(
        "/429",
        r"answers 429, and the next attempt is 3600 s off: " + LATER,
        says(b"", 429, Retry_After="3600"),
        "host-unavailable",
    ),
    "503": asked(
        "/503", r"in 2 attempts: its host answers 503: " + LATER, says(b"", 503), "host-unavailable"
    ),
    "a redirect to a private address": asked(
        "/inside", r"10\.0\.0\.1 \(private\), which is " + ALLOW, to("http://10.0.0.1/a.png")
    ),
    "a redirect to a cloud's metadata": asked(
        "/cloud", r"169\.254\.169\.254 \(link-local", to("http://169.254.169.254/latest/meta-data/")
    ),
    "a redirect to loopback": asked(
        "/loop.png",
        r"127\.0\.0\.2 \(loopback\)",
        lambda talk: to(f"http://127.0.0.2:{talk.host.port}/secret.png")(talk),
    ),
    "a redirect to ftp": asked("/ftp", r"'ftp' URL is not fetched: give http", to("ftp://a/b")),
    "a redirect to a file": asked("/file", r"'file' URL is not fetched", to("file:///etc/passwd")),
    "a redirect in a circle": asked("/round", r"in a circle: " + PLACE, to("/round")),
    "a redirect to nowhere": asked(
        "/where", r"without saying where: give another URL", says(b"", 302)
    ),
    "redirects without end": asked(
        "/on",
        r"more than 3 times \(ENGINE_FETCH__REDIRECTS\): " + PLACE,
        lambda talk: to(f"/on?{len(talk.path)}{talk.path[-9:]}")(talk),
    ),
    "a slow drip": asked(
        "/drip", r"within 5 s \(ENGINE_FETCH__TIMEOUT_S\): " + LATER, drip_body, "host-unavailable"
    ),
    "silence": asked("/hang", r"not delivered .*" + LATER, hang, "host-unavailable"),
    "an endless body": asked("/endless", LARGER, endless, "image-too-large"),
    "a gzip bomb": asked("/bomb.gz", LARGER, gzip_bomb, "image-too-large"),
    "a png bomb by url": asked(
        "/bomb.png",
        r"14,000x14,000; " + TOO_MANY_PIXELS,
        lambda talk: talk.answer(flat_png(14_000)),
        "image-too-large",
    ),
    "a length over the limit": asked("/long", LARGER, announces("9" * 18), "image-too-large"),
    "a length of 5,000 digits": asked(
        "/longer",
        r"not delivered in 2 attempts: .*" + LATER,
        announces("9" * 5_000),
        "host-unavailable",
    ),
    "a body that is cut short": asked(
        "/cut", r"in 2 attempts: .*" + LATER, cut_short, "host-unavailable"
    ),
    "no http at all": asked("/smtp", r"in 2 attempts: .*" + LATER, garbage, "host-unavailable"),
    "half a picture": asked(
        "/half",
        r"truncated or corrupt.*: send it again",
        lambda talk: talk.answer(kept("JPEG")()[:-900]),
        "bad-image",
    ),
    "an encoding that nobody asked for": asked(
        "/br",
        r"Content-Encoding 'br', which was not asked for: have the host",
        says(png(), Content_Encoding="br"),
    ),
    "a type that would move the cursor": asked(
        "/escape", r"its host says text/\\x9b2J\)", says(b"hello", Content_Type="text/\x9b2J")
    ),
    "an answer that changes to a private address": Refused(
        "http://turned.example:PORT/turned",
        r"turned\.example is at 10\.0\.0\.1 \(private\)",
        answer=says(b"", 302, Location="/again", Connection="close"),
    ),
    "a name with a private address too": Refused(
        "http://half.example:PORT/a.png", r"10\.0\.0\.1 \(private\), which is " + ALLOW
    ),
    "a name that nobody knows": Refused(
        "http://nowhere.example/a.png", r"can't be resolved: .*" + LATER, "host-unavailable"
    ),
    "a private address": Refused("http://192.168.1.1/a.png", r"192\.168\.1\.1 \(private\).*ALLOW"),
    "a private address in one number": Refused("http://167772161/a.png", r"10\.0\.0\.1|no host"),
    "a private address mapped into IPv6": Refused(
        "http://[::ffff:10.0.0.1]/a.png", r"\(IPv4-mapped\), which is " + ALLOW
    ),
    "the metadata of a cloud": Refused("http://169.254.169.254/latest/", r"metadata.*ALLOW"),
    "IPv6 loopback": Refused("http://[::1]:PORT/a.png", r"::1 \(loopback\), which is " + ALLOW),
    "a wrong port": Refused(
        "http://pins.example:22/a.png", r"port 22 .*80, 443, \d+ \(ENGINE_FETCH__PORTS\)"
    ),
    "a port that is none": Refused("http://pins.example:99999/a", r"99999 is no port: give one"),
    "a user and a password": Refused(
        "http://user:s3cret@pins.example/a.png", r"user name or password, .*: give one without"
    ),
    "a file url": Refused("file:///etc/passwd", r"'file' URL is not fetched: give http, https"),
    "an ftp url": Refused("FTP://pins.example/a.png", r"'ftp' URL is not fetched: give http"),
    "a host that is no name": Refused("http://ⓧ.example/a.png", r"the image is no URL"),
    "a label without end": Refused(
        f"http://{'x' * 70}.example/a.png", r"no host name: give one as http://host/path"
    ),
    "a url without a host": Refused("http:///a.png", r"no host name: give one as"),
    "a url without end": Refused(
        "http://pins.example/" + "x" * 3_000, r"3,020 characters.* 2,048: shorten it", "bad-pin"
    ),
}

# The addresses that name servers give, in turn; the last of them for good.
NAMES: dict[str, list[list[str]]] = {
    "pins.example": [["127.0.0.1"]],
    "xn--bcher-kva.example": [["127.0.0.1"]],
    "turns.example": [["127.0.0.1"], ["127.0.0.2"]],
    "turned.example": [["127.0.0.1"], ["10.0.0.1"]],
    "half.example": [["127.0.0.1", "10.0.0.1"]],
}


@contextmanager
def names() -> Iterator[None]:
    """Answer for all name servers; addresses are read as ever."""
    left = {name: list(answers) for name, answers in NAMES.items()}
    system = socket.getaddrinfo

    def answer(name: Any, port: Any, *rest: Any, **more: Any) -> Any:
        text = name.decode() if isinstance(name, bytes) else str(name)
        if not text.endswith(".example"):
            return system(name, port, *rest, **more)
        if text not in left:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        now = left[text].pop(0) if len(left[text]) > 1 else left[text][0]
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port or 0)) for address in now
        ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", answer)
        yield
