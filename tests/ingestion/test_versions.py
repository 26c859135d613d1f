"""Whatever the order in which the states of a pin arrive, the newest one stays."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, permutations
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import BadPin, StaleVersion, UnknownPin
from engine.ingestion.arrivals import Arrival
from engine.pins import Pin
from engine.workspace import Workspace
from tests.ingestion.taking_in import at, gone, opened, patch, pictures, put, send, text_of, uri
from tests.tiny_encoder import TinyEncoder

NAMES = (f"pin-{number}" for number in count())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with opened(tmp_path_factory.mktemp("shared")) as workspace:
        yield workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path) as made:
        yield made


def encoded(workspace: Workspace) -> int:
    encoder = workspace.encoder
    assert isinstance(encoder, TinyEncoder)
    return encoder.images_seen


@pytest.mark.parametrize("clock", ["updated_at", "sequence"])
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    order=st.permutations(range(4)),
    deletions=st.sets(st.integers(0, 3)),
    repeated=st.lists(st.integers(0, 3), max_size=2),
)
def test_the_newest_state_stays_whatever_the_order(
    shared: Workspace, clock: str, order: list[int], deletions: set[int], repeated: list[int]
) -> None:
    name = next(NAMES)
    for number in [*order, *repeated]:
        hour, sequence = (number, None) if clock == "updated_at" else (None, number)
        if number in deletions:
            send(shared, gone(name, hour, sequence))
        else:
            send(shared, put(name, f"text {number}", hour, sequence))
    assert text_of(shared, name) == (None if 3 in deletions else "text 3")


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_one_stream_is_as_good_as_three(shared: Workspace, order: tuple[int, ...]) -> None:
    name = next(NAMES)
    send(shared, *(put(name, f"text {number}", number) for number in order))
    assert text_of(shared, name) == "text 2"


def test_an_older_state_says_why_it_changes_nothing(workspace: Workspace) -> None:
    assert send(workspace, put("a", "new", 2)) == ["added"]
    [outcome] = workspace.intake().run([put("a", "old", 1, colour="blue")])
    assert (outcome.status, outcome.error) == ("unchanged", None)
    assert isinstance(outcome.ignored, StaleVersion)
    assert "newer version" in str(outcome.reason)
    assert text_of(workspace, "a") == "new"
    assert encoded(workspace) == pictures(workspace) == 1


def test_equal_versions_are_idempotent(workspace: Workspace) -> None:
    assert send(workspace, put("a", "one", 1, 5)) == ["added"]
    assert send(workspace, put("a", "one", 1, 5), gone("b", 3), gone("b", 3)) == [
        "unchanged",
        "unchanged",
        "unchanged",
    ]
    assert encoded(workspace) == 1


def test_without_versions_the_last_to_arrive_wins(workspace: Workspace) -> None:
    assert send(workspace, put("a", "one"), put("a", "two"), gone("a")) == [
        "added",
        "updated",
        "deleted",
    ]
    assert send(workspace, put("a", "three")) == ["added"]
    assert text_of(workspace, "a") == "three"


def test_the_time_goes_before_the_sequence(workspace: Workspace) -> None:
    assert send(workspace, put("a", "late edit", 5, 1), put("a", "early edit", 4, 2)) == [
        "added",
        "stale-version",
    ]
    assert send(workspace, put("a", "same time", 5, 2), put("a", "again", 5, 1)) == [
        "updated",
        "stale-version",
    ]


def test_what_has_no_version_does_not_open_the_way_for_older_states(workspace: Workspace) -> None:
    send(workspace, put("a", "one", 5, 5), put("a", "two"))
    assert text_of(workspace, "a") == "two"
    assert send(workspace, put("a", "old", 4), put("a", "older", None, 4)) == ["stale-version"] * 2
    send(workspace, gone("a"))
    assert send(workspace, put("a", "old", 5)) == ["stale-version"]
    assert send(workspace, put("a", "new", 6)) == ["added"]


def test_a_newer_sequence_of_the_same_state_is_remembered(workspace: Workspace) -> None:
    send(workspace, put("a", "one", None, 1))
    send(workspace, put("a", "one", None, 3))
    assert send(workspace, put("a", "two", None, 2)) == ["stale-version"]
    assert encoded(workspace) == 1


def test_a_deletion_may_come_before_its_pin(workspace: Workspace) -> None:
    assert send(workspace, gone("a", 2), put("a", "old", 1), put("a", "same", 2)) == [
        "unchanged",
        "stale-version",
        "stale-version",
    ]
    assert send(workspace, gone("a", 1)) == ["stale-version"]
    assert send(workspace, put("a", "new", 3)) == ["added"]
    assert workspace.removals.tombstones(["a"]) == {}
    assert send(workspace, gone("a", 2)) == ["stale-version"]
    assert text_of(workspace, "a") == "new"


def test_a_tombstone_outlives_the_process_and_then_its_time(tmp_path: Path) -> None:
    with opened(tmp_path) as workspace:
        send(workspace, put("a", "text", 1), gone("a", 2))
    with opened(tmp_path) as workspace:
        assert send(workspace, put("a", "text", 1)) == ["stale-version"]
    with opened(tmp_path, keep_deleted_days=0) as workspace:
        assert send(workspace, put("a", "text", 1)) == ["added"]


def test_nobody_can_lock_a_pin_with_a_time_to_come(workspace: Workspace) -> None:
    ahead = datetime.now(UTC) + timedelta(days=400)
    pin = Pin("a", uri("red"), updated_at=ahead)
    [outcome] = workspace.intake().run([Arrival(pin, None, "a")])
    assert outcome.status == "rejected"
    assert "ENGINE_VERSIONS__MAX_AHEAD_S" in str(outcome.reason)
    send(workspace, put("a", "text"))
    assert send(workspace, patch("a", updated_at=ahead.isoformat())) == ["bad-pin"]
    with pytest.raises(BadPin, match="ahead"):
        workspace.delete("a", updated_at=ahead)
    assert text_of(workspace, "a") == "text"


def test_a_patch_of_words_leaves_the_picture_alone(workspace: Workspace) -> None:
    send(workspace, put("a", "red thing", 1, board_title="Board", attributes={"x": "1", "y": "2"}))
    before = workspace.collection.get(["a"])["a"]
    outcome = workspace.patch(
        "a", {"description": "Scarlet lamps", "board_title": None, "attributes": {"x": None}}
    )
    assert outcome.status == "updated"
    after = workspace.collection.get(["a"])["a"]
    assert after.description_terms == "scarlet lamp"
    assert (after.pin.board_title, after.board_terms) == (None, "")
    assert dict(after.pin.attributes) == {"y": "2"}
    assert (after.pin.image, after.image_key) == (before.pin.image, before.image_key)
    np.testing.assert_array_equal(after.vector, before.vector)
    assert encoded(workspace) == pictures(workspace) == 1


def test_a_patched_pin_equals_the_same_pin_sent_whole(workspace: Workspace) -> None:
    send(workspace, put("a", "one", 1), patch("a", description="two", updated_at="2026-01-01T02Z"))
    assert send(workspace, put("a", "two", 2)) == ["unchanged"]


def test_a_patch_of_the_picture_keeps_the_words(workspace: Workspace) -> None:
    send(workspace, put("a", "a thing", 1, board_title="Board"))
    assert workspace.patch("a", {"image": uri("blue")}).status == "updated"
    record = workspace.collection.get(["a"])["a"]
    assert (record.pin.description, record.pin.board_title) == ("a thing", "Board")
    assert float(record.vector @ TinyEncoder().encode_texts(["blue"])[0]) > 0.99
    assert (encoded(workspace), pictures(workspace)) == (2, 1)


def test_a_pin_may_be_sent_back_as_it_is_shown(workspace: Workspace) -> None:
    send(workspace, put("a", "one"))
    image = workspace.collection.get(["a"])["a"].pin.image
    assert image.startswith("sha256:")
    assert workspace.patch("a", {"id": "a", "image": image, "description": "two"}).error is None
    assert text_of(workspace, "a") == "two"


@pytest.mark.parametrize(
    "changes",
    [{"id": "b"}, {"image": None}, {"price": "dear"}, {"updated_at": 5}, {"updated_at": "soon"}],
)
def test_a_bad_patch_changes_nothing(workspace: Workspace, changes: dict[str, object]) -> None:
    send(workspace, put("a", "one"))
    before = workspace.collection.facts(["a"])
    outcome = workspace.patch("a", changes)
    assert isinstance(outcome.error, BadPin)
    assert workspace.collection.facts(["a"]) == before


def test_patches_keep_to_the_order_too(workspace: Workspace) -> None:
    assert send(workspace, patch("a", description="x")) == ["unknown-pin"]
    assert send(
        workspace,
        put("a", "one", None, 1),
        patch("a", 3, description="three"),
        patch("a", 2, description="two"),
        gone("a", None, 5),
        patch("a", 4, description="four"),
    ) == ["added", "updated", "stale-version", "deleted", "stale-version"]


def test_one_deletes_by_hand(workspace: Workspace) -> None:
    with pytest.raises(UnknownPin):
        workspace.delete("a")
    workspace.delete("a", updated_at=at(3))
    send(workspace, put("a", "old", 2), put("a", "new", 4))
    with pytest.raises(StaleVersion, match="newer version"):
        workspace.delete("a", updated_at=at(3))
    workspace.delete("a")
    assert text_of(workspace, "a") is None
    with pytest.raises(UnknownPin):
        workspace.delete("a")


def test_one_look_per_window_decides_for_all(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(workspace, gone("other", 1))
    facts = Mock(wraps=workspace.collection.facts)
    tombstones = Mock(wraps=workspace.removals.tombstones)
    monkeypatch.setattr(workspace.collection, "facts", facts)
    monkeypatch.setattr(workspace.removals, "tombstones", tombstones)
    send(workspace, *(put(f"p{number}", "text", 1) for number in range(64)))
    assert facts.call_count == tombstones.call_count == 1
    assert len(facts.call_args.args[0]) == 64
