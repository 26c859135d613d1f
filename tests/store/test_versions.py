"""Versions: an order where they share a clock, and none where they do not."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadPin
from engine.store.versions import Age, Version, require_plausible, version

numbers = st.none() | st.integers(0, 3)
versions = st.builds(Version, numbers, numbers)
OPPOSITE = {Age.OLDER: Age.NEWER, Age.NEWER: Age.OLDER, Age.SAME: Age.SAME}


@pytest.mark.parametrize(
    ("mine", "other", "age"),
    [
        ((2, None), (1, None), Age.NEWER),
        ((2, 1), (1, 9), Age.NEWER),
        ((1, 2), (1, 1), Age.NEWER),
        ((None, 1), (5, 2), Age.OLDER),
        ((1, 4), (1, 4), Age.SAME),
        ((1, None), (1, 4), Age.SAME),
        ((1, None), (None, 4), Age.UNKNOWN),
        ((None, None), (None, None), Age.UNKNOWN),
    ],
)
def test_time_decides_then_the_sequence(
    mine: tuple[int | None, int | None], other: tuple[int | None, int | None], age: Age
) -> None:
    assert Version(*mine).beside(Version(*other)) is age


@given(versions, versions)
def test_each_sees_the_other_from_its_side(first: Version, second: Version) -> None:
    age = first.beside(second)
    assert second.beside(first) is OPPOSITE.get(age, Age.UNKNOWN)


@given(versions, versions)
def test_what_replaces_is_never_older(first: Version, second: Version) -> None:
    if first.beside(second) is not Age.OLDER:
        assert first.after(second).beside(second) is not Age.OLDER
        assert first.after(second).beside(first) in {Age.SAME, Age.UNKNOWN}
    assert first.after(None) == first


def test_zones_do_not_matter() -> None:
    east = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert version(east) == version(datetime(2026, 1, 1, tzinfo=UTC))
    assert version(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)).updated_us == 1_000_005


def test_the_far_future_is_refused() -> None:
    now = datetime.now(UTC)
    require_plausible(None, timedelta(0))
    require_plausible(now + timedelta(hours=1), timedelta(hours=2))
    with pytest.raises(BadPin, match=r"updated_at .* ahead .*ENGINE_VERSIONS__MAX_AHEAD_S"):
        require_plausible(now + timedelta(hours=3), timedelta(hours=2))
