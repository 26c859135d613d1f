"""Pictures from hosts that misbehave in every way that a host can."""

import email.utils
import gzip
import io
import re
import socket
import ssl
import struct
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import ip_network

import pytest
import trustme

from engine.errors import BadImage, HostUnavailable, ImageTooLarge, UnfetchableImage
from engine.ingestion.fetch import Fetcher, FetchRules
from engine.ingestion.pinned import Resolve, resolve
from tests.ingestion.odd_host import OddHost, Talk, odd_host, png

MOST = 200_000
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and is quickly made
RULES = FetchRules(
    allowed=(ip_network("127.0.0.1/32"),),
    ports=None,
    timeout_s=5.0,
    idle_timeout_s=2.0,
    backoff_s=0.001,
)


@pytest.fixture
def host() -> Iterator[OddHost]:
    with odd_host() as host:
        yield host


Make = Callable[..., Fetcher]


@pytest.fixture
def fetcher() -> Iterator[Make]:
    """Makes fetchers for which every name is on this machine."""
    with ExitStack() as stack:

        def make(
            resolver: Resolve | None = None,
            tls: ssl.SSLContext | None = None,
            wait: Callable[[float], object] | None = None,
            rules: FetchRules = RULES,
            **changed: object,
        ) -> Fetcher:
            made = Fetcher(
                replace(rules, **changed),  # type: ignore[arg-type]
                resolver=resolver or (lambda *_: ["127.0.0.1"]),
                tls=tls or NO_TLS,
                wait=wait,
            )
            stack.callback(made.close)
            return made

        yield make


def in_turn(*answers: Callable[[Talk], None]) -> Callable[[Talk], None]:
    """Answer each request with the next of these, the last of them for good."""
    left = list(answers)

    def answer(talk: Talk) -> None:
        now = left.pop(0) if len(left) > 1 else left[0]
        now(talk)

    return answer


def says(body: bytes = b"", status: int = 200, **headers: str) -> Callable[[Talk], None]:
    return lambda talk: talk.answer(body, status, **headers)


def to(location: str, status: int = 302) -> Callable[[Talk], None]:
    return says(b"moved", status, Location=location)


def reset(talk: Talk) -> None:
    """Break the connection off the hard way."""
    talk.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionAbortedError


def hang(talk: Talk) -> None:
    talk.host.stopping.wait(10)


# What goes well


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
        ("gzip", gzip.compress(png())),
        ("X-GZip", gzip.compress(png())),
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


# Where it may go


@pytest.mark.parametrize(
    "name",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "localhost",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_addresses_that_are_not_public(name: str, host: OddHost, fetcher: Make) -> None:
    one = fetcher(resolve, allowed=())
    with pytest.raises(
        UnfetchableImage, match=r"not connected to.*ENGINE_FETCH__ALLOW|Invalid IPv4"
    ):
        one.fetch(host.url("/a.png", name), MOST)
    assert not host.connections


@pytest.mark.parametrize("target", ["10.0.0.1", "169.254.169.254", "127.0.0.2", "[::1]"])
def test_a_redirect_is_checked_like_any_other(target: str, host: OddHost, fetcher: Make) -> None:
    with odd_host(address="127.0.0.2") as inside:
        inside.answers["/secret"] = says(png())
        host.answers["/a.png"] = to(f"http://{target}:{inside.port}/secret")
        one = fetcher(lambda name, port: resolve("127.0.0.1" if "pins" in name else name, port))
        with pytest.raises(UnfetchableImage, match="not connected to"):
            one.fetch(host.url("/a.png"), MOST)
        assert not inside.connections


def test_a_name_is_resolved_once_for_a_connection(
    host: OddHost, fetcher: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was checked is what is connected to: no other part asks for the name again."""
    system, asked = socket.getaddrinfo, []

    def watched(name: str, *rest: object, **more: object) -> object:
        asked.append(name)
        return system(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    host.answers["/a.png"] = says(png())
    answers = [["127.0.0.1"], ["127.0.0.2"]]
    one = fetcher(lambda *_: answers.pop(0))
    assert one.fetch(host.url("/a.png"), MOST) == png()
    assert asked == ["127.0.0.1"]
    assert len(answers) == 1


def test_an_answer_that_changes_is_checked_again(host: OddHost, fetcher: Make) -> None:
    host.answers["/a.png"] = says(png(), Connection="close")
    answers = [["127.0.0.1"], ["127.0.0.2"]]
    one = fetcher(lambda *_: answers.pop(0))
    assert one.fetch(host.url("/a.png"), MOST) == png()
    with pytest.raises(UnfetchableImage, match=r"127\.0\.0\.2 \(loopback\)"):
        one.fetch(host.url("/a.png"), MOST)


def test_an_answer_that_changes_between_attempts_is_checked_again(
    host: OddHost, fetcher: Make
) -> None:
    host.answers["/a.png"] = reset
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    with pytest.raises(UnfetchableImage, match=r"10\.0\.0\.1 \(private\)"):
        fetcher(lambda *_: answers.pop(0)).fetch(host.url("/a.png"), MOST)


@pytest.mark.parametrize("order", [["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"]])
def test_one_refused_address_is_enough(order: list[str], host: OddHost, fetcher: Make) -> None:
    with pytest.raises(UnfetchableImage, match=r"10\.0\.0\.1"):
        fetcher(lambda *_: order).fetch(host.url("/a.png"), MOST)
    assert not host.connections


def test_the_next_address_is_tried(host: OddHost, fetcher: Make) -> None:
    host.answers["/a.png"] = says(png())
    allowed = (ip_network("127.0.0.0/8"),)
    one = fetcher(lambda *_: ["127.0.0.9", "127.0.0.1"], allowed=allowed, attempts=1)
    assert one.fetch(host.url("/a.png"), MOST) == png()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://pins.example/a.png", "'ftp' URL is not fetched"),
        ("file:///etc/passwd", "'file' URL is not fetched"),
        ("gopher://127.0.0.1/", "'gopher' URL is not fetched"),
        ("http://user:s3cret@pins.example/a.png", "user name or password"),
        ("http://user@pins.example/a.png", "user name or password"),
        ("http:///a.png", "no host name"),
        ("http://a b/c.png", "no host name"),
        ("http://[fe80::1%25eth0]/", "no host name"),
        ("http://[::1/", "no URL"),
        ("http://pins.example:99999999/", "no port"),
        ("http://pins.example:0/", "no port"),
        ("http://pins.exa\tmple/a.png", "no URL"),
        ("http://ⓧ.example/", "no URL"),
        ("http://pins.example/\x00", "no URL"),
        (f"http://pins.example/{'x' * 9_000}", "9,020 characters"),
        ("http://pins.example:22/a.png", r"port 22 .*80, 443 \(ENGINE_FETCH__PORTS\)"),
    ],
)
def test_urls_that_are_refused(url: str, message: str, fetcher: Make) -> None:
    def unasked(*_: object) -> Sequence[str]:
        pytest.fail("it was resolved")

    with pytest.raises(UnfetchableImage, match=message) as caught:
        fetcher(unasked, ports=frozenset({80, 443})).fetch(url, MOST)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int, host: OddHost, fetcher: Make) -> None:
    host.answers |= {
        "/deep/a.png": to("../b.png", status),
        "/b.png": to("//other.example:PORT/c.png".replace("PORT", str(host.port)), status),
        "/c.png": to("/ä.png?x=1", status),
        "/%C3%A4.png": says(png()),
    }
    assert fetcher().fetch(host.url("/deep/a.png"), MOST) == png()
    assert host.paths() == ["/deep/a.png", "/b.png", "/c.png", "/%C3%A4.png?x=1"]
    names = [talk.headers["host"].partition(":")[0] for talk in host.asked]
    assert names == ["pins.example"] * 2 + ["other.example"] * 2


def test_redirects_in_a_circle(host: OddHost, fetcher: Make) -> None:
    host.answers |= {"/a": to("/b"), "/b": to("/a")}
    with pytest.raises(UnfetchableImage, match="circle"):
        fetcher().fetch(host.url("/a"), MOST)
    assert host.paths() == ["/a", "/b"]


def test_redirects_without_end(host: OddHost, fetcher: Make) -> None:
    host.answers["/a"] = lambda talk: to(f"/a?{len(talk.host.asked)}")(talk)
    with pytest.raises(UnfetchableImage, match=r"more than 2 times \(ENGINE_FETCH__REDIRECTS\)"):
        fetcher(redirects=2).fetch(host.url("/a"), MOST)
    assert len(host.asked) == 3


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("file:///etc/passwd", "'file'"),
        ("data:image/png;base64,AAAA", "'data'"),
        ("http://user:pass@pins.example/", "user name"),
        ("http://[::1", "no URL"),
        ("", "without saying where"),
        ("http://pins.example:6379/", "port 6379"),
    ],
)
def test_redirects_to_what_is_not_fetched(
    location: str, message: str, host: OddHost, fetcher: Make
) -> None:
    host.answers["/a"] = to(location)
    with pytest.raises(UnfetchableImage, match=message):
        fetcher(ports=frozenset({host.port})).fetch(host.url("/a"), MOST)


# What comes back


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


# Again or not


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int, host: OddHost, fetcher: Make) -> None:
    host.answers["/a.png"] = in_turn(says(b"later", status), says(png()))
    assert fetcher().fetch(host.url("/a.png"), MOST) == png()
    assert len(host.asked) == 2


@pytest.mark.parametrize("status", [204, 304, 400, 401, 403, 404, 410, 451, 501, 505])
def test_what_will_not_pass_is_not_tried_again(status: int, host: OddHost, fetcher: Make) -> None:
    host.answers["/a.png"] = says(b"", status)
    with pytest.raises(UnfetchableImage, match=f"answers {status}"):
        fetcher().fetch(host.url("/a.png"), MOST)
    assert len(host.asked) == 1


def test_attempts_are_counted(host: OddHost, fetcher: Make) -> None:
    waits: list[float] = []
    host.answers["/a.png"] = says(b"", 503)
    with pytest.raises(HostUnavailable, match="in 4 attempts: its host answers 503: try again"):
        fetcher(wait=waits.append, attempts=4, backoff_s=0.1).fetch(host.url("/a.png"), MOST)
    assert len(host.asked) == 4
    assert len(waits) == 3
    for number, wait in enumerate(waits):
        assert 0.05 * 2**number <= wait <= 0.1 * 2**number


def test_a_host_is_given_the_time_that_it_asks_for(host: OddHost, fetcher: Make) -> None:
    waits: list[float] = []
    soon = email.utils.formatdate(time.time() + 4, usegmt=True)
    host.answers["/a.png"] = in_turn(
        says(b"", 429, Retry_After="3"),
        says(b"", 503, Retry_After=soon),
        says(b"", 503, Retry_After="when it suits"),
        says(png()),
    )
    one = fetcher(wait=waits.append, attempts=4, timeout_s=60.0)
    assert one.fetch(host.url("/a.png"), MOST) == png()
    assert waits[0] == 3.0
    assert 1.0 < waits[1] <= 4.0
    assert waits[2] < 1.0


@pytest.mark.parametrize("asked", ["3600", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_nobody_is_waited_for_without_end(asked: str, host: OddHost, fetcher: Make) -> None:
    waits: list[float] = []
    host.answers["/a.png"] = says(b"", 429, Retry_After=asked)
    with pytest.raises(HostUnavailable, match="answers 429, and the next attempt is"):
        fetcher(wait=waits.append).fetch(host.url("/a.png"), MOST)
    assert not waits
    assert len(host.asked) == 1


def garbage(talk: Talk) -> None:
    talk.send(b"220 mail.example ESMTP\r\n")
    talk.connection.shutdown(socket.SHUT_RDWR)


def endless_head(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        talk.send(b"X-More: " + b"x" * 1_000 + b"\r\n")


def cut_short(talk: Talk) -> None:
    talk.answer(png()[:30], length=len(png()))
    talk.connection.shutdown(socket.SHUT_RDWR)


def no_answer(talk: Talk) -> None:
    talk.connection.shutdown(socket.SHUT_RDWR)


BROKEN = [reset, cut_short, no_answer, garbage, endless_head]


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_connections_are_made_again(
    broken: Callable[[Talk], None], host: OddHost, fetcher: Make
) -> None:
    host.answers["/a.png"] = in_turn(broken, says(png()))
    assert fetcher().fetch(host.url("/a.png"), MOST) == png()


@pytest.mark.parametrize("broken", BROKEN)
def test_connections_that_always_break(
    broken: Callable[[Talk], None], host: OddHost, fetcher: Make
) -> None:
    host.answers["/a.png"] = broken
    with pytest.raises(HostUnavailable, match="in 3 attempts"):
        fetcher().fetch(host.url("/a.png"), MOST)
    assert len(host.asked) == 3


def test_a_host_that_is_not_there(fetcher: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(HostUnavailable, match=rf"http://pins\.example:{port}/a\.png .*refused"):
        fetcher().fetch(f"http://pins.example:{port}/a.png", MOST)


def test_a_name_that_leads_nowhere(fetcher: Make) -> None:
    def unknown(*_: object) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(HostUnavailable, match="can't be resolved"):
        fetcher(unknown).fetch("http://nowhere.example/a.png", MOST)
    with pytest.raises(HostUnavailable, match="no address"):
        fetcher(lambda *_: []).fetch("http://nowhere.example/a.png", MOST)


# Time


def drip_body(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not talk.host.stopping.wait(0.02):
        talk.send(b"\0")


def drip_head(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not talk.host.stopping.wait(0.02):
        talk.send(b"x")


@pytest.mark.parametrize("drip", [drip_body, drip_head])
def test_a_slow_drip_is_cut_off(drip: Callable[[Talk], None], host: OddHost, fetcher: Make) -> None:
    host.answers["/a.png"] = drip
    with pytest.raises(HostUnavailable, match=r"within 0\.3 s \(ENGINE_FETCH__TIMEOUT_S\)"):
        fetcher(timeout_s=0.3).fetch(host.url("/a.png"), MOST)
    assert len(host.asked) == 1


def test_silence_is_tried_again_while_there_is_time(host: OddHost, fetcher: Make) -> None:
    host.answers["/a.png"] = in_turn(hang, says(png()))
    assert fetcher(idle_timeout_s=0.1).fetch(host.url("/a.png"), MOST) == png()
    host.answers["/b.png"] = hang
    with pytest.raises(HostUnavailable, match=r"in 2 attempts: (timed out|nothing came)"):
        fetcher(idle_timeout_s=0.1, attempts=2).fetch(host.url("/b.png"), MOST)


def test_a_name_server_that_does_not_answer(fetcher: Make) -> None:
    asked = threading.Event()

    def silent(*_: object) -> list[str]:
        asked.wait(5)
        return []

    try:
        with pytest.raises(HostUnavailable, match="no name server"):
            fetcher(silent, idle_timeout_s=0.1, attempts=1).fetch("http://a.example/", MOST)
    finally:
        asked.set()


def test_stopping_wakes_who_waits(host: OddHost, fetcher: Make) -> None:
    host.answers["/a.png"] = hang
    one = fetcher(timeout_s=60.0, idle_timeout_s=60.0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(one.fetch, host.url("/a.png"), MOST)
        while not host.asked:
            assert not waiting.done()
        one.close()
        with pytest.raises(HostUnavailable, match="stopping"):
            waiting.result(5)
    with pytest.raises(HostUnavailable, match="stopping"):
        one.fetch(host.url("/a.png"), MOST)
    assert len(host.asked) == 1


# Many at once


def test_a_host_is_asked_by_few_at_once(host: OddHost, fetcher: Make) -> None:
    def unhurried(talk: Talk) -> None:
        talk.host.stopping.wait(0.02)
        talk.answer(png())

    host.answers["/a.png"] = unhurried
    one = fetcher(per_host=2)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(one.fetch, host.url("/a.png"), MOST) for _ in range(16)]
        assert [each.result() for each in asked] == [png()] * 16
    assert host.most_at_once == 2


def test_waiting_for_a_place_takes_no_time_off(host: OddHost, fetcher: Make) -> None:
    def unhurried(talk: Talk) -> None:
        talk.host.stopping.wait(0.15)
        talk.answer(png())

    host.answers["/a.png"] = unhurried
    one = fetcher(per_host=1, timeout_s=0.4, attempts=1)
    with ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(one.fetch, host.url("/a.png"), MOST) for _ in range(5)]
        assert [each.result() for each in asked] == [png()] * 5


def test_one_host_does_not_hold_up_another(host: OddHost, fetcher: Make) -> None:
    host.answers |= {"/slow.png": hang, "/a.png": says(png())}
    one = fetcher(per_host=1)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(one.fetch, host.url("/slow.png", "slow.example"), MOST)
        while not host.asked:
            assert not slow.done()
        assert one.fetch(host.url("/a.png", "quick.example"), MOST) == png()
        assert not slow.done()
        one.close()
        assert isinstance(slow.exception(5), BadImage)


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def serving(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_tls_asks_for_the_name_at_the_address_that_was_checked(
    authority: trustme.CA, fetcher: Make
) -> None:
    names: list[str] = []
    context = serving(authority, "bücher.example")
    context.sni_callback = lambda _, name, __: names.append(name)
    with odd_host(context) as host:
        host.answers["/a.png"] = says(png())
        one = fetcher(tls=trusting(authority))
        assert one.fetch(host.url("/a.png", "bücher.example", "https"), MOST) == png()
        assert names == ["xn--bcher-kva.example"]
        assert host.asked[0].headers["host"] == f"xn--bcher-kva.example:{host.port}"


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1"])
def test_a_certificate_for_another_name(name: str, authority: trustme.CA, fetcher: Make) -> None:
    with odd_host(serving(authority, "pins.example")) as host:
        one = fetcher(tls=trusting(authority))
        with pytest.raises(UnfetchableImage, match=rf"{re.escape(name)} shows no.*mismatch"):
            one.fetch(host.url("/a.png", name, "https"), MOST)
        assert not host.asked


def test_a_certificate_that_nobody_vouches_for(authority: trustme.CA, fetcher: Make) -> None:
    with odd_host(serving(authority, "pins.example")) as host:
        with pytest.raises(UnfetchableImage, match="shows no valid certificate"):
            fetcher().fetch(host.url("/a.png", scheme="https"), MOST)
        assert not host.asked
