"""Pictures that are fetched ahead, in bounds, past hosts that are slow."""

import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from engine.errors import HostUnavailable
from engine.ingestion.lookahead import Lookahead

MOST = 100


class Hosts:
    """Hosts that answer once they may; those named `quick` always may."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.finished: Counter[str] = Counter()
        self.open = threading.Event()
        self.changed = threading.Condition()

    def fetch(self, url: str, max_bytes: int) -> bytes:
        with self.changed:
            self.started.append(url)
            self.changed.notify_all()
        if "quick" not in url:
            assert self.open.wait(5)
        with self.changed:
            self.finished[url] += 1
            self.changed.notify_all()
        if "bad" in url:
            raise HostUnavailable(url)
        return url.encode()

    def until(self, *, started: int) -> list[str]:
        """Wait for so many fetches to have started; return all that have."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.started) >= started, 5)
            return list(self.started)


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    hosts = Hosts()
    yield hosts
    hosts.open.set()


def urls(host: str, count: int) -> list[str]:
    return [f"http://{host}/{number}.png" for number in range(count)]


def ahead(hosts: Hosts, parallel: int = 4, per_host: int = 2, held: int = 32) -> Lookahead:
    return Lookahead(hosts.fetch, MOST, parallel=parallel, per_host=per_host, held=held)


def test_pictures_come_in_any_order_asked_for(hosts: Hosts) -> None:
    given = urls("quick.example", 20)
    one = ahead(hosts)
    one.prepare(given)
    for url in reversed(given):
        assert one.take(url, MOST) == url.encode()
    assert hosts.finished == Counter(given)
    one.close()


def test_a_slow_host_lets_others_pass(hosts: Hosts) -> None:
    slow, quick = urls("slow.example", 30), urls("quick.example", 30)
    one = ahead(hosts)
    one.prepare(slow + quick)
    for url in quick:
        assert one.take(url, MOST) == url.encode()
    assert sum("slow" in url for url in hosts.started) == 2
    hosts.open.set()
    assert [one.take(url, MOST) for url in slow] == [url.encode() for url in slow]
    assert hosts.finished == Counter(slow + quick)
    one.close()


def test_no_more_run_than_may(hosts: Hosts) -> None:
    given = [f"http://host{number}.example/a.png" for number in range(20)]
    one = ahead(hosts, parallel=3)
    one.prepare(given)
    assert len(hosts.until(started=3)) == 3
    hosts.open.set()
    assert [one.take(url, MOST) for url in given] == [url.encode() for url in given]
    one.close()


def test_what_lies_ready_is_bounded(hosts: Hosts) -> None:
    given = urls("quick.example", 20)
    one = ahead(hosts, held=5)
    one.prepare(given)
    hosts.until(started=5)
    one.take(given[0], MOST)
    one.take(given[1], MOST)
    hosts.until(started=7)
    # The last one has not begun, so whoever needs it fetches it without waiting for a place.
    assert one.take(given[-1], MOST) == given[-1].encode()
    assert len(hosts.started) == 8
    one.forget(given[2:-1])
    assert sum(hosts.finished.values()) < 20
    one.close()


def test_the_same_url_twice_is_two_pictures(hosts: Hosts) -> None:
    (url,) = urls("quick.example", 1)
    one = ahead(hosts)
    one.prepare([url, url])
    assert [one.take(url, MOST) for _ in range(2)] == [url.encode()] * 2
    assert hosts.finished[url] == 2
    one.close()


def test_what_was_not_prepared_is_fetched(hosts: Hosts) -> None:
    (url,) = urls("quick.example", 1)
    one = ahead(hosts)
    assert one.take(url, MOST) == url.encode()
    one.close()
    assert one.take(url, MOST) == url.encode()


def test_another_limit_is_another_fetch(hosts: Hosts) -> None:
    (url,) = urls("quick.example", 1)
    one = ahead(hosts)
    one.prepare([url])
    hosts.until(started=1)
    assert one.take(url, MOST - 1) == url.encode()
    assert hosts.finished[url] == 2
    one.close()


def test_errors_reach_the_one_who_takes(hosts: Hosts) -> None:
    given = ["http://quick.bad.example/a.png", "http://[quick/", "http://quick.example/b.png"]
    one = ahead(hosts)
    one.prepare(given)
    with pytest.raises(HostUnavailable, match="bad"):
        one.take(given[0], MOST)
    assert one.take(given[1], MOST) == given[1].encode()
    assert one.take(given[2], MOST) == given[2].encode()
    one.close()


def test_closing_starts_nothing_more(hosts: Hosts) -> None:
    one = Lookahead(hosts.fetch, MOST, parallel=1, per_host=1, stop=hosts.open.set)
    one.prepare(urls("slow.example", 5))
    hosts.until(started=1)
    one.close()
    assert len(hosts.started) == 1
    assert hosts.finished.total() == 1
