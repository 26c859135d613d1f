"""A collection brought into one of another encoder, again and again, whatever comes between."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.ingestion.arrivals import Arrival
from engine.ingestion.reencoding import Brought, Pace, Reencoding
from engine.pins import pin_from_json
from engine.store.archive import line_of
from engine.store.edge import EdgeCollection
from engine.workspace import Workspace, identity_of
from tests.ingestion.conftest import drawn
from tests.ingestion.taking_in import opened
from tests.tiny_encoder import TinyEncoder, TurnedEncoder

PINS = 70


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with opened(tmp_path_factory.mktemp("source")) as workspace:
        yield workspace


@pytest.fixture
def bringing(source: Workspace, tmp_path: Path) -> Iterator[Reencoding]:
    """From a collection of seventy pins, one of them blocked, into an empty one."""
    present = source.collection.scroll(limit=1_000, blocked=True)
    source.collection.delete([each.pin.id for _, each in present])
    take(source, *range(PINS - 1))
    take(source, PINS - 1, blocked=True)
    encoder = TurnedEncoder()
    identity = identity_of(encoder, source.analyzer)
    with closing(EdgeCollection.open(tmp_path, identity, create=True)) as target:
        yield Reencoding(source.collection, target, source.images, source.limits, encoder)


def take(workspace: Workspace, *numbers: int, **more: object) -> None:
    arrivals = [
        Arrival(pin_from_json(drawn(number) | more)[0], None, str(number)) for number in numbers
    ]
    assert {each.error for each in workspace.intake().run(arrivals)} == {None}


def same(bringing: Reencoding) -> bool:
    """Say whether both hold the same pins, each with what the other's encoder sees, turned."""
    ours, theirs = (
        {each.pin.id: each for part in side.records(blocked=True) for each in part}
        for side in (bringing.source, bringing.target)
    )
    return ours.keys() == theirs.keys() and all(
        line_of(each) == line_of(theirs[pin])
        and each.description_terms == theirs[pin].description_terms
        # Kept pictures are JPEG files of what came, so a little is lost.
        and float(np.roll(each.vector, 3) @ theirs[pin].vector) > 0.995
        for pin, each in ours.items()
    )


def test_all_of_it_and_only_once(bringing: Reencoding) -> None:
    told: list[int] = []
    assert bringing.bring_all(told.append) == Brought(PINS, PINS)
    assert sum(told) == PINS
    assert same(bringing)
    assert bringing.bring_all() == Brought(0, 0, PINS)


def test_what_changed_meanwhile(source: Workspace, bringing: Reencoding) -> None:
    """New, changed and deleted pins, a takedown, and a group that lost its first pin."""
    take(source, PINS + 1, image=drawn(3)["image"])
    [copy] = source.collection.get([f"pin-{PINS + 1:05d}"]).values()
    assert copy.duplicate_of == "pin-00003"
    bringing.bring_all()
    followed = source.collection.follow()  # type: ignore[attr-defined]
    take(source, PINS)
    take(source, 1, description="other words")
    take(source, 2, image=drawn(99)["image"])
    source.delete("pin-00003")
    source.eraser.take_down("pin", "pin-00004")
    with closing(followed):
        brought = bringing.bring(followed.take())
        assert followed.take() == []
    # The new one and the new picture are encoded; other words and the heir of the group are not.
    assert brought == Brought(4, 2, 0, 2)
    assert same(bringing)
    [heir] = bringing.target.get([copy.pin.id]).values()
    assert heir.duplicate_of is None
    source.eraser.reinstate("pin", "pin-00004")


def test_cut_short_anywhere_and_gone_on(bringing: Reencoding) -> None:
    parts = 0

    def stop(_pins: int) -> None:
        nonlocal parts
        parts += 1
        if parts in {1, 3}:
            raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            bringing.bring_all(stop)
    assert 0 < bringing.bring_all(stop).unchanged < PINS
    assert isinstance(bringing.encoder, TinyEncoder)
    # Nothing was encoded twice.
    assert bringing.encoder.images_seen == PINS
    assert same(bringing)


def test_pins_without_pictures_are_named(source: Workspace, bringing: Reencoding) -> None:
    bringing.bring_all()
    [gone] = source.collection.get(["pin-00005"]).values()
    [changed] = source.collection.get(["pin-00006"]).values()
    source.collection.upsert(
        [replace(changed, image_key=None, image_sha256="0" * 64), replace(gone, image_key=None)]
    )
    brought = bringing.bring_all()
    assert sorted(brought.lost) == ["pin-00005", "pin-00006"]
    # What the target has of another picture must not answer for them.
    assert bringing.target.get(["pin-00005", "pin-00006"]) == {}


def test_the_pace_leaves_time_to_others() -> None:
    slept: list[float] = []
    Pace(0.25, slept.append).rest(2.0)
    Pace(1.0, slept.append).rest(2.0)
    assert slept == [6.0]
