"""How often and how long a fetch tries, and how many try at once."""

import email.utils
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.errors import BadImage, HostUnavailable, UnfetchableImage
from tests.ingestion.fetch.conftest import (
    MOST,
    Make,
    hang,
    in_turn,
    reset,
    says,
)
from tests.ingestion.fetch.odd_host import OddHost, Talk, png


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
