"""When a count is believed, and when it is made again."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from engine.store.frequencies import Frequencies
from engine.store.legs import Leg, Ranked


@dataclass
class Counted:
    """Stands for an engine that only counts, and notes what it was asked."""

    points: int
    counts: dict[str, int]
    asked: list[str] = field(default_factory=list)
    tells_text: bool = False

    def run(self, legs: Sequence[Leg]) -> list[Ranked]:
        raise AssertionError(legs)

    def count(self) -> int:
        self.asked.append("all")
        return self.points

    def frequency(self, term: str, points: int) -> int:
        self.asked.append(term)
        return min(self.counts.get(term, 0), points)


def test_a_count_is_kept_while_it_is_off_by_a_hundredth_at_most() -> None:
    engine = Counted(10_000, {"common": 1_000, "rare": 50})
    frequencies = Frequencies()
    first = frequencies.idf(engine, ("common", "rare", "unseen"))
    assert engine.asked == ["all", "common", "rare", "unseen"]
    assert frequencies.idf(engine, ("common", "rare", "unseen")) == first
    assert len(engine.asked) == 4
    frequencies.wrote(10)
    frequencies.idf(engine, ("common", "rare", "unseen"))
    assert engine.asked[4:] == ["rare", "unseen"]
    frequencies.wrote(1)
    frequencies.idf(engine, ("common",))
    assert engine.asked[6:] == ["common"]
    frequencies.wrote(100)
    frequencies.idf(engine, ("common",))
    assert engine.asked[7:] == ["all", "common"]


def test_counts_of_a_shared_collection_grow_old(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr("engine.store.frequencies.time.monotonic", lambda: now)
    engine = Counted(10, {"word": 3})
    frequencies = Frequencies(max_age_s=60)
    frequencies.idf(engine, ("word",))
    now += 59
    frequencies.idf(engine, ("word",))
    assert engine.asked == ["all", "word"]
    now += 2
    frequencies.idf(engine, ("word",))
    assert engine.asked == ["all", "word", "all", "word"]


def test_no_terms_ask_nothing() -> None:
    engine = Counted(10, {})
    assert Frequencies().idf(engine, ()) == {}
    assert engine.asked == []
