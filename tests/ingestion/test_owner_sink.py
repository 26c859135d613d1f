"""A worker beside `engine serve`: what it hands to the owner ends as if it wrote it itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.access import Remote, reach
from engine.errors import HostUnavailable, StaleVersion, UnknownPin
from engine.ingestion.admission import Change
from engine.ingestion.arrivals import Arrival
from engine.ingestion.changes import Deletion, Patch
from engine.ingestion.worker import Job, Kind, Settled, work
from engine.pins import Pin
from engine.settings import load_settings
from engine.working import OwnerSink
from tests.ingestion.taking_in import gone, patch, put
from tests.serving.process import served


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    folder = tmp_path_factory.mktemp("owned")
    fetch = {"ALLOW": "127.0.0.1", "PORTS": "any", "ATTEMPTS": "1"}
    settings = {f"ENGINE_FETCH__{name}": value for name, value in fetch.items()}
    with served(folder, **settings), reach(load_settings(data=folder)) as access:
        assert isinstance(access, Remote)
        yield access


@pytest.fixture
def sink(remote: Remote, tmp_path: Path) -> OwnerSink:
    return OwnerSink(remote, load_settings(data=tmp_path))


def job(item: Change) -> Job:
    kind: Kind = "patch" if isinstance(item, Patch) else "upsert"
    return Job("delete" if isinstance(item, Deletion) else kind, item.origin, item.origin, {}, item)


def settled(sink: OwnerSink, *items: Change) -> list[Settled]:
    return work([job(item) for item in items], sink)


def test_a_host_that_is_away_is_worth_another_attempt(sink: OwnerSink) -> None:
    away = Arrival(Pin("away", "http://127.0.0.1:1/a.png"), None, "away")
    refused = Arrival(Pin("refused", "http://10.0.0.1/a.png"), None, "refused")
    first, second, third = settled(sink, away, refused, put("good"))
    assert (first.status, type(first.error)) == ("failed", HostUnavailable)
    assert second.status == "rejected"
    assert third.status == "added"


def test_the_numbers_of_the_stream_reach_the_owner(sink: OwnerSink, remote: Remote) -> None:
    assert [each.status for each in settled(sink, put("a", "new", sequence=7))] == ["added"]
    late = settled(
        sink,
        put("a", "old", sequence=5),
        patch("a", 6, description="older"),
        gone("a", sequence=4),
    )
    assert [(each.status, each.error) for each in late] == [("unchanged", None)] * 3
    assert remote.get("a")["description"] == "new"
    [outcome] = sink.take([put("a", "old", sequence=5)])
    assert isinstance(outcome.ignored, StaleVersion)
    assert [each.status for each in settled(sink, gone("a", sequence=8))] == ["deleted"]
    assert [each.status for each in settled(sink, put("a", "old", sequence=7))] == ["unchanged"]
    with pytest.raises(UnknownPin):
        remote.get("a")


def test_the_time_of_a_deletion_reaches_the_owner(sink: OwnerSink, remote: Remote) -> None:
    first = settled(sink, put("b", "new", hour=5), gone("b", hour=4), gone("c", hour=4))
    assert [each.status for each in first] == ["added", "unchanged", "deleted"]
    assert remote.get("b")["description"] == "new"
    assert [each.status for each in settled(sink, put("c", "old", hour=3))] == ["unchanged"]


def test_without_numbers_the_later_arrival_counts(sink: OwnerSink, remote: Remote) -> None:
    told = settled(sink, put("d", "one"))
    told += settled(sink, put("d", "two", colour="blue"), gone("never"))
    assert [each.status for each in told] == ["added", "updated", "unchanged"]
    assert remote.get("d")["description"] == "two"


def test_copies_are_told_of(sink: OwnerSink) -> None:
    outcomes = sink.take([put("first", colour="pink"), put("copy", colour="pink")])
    assert [each.duplicate_of for each in outcomes] == [None, "first"]
