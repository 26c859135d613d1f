"""Callers that wait for each other are served together, and none answers for another."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

import pytest

from engine.errors import StoreFull
from engine.ingestion import gathering
from engine.ingestion.gathering import Gathering, Item
from engine.ingestion.outcome import Outcome
from engine.jsonl import BadLine
from tests.store.shards import wait_until

Bring = Callable[..., Callable[[], list[str]]]


def item(name: str) -> BadLine:
    return BadLine(name, 1, "for a test")


class Taking:
    """Answers with the names of what it takes; the first call stands until it may go on."""

    def __init__(self, refuse: str | None = None) -> None:
        self.calls: list[list[str]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self._refuse = refuse

    def __call__(self, items: Sequence[Item]) -> list[Outcome]:
        names = [each.file for each in items if isinstance(each, BadLine)]
        self.calls.append(names)
        self.begun.set()
        assert self.go_on.wait(60)
        if self._refuse in names:
            raise StoreFull("no room")
        return [Outcome(name, None, "unchanged") for name in names]


@contextmanager
def waiting(taking: Taking, gathered: Gathering) -> Iterator[Bring]:
    """Give what brings items in a thread of its own, in order; all but the first wait."""
    with ThreadPoolExecutor(16) as pool:

        def bring(*names: str) -> Callable[[], list[str]]:
            first, before = not taking.begun.is_set(), len(gathered._waiting)
            found = pool.submit(gathered.take, [item(name) for name in names])
            if first:
                assert taking.begun.wait(60)
            else:
                wait_until(lambda: len(gathered._waiting) > before)
            return lambda: [each.origin for each in found.result(60)]

        try:
            yield bring
        finally:
            taking.go_on.set()


def test_those_who_wait_are_served_together_and_in_their_order() -> None:
    taking = Taking()
    gathered = Gathering(taking, nullcontext)
    with waiting(taking, gathered) as bring:
        told = [bring("a"), bring("b", "c"), bring(), bring("d"), bring("b")]
        taking.go_on.set()
        assert [each() for each in told] == [["a"], ["b", "c"], [], ["d"], ["b"]]
    assert taking.calls == [["a"], ["b", "c", "d", "b"]]


def test_no_more_are_served_together_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST", 3)
    taking = Taking()
    gathered = Gathering(taking, nullcontext)
    with waiting(taking, gathered) as bring:
        told = [bring("a"), bring("b"), bring("c", "d"), bring("e", "f", "g", "h"), bring("i")]
        taking.go_on.set()
        assert "".join(name for each in told for name in each()) == "abcdefghi"
    assert taking.calls == [["a"], ["b", "c", "d"], ["e", "f", "g", "h"], ["i"]]


def test_who_brings_what_fails_is_the_only_one_who_hears_of_it() -> None:
    taking = Taking(refuse="c")
    gathered = Gathering(taking, nullcontext)
    with waiting(taking, gathered) as bring:
        told = [bring("a"), bring("b"), bring("c"), bring("d")]
        taking.go_on.set()
        assert [told[at]() for at in (0, 1, 3)] == [["a"], ["b"], ["d"]]
        with pytest.raises(StoreFull, match="no room"):
            told[2]()
    assert [each.origin for each in gathered.take([item("e")])] == ["e"]
    assert taking.calls == [["a"], ["b", "c", "d"], ["b"], ["c"], ["d"], ["e"]]


def test_what_is_held_is_held_while_items_are_taken_and_let_go_of_after() -> None:
    held = threading.Lock()
    seen: list[bool] = []

    def take(items: Sequence[Item]) -> list[Outcome]:
        seen.append(held.locked())
        raise StoreFull("no room")

    @contextmanager
    def holding() -> Iterator[None]:
        with held:
            yield

    gathered = Gathering(take, holding)
    with pytest.raises(StoreFull):
        gathered.take([item("a")])
    assert seen == [True]
    assert not held.locked()
