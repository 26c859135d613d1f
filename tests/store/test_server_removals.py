"""Removals on a server do what the file does: the same calls, the same answers, in any order."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient, models

from engine.store.removals import Removals, RemovalsFile
from engine.store.server_removals import ServerRemovals
from engine.store.versions import Version

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")

NAMES = st.lists(st.sampled_from("abc"), unique=True, max_size=3)
VERSIONS = st.builds(
    Version, st.none() | st.integers(0, 2**53), st.none() | st.integers(0, 2**63 - 1)
)
STEPS = st.one_of(
    st.tuples(st.just("bury"), st.dictionaries(st.sampled_from("abc"), VERSIONS), NAMES),
    st.tuples(st.just("finish"), NAMES, NAMES),
    st.tuples(st.just("lift"), NAMES),
    st.tuples(
        st.just("take_down"),
        st.sampled_from(["pin", "picture"]),
        st.sampled_from("abc"),
        st.sampled_from(["", "spam"]),
    ),
    st.tuples(st.just("finish_takedown"), st.sampled_from(["pin", "picture"]), st.just("a")),
    st.tuples(st.just("reinstate"), st.sampled_from(["pin", "picture"]), st.sampled_from("abc")),
)


def told(removals: Removals) -> Any:
    """Return all that can be asked, less the times."""
    left = removals.unfinished()
    return (
        removals.tombstones("abc"),
        removals.graves(),
        removals.taken_down("pin", "abc"),
        removals.taken_down("picture", "abc"),
        {(each.kind, each.value, each.reason) for each in removals.takedowns()},
        left.tombstones,
        left.pictures,
        {(each.kind, each.value) for each in left.takedowns},
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_both_say_the_same_after_the_same(steps: list[tuple[Any, ...]]) -> None:
    server = ServerRemovals(QdrantClient(":memory:"), "pins")
    with closing(RemovalsFile()) as file:
        for name, *arguments in steps:
            ours: Callable[..., object] = getattr(server, name)
            theirs: Callable[..., object] = getattr(file, name)
            assert ours(*arguments) == theirs(*arguments)
            assert told(server) == told(file)


def test_another_process_finds_them_and_many_are_asked_at_once() -> None:
    client = QdrantClient(":memory:")
    graves = {f"p{number}": Version(number) for number in range(1_200)}
    ServerRemovals(client, "pins").bury(graves)
    other = ServerRemovals(client, "pins")
    assert other.tombstones([*graves, "none"]) == graves
    assert ServerRemovals(client, "others").tombstones(graves) == {}


def test_a_tombstone_is_forgotten_in_time() -> None:
    client = QdrantClient(":memory:")
    ServerRemovals(client, "pins").bury({"old": Version(1), "unfinished": Version(2)})
    ServerRemovals(client, "pins").finish(["old"])
    later = ServerRemovals(client, "pins", kept=timedelta(seconds=-1))
    assert later.tombstones(["old", "unfinished"]) == {}
    later.bury({"new": Version(3)})
    assert ServerRemovals(client, "pins").tombstones(["old", "unfinished", "new"]) == {
        "unfinished": Version(2),
        "new": Version(3),
    }


def test_all_that_is_read_is_agreed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """One copy that is behind must not let a pin come back, nor leave one out of a list."""
    client = QdrantClient(":memory:")
    removals = ServerRemovals(client, "pins")
    removals.bury({"a": Version(1)})
    agreed: list[Any] = []
    for name in ("retrieve", "scroll"):
        read = getattr(client, name)

        def asked(*args: Any, read: Callable[..., Any] = read, **given: Any) -> Any:
            agreed.append(given.get("consistency"))
            return read(*args, **given)

        monkeypatch.setattr(client, name, asked)
    told(removals)
    assert len(agreed) >= 6
    assert set(agreed) == {models.ReadConsistencyType.MAJORITY}
