"""Where a fetch may go, whatever names, name servers, redirects and certificates say."""

import re
import socket
from collections.abc import Sequence
from ipaddress import ip_network

import pytest
import trustme

from engine.errors import UnfetchableImage
from engine.ingestion.pinned import resolve
from tests.ingestion.fetch.conftest import MOST, Make, reset, says, serving, to, trusting
from tests.ingestion.fetch.odd_host import OddHost, odd_host, png


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
